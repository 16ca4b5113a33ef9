//! Decides whether an order without an invoice gets one, and which.

use jiff::Timestamp;

use crate::domain::{
    about::About,
    basis::Basis,
    day_in_wib,
    history::{Cancellation, History},
    invoice::{DetailExpense, DetailItem, Draft, InvoiceBody},
    lines::lines_of,
    manual::{Manual, ManualDecision},
    mapping::{InvoiceDate, Mapping, OnTotalDifference, Store, TaxMode, UnknownStores},
    money::Rupiah,
    order::Snapshot,
    reason::{Finding, OrderWarning, Reason, Warning},
    status::Status,
    unread::{Field, Problem, Unread, UnreadAmounts, Why},
};

/// The decision about an order without an invoice.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// The chosen status is not reached yet.
    Watch,
    /// A rule says that no invoice is wanted.
    Ignore(Reason),
    /// A person must act. The first finding is the reason; the others are listed too. Never empty.
    Block(Vec<Finding>),
    /// This invoice must exist.
    Invoice(Box<Draft>, Vec<OrderWarning>),
}

/// Largest number of findings that are listed. Once they are fixed, the remaining ones are shown.
const MOST_LISTED: usize = 50;

/// Decides about an order from its history, the snapshot whose amounts count, and the active mapping.
pub fn decide(history: &History, order: &Snapshot, mapping: &Mapping) -> Decision {
    decide_with(history, order, mapping, None)
}

/// Like [`decide`], for an order about which a person may have decided. A person's decision overrides the rules.
pub fn decide_with(
    history: &History,
    order: &Snapshot,
    mapping: &Mapping,
    manual: Option<&ManualDecision>,
) -> Decision {
    match wanted(history, &order.store_id, order.ordered_at, mapping, manual) {
        Ok(wanted) => draft(order, mapping, &wanted),
        Err(decision) => decision,
    }
}

/// Like [`decide_with`], for an order whose snapshot is not available: what the rules say without it. If they want an
/// invoice, the reason why the snapshot is not available blocks the order.
pub fn decide_without_snapshot(
    history: &History,
    store_id: &str,
    ordered_at: Option<Timestamp>,
    mapping: &Mapping,
    manual: Option<&ManualDecision>,
    why: About,
) -> Decision {
    match wanted(history, store_id, ordered_at, mapping, manual) {
        Ok(wanted) => {
            let contradiction = wanted.contradiction.map(contradicted);
            let no_lines = Finding { reason: Reason::NoLines, about: why };
            Decision::Block(contradiction.into_iter().chain([no_lines]).collect())
        }
        Err(decision) => decision,
    }
}

/// Warnings about how an order arrived, whatever is decided about it, except those that are already findings of the
/// decision. `order` is the snapshot whose amounts count, if it is available.
pub fn warnings(
    history: &History,
    order: Option<&Snapshot>,
    mapping: &Mapping,
    decision: &Decision,
) -> Vec<OrderWarning> {
    let mut warnings = Vec::new();
    if let Some(status) = history.unknown_status() {
        warnings
            .push(OrderWarning { warning: Warning::UnknownStatus, about: About::Status { text: status.to_owned() } });
    }
    let findings = match decision {
        Decision::Block(findings) => findings.as_slice(),
        _ => &[],
    };
    let mut warn = |warning, about: About| {
        if warnings.len() < MOST_LISTED && !findings.iter().any(|finding| finding.about == about) {
            warnings.push(OrderWarning { warning, about });
        }
    };
    let Some(order) = order else { return warnings };
    for unread in &order.unread {
        match (unread.field, unread.problem.why) {
            (Field::UpdatedAt | Field::OrderedAt, Why::InFuture) => {
                warn(Warning::TimeInFuture, unread_as(&unread.problem));
            }
            (Field::UpdatedAt | Field::OrderedAt, _) => warn(Warning::TimeUnreadable, unread_as(&unread.problem)),
            _ => {}
        }
    }
    let unread = UnreadAmounts::of(order, mapping.bundles);
    for problem in unread.needed.into_iter().chain(unread.not_needed) {
        warn(Warning::AmountUnreadable, unread_as(problem));
    }
    // The time is that of an earlier snapshot, so it is not in this one.
    if let Some(value) = history.unread_time().filter(|_| order.unread_update_time().is_none()) {
        warn(Warning::TimeUnreadable, unread_update_time(value));
    }
    warnings
}

/// Status and rules say that an invoice is wanted.
struct Wanted {
    /// When the chosen status was reached.
    reached_at: Timestamp,
    /// The text of `updated_at`, if the time is only a guess.
    unread_trigger: Option<String>,
    /// The time is the arrival of a snapshot without `updated_at`.
    is_arrival: bool,
    /// The order was cancelled, and then progressed.
    contradiction: Option<Contradiction>,
    /// A person wants it, whatever the rules say.
    by_person: bool,
}

/// Cancelled, and seen at or past the chosen status afterwards.
#[derive(Clone, Copy)]
struct Contradiction {
    cancelled_at: Timestamp,
}

fn contradiction_of(cancellation: Cancellation) -> Option<Contradiction> {
    match cancellation {
        Cancellation::Contradicted { cancelled_at } => Some(Contradiction { cancelled_at }),
        Cancellation::None | Cancellation::Counts => None,
    }
}

fn contradicted(contradiction: Contradiction) -> Finding {
    let about = About::CancelledOn { day: day_in_wib(contradiction.cancelled_at) };
    Finding { reason: Reason::ProgressedAfterCancel, about }
}

/// Whether the rules want an invoice for the order; otherwise the decision that they lead to.
fn wanted(
    history: &History,
    store_id: &str,
    ordered_at: Option<Timestamp>,
    mapping: &Mapping,
    manual: Option<&ManualDecision>,
) -> Result<Wanted, Decision> {
    match manual.map(|manual| manual.decision) {
        Some(Manual::ByHand) => return Err(Decision::Ignore(Reason::ByHand)),
        Some(Manual::Never | Manual::Undo) => return Err(Decision::Ignore(Reason::Excluded)),
        Some(Manual::Now | Manual::Again) | None => {}
    }
    let cancellation = cancellation(history, mapping, manual);
    if let Cancellation::Counts = cancellation {
        return Err(Decision::Ignore(Reason::Cancelled));
    }
    if let Some(ManualDecision { decision: Manual::Now | Manual::Again, at, .. }) = manual {
        // A person's decision overrides the rules below. The invoice's day is still the day of the chosen status, if it
        // is reached.
        let rank = mapping.trigger_rank();
        let reached_at = rank.and_then(|rank| history.reached_at(rank)).unwrap_or(*at);
        let is_arrival = rank.is_some_and(|rank| history.is_arrival(rank));
        let contradiction = contradiction_of(cancellation);
        return Ok(Wanted { reached_at, unread_trigger: None, is_arrival, contradiction, by_person: true });
    }
    let rank = mapping.trigger_rank().ok_or(Decision::Ignore(Reason::AutoCreateNever))?;
    if let (Some(first_day), Some(ordered_at)) = (mapping.orders_from, ordered_at)
        && day_in_wib(ordered_at) < first_day
    {
        return Err(Decision::Ignore(Reason::BeforeStart));
    }
    let contradiction = contradiction_of(cancellation);
    let is_off = mapping.stores.get(store_id).is_some_and(|store| !store.enabled);
    if is_off && contradiction.is_none() {
        return Err(Decision::Ignore(Reason::StoreOff));
    }
    let reached_at = history.reached_at(rank).ok_or(Decision::Watch)?;
    let unread_trigger = history.unread_time().filter(|_| history.is_guess(rank)).map(str::to_owned);
    Ok(Wanted { reached_at, unread_trigger, is_arrival: history.is_arrival(rank), contradiction, by_person: false })
}

/// How the order's cancellation counts, given a person's decision: creating an invoice again after the latest
/// cancellation overrides it, and a contradiction that a person has resolved no longer counts.
pub(super) fn cancellation(history: &History, mapping: &Mapping, manual: Option<&ManualDecision>) -> Cancellation {
    let cancellation = history.cancellation(mapping.trigger_rank());
    let is_earlier = |manual: &ManualDecision| history.last_cancelled_at().is_some_and(|at| at <= manual.at);
    match (cancellation, manual) {
        (_, Some(manual)) if manual.decision == Manual::Again && is_earlier(manual) => Cancellation::None,
        (Cancellation::Contradicted { .. }, Some(manual)) if manual.decision != Manual::Again || is_earlier(manual) => {
            Cancellation::None
        }
        _ => cancellation,
    }
}

/// The same for an order with an invoice: that a parcel came back which had left before the cancellation contradicts no
/// cancellation, because `Returned` says that its goods have arrived (returns.md §1, O).
pub fn cancellation_of_invoiced(
    history: &History,
    snapshot: Option<&Snapshot>,
    mapping: &Mapping,
    manual: Option<&ManualDecision>,
) -> Cancellation {
    let has_come_back = snapshot.is_some_and(|snapshot| snapshot.status == Some(Status::Returned))
        && history.had_left_when_cancelled()
        && !history.was_delivered_after_all();
    match cancellation(history, mapping, manual) {
        Cancellation::Contradicted { .. } if has_come_back => Cancellation::Counts,
        cancellation => cancellation,
    }
}

fn draft(order: &Snapshot, mapping: &Mapping, wanted: &Wanted) -> Decision {
    // Findings are added in the order of precedence of their reasons (design.md §6).
    let mut findings: Vec<_> = wanted.contradiction.map(contradicted).into_iter().collect();
    let mut warnings = Vec::new();
    let mapped = mapping.stores.get(&order.store_id);
    let unknown = Store::unknown();
    let store = mapped.unwrap_or(&unknown);
    let accepted = mapping.unknown_stores == UnknownStores::Accept && !order.store_id.is_empty();
    if mapped.is_none() && !accepted {
        findings.push(Finding { reason: Reason::StoreUnmapped, about: store_of(order) });
    }
    let warehouse = warehouse_of(order, mapping, store, &mut findings);
    let mut line_findings = Vec::new();
    let lines = lines_of(order, mapping, &mut line_findings);
    let (unusable_amounts, without_sku): (Vec<_>, Vec<_>) =
        line_findings.into_iter().partition(|finding| finding.reason == Reason::AmountUnreadable);
    findings.extend(unread_amounts(order, mapping));
    findings.extend(unusable_amounts);
    if !wanted.by_person {
        findings.extend(unread_times(order, mapping, wanted.unread_trigger.as_deref()));
    }
    let lines_are_read = order.unread.iter().all(|unread| unread.field != Field::Lines);
    if lines_are_read && order.products().all(|product| product.quantity.is_zero()) {
        findings.push(Finding { reason: Reason::NoLines, about: About::Order { id: order.id.to_string() } });
    }
    findings.extend(without_sku);

    let tax = store.tax.unwrap_or(mapping.tax);
    let mut detail_item = Vec::with_capacity(lines.len());
    for line in lines {
        let (item, cut) = DetailItem::new(line, warehouse.clone(), tax);
        if cut {
            warnings.push(OrderWarning {
                warning: Warning::NameCut,
                about: About::Name { name: item.detail_name.clone() },
            });
        }
        detail_item.push(item);
    }
    let ordered_at = order.ordered_at.filter(|_| mapping.invoice_date == InvoiceDate::Ordered);
    let day = day_in_wib(ordered_at.unwrap_or(wanted.reached_at));
    if wanted.is_arrival && ordered_at.is_none() {
        warnings.push(OrderWarning { warning: Warning::DatedByArrival, about: About::ArrivedOn { day } });
    }
    let body = InvoiceBody {
        customer_no: mapping.customer_of(&order.store_id).to_owned(),
        trans_date: day,
        number: mapping.invoice_number.fill(order).into(),
        description: mapping.description.fill(order),
        branch_name: store.branch.clone(),
        payment_term_name: store.payment_term.clone(),
        taxable: tax != TaxMode::Off,
        inclusive_tax: tax == TaxMode::Inclusive,
        cash_discount: order.sellers_discount(),
        detail_item,
        detail_expense: shipping_of(order, mapping, store, &mut findings).into_iter().collect(),
    };
    if body.cash_discount > body.subtotal() && findings.is_empty() {
        let about = About::Discount { discount: body.cash_discount, subtotal: body.subtotal() };
        findings.push(Finding { reason: Reason::DiscountAboveSubtotal, about });
    }
    let total = body.total();
    // With a line missing the sum is wrong in any case; reporting it would hide the cause.
    if let Some(expected) = order.total_price.filter(|expected| *expected != total && findings.is_empty()) {
        let about = About::OrderTotal { invoice: total, order: expected };
        match mapping.on_total_difference {
            OnTotalDifference::Block => findings.push(Finding { reason: Reason::TotalDifference, about }),
            OnTotalDifference::Warn => warnings.push(OrderWarning { warning: Warning::TotalDifference, about }),
        }
    }
    if !findings.is_empty() {
        findings.truncate(MOST_LISTED);
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
    Decision::Invoice(Box::new(draft), warnings)
}

/// Amounts that the invoice depends on and that are unreadable or cannot be used.
fn unread_amounts(order: &Snapshot, mapping: &Mapping) -> Vec<Finding> {
    let finding = |about| Finding { reason: Reason::AmountUnreadable, about };
    let unread = UnreadAmounts::of(order, mapping.bundles);
    let mut findings: Vec<_> = unread.needed.into_iter().map(|problem| finding(unread_as(problem))).collect();
    let discount = order.sellers_discount();
    if discount < Rupiah::ZERO {
        findings.push(finding(About::DiscountNegative { discount }));
    }
    findings
}

/// Times that the invoice or a rule depends on and that are unreadable.
fn unread_times(order: &Snapshot, mapping: &Mapping, unread_trigger: Option<&str>) -> Vec<Finding> {
    let finding = |about| Finding { reason: Reason::TimeUnreadable, about };
    let mut findings = Vec::new();
    if mapping.orders_from.is_some() || mapping.invoice_date == InvoiceDate::Ordered {
        let of_ordering = |unread: &&Unread| unread.field == Field::OrderedAt && unread.problem.why == Why::NotATime;
        findings.extend(order.unread.iter().filter(of_ordering).map(|unread| finding(unread_as(&unread.problem))));
    }
    if let Some(value) = unread_trigger.filter(|_| mapping.invoice_date == InvoiceDate::Trigger) {
        findings.push(finding(unread_update_time(value)));
    }
    findings
}

fn unread_as(problem: &Problem) -> About {
    About::Unread { problem: problem.clone() }
}

/// An unreadable `updated_at`, because of which this may not be the newest snapshot.
fn unread_update_time(value: &str) -> About {
    let (path, value) = ("order.updated_at".to_owned(), value.to_owned());
    About::Unread { problem: Problem { path, value, why: Why::NotATime } }
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

/// The expense line for shipping, if the seller receives the shipping price.
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
