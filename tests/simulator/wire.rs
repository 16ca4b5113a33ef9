//! The connection to the sandbox, with a gate at each of the three steps of a call.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use forstok_accurate::{
    accurate::wire::{Wire, WireFault, WireReply, WireRequest},
    sandbox::{Acted, Admission, Host, Plan, Request, Sandbox, Ticket},
};
use jiff::Timestamp;
use tokio::sync::oneshot;

use super::{blind::Blinkers, clock::SimClock, gates::Gates, storage::Switch};
use crate::world::{as_call, as_reply};

/// The address of the account server; the two data hosts have the sandbox's own names.
pub(crate) const ACCOUNT_HOST: &str = "account.accurate.id";
/// The place of a call that may be sent but has not been sent yet.
pub(crate) const CALL_LEAVES: &str = "a call leaves";
const FIRST_HOST: &str = "zeus.accurate.id";
const SECOND_HOST: &str = "hera.accurate.id";

/// A connection to a sandbox of this world.
pub(crate) struct SimWire {
    sandbox: Sandbox,
    clock: Arc<SimClock>,
    gates: Arc<Gates>,
    line: Mutex<Line>,
}

#[derive(Default)]
struct Line {
    /// No connection is made.
    is_cut: bool,
    /// Calls that have arrived at the sandbox and are not yet carried out, whether or not their callers still wait.
    works: Vec<Work>,
    /// The data may have changed since it was last read.
    changed: bool,
}

impl SimWire {
    pub(crate) fn new(sandbox: Sandbox, clock: Arc<SimClock>, gates: Arc<Gates>) -> Self {
        Self { sandbox, clock, gates, line: Mutex::default() }
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether connections are made from now on.
    pub(crate) fn set_cut(&self, is_cut: bool) {
        self.line().is_cut = is_cut;
    }

    /// Whether the data may have changed since the previous call.
    pub(crate) fn take_changed(&self) -> bool {
        std::mem::take(&mut self.line().changed)
    }

    /// Somebody else changed the data.
    pub(crate) fn books_changed(&self) {
        self.line().changed = true;
    }

    /// When the next call is carried out in the sandbox.
    pub(crate) fn next_work(&self) -> Option<Timestamp> {
        self.line().works.iter().map(|work| work.at).min()
    }

    /// The sandbox carries out the oldest call if it is due. Returns a description.
    pub(crate) fn do_work(&self) -> Option<String> {
        let now = self.clock.truth();
        let Work { at, plan, request, answer } = {
            let mut line = self.line();
            let ripe = line.works.iter().enumerate().filter(|(_, work)| work.at <= now);
            let index = ripe.min_by_key(|(_, work)| work.at).map(|(index, _)| index)?;
            line.works.remove(index)
        };
        let acted = self.sandbox.act(&plan, &request, at);
        self.line().changed |= acted.changed;
        let done = if acted.changed { "the books change" } else { "the books stay" };
        let heard = if answer.send((acted, at)).is_ok() { "" } else { "; its caller is gone" };
        Some(format!("Accurate works on {}: {done}{heard}", request.path))
    }

    fn connect(&self, host: &str) -> Result<Host, WireFault> {
        if self.line().is_cut {
            return Err(WireFault::NotSent("Connection refused".to_owned()));
        }
        match host {
            ACCOUNT_HOST | FIRST_HOST => Ok(Host::First),
            SECOND_HOST => Ok(Host::Second),
            _ => Err(WireFault::NotSent(format!("no such host: {host}"))),
        }
    }
}

/// A call that has arrived.
struct Work {
    at: Timestamp,
    plan: Plan,
    request: Request,
    answer: oneshot::Sender<(Acted, Timestamp)>,
}

/// The caller's side of a call: when it is dropped, the call is no longer in flight.
struct InFlight<'a> {
    sandbox: &'a Sandbox,
    ticket: Option<Ticket>,
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.sandbox.finish(ticket);
        }
    }
}

/// One process's connection.
pub(crate) struct Door {
    wire: Arc<SimWire>,
    is_closed: AtomicBool,
    switch: Option<Switch>,
    blinkers: Mutex<Blinkers>,
}

impl Door {
    pub(crate) fn new(wire: Arc<SimWire>, is_closed: bool, switch: Option<Switch>) -> Self {
        Self { wire, is_closed: AtomicBool::new(is_closed), switch, blinkers: Mutex::default() }
    }

    fn blinkers(&self) -> MutexGuard<'_, Blinkers> {
        self.blinkers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets whether this replica leads the book, or another one.
    pub(crate) fn set_closed(&self, is_closed: bool) {
        self.is_closed.store(is_closed, Ordering::SeqCst);
    }
}

#[async_trait::async_trait]
impl Wire for Door {
    async fn send(&self, request: WireRequest) -> Result<WireReply, WireFault> {
        self.wire.gates.pass(CALL_LEAVES).await;
        if self.is_closed.load(Ordering::SeqCst) {
            return Err(WireFault::TooLate);
        }
        let Some(switch) = self.switch else { return self.wire.send(request).await };
        self.blinkers().sends(&request);
        let url = request.url.clone();
        let mut reply = self.wire.send(request).await?;
        reply.body = self.blinkers().seen(switch, url.path(), url.query().unwrap_or_default(), reply.body);
        Ok(reply)
    }
}

impl SimWire {
    async fn send(&self, request: WireRequest) -> Result<WireReply, WireFault> {
        let host = self.connect(request.url.host_str().unwrap_or_default())?;
        let timeout = request.timeout;
        let call = as_call(host, request);
        let arrived = self.clock.truth();
        let Admission { ticket, plan } = self.sandbox.begin(&call, arrived);
        let in_flight = InFlight { sandbox: &self.sandbox, ticket: Some(ticket) };
        let wait = plan.wait;
        let (answer, acted) = oneshot::channel();
        self.line().works.push(Work { at: arrived + wait, plan, request: call, answer });
        if wait > timeout {
            self.gates.sleep(arrived + timeout).await;
            return Err(WireFault::Lost("time ran out".to_owned()));
        }
        let (Acted { answer, delay, .. }, acted_at) =
            self.gates.called("a call is worked on", acted).await.expect("all work is done some time");
        let left = timeout.saturating_sub(wait);
        self.gates.sleep(acted_at + delay.min(left)).await;
        self.gates.pass("a call is answered").await;
        drop(in_flight);
        if delay > left {
            return Err(WireFault::Lost("time ran out".to_owned()));
        }
        as_reply(answer, self.clock.truth())
    }
}
