//! The end of a world: everything is mended, time runs until nothing waits, and every order is where it belongs.

use forstok_accurate::{
    domain::{
        decision::{Decision, decide},
        history::{History, Sighting},
        invoice::Draft,
        reason::Reason,
    },
    forstok::payload,
    sandbox::{
        Invoice,
        samples::{MAPPING, mapping},
    },
    store::State,
};

use super::{
    senders::{Flaw, Script},
    view::OrderRow,
    world::{Life, World},
};

/// Rounds in which people retry what is blocked; each may show the next thing that is in the way.
const ROUNDS: usize = 3;

/// What nobody has to do anything about once it has come.
const HEALING: [&str; 4] = ["item_not_found", "account_inactive", "customer_not_found", "period_closed"];

impl World {
    pub(crate) async fn come_to_rest(&mut self) -> Result<(), String> {
        self.is_calm = true;
        self.mend_everything();
        while self.lives.iter().any(|life| matches!(life, Life::Dead { .. })) {
            self.step().await?;
        }
        // What people began to do before is done first.
        self.run_until_nothing_waits().await?;
        self.put_in_force(MAPPING);
        self.run_until_nothing_waits().await?;
        for (id, order) in &self.view.orders {
            if order.state == State::Blocked && HEALING.contains(&order.reason.as_str()) {
                return Err(format!("order {id} has not healed by itself: {}", order.reason));
            }
        }
        for _ in 0..ROUNDS {
            self.people_help();
            self.run_until_nothing_waits().await?;
        }
        self.look().await?;
        self.all_acknowledged_is_there().await?;
        for script in self.scripts.clone() {
            self.is_as_it_must_be(&script).await.map_err(|what| format!("in the end order {} {what}", script.id))?;
        }
        if let Some(id) = self.watch.waiting_without_reason().await.first() {
            return Err(format!("order {id} waited for a reason that nobody was told"));
        }
        let ours = |id: &String| self.scripts.iter().any(|script| script.id == *id);
        if let Some(id) = self.invoices.keys().find(|id| !ours(id)) {
            return Err(format!("an invoice stands for no order: {id}"));
        }
        if self.terms.limits_must_be_kept() && self.accurate.breach_count() > 0 {
            return Err(format!("calls above the limits: {:?}", self.accurate.breaches()));
        }
        Ok(())
    }

    /// People do what they are told about blocked orders.
    fn people_help(&mut self) {
        self.strangers_leave();
        // Some come to keep the invoices that they cannot delete.
        if self.rng.u8(..3) == 0 {
            self.put_in_force(&MAPPING.replace("on_cancel = \"void\"", "on_cancel = \"keep\""));
        }
        for script in self.scripts.clone() {
            let blocked = self.view.orders.get(&script.id).filter(|order| order.state == State::Blocked);
            let Some(order) = blocked else { continue };
            // "delete both by hand", says the remedy of a cancelled order whose invoice was paid.
            if order.invoice_id.is_some() && self.rng.bool() {
                self.delete_by_hand(&script.id, &script.number);
            }
            self.retry(&script.id);
        }
    }

    async fn run_until_nothing_waits(&mut self) -> Result<(), String> {
        loop {
            while self.step().await? {}
            if !self.let_time_pass() {
                return Ok(());
            }
        }
    }

    async fn is_as_it_must_be(&self, script: &Script) -> Result<(), String> {
        let order = self.view.orders.get(&script.id).ok_or("is not known")?;
        // An invoice that stands may have been saved twice over: the second is refused as long as it does.
        let is_unsure = order.is_unsure && order.state != State::Invoiced;
        if order.undecided || is_unsure || order.lease_until.as_microsecond() != 0 {
            return Err(format!("is not settled: {order:?}"));
        }
        let standing = self.invoices.get(&script.id).and_then(|invoices| invoices.first());
        let decision = self.decision_about(script).await?;
        let stood = order.invoice_id.is_some();
        let is_right = match (&decision, order.state) {
            (Decision::Ignore(Reason::Cancelled), State::Ignored) => order.reason == "cancelled" && standing.is_none(),
            (Decision::Ignore(Reason::Cancelled), State::Voided) => stood && standing.is_none(),
            // The mapping kept invoices for a while.
            (Decision::Ignore(Reason::Cancelled), State::Invoiced) => order.warnings.contains("cancelled_kept"),
            (Decision::Ignore(Reason::Cancelled), State::Blocked) => standing.is_some_and(|it| !it.receipts.is_empty()),
            (Decision::Watch, State::Watching) => standing.is_none(),
            // The mapping invoiced earlier for a while.
            (Decision::Watch, State::Invoiced) => true,
            (Decision::Invoice(draft, _), State::Invoiced) => self.is_right(order, standing, draft),
            (Decision::Block(findings), State::Blocked) if findings[0].reason == Reason::ProgressedAfterCancel => {
                order.reason == "progressed_after_cancel" && standing.is_none()
            }
            // It was invoiced before: only a person may say what becomes of the invoice.
            (Decision::Block(findings), State::Invoiced) if findings[0].reason == Reason::ProgressedAfterCancel => {
                let is_there =
                    standing.is_some() || self.deleted_by_people.iter().any(|id| order.invoice_id == Some(*id));
                let is_warned = order.warnings.contains("progressed_after_cancel")
                    // Another mapping does not look at invoices again.
                    || order.warnings.contains("cancelled_kept");
                is_warned && is_there
            }
            (Decision::Block(_), State::Blocked) => script.flaw == Flaw::NoSku && standing.is_none(),
            _ => false,
        };
        if is_right { Ok(()) } else { Err(format!("is not as it must be: {order:?}, {standing:?}, {decision:?}")) }
    }

    /// Number, customer and total; the total may be an earlier one when the order changed after it was invoiced.
    fn is_right(&self, order: &OrderRow, standing: Option<&Invoice>, draft: &Draft) -> bool {
        let Some(standing) = standing else {
            return order.invoice_id.is_some_and(|id| self.deleted_by_people.contains(&id));
        };
        standing.number == draft.body.number
            && standing.customer_no == draft.body.customer_no
            && (standing.total_amount == draft.total.decimal() || order.warnings.contains("changed_after_invoice"))
    }

    /// What the domain says about all that Forstok sent.
    async fn decision_about(&self, script: &Script) -> Result<Decision, String> {
        let bodies = self.watch.bodies(&script.id).await;
        if bodies.len() != script.snapshots.len() {
            return Err(format!("has {} snapshots on disk, not {}", bodies.len(), script.snapshots.len()));
        }
        let mut history: Option<History> = None;
        let mut snapshots = Vec::new();
        for (delivery, body) in &bodies {
            let order = payload::read(body).map_err(|error| error.to_string())?.order;
            let at = order.updated_at.ok_or("has a snapshot without a moment")?;
            let sighting = Sighting::of(&order, at, *delivery);
            match &mut history {
                Some(history) => history.absorb(&sighting),
                None => history = Some(History::begin(&sighting)),
            }
            snapshots.push((*delivery, order));
        }
        let history = history.ok_or("has no snapshot")?;
        let latest = snapshots.iter().find(|(delivery, _)| *delivery == history.latest_delivery());
        let (_, latest) = latest.ok_or("has no latest snapshot")?;
        Ok(decide(&history, latest, &mapping()))
    }
}
