//! The end of a world after the sale: whatever came is booked, or says what it waits for.

use std::collections::BTreeMap;

use forstok_accurate::{
    clock::Clock,
    deciding::{after_sale, mapping},
    domain::{
        after_sale::{Outcome, Sums},
        day_in_wib,
        document::{Kind, Progress, Wanted},
        money::Rupiah,
        payout::RowState,
        reason::Reason,
    },
    storage::{State, sums_of},
};
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;

use super::{
    booked::{DocumentRow, SettlementRow},
    checks::Violation,
    hands::Touch,
    sales::{Deed, Errand},
    senders::Script,
    view::OrderRow,
    world::{Life, World, order_id},
};

/// Reasons that only the decision gives; every other one comes from an attempt.
const DECIDED: [Reason; 7] = [
    Reason::PayoutUnmatched,
    Reason::PayoutRest,
    Reason::PayoutLate,
    Reason::ReceiptBeforeInvoice,
    Reason::PayoutCorrected,
    Reason::ReturnNeedsPerson,
    Reason::AccountUnmapped,
];

/// How far ahead something may be that is waited for: what was paid today is booked tomorrow.
const SOON: SignedDuration = SignedDuration::from_hours(72);

/// The outcome of a row, for the coverage table.
fn in_words(row: &SettlementRow) -> String {
    let kind = if row.kind == Kind::Return { "a return" } else { "a payout" };
    let reason = if row.reason.is_empty() { String::new() } else { format!(": {}", row.reason) };
    format!("{kind} is {}{reason}", row.state.as_str())
}

/// What must become of some row.
pub(crate) const ENDS: &[&str] = &[
    "a payout is settled",
    "a payout is unmatched",
    "a payout is waiting",
    "a payout is ignored: cancelled",
    "a payout is ignored: by_hand",
    "a payout is ignored: excluded",
    "a payout is blocked: payout_unmatched",
    "a payout is blocked: payout_late",
    "a payout is blocked: payout_rest",
    "a payout is blocked: payout_corrected",
    "a payout is blocked: invoice_paid",
    "a return is settled",
    "a return is waiting",
    "a return is ignored",
    "a return is ignored: by_hand",
    "a return is ignored: excluded",
    "a return is blocked: return_needs_person",
];

impl World {
    /// People approve what waits for them.
    pub(crate) fn people_approve(&mut self) {
        if self.terms.sale.is_none() {
            return;
        }
        let at = self.clock.truth();
        for kind in [Kind::Receipt, Kind::Return] {
            let words = format!("approval of every {}", kind.as_str());
            self.after.errands.push(Errand { at, words, deed: Deed::Approve(kind) });
        }
    }

    /// A person takes everything about an order back.
    pub(crate) fn undo(&mut self, order: &str) {
        let (at, words) = (self.clock.truth(), format!("undo of order {order}"));
        self.after.errands.push(Errand { at, words, deed: Deed::Undo(order.to_owned()) });
    }

    /// Days pass as long as time alone soon changes a decision, and until all clocks show the same day.
    pub(crate) async fn let_days_pass(&mut self) -> Result<(), Violation> {
        loop {
            let now = self.clock.truth();
            let soon = |at: &&Timestamp| **at > now && at.duration_since(now) < SOON;
            let day = match self.view.booked.unsettled.values().filter(soon).min() {
                Some(day) => *day,
                None if self.clocks_differ_in_the_day() => now,
                None => return Ok(()),
            };
            // Also by a clock that is behind.
            self.reach(day + SignedDuration::from_mins(10));
            self.run_until_nothing_waits().await?;
        }
    }

    /// Whether it is past midnight for one process and not for another: what one of them decides now, the other would
    /// decide differently.
    fn clocks_differ_in_the_day(&self) -> bool {
        let here = day_in_wib(self.clock.now());
        self.lives.iter().any(|life| matches!(life, Life::Alive(process) if day_in_wib(process.clock.now()) != here))
    }

    /// Orders with a receipt or a return that only a person can bring further.
    pub(crate) fn stuck_after_sale(&self) -> Vec<String> {
        let blocked = self.view.booked.documents.iter().filter(|(_, document)| document.state == Progress::Blocked);
        let mut orders: Vec<_> = blocked.map(|((order, ..), _)| order.clone()).collect();
        orders.dedup();
        orders
    }

    /// Whether nothing moves that was or will be booked besides invoices.
    pub(crate) fn is_quiet_after_sale(&self) -> bool {
        let now = self.clock.truth();
        let booked = &self.view.booked;
        let moves = booked.documents.iter().any(|((order, ..), document)| {
            document.state == Progress::Due && !self.waits_behind_a_blocked_one(order, document)
        });
        !moves && !self.has_errands() && !booked.unsettled.values().any(|at| *at <= now)
    }

    /// Whether an order's invoice waits for a receipt or a return that a person must bring further.
    pub(crate) fn waits_for_a_person(&self, order: &str) -> bool {
        self.view.booked.of(order).any(|(_, document)| document.state == Progress::Blocked)
    }

    /// Whether a document is to be deleted after another one that a person must bring further. The order says so.
    fn waits_behind_a_blocked_one(&self, order: &str, document: &DocumentRow) -> bool {
        let is_said = |order: &OrderRow| order.state == State::Blocked && order.reason == Reason::InvoicePaid.code();
        document.wanted == Wanted::Gone
            && self.waits_for_a_person(order)
            && self.view.orders.get(order).is_some_and(is_said)
    }

    /// Whether everything after the sale has come to its end.
    pub(crate) async fn is_settled_after_sale(&mut self) -> Result<(), Violation> {
        if self.terms.sale.is_none() {
            return Ok(());
        }
        let now = self.clock.truth();
        let booked = self.view.booked.clone();
        for (key, document) in &booked.documents {
            let is_held = document.lease_until != Timestamp::UNIX_EPOCH;
            let moves = document.state == Progress::Due && !self.waits_behind_a_blocked_one(&key.0, document);
            // What a person took over may have been saved twice: the second save is refused as long as theirs exists.
            let is_peoples = self.after.marks.was_taken(key.1, document.id);
            let is_in_doubt = document.is_unsure && document.state == Progress::Gone && !is_peoples;
            if moves || is_held || is_in_doubt {
                return Err(Violation::Rule(format!("in the end {key:?} is not settled: {document:?}")));
            }
        }
        if let Some((order, at)) = booked.unsettled.iter().find(|(_, at)| **at <= now) {
            return Err(Violation::Rule(format!("in the end it is not decided about order {order}, due at {at}")));
        }
        for row in booked.rows.values() {
            self.coverage.meet("in the end", in_words(row));
        }
        for (id, row) in &booked.rows {
            self.is_explained(row)
                .map_err(|what| Violation::Promise(format!("in the end row {id} {what}: {row:?}")))?;
        }
        if let Some(id) = self.after.sales.row_ids().find(|id| !booked.rows.contains_key(*id)) {
            return Err(Violation::Promise(format!("in the end row {id} is not known")));
        }
        for script in self.scripts.clone() {
            let is_right = self.is_booked_as_it_must_be(&script);
            is_right.map_err(|what| Violation::Promise(format!("in the end order {} {what}", script.id)))?;
            self.says_what_accurate_says(&script.id).await?;
        }
        self.decides_the_same_again().await
    }

    /// Every row is booked, or a person can see why it is not.
    fn is_explained(&self, row: &SettlementRow) -> Result<(), String> {
        let is_known = self.view.orders.contains_key(&row.order);
        let is_right = match row.state {
            RowState::Unmatched => row.order.is_empty() && self.names_nobody(row),
            RowState::Waiting => is_known && !row.waits_for.is_empty(),
            RowState::Settled | RowState::Ignored => is_known || (row.by_hand.is_some() && self.names_nobody(row)),
            RowState::Blocked => is_known && !row.reason.is_empty(),
            RowState::Due => false,
        };
        if !is_right {
            return Err("is not explained".to_owned());
        }
        if !self.is_where_it_belongs(row) {
            return Err("does not belong to its order".to_owned());
        }
        let is_of_an_attempt =
            row.state == RowState::Blocked && !DECIDED.iter().any(|reason| reason.code() == row.reason);
        if row.reason == Reason::FeeKindUnmapped.code() {
            return Err("is blocked although its fee was mapped".to_owned());
        }
        let is_as_booked = self.owners.leaves_alone(&row.order) && !self.has_a_wrong_amount(&row.order);
        if is_of_an_attempt && is_as_booked && !self.after.marks.is_unclear(&row.order, &self.view) {
            return Err("is blocked although nothing prevents it any more".to_owned());
        }
        Ok(())
    }

    /// Whether Accurate has saved another amount of an order than was sent: only a person can say what is right.
    fn has_a_wrong_amount(&self, order: &str) -> bool {
        let is_off = |amount: Decimal| amount.fract() != Decimal::ZERO;
        let live = &self.after.live;
        live.receipts.get(order).into_iter().flatten().any(|receipt| is_off(receipt.cheque_amount))
            || live.returns.get(order).into_iter().flatten().any(|sales_return| is_off(sales_return.total_amount))
            || self.invoices.get(order).into_iter().flatten().any(|invoice| is_off(invoice.total_amount))
    }

    fn is_booked_as_it_must_be(&self, script: &Script) -> Result<(), String> {
        let (id, live) = (&script.id, &self.after.live);
        let order = self.view.orders.get(id).ok_or("is not known")?;
        if self.after.undone.contains(id) && order.state == State::Voided && !live.is_empty(id) {
            return Err(format!("was undone, but {live:?} exists"));
        }
        let standing = self.invoices.get(id).and_then(|invoices| invoices.first());
        let (Some(sold), Some(invoice), State::Invoiced) = (self.after.sales.plain(id), standing, order.state) else {
            return Ok(());
        };
        let is_as_sold = invoice.total_amount == Decimal::from(sold.total()) && self.owners.leaves_alone(id);
        if is_as_sold && self.is_never_booked(id) && invoice.owed() != invoice.total_amount {
            return Err(format!("is never to be paid here, but only {} is owed", invoice.owed()));
        }
        if self.view.booked.is_by_hand(id) {
            return Ok(());
        }
        let is_cancelled = self.view.booked.rows.values().any(|row| row.order == *id && row.kind == Kind::Return);
        if is_as_sold && !is_cancelled && !self.has_a_wrong_amount(id) && invoice.owed() != Decimal::ZERO {
            return Err(format!("was paid completely, but {} is owed: {:?}", invoice.owed(), self.view.booked.rows));
        }
        Ok(())
    }

    /// The sums that pages and `/v1` show of an order are those in Accurate, if people did not book or change anything.
    async fn says_what_accurate_says(&mut self, id: &str) -> Result<(), Violation> {
        let (Some(database), Some([invoice])) = (self.database.clone(), self.invoices.get(id).map(Vec::as_slice))
        else {
            return Ok(());
        };
        let is_invoiced = self.view.orders.get(id).is_some_and(|order| order.invoice_id == Some(invoice.id));
        let is_sure = self.view.booked.of(id).all(|(_, document)| !document.is_unsure);
        let is_comparable = is_invoiced && is_sure && self.owners.leaves_alone(id) && !self.has_a_wrong_amount(id);
        if !is_comparable || self.is_booked_elsewhere(id) {
            return Ok(());
        }
        let (rows, documents) = database.booked(&order_id(id)).await.expect("readable");
        let total = Rupiah::from_decimal(invoice.total_amount);
        let Sums { owed, paid, returned, credit } = sums_of(total, &documents, &rows);
        let theirs = self.after.live.settled.get(&invoice.id).copied().unwrap_or_default();
        let ours = [owed, paid, returned, credit].map(Rupiah::decimal);
        let there = [invoice.owed(), theirs.paid, theirs.returned, invoice.credit()];
        if ours != there {
            let what = format!("in the end order {id} is shown with {ours:?}, but Accurate has {there:?}");
            return Err(Violation::Promise(what));
        }
        self.coverage.meet("after the sale", "the sums that are shown are compared");
        if self.has_taken_over(id) {
            self.coverage.meet("after the sale", "the sums with a document that was taken over are compared");
        }
        Ok(())
    }

    /// What is decided now from everything that is known is what was decided before.
    async fn decides_the_same_again(&mut self) -> Result<(), Violation> {
        let Some(database) = self.database.clone() else { return Ok(()) };
        self.watch.unsettle_all().await;
        let now = self.clock.now();
        let active = mapping::current(database.as_ref()).await.expect("readable");
        for order in database.unsettled(now, 1_000).await.expect("readable").orders {
            let settlement = after_sale::settle(&order, &active, day_in_wib(now));
            let rows = settlement.rows.iter().map(|row| (row.of.id.clone(), &row.outcome));
            let records = settlement.records.iter().map(|record| (record.of.id.clone(), &record.outcome));
            let outcomes: BTreeMap<_, _> = rows.chain(records).collect();
            for (id, outcome) in outcomes {
                let reason = match outcome {
                    Outcome::Blocked(finding) | Outcome::ByHandCorrected(_, finding) => finding.reason.code(),
                    Outcome::Ignored(Some(reason)) => reason.code(),
                    Outcome::ByHand(_) => Reason::ByHand.code(),
                    _ => "",
                };
                let before = &self.view.booked.rows[&id];
                if (before.state, before.reason.as_str()) != (outcome.state(), reason) {
                    let what = format!("in the end row {id} is {before:?}, but must be {outcome:?}");
                    return Err(Violation::Promise(what));
                }
            }
        }
        Ok(())
    }

    /// Whether an order that a person has undone is in a state that follows from it.
    pub(crate) fn is_undone(&self, script: &Script) -> bool {
        let state = self.view.orders.get(&script.id).map(|order| order.state);
        let is_hindered = !self.owners.leaves_alone(&script.id)
            || self.has_a_wrong_amount(&script.id)
            || self.has_taken_over(&script.id);
        match state {
            Some(State::Voided) => {
                !self.invoices.contains_key(&script.id) || self.owners.met(&script.id, Touch::Copied)
            }
            // It was undone while it was not known whether its invoice exists, and that did not.
            Some(State::Ignored) => !self.invoices.contains_key(&script.id),
            Some(State::Blocked | State::VoidDue) => is_hindered,
            _ => false,
        }
    }
}
