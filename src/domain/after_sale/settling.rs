//! The decision for an order whose invoice exists: returns first, then receipts, then the invoice itself.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;

use super::{
    by_hand::BookedByHand,
    known::{Cancelled, Document, Order, Record, Row, Stage, Standing},
    ledger::Ledger,
    outcome::{Fate, Outcome, Planned, ReceiptDraft, ReturnDraft, Settlement, Verdict, WaitsFor},
    receipts::{self, Booking, BookingContext, blocked, days_after},
    returns::{self, Meaning, key_of_cancellation, key_of_status},
    same_money,
    stock::Stock,
};
use crate::domain::{
    about::{About, AfterSale, Correction},
    document::Part,
    mapping::{Mapping, PayoutPost},
    money::Rupiah,
    payout::PayoutKey,
    reason::{Finding, Reason},
    return_record::ReturnKey,
};

/// One decision in progress.
#[derive(Clone)]
pub(super) struct Settling<'a> {
    pub(super) order: &'a Order<'a>,
    pub(super) invoice: Standing<'a>,
    pub(super) mapping: &'a Mapping,
    today: Date,
    pub(super) ledger: Ledger,
    pub(super) stock: Stock<'a>,
    pub(super) by_hand: BookedByHand,
    receipts: Vec<Planned<PayoutKey, ReceiptDraft>>,
    returns: Vec<Planned<ReturnKey, ReturnDraft>>,
    pub(super) rows: HashMap<usize, Outcome>,
    pub(super) records: BTreeMap<usize, Outcome>,
    /// What records take off the invoice; `None` if that is not known yet.
    pub(super) amounts: HashMap<usize, Option<Rupiah>>,
    /// The highest parts so far: each new document gets the next one.
    last_receipt: Part,
    last_return: Part,
}

impl<'a> Settling<'a> {
    pub(super) fn new(order: &'a Order<'a>, invoice: Standing<'a>, mapping: &'a Mapping, today: Date) -> Self {
        let receipts = order.rows.iter().filter_map(|row| Some(row.receipt.as_ref()?.part));
        let returns = order.records.iter().filter_map(|record| Some(record.document.as_ref()?.part));
        Self {
            order,
            invoice,
            mapping,
            today,
            ledger: Ledger::open(invoice),
            stock: Stock::of(invoice),
            by_hand: BookedByHand::default(),
            receipts: Vec::new(),
            returns: Vec::new(),
            rows: HashMap::new(),
            records: BTreeMap::new(),
            amounts: HashMap::new(),
            last_receipt: receipts.chain([order.last_parts.receipt]).max().unwrap_or_default(),
            last_return: returns.chain([order.last_parts.sales_return]).max().unwrap_or_default(),
        }
    }

    pub(super) fn settle(mut self, cancelled: Option<Cancelled>) -> Settlement {
        self.keep_what_was_sent();
        self.keep_what_people_booked();
        let mut fate = self.of_cancelled(cancelled);
        if let Fate::Blocked(_) = fate {
            fate = self.with_further_returns(cancelled, fate);
        }
        match (&fate, cancelled) {
            (Fate::Void, _) => self.hold_everything(WaitsFor::Invoice),
            // Nothing is added to what a person has to decide about.
            (Fate::Blocked(_), _) => self.hold_everything(WaitsFor::Decision),
            (Fate::Kept, _) => {
                self.decide_records(cancelled);
                self.decide_rows();
            }
        }
        self.finish(fate, cancelled)
    }

    /// Nothing is added to what was sent as long as a person has to decide about the order.
    pub(super) fn hold(mut self, cancelled: Option<Cancelled>) -> Settlement {
        self.keep_what_was_sent();
        self.keep_what_people_booked();
        self.hold_everything(WaitsFor::Decision);
        self.finish(Fate::Kept, cancelled)
    }

    /// Receipts and returns that were sent stay as they are, whatever is known now.
    fn keep_what_was_sent(&mut self) {
        for (place, record) in self.order.records.iter().enumerate() {
            let Some(document) = record.document.as_ref().filter(|document| document.stage.is_fixed()) else {
                continue;
            };
            let changes =
                returns::corrections(&document.draft.record, &record.record, self.order.store_id, self.mapping);
            self.records.insert(place, sent(document, Reason::ReturnNeedsPerson, changes));
            self.amounts.insert(place, Some(document.draft.total));
            self.give_back(record, document.part, document.draft.clone());
        }
        for (place, row) in self.order.rows.iter().enumerate() {
            let Some(document) = row.receipt.as_ref().filter(|document| document.stage.is_fixed()) else { continue };
            let changes = receipts::corrections(&document.draft.payout, &row.payout, self.order.store_id);
            self.rows.insert(place, sent(document, Reason::PayoutCorrected, changes));
            self.pay(row, document.part, document.draft.clone());
        }
    }

    /// What a cancellation does to the invoice (design.md §7): while money is booked on it, a person decides; after
    /// shipping, a return is booked instead of deleting it; otherwise it must be deleted.
    fn of_cancelled(&self, cancelled: Option<Cancelled>) -> Fate {
        let Some(cancelled) = cancelled else { return Fate::Kept };
        // What was paid for goods that all came back is a credit of the customer's: nothing is left to decide.
        if cancelled.after_shipping && self.ledger.sums().returned >= self.invoice.total {
            return Fate::Kept;
        }
        let of_cancellation = key_of_cancellation(self.order);
        let mut numbers: Vec<_> = self.receipts.iter().map(|receipt| receipt.draft.body.number.clone()).collect();
        // After shipping, a return that takes everything back is what the cancellation wants.
        let all_went_back = cancelled.after_shipping && self.ledger.owed().is_zero();
        let returns = self.returns.iter().filter(|one| one.of != of_cancellation && !all_went_back);
        numbers.extend(returns.map(|one| one.draft.body.number.clone()));
        numbers.extend(self.receipts_by_hand());
        if !all_went_back {
            numbers.extend(self.returns_by_hand());
        }
        if !numbers.is_empty() {
            let about = About::AfterSale { of: AfterSale::Booked { numbers } };
            return Fate::Blocked(Finding { reason: Reason::InvoicePaid, about });
        }
        let has_returns = !self.returns.is_empty() || self.by_hand.returned.is_positive();
        if cancelled.after_shipping || has_returns { Fate::Kept } else { Fate::Void }
    }

    /// Further return records may take back the rest of an order that was cancelled after shipping: then nothing is
    /// left for a person. Otherwise they wait, also for their approval.
    fn with_further_returns(&mut self, cancelled: Option<Cancelled>, fate: Fate) -> Fate {
        if !cancelled.is_some_and(|cancelled| cancelled.after_shipping) {
            return fate;
        }
        let mut further = self.clone();
        further.decide_records(cancelled);
        if further.of_cancelled(cancelled) == Fate::Kept {
            *self = further;
            return Fate::Kept;
        }
        let adds_nothing = |outcome: &Outcome| matches!(outcome, Outcome::Waiting(_) | Outcome::Ignored(_));
        for (place, outcome) in further.records.into_iter().filter(|(_, outcome)| adds_nothing(outcome)) {
            self.records.entry(place).or_insert(outcome);
            if let Some(amount) = further.amounts.get(&place) {
                self.amounts.insert(place, *amount);
            }
        }
        fate
    }

    fn hold_everything(&mut self, waits_for: WaitsFor) {
        for place in 0..self.order.rows.len() {
            self.rows.entry(place).or_insert(Outcome::Waiting(waits_for));
        }
        for place in 0..self.order.records.len() {
            self.records.entry(place).or_insert(Outcome::Waiting(waits_for));
        }
    }

    fn decide_records(&mut self, cancelled: Option<Cancelled>) {
        let of_cancellation = key_of_cancellation(self.order);
        let of_status = key_of_status(self.order);
        let is_other = |key: &ReturnKey| *key != of_cancellation && *key != of_status;
        let others = self.order.records.iter().any(|record| is_other(&record.record.key) && !record.is_excluded());
        for (place, record) in self.order.records.iter().enumerate() {
            if self.records.contains_key(&place) {
                continue;
            }
            // What the marketplace says about the goods replaces what the cancellation or the status alone says.
            let is_replaced = if record.record.key == of_cancellation {
                others || !cancelled.is_some_and(|cancelled| cancelled.after_shipping)
            } else {
                record.record.key == of_status
                    && (others || cancelled.is_some() || returns::is_delivered_after_all(self.order, &record.record))
            };
            let outcome = if is_replaced {
                self.amounts.insert(place, record.record.refund);
                Outcome::Ignored(None)
            } else if self.is_without_details(record) {
                blocked(Reason::ReturnNeedsPerson, AfterSale::StatusOnly)
            } else {
                self.decide_record(place, record)
            };
            self.records.insert(place, outcome);
        }
        let kept = self.records.iter().filter(|(_, outcome)| **outcome == Outcome::Waiting(WaitsFor::Payout));
        self.ledger.kept = kept.map(|(place, _)| self.order.records[*place].record.refund).sum();
        self.foresee_returns();
    }

    fn decide_record(&mut self, place: usize, record: &Record) -> Outcome {
        match returns::meaning(self.order, self.invoice, record, self.mapping, &self.stock) {
            Meaning::Unclear(finding) => Outcome::Blocked(finding),
            // No payout will contain it.
            Meaning::Discount if record.record.refund == Some(Rupiah::ZERO) => Outcome::Settled,
            Meaning::Discount => Outcome::Waiting(WaitsFor::Payout),
            Meaning::Return(draft) => {
                self.amounts.insert(place, Some(draft.total));
                match returns::held_up(record, &draft, self.invoice, self.mapping, self.today) {
                    Some(outcome) => {
                        self.ledger.explain_by(&draft);
                        outcome
                    }
                    None => self.plan_return(record, *draft),
                }
            }
        }
    }

    fn plan_return(&mut self, record: &Record, mut draft: ReturnDraft) -> Outcome {
        let part = part_of(record.document.as_ref(), &mut self.last_return);
        draft.body.number = format!("{}/R{}", self.invoice.number, part.0).into();
        returns::leave_closed_month(&mut draft, record, self.mapping, self.today);
        let outcome = planned(record.document.as_ref(), |stored| stored.body == draft.body);
        self.give_back(record, part, draft);
        outcome
    }

    fn give_back(&mut self, record: &Record, part: Part, draft: ReturnDraft) {
        self.stock.give_back(&draft);
        self.ledger.give_back(draft.total);
        self.ledger.explain_by(&draft);
        self.returns.push(Planned { part, of: record.record.key.clone(), draft });
    }

    /// Rows that may be booked now come first, so that a waiting row does not delay another. Then each waiting row is
    /// tried as if all rows before it were booked, so that a person sees early what will block it.
    fn decide_rows(&mut self) {
        let (may_go, wait): (Vec<_>, Vec<_>) = (0..self.order.rows.len())
            .filter(|place| !self.rows.contains_key(place))
            .partition(|place| self.waits(&self.order.rows[*place]).is_none());
        for place in may_go {
            let row = &self.order.rows[place];
            let outcome = match self.booking_context().book(row, &self.ledger) {
                Ok(Booking::Receipt(draft)) => self.plan_receipt(row, *draft),
                Ok(Booking::Nothing(used)) => {
                    self.ledger.take(used);
                    Outcome::Settled
                }
                Err(outcome) => self.explained(row, outcome),
            };
            self.rows.insert(place, outcome);
        }
        let mut ahead = self.ledger.clone();
        for place in wait {
            let row = &self.order.rows[place];
            let outcome = match self.booking_context().book(row, &ahead) {
                Ok(Booking::Nothing(used)) => {
                    ahead.take(used);
                    Outcome::Settled
                }
                Ok(Booking::Receipt(draft)) => {
                    ahead.pay(&draft);
                    self.waits(row).map_or(Outcome::Due, Outcome::Waiting)
                }
                Err(outcome) => self.explained(row, outcome),
            };
            self.rows.insert(place, outcome);
        }
    }

    fn explained(&self, row: &Row, outcome: Outcome) -> Outcome {
        same_money::explain(outcome, &row.payout, &self.receipts, (self.mapping, self.order.store_id))
    }

    /// What a row waits for that could otherwise be booked.
    fn waits(&self, row: &Row) -> Option<WaitsFor> {
        let rules = &self.mapping.payout;
        let mut day = days_after(row.payout.paid_at, rules.delay_days);
        if !row.approved {
            match rules.post {
                PayoutPost::Approve => return Some(WaitsFor::Approval),
                PayoutPost::Auto => day = day.max(days_after(row.arrived, rules.auto_after_days)),
            }
        }
        (self.today < day).then_some(WaitsFor::Day(day))
    }

    fn plan_receipt(&mut self, row: &Row, mut draft: ReceiptDraft) -> Outcome {
        let part = part_of(row.receipt.as_ref(), &mut self.last_receipt);
        draft.body.number = format!("{}/{}", self.invoice.number, part.0).into();
        let outcome = planned(row.receipt.as_ref(), |stored| stored.body == draft.body);
        self.pay(row, part, draft);
        outcome
    }

    fn pay(&mut self, row: &Row, part: Part, draft: ReceiptDraft) {
        self.ledger.pay(&draft);
        self.receipts.push(Planned { part, of: row.payout.key.clone(), draft });
    }

    pub(super) fn booking_context(&self) -> BookingContext<'a> {
        BookingContext {
            mapping: self.mapping,
            store_id: self.order.store_id,
            invoice: self.invoice,
            today: self.today,
        }
    }

    fn finish(mut self, invoice: Fate, cancelled: Option<Cancelled>) -> Settlement {
        self.settle_discounts();
        let rows: Vec<_> = self
            .order
            .rows
            .iter()
            .enumerate()
            .map(|(place, row)| Verdict {
                of: row.payout.key.clone(),
                outcome: self.rows.remove(&place).expect("every row was decided"),
                amount: Some(row.payout.net),
            })
            .collect();
        let records: Vec<_> = self
            .order
            .records
            .iter()
            .enumerate()
            .map(|(place, record)| Verdict {
                of: record.record.key.clone(),
                outcome: self.records.remove(&place).expect("every record was decided"),
                amount: self.amounts.remove(&place).unwrap_or_else(|| self.worth(record)),
            })
            .collect();
        let of_rows = rows.iter().filter_map(|verdict| verdict.outcome.changes_on());
        let of_records = records.iter().filter_map(|verdict| verdict.outcome.changes_on());
        let again_on = of_rows.chain(of_records).min();
        self.receipts.sort_by_key(|receipt| receipt.part);
        self.returns.sort_by_key(|one| one.part);
        Settlement {
            add: returns::record_to_add(self.order, cancelled),
            sums: Ledger::in_accurate(self.order, self.invoice, self.by_hand).sums(),
            receipts: self.receipts,
            returns: self.returns,
            rows,
            records,
            invoice,
            again_on,
        }
    }
}

/// The outcome of a row or record whose document was sent. A correction of what exists is left to a person; as long as
/// the document may only exist, nobody knows yet whether the correction comes too late.
fn sent<D>(document: &Document<D>, reason: Reason, changes: Vec<Correction>) -> Outcome {
    match &document.stage {
        Stage::Exists if !changes.is_empty() => blocked(reason, AfterSale::Corrected { changes }),
        Stage::Exists => Outcome::Settled,
        Stage::Stuck(finding) => Outcome::Blocked(finding.clone()),
        Stage::Planned | Stage::Sent | Stage::Blocked(_) | Stage::Gone | Stage::GivenUp(_) => Outcome::Due,
    }
}

/// The outcome of a row or record whose document is wanted. A blocked document stays blocked until its draft changes.
fn planned<D>(stored: Option<&Document<D>>, is_same: impl Fn(&D) -> bool) -> Outcome {
    match stored {
        Some(Document { stage: Stage::Blocked(finding) | Stage::GivenUp(finding), draft, .. }) if is_same(draft) => {
            Outcome::Blocked(finding.clone())
        }
        _ => Outcome::Due,
    }
}

/// The part of a document: its own, or the next one.
fn part_of<D>(stored: Option<&Document<D>>, last: &mut Part) -> Part {
    stored.map_or_else(
        || {
            last.0 += 1;
            *last
        },
        |document| document.part,
    )
}
