//! What another mapping would change: orders of the past, decided under the active mapping and under a candidate.
//!
//! Both decisions are made by the same function that decides new orders, so a trial shows what would happen and not
//! what somebody believes the rules to be. Invoices that exist are compared as well, although a new mapping never
//! changes them.

mod differences;

use std::collections::BTreeMap;

pub use self::differences::{Difference, Part};
use super::{
    about::About,
    decision::{Decision, Undecided, decide_with},
    invoice::Draft,
    mapping::{Mapping, PostingMode},
    money::Rupiah,
    order::Snapshot,
    reason::Reason,
    state::State,
};

/// Examples of each kind of change.
const EXAMPLES_OF_EACH: usize = 3;

/// All examples.
const MOST_EXAMPLES: usize = 40;

/// Number of orders, and what they are worth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// How many orders.
    pub orders: u64,
    /// Rupiah of their invoices.
    pub total: Rupiah,
}

impl Sum {
    fn add(&mut self, total: Rupiah) {
        self.orders += 1;
        self.total = self.total + total;
    }
}

/// What a decision leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Outcome {
    /// `watching`, `due`, `blocked` or `ignored`.
    pub state: State,
    /// Why, if it is blocked or ignored.
    pub reason: Option<Reason>,
}

/// Orders whose decision would change in the same way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// Under the active mapping.
    pub from: Outcome,
    /// Under the candidate.
    pub to: Outcome,
    /// All of them; the total is that of the invoices under whichever mapping creates them.
    pub all: Sum,
    /// Those that wait today, which the candidate would move as soon as it is saved.
    pub waiting: Sum,
    /// Those whose invoice exists in Accurate today, and stays as it is.
    pub existing: u64,
}

impl Move {
    /// Whether one of the mappings creates the invoices; if neither does, there is no total.
    pub fn has_invoices(&self) -> bool {
        [self.from, self.to].iter().any(|outcome| outcome.state == State::Due)
    }
}

/// Orders that move in the same way.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Moved {
    all: Sum,
    waiting: Sum,
    existing: u64,
}

/// Invoices that would differ in one part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// How many invoices.
    pub invoices: u64,
    /// Rupiah of these invoices under the active mapping.
    pub before: Rupiah,
    /// Rupiah of these invoices under the candidate.
    pub after: Rupiah,
}

impl Changed {
    fn add(&mut self, before: Rupiah, after: Rupiah) {
        self.invoices += 1;
        self.before = self.before + before;
        self.after = self.after + after;
    }
}

/// One order that would be decided differently.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    /// Forstok's order id.
    pub order_id: String,
    /// The number that the buyer sees.
    pub channel_order_id: String,
    /// The order's state today.
    pub state: State,
    /// Whether its invoice exists in Accurate today.
    pub invoice_exists: bool,
    /// Under the active mapping.
    pub before: Side,
    /// Under the candidate.
    pub after: Side,
    /// What would differ on the invoice, if both mappings create one.
    pub differences: Vec<Difference>,
}

/// One decision of an example.
#[derive(Clone, Debug, PartialEq)]
pub struct Side {
    /// What it leads to.
    pub outcome: Outcome,
    /// What the first finding is about, if the order would be blocked.
    pub about: Option<About>,
    /// The total of the invoice, if there would be one.
    pub total: Option<Rupiah>,
}

/// What a candidate would change, over all orders that were looked at.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trial {
    /// Orders that were decided under both mappings.
    pub orders: u64,
    /// Orders whose body is no longer stored or cannot be read; they were not decided.
    pub without_body: u64,
    /// Orders that could not be decided because of an error in this program.
    pub undecidable: u64,
    /// Orders that both mappings decide in the same way, with the same invoice.
    pub same: u64,
    /// Orders that get an invoice under the active mapping.
    pub invoiced_before: u64,
    /// Orders that get an invoice under the candidate.
    pub invoiced_after: u64,
    /// Invoices under both mappings that would differ.
    pub different: Changed,
    /// Those of them that exist in Accurate today, and stay as they are.
    pub existing: u64,
    /// Orders that Accurate has refused, or that could not be sent, although both mappings create their invoices: saving
    /// any other mapping attempts them again. They count among `same` or `different` too.
    pub tried_again: Sum,
    /// Orders whose invoices shadow mode has only drafted, and which the candidate sends to Accurate.
    pub sent: Sum,
    moves: BTreeMap<(Outcome, Outcome), Moved>,
    parts: BTreeMap<Part, Changed>,
    examples: Vec<Example>,
    /// How many examples each kind of change has.
    shown: BTreeMap<Kind, usize>,
}

/// What an example shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Moved(Outcome, Outcome),
    Differs(Part),
}

/// The two mappings.
#[derive(Clone, Copy, Debug)]
pub struct Mappings<'a> {
    /// The active one.
    pub active: &'a Mapping,
    /// The one that is tried.
    pub candidate: &'a Mapping,
}

impl Trial {
    /// Decides one order under both mappings and counts what differs. `snapshot` is the one whose amounts count;
    /// without one the order is only counted.
    pub fn add(&mut self, order: &Undecided, snapshot: Option<&Snapshot>, mappings: Mappings<'_>) {
        let Some(snapshot) = snapshot else {
            self.without_body += 1;
            return;
        };
        let decide = |mapping| decide_with(&order.history, snapshot, mapping, order.manual.as_ref());
        let (before, after) = (decide(mappings.active), decide(mappings.candidate));
        self.orders += 1;
        self.invoiced_before += u64::from(invoice_of(&before).is_some());
        self.invoiced_after += u64::from(invoice_of(&after).is_some());
        let (from, to) = (Outcome::of(&before), Outcome::of(&after));
        if from != to {
            self.add_move(order, (from, to), invoice_of(&after).or(invoice_of(&before)));
            self.show(Kind::Moved(from, to), order, snapshot, (&before, &after), &[]);
            return;
        }
        let (Some(old), Some(new)) = (invoice_of(&before), invoice_of(&after)) else {
            self.same += 1;
            return;
        };
        let ends_shadow =
            (mappings.active.posting, mappings.candidate.posting) == (PostingMode::Shadow, PostingMode::On);
        if ends_shadow && order.state == State::Due {
            self.sent.add(new.total);
        }
        if order.state == State::Blocked && waits(order) && mappings.active != mappings.candidate {
            self.tried_again.add(new.total);
        }
        let differences = differences::between(old, new);
        if differences.is_empty() {
            self.same += 1;
            return;
        }
        self.different.add(old.total, new.total);
        self.existing += u64::from(order.invoice_exists);
        for part in differences.iter().map(|difference| difference.part) {
            self.parts.entry(part).or_default().add(old.total, new.total);
        }
        let rarest = differences.iter().map(|difference| Kind::Differs(difference.part));
        if let Some(kind) = rarest.min_by_key(|kind| self.shown.get(kind).copied().unwrap_or_default()) {
            self.show(kind, order, snapshot, (&before, &after), &differences);
        }
    }

    fn add_move(&mut self, order: &Undecided, (from, to): (Outcome, Outcome), invoice: Option<&Draft>) {
        let total = invoice.map_or(Rupiah::ZERO, |draft| draft.total);
        let moved = self.moves.entry((from, to)).or_default();
        moved.all.add(total);
        moved.existing += u64::from(order.invoice_exists);
        if waits(order) {
            moved.waiting.add(total);
        }
    }

    fn show(
        &mut self,
        kind: Kind,
        order: &Undecided,
        snapshot: &Snapshot,
        (before, after): (&Decision, &Decision),
        differences: &[Difference],
    ) {
        let shown = self.shown.entry(kind).or_default();
        if *shown >= EXAMPLES_OF_EACH || self.examples.len() >= MOST_EXAMPLES {
            return;
        }
        *shown += 1;
        self.examples.push(Example {
            order_id: order.order_id.as_str().to_owned(),
            channel_order_id: snapshot.channel_order_id().to_owned(),
            state: order.state,
            invoice_exists: order.invoice_exists,
            before: Side::of(before),
            after: Side::of(after),
            differences: differences.to_vec(),
        });
    }

    /// Decisions that would change, the most frequent first.
    pub fn moves(&self) -> Vec<Move> {
        let moves = self.moves.iter().map(|((from, to), moved)| Move {
            from: *from,
            to: *to,
            all: moved.all,
            waiting: moved.waiting,
            existing: moved.existing,
        });
        let mut moves: Vec<_> = moves.collect();
        moves.sort_by_key(|change| std::cmp::Reverse(change.all.orders));
        moves
    }

    /// Blocked orders that would get an invoice.
    pub fn unblocked(&self) -> Sum {
        self.moved(State::Blocked, State::Due)
    }

    /// Orders with an invoice that would be blocked instead.
    pub fn newly_blocked(&self) -> Sum {
        self.moved(State::Due, State::Blocked)
    }

    fn moved(&self, from: State, to: State) -> Sum {
        let matching = self.moves.iter().filter(|((before, after), _)| before.state == from && after.state == to);
        matching.fold(Sum::default(), |sum, (_, Moved { all, .. })| Sum {
            orders: sum.orders + all.orders,
            total: sum.total + all.total,
        })
    }

    /// What would differ on invoices, part by part.
    pub fn parts(&self) -> impl Iterator<Item = (Part, &Changed)> {
        self.parts.iter().map(|(part, changed)| (*part, changed))
    }

    /// Orders whose invoice exists although the candidate would create none.
    pub fn no_longer_created(&self) -> u64 {
        self.moves.iter().filter(|((_, to), _)| to.state != State::Due).map(|(_, moved)| moved.existing).sum()
    }

    /// Examples of every kind of change.
    pub fn examples(&self) -> &[Example] {
        &self.examples
    }

    /// Whether no order at all would get an invoice, although some do today.
    pub fn stops_every_invoice(&self) -> bool {
        self.invoiced_before > 0 && self.invoiced_after == 0
    }
}

/// Whether the next mapping decides the order again, because nothing is settled yet.
fn waits(order: &Undecided) -> bool {
    matches!(order.state, State::Received | State::Watching | State::Due | State::Blocked | State::Ignored)
        && !order.invoice_exists
}

impl Outcome {
    fn of(decision: &Decision) -> Self {
        let (state, reason) = match decision {
            Decision::Watch => (State::Watching, None),
            Decision::Ignore(reason) => (State::Ignored, Some(*reason)),
            Decision::Block(findings) => (State::Blocked, findings.first().map(|finding| finding.reason)),
            Decision::Invoice(..) => (State::Due, None),
        };
        Self { state, reason }
    }
}

impl Side {
    fn of(decision: &Decision) -> Self {
        let about = match decision {
            Decision::Block(findings) => findings.first().map(|finding| finding.about.clone()),
            _ => None,
        };
        Self { outcome: Outcome::of(decision), about, total: invoice_of(decision).map(|draft| draft.total) }
    }
}

fn invoice_of(decision: &Decision) -> Option<&Draft> {
    match decision {
        Decision::Invoice(draft, _) => Some(draft),
        _ => None,
    }
}
