//! The effect of each call on the data.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header::CONTENT_TYPE};
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{
    Action, Answer, BulkReply, BulkRule, Customer, Fault, Invoice, Request,
    books::Books,
    fields::Fields,
    list::{Listed, Query, list},
    messages,
    register::Register,
    reply::{json_answer, refusal},
    save::{save_customer, save_invoice},
};

/// Largest number of entries in one `bulk-save` (accurate.md §3).
const LARGEST_BULK: usize = 100;

/// An answer, and whether the data has changed.
pub(super) struct Done {
    pub(super) answer: Answer,
    pub(super) changed: bool,
    /// For the journal.
    pub(super) message: String,
}

impl Done {
    fn changed(body: &Value) -> Self {
        Self { changed: true, ..Self::read(body) }
    }

    fn read(body: &Value) -> Self {
        let first = body["d"].get(0).and_then(Value::as_str).unwrap_or_default().to_owned();
        Self { answer: json_answer(StatusCode::OK, body), changed: false, message: first }
    }

    fn refused(messages: &[String]) -> Self {
        Self::read(&refusal(messages))
    }

    fn said(message: &str) -> Self {
        Self::refused(&[message.to_owned()])
    }
}

/// Carries out one accepted call; `slip` is the fault in the data.
pub(super) fn work(
    books: &mut Books,
    action: Action,
    request: &Request,
    host: &str,
    slip: Option<Fault>,
    now: Timestamp,
) -> Done {
    if books.withheld.contains(&action) {
        return Done::said(&messages::no_right(action));
    }
    let query = Query::read(&request.query);
    match action {
        Action::ApiToken => discovery(host),
        Action::InvoiceSave => with_body(request, |body| invoice_save(books, body, slip, now)),
        Action::InvoiceBulkSave => with_body(request, |body| bulk_save(books, body, slip, now)),
        Action::CustomerSave => with_body(request, |body| customer_save(books, body)),
        Action::InvoiceDetail => {
            let shown = books.shown(books.settings.detail_lag, now);
            detail(find(&shown, &query, "number").map(|invoice| invoice.record(books)), messages::NO_INVOICE)
        }
        Action::CustomerDetail => {
            detail(find(&books.customers, &query, "customerNo").map(Customer::record), messages::NO_CUSTOMER)
        }
        Action::ItemDetail => detail(find(&books.items, &query, "no").map(|item| item.row(books)), messages::NO_ITEM),
        Action::InvoiceDelete => invoice_delete(books, &query, slip, now),
        Action::InvoiceList => {
            let shown = books.shown(books.settings.list_lag, now);
            Done::read(&spoiled(query, slip, |query| list(&*shown, books, query)))
        }
        action => list_masters(books, action, query, slip),
    }
}

/// A list of masters; `slip` is the fault in it.
fn list_masters(books: &mut Books, action: Action, query: Query, slip: Option<Fault>) -> Done {
    if slip == Some(Fault::ListGrows) {
        books.somebody_adds_masters();
    }
    Done::read(&spoiled(query, slip, |query| match action {
        Action::CustomerList => list(&books.customers, books, query),
        Action::AccountList => list(&books.accounts, books, query),
        Action::WarehouseList => list(&books.warehouses, books, query),
        Action::BranchList => list(&books.branches, books, query),
        Action::TaxList => list(&books.taxes, books, query),
        Action::PaymentTermList => list(&books.payment_terms, books, query),
        _ => list(&books.items, books, query),
    }))
}

/// The reply of a list with the fault in it.
fn spoiled(query: Query, slip: Option<Fault>, list: impl FnOnce(&Query) -> Value) -> Value {
    let query = match slip {
        Some(Fault::ListRepeats) => query.of_first_page(),
        Some(Fault::ListUnfiltered) => query.without_filters(),
        _ => query,
    };
    let mut reply = list(&query);
    match slip {
        Some(Fault::ListCountOff) => {
            reply["sp"]["rowCount"] = json!(reply["sp"]["rowCount"].as_u64().unwrap_or_default() + 1);
        }
        Some(Fault::ListCutOff) => drop(reply["d"].as_array_mut().and_then(Vec::pop)),
        Some(Fault::ListEmpty) => {
            reply["d"] = json!([]);
            reply["sp"]["rowCount"] = json!(0);
            reply["sp"]["pageCount"] = json!(0);
        }
        _ => {}
    }
    reply
}

fn discovery(host: &str) -> Done {
    Done::read(&json!({
        "s": true,
        "d": {
            "database": { "id": 1, "alias": "Sandbox", "host": host },
            "application": { "name": "forstok-accurate sandbox" },
            "user": { "name": "Sandbox", "email": "sandbox@localhost" },
        },
    }))
}

/// Accurate accepts indexed form fields; the sandbox reports clearly that it does not.
fn with_body(request: &Request, then: impl FnOnce(Fields<'_>) -> Done) -> Done {
    if is_form(&request.headers) {
        return unreadable("[sandbox] form fields are not read here: send the body as application/json");
    }
    match serde_json::from_slice::<Value>(&request.body) {
        Ok(body) => then(Fields::of(&body)),
        Err(error) => unreadable(&format!("[sandbox] the body is not JSON: {error}")),
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .map(HeaderValue::as_bytes)
        .is_some_and(|kind| kind.starts_with(b"application/x-www-form-urlencoded") || kind.starts_with(b"multipart/"))
}

fn unreadable(why: &str) -> Done {
    let answer = json_answer(StatusCode::BAD_REQUEST, &refusal(&[why.to_owned()]));
    Done { answer, changed: false, message: why.to_owned() }
}

fn invoice_save(books: &mut Books, body: Fields<'_>, slip: Option<Fault>, now: Timestamp) -> Done {
    match save_invoice(books, body, now) {
        Ok(invoice) => {
            let invoice = slipped(books, invoice, slip, now);
            let changed = books.invoices.with_id(invoice.id).is_some();
            Done { changed, ..Done::read(&saved(&invoice, books)) }
        }
        Err(messages) => Done::refused(&messages),
    }
}

/// The effect of a fault on an invoice that has just been saved.
fn slipped(books: &mut Books, invoice: Invoice, slip: Option<Fault>, now: Timestamp) -> Invoice {
    match slip {
        Some(Fault::TotalOff) => {
            let off = |invoice: &mut Invoice| invoice.total_amount += Decimal::new(1, 2);
            books.edit_invoice(now, invoice.id, off).unwrap_or(invoice)
        }
        Some(Fault::NotSaved) => books.remove_invoice(now, invoice.id).unwrap_or(invoice),
        _ => invoice,
    }
}

fn saved(invoice: &Invoice, books: &Books) -> Value {
    json!({ "s": true, "d": [messages::invoice_saved(&invoice.number)], "r": invoice.record(books) })
}

/// What a bulk's reply shows of an element that a single save would answer like this.
fn shown_by_bulk(mut element: Value, reply: BulkReply) -> Value {
    match reply {
        BulkReply::Whole => {}
        BulkReply::IdAndNumber => element["r"] = json!({ "id": element["r"]["id"], "number": element["r"]["number"] }),
        BulkReply::NoRecord => element["r"] = Value::Null,
    }
    element
}

fn bulk_save(books: &mut Books, body: Fields<'_>, slip: Option<Fault>, now: Timestamp) -> Done {
    let entries: Vec<Fields<'_>> = body.list("data").collect();
    if entries.is_empty() {
        return Done::said(messages::BULK_EMPTY);
    }
    if entries.len() > LARGEST_BULK {
        return Done::said(messages::BULK_TOO_LONG);
    }
    let mut results: Vec<_> = entries.into_iter().map(|entry| save_invoice(books, entry, now)).collect();
    let all_good = results.iter().all(Result::is_ok);
    if !all_good && books.settings.bulk == BulkRule::RefusedWhole {
        let said: Vec<String> = results.iter().filter_map(|result| result.as_ref().err()).flatten().cloned().collect();
        take_back(books, &mut results, now);
        return Done::refused(&said);
    }
    if !all_good && books.settings.bulk == BulkRule::AllOrNothing {
        take_back(books, &mut results, now);
    }
    if let Some(first) = results.iter_mut().flatten().next() {
        *first = slipped(books, first.clone(), slip, now);
    }
    let changed = results.iter().flatten().any(|invoice| books.invoices.with_id(invoice.id).is_some());
    let replies: Vec<Value> = results
        .iter()
        .map(|result| match result {
            Ok(invoice) => shown_by_bulk(saved(invoice, books), books.settings.bulk_reply),
            Err(messages) => refusal(messages),
        })
        .collect();
    let message = replies.iter().find_map(|reply| reply["d"].get(0)?.as_str()).unwrap_or_default().to_owned();
    Done { changed, message, ..Done::read(&json!({ "s": all_good, "d": replies })) }
}

fn take_back(books: &mut Books, results: &mut [Result<Invoice, Vec<String>>], now: Timestamp) {
    for result in results {
        if let Ok(invoice) = result {
            books.remove_invoice(now, invoice.id);
            *result = Err(vec![messages::HELD_BACK.to_owned()]);
        }
    }
}

fn customer_save(books: &mut Books, body: Fields<'_>) -> Done {
    match save_customer(books, body) {
        Ok(customer) => Done::changed(&json!({
            "s": true, "d": [messages::customer_saved(&customer.name)], "r": customer.record(),
        })),
        Err(messages) => Done::refused(&messages),
    }
}

/// By `id`, else by its number.
fn find<'a, T: Listed>(register: &'a Register<T>, query: &Query, key: &str) -> Option<&'a T> {
    match query.get("id") {
        Some(id) => register.with_id(id.parse().ok()?),
        None => register.get(query.get(key)?),
    }
}

fn detail(record: Option<Value>, not_found: &str) -> Done {
    match record {
        Some(record) => Done::read(&json!({ "s": true, "d": record })),
        None => Done::said(not_found),
    }
}

fn invoice_delete(books: &mut Books, query: &Query, slip: Option<Fault>, now: Timestamp) -> Done {
    let Some(invoice) = find(&books.invoices, query, "number") else {
        return Done::said(messages::NO_INVOICE);
    };
    if let Some(receipt) = invoice.receipts.first() {
        return Done::said(&messages::has_receipt(&invoice.number, &receipt.number));
    }
    let (id, reply) = (invoice.id, json!({ "s": true, "d": [messages::invoice_deleted(&invoice.number)] }));
    if slip == Some(Fault::NotDeleted) {
        return Done::read(&reply);
    }
    books.remove_invoice(now, id);
    Done::changed(&reply)
}
