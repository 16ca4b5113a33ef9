//! The parameters of the world that a seed creates.

use std::time::Duration;

use super::{
    past::Past,
    sales::{Rules, with_new_fee},
    storage::Switch,
};
use forstok_accurate::{
    domain::doubt::SAVE_IS_OVER,
    sandbox::{
        Action, BulkReply, BulkRule, Emoji, Fault, FilterValues, IdRanges, LetterCase, Numbering, On, Overpayment,
        Sandbox, Sorting, SuspendedItems, samples::MAPPING,
    },
};

/// Every way in which Accurate may treat a bad entry.
const BULK_RULES: [BulkRule; 3] = [BulkRule::EachByItself, BulkRule::AllOrNothing, BulkRule::RefusedWhole];

/// Every way in which Accurate may interpret a filter.
const FILTER_VALUES: [FilterValues; 3] = [FilterValues::All, FilterValues::FirstOnly, FilterValues::NotUnderstood];

/// Every way in which the reply to a bulk may show what it saved; mostly as documented.
const BULK_REPLIES: [BulkReply; 4] = [BulkReply::Whole, BulkReply::Whole, BulkReply::IdAndNumber, BulkReply::NoRecord];

/// Seconds after which a lost save may still be carried out: just less than [`SAVE_IS_OVER`].
const LATEST: u64 = SAVE_IS_OVER.as_secs() as u64 - 1;

/// The same where the machine's clock is set meanwhile, by up to two minutes.
const LATEST_BY_A_CLOCK_THAT_JUMPS: u64 = LATEST - 120;

/// How far a replica's clock may differ from the database's, in seconds.
const SKEWS: [i64; 5] = [-400, -90, 0, 90, 400];

/// Seconds that a saved invoice may take to appear in look-ups (accurate.md §6).
const LAGS: [u64; 4] = [2, 10, 30, LONGEST_LAG.as_secs()];

/// The longest of them.
const LONGEST_LAG: Duration = Duration::from_mins(1);

/// Properties that must occur among the worlds.
pub(crate) const TERMS: [&str; 6] = [
    "numbers are Accurate's own",
    "numbers come back in other letters",
    "look-ups lag by a minute",
    "lists lag by a minute",
    "a save shows only just before it counts as over",
    "numbers are taken from the beginning",
];

/// Further properties that must occur among the worlds on a server.
pub(crate) const CLOCKS_DIFFER: &str = "a replica's clock is 400 s off";

/// Rights that can be missing.
const WITHHELD: [Action; 4] =
    [Action::InvoiceSave, Action::InvoiceBulkSave, Action::InvoiceDelete, Action::CustomerSave];

/// The same for what comes after the sale.
const WITHHELD_AFTER_SALE: [Action; 4] =
    [Action::ReceiptSave, Action::ReceiptDelete, Action::ReturnSave, Action::ReturnDelete];

/// The faults that are drawn: all except replies of 16 MiB, which take long and are irrelevant here, and those of lists
/// that no simulated service reads.
pub(crate) fn drawn() -> Vec<&'static str> {
    let is_of_lists = |name: &&str| Fault::named(name, Duration::ZERO).is_some_and(Fault::is_of_lists);
    let drawn = Fault::NAMES.into_iter().filter(|name| !["huge", "deep"].contains(name));
    drawn.filter(|name| !is_of_lists(name)).collect()
}

/// What can happen in a world, and how often.
#[expect(clippy::struct_excessive_bools, reason = "each is drawn on its own")]
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    /// Number of processes that share the storage.
    pub(crate) workers: usize,
    /// Number of orders that Forstok reports.
    pub(crate) orders: usize,
    /// Probability per step that a process dies.
    pub(crate) crash: f64,
    /// Probability per step of another event: people, failures of Accurate, a busy disk.
    pub(crate) happenings: f64,
    /// Probability per step that time passes, or that a process gets no time for a while.
    pub(crate) stalls: f64,
    /// Probability per step that the machine's clock is changed.
    pub(crate) jumps: f64,
    /// Whether the settings permit bulks.
    pub(crate) bulk: bool,
    /// No order is claimed before this many are due.
    pub(crate) heap: usize,
    /// What one bad entry does to a bulk.
    pub(crate) bulk_rule: BulkRule,
    /// How a list treats several values.
    pub(crate) filter_values: FilterValues,
    /// What a bulk's reply shows of each invoice.
    pub(crate) bulk_reply: BulkReply,
    /// How a list treats a range of ids.
    pub(crate) id_ranges: IdRanges,
    /// How a list treats a requested order of its rows.
    pub(crate) sorting: Sorting,
    /// Which number an invoice gets.
    pub(crate) numbering: Numbering,
    /// How upper and lower case of a number are treated.
    pub(crate) letter_case: LetterCase,
    /// How far details lag behind.
    pub(crate) detail_lag: Duration,
    /// How far lists lag behind.
    pub(crate) list_lag: Duration,
    /// The reply about a suspended item.
    pub(crate) suspended_items: SuspendedItems,
    /// What happens to a name with an emoji.
    pub(crate) emoji: Emoji,
    /// The right that is sometimes missing.
    pub(crate) withheld: Action,
    /// Whether people change invoices in Accurate by hand.
    pub(crate) people: bool,
    /// Number of orders whose invoice number somebody else has already taken when the world begins.
    pub(crate) taken_numbers: usize,
    /// Whether one process leads the book, until another takes over.
    pub(crate) is_held: bool,
    /// How far each process's clock is ahead of the database's, in seconds; empty: not at all.
    pub(crate) skews: Vec<i64>,
    /// Number of steps before every fault is fixed.
    pub(crate) storm: u64,
    /// Duration of a call.
    pub(crate) latency: Duration,
    /// Probability of each fault.
    pub(crate) faults: Vec<(Fault, f64)>,
    /// The faults of the first bulks.
    pub(crate) bulk_faults: Vec<Fault>,
    /// The faults of the first single saves.
    pub(crate) save_faults: Vec<Fault>,
    /// How payouts and returns are booked, if there are any.
    pub(crate) sale: Option<Rules>,
    /// The faults of the first saves of receipts.
    pub(crate) receipt_faults: Vec<Fault>,
    /// How Accurate treats a payment above what is owed.
    pub(crate) overpayment: Overpayment,
    /// Whether the service asks what is owed before it saves a receipt.
    pub(crate) check_owed: bool,
    /// What has happened before the storm.
    pub(crate) past: Past,
    /// The faults of the first of these calls in the storm.
    pub(crate) booking_faults: Vec<(Action, Fault)>,
}

impl Terms {
    pub(crate) fn draw(rng: &mut fastrand::Rng) -> Self {
        let mut pick = |choices: &[f64]| *rng.choice(choices).unwrap_or(&0.0);
        let crash = pick(&[0.0, 0.003, 0.01, 0.03]);
        let happenings = pick(&[0.0, 0.01, 0.03, 0.1]);
        // A strict world: every operation takes no time, so that the limits can be checked.
        let is_strict = pick(&[0.0, 0.0, 1.0]) > 0.0;
        let stalls = if is_strict { 0.0 } else { pick(&[0.0, 0.01, 0.03]) };
        let jumps = if is_strict { 0.0 } else { pick(&[0.0, 0.0, 0.01]) };
        let workers = if is_strict || rng.bool() { 1 } else { 2 };
        let (mut orders, mut heap) = (*rng.choice(&[1, 2, 3, 4, 6, 9]).unwrap_or(&1), 0);
        if rng.u8(..16) == 0 {
            // Enough orders for a bulk.
            (orders, heap) = (rng.usize(17..22), 16);
        }
        let lags = rng.bool();
        let mut lag = || Duration::from_secs(if lags && rng.bool() { *rng.choice(&LAGS).unwrap_or(&0) } else { 0 });
        let (detail_lag, list_lag) = (lag(), lag());
        let latency = Duration::from_millis(*rng.choice(&[0, 60, 400, 4000]).unwrap_or(&0));
        // A delayed save is carried out, and appears, before it counts as expired. A file has no clock other than the
        // machine's, which jumps.
        let slowest = detail_lag.max(list_lag) + latency;
        let latest = if jumps > 0.0 { LATEST_BY_A_CLOCK_THAT_JUMPS } else { LATEST } - slowest.as_secs();
        let is_held = workers > 1 && rng.bool();
        let skews =
            if is_held { (0..workers).map(|_| *rng.choice(&SKEWS).unwrap_or(&0)).collect() } else { Vec::new() };
        let mut faults = faults(rng, latest);
        if heap > 0 && rng.u8(..3) == 0 {
            // Only a bulk can meet it, and few worlds have one.
            faults.push((Fault::NotSaved, 0.4));
        }
        let sale = rng.bool().then(|| Rules::draw(rng));
        let withheld = if sale.is_some() && rng.bool() { &WITHHELD_AFTER_SALE } else { &WITHHELD };
        if rng.u8(..12) == 0 {
            // Only a deletion can meet it, and few orders have one.
            faults.push((Fault::NotDeleted, 0.4));
        }
        let terms = Self {
            workers,
            orders,
            crash,
            happenings,
            stalls,
            jumps,
            bulk: heap == 0 || rng.u8(..6) > 0,
            heap,
            bulk_rule: *rng.choice(&BULK_RULES).unwrap_or(&BulkRule::EachByItself),
            filter_values: *rng.choice(&FILTER_VALUES).unwrap_or(&FilterValues::All),
            bulk_reply: *rng.choice(&BULK_REPLIES).unwrap_or(&BulkReply::Whole),
            id_ranges: if rng.u8(..4) == 0 { IdRanges::Ignored } else { IdRanges::Understood },
            sorting: if rng.u8(..6) == 0 { Sorting::Ignored } else { Sorting::Understood },
            numbering: if rng.u8(..5) == 0 { Numbering::Automatic } else { Numbering::Sent },
            letter_case: match rng.u8(..8) {
                0 => LetterCase::Ignored,
                1 => LetterCase::Upper,
                2 => LetterCase::Lower,
                _ => LetterCase::Exact,
            },
            detail_lag,
            list_lag,
            suspended_items: if rng.bool() { SuspendedItems::Named } else { SuspendedItems::AsUnknown },
            emoji: if rng.u8(..4) == 0 { Emoji::OwnError } else { Emoji::Saved },
            withheld: *rng.choice(withheld).unwrap_or(&Action::InvoiceSave),
            people: rng.u8(..3) == 0,
            taken_numbers: if rng.u8(..12) == 0 { rng.usize(1..3) } else { 0 },
            is_held,
            skews,
            storm: rng.u64(30..160),
            latency,
            faults,
            save_faults: Vec::new(),
            sale,
            receipt_faults: Vec::new(),
            overpayment: if rng.bool() { Overpayment::Accepted } else { Overpayment::Refused },
            check_owed: true,
            bulk_faults: if heap > 0 { bulk_faults(rng, latest) } else { Vec::new() },
            past: Past::None,
            booking_faults: Vec::new(),
        };
        terms.with_past(rng.clone(), latest)
    }

    /// A world in which the effect of this switch soon matters.
    pub(crate) fn made_for(mut self, switch: Switch, rng: &mut fastrand::Rng) -> Self {
        self.sale = switch.is_of_sales().then(Rules::automatic);
        (self.past, self.booking_faults) = (Past::None, Vec::new());
        let (well, lost) = (Fault::Slow(Duration::ZERO), [Fault::DroppedAfter, Fault::HtmlAfter, Fault::Error5xxAfter]);
        let late = Fault::Late(Duration::from_secs(LATEST - self.latency.as_secs()));
        let saves: &[Fault] = match switch {
            // The reply to a save is lost, and its invoice has another number.
            Switch::NoSearch => &[lost[0], lost[1], lost[2], well],
            // Saves of one order are lost, and a later one arrives after the first has expired.
            Switch::FirstSaveOnly => &[Fault::DroppedBefore, late, late, well],
            Switch::SaveIsOverAtOnce => &[late, well],
            _ => &[],
        };
        if switch.is_of_sales() {
            // Nothing keeps the orders from being invoiced and paid, and nothing else ends the storm early.
            (self.orders, self.heap, self.taken_numbers, self.people) = (rng.usize(2..5), 0, 0, false);
            (self.crash, self.happenings, self.storm, self.jumps) = (0.0, 0.0, 160, 0.0);
            self.faults.clear();
        }
        if switch == Switch::NoLookUpOfReceipts {
            // Where the number refuses no second save, the second save creates a second receipt.
            (self.numbering, self.letter_case) = (Numbering::Automatic, LetterCase::Exact);
            // What is owed would show most of them.
            (self.check_owed, self.overpayment) = (false, Overpayment::Accepted);
            self.receipt_faults = (0..20).filter_map(|_| rng.choice([lost[0], lost[1], well])).collect();
        }
        if !saves.is_empty() {
            // Where the number refuses no second save, the second save creates a second invoice.
            (self.numbering, self.letter_case) = (Numbering::Automatic, LetterCase::Exact);
            (self.detail_lag, self.list_lag, self.jumps) = (Duration::ZERO, Duration::ZERO, 0.0);
            (self.orders, self.heap) = (rng.usize(1..3), 0);
            // Nothing else ends the storm, and with it these faults, early.
            (self.crash, self.happenings, self.storm) = (0.0, 0.0, 160);
            self.faults.clear();
            self.save_faults = (0..20).filter_map(|_| rng.choice(saves).copied()).collect();
        }
        match switch {
            // Otherwise the number makes Accurate refuse the second save.
            Switch::LeaseIgnored => self.numbering = Numbering::Automatic,
            // A worker gets no time until another has its order.
            Switch::LateWorkerCounts => {
                (self.workers, self.is_held, self.stalls) = (2, false, 0.05);
                self.skews.clear();
            }
            // Bulks that report an invoice as saved that they have not saved.
            Switch::NothingReadBack => {
                (self.orders, self.heap, self.bulk) = (17, 16, true);
                (self.numbering, self.letter_case) = (Numbering::Sent, LetterCase::Exact);
                // A bulk without an effect would use a fault up.
                (self.bulk_rule, self.id_ranges) = (BulkRule::EachByItself, IdRanges::Understood);
                self.bulk_reply = BulkReply::Whole;
                self.faults.clear();
                self.bulk_faults = vec![Fault::NotSaved; 8];
            }
            // Other people use numbers.
            Switch::NothingCompared => {
                (self.numbering, self.letter_case) = (Numbering::Sent, LetterCase::Exact);
                (self.taken_numbers, self.heap) = (2, 0);
            }
            _ => {}
        }
        self
    }

    /// The mapping that the world begins with.
    pub(crate) fn mapping(&self) -> String {
        self.sale.map_or_else(|| MAPPING.to_owned(), Rules::mapping)
    }

    /// The mapping that the world ends with: a person has mapped the new fee.
    pub(crate) fn last_mapping(&self) -> String {
        with_new_fee(&self.mapping())
    }

    /// Lets the first calls about receipts and returns fail.
    pub(crate) fn prepare_after_sale(&self, accurate: &Sandbox) {
        for fault in self.bulk_faults.iter().filter(|_| self.sale.is_some() && self.past == Past::None) {
            accurate.next(Action::ReceiptBulkSave, *fault, 1);
            accurate.next(Action::ReturnBulkSave, *fault, 1);
        }
        for fault in &self.receipt_faults {
            accurate.next(On::ReceiptSaves, *fault, 1);
        }
        for (action, fault) in &self.booking_faults {
            accurate.next(*action, *fault, 1);
        }
    }

    /// How this world differs from the simplest one, for the coverage table.
    pub(crate) fn met(&self) -> Vec<&'static str> {
        let slowest = self.detail_lag.max(self.list_lag) + self.latency;
        let is_late = |wait: Duration| wait.as_secs() + slowest.as_secs() == LATEST;
        let latest = |fault: &Fault| matches!(fault, Fault::Late(wait) if is_late(*wait));
        let all = [
            (self.numbering == Numbering::Automatic, TERMS[0]),
            (self.letter_case != LetterCase::Exact, TERMS[1]),
            (self.detail_lag == LONGEST_LAG, TERMS[2]),
            (self.list_lag == LONGEST_LAG, TERMS[3]),
            (self.faults.iter().any(|(fault, _)| latest(fault)), TERMS[4]),
            (self.taken_numbers > 0, TERMS[5]),
            (self.skews.iter().any(|skew| skew.abs() == 400), CLOCKS_DIFFER),
        ];
        all.into_iter().filter_map(|(is_so, what)| is_so.then_some(what)).collect()
    }

    /// Whether Accurate sometimes refuses with unknown messages.
    pub(crate) fn speaks_unknown_texts(&self) -> bool {
        self.faults.iter().any(|(fault, _)| matches!(fault, Fault::UnknownTextBefore | Fault::UnknownTextAfter))
    }

    /// Whether every call above Accurate's limits is the service's fault: one process, whose clock is correct and whose
    /// calls take no time.
    pub(crate) fn limits_must_be_kept(&self) -> bool {
        self.workers == 1 && self.stalls == 0.0 && self.jumps == 0.0
    }
}

fn faults(rng: &mut fastrand::Rng, latest: u64) -> Vec<(Fault, f64)> {
    let mut faults = Vec::new();
    for _ in 0..rng.usize(0..=4) {
        let chance = *rng.choice(&[0.02, 0.08, 0.2]).unwrap_or(&0.02);
        faults.extend(fault(rng, latest).map(|fault| (fault, chance)));
    }
    faults
}

/// Half of them lose the reply of a bulk that was carried out.
fn bulk_faults(rng: &mut fastrand::Rng, latest: u64) -> Vec<Fault> {
    let lost = [Fault::DroppedAfter, Fault::Error5xxAfter, Fault::HtmlAfter, Fault::Late(Duration::from_secs(200))];
    let one = |rng: &mut fastrand::Rng| if rng.bool() { rng.choice(lost) } else { fault(rng, latest) };
    (0..rng.usize(0..=2)).filter_map(|_| one(rng)).collect()
}

fn fault(rng: &mut fastrand::Rng, latest: u64) -> Option<Fault> {
    // A delayed call has the most consequences.
    let name = if rng.u8(..6) == 0 { "late" } else { rng.choice(drawn()).unwrap_or("late") };
    let seconds = match name {
        // Half of the late ones by any time, half as late as can be.
        "late" if rng.bool() => rng.u64(1..=latest),
        "late" => latest,
        _ => *rng.choice(&[1, 5, 29, 40]).unwrap_or(&1),
    };
    Fault::named(name, Duration::from_secs(seconds))
}
