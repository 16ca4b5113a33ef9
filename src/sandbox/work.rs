//! The effect of each call on the data.

mod documents;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header::CONTENT_TYPE};
use jiff::Timestamp;
use serde_json::{Value, json};

use self::documents::Call;
use super::{
    Action, Answer, Customer, Fault, Invoice, Receipt, Request, SalesReturn,
    books::Books,
    fields::Fields,
    list::{Listed, Query, list},
    messages,
    register::Shown,
    reply::{json_answer, refusal},
    save::save_customer,
};
use crate::domain::document::Kind;

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
    match (action, action.on_documents()) {
        (_, Some((kind, deed))) => {
            let call = Call { deed, request, query, slip, now };
            match kind {
                Kind::Invoice => call.on::<Invoice>(books),
                Kind::Receipt => call.on::<Receipt>(books),
                Kind::Return => call.on::<SalesReturn>(books),
            }
        }
        (Action::ApiToken, _) => discovery(host),
        (Action::CustomerSave, _) => with_body(request, |body| customer_save(books, body)),
        (Action::CustomerDetail, _) => {
            detail(find(&books.customers.as_it_is(), &query, "customerNo").map(Customer::record), messages::NO_CUSTOMER)
        }
        (Action::ItemDetail, _) => {
            detail(find(&books.items.as_it_is(), &query, "no").map(|item| item.row(books)), messages::NO_ITEM)
        }
        (Action::WebhookRenew, _) => Done::read(&json!({ "s": true, "d": books.webhooks.renew(now) })),
        (Action::WebhookHistory, _) => match books.webhooks.history(&query) {
            Some(events) => Done::read(&json!({ "s": true, "d": events })),
            None => Done::said(messages::WRONG_PERIOD),
        },
        (action, _) => list_masters(books, action, query, slip),
    }
}

/// A list of masters; `slip` is the fault in it.
fn list_masters(books: &mut Books, action: Action, query: Query, slip: Option<Fault>) -> Done {
    if slip == Some(Fault::ListGrows) {
        books.somebody_adds_masters();
    }
    Done::read(&spoiled(query, slip, |query| match action {
        Action::CustomerList => list(&books.customers.as_it_is(), books, query),
        Action::AccountList => list(&books.accounts.as_it_is(), books, query),
        Action::WarehouseList => list(&books.warehouses.as_it_is(), books, query),
        Action::BranchList => list(&books.branches.as_it_is(), books, query),
        Action::TaxList => list(&books.taxes.as_it_is(), books, query),
        Action::PaymentTermList => list(&books.payment_terms.as_it_is(), books, query),
        _ => list(&books.items.as_it_is(), books, query),
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

fn customer_save(books: &mut Books, body: Fields<'_>) -> Done {
    match save_customer(books, body) {
        Ok(customer) => Done::changed(&json!({
            "s": true, "d": [messages::customer_saved(&customer.name)], "r": customer.record(),
        })),
        Err(messages) => Done::refused(&messages),
    }
}

/// By `id`, else by its number.
fn find<'a, T: Listed>(shown: &Shown<'a, T>, query: &Query, key: &str) -> Option<&'a T> {
    match query.get("id") {
        Some(id) => shown.with_id(id.parse().ok()?),
        None => shown.get(query.get(key)?),
    }
}

fn detail(record: Option<Value>, not_found: &str) -> Done {
    match record {
        Some(record) => Done::read(&json!({ "s": true, "d": record })),
        None => Done::said(not_found),
    }
}
