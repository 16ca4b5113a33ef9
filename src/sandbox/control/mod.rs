//! The routes under `/sandbox`, for people and for tests outside this process.
//!
//! These routes need no credentials and do not count against the limits. Bad input is answered with HTTP 400 and a
//! sentence that names the field, the value and the remedy.

mod after_sale;
mod faults;
mod masters;
mod old_integration;
mod people;
mod setup;

use std::{collections::BTreeMap, time::Duration};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{Action, Customer, Down, Fault, Sandbox, books::Books, reply::number};

/// Number of rows in `GET /sandbox/invoices` and `/sandbox/customers` by default.
const SHOWN: usize = 100;

/// The error in a control call, in one sentence. HTTP 400.
struct BadInput(String);

impl IntoResponse for BadInput {
    fn into_response(self) -> Response {
        (StatusCode::BAD_REQUEST, Json(json!({ "error": self.0 }))).into_response()
    }
}

type Answered = Result<Json<Value>, BadInput>;

pub(super) fn routes<S: Clone + Send + Sync + 'static>(sandbox: Sandbox) -> Router<S> {
    Router::new()
        .route("/", get(help))
        .route("/invoices", get(invoices).post(people::add))
        .route("/invoices/edit", post(people::edit))
        .route("/invoices/duplicate", post(people::duplicate))
        .route("/invoices/delete", post(people::delete))
        .route("/customers", get(customers))
        .route("/breaches", get(breaches))
        .route("/calls", get(calls))
        .route("/stats", get(stats))
        .route("/faults", post(faults::faults))
        .route("/masters", post(masters::masters))
        .route("/receipts", get(after_sale::receipts).post(after_sale::add_receipt))
        .route("/receipts/edit", post(after_sale::edit_receipt))
        .route("/receipts/delete", post(after_sale::delete_receipt))
        .route("/returns", get(after_sale::returns).post(after_sale::add_return))
        .route("/returns/edit", post(after_sale::edit_return))
        .route("/returns/delete", post(after_sale::delete_return))
        .route("/old-integration", post(old_integration::books))
        .route("/settings", post(setup::settings))
        .route("/rights", post(setup::rights))
        .route("/token/revoke", post(revoke_token))
        .route("/token/restore", post(restore_token))
        .route("/move", post(move_host))
        .route("/down", post(down))
        .route("/up", post(up))
        .route("/reset", post(reset))
        .with_state(sandbox)
}

async fn help(State(sandbox): State<Sandbox>) -> Json<Value> {
    let core = sandbox.core();
    Json(json!({
        "what": "A simulated Accurate Online. Set account_url to this address; nothing leaves this machine.",
        "api_token": core.credential.token,
        "signature_secret": core.credential.secret,
        "data_host": core.url(core.data_host),
        "calls": Action::ALL.map(|action| format!("{} {}", action.method(), action.path())),
        "control": {
            "GET /sandbox/invoices?number=&limit=": "the stored invoices, newest first",
            "GET /sandbox/customers?limit=": "the stored customers",
            "GET /sandbox/breaches": "calls above 8 in a second or 8 in flight",
            "GET /sandbox/calls?limit=": "the last calls, newest first",
            "GET /sandbox/stats": "counts of everything",
            "POST /sandbox/faults": "{\"probabilities\":{\"dropped_after\":0.1},\"slow_seconds\":3,\
                \"next\":[{\"fault\":\"upsss_after\",\"on\":\"sales-invoice/save\",\"times\":1}],\"clear\":false}",
            "POST /sandbox/masters": "{\"items\":[{\"no\":\"A\",\"name\":\"B\"}],\"accounts\":[{\"no\":\"1\",\
                \"name\":\"B\",\"type\":\"OTHER_INCOME\"}],\"warehouses\":[],\"branches\":[],\"payment_terms\":[],\
                \"customers\":[],\"many_items\":20000,\"suspend\":{\"items\":[],\"accounts\":[]},\
                \"resume\":{\"items\":[],\"accounts\":[]},\"accept_unknown\":false}",
            "POST /sandbox/invoices": "{\"number\":\"INV-1\",\"customer_no\":\"8277\",\"description\":\"\",\
                \"total\":5000}: a person makes an invoice by hand",
            "POST /sandbox/invoices/edit": "{\"number\":\"INV-1\",\"new_number\":\"INV-2\",\"customer_no\":\"8277\",\
                \"description\":\"\",\"day\":\"2024-01-31\",\"total\":5000}: a person changes it; every field but number may be left out",
            "POST /sandbox/invoices/duplicate": "{\"number\":\"INV-1\",\"new_number\":\"INV-2\"}: a person copies it",
            "POST /sandbox/invoices/delete": "{\"number\":\"INV-1\"}: a person deletes it",
            "GET /sandbox/receipts?number=&limit=": "the stored receipts, newest first",
            "POST /sandbox/receipts": "{\"number\":\"INV-1\"}: pays an invoice, so that it cannot be deleted; with \
                \"paid\":{\"receipt\":\"SR-1\",\"amount\":5000} a part of it",
            "POST /sandbox/receipts/edit": "{\"number\":\"SR-1\",\"new_number\":\"SR-2\",\"amount\":5000}: a person changes it; \
                every field but number may be left out",
            "POST /sandbox/receipts/delete": "{\"number\":\"SR-1\"}: a person deletes it",
            "GET /sandbox/returns?number=&limit=": "the stored returns, newest first",
            "POST /sandbox/returns": "{\"number\":\"INV-1\",\"return\":\"RJ-1\",\"item_no\":\"AAA2002\",\"pieces\":1}: a person \
                takes goods back",
            "POST /sandbox/returns/edit": "{\"number\":\"RJ-1\",\"new_number\":\"RJ-2\",\"amount\":5000}: a person changes it; \
                every field but number may be left out",
            "POST /sandbox/returns/delete": "{\"number\":\"RJ-1\"}: a person deletes it",
            "POST /sandbox/old-integration": "{\"orders\":[…Forstok's webhooks…],\"settings\":{\"customers\":{\"8277\":\"8277\"},\
                \"skus\":{},\"warehouses\":{\"834\":\"Utama\"},\"branch\":\"Kantor Pusat\",\
                \"shipping_account\":\"700101\"}}: Forstok's own integration books orders, with its known mistakes",
            "POST /sandbox/settings": "{\"numbering\":\"sent|automatic\",\"letter_case\":\"exact|ignored|upper|lower\",\
                \"detail_lag_seconds\":30,\"list_lag_seconds\":60,\"emoji\":\"saved|own_error\",\
                \"suspended_items\":\"as_unknown|named\",\"customer_names\":\"may_repeat|unique\",\
                \"branches\":\"one_seen|several_seen\",\"bulk\":\"each_by_itself|all_or_nothing|refused_whole\",\
                \"filter_values\":\"all|first_only|not_understood\",\"id_ranges\":\"understood|ignored\",\
                \"sorting\":\"understood|ignored\",\"bulk_reply\":\"whole|id_and_number|no_record\",\
                \"negative_expenses\":\"refused|accepted\",\"overpayment\":\"refused|accepted\"}",
            "POST /sandbox/rights": "{\"withhold\":[\"sales-invoice\"],\"grant\":[\"customer/save\"]}: a call, or all that \
                write one kind of document",
            "POST /sandbox/token/revoke": "the token stops working",
            "POST /sandbox/token/restore": "the token works again",
            "POST /sandbox/move": "the database moves to the other host",
            "POST /sandbox/down": "{\"kind\":\"page_503\"} or {\"kind\":\"dropped\"}",
            "POST /sandbox/up": "the server is back",
            "POST /sandbox/reset": "forgets everything since the start",
        },
        "faults": Fault::NAMES.iter().filter_map(|name| Fault::named(name, Duration::ZERO)).map(|fault| (fault.name(), fault.what())).collect::<BTreeMap<_, _>>(),
    }))
}

#[derive(Deserialize)]
struct Shown {
    number: Option<String>,
    limit: Option<usize>,
}

async fn invoices(State(sandbox): State<Sandbox>, Query(shown): Query<Shown>) -> Json<Value> {
    let core = sandbox.core();
    let books: &Books = &core.books;
    let rows: Vec<Value> = if let Some(number) = &shown.number {
        books.invoices.get(number).into_iter().map(|invoice| invoice.record(books)).collect()
    } else {
        let limit = shown.limit.unwrap_or(SHOWN);
        books.invoices.all().rev().take(limit).map(|invoice| invoice.record(books)).collect()
    };
    let count = if shown.number.is_some() { rows.len() } else { books.invoices.len() };
    Json(json!({ "count": count, "invoices": rows }))
}

async fn customers(State(sandbox): State<Sandbox>, Query(shown): Query<Shown>) -> Json<Value> {
    let core = sandbox.core();
    let customers = &core.books.customers;
    let rows: Vec<Value> = customers.all().take(shown.limit.unwrap_or(SHOWN)).map(Customer::record).collect();
    Json(json!({ "count": customers.len(), "customers": rows }))
}

async fn breaches(State(sandbox): State<Sandbox>) -> Json<Value> {
    let rows: Vec<Value> = sandbox
        .breaches()
        .iter()
        .map(|breach| json!({ "kind": breach.kind.name(), "at": breach.at.to_string(), "call": breach.action.name() }))
        .collect();
    Json(json!({ "count": sandbox.breach_count(), "breaches": rows }))
}

async fn calls(State(sandbox): State<Sandbox>, Query(shown): Query<Shown>) -> Json<Value> {
    let calls = sandbox.calls();
    let rows: Vec<Value> = calls
        .iter()
        .rev()
        .take(shown.limit.unwrap_or(SHOWN))
        .map(|call| {
            json!({
                "at": call.at.to_string(), "call": call.action.map(Action::name), "status": call.status,
                "changed": call.changed, "fault": call.fault, "message": call.message,
            })
        })
        .collect();
    Json(json!({ "calls": rows }))
}

async fn stats(State(sandbox): State<Sandbox>) -> Json<Value> {
    let core = sandbox.core();
    let chances: BTreeMap<&str, f64> =
        core.faults.probabilities().iter().map(|(fault, chance)| (fault.name(), *chance)).collect();
    let total = core.books.invoices.all().map(|invoice| invoice.total_amount).sum();
    Json(json!({
        "invoices": core.books.invoices.len(),
        "invoices_total": number(total),
        "receipts": core.books.receipts.len(),
        "returns": core.books.returns.len(),
        "customers": core.books.customers.len(),
        "calls": core.journal.counts(),
        "faults_fired": core.faults.fired,
        "fault_probabilities": chances,
        "breaches": { "per_second": core.limiter.breaches_per_second, "in_flight": core.limiter.breaches_in_flight },
        "max_in_any_second": core.limiter.max_in_any_second,
        "max_in_flight": core.limiter.max_in_flight,
        "data_host": core.url(core.data_host),
        "token_revoked": core.credential.revoked,
        "down": core.down.is_some(),
    }))
}

async fn revoke_token(State(sandbox): State<Sandbox>) -> Json<Value> {
    sandbox.revoke_token();
    stats(State(sandbox)).await
}

async fn restore_token(State(sandbox): State<Sandbox>) -> Json<Value> {
    sandbox.restore_token();
    stats(State(sandbox)).await
}

async fn move_host(State(sandbox): State<Sandbox>) -> Json<Value> {
    sandbox.move_host();
    stats(State(sandbox)).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DownOrder {
    kind: String,
}

async fn down(State(sandbox): State<Sandbox>, body: Bytes) -> Answered {
    let order: DownOrder = if body.is_empty() { DownOrder { kind: "page_503".to_owned() } } else { read(&body)? };
    let down = match order.kind.as_str() {
        "page_503" => Down::Page503,
        "dropped" => Down::Dropped,
        other => {
            return Err(BadInput(format!(
                "kind: {other:?} is not a way to be down; use page_503 or dropped \
                 (refusing connections would close this door too)"
            )));
        }
    };
    sandbox.go_down(down);
    Ok(stats(State(sandbox)).await)
}

async fn up(State(sandbox): State<Sandbox>) -> Json<Value> {
    sandbox.come_back();
    stats(State(sandbox)).await
}

async fn reset(State(sandbox): State<Sandbox>) -> Json<Value> {
    sandbox.reset();
    stats(State(sandbox)).await
}

/// Parses a JSON body, whatever its content type, because people type these requests by hand.
fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, BadInput> {
    serde_json::from_slice(body).map_err(|error| {
        BadInput(format!("the body cannot be read: {error}; GET /sandbox shows the form of each call"))
    })
}
