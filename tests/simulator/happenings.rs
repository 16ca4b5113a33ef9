//! Other events: crashes, suspension, clock changes, people, failures of Accurate.

use forstok_accurate::{sandbox::Down, storage::State};
use jiff::{SignedDuration, civil::Date};

use super::{
    checks::Violation,
    sales::with_new_fee,
    senders::{FEE_ACCOUNT, LATER_ITEM, SHIPPING_ACCOUNT},
    wire::CALL_LEAVES,
    world::{Life, World},
};

/// Temporary faults.
#[derive(Clone, Debug, Default)]
pub(crate) struct Troubles {
    on: Vec<Trouble>,
    /// Probability that a write fails.
    pub(crate) busy: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    ItemSuspended,
    AccountSuspended,
    TokenRevoked,
    RightWithheld,
    LineCut,
    Page503,
    Dropped,
    PeriodClosed,
    DiskBusy,
}

/// Storage operations that few activities reach. A process dies more often right before or after them.
pub(crate) const RARE_OPERATIONS: [&str; 4] = ["put_off_recheck", "finish_recheck", "try_one_awaiting", "hasten"];

/// How much more often it dies there.
const RARE: f64 = 60.0;

/// The kinds of events, for the coverage table.
pub(crate) const HAPPENINGS: &[&str] = &[
    "an item is suspended",
    "an item is resumed",
    "an account is suspended",
    "an account is resumed",
    "the token is revoked",
    "the token is restored",
    "a right is withheld",
    "a right is granted",
    "the line is cut",
    "the line is mended",
    "Accurate shows a page",
    "Accurate shows no page any more",
    "Accurate drops calls",
    "Accurate drops no calls any more",
    "the period is closed",
    "the period is opened",
    "the disk is busy",
    "the disk is free",
    "the missing item is created",
    "the database moves",
    "a stranger takes a number",
    "a stranger's invoice is deleted",
    "an invoice is paid",
    "an invoice is deleted by a person",
    "an invoice is renumbered by a person",
    "an invoice is given another customer by a person",
    "an invoice is given another total by a person",
    "an invoice is given another description by a person",
    "an invoice is copied by a person",
    "a part is paid by a person",
    "goods are taken back by a person",
    "a receipt is deleted by a person",
    "a return is deleted by a person",
    "a replica takes over",
    "the mapping changes",
    "retry",
    "the process dies",
    "the database is opened anew",
    "a worker falls asleep",
    "time passes",
    "the clock jumps forward",
    "the clock jumps back",
    "the clock jumps back while orders are in work",
];

const TROUBLES: [(Trouble, &str, &str); 9] = [
    (Trouble::ItemSuspended, "an item is suspended", "an item is resumed"),
    (Trouble::AccountSuspended, "an account is suspended", "an account is resumed"),
    (Trouble::TokenRevoked, "the token is revoked", "the token is restored"),
    (Trouble::RightWithheld, "a right is withheld", "a right is granted"),
    (Trouble::LineCut, "the line is cut", "the line is mended"),
    (Trouble::Page503, "Accurate shows a page", "Accurate shows no page any more"),
    (Trouble::Dropped, "Accurate drops calls", "Accurate drops no calls any more"),
    (Trouble::PeriodClosed, "the period is closed", "the period is opened"),
    (Trouble::DiskBusy, "the disk is busy", "the disk is free"),
];

/// The sample mapping with one change.
const MAPPING_CHANGES: [(&str, &str); 6] = [
    ("auto_create_at = \"Ready to Ship\"", "auto_create_at = \"Delivered\""),
    ("auto_create_at = \"Ready to Ship\"", "auto_create_at = \"Open\""),
    ("auto_create_at = \"Ready to Ship\"", "auto_create_at = \"never\""),
    ("on_cancel = \"void\"", "on_cancel = \"keep\""),
    ("[stores.\"8277\"]", "[stores.\"8277\"]\nenabled = false"),
    ("[stores.\"7475\"]", "[stores.\"74750\"]"),
];

impl World {
    /// Possibly triggers an event before the next step.
    pub(crate) async fn happen(&mut self) -> Result<(), Violation> {
        let terms = self.terms.clone();
        let mut draw = || self.rng.f64();
        let (crash, stall, jump, other) = (draw(), draw(), draw(), draw());
        let at = self.rng.usize(..terms.workers);
        let likely = if self.stands_at_a_rare_place(at) { RARE } else { 1.0 };
        if crash < terms.crash * likely && matches!(self.lives[at], Life::Alive(_)) {
            self.coverage.meet("happening", "the process dies");
            self.crash(at);
        }
        if stall < terms.stalls {
            self.let_calls_leave().await?;
            self.stall();
        }
        if terms.is_held && self.rng.u16(..200) == 0 && matches!(self.lives[at], Life::Alive(_)) {
            self.take_over(at).await?;
        }
        if jump < terms.jumps {
            self.set_clock();
        }
        if other < terms.happenings {
            self.meddle();
        }
        Ok(())
    }

    fn stands_at_a_rare_place(&self, at: usize) -> bool {
        let Life::Alive(process) = &self.lives[at] else { return false };
        let is_rare = |place: &str| RARE_OPERATIONS.iter().any(|rare| place.ends_with(rare));
        process.activities.iter().any(|(_, activity)| is_rare(activity.place()))
    }

    pub(crate) fn happened(&mut self, what: &'static str) {
        self.coverage.meet("happening", what);
        self.tell(what);
        self.wire.books_changed();
    }

    /// No process is suspended between its last reading of the clock and the first byte of a call. The service cannot
    /// withstand that, because a call cannot tell Accurate until when it is valid.
    async fn let_calls_leave(&mut self) -> Result<(), Violation> {
        for at in 0..self.lives.len() {
            while let Some(index) = self.leaving(at) {
                self.go_on_with(at, index).await?;
            }
        }
        Ok(())
    }

    /// A call of this process that is about to be sent.
    fn leaving(&self, at: usize) -> Option<usize> {
        let Life::Alive(process) = &self.lives[at] else { return None };
        process.activities.iter().position(|(_, activity)| activity.stands_at(CALL_LEAVES))
    }

    fn stall(&mut self) {
        let seconds = *self.rng.choice(&[1, 20, 100, 181, 400]).unwrap_or(&1);
        let until = self.clock.truth() + SignedDuration::from_secs(seconds);
        if self.rng.bool() {
            self.happened("time passes");
            self.reach(until);
            return;
        }
        let at = self.rng.usize(..self.terms.workers);
        if let Life::Alive(process) = &mut self.lives[at] {
            process.asleep_until = Some(until);
            self.happened("a worker falls asleep");
        }
    }

    fn set_clock(&mut self) {
        let minutes = *self.rng.choice(&[0, 0, 2, 4, 9, 60, 300, -2, -9, -70]).unwrap_or(&0);
        let before = self.clock.ahead();
        let ahead = SignedDuration::from_mins(minutes);
        // If the clock is set far forward during a save, the save counts as expired too early. This is known and
        // accepted, because there is no time source without jumps.
        let is_far = ahead - before > SignedDuration::from_mins(2);
        let is_under_way =
            self.wire.next_work().is_some() || (0..self.lives.len()).any(|at| self.leaving(at).is_some());
        // The same is true for a save whose invoice is not listed yet.
        let lag = self.terms.detail_lag.max(self.terms.list_lag);
        let truth = self.clock.truth();
        let is_under_way = is_under_way || self.accurate.invoices().iter().any(|one| one.saved_at + lag > truth);
        // After the clock was set forward, it is not set back while an order is being processed: a lease that had
        // expired by the clock would become valid again.
        let is_worked = self.lives.iter().any(|life| matches!(life, Life::Alive(process) if process.works()));
        if (is_far && is_under_way) || (ahead < before && is_worked && self.was_set_forward) {
            return;
        }
        self.clock.set_ahead(ahead);
        self.was_set_forward |= ahead > before;
        if ahead < before && is_worked {
            self.happened("the clock jumps back while orders are in work");
        }
        if ahead < before && !self.is_heaping {
            // The service asks for work every few seconds, and notices the change.
            for at in 0..self.lives.len() {
                let makes_calls = !self.terms.is_held || self.caller == at;
                if makes_calls && matches!(self.lives[at], Life::Alive(_)) {
                    self.process(at).fetch();
                }
            }
        }
        if ahead != before {
            self.happened(if ahead > before { "the clock jumps forward" } else { "the clock jumps back" });
        }
        self.something_changed();
    }

    /// Actions of people, and failures of Accurate.
    fn meddle(&mut self) {
        let people = if self.terms.people { 6 } else { 0 };
        let after_sale = if self.terms.sale.is_some() { 3 } else { 0 };
        match self.rng.u8(..20 + after_sale + people) {
            0..8 => {
                let (trouble, begins, ends) = TROUBLES[self.rng.usize(..TROUBLES.len())];
                let is_on = !self.troubles.on.contains(&trouble);
                self.set_trouble(trouble, is_on);
                self.happened(if is_on { begins } else { ends });
            }
            8 => {
                self.accurate.add_item(LATER_ITEM, "Barang baru");
                self.happened("the missing item is created");
            }
            9 => {
                self.accurate.move_host();
                self.happened("the database moves");
            }
            10 => self.stranger_takes_a_number(),
            11 => self.strangers_leave(),
            12..15 => self.somebody_pays(),
            15 => self.somebody_deletes(),
            16..18 => self.mapping_changes(),
            18..20 => self.somebody_retries(),
            drawn if drawn < 20 + after_sale => self.somebody_books(),
            _ => self.somebody_edits(),
        }
    }

    fn set_trouble(&mut self, trouble: Trouble, is_on: bool) {
        self.troubles.on.retain(|known| *known != trouble);
        if is_on {
            self.troubles.on.push(trouble);
        }
        let accurate = self.accurate.clone();
        let company_start = Date::constant(if is_on { 2025 } else { 2000 }, 1, 1);
        match (trouble, is_on) {
            (Trouble::ItemSuspended, true) => accurate.suspend_item("KAOS-M"),
            (Trouble::ItemSuspended, false) => accurate.resume_item("KAOS-M"),
            (Trouble::AccountSuspended, true) => {
                for account in [SHIPPING_ACCOUNT, FEE_ACCOUNT] {
                    accurate.suspend_account(account);
                }
            }
            (Trouble::AccountSuspended, false) => {
                for account in [SHIPPING_ACCOUNT, FEE_ACCOUNT] {
                    accurate.resume_account(account);
                }
            }
            (Trouble::TokenRevoked, true) => accurate.revoke_token(),
            (Trouble::TokenRevoked, false) => accurate.restore_token(),
            (Trouble::RightWithheld, true) => accurate.withhold_right(self.terms.withheld),
            (Trouble::RightWithheld, false) => accurate.grant_right(self.terms.withheld),
            (Trouble::LineCut, is_on) => self.wire.set_cut(is_on),
            (Trouble::Page503, true) => accurate.go_down(Down::Page503),
            (Trouble::Dropped, true) => accurate.go_down(Down::Dropped),
            (Trouble::Page503 | Trouble::Dropped, false) => accurate.come_back(),
            (Trouble::PeriodClosed, _) => accurate.change_settings(|settings| settings.company_start = company_start),
            (Trouble::DiskBusy, is_on) => {
                self.troubles.busy = if is_on { 0.2 } else { 0.0 };
                for life in &self.lives {
                    if let Life::Alive(process) = life {
                        process.storage.set_busy(self.troubles.busy);
                    }
                }
            }
        }
    }

    /// Every fault is fixed.
    pub(crate) async fn fix_everything(&mut self) -> Result<(), Violation> {
        for (trouble, ..) in TROUBLES {
            self.set_trouble(trouble, false);
        }
        self.accurate.clear_faults();
        self.accurate.add_item(LATER_ITEM, "Barang baru");
        if self.clock.ahead() < SignedDuration::ZERO {
            // A clock is not set forward during a save, because the save would count as expired too early.
            self.let_calls_leave().await?;
            while let Some(at) = self.wire.next_work() {
                self.reach(at);
            }
            // Nor before each saved invoice is listed: see `set_clock`.
            let lag = self.terms.detail_lag.max(self.terms.list_lag);
            if let Some(last) = self.accurate.invoices().iter().map(|one| one.saved_at).max() {
                self.reach(last + lag);
            }
        }
        if self.clock.ahead() > SignedDuration::ZERO {
            // A person who sets a clock back restarts the machine.
            for at in 0..self.lives.len() {
                self.crash(at);
            }
        }
        self.clock.set_ahead(SignedDuration::ZERO);
        let truth = self.clock.truth();
        for life in &mut self.lives {
            match life {
                Life::Alive(process) => process.asleep_until = None,
                Life::Dead { until } => *until = truth,
            }
        }
        self.something_changed();
        self.tell("everything is mended");
        Ok(())
    }

    pub(crate) fn any_script(&mut self) -> (String, String) {
        let script = &self.scripts[self.rng.usize(..self.scripts.len())];
        (script.id.clone(), script.number.clone())
    }

    fn mapping_changes(&mut self) {
        let (from, to) = MAPPING_CHANGES[self.rng.usize(..MAPPING_CHANGES.len())];
        // In some cases the first mapping is restored.
        let first = self.terms.mapping();
        let document = match self.rng.u8(..5) {
            0..2 => first,
            2 => with_new_fee(&first),
            _ => first.replace(from, to),
        };
        if self.apply_mapping(&document) {
            self.happened("the mapping changes");
        }
    }

    /// Lets some process apply a mapping; returns false if no process runs.
    pub(crate) fn apply_mapping(&mut self, document: &str) -> bool {
        let tells = self.rng.bool();
        let Some(Life::Alive(process)) = self.lives.iter_mut().find(|life| matches!(life, Life::Alive(_))) else {
            return false;
        };
        process.change_mapping(document, tells);
        true
    }

    fn somebody_retries(&mut self) {
        let (id, _) = self.any_script();
        let is_there = self.view.orders.get(&id).is_some_and(|order| order.state != State::Received);
        if is_there && self.retry(&id) {
            self.happened("retry");
        }
    }

    /// Lets some process carry out a person's retry; returns false if no process runs.
    pub(crate) fn retry(&mut self, id: &str) -> bool {
        for life in &mut self.lives {
            if let Life::Alive(process) = life {
                process.retry(id);
                return true;
            }
        }
        false
    }
}
