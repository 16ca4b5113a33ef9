//! What some worlds have behind them when their storm begins: otherwise hardly any fault would meet the bulks of
//! receipts and returns, and their deletion, because a storm is over before they are made.

use std::time::Duration;

use forstok_accurate::{
    domain::document::Kind,
    sandbox::{Action, Fault},
};
use jiff::SignedDuration;

use super::{checks::Violation, senders::LATER_ITEM, terms::Terms, world::World};

/// What has happened before the storm, without any fault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Past {
    /// Nothing.
    #[default]
    None,
    /// Many receipts, or many returns, are approved, and none of them was sent.
    Approved,
    /// Receipts and returns exist; now people take back what was booked for some orders.
    Booked,
}

/// Steps that a storm after such a past lasts longer, so that what was prepared is sent in it.
const LONGER: u64 = 150;

/// Calls that each of these pasts leads to. A list is only read once a bulk was saved, so each world spoils one of them.
const OF_BULKS: [[Action; 2]; 2] =
    [[Action::ReceiptBulkSave, Action::ReturnBulkSave], [Action::ReceiptList, Action::ReturnList]];
const OF_DELETIONS: [[Action; 2]; 2] =
    [[Action::ReceiptDelete, Action::ReturnDelete], [Action::ReceiptDetail, Action::ReturnDetail]];

/// Faults of deletions besides the ordinary ones.
const OF_A_DELETION: [&str; 3] = ["not_deleted", "unknown_text_before", "unknown_text_after"];

impl Terms {
    /// Some worlds with payouts begin later. `rng` is a copy: the worlds of all other seeds stay as they are.
    pub(crate) fn with_past(mut self, mut rng: fastrand::Rng, latest: u64) -> Self {
        let Some(rules) = &mut self.sale else { return self };
        self.past = match (self.heap > 0, rng.u8(..8)) {
            (true, 0..6) => Past::Approved,
            (false, 0) => Past::Booked,
            _ => return self,
        };
        self.storm += LONGER;
        if self.past == Past::Approved {
            self.bulk = true;
            rules.returns_are_posted();
        }
        let calls = if self.past == Past::Approved { OF_BULKS } else { OF_DELETIONS };
        for action in calls[rng.usize(..2)] {
            for _ in 0..rng.usize(1..3) {
                self.booking_faults.push((action, fault(&mut rng, action, latest)));
            }
        }
        self
    }

    /// The faults that calls meet from the beginning on.
    pub(crate) fn first_faults(&self) -> Vec<(Fault, f64)> {
        if self.past == Past::None { self.faults.clone() } else { Vec::new() }
    }
}

/// A fault that really affects this call.
fn fault(rng: &mut fastrand::Rng, action: Action, latest: u64) -> Fault {
    let deletes = matches!(action, Action::ReceiptDelete | Action::ReturnDelete);
    let names = if deletes && rng.bool() { &OF_A_DELETION[..] } else { Fault::ORDINARY };
    let name = rng.choice(names).copied().unwrap_or("dropped_after");
    let seconds = if name == "late" { rng.u64(1..=latest) } else { *rng.choice(&[1, 5, 40]).unwrap_or(&1) };
    Fault::named(name, Duration::from_secs(seconds)).expect("it is the name of a fault")
}

impl World {
    /// Everything happens that the world has behind it; then the faults begin.
    pub(crate) async fn live_through_the_past(&mut self) -> Result<(), Violation> {
        if self.terms.past == Past::None {
            return Ok(());
        }
        self.accurate.add_item(LATER_ITEM, "Barang baru");
        self.invoice_everything().await?;
        match self.terms.past {
            Past::None => {}
            Past::Approved => self.keep_back_what_is_due().await?,
            Past::Booked => {
                self.run_until_nothing_waits().await?;
                self.people_approve();
                self.run_until_nothing_waits().await?;
                self.people_take_back();
            }
        }
        for (fault, chance) in self.terms.faults.clone() {
            self.accurate.set_probability(fault, chance);
        }
        self.terms.prepare_after_sale(&self.accurate);
        self.storm_began = self.story.steps;
        self.tell("the storm begins");
        Ok(())
    }

    /// Every order that can be is invoiced; only then comes what follows the sale.
    async fn invoice_everything(&mut self) -> Result<(), Violation> {
        let (errands, began) = (std::mem::take(&mut self.after.errands), self.clock.truth());
        while self.is_heaping {
            if !self.step().await? {
                self.is_heaping &= !self.waiting.is_empty();
                self.let_time_pass();
            }
        }
        self.run_until_nothing_waits().await?;
        let passed = self.clock.truth().duration_since(began);
        self.after.errands = errands;
        for errand in &mut self.after.errands {
            errand.at += passed;
        }
        Ok(())
    }

    /// Rows arrive and are approved, and nothing is sent meanwhile.
    async fn keep_back_what_is_due(&mut self) -> Result<(), Violation> {
        self.is_heaping = true;
        loop {
            let now = self.clock.truth();
            if self.step().await? {
                continue;
            }
            if !self.has_errands() && !self.view.news().any(|at| at <= now) {
                break;
            }
            if !self.let_time_pass() {
                break;
            }
        }
        self.is_heaping = false;
        self.something_changed();
        Ok(())
    }

    /// People take back what was booked for half of the orders.
    fn people_take_back(&mut self) {
        for script in self.scripts.clone() {
            let is_booked = Kind::Invoice.goes_after().any(|kind| self.view.booked.has(&script.id, kind));
            if is_booked && self.rng.bool() {
                self.undo(&script.id);
            }
        }
        for errand in &mut self.after.errands {
            errand.at += SignedDuration::from_secs(self.rng.i64(0..10));
        }
    }
}
