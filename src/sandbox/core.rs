//! One call from arrival to answer: synchronous, without I/O, with the time as an argument.
//!
//! A driver, such as the HTTP shell or a simulator, takes each call through three steps: [`Core::begin`] when the call
//! arrives, [`Core::act`] after [`Plan::wait`], and [`Core::finish`] when the reply is delivered after
//! [`Acted::delay`], or when the caller disconnects. The data changes only in `act`, atomically.

use std::time::Duration;

use axum::{
    body::Bytes,
    http::{
        HeaderMap, HeaderValue, Method, StatusCode,
        header::{HOST, LOCATION},
    },
};
use jiff::Timestamp;
use serde_json::json;

use super::{
    Action, BreachKind, CallRecord, Fault, Options,
    auth::{AuthFault, Credential},
    books::Books,
    faults::{Chosen, Faults},
    journal::Journal,
    limits::Limiter,
    messages,
    reply::{error_answer, html_answer, json_answer, refusal},
    work::{Done, work},
};

/// An incoming call.
#[derive(Debug, Clone)]
pub struct Request {
    /// Which of the two addresses it was sent to.
    pub host: Host,
    /// HTTP method.
    pub method: Method,
    /// Path, from the root.
    pub path: String,
    /// Raw query, without the question mark.
    pub query: String,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
}

/// The two addresses of the sandbox, so that the database can move from one to the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Host {
    /// The host that answers discovery, and has the database at first.
    First,
    /// The host that has the database after the first move.
    Second,
}

/// The answer to the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A reply.
    Reply {
        /// HTTP status.
        status: StatusCode,
        /// Headers.
        headers: HeaderMap,
        /// Body.
        body: Bytes,
    },
    /// The connection is closed without a reply.
    Dropped,
}

/// The result of the first step of a call.
#[derive(Debug)]
pub struct Admission {
    /// The argument of [`Core::finish`].
    pub ticket: Ticket,
    /// The argument of [`Core::act`].
    pub plan: Plan,
}

/// Identifies a call among those in flight.
#[derive(Debug)]
#[must_use = "a ticket that is not given back to `finish` counts as in flight forever"]
pub struct Ticket {
    counted: bool,
    /// Tickets from before a reset are ignored after it.
    generation: u64,
}

/// What will happen to a call.
#[derive(Debug)]
pub struct Plan {
    /// How long to wait before [`Core::act`].
    pub wait: Duration,
    action: Option<Action>,
    chosen: Chosen,
    refused: Option<Box<Refusal>>,
}

#[derive(Debug)]
struct Refusal {
    answer: Answer,
    message: String,
}

/// The result of the second step of a call.
#[derive(Debug)]
pub struct Acted {
    /// The answer.
    pub answer: Answer,
    /// How long to wait before the answer is delivered.
    pub delay: Duration,
    /// Whether the data changed.
    pub changed: bool,
}

/// How the whole server is unavailable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Down {
    /// Everything is answered with an HTML page and HTTP 503.
    Page503,
    /// Every connection is closed without a reply.
    Dropped,
    /// Connections are refused, over HTTP even for control routes. For the core alone this is the same as
    /// [`Down::Dropped`].
    Refused,
}

/// The sandbox without a network interface: all state, no I/O.
pub struct Core {
    origin: Options,
    generation: u64,
    pub(super) credential: Credential,
    pub(super) books: Books,
    pub(super) limiter: Limiter,
    pub(super) faults: Faults,
    pub(super) journal: Journal,
    pub(super) latency: Duration,
    pub(super) down: Option<Down>,
    /// The host that has the database.
    pub(super) data_host: Host,
    urls: [String; 2],
}

impl Core {
    /// A sandbox with these options; [`Host::First`] is `https://zeus.accurate.id` unless it listens on another
    /// address.
    pub fn new(origin: Options) -> Self {
        Self {
            generation: 0,
            credential: Credential {
                token: origin.api_token.clone(),
                secret: origin.signature_secret.clone(),
                revoked: false,
            },
            books: Books::new(&origin.masters, origin.settings.clone()),
            limiter: Limiter::new(origin.limits),
            faults: Faults::new(&origin.faults, origin.seed),
            journal: Journal::default(),
            latency: origin.latency,
            down: None,
            data_host: Host::First,
            urls: ["https://zeus.accurate.id".to_owned(), "https://hera.accurate.id".to_owned()],
            origin,
        }
    }

    /// Resets everything to the state after [`Core::new`], except the addresses.
    pub fn reset(&mut self) {
        let generation = self.generation + 1;
        let urls = std::mem::take(&mut self.urls);
        *self = Self { generation, urls, ..Self::new(self.origin.clone()) };
    }

    /// Sets the addresses of the two hosts: scheme and authority, without a trailing slash.
    pub fn set_urls(&mut self, first: String, second: String) {
        self.urls = [first, second];
    }

    /// First step: a call arrives.
    pub fn begin(&mut self, request: &Request, now: Timestamp) -> Admission {
        let action = Action::of_path(&request.path);
        let mut plan = Plan { wait: Duration::ZERO, action, chosen: Chosen::default(), refused: None };
        let mut ticket = Ticket { counted: false, generation: self.generation };
        match self.let_in(request, now, &mut ticket) {
            Err(refusal) => plan.refused = Some(refusal),
            Ok(action) => {
                plan.chosen = self.faults.choose(action);
                plan.wait = self.latency / 2;
                if let Some(Fault::Late(late)) = plan.chosen.fault {
                    plan.wait += late;
                }
            }
        }
        Admission { ticket, plan }
    }

    /// Second step: carries out the call, or the fault that replaces it.
    pub fn act(&mut self, plan: &Plan, request: &Request, now: Timestamp) -> Acted {
        let mut acted = Acted { answer: Answer::Dropped, delay: Duration::ZERO, changed: false };
        let Chosen { slip, mut fault } = plan.chosen;
        let message = match (&plan.refused, plan.action) {
            (Some(refusal), _) => {
                acted.answer = refusal.answer.clone();
                refusal.message.clone()
            }
            (None, Some(action)) => {
                acted.delay = self.latency / 2;
                let done = self.work_unless_prevented(plan.chosen, action, request, now);
                acted.changed = done.as_ref().is_some_and(|done| done.changed);
                if acted.changed && fault.is_none() && self.faults.loses_reply_after_saving(action) {
                    fault = Some(Fault::DroppedAfter);
                }
                let (answer, message) =
                    done.map_or((Answer::Dropped, String::new()), |done| (done.answer, done.message));
                acted.answer = self.spoilt(fault, action, request, answer);
                if let Some(Fault::Slow(slow)) = fault {
                    acted.delay += slow;
                }
                message
            }
            (None, None) => String::new(),
        };
        let fault = fault.or(slip).map(Fault::name);
        let status = match &acted.answer {
            Answer::Reply { status, .. } => Some(status.as_u16()),
            Answer::Dropped => None,
        };
        let traceparent = request.headers.get("traceparent").and_then(|header| header.to_str().ok()).map(str::to_owned);
        let (action, changed) = (plan.action, acted.changed);
        self.journal.note(CallRecord { at: now, action, status, changed, fault, message, traceparent });
        acted
    }

    /// Third step: the reply is delivered, or the caller has disconnected.
    #[expect(clippy::needless_pass_by_value, reason = "a ticket is used up, so that nobody hands it in twice")]
    pub fn finish(&mut self, ticket: Ticket) {
        let Ticket { counted, generation } = ticket;
        if counted && generation == self.generation {
            self.limiter.leave();
        }
    }

    /// All three steps at once, for callers that do not simulate delays.
    pub fn answer(&mut self, request: &Request, now: Timestamp) -> Acted {
        let Admission { ticket, plan } = self.begin(request, now);
        let acted = self.act(&plan, request, now);
        self.finish(ticket);
        acted
    }

    /// All checks before a call is carried out.
    fn let_in(&mut self, request: &Request, now: Timestamp, ticket: &mut Ticket) -> Result<Action, Box<Refusal>> {
        match self.down {
            Some(Down::Page503) => return Err(Refusal::of(html_answer(StatusCode::SERVICE_UNAVAILABLE), "")),
            Some(Down::Dropped | Down::Refused) => return Err(Refusal::of(Answer::Dropped, "")),
            None => {}
        }
        let refuse = |status, text: &str| {
            let answer = error_answer(&request.headers, status, &refusal(&[text.to_owned()]));
            Refusal::of(answer, text)
        };
        if request.path.ends_with("/open-db.do") {
            return Err(refuse(StatusCode::UNAUTHORIZED, messages::OPEN_DB_REFUSED));
        }
        let Some(action) = Action::of_path(&request.path) else {
            return Err(refuse(StatusCode::NOT_FOUND, messages::WRONG_URL));
        };
        if request.method != action.method() {
            let text = format!("Request method '{}' not supported", request.method);
            return Err(refuse(StatusCode::METHOD_NOT_ALLOWED, &text));
        }
        self.credential.check(&request.headers, now).map_err(|fault| not_let_in(&request.headers, fault))?;
        // From here on the credential is known, so the call counts against its limits, whatever happens next.
        if let Err(kind) = self.limiter.arrive(action, now) {
            return Err(self.above_limit(kind));
        }
        ticket.counted = true;
        if !action.is_of_account() && request.host != self.data_host {
            return Err(Refusal::of(self.moved(request), ""));
        }
        Ok(action)
    }

    fn above_limit(&self, kind: BreachKind) -> Box<Refusal> {
        let message = messages::above_limit(kind);
        let status = if self.limiter.answers_with_429() { StatusCode::TOO_MANY_REQUESTS } else { StatusCode::OK };
        Refusal::of(json_answer(status, &refusal(&[message.to_owned()])), message)
    }

    /// HTTP 308; that `Location` is its only header is a guess (accurate.md §6).
    fn moved(&self, request: &Request) -> Answer {
        let mark = if request.query.is_empty() { "" } else { "?" };
        let target = format!("{}{}{mark}{}", self.data_url_for(request), request.path, request.query);
        let mut headers = HeaderMap::new();
        if let Ok(location) = HeaderValue::from_str(&target) {
            headers.insert(LOCATION, location);
        }
        Answer::Reply { status: StatusCode::PERMANENT_REDIRECT, headers, body: Bytes::new() }
    }

    pub(super) fn url(&self, host: Host) -> &str {
        match host {
            Host::First => &self.urls[0],
            Host::Second => &self.urls[1],
        }
    }

    /// The database's address from this caller's point of view. A sandbox that listens on all interfaces has no name of
    /// its own, so it uses the host that the caller used.
    fn data_url_for(&self, request: &Request) -> String {
        let url = self.url(self.data_host);
        let called = request.headers.get(HOST).and_then(|host| host.to_str().ok());
        let called = called.map(|host| host.rsplit_once(':').map_or(host, |(name, _port)| name));
        match (url.strip_prefix("http://0.0.0.0:").or_else(|| url.strip_prefix("http://[::]:")), called) {
            (Some(port), Some(name)) => format!("http://{name}:{port}"),
            _ => url.to_owned(),
        }
    }

    fn work_unless_prevented(
        &mut self,
        chosen: Chosen,
        action: Action,
        request: &Request,
        now: Timestamp,
    ) -> Option<Done> {
        if chosen.fault.is_some_and(Fault::prevents_the_work) {
            return None;
        }
        let host = self.data_url_for(request);
        Some(work(&mut self.books, action, request, &host, chosen.slip, now))
    }
}

impl Refusal {
    fn of(answer: Answer, message: &str) -> Box<Self> {
        Box::new(Self { answer, message: message.to_owned() })
    }
}

/// An unknown token is reported in OAuth's format, everything else in Accurate's. Which error uses which format is a
/// guess.
fn not_let_in(headers: &HeaderMap, fault: AuthFault) -> Box<Refusal> {
    let text = messages::not_let_in(fault);
    let body = match fault {
        AuthFault::InvalidToken => json!({ "error": text, "error_description": "Access token is not valid" }),
        _ => refusal(&[text.to_owned()]),
    };
    Refusal::of(error_answer(headers, StatusCode::UNAUTHORIZED, &body), text)
}
