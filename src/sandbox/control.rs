//! The routes under `/sandbox`, for people and for tests outside this process.
//!
//! They ask for no credentials and count against no limit. Bad input is answered with HTTP 400 and a sentence that
//! names the field, the value and the remedy.

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

use super::{
    AccountType, Action, Customer, Down, Fault, Masters, On, Sandbox, UnknownMasters, books::Books, reply::number,
};

/// Rows that `GET /sandbox/invoices` and `/sandbox/customers` show when nobody asks for another number.
const SHOWN: usize = 100;

/// What is wrong with a control call, in one sentence. HTTP 400.
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
        .route("/invoices", get(invoices))
        .route("/customers", get(customers))
        .route("/breaches", get(breaches))
        .route("/calls", get(calls))
        .route("/stats", get(stats))
        .route("/faults", post(faults))
        .route("/masters", post(masters))
        .route("/receipts", post(receipts))
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
        "what": "A stand-in for Accurate Online. Point account_url here; nothing leaves this machine.",
        "api_token": core.credential.token,
        "signature_secret": core.credential.secret,
        "data_host": core.url(core.data_host),
        "calls": Action::ALL.map(|action| format!("{} {}", action.method(), action.path())),
        "control": {
            "GET /sandbox/invoices?number=&limit=": "the invoices it holds, newest first",
            "GET /sandbox/customers?limit=": "the customers it holds",
            "GET /sandbox/breaches": "calls above 8 in a second or 8 in flight",
            "GET /sandbox/calls?limit=": "the last calls, newest first",
            "GET /sandbox/stats": "counts of everything",
            "POST /sandbox/faults": "{\"probabilities\":{\"dropped_after\":0.1},\"slow_seconds\":3,\
                \"next\":[{\"fault\":\"upsss_after\",\"on\":\"sales-invoice/save\",\"times\":1}],\"clear\":false}",
            "POST /sandbox/masters": "{\"items\":[{\"no\":\"A\",\"name\":\"B\"}],\"accounts\":[{\"no\":\"1\",\
                \"name\":\"B\",\"type\":\"OTHER_INCOME\"}],\"warehouses\":[],\"branches\":[],\"payment_terms\":[],\
                \"customers\":[],\"suspend\":{\"items\":[],\"accounts\":[]},\
                \"resume\":{\"items\":[],\"accounts\":[]},\"accept_unknown\":false}",
            "POST /sandbox/receipts": "{\"number\":\"INV-1\"}: pays an invoice, so that it cannot be deleted",
            "POST /sandbox/token/revoke": "the token stops working",
            "POST /sandbox/token/restore": "the token works again",
            "POST /sandbox/move": "the database moves to the other host",
            "POST /sandbox/down": "{\"kind\":\"page_503\"} or {\"kind\":\"dropped\"}",
            "POST /sandbox/up": "the server is back",
            "POST /sandbox/reset": "forgets everything since the start",
        },
        "faults": Fault::NAMES,
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
    Json(json!({ "count": books.invoices.len(), "invoices": rows }))
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultOrder {
    #[serde(default)]
    probabilities: BTreeMap<String, f64>,
    #[serde(default = "three_seconds")]
    slow_seconds: f64,
    #[serde(default)]
    next: Vec<NextFault>,
    /// Forget all earlier faults first.
    #[serde(default)]
    clear: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NextFault {
    fault: String,
    #[serde(default = "any")]
    on: String,
    #[serde(default = "once")]
    times: usize,
}

fn three_seconds() -> f64 {
    3.0
}

fn any() -> String {
    "any".to_owned()
}

fn once() -> usize {
    1
}

async fn faults(State(sandbox): State<Sandbox>, body: Bytes) -> Answered {
    let order: FaultOrder = read(&body)?;
    let wait = Duration::try_from_secs_f64(order.slow_seconds)
        .map_err(|_| BadInput(format!("slow_seconds: {} is not a time; give seconds from 0", order.slow_seconds)))?;
    let fault_named = |field: &str, name: &str| {
        Fault::named(name, wait).ok_or_else(|| {
            BadInput(format!("{field}: {name:?} is not a fault; use one of {}", Fault::NAMES.join(", ")))
        })
    };
    // Everything is read before anything is changed, so that a refused order leaves no half of it behind.
    let mut chances = Vec::new();
    for (name, chance) in &order.probabilities {
        if !(0.0..=1.0).contains(chance) {
            return Err(BadInput(format!("probabilities.{name}: {chance} is not a chance; give a number from 0 to 1")));
        }
        chances.push((fault_named("probabilities", name)?, *chance));
    }
    let mut commands = Vec::new();
    for (at, next) in order.next.iter().enumerate() {
        let fault = fault_named(&format!("next[{at}].fault"), &next.fault)?;
        commands.push((call_named(&format!("next[{at}].on"), &next.on)?, fault, next.times));
    }
    if order.clear {
        sandbox.clear_faults();
    }
    for (fault, chance) in chances {
        sandbox.set_probability(fault, chance);
    }
    for (on, fault, times) in commands {
        sandbox.next(on, fault, times);
    }
    Ok(stats(State(sandbox)).await)
}

fn call_named(field: &str, name: &str) -> Result<On, BadInput> {
    match name {
        "any" => Ok(On::Any),
        "invoice saves" => Ok(On::InvoiceSaves),
        name => Action::named(name).map(On::Call).ok_or_else(|| {
            let known = Action::ALL.map(Action::name).join(", ");
            BadInput(format!("{field}: {name:?} is not a call; use any, \"invoice saves\" or one of {known}"))
        }),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MasterOrder {
    #[serde(default)]
    items: Vec<NumberedOrder>,
    #[serde(default)]
    accounts: Vec<AccountOrder>,
    #[serde(default)]
    warehouses: Vec<String>,
    #[serde(default)]
    branches: Vec<String>,
    #[serde(default)]
    payment_terms: Vec<String>,
    #[serde(default)]
    customers: Vec<NumberedOrder>,
    #[serde(default)]
    suspend: Switched,
    #[serde(default)]
    resume: Switched,
    accept_unknown: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NumberedOrder {
    no: String,
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountOrder {
    no: String,
    name: String,
    r#type: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Switched {
    #[serde(default)]
    items: Vec<String>,
    #[serde(default)]
    accounts: Vec<String>,
}

async fn masters(State(sandbox): State<Sandbox>, body: Bytes) -> Answered {
    let order: MasterOrder = read(&body)?;
    let mut masters = Masters {
        items: order.items.into_iter().map(|item| (item.no, item.name)).collect(),
        warehouses: order.warehouses,
        branches: order.branches,
        payment_terms: order.payment_terms,
        customers: order.customers.into_iter().map(|customer| (customer.no, customer.name)).collect(),
        ..Masters::default()
    };
    for (at, account) in order.accounts.into_iter().enumerate() {
        let kind = AccountType::named(&account.r#type).ok_or_else(|| {
            let known = AccountType::ALL.map(AccountType::name).join(", ");
            BadInput(format!("accounts[{at}].type: {:?} is not an account type; use one of {known}", account.r#type))
        })?;
        masters.accounts.push((account.no, account.name, kind));
    }
    sandbox.add_masters(&masters);
    order.suspend.items.iter().for_each(|no| sandbox.suspend_item(no));
    order.suspend.accounts.iter().for_each(|no| sandbox.suspend_account(no));
    order.resume.items.iter().for_each(|no| sandbox.resume_item(no));
    order.resume.accounts.iter().for_each(|no| sandbox.resume_account(no));
    if let Some(accept) = order.accept_unknown {
        let rule = if accept { UnknownMasters::Accepted } else { UnknownMasters::Refused };
        sandbox.change_settings(|settings| settings.unknown_masters = rule);
    }
    let core = sandbox.core();
    Ok(Json(json!({
        "items": core.books.items.len(),
        "accounts": core.books.accounts.len(),
        "warehouses": core.books.warehouses.len(),
        "branches": core.books.branches.len(),
        "payment_terms": core.books.payment_terms.len(),
        "customers": core.books.customers.len(),
        "accept_unknown": core.books.settings.unknown_masters == UnknownMasters::Accepted,
    })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReceiptOrder {
    number: String,
}

async fn receipts(State(sandbox): State<Sandbox>, body: Bytes) -> Answered {
    let order: ReceiptOrder = read(&body)?;
    let receipt = sandbox
        .put_receipt_on(&order.number)
        .map_err(|refused| BadInput(format!("number: {refused}; GET /sandbox/invoices shows those that do")))?;
    Ok(Json(json!({ "receipt": receipt.number, "amount": number(receipt.amount) })))
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

/// Reads a JSON body, whatever its content type says: people type these by hand.
fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, BadInput> {
    serde_json::from_slice(body).map_err(|error| {
        BadInput(format!("the body cannot be read: {error}; GET /sandbox shows the form of each call"))
    })
}
