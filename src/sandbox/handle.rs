//! The handle that tests, `demo`, the HTTP shell and the control routes share.

use std::{
    collections::BTreeMap,
    fmt, io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use tokio::sync::watch;

use super::{
    Acted, Action, Admission, Breach, CallRecord, Core, Customer, Down, Fault, Host, Invoice, Limits, Masters, On,
    Options, Plan, Request, Running, Settings, Ticket, server,
};
use crate::clock::SharedClock;

/// The stand-in for Accurate. Clones are the same sandbox.
#[derive(Clone)]
pub struct Sandbox(Arc<Shared>);

struct Shared {
    core: Mutex<Core>,
    clock: SharedClock,
    /// The listeners look here whether they are to refuse connections.
    refusing: watch::Sender<bool>,
}

impl Sandbox {
    /// A sandbox that nobody can reach yet.
    pub fn new(options: Options) -> Self {
        Self(Arc::new(Shared {
            clock: options.clock.clone(),
            core: Mutex::new(Core::new(options)),
            refusing: watch::Sender::new(false),
        }))
    }

    /// Serves it over HTTP at `listen`, and at a second free port of the same address for the moved host.
    pub async fn start(&self, listen: SocketAddr) -> io::Result<Running> {
        server::start(self.clone(), listen).await
    }

    // ---- calls, for drivers without HTTP ----

    /// The time now, by the sandbox's clock.
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// See [`Core::begin`].
    pub fn begin(&self, request: &Request, now: Timestamp) -> Admission {
        self.core().begin(request, now)
    }

    /// See [`Core::act`].
    pub fn act(&self, plan: &Plan, request: &Request, now: Timestamp) -> Acted {
        self.core().act(plan, request, now)
    }

    /// See [`Core::finish`].
    pub fn finish(&self, ticket: Ticket) {
        self.core().finish(ticket);
    }

    /// See [`Core::answer`].
    pub fn answer(&self, request: &Request, now: Timestamp) -> Acted {
        self.core().answer(request, now)
    }

    // ---- what goes wrong ----

    /// The next `times` calls that `on` waits for meet this fault.
    pub fn next(&self, on: impl Into<On>, fault: Fault, times: usize) {
        self.core().faults.command(on.into(), fault, times);
    }

    /// The next `save` or `bulk-save` that really saves an invoice gets no reply. A refused one does not use it up.
    pub fn lose_next_reply_after_saving(&self) {
        self.core().faults.lose_after_saving += 1;
    }

    /// Every call meets this fault with this chance, 0 to 1.
    pub fn set_probability(&self, fault: Fault, chance: f64) {
        self.core().faults.set_probability(fault, chance);
    }

    /// Every fault that happens by chance, with its chance.
    pub fn probabilities(&self) -> Vec<(Fault, f64)> {
        self.core().faults.probabilities().to_vec()
    }

    /// No more faults, neither by chance nor on command.
    pub fn clear_faults(&self) {
        self.core().faults.clear();
    }

    /// The token is answered with `Invalid or Revoked API Token` from now on.
    pub fn revoke_token(&self) {
        self.core().credential.revoked = true;
    }

    /// The token works again.
    pub fn restore_token(&self) {
        self.core().credential.revoked = false;
    }

    /// The database moves to the other host; the old one answers HTTP 308.
    pub fn move_host(&self) {
        let mut core = self.core();
        core.data_host = match core.data_host {
            Host::First => Host::Second,
            Host::Second => Host::First,
        };
    }

    /// Where data calls are answered now, such as `http://127.0.0.1:4000`.
    pub fn data_url(&self) -> String {
        let core = self.core();
        core.url(core.data_host).to_owned()
    }

    /// The whole server goes away.
    pub fn go_down(&self, down: Down) {
        self.core().down = Some(down);
        self.0.refusing.send_replace(down == Down::Refused);
    }

    /// The server is back.
    pub fn come_back(&self) {
        self.core().down = None;
        self.0.refusing.send_replace(false);
    }

    /// The token's user loses the right for this call.
    pub fn withhold_right(&self, action: Action) {
        self.core().books.withheld.insert(action);
    }

    /// The token's user has the right for this call again.
    pub fn grant_right(&self, action: Action) {
        self.core().books.withheld.remove(&action);
    }

    // ---- how it is set up ----

    /// Changes the limits from now on.
    pub fn set_limits(&self, limits: Limits) {
        self.core().limiter.limits = limits;
    }

    /// How long each call takes from now on.
    pub fn set_latency(&self, latency: Duration) {
        self.core().latency = latency;
    }

    /// Changes how the database is set up.
    pub fn change_settings(&self, change: impl FnOnce(&mut Settings)) {
        let mut core = self.core();
        change(&mut core.books.settings);
        core.books.settings_changed();
    }

    /// Adds masters to those that are there.
    pub fn add_masters(&self, masters: &Masters) {
        self.core().books.add_masters(masters);
    }

    /// Adds an item; a suspended one with this number is replaced.
    pub fn add_item(&self, no: &str, name: &str) {
        self.add_masters(&Masters::default().item(no, name));
    }

    /// Switches an item off. An item nobody knows stays unknown.
    pub fn suspend_item(&self, no: &str) {
        self.core().books.items.get_mut(no).into_iter().for_each(|item| item.suspended = true);
    }

    /// Switches an item on again.
    pub fn resume_item(&self, no: &str) {
        self.core().books.items.get_mut(no).into_iter().for_each(|item| item.suspended = false);
    }

    /// Switches an account off. An account nobody knows stays unknown.
    pub fn suspend_account(&self, no: &str) {
        self.core().books.accounts.get_mut(no).into_iter().for_each(|account| account.suspended = true);
    }

    /// Switches an account on again.
    pub fn resume_account(&self, no: &str) {
        self.core().books.accounts.get_mut(no).into_iter().for_each(|account| account.suspended = false);
    }

    /// Forgets everything since [`Sandbox::new`], except where it listens.
    pub fn reset(&self) {
        self.core().reset();
        self.0.refusing.send_replace(false);
    }

    // ---- what it holds and what it saw ----

    /// All live invoices, oldest first.
    pub fn invoices(&self) -> Vec<Invoice> {
        self.core().books.invoices.all().cloned().collect()
    }

    /// The live invoices with this number: none or one.
    pub fn invoices_numbered(&self, number: &str) -> Vec<Invoice> {
        self.core().books.invoices.get(number).cloned().into_iter().collect()
    }

    /// How many live invoices there are.
    pub fn invoice_count(&self) -> usize {
        self.core().books.invoices.len()
    }

    /// All customers, oldest first.
    pub fn customers(&self) -> Vec<Customer> {
        self.core().books.customers.all().cloned().collect()
    }

    /// The last ten thousand calls, oldest first.
    pub fn calls(&self) -> Vec<CallRecord> {
        self.core().journal.calls()
    }

    /// How often this call was made, ever.
    pub fn call_count(&self, action: Action) -> u64 {
        self.core().journal.count(action)
    }

    /// How often each call was made, by its name.
    pub fn call_counts(&self) -> BTreeMap<&'static str, u64> {
        self.core().journal.counts().clone()
    }

    /// How often each fault fired, by its name.
    pub fn fault_counts(&self) -> BTreeMap<&'static str, u64> {
        self.core().faults.fired.clone()
    }

    /// The last thousand calls above a limit, oldest first.
    pub fn breaches(&self) -> Vec<Breach> {
        self.core().limiter.breaches()
    }

    /// How many calls were above a limit, ever.
    pub fn breach_count(&self) -> u64 {
        let core = self.core();
        core.limiter.breaches_per_second + core.limiter.breaches_in_flight
    }

    /// The most calls that came in any one second.
    pub fn max_in_any_second(&self) -> usize {
        self.core().limiter.max_in_any_second
    }

    /// The most calls that were in flight at once.
    pub fn max_in_flight(&self) -> usize {
        self.core().limiter.max_in_flight
    }

    // ---- inside ----

    /// The core. One whose lock a panicking test has poisoned is still whole: each change is made at once.
    pub(super) fn core(&self) -> MutexGuard<'_, Core> {
        self.0.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn refusing(&self) -> watch::Receiver<bool> {
        self.0.refusing.subscribe()
    }
}

impl fmt::Debug for Sandbox {
    /// Without its contents: those may be a million invoices.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sandbox")
    }
}
