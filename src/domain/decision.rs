//! Order × mapping → what must become of the order. The one place where this is decided.

use jiff::Timestamp;

use super::{
    about::About,
    basis::Basis,
    day_in_wib,
    history::History,
    invoice::{DetailExpense, DetailItem, Draft, InvoiceBody},
    lines::lines_of,
    manual::{Manual, ManualDecision},
    mapping::{InvoiceDate, Mapping, OnTotalDifference, Store, TaxMode, UnknownStores},
    order::Snapshot,
    reason::{Finding, Notice, Reason, Warning},
};

/// What must become of an order that has no invoice yet.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// The chosen status is not reached yet.
    Watch,
    /// A rule says that no invoice is wanted.
    Ignore(Reason),
    /// A person must act: the first finding is the reason, the others stand beside it. Never empty.
    Block(Vec<Finding>),
    /// This invoice must stand.
    Invoice(Box<Draft>, Vec<Notice>),
}

/// Decides about an order from its history, the snapshot whose amounts count, and the mapping in force.
pub fn decide(history: &History, order: &Snapshot, mapping: &Mapping) -> Decision {
    decide_with(history, order, mapping, None)
}

/// As [`decide`] for an order about which a person may have decided; that goes before the rules.
pub fn decide_with(
    history: &History,
    order: &Snapshot,
    mapping: &Mapping,
    manual: Option<&ManualDecision>,
) -> Decision {
    match wanted_since(history, &order.store_id, order.ordered_at, mapping, manual) {
        Ok(reached_at) => draft(order, mapping, reached_at),
        Err(decision) => decision,
    }
}

/// As [`decide_with`] for an order whose snapshot is not at hand: what the rules say without it; why it is not at hand
/// is what stops an invoice that they want.
pub fn decide_without_snapshot(
    history: &History,
    store_id: &str,
    ordered_at: Option<Timestamp>,
    mapping: &Mapping,
    manual: Option<&ManualDecision>,
    why: About,
) -> Decision {
    match wanted_since(history, store_id, ordered_at, mapping, manual) {
        Ok(_) => Decision::Block(vec![Finding { reason: Reason::NoLines, about: why }]),
        Err(decision) => decision,
    }
}

/// When the order reached the chosen status, if the rules want an invoice for it; else what becomes of it.
fn wanted_since(
    history: &History,
    store_id: &str,
    ordered_at: Option<Timestamp>,
    mapping: &Mapping,
    manual: Option<&ManualDecision>,
) -> Result<Timestamp, Decision> {
    match manual.map(|manual| manual.decision) {
        Some(Manual::ByHand) => return Err(Decision::Ignore(Reason::ByHand)),
        Some(Manual::Never | Manual::Undo) => return Err(Decision::Ignore(Reason::Excluded)),
        Some(Manual::Now | Manual::Again) | None => {}
    }
    if is_cancelled(history, manual) {
        return Err(Decision::Ignore(Reason::Cancelled));
    }
    if let Some(ManualDecision { decision: Manual::Now | Manual::Again, at, .. }) = manual {
        // A person's word overrides the rules below; the day is still that of the chosen status where it is reached.
        return Ok(mapping.trigger_rank().and_then(|rank| history.reached_at(rank)).unwrap_or(*at));
    }
    let rank = mapping.trigger_rank().ok_or(Decision::Ignore(Reason::AutoCreateNever))?;
    if let (Some(first_day), Some(ordered_at)) = (mapping.orders_from, ordered_at)
        && day_in_wib(ordered_at) < first_day
    {
        return Err(Decision::Ignore(Reason::BeforeStart));
    }
    if mapping.stores.get(store_id).is_some_and(|store| !store.enabled) {
        return Err(Decision::Ignore(Reason::StoreOff));
    }
    history.reached_at(rank).ok_or(Decision::Watch)
}

/// Whether the order's cancellation counts. What a person has created again after it stays.
pub fn is_cancelled(history: &History, manual: Option<&ManualDecision>) -> bool {
    let created_again = manual.filter(|manual| manual.decision == Manual::Again).map(|manual| manual.at);
    history.cancelled_at.is_some_and(|at| created_again.is_none_or(|again| at > again))
}

fn draft(order: &Snapshot, mapping: &Mapping, reached_at: Timestamp) -> Decision {
    // Findings are pushed in the order in which reasons go first (design.md §6).
    let mut findings = Vec::new();
    let mut notices = Vec::new();
    let mapped = mapping.stores.get(&order.store_id);
    let unknown = Store::unknown();
    let store = mapped.unwrap_or(&unknown);
    let accepted = mapping.unknown_stores == UnknownStores::Accept && !order.store_id.is_empty();
    if mapped.is_none() && !accepted {
        findings.push(Finding { reason: Reason::StoreUnmapped, about: store_of(order) });
    }
    let warehouse = warehouse_of(order, mapping, store, &mut findings);
    if order.products().all(|product| product.quantity.is_zero()) {
        findings.push(Finding { reason: Reason::NoLines, about: About::Order { id: order.id.to_string() } });
    }
    let mut line_findings = Vec::new();
    let lines = lines_of(order, mapping, &mut line_findings);
    let (without_price, without_sku): (Vec<_>, Vec<_>) =
        line_findings.into_iter().partition(|finding| finding.reason == Reason::TotalDifference);
    findings.extend(without_sku);

    let tax = store.tax.unwrap_or(mapping.tax);
    let mut detail_item = Vec::with_capacity(lines.len());
    for line in lines {
        let (item, cut) = DetailItem::new(line, warehouse.clone(), tax != TaxMode::Off);
        if cut {
            notices.push(Notice { warning: Warning::NameCut, about: About::Name { name: item.detail_name.clone() } });
        }
        detail_item.push(item);
    }
    let day = match mapping.invoice_date {
        InvoiceDate::Trigger => reached_at,
        InvoiceDate::Ordered => order.ordered_at.unwrap_or(reached_at),
    };
    let body = InvoiceBody {
        customer_no: store.customer_no.clone().unwrap_or_else(|| order.store_id.clone()),
        trans_date: day_in_wib(day),
        number: mapping.invoice_number.fill(order),
        description: mapping.description.fill(order),
        branch_name: store.branch.clone(),
        payment_term_name: store.payment_term.clone(),
        taxable: tax != TaxMode::Off,
        inclusive_tax: tax == TaxMode::Inclusive,
        cash_discount: order.sellers_discount(),
        detail_item,
        detail_expense: shipping_of(order, mapping, store, &mut findings).into_iter().collect(),
    };
    if body.cash_discount > body.subtotal() && findings.is_empty() && without_price.is_empty() {
        let about = About::Discount { discount: body.cash_discount, subtotal: body.subtotal() };
        findings.push(Finding { reason: Reason::DiscountAboveSubtotal, about });
    }
    findings.extend(without_price);
    let total = body.total();
    // With a line missing the sum is wrong anyway; saying so would hide the cause.
    if let Some(expected) = order.total_price.filter(|expected| *expected != total && findings.is_empty()) {
        let about = About::OrderTotal { invoice: total, order: expected };
        match mapping.on_total_difference {
            OnTotalDifference::Block => findings.push(Finding { reason: Reason::TotalDifference, about }),
            OnTotalDifference::Warn => notices.push(Notice { warning: Warning::TotalDifference, about }),
        }
    }
    if !findings.is_empty() {
        return Decision::Block(findings);
    }
    let draft = Draft {
        book: store.book.clone(),
        customer_name: order.store_name_or_channel().to_owned(),
        create_customer: mapping.create_missing_customers,
        total,
        basis: Basis::of(order),
        body,
    };
    Decision::Invoice(Box::new(draft), notices)
}

fn store_of(order: &Snapshot) -> About {
    About::Store { id: order.store_id.clone(), name: order.store_name_or_channel().to_owned() }
}

fn warehouse_of(order: &Snapshot, mapping: &Mapping, store: &Store, findings: &mut Vec<Finding>) -> Option<String> {
    if !mapping.sends_warehouses(store) {
        return None;
    }
    let found = order.warehouse_id.as_deref().and_then(|id| mapping.warehouse(store, id));
    if found.is_none() {
        let about = About::Warehouse { id: order.warehouse_id.clone() };
        findings.push(Finding { reason: Reason::WarehouseUnmapped, about });
    }
    found.map(str::to_owned)
}

/// The expense line for shipping, when shipping is the seller's money.
fn shipping_of(
    order: &Snapshot,
    mapping: &Mapping,
    store: &Store,
    findings: &mut Vec<Finding>,
) -> Option<DetailExpense> {
    let shipping = order.sellers_shipping();
    if !shipping.is_positive() {
        return None;
    }
    let Some(account) = mapping.account(store, "shipping") else {
        findings.push(Finding { reason: Reason::AccountUnmapped, about: About::Shipping { amount: shipping } });
        return None;
    };
    Some(DetailExpense {
        account_no: account.to_owned(),
        expense_amount: shipping,
        expense_name: "Ongkos kirim".to_owned(),
    })
}
