//! What one return record means for an order: which pieces, how much, when, and whether a return is created for it.

use jiff::civil::Date;

use super::{
    known::{CameBack, Cancelled, Order, Record, Row, Stage, Standing},
    outcome::{Outcome, ReturnDraft, WaitsFor},
    pieces::pieces_of,
    receipts::{blocked, days_after, refund_in},
    stock::{Pieces, Stock},
};
use crate::domain::{
    about::{About, AfterSale, Correction},
    ids::DocumentNumber,
    mapping::{ClosedMonth, Mapping, RefundOnly, Restock, ReturnMode, WaitFor},
    money::Rupiah,
    reason::{Finding, Reason},
    return_record::{Goods, ReturnKey, ReturnRecord},
    sales_return::{ReturnBody, ReturnStatus, ReturnedItem},
    status::Status,
};

/// The key of `[warehouses]` that names the warehouse for goods that come back.
const RETURNED: &str = "returned";

/// What a return record means.
#[derive(Debug)]
pub(super) enum Meaning {
    /// A return with this draft, once it waits for nothing; its number and part are assigned later.
    Return(Box<ReturnDraft>),
    /// A discount in the receipt, because the buyer keeps the goods.
    Discount,
    /// A person must decide.
    Unclear(Finding),
}

/// The key of the return record that is added for a cancellation after shipping: each order has its own.
pub fn key_of_cancellation(order: &Order<'_>) -> ReturnKey {
    let id = format!("cancelled/{}/{}", order.store_id, order.channel_order_id);
    ReturnKey { source: "forstok".to_owned(), id }
}

/// The return record that is added for a cancellation after shipping: the whole order comes back.
fn record_of_cancellation(order: &Order<'_>, cancelled: Cancelled) -> ReturnRecord {
    ReturnRecord {
        key: key_of_cancellation(order),
        store_id: order.store_id.to_owned(),
        channel_order_id: order.channel_order_id.to_owned(),
        accepted_at: Some(cancelled.day),
        received_at: arrived(order),
        goods: Goods::Returned,
        refund: None,
        pieces: Vec::new(),
    }
}

/// The key of the return record that is added for the status of an order: each order has its own.
pub(super) fn key_of_status(order: &Order<'_>) -> ReturnKey {
    let id = format!("status/{}/{}", order.store_id, order.channel_order_id);
    ReturnKey { source: "forstok".to_owned(), id }
}

/// The return record that must be stored for the status of an order: the whole order comes back. `Returned` says that
/// the goods have arrived (returns.md §1, O). None is added beside what is known already.
pub(super) fn record_of_status(order: &Order<'_>) -> Option<ReturnRecord> {
    let CameBack { day, has_arrived } = order.came_back?;
    let key = key_of_status(order);
    let Some(known) = order.records.iter().map(|record| &record.record).find(|known| known.key == key) else {
        return order.records.iter().all(Record::is_excluded).then(|| ReturnRecord {
            key,
            store_id: order.store_id.to_owned(),
            channel_order_id: order.channel_order_id.to_owned(),
            accepted_at: Some(day),
            received_at: has_arrived.then_some(day),
            goods: Goods::Returned,
            refund: None,
            pieces: Vec::new(),
        });
    };
    // A failed delivery has come back.
    let arrives = has_arrived && known.received_at.is_none();
    arrives.then(|| ReturnRecord { received_at: Some(day), ..known.clone() })
}

/// Whether an order whose delivery had failed was delivered after all: then nothing comes back.
pub(super) fn is_delivered_after_all(order: &Order<'_>, record: &ReturnRecord) -> bool {
    let status = order.snapshot.and_then(|snapshot| snapshot.status);
    record.key == key_of_status(order)
        && record.received_at.is_none()
        && matches!(status, Some(Status::Delivered | Status::Completed))
}

/// The return record that must be stored with those of the order.
pub(super) fn record_to_add(order: &Order<'_>, cancelled: Option<Cancelled>) -> Option<ReturnRecord> {
    let Some(cancelled) = cancelled else { return record_of_status(order) };
    if !cancelled.after_shipping {
        return None;
    }
    let key = key_of_cancellation(order);
    let Some(known) = order.records.iter().map(|record| &record.record).find(|known| known.key == key) else {
        return Some(record_of_cancellation(order, cancelled));
    };
    let arrives = arrived(order).filter(|_| known.received_at.is_none());
    arrives.map(|day| ReturnRecord { received_at: Some(day), ..known.clone() })
}

/// The day on which the goods of an order that was cancelled after shipping have arrived, according to its status.
fn arrived(order: &Order<'_>) -> Option<Date> {
    let of_status = key_of_status(order);
    let before = || order.records.iter().find(|record| record.record.key == of_status)?.record.received_at;
    order.cancelled?.arrived.or_else(before)
}

/// What a record means, given what is left of the invoice.
pub(super) fn meaning(
    order: &Order<'_>,
    invoice: Standing<'_>,
    row: &Record,
    mapping: &Mapping,
    stock: &Stock<'_>,
) -> Meaning {
    let record = &row.record;
    if is_discount(order, record, invoice, mapping) {
        return Meaning::Discount;
    }
    // The customer and the day of an adopted invoice are known, but not its lines.
    let sent = invoice.draft.body.total();
    if invoice.draft.body.total_is_final() && sent != invoice.total {
        let about = About::AfterSale { of: AfterSale::TotalAdopted { sent, total: invoice.total } };
        return Meaning::Unclear(Finding { reason: Reason::ReturnNeedsPerson, about });
    }
    let pieces = match which_pieces(order, record, mapping, stock) {
        Ok(pieces) => pieces,
        Err(about) => return Meaning::Unclear(Finding { reason: Reason::ReturnNeedsPerson, about }),
    };
    let draft = draft(order, invoice, row, mapping, stock, &pieces);
    // Goods that the buyer keeps are no return if less went back than their price: a discount is.
    match record.refund {
        Some(refund) if record.goods == Goods::Kept && refund < draft.total => Meaning::Discount,
        _ => Meaning::Return(Box::new(draft)),
    }
}

/// Money that went back without goods is a discount, unless the mapping wants a return for it or all of the invoice
/// went back: then no receipt is left to hold the discount (returns.md §4).
fn is_discount(order: &Order<'_>, record: &ReturnRecord, invoice: Standing<'_>, mapping: &Mapping) -> bool {
    // What a receipt has booked as a discount stays one.
    let is_open =
        |row: &&Row| row.by_hand.is_none() && !row.receipt.as_ref().is_some_and(|receipt| receipt.stage.is_fixed());
    let rows = || order.rows.iter().filter(is_open);
    let refund = record.refund.unwrap_or_else(|| rows().map(|row| refund_in(&row.payout, mapping)).sum());
    let is_whole = record.pieces.is_empty() && refund >= invoice.total;
    record.goods == Goods::Kept && mapping.returns.refund_only == RefundOnly::Discount && !is_whole
}

fn which_pieces(
    order: &Order<'_>,
    record: &ReturnRecord,
    mapping: &Mapping,
    stock: &Stock<'_>,
) -> Result<Pieces, About> {
    let everything = stock.everything();
    if everything.is_empty() {
        let shipping = stock.shipping().iter().map(|expense| expense.expense_amount).sum();
        return Err(About::AfterSale { of: AfterSale::NothingLeft { shipping } });
    }
    if record.pieces.is_empty() {
        return Ok(everything);
    }
    let snapshot = order.snapshot.ok_or(About::BodyCleared)?;
    pieces_of(record, snapshot, mapping, stock).map_err(|of| About::AfterSale { of })
}

/// The warehouse for goods that come back, if it is not that of the invoice.
fn warehouse_for_returns<'a>(mapping: &'a Mapping, store_id: &str) -> Option<&'a str> {
    match mapping.stores.get(store_id) {
        Some(store) => mapping.warehouse(store, RETURNED),
        None => mapping.warehouses.as_ref()?.get(RETURNED).map(String::as_str),
    }
}

fn draft(
    order: &Order<'_>,
    invoice: Standing<'_>,
    row: &Record,
    mapping: &Mapping,
    stock: &Stock<'_>,
    pieces: &Pieces,
) -> ReturnDraft {
    let sold = &invoice.draft.body;
    // What Forstok puts back into stock must not come back a second time.
    let comes_back = row.record.goods == Goods::Returned && mapping.returns.restock == Restock::Accurate;
    let status = if comes_back { ReturnStatus::Returned } else { ReturnStatus::NotReturned };
    let status = mapping.returns.send_status.then_some(status);
    let returned_to = if comes_back { warehouse_for_returns(mapping, order.store_id) } else { None };
    let lines = stock.lines(pieces);
    let detail_item = lines.into_iter().map(|(line, quantity)| ReturnedItem {
        item_no: line.item_no.clone(),
        quantity: quantity.normalize(),
        unit_price: line.unit_price,
        warehouse_name: returned_to.map(str::to_owned).or_else(|| line.warehouse_name.clone()),
        return_detail_status_type: status,
        use_tax1: line.use_tax1,
    });
    let trans_date = day_of(order, row, mapping).unwrap_or_else(|own| own.max(sold.trans_date));
    let body = ReturnBody {
        customer_no: sold.customer_no.clone(),
        return_type: "INVOICE".to_owned(),
        invoice_number: invoice.number.clone(),
        trans_date,
        number: DocumentNumber::default(),
        branch_name: None,
        return_status_type: status,
        taxable: sold.taxable,
        inclusive_tax: sold.inclusive_tax,
        tax_date: sold.taxable.then(|| trans_date.strftime(crate::domain::invoice::ACCURATE_DAY).to_string()),
        tax_number: sold.taxable.then(|| mapping.returns.tax_number.clone()),
        cash_discount: stock.discount_of(pieces),
        // Shipping goes back only with the whole order (design.md §7), not with its last pieces.
        detail_expense: Some(if row.record.pieces.is_empty() { stock.shipping() } else { Vec::new() })
            .filter(|expenses| mapping.returns.send_empty_expense || !expenses.is_empty()),
        detail_item: detail_item.collect(),
    };
    let total = stock.total_of(&body, pieces);
    let (book, branch) = (invoice.draft.book.clone(), sold.branch_name.clone());
    ReturnDraft { book, record: row.record.clone(), total, branch, body }
}

/// Whether a return waits until the goods have arrived.
fn waits_for_goods(goods: Goods, mapping: &Mapping) -> bool {
    goods == Goods::Returned && mapping.returns.wait_for == WaitFor::Received
}

/// The day on which the return counts: the goods' arrival, or the acceptance of the request.
///
/// # Errors
///
/// The day, if only this service says so: it may be before a day on which the invoice was dated later.
fn day_of(order: &Order<'_>, row: &Record, mapping: &Mapping) -> Result<Date, Date> {
    let ReturnRecord { accepted_at, received_at, goods, ref key, .. } = row.record;
    let (first, second) =
        if waits_for_goods(goods, mapping) { (received_at, accepted_at) } else { (accepted_at, received_at) };
    let day = first.or(second).ok_or(row.arrived)?;
    // That goods of a cancelled order have arrived is never known from the cancellation, but from the order's status.
    let is_own_arrival = received_at != Some(day) || arrived(order) == Some(day);
    let is_own = *key == key_of_status(order) || (*key == key_of_cancellation(order) && is_own_arrival);
    if is_own { Err(day) } else { Ok(day) }
}

/// Moves a return out of a month that Accurate refused as closed: to the first day of the next month, until a month is
/// open. A return that was moved stays where it is while its record is the same.
pub(super) fn leave_closed_month(draft: &mut ReturnDraft, record: &Record, mapping: &Mapping, today: Date) {
    let stored = record.document.as_ref().filter(|stored| stored.draft.record == record.record);
    let Some(stored) = stored.filter(|_| mapping.returns.closed_month == ClosedMonth::NextOpen) else { return };
    let before = stored.draft.body.trans_date;
    let is_closed = matches!(&stored.stage, Stage::Blocked(finding) if finding.reason == Reason::PeriodClosed);
    let next = before.last_of_month().saturating_add(jiff::Span::new().days(1));
    let was_moved = before > draft.body.trans_date.last_of_month();
    if is_closed && next <= today {
        draft.body.move_to(next);
    } else if was_moved {
        draft.body.move_to(before);
    }
}

/// What a return waits for, or what blocks it; `None` if it must exist now.
pub(super) fn held_up(
    row: &Record,
    draft: &ReturnDraft,
    invoice: Standing<'_>,
    mapping: &Mapping,
    today: Date,
) -> Option<Outcome> {
    let ReturnRecord { accepted_at, received_at, goods, .. } = row.record;
    if waits_for_goods(goods, mapping)
        && let Some(day) = received_at.filter(|day| *day > today)
    {
        return Some(Outcome::Waiting(WaitsFor::Day(day)));
    }
    if waits_for_goods(goods, mapping) && received_at.is_none() {
        let since = accepted_at.unwrap_or(row.arrived);
        let until = days_after(since, mapping.returns.wait_days);
        return Some(if today < until {
            Outcome::Waiting(WaitsFor::Goods(until))
        } else {
            blocked(Reason::ReturnNeedsPerson, AfterSale::GoodsMissing { since })
        });
    }
    let (returned, invoice) = (draft.body.trans_date, invoice.draft.body.trans_date);
    if returned < invoice {
        return Some(blocked(Reason::ReturnNeedsPerson, AfterSale::ReturnBeforeInvoice { returned, invoice }));
    }
    // What a person approves must be what they saw: the amount is shown if the buyer got back another one.
    let is_expected = row.record.refund.is_none_or(|refund| is_refund_of(refund, draft));
    match mapping.returns.mode {
        ReturnMode::List => Some(Outcome::Waiting(WaitsFor::Person)),
        ReturnMode::Approve | ReturnMode::Auto if row.approved => None,
        ReturnMode::Approve | ReturnMode::Auto if !is_expected => {
            Some(Outcome::Waiting(WaitsFor::ApprovalOf(draft.total)))
        }
        ReturnMode::Approve => Some(Outcome::Waiting(WaitsFor::Approval)),
        ReturnMode::Auto => None,
    }
}

/// Whether this is what the buyer got back for the pieces of a return: with or without their share of the discount, and
/// with or without the shipping on the invoice.
fn is_refund_of(refund: Rupiah, draft: &ReturnDraft) -> bool {
    let shipping = draft.body.shipping();
    let (total, discount) = (draft.total, draft.body.cash_discount);
    // With exclusive tax, the total has sen that no marketplace pays.
    let has_sen = draft.body.taxable && !draft.body.inclusive_tax;
    let is_equal = |one: Rupiah| one == refund || (has_sen && one.is_within_a_rupiah_of(refund));
    [total, total + discount, total - shipping, total + discount - shipping].into_iter().any(is_equal)
}

/// What changed in a record since its return was made: order, goods, pieces, or the day that dated it. Other days and
/// amounts may still change without any effect on the return; a day that becomes known later corrects nothing.
pub(super) fn corrections(
    booked: &ReturnRecord,
    now: &ReturnRecord,
    store_id: &str,
    mapping: &Mapping,
) -> Vec<Correction> {
    let goods = |record: &ReturnRecord| match record.goods {
        Goods::Returned => "returned".to_owned(),
        Goods::Kept => "kept".to_owned(),
    };
    let pieces = |record: &ReturnRecord| {
        let mut pieces: Vec<_> = record
            .pieces
            .iter()
            .map(|piece| format!("{} × {}", piece.quantity.normalize(), piece.sku.trim()))
            .collect();
        pieces.sort();
        pieces.join(", ")
    };
    let order = |record: &ReturnRecord| record.channel_order_id.clone();
    // A source that names the order's store only now corrects nothing.
    let store = if booked.store_id.is_empty() { store_id.to_owned() } else { booked.store_id.clone() };
    let store_now = if now.store_id.is_empty() { store.clone() } else { now.store_id.clone() };
    let (name, day, day_now) = if waits_for_goods(booked.goods, mapping) {
        ("received_at", booked.received_at, now.received_at)
    } else {
        ("accepted_at", booked.accepted_at, now.accepted_at)
    };
    let text = |day: Option<Date>| day.map(|day| day.to_string()).unwrap_or_default();
    // What was not known, or is not known any more, corrects nothing.
    let day_now = if day.is_some() { day_now.or(day) } else { None };
    // Of goods that the buyer keeps, the refund says what is booked.
    let (refund, refund_now) = match (booked.goods, now.goods) {
        (Goods::Kept, Goods::Kept) => (booked.refund, now.refund.filter(|_| booked.refund.is_some()).or(booked.refund)),
        _ => (None, None),
    };
    let money = |refund: Option<Rupiah>| refund.map(|refund| refund.to_string()).unwrap_or_default();
    [
        (name, text(day), text(day_now)),
        ("store_id", store, store_now),
        ("channel_order_id", order(booked), order(now)),
        ("goods", goods(booked), goods(now)),
        ("refund", money(refund), money(refund_now)),
        ("pieces", pieces(booked), pieces(now)),
    ]
    .into_iter()
    .filter(|(_, before, after)| before != after)
    .map(|(what, before, after)| Correction { what: what.to_owned(), before, after })
    .collect()
}
