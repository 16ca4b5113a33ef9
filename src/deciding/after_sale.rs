//! Decides what is booked besides the invoice: receipts for payouts, and returns.

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashSet},
    panic::AssertUnwindSafe,
};

use jiff::{SignedDuration, civil::Date};
use tracing::{Span, field::Empty};

use super::{Deciding, mapping::ActiveMapping, snapshot};
use crate::{
    domain::{
        after_sale::{
            self, ByHand, CameBack, Cancelled, Document, Fate, Invoice, LastParts, Order, Outcome, Record, Row,
            Settlement, Stage, Standing,
        },
        day_in_wib,
        decision::{after_settlement, awaits_deletions, awaits_settlement, cancellation_of_invoiced},
        document::{Drafted, Kind, Part, Progress, Wanted},
        history::Cancellation,
        ids::DocumentNumber,
        invoice::Draft,
        manual::Manual,
        mapping::OnCancel,
        money::Rupiah,
        order::Snapshot,
        reason::{Reason, Warning},
        state::State,
        status::Status,
    },
    storage::{
        OrderDocument, Result, RowContent, RowRecord, SettlementVerdict, UnreadableOrder, Unsettled, UnsettledNews,
    },
    traces,
};

/// When orders that cannot be decided are tried again without news: they may be readable by then.
const UNREADABLE_AGAIN: SignedDuration = SignedDuration::from_hours(1);

impl Deciding {
    /// Decides up to `batch` orders; returns how many decisions took effect.
    pub async fn settle_some(&self, batch: i64) -> Result<usize> {
        let now = self.clock.now();
        let UnsettledNews { orders, mut unreadable } = self.storage.unsettled(now, batch).await?;
        let (mapping, today) = (self.mapping(), day_in_wib(now));
        let (mut verdicts, mut blocked) = (Vec::with_capacity(orders.len()), Vec::new());
        for order in &orders {
            let (order_id, revision) = (order.order.order_id.clone(), order.revision);
            let decided = std::panic::catch_unwind(AssertUnwindSafe(|| traced(order, &mapping, today)));
            let Ok(settlement) = decided else {
                metrics::counter!("forstok_accurate_task_panics_total", "task" => "deciding").increment(1);
                unreadable.push(UnreadableOrder { order_id, revision, problem: "the decision panicked".to_owned() });
                continue;
            };
            blocked.extend(newly_blocked(order, &settlement).map(|reason| (order_id.clone(), reason)));
            let mapping_revision = mapping.revision;
            let moving = order.rows.iter().filter(|row| moves_on(row, order)).map(|row| row.id).collect();
            let order = after_settlement(&order.order, &settlement.invoice, stuck(order), mapping_revision);
            verdicts.push(SettlementVerdict { order_id, revision, mapping_revision, settlement, moving, order });
        }
        let settled = if verdicts.is_empty() {
            HashSet::new()
        } else {
            self.storage.settle_orders(&verdicts, self.clock.now()).await?
        };
        for (order_id, reason) in blocked.into_iter().filter(|(order_id, _)| settled.contains(order_id)) {
            let (order_id, reason) = (order_id.as_str(), reason.code());
            tracing::warn!(order_id, reason, "a payout or a return of order {order_id} is blocked: {reason}");
        }
        Ok(settled.len() + self.block_unreadable(&unreadable).await?)
    }

    /// Blocks what cannot be decided; returns for how many orders that is new.
    async fn block_unreadable(&self, unreadable: &[UnreadableOrder]) -> Result<usize> {
        if unreadable.is_empty() {
            return Ok(0);
        }
        let now = self.clock.now();
        let blocked = self.storage.block_unreadable(unreadable, now + UNREADABLE_AGAIN, now).await?;
        for UnreadableOrder { order_id, problem, .. } in unreadable.iter().filter(|one| blocked.contains(&one.order_id))
        {
            tracing::error!(%order_id, "payouts of order {order_id} are blocked: they cannot be decided: {problem}");
        }
        Ok(blocked.len())
    }
}

/// Why payouts, returns or the cancellation of an order are blocked that were not blocked for this reason before.
fn newly_blocked(order: &Unsettled, settlement: &Settlement) -> impl Iterator<Item = Reason> {
    let outcomes = settlement.rows.iter().map(|row| &row.outcome);
    let outcomes = outcomes.chain(settlement.records.iter().map(|record| &record.outcome));
    let findings = outcomes.filter_map(Outcome::finding);
    let fate = match &settlement.invoice {
        Fate::Blocked(finding) => Some(finding),
        Fate::Kept | Fate::Void => None,
    };
    let reasons: BTreeSet<_> = findings.chain(fate).map(|finding| finding.reason).collect();
    let before: BTreeSet<_> = order.rows.iter().filter_map(|row| row.reason).chain(order.order.reason).collect();
    reasons.into_iter().filter(move |reason| !before.contains(reason))
}

/// The decision about one order, as a stage of its trace.
fn traced(order: &Unsettled, mapping: &ActiveMapping, today: Date) -> Settlement {
    let order_id = order.order.order_id.as_str();
    let span = tracing::info_span!("after_sale", order_id, receipts = Empty, returns = Empty, reason = Empty);
    traces::orders::next_stage(order_id, span).in_scope(|| {
        let settlement = settle(order, mapping, today);
        let span = Span::current();
        span.record("receipts", settlement.receipts.len()).record("returns", settlement.returns.len());
        span.record("reason", newly_blocked(order, &settlement).next().map(Reason::code));
        traces::orders::remember(order_id);
        settlement
    })
}

/// Decides one order.
pub fn settle(order: &Unsettled, active: &ActiveMapping, today: Date) -> Settlement {
    let snapshot = snapshot(&order.order).ok();
    let of_order = || order.rows.iter().filter(|row| !moves_on(row, order));
    let rows: Vec<_> = of_order().filter_map(|row| payout(row, order)).collect();
    let records: Vec<_> = of_order().filter_map(|row| record(row, order)).collect();
    let draft = order.order.draft.as_ref().map(|draft| as_booked(draft, order.booked_on.as_ref()));
    let known = Order {
        store_id: &order.order.store_id,
        channel_order_id: &order.channel_order_id,
        invoice: invoice(order, draft.as_deref()),
        cancelled: cancelled(order, snapshot.as_ref(), active),
        came_back: snapshot.as_ref().and_then(|snapshot| came_back(order, snapshot, active)),
        snapshot: snapshot.as_ref(),
        rows: &rows,
        records: &records,
        last_parts: LastParts {
            receipt: last_part(order, Kind::Receipt),
            sales_return: last_part(order, Kind::Return),
        },
    };
    after_sale::settle(&known, &active.mapping, today)
}

/// The highest part of documents of a kind that existed and are no longer ours: a person may have one of them. What is
/// only planned is found by its row; it may be newer than the rows that were read.
fn last_part(order: &Unsettled, kind: Kind) -> Part {
    let is_left = |one: &&OrderDocument| one.kind == kind && one.progress == Progress::Gone && one.id.is_some();
    order.documents.iter().filter(is_left).map(|document| document.part).max().unwrap_or_default()
}

/// Whether a row was corrected to another order, and nothing books it here any more: it leaves when this decision is
/// written.
fn moves_on(row: &RowRecord, order: &Unsettled) -> bool {
    let (store_id, number) = row.content.order();
    let names_another = number != order.channel_order_id || !["", &*order.order.store_id].contains(&store_id);
    let kind = row.content.kind();
    let is_booked = row.document.as_ref().is_some_and(|document| {
        let of_row = |one: &&OrderDocument| (one.kind, one.part) == (kind, document.part);
        order.documents.iter().find(of_row).is_some_and(OrderDocument::may_exist)
    });
    // An order may change its number; only a row that was corrected belongs somewhere else.
    names_another && row.content_at > row.arrived_at && row.by_hand.is_none() && !is_booked
}

/// The numbers of receipts and returns that could not be deleted; empty unless they must be.
fn stuck(order: &Unsettled) -> Vec<DocumentNumber> {
    let is_stuck = |document: &&OrderDocument| {
        document.kind != Kind::Invoice && document.progress == Progress::Blocked && document.wanted == Wanted::Gone
    };
    order.documents.iter().filter(is_stuck).map(|document| document.number.clone()).collect()
}

/// The order's invoice, as far as receipts and returns depend on it.
fn invoice<'a>(order: &'a Unsettled, draft: Option<&'a Draft>) -> Invoice<'a> {
    match (order.order.state, &order.invoice, draft) {
        _ if is_leaving(order) => Invoice::Leaving,
        (State::Ignored, ..) => Invoice::Absent(order.order.reason),
        (State::Voided, ..) => Invoice::Absent(None),
        (_, Some(invoice), Some(draft)) => {
            let total = Rupiah::from_decimal(invoice.total);
            let standing = Standing { draft, number: &invoice.number, total };
            let is_held = order.order.state == State::Blocked && !awaits_settlement(&order.order);
            if is_held { Invoice::Held(standing) } else { Invoice::Exists(standing) }
        }
        _ => Invoice::Awaited,
    }
}

/// The draft of the invoice with the customer and the day that count since a person adopted them.
fn as_booked<'a>(draft: &'a Draft, booked_on: Option<&(String, Date)>) -> Cow<'a, Draft> {
    match booked_on {
        Some((customer_no, day)) if (&draft.body.customer_no, draft.body.trans_date) != (customer_no, *day) => {
            let mut draft = draft.clone();
            draft.body.customer_no.clone_from(customer_no);
            draft.body.trans_date = *day;
            Cow::Owned(draft)
        }
        _ => Cow::Borrowed(draft),
    }
}

/// The order's cancellation, if it counts and the invoice is not kept.
fn cancelled(order: &Unsettled, snapshot: Option<&Snapshot>, active: &ActiveMapping) -> Option<Cancelled> {
    let (history, manual) = (&order.order.history, order.order.manual.as_ref());
    // The mapping may have kept invoices when it was cancelled: another mapping leaves them as they are.
    let is_kept = order.order.warnings.iter().any(|one| one.warning == Warning::CancelledKept);
    let cancellation = cancellation_of_invoiced(history, snapshot, &active.mapping, manual);
    let counts = cancellation == Cancellation::Counts
        && active.mapping.on_cancel == OnCancel::Void
        && !is_kept
        && manual.is_none_or(|manual| manual.decision != Manual::Now);
    let at = history.last_cancelled_at().filter(|_| counts)?;
    let has_arrived = snapshot.is_some_and(|snapshot| snapshot.status == Some(Status::Returned));
    let arrived = has_arrived.then(|| day_in_wib(history.progress().at));
    Some(Cancelled { day: day_in_wib(at), after_shipping: history.had_left_when_cancelled(), arrived })
}

/// What the order's newest status says about its goods, if the mapping follows that.
fn came_back(order: &Unsettled, snapshot: &Snapshot, active: &ActiveMapping) -> Option<CameBack> {
    if !active.mapping.returns.follows(snapshot.status) {
        return None;
    }
    let at = order.order.history.progress().at;
    Some(CameBack { day: day_in_wib(at), has_arrived: snapshot.status == Some(Status::Returned) })
}

fn payout(row: &RowRecord, order: &Unsettled) -> Option<Row> {
    let RowContent::Payout(payout) = &row.content else { return None };
    let receipt = document(row, order, |draft| match draft {
        Drafted::Receipt(draft) => Some(draft.clone()),
        Drafted::Invoice(_) | Drafted::Return(_) => None,
    });
    Some(Row {
        payout: payout.clone(),
        arrived: day_in_wib(row.content_at),
        approved: row.approved.is_some(),
        by_hand: by_hand(row, order, |was| match was {
            RowContent::Payout(payout) => Some(payout.clone()),
            RowContent::Return(_) => None,
        }),
        receipt,
    })
}

fn record(row: &RowRecord, order: &Unsettled) -> Option<Record> {
    let RowContent::Return(record) = &row.content else { return None };
    let document = document(row, order, |draft| match draft {
        Drafted::Return(draft) => Some(draft.clone()),
        Drafted::Invoice(_) | Drafted::Receipt(_) => None,
    });
    Some(Record {
        record: record.clone(),
        arrived: day_in_wib(row.arrived_at),
        approved: row.approved.is_some(),
        by_hand: by_hand(row, order, |was| match was {
            RowContent::Return(record) => Some(record.clone()),
            RowContent::Payout(_) => None,
        }),
        document,
    })
}

fn by_hand<R>(row: &RowRecord, order: &Unsettled, content: impl Fn(&RowContent) -> Option<R>) -> Option<ByHand<R>> {
    let was = row.was.as_ref().and_then(content);
    // What was counted once stays: a return that comes later leaves a credit, it does not undo a payment.
    let counted = Some(Rupiah::from_hundredths(row.settles)).filter(|amount| !amount.is_zero());
    // A document of an invoice that was deleted is not on the one that was created after it.
    let invoice = order.invoice.as_ref().map(|invoice| invoice.id);
    let is_of_another = row.marked_invoice.is_some() && row.marked_invoice != invoice;
    let by_hand = |one: &crate::storage::ByHand| ByHand {
        number: one.document.clone(),
        amount: if is_of_another { Some(Rupiah::ZERO) } else { one.amount },
        counted: counted.filter(|_| one.document.is_some()),
        was_ours: row.was_ours,
        was,
    };
    row.by_hand.as_ref().map(by_hand)
}

/// The document that books a row.
fn document<D>(row: &RowRecord, order: &Unsettled, draft: impl Fn(&Drafted) -> Option<D>) -> Option<Document<D>> {
    let part = row.document.as_ref()?.part;
    let kind: Kind = row.content.kind();
    let stored = order.documents.iter().find(|document| (document.kind, document.part) == (kind, part))?;
    let stage = match stage(stored) {
        // It could not be deleted, and need not be any more.
        Stage::Stuck(_) if stored.wanted == Wanted::Gone && stored.id.is_some() && !is_leaving(order) => Stage::Exists,
        stage => stage,
    };
    Some(Document { part, stage, draft: draft(stored.draft.as_ref()?)? })
}

/// Whether a person wants everything about the order deleted.
fn is_leaving(order: &Unsettled) -> bool {
    let state = order.order.state;
    state == State::VoidDue || (state == State::Blocked && awaits_deletions(&order.order))
}

/// How far posting is with a document.
fn stage(document: &OrderDocument) -> Stage {
    match document.progress {
        Progress::Exists => Stage::Exists,
        Progress::Gone => document.refused_before().map_or(Stage::Gone, |finding| Stage::GivenUp(finding.clone())),
        Progress::Due if document.may_exist() => Stage::Sent,
        Progress::Due => Stage::Planned,
        Progress::Blocked => match document.findings.first() {
            Some(finding) if document.may_exist() => Stage::Stuck(finding.clone()),
            Some(finding) => Stage::Blocked(finding.clone()),
            None if document.may_exist() => Stage::Sent,
            None => Stage::Planned,
        },
    }
}
