//! What is checked after each step: what was acknowledged is on disk, the books agree, the rules are kept.

use forstok_accurate::{clock::Clock, storage::State};

use super::{
    checks::{self, Violation},
    view::View,
    world::{Life, World},
};

impl World {
    pub(crate) async fn all_acknowledged_is_there(&self) -> Result<(), Violation> {
        let on_disk = self.watch.deliveries().await;
        match checks::missing(&self.acknowledged, &on_disk) {
            Some((order, _)) => {
                let what = format!("a delivery of order {order:?} was acknowledged and is not on disk");
                Err(Violation::Promise(what))
            }
            None => Ok(()),
        }
    }

    /// Checks everything that may have changed.
    pub(crate) async fn look(&mut self) -> Result<(), Violation> {
        let mut wrote = false;
        for life in &self.lives {
            if let Life::Alive(process) = life {
                wrote |= process.storage.take_wrote();
                for met in process.storage.take_met() {
                    self.coverage.meet("store", met);
                }
            }
        }
        let changed = self.wire.take_changed();
        if changed {
            let invoices = self.accurate.invoices();
            self.owners.learn(&invoices);
            self.invoices = self.owners.by_order(invoices);
            self.read_what_is_booked();
        }
        if wrote {
            let after = self.watch.look(self.terms.sale.is_some()).await;
            self.keeps_the_rules(&after)?;
            let due = after.orders.values().filter(|order| order.state == State::Due).count();
            self.is_heaping &= due < self.terms.heap;
            let before = std::mem::replace(&mut self.view, after);
            self.learn_what_is_booked(&before);
            self.something_changed();
        }
        if wrote || changed {
            checks::books_agree(&self.view, &self.invoices, &self.owners)?;
            self.booked_agrees()?;
        }
        Ok(())
    }

    /// Whether the service keeps its own rules. With a switch it does not, and only the consequences matter.
    fn keeps_the_rules(&mut self, after: &View) -> Result<(), Violation> {
        if self.switch.is_some() {
            return Ok(());
        }
        // If the clock was set back in the meantime, nothing can be concluded.
        if self.terms.jumps == 0.0 && self.terms.skews.is_empty() {
            checks::held_twice(&self.view, after, self.clock.now())?;
            self.view.booked.held_twice(&after.booked, self.clock.now())?;
        }
        for (from, to) in checks::changes(&self.view, after)? {
            self.coverage.meet("transition", checks::in_words(from, to));
        }
        Ok(())
    }
}
