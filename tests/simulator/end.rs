//! The end of a world: every fault is fixed, time passes until nothing waits, and every order is in its final state.

use forstok_accurate::{
    domain::{
        decision::{Decision, decide},
        document::Kind,
        history::{History, Sighting},
        ids::DeliveryId,
        invoice::Draft,
        reason::Reason,
    },
    forstok::payload,
    sandbox::{Invoice, Numbering, samples::mapping},
    storage::State,
};
use jiff::SignedDuration;
use rust_decimal::Decimal;

use super::{
    checks::Violation,
    hands::Touch,
    senders::{Flaw, Script},
    view::OrderRow,
    world::{Life, World},
};

/// Rounds in which people retry blocked orders; each may reveal the next finding.
const ROUNDS: usize = 3;

/// How long only rechecks must have happened: each is due within an hour. Orders that wait for a person are rechecked
/// forever.
const QUIET: SignedDuration = SignedDuration::from_hours(3);

/// Reasons that are resolved automatically once the missing thing exists.
const RESOLVED_AUTOMATICALLY: [&str; 4] = ["item_not_found", "account_inactive", "customer_not_found", "period_closed"];

/// Whether Accurate calculated another total than its parts add up to.
fn is_off(invoice: &Invoice) -> bool {
    let parts = invoice.sub_total - invoice.cash_discount + invoice.total_expense;
    invoice.total_amount - parts == Decimal::new(1, 2)
}

impl World {
    pub(crate) async fn come_to_rest(&mut self) -> Result<(), Violation> {
        self.is_calm = true;
        self.fix_everything().await?;
        while self.lives.iter().any(|life| matches!(life, Life::Dead { .. })) {
            self.step().await?;
        }
        // What people began earlier is completed first.
        self.run_until_nothing_waits().await?;
        self.apply_mapping(&self.terms.last_mapping());
        self.run_until_nothing_waits().await?;
        self.let_days_pass().await?;
        for (id, order) in &self.view.orders {
            // If a customer was refused with an unknown message, a person must create it.
            let is_refused = order.reason == "customer_not_found" && self.terms.speaks_unknown_texts();
            if order.state == State::Blocked && !is_refused && RESOLVED_AUTOMATICALLY.contains(&order.reason.as_str()) {
                return Err(Violation::Rule(format!("order {id} was not resolved automatically: {}", order.reason)));
            }
        }
        for round in 0..ROUNDS {
            self.people_help(round);
            self.run_until_nothing_waits().await?;
            self.let_days_pass().await?;
        }
        self.look().await?;
        self.all_acknowledged_is_there().await?;
        for script in self.scripts.clone() {
            self.is_settled(&script)?;
            if self.after.undone.contains(&script.id) {
                if !self.is_undone(&script) {
                    let order = &self.view.orders[&script.id];
                    let what = format!("in the end order {} was undone and is not: {order:?}", script.id);
                    return Err(Violation::Promise(what));
                }
                continue;
            }
            let is_right = self.is_as_it_must_be(&script).await;
            is_right.map_err(|what| Violation::Promise(format!("in the end order {} {what}", script.id)))?;
        }
        self.is_settled_after_sale().await?;
        if let Some(id) = self.watch.waiting_without_reason().await.first() {
            return Err(Violation::Rule(format!("order {id} waited without a reason that people can see")));
        }
        let ours = |id: &String| self.scripts.iter().any(|script| script.id == *id);
        if let Some(id) = self.invoices.keys().find(|id| !ours(id)) {
            return Err(Violation::Promise(format!("an invoice belongs to no order: {id}")));
        }
        if self.terms.limits_must_be_kept() && self.accurate.breach_count() > 0 {
            return Err(Violation::Rule(format!("calls above the limits: {:?}", self.accurate.breaches())));
        }
        Ok(())
    }

    /// People do what the remedies of blocked orders say.
    fn people_help(&mut self, round: usize) {
        self.strangers_leave();
        // Some people decide to keep the invoices that they cannot delete.
        if self.rng.u8(..3) == 0 {
            self.apply_mapping(&self.terms.last_mapping().replace("on_cancel = \"void\"", "on_cancel = \"keep\""));
        }
        let blocked = |order: &&OrderRow| order.state == State::Blocked;
        for script in self.scripts.clone() {
            let order = self.view.orders.get(&script.id).filter(blocked).cloned();
            if order.as_ref().is_some_and(|order| order.reason == Reason::InvoicePaid.code()) && self.rng.bool() {
                self.undo(&script.id);
            }
            // "delete both by hand" is the remedy of a cancelled order whose invoice a person has paid.
            if order.is_some_and(|order| order.invoice_id.is_some()) && self.rng.bool() {
                self.delete_by_hand(&script.id);
            }
        }
        let stuck = self.stuck_after_sale();
        for id in &stuck {
            // Where Accurate gives out the numbers, nobody else can find it. Some people only retry at first; whoever deletes
            // what is named may be asked to look once more.
            if self.terms.numbering == Numbering::Automatic || round > 0 || self.rng.bool() {
                self.delete_unknown(id);
            }
        }
        // A delayed look-up would still show the deleted invoice, and they would be told the same again.
        let shown = self.terms.detail_lag.max(self.terms.list_lag);
        self.reach(self.clock.truth() + shown);
        for script in self.scripts.clone() {
            let is_blocked = self.view.orders.get(&script.id).as_ref().is_some_and(blocked);
            if is_blocked || stuck.contains(&script.id) {
                self.retry(&script.id);
            }
        }
        self.people_approve();
    }

    /// Whether every order waits only for people, or for what they do in Accurate.
    fn is_quiet(&self) -> bool {
        let moves = |state| matches!(state, State::Received | State::Due | State::VoidDue);
        let is_under_way = |(id, order): (&String, &OrderRow)| {
            let waits = order.state == State::VoidDue && self.waits_for_a_person(id);
            order.undecided || (moves(order.state) && !waits)
        };
        self.waiting.is_empty() && !self.view.orders.iter().any(is_under_way) && self.is_quiet_after_sale()
    }

    pub(crate) async fn run_until_nothing_waits(&mut self) -> Result<(), Violation> {
        let mut quiet_since = None;
        loop {
            while self.step().await? {}
            let Some(next) = self.next_moment() else { return Ok(()) };
            if !self.is_quiet() {
                quiet_since = None;
            } else if next.duration_since(*quiet_since.get_or_insert(self.clock.truth())) > QUIET {
                return Ok(());
            }
            self.reach(next);
        }
    }

    fn is_settled(&self, script: &Script) -> Result<(), Violation> {
        let Some(order) = self.view.orders.get(&script.id) else { return Ok(()) };
        // The invoice may have been saved twice; the second save is refused as long as the invoice exists. An order
        // that waits for a person may still be in doubt.
        let is_unsure = order.is_unsure && !matches!(order.state, State::Invoiced | State::Blocked);
        if order.undecided || is_unsure || order.lease_until.as_microsecond() != 0 {
            return Err(Violation::Rule(format!("in the end order {} is not settled: {order:?}", script.id)));
        }
        Ok(())
    }

    async fn is_as_it_must_be(&self, script: &Script) -> Result<(), String> {
        let order = self.view.orders.get(&script.id).ok_or("is not known")?;
        let standing = self.invoices.get(&script.id).and_then(|invoices| invoices.first());
        let (history, decision) = self.decision_about(script).await?;
        let travels_back = history.had_left_when_cancelled();
        if self.owners.is_touched(&script.id) {
            return self.is_in_order_after_people(script, order, standing, &decision, travels_back);
        }
        let stood = order.invoice_id.is_some();
        let is_right = match (&decision, order.state) {
            // Accurate saved something other than what was sent, and no reply said so: a person must look at it.
            (_, State::Blocked) if order.reason == "number_conflict" && standing.is_some_and(is_off) => true,
            (Decision::Ignore(Reason::Cancelled), State::Ignored) => order.reason == "cancelled" && standing.is_none(),
            (Decision::Ignore(Reason::Cancelled), State::Voided) => stood && standing.is_none(),
            // The mapping kept invoices for a while.
            // Or a return takes the place of deleting the invoice.
            (Decision::Ignore(Reason::Cancelled), State::Invoiced) => {
                order.warnings.contains("cancelled_kept") || travels_back
            }
            (Decision::Ignore(Reason::Cancelled), State::Blocked)
                if standing.is_some_and(|it| !it.receipts.is_empty() || !it.returns.is_empty()) =>
            {
                true
            }
            // Its receipt counts as booked until a person has everything deleted.
            (Decision::Ignore(Reason::Cancelled), State::Blocked) => {
                let is_booked = Kind::Invoice.goes_after().any(|kind| self.view.booked.has(&script.id, kind));
                order.reason == "invoice_paid" && (is_booked || self.view.booked.is_by_hand(&script.id))
            }
            (Decision::Watch, State::Watching) => standing.is_none(),
            // The mapping invoiced at an earlier status for a while.
            (Decision::Watch, State::Invoiced) => true,
            (Decision::Invoice(draft, _), State::Invoiced) => self.is_right(order, standing, draft),
            (Decision::Block(findings), State::Blocked) if findings[0].reason == Reason::ProgressedAfterCancel => {
                order.reason == "progressed_after_cancel" && standing.is_none()
            }
            // It was invoiced before: only a person may decide about the invoice.
            (Decision::Block(findings), State::Invoiced) if findings[0].reason == Reason::ProgressedAfterCancel => {
                let is_there = standing.is_some() || order.invoice_id.is_some_and(|id| self.owners.lost(id));
                let is_warned = order.warnings.contains("progressed_after_cancel")
                    // A new mapping does not affect existing invoices.
                    || order.warnings.contains("cancelled_kept");
                is_warned && is_there
            }
            (Decision::Block(_), State::Blocked) => script.flaw == Flaw::NoSku && standing.is_none(),
            (Decision::Invoice(..), State::Blocked) if script.flaw == Flaw::Emoji => {
                order.reason == "keeps_failing" && standing.is_none()
            }
            _ => false,
        };
        if is_right { Ok(()) } else { Err(format!("is not as it must be: {order:?}, {standing:?}, {decision:?}")) }
    }

    /// Number, customer and total. The number may differ where Accurate assigns its own; the total may be an earlier
    /// one if the order changed after it was invoiced. A warning reports every difference.
    fn is_right(&self, order: &OrderRow, standing: Option<&Invoice>, draft: &Draft) -> bool {
        let Some(standing) = standing else {
            return order.invoice_id.is_some_and(|id| self.owners.lost(id));
        };
        let warns = |warning: &str| order.warnings.contains(warning);
        let number = match self.terms.numbering {
            Numbering::Automatic => warns("other_number"),
            Numbering::Sent => standing.number.to_lowercase() == draft.body.number.as_str().to_lowercase(),
        };
        let total = standing.total_amount == draft.total.decimal()
            || warns(if is_off(standing) { "total_difference" } else { "changed_after_invoice" });
        number && standing.customer_no == draft.body.customer_no && total
    }

    /// Invariants that are true even if people changed an invoice by hand: a cancelled order has no live invoice,
    /// unless this is reported to a person; and every order is in a state that people can find.
    fn is_in_order_after_people(
        &self,
        script: &Script,
        order: &OrderRow,
        standing: Option<&Invoice>,
        decision: &Decision,
        travels_back: bool,
    ) -> Result<(), String> {
        let is_right = match (decision, order.state) {
            (_, State::Blocked) => !order.reason.is_empty(),
            (Decision::Ignore(Reason::Cancelled), State::Ignored | State::Voided) => {
                standing.is_none() || self.owners.met(&script.id, Touch::Copied)
            }
            (Decision::Ignore(Reason::Cancelled), State::Invoiced) => {
                order.warnings.contains("cancelled_kept") || travels_back
            }
            (Decision::Watch, State::Watching | State::Invoiced) | (Decision::Invoice(..), State::Invoiced) => true,
            (Decision::Block(_), State::Invoiced) => order.warnings.contains("progressed_after_cancel"),
            _ => false,
        };
        let words = || format!("is not as it must be after people: {order:?}, {standing:?}, {decision:?}");
        if is_right { Ok(()) } else { Err(words()) }
    }

    /// The decision of the domain about everything that Forstok sent.
    async fn decision_about(&self, script: &Script) -> Result<(History, Decision), String> {
        let bodies = self.watch.bodies(&script.id).await;
        if bodies.len() != script.snapshots.len() {
            return Err(format!("has {} snapshots on disk, not {}", bodies.len(), script.snapshots.len()));
        }
        let mut history: Option<History> = None;
        let mut snapshots = Vec::new();
        for (delivery, body) in &bodies {
            let order = payload::read(body).map_err(|error| error.to_string())?.order;
            let at = order.updated_at.ok_or("has a snapshot without a moment")?;
            let sighting = Sighting::of(&order, at, DeliveryId(*delivery));
            match &mut history {
                Some(history) => history.absorb(&sighting),
                None => history = Some(History::begin(&sighting)),
            }
            snapshots.push((*delivery, order));
        }
        let history = history.ok_or("has no snapshot")?;
        let latest = snapshots.iter().find(|(delivery, _)| *delivery == history.latest_delivery().0);
        let (_, latest) = latest.ok_or("has no latest snapshot")?;
        let decision = decide(&history, latest, &mapping());
        Ok((history, decision))
    }
}
