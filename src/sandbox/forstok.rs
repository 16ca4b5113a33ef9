//! A stand-in for Forstok's order API, with the sign-in that backfill.md §1 knows and a list of orders as it may be.
//!
//! Like the rest of the sandbox it has a synchronous core without I/O and without a clock of its own.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::post,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::clock::{Clock, SystemClock};

/// What makes one list call go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForstokFault {
    /// Status 500.
    Error,
    /// Status 429.
    SlowDown,
    /// A page of HTML with status 200.
    Html,
    /// The reply ends in the middle.
    CutOff,
    /// The page before comes once more.
    PageBefore,
    /// The list is empty.
    Empty,
    /// The token is no longer accepted.
    TokenExpired,
    /// The reply takes this many seconds.
    Slow(u64),
}

/// How Forstok may behave; nobody knows.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a mistake of its own")]
pub struct ForstokBehaviour {
    /// The filter of the period is ignored.
    pub ignores_period: bool,
    /// The page's number is ignored.
    pub ignores_pages: bool,
    /// A page that does not exist shows the last one.
    pub repeats_last_page: bool,
    /// Most orders on a page, whatever is asked for.
    pub largest_page: usize,
    /// The newest change comes first.
    pub newest_first: bool,
    /// The list leaves out the products.
    pub without_lines: bool,
    /// How long a token lives.
    pub token_life: SignedDuration,
}

impl Default for ForstokBehaviour {
    fn default() -> Self {
        Self {
            ignores_period: false,
            ignores_pages: false,
            repeats_last_page: false,
            largest_page: 50,
            newest_first: false,
            without_lines: false,
            token_life: SignedDuration::from_hours(1),
        }
    }
}

/// The stand-in; copies are the same one.
#[derive(Clone, Debug, Default)]
pub struct ForstokSandbox(Arc<Mutex<Inside>>);

#[derive(Debug, Default)]
struct Inside {
    /// By id, with the time of the newest change.
    orders: BTreeMap<String, (Timestamp, Value)>,
    /// Every webhook that was sent, with its time.
    log: Vec<(Timestamp, Value)>,
    behaviour: ForstokBehaviour,
    faults: VecDeque<ForstokFault>,
    /// Tokens with the end of their lives.
    tokens: HashMap<String, Timestamp>,
    sign_ins: u64,
    calls: Vec<(Timestamp, String)>,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct ForstokAnswer {
    /// The HTTP status.
    pub status: u16,
    /// JSON, as a rule.
    pub body: String,
    /// How long it takes.
    pub delay: Duration,
}

impl ForstokSandbox {
    /// The seller's e-mail address.
    pub const ID: &'static str = "seller@example.com";
    /// The seller's key.
    pub const SECRET_KEY: &'static str = "forstok-secret-key";
    /// The seller's id.
    pub const USER_ID: &'static str = "77";
    /// Where to sign in.
    pub const AUTH_PATH: &'static str = "/api/v2/auth";
    /// Where the list is.
    pub const ORDERS_PATH: &'static str = "/api/v1/orders.json";
    /// Where one order is.
    pub const ORDER_PATH: &'static str = "/api/v1/orders/{order_id}.json";
    /// Where the log of webhooks is.
    pub const WEBHOOK_LOG_PATH: &'static str = "/api/v1/webhook_logs.json";

    /// Lists an order, or another state of it; takes the order of a webhook's body.
    pub fn lists(&self, order: &Value) {
        let order = order.get("order").unwrap_or(order);
        self.inside().orders.insert(text_of(&order["id"]), (updated_at(order), order.clone()));
    }

    /// Notes in its log that it has sent a webhook.
    pub fn logs(&self, body: &Value, at: Timestamp) {
        self.inside().log.push((at, body.clone()));
    }

    /// No longer lists an order.
    pub fn forgets(&self, id: &str) {
        self.inside().orders.remove(id);
    }

    /// Changes how it behaves.
    pub fn behaves(&self, change: impl FnOnce(&mut ForstokBehaviour)) {
        change(&mut self.inside().behaviour);
    }

    /// The next calls of the list go wrong in these ways.
    pub fn fails_next(&self, faults: &[ForstokFault]) {
        self.inside().faults.extend(faults);
    }

    /// Every call so far, with its time: `POST /api/v2/auth`.
    pub fn calls(&self) -> Vec<(Timestamp, String)> {
        self.inside().calls.clone()
    }

    /// Answers a call.
    pub fn answer(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        body: &[u8],
        now: Timestamp,
    ) -> ForstokAnswer {
        let mut inside = self.inside();
        let path = uri.path().to_owned();
        inside.calls.push((now, format!("{method} {path}")));
        let query: HashMap<_, _> = parameters(uri.query().unwrap_or_default());
        if path == Self::AUTH_PATH && *method == Method::POST {
            return inside.sign_in(&query, body, now);
        }
        if let Err(answer) = inside.admit(&query, headers, now) {
            return answer;
        }
        let id = path.strip_prefix("/api/v1/orders/").and_then(|rest| rest.strip_suffix(".json"));
        match (path.as_str(), id) {
            (Self::ORDERS_PATH, _) => inside.list(&query),
            (Self::WEBHOOK_LOG_PATH, _) => inside.logged(&query),
            (_, Some(id)) => match inside.orders.get(id) {
                Some((_, order)) => said(200, &json!({ "data": order })),
                None => said(404, &json!({ "message": "Order not found" })),
            },
            _ => said(404, &json!({ "message": "Not found" })),
        }
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn said(status: u16, body: &Value) -> ForstokAnswer {
    ForstokAnswer { status, body: body.to_string(), delay: Duration::ZERO }
}

impl Inside {
    fn sign_in(&mut self, query: &HashMap<String, String>, body: &[u8], now: Timestamp) -> ForstokAnswer {
        let sent: Value = serde_json::from_slice(body).unwrap_or_default();
        let value = |name: &str| {
            let sent = sent[name].as_str().map(str::to_owned);
            sent.or_else(|| query.get(name).cloned()).unwrap_or_default()
        };
        let is_right = value("id") == ForstokSandbox::ID
            && value("secret_key") == ForstokSandbox::SECRET_KEY
            && ["seller", "channel"].contains(&value("type").as_str());
        if !is_right {
            return said(401, &json!({ "status": "error", "message": "Unauthorized" }));
        }
        self.sign_ins += 1;
        let token = format!("forstok-token-{}", self.sign_ins);
        self.tokens.insert(token.clone(), now + self.behaviour.token_life);
        said(200, &json!({ "status": "success", "data": { "token": token } }))
    }

    /// Data calls need a living token and the seller's id.
    fn admit(&self, query: &HashMap<String, String>, headers: &HeaderMap, now: Timestamp) -> Result<(), ForstokAnswer> {
        let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        let lives = bearer.and_then(|token| self.tokens.get(token)).is_some_and(|end| *end > now);
        let value = |name: &str| query.get(name).map(String::as_str);
        let is_seller = value("user_id") == Some(ForstokSandbox::USER_ID) && value("auth_type") == Some("jwt");
        if lives && is_seller { Ok(()) } else { Err(said(401, &json!({ "message": "Unauthorized" }))) }
    }

    fn list(&mut self, query: &HashMap<String, String>) -> ForstokAnswer {
        let fault = self.faults.pop_front();
        let (page, found) = self.page(query, fault, self.found(query));
        let mut orders: Vec<_> = found.into_iter().cloned().collect();
        if self.behaviour.without_lines {
            for order in &mut orders {
                order.as_object_mut().map(|order| order.remove("item_lines"));
            }
        }
        self.answer(fault, page, "orders", &orders)
    }

    /// The webhooks that were sent in a period, oldest first, each with its body as a text.
    fn logged(&mut self, query: &HashMap<String, String>) -> ForstokAnswer {
        let fault = self.faults.pop_front();
        let (from, to) = period(query);
        let sent = self.log.iter().enumerate().filter(|(_, (at, _))| (from..=to).contains(at));
        let (page, found) = self.page(query, fault, sent.collect());
        let entry = |(nth, (at, body)): (usize, &(Timestamp, Value))| json!({ "id": nth + 1, "created_at": at.to_string(), "status": 200, "payload": body.to_string() });
        let entries: Vec<_> = found.into_iter().map(entry).collect();
        self.answer(fault, page, "webhook_logs", &entries)
    }

    /// The page that was asked for, and what is on it.
    fn page<T>(&self, query: &HashMap<String, String>, fault: Option<ForstokFault>, found: Vec<T>) -> (usize, Vec<T>) {
        let page = query.get("page").and_then(|page| page.parse().ok()).unwrap_or(1_usize).max(1);
        let page = if self.behaviour.ignores_pages { 1 } else { page };
        let page = if fault == Some(ForstokFault::PageBefore) { page.saturating_sub(1).max(1) } else { page };
        let size = query.get("size").and_then(|size| size.parse().ok()).unwrap_or(20_usize);
        let size = size.clamp(1, self.behaviour.largest_page);
        let pages = found.len().div_ceil(size).max(1);
        let page = if self.behaviour.repeats_last_page { page.min(pages) } else { page };
        (page, found.into_iter().skip((page - 1) * size).take(size).collect())
    }

    /// A page, unless a fault spoils it.
    fn answer(&mut self, fault: Option<ForstokFault>, page: usize, name: &str, rows: &[Value]) -> ForstokAnswer {
        let reply = json!({ "errors": [], "data": { "page": page, name: rows } });
        let mut answer = said(200, &reply);
        match fault {
            None | Some(ForstokFault::PageBefore) => {}
            Some(ForstokFault::Error) => answer = said(500, &json!({ "message": "Internal server error" })),
            Some(ForstokFault::SlowDown) => answer = said(429, &json!({ "message": "Too many requests" })),
            Some(ForstokFault::Html) => "<html><body>Maintenance</body></html>".clone_into(&mut answer.body),
            Some(ForstokFault::CutOff) => {
                let half = answer.body.chars().take(answer.body.len() / 2).collect();
                answer.body = half;
            }
            Some(ForstokFault::Empty) => answer = said(200, &json!({ "data": { "page": page, name: [] } })),
            Some(ForstokFault::TokenExpired) => {
                self.tokens.clear();
                answer = said(401, &json!({ "message": "Unauthorized" }));
            }
            Some(ForstokFault::Slow(seconds)) => answer.delay = Duration::from_secs(seconds),
        }
        answer
    }

    /// The orders that were asked for, in the order of the list.
    fn found(&self, query: &HashMap<String, String>) -> Vec<&Value> {
        let (from, to) = period(query);
        let all = self.behaviour.ignores_period;
        let mut found: Vec<_> = self
            .orders
            .values()
            .filter(|(updated_at, _)| all || (from..=to).contains(updated_at))
            .filter(|(_, order)| query.get("store").is_none_or(|store| *store == text_of(&order["store_id"])))
            .collect();
        // Orders of the same time stay in the order of their ids.
        found.sort_by_key(|(updated_at, _)| *updated_at);
        if self.behaviour.newest_first {
            found.reverse();
        }
        found.into_iter().map(|(_, order)| order).collect()
    }
}

/// The first and the last moment that were asked for.
fn period(query: &HashMap<String, String>) -> (Timestamp, Timestamp) {
    let bound = |name: &str| query.get(name).and_then(|text| text.parse::<Timestamp>().ok());
    (bound("from").unwrap_or(Timestamp::MIN), bound("to").unwrap_or(Timestamp::MAX))
}

fn updated_at(order: &Value) -> Timestamp {
    order["updated_at"].as_str().and_then(|text| text.parse().ok()).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// An id, which may be a text or a number.
fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn parameters(query: &str) -> HashMap<String, String> {
    let url = reqwest::Url::parse(&format!("http://localhost/?{query}"));
    url.map(|url| url.query_pairs().into_owned().collect()).unwrap_or_default()
}

/// The stand-in over HTTP, with routes that list an order and log a webhook.
pub(super) fn routes<S: Clone + Send + Sync + 'static>(forstok: ForstokSandbox) -> Router<S> {
    let routes = Router::new().route("/sandbox/orders", post(add)).route("/sandbox/webhooks", post(log));
    routes.fallback(call).with_state(forstok)
}

/// `POST /forstok/sandbox/orders`: lists the order of a webhook's body.
async fn add(State(forstok): State<ForstokSandbox>, body: Bytes) -> StatusCode {
    match serde_json::from_slice::<Value>(&body) {
        Ok(order) => {
            forstok.lists(&order);
            StatusCode::NO_CONTENT
        }
        Err(_) => StatusCode::BAD_REQUEST,
    }
}

/// `POST /forstok/sandbox/webhooks`: notes in the log that this webhook was sent now.
async fn log(State(forstok): State<ForstokSandbox>, body: Bytes) -> StatusCode {
    match serde_json::from_slice::<Value>(&body) {
        Ok(webhook) => {
            forstok.logs(&webhook, SystemClock.now());
            StatusCode::NO_CONTENT
        }
        Err(_) => StatusCode::BAD_REQUEST,
    }
}

async fn call(
    State(forstok): State<ForstokSandbox>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let answer = forstok.answer(&method, &uri, &headers, &body, SystemClock.now());
    tokio::time::sleep(answer.delay).await;
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Body::from(answer.body)).into_response()
}
