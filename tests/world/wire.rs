//! The connection to the sandbox: without sockets, but with the same three steps (begin, act, finish) and the same
//! faults.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::http::{HeaderMap, HeaderName, HeaderValue, header::LOCATION};
use forstok_accurate::{
    accurate::wire::{Wire, WireFault, WireReply, WireRequest},
    clock::Clock,
    sandbox::{Acted, Admission, Answer, Host, Plan, Request, Sandbox},
};
use jiff::Timestamp;

use super::clock::FakeClock;

/// The address of the account server; the two data hosts have the sandbox's own names.
pub(crate) const ACCOUNT_HOST: &str = "account.accurate.id";
const FIRST_HOST: &str = "zeus.accurate.id";
const SECOND_HOST: &str = "hera.accurate.id";

/// A connection to a sandbox of this process.
pub(crate) struct SandboxWire {
    sandbox: Sandbox,
    clock: Arc<FakeClock>,
    line: Mutex<Line>,
}

#[derive(Default)]
struct Line {
    /// Every connection attempt fails.
    is_cut: bool,
    /// Data calls are redirected there with an HTTP 308.
    misled_to: Option<String>,
    /// Calls whose callers have disconnected, and which are still to be carried out.
    late: Vec<(Timestamp, Plan, Request)>,
    /// Every host that was called, in order.
    hosts: Vec<String>,
    /// The number of next calls that panic.
    panics: u32,
    /// Every call that changed data, with the time at which it did; `None` until a test asks for them.
    changes: Option<Vec<(Timestamp, Request)>>,
}

impl SandboxWire {
    pub(crate) fn new(sandbox: Sandbox, clock: Arc<FakeClock>) -> Self {
        Self { sandbox, clock, line: Mutex::default() }
    }

    /// From now on every connection attempt fails, so nothing is sent.
    pub(crate) fn cut(&self) {
        self.line().is_cut = true;
    }

    /// Connection attempts succeed again.
    pub(crate) fn recover(&self) {
        self.line().is_cut = false;
    }

    /// The next calls panic, this many of them.
    pub(crate) fn panics(&self, calls: u32) {
        self.line().panics = calls;
    }

    /// Every data call is answered with HTTP 308 to this origin.
    pub(crate) fn mislead_to(&self, origin: &str) {
        self.line().misled_to = Some(origin.to_owned());
    }

    /// Every host that was called, in order.
    pub(crate) fn hosts(&self) -> Vec<String> {
        self.line().hosts.clone()
    }

    /// From now on, every call that changes data is kept.
    pub(crate) fn keeps_changes(&self) {
        self.line().changes = Some(Vec::new());
    }

    /// The calls that were kept, in the order in which they changed data.
    pub(crate) fn changes(&self) -> Vec<(Timestamp, Request)> {
        self.line().changes.clone().expect("somebody wanted them")
    }

    fn act(&self, plan: &Plan, request: &Request, at: Timestamp) -> Acted {
        let acted = self.sandbox.act(plan, request, at);
        if let (true, Some(changes)) = (acted.changed, &mut self.line().changes) {
            changes.push((at, request.clone()));
        }
        acted
    }

    /// Carries out the delayed calls that are due.
    pub(crate) fn catch_up(&self) {
        let now = self.clock.truth();
        let (ripe, green) = std::mem::take(&mut self.line().late).into_iter().partition(|(at, ..)| *at <= now);
        self.line().late = green;
        let mut ripe: Vec<(Timestamp, Plan, Request)> = ripe;
        ripe.sort_by_key(|(at, ..)| *at);
        for (at, plan, request) in ripe {
            self.act(&plan, &request, at);
        }
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits; delayed calls that become due in the meantime are carried out.
    async fn wait(&self, duration: Duration) {
        self.clock.sleep(duration).await;
        self.catch_up();
    }

    /// The host that the call reaches; otherwise the reply or fault to return.
    fn connect(&self, request: &WireRequest) -> Result<Host, Result<WireReply, WireFault>> {
        let host = request.url.host_str().unwrap_or_default().to_owned();
        self.line().hosts.push(host.clone());
        if self.line().is_cut {
            return Err(Err(WireFault::NotSent("Connection refused".to_owned())));
        }
        if let (Some(origin), true) = (&self.line().misled_to, host != ACCOUNT_HOST) {
            let location = Some(format!("{origin}{}", request.url.path()));
            return Err(Ok(WireReply { status: 308, location, date: None, body: Vec::new().into() }));
        }
        match host.as_str() {
            ACCOUNT_HOST | FIRST_HOST => Ok(Host::First),
            SECOND_HOST => Ok(Host::Second),
            _ => Err(Err(WireFault::NotSent(format!("no such host: {host}")))),
        }
    }
}

#[async_trait::async_trait]
impl Wire for SandboxWire {
    async fn send(&self, request: WireRequest) -> Result<WireReply, WireFault> {
        self.catch_up();
        let panics = self.line().panics;
        if panics > 0 {
            self.line().panics = panics - 1;
            panic!("the wire panics on purpose");
        }
        let host = match self.connect(&request) {
            Ok(host) => host,
            Err(answered) => return answered,
        };
        let timeout = request.timeout;
        let call = as_call(host, request);
        let Admission { ticket, plan } = self.sandbox.begin(&call, self.clock.truth());
        if plan.wait > timeout {
            let at = self.clock.truth() + plan.wait;
            self.wait(timeout).await;
            self.line().late.push((at, plan, call));
            self.sandbox.finish(ticket);
            return Err(WireFault::Lost("time ran out".to_owned()));
        }
        let (wait, left) = (plan.wait, timeout.saturating_sub(plan.wait));
        self.wait(wait).await;
        let Acted { answer, delay, .. } = self.act(&plan, &call, self.clock.truth());
        self.wait(delay.min(left)).await;
        self.sandbox.finish(ticket);
        if delay > left {
            return Err(WireFault::Lost("time ran out".to_owned()));
        }
        as_reply(answer, self.clock.truth())
    }
}

/// The sandbox's answer as the client receives it at this time.
pub(crate) fn as_reply(answer: Answer, now: Timestamp) -> Result<WireReply, WireFault> {
    match answer {
        Answer::Dropped => Err(WireFault::Lost("connection reset by peer".to_owned())),
        Answer::Reply { status, headers, body } => {
            let location = headers.get(LOCATION).and_then(|value| value.to_str().ok()).map(str::to_owned);
            Ok(WireReply { status: status.as_u16(), location, date: Some(now), body })
        }
    }
}

/// The client's request as the sandbox receives it.
pub(crate) fn as_call(host: Host, request: WireRequest) -> Request {
    let header = |(name, value): (&'static str, String)| {
        let value = HeaderValue::from_str(&value).expect("the client makes valid headers");
        (HeaderName::from_static(name), value)
    };
    Request {
        host,
        method: request.method,
        path: request.url.path().to_owned(),
        query: request.url.query().unwrap_or_default().to_owned(),
        headers: request.headers.into_iter().map(header).collect::<HeaderMap>(),
        body: request.body.unwrap_or_default(),
    }
}
