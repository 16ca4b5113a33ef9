//! The handle that tests, `demo`, the HTTP shell and the control routes use.

use std::{
    collections::BTreeMap,
    fmt, io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use rust_decimal::Decimal;
use tokio::sync::watch;

use super::{
    Acted, Action, Admission, Breach, CallRecord, Core, Customer, Down, Fault, ForstokSandbox, Host, Invoice, Limits,
    Masters, On, Options, Plan, Receipt, Request, Running, SalesReturn, Settings, Ticket, server,
};
use crate::{clock::SharedClock, domain::document::Kind};

/// The simulated Accurate. Clones share the same sandbox.
#[derive(Clone)]
pub struct Sandbox(Arc<Shared>);

struct Shared {
    core: Mutex<Core>,
    clock: SharedClock,
    forstok: ForstokSandbox,
    /// Tells the listeners whether to refuse connections.
    refusing: watch::Sender<bool>,
}

impl Sandbox {
    /// A sandbox without a network interface.
    pub fn new(options: Options) -> Self {
        Self(Arc::new(Shared {
            clock: options.clock.clone(),
            core: Mutex::new(Core::new(options)),
            forstok: ForstokSandbox::default(),
            refusing: watch::Sender::new(false),
        }))
    }

    /// Serves it over HTTP at `listen`, and at a second free port of the same address for the moved host.
    pub async fn start(&self, listen: SocketAddr) -> io::Result<Running> {
        server::start(self.clone(), listen).await
    }

    /// The stand-in for Forstok's order API, which listens under `/forstok`.
    pub fn forstok(&self) -> &ForstokSandbox {
        &self.0.forstok
    }

    // ---- calls, for drivers without HTTP ----

    /// The current time of the sandbox's clock.
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

    /// The next `times` calls that match `on` meet this fault.
    pub fn next(&self, on: impl Into<On>, fault: Fault, times: usize) {
        self.core().faults.command(on.into(), fault, times);
    }

    /// The next `save` or `bulk-save` that really saves an invoice gets no reply. A refused one does not count.
    pub fn lose_next_reply_after_saving(&self) {
        self.lose_next_reply_after_saving_a(Kind::Invoice);
    }

    /// The same for another kind of document.
    pub fn lose_next_reply_after_saving_a(&self, kind: Kind) {
        self.core().faults.lose_after_saving(kind);
    }

    /// Every call meets this fault with this probability, 0 to 1.
    pub fn set_probability(&self, fault: Fault, chance: f64) {
        self.core().faults.set_probability(fault, chance);
    }

    /// The probability of every random fault.
    pub fn probabilities(&self) -> Vec<(Fault, f64)> {
        self.core().faults.probabilities().to_vec()
    }

    /// Removes all faults, random and commanded.
    pub fn clear_faults(&self) {
        self.core().faults.clear();
    }

    /// From now on the token is answered with `Invalid or Revoked API Token`.
    pub fn revoke_token(&self) {
        self.core().credential.revoked = true;
    }

    /// The token works again.
    pub fn restore_token(&self) {
        self.core().credential.revoked = false;
    }

    /// The database moves to the other host; the old host answers HTTP 308.
    pub fn move_host(&self) {
        let mut core = self.core();
        core.data_host = match core.data_host {
            Host::First => Host::Second,
            Host::Second => Host::First,
        };
    }

    /// The address that answers data calls now, such as `http://127.0.0.1:4000`.
    pub fn data_url(&self) -> String {
        let core = self.core();
        core.url(core.data_host).to_owned()
    }

    /// Makes the whole server unavailable.
    pub fn go_down(&self, down: Down) {
        self.core().down = Some(down);
        self.0.refusing.send_replace(down == Down::Refused);
    }

    /// Makes the server available again.
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

    /// Changes the duration of each call from now on.
    pub fn set_latency(&self, latency: Duration) {
        self.core().latency = latency;
    }

    /// Changes the setup of the database.
    pub fn change_settings(&self, change: impl FnOnce(&mut Settings)) {
        let mut core = self.core();
        change(&mut core.books.settings);
        core.books.settings_changed();
    }

    /// Adds masters to the existing ones.
    pub fn add_masters(&self, masters: &Masters) {
        self.core().books.add_masters(masters);
    }

    /// Adds an item; a suspended item with this number is replaced.
    pub fn add_item(&self, no: &str, name: &str) {
        self.add_masters(&Masters::default().item(no, name));
    }

    /// Suspends an item. An unknown item stays unknown.
    pub fn suspend_item(&self, no: &str) {
        self.core().books.items.get_mut(no).into_iter().for_each(|item| item.suspended = true);
    }

    /// Reactivates an item.
    pub fn resume_item(&self, no: &str) {
        self.core().books.items.get_mut(no).into_iter().for_each(|item| item.suspended = false);
    }

    /// Suspends an account. An unknown account stays unknown.
    pub fn suspend_account(&self, no: &str) {
        self.core().books.accounts.get_mut(no).into_iter().for_each(|account| account.suspended = true);
    }

    /// Reactivates an account.
    pub fn resume_account(&self, no: &str) {
        self.core().books.accounts.get_mut(no).into_iter().for_each(|account| account.suspended = false);
    }

    /// Resets everything to the state after [`Sandbox::new`], except the addresses.
    pub fn reset(&self) {
        self.core().reset();
        self.0.refusing.send_replace(false);
    }

    // ---- what it holds and what it saw ----

    /// All live invoices, oldest first.
    pub fn invoices(&self) -> Vec<Invoice> {
        self.core().books.invoices.all().cloned().collect()
    }

    /// The live invoice with this number, if any.
    pub fn invoices_numbered(&self, number: &str) -> Vec<Invoice> {
        self.core().books.invoices.get(number).cloned().into_iter().collect()
    }

    /// The number of live invoices.
    pub fn invoice_count(&self) -> usize {
        self.core().books.invoices.len()
    }

    /// All live receipts, oldest first.
    pub fn receipts(&self) -> Vec<Receipt> {
        self.core().books.receipts.all().cloned().collect()
    }

    /// The number of live receipts.
    pub fn receipt_count(&self) -> usize {
        self.core().books.receipts.len()
    }

    /// The live receipt with this number, if any.
    pub fn receipt(&self, number: &str) -> Option<Receipt> {
        self.core().books.receipts.get(number).cloned()
    }

    /// All live returns, oldest first.
    pub fn returns(&self) -> Vec<SalesReturn> {
        self.core().books.returns.all().cloned().collect()
    }

    /// The live return with this number, if any.
    pub fn sales_return(&self, number: &str) -> Option<SalesReturn> {
        self.core().books.returns.get(number).cloned()
    }

    /// What is still owed on the invoice with this number, in rupiah; `None` if there is none.
    pub fn owed(&self, invoice: &str) -> Option<Decimal> {
        self.core().books.invoices.get(invoice).map(Invoice::owed)
    }

    /// The customer's credit from the invoice with this number, in rupiah; `None` if there is none.
    pub fn credit(&self, invoice: &str) -> Option<Decimal> {
        self.core().books.invoices.get(invoice).map(Invoice::credit)
    }

    /// All customers, oldest first.
    pub fn customers(&self) -> Vec<Customer> {
        self.core().books.customers.all().cloned().collect()
    }

    /// The last ten thousand calls, oldest first.
    pub fn calls(&self) -> Vec<CallRecord> {
        self.core().journal.calls()
    }

    /// How often this call has been made since the start.
    pub fn call_count(&self, action: Action) -> u64 {
        self.core().journal.count(action)
    }

    /// How often each call was made, by name.
    pub fn call_counts(&self) -> BTreeMap<&'static str, u64> {
        self.core().journal.counts().clone()
    }

    /// How often each fault occurred, by name.
    pub fn fault_counts(&self) -> BTreeMap<&'static str, u64> {
        self.core().faults.fired.clone()
    }

    /// The last thousand calls above a limit, oldest first.
    pub fn breaches(&self) -> Vec<Breach> {
        self.core().limiter.breaches()
    }

    /// How many calls have been above a limit since the start.
    pub fn breach_count(&self) -> u64 {
        let core = self.core();
        core.limiter.breaches_per_second + core.limiter.breaches_in_flight
    }

    /// The most calls in any one second.
    pub fn max_in_any_second(&self) -> usize {
        self.core().limiter.max_in_any_second
    }

    /// The most calls that were in flight at once.
    pub fn max_in_flight(&self) -> usize {
        self.core().limiter.max_in_flight
    }

    // ---- inside ----

    /// The core. If a panicking test has poisoned its lock, the core is still consistent, because each change is
    /// atomic.
    pub(super) fn core(&self) -> MutexGuard<'_, Core> {
        self.0.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn refusing(&self) -> watch::Receiver<bool> {
        self.0.refusing.subscribe()
    }
}

impl fmt::Debug for Sandbox {
    /// Without the data, which may be a million invoices.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sandbox")
    }
}
