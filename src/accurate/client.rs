//! One book's session with Accurate: finds the data host, signs, keeps to the limits, follows moves, reads replies.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::Method;
use jiff::{SignedDuration, Timestamp};
use reqwest::Url;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    activity::{Activity, CallError, Lately},
    credentials::{BookConfig, Credentials},
    customers,
    invoices::Lists,
    limiter::{Lent, Limiter},
    outcome::{BookRefusal, BookTrouble, Effect, Failure, MissingRight, Refusal, Right},
    redact::Secrets,
    reply::{self, Element, Envelope, Lenient, Skipped, Text},
    search::Sightings,
    wire::{Wire, WireFault, WireReply, WireRequest},
};
use crate::{
    clock::{Deadline, Monotonic, SharedClock},
    live::Live,
};

/// How long a call for one record may take. Longer than any seen reply; a lease holds several.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a bulk may take: public clients wait as long (accurate.md §2, C).
pub const BULK_TIMEOUT: Duration = Duration::from_mins(3);

/// How often a call follows a move before it gives up.
const MOST_MOVES: usize = 3;

/// After so many replies in a row that never came the host is asked for again.
const LOST_BEFORE_REDISCOVERY: u32 = 3;

/// A host that was asked for this recently is not asked for again: when Accurate is down, all calls in flight
/// fail together and would all ask.
const DISCOVERY_HOLDS: Duration = Duration::from_secs(1);

/// A larger reply is read by a thread of its own, so that it holds up nobody else.
const READ_AT_ONCE: usize = 64 * 1024;

/// Which rights calls were last seen to have (`None`), or to lack, in Accurate's words.
pub type RightsSeen = BTreeMap<Right, Option<String>>;

/// One book's session.
pub struct Session {
    name: String,
    account_url: Url,
    credentials: Live<Credentials>,
    limiter: Limiter,
    bulk: bool,
    wire: Arc<dyn Wire>,
    clock: SharedClock,
    activity: Activity,
    place: Mutex<Place>,
    /// One discovery at a time.
    discovering: tokio::sync::Mutex<()>,
    /// Customers are looked up and created one at a time, so several orders that need the same one create it once.
    pub(super) customers_seen: tokio::sync::Mutex<customers::Seen>,
    /// What is known about asking for many numbers at once.
    pub(super) lists: Mutex<Lists>,
    /// Rights that calls were seen to have or to lack since they were last asked for.
    rights_seen: Mutex<RightsSeen>,
    /// What was seen of its invoices: whose numbers count, and the lists of days.
    pub(super) sightings: Sightings,
    /// From then on another process may make this book's calls; a monotonic reading in microseconds.
    ours_until: AtomicU64,
}

/// Where the data is, as far as known.
#[derive(Default)]
struct Place {
    host: Option<Url>,
    asked_at: Option<Monotonic>,
    /// Origins that discovery returned: the only ones outside `*.accurate.id` that get credentials.
    returned: HashSet<String>,
    lost_in_a_row: u32,
    /// How far Accurate's clock was ahead of ours at the last reply.
    ahead: Option<SignedDuration>,
}

/// What came back from one host, not read yet.
struct Exchanged {
    call: &'static str,
    seconds: f64,
    result: Result<WireReply, WireFault>,
    /// What the call carried, and nobody may see.
    secrets: Secrets,
}

/// What the account server says about the token's database. One official text prints the key as `data usaha`
/// (accurate.md §1, C).
#[derive(Default, Deserialize)]
#[serde(default)]
struct Discovered {
    database: Lenient<DatabasePlace>,
    #[serde(rename = "data usaha")]
    data_usaha: Lenient<DatabasePlace>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct DatabasePlace {
    host: Text,
}

/// A call to be made.
#[derive(Clone, Debug)]
pub struct Call {
    /// Resource and action, for example `sales-invoice/save`.
    pub name: &'static str,
    /// GET reads, POST saves, DELETE deletes.
    pub method: Method,
    /// Query, unescaped.
    pub query: Vec<(String, String)>,
    /// JSON.
    pub body: Option<Bytes>,
    /// How long the exchange may take.
    pub timeout: Duration,
    /// Elements of a bulk; each has its own outcome in the reply.
    pub elements: Option<usize>,
    /// It is not sent later than this, however long it waits for its turn.
    pub last_start: Option<Deadline>,
}

impl Call {
    /// A call that reads.
    pub fn get(name: &'static str, query: &[(&str, &str)]) -> Self {
        let query = query.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Self { name, method: Method::GET, query, body: None, timeout: CALL_TIMEOUT, elements: None, last_start: None }
    }

    /// A call that saves.
    pub fn post(name: &'static str, body: &impl Serialize) -> Self {
        let body = serde_json::to_vec(body).expect("JSON can be written").into();
        Self { method: Method::POST, body: Some(body), ..Self::get(name, &[]) }
    }

    /// A call that saves many records at once.
    pub fn post_many(name: &'static str, elements: &[impl Serialize]) -> Self {
        let call = Self::post(name, &HashMap::from([("data", elements)]));
        Self { timeout: BULK_TIMEOUT, elements: Some(elements.len()), ..call }
    }

    /// The same call, not to be sent later than this.
    #[must_use]
    pub fn no_later_than(self, last_start: Deadline) -> Self {
        Self { last_start: Some(last_start), ..self }
    }

    /// A call that deletes.
    pub fn delete(name: &'static str, id: i64) -> Self {
        Self { method: Method::DELETE, ..Self::get(name, &[("id", &id.to_string())]) }
    }
}

impl Session {
    /// A session that has not called yet.
    pub fn new(name: &str, book: &BookConfig, wire: Arc<dyn Wire>, clock: SharedClock) -> Self {
        let book_name = name.to_owned();
        // The lines of a book are there before its first call.
        metrics::counter!("forstok_accurate_accurate_calls_total", "book" => book_name.clone(), "call" => "api-token", "outcome" => "ok").absolute(0);
        let _ = metrics::histogram!("forstok_accurate_accurate_call_seconds", "book" => book_name.clone(), "call" => "api-token");
        Self {
            name: book_name,
            account_url: book.account_url.clone(),
            credentials: Live::new(book.credentials()),
            limiter: Limiter::new(clock.clone()),
            bulk: book.bulk,
            wire,
            clock,
            place: Mutex::default(),
            activity: Activity::default(),
            discovering: tokio::sync::Mutex::default(),
            customers_seen: tokio::sync::Mutex::default(),
            lists: Mutex::default(),
            rights_seen: Mutex::default(),
            sightings: Sightings::default(),
            ours_until: AtomicU64::new(Monotonic::MAX.as_micros()),
        }
    }

    /// The book's name in the settings.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether many due orders may go in one call.
    pub fn may_send_bulks(&self) -> bool {
        self.bulk
    }

    /// The moment it is.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The moment that the time of day will show as this.
    pub fn deadline_at(&self, time_of_day: Timestamp) -> Deadline {
        Deadline::at(time_of_day, self.clock.as_ref())
    }

    /// Whether a moment is over.
    pub fn is_over(&self, deadline: Deadline) -> bool {
        deadline.is_over(self.clock.as_ref())
    }

    /// A reading for waits inside this process.
    pub fn monotonic(&self) -> Monotonic {
        self.clock.monotonic()
    }

    /// How far Accurate's clock was ahead of ours at the last reply that carried its time.
    pub fn accurate_is_ahead(&self) -> Option<SignedDuration> {
        self.place().ahead
    }

    /// No call leaves later than this: from then on another process may make this book's calls.
    pub fn call_no_later_than(&self, until: Monotonic) {
        self.ours_until.store(until.as_micros(), Ordering::Release);
    }

    /// Whether calls may leave now: no other process may make them.
    pub fn may_call(&self) -> bool {
        self.monotonic() < self.last_call_at()
    }

    /// When the last call may leave.
    pub fn last_call_at(&self) -> Monotonic {
        Monotonic::from_micros(self.ours_until.load(Ordering::Acquire))
    }

    /// Calls from now on carry these. Another token may belong to data on another host, so the next call asks for the host again.
    pub fn set_credentials(&self, credentials: Credentials) {
        if !credentials.are(&self.credentials.get()) {
            self.credentials.set(credentials);
            self.place().host = None;
        }
    }

    /// Takes half of this book's slots out of use, for another process to use them, until what is returned is dropped.
    pub async fn lend(&self) -> Lent<'_> {
        self.limiter.lend().await
    }

    /// Lets no call of this book leave for this long.
    pub fn slow_down(&self, duration: SignedDuration) {
        self.limiter.pause(duration);
    }

    /// The rights that calls were seen to have or to lack since this was last asked.
    pub fn take_rights_seen(&self) -> RightsSeen {
        std::mem::take(&mut *self.rights_seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Makes one call on the data host.
    pub async fn call<D, R>(&self, call: &Call) -> Result<Envelope<D, R>, Failure>
    where
        D: DeserializeOwned + Send + 'static,
        R: DeserializeOwned + Send + 'static,
    {
        let name = call.name;
        let exchanged = self.exchange_with_data_host(call).await?;
        let result = self.read(exchanged, move |reply, secrets| reply::read(name, reply, secrets)).await;
        self.note_right(Right::of(name), result.as_ref().err());
        result
    }

    /// Makes one call whose elements each have their own outcome, in the order sent.
    pub async fn call_many<R>(&self, call: &Call) -> Result<Vec<Element<R>>, Failure>
    where
        R: DeserializeOwned + Send + 'static,
    {
        let (name, sent) = (call.name, call.elements.unwrap_or_default());
        let exchanged = self.exchange_with_data_host(call).await?;
        let result = self.read(exchanged, move |reply, secrets| reply::read_many(name, reply, secrets, sent)).await;
        match &result {
            Ok(elements) => {
                for element in elements {
                    self.note_right(Right::of(name), element.as_ref().err());
                }
            }
            Err(failure) => self.note_right(Right::of(name), Some(failure)),
        }
        result
    }

    /// Reads what came back and counts the call.
    async fn read<T: Send + 'static>(
        &self,
        Exchanged { call, seconds, result, secrets }: Exchanged,
        read: impl FnOnce(&WireReply, &Secrets) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let read = match result {
            Err(fault) => Err(fault.into()),
            Ok(reply) if reply.body.len() <= READ_AT_ONCE => read(&reply, &secrets),
            Ok(reply) => {
                let read = tokio::task::spawn_blocking(move || read(&reply, &secrets)).await;
                read.unwrap_or_else(|_| Err(Failure::Ambiguous("the reply could not be read".to_owned())))
            }
        };
        let failure = read.as_ref().err();
        self.count(call, seconds, failure.map_or("ok", Failure::class));
        let at = self.clock.now();
        let error =
            |failure: &Failure| CallError { at, call, outcome: failure.class(), words: failure.words().to_owned() };
        // What Accurate refuses is about one order, where it is told.
        let trouble = failure.filter(|failure| !matches!(failure, Failure::Refused(_)));
        self.activity.note(at, trouble.map(error));
        read
    }

    /// The calls of the last minute and the last errors.
    pub fn lately(&self) -> Lately {
        self.activity.lately()
    }

    /// What a call's end says about the right that it needs.
    fn note_right(&self, right: Right, failure: Option<&Failure>) {
        let seen = match failure {
            None | Some(Failure::Refused(_)) => None,
            Some(Failure::RightMissing(missing)) => Some(missing.words.clone()),
            Some(_) => return,
        };
        self.rights_seen.lock().unwrap_or_else(PoisonError::into_inner).insert(right, seen);
    }

    /// What came back from the data host, wherever that is by now.
    async fn exchange_with_data_host(&self, call: &Call) -> Result<Exchanged, Failure> {
        let mut host = match self.known_host() {
            Some(host) => host,
            None => self.discover(None).await?,
        };
        for _ in 0..=MOST_MOVES {
            let url = joined(&host, &format!("/accurate/api/{}.do", call.name));
            let exchanged = self.exchange(url, call).await;
            match &exchanged.result {
                Ok(reply) if is_move(reply.status) => {
                    self.count(call.name, exchanged.seconds, "moved");
                    host = self.follow(&host, reply, &exchanged.secrets).await?;
                }
                Err(WireFault::NotSent(words)) => {
                    self.count(call.name, exchanged.seconds, "not_sent");
                    // Nothing was sent, so another host may safely be tried.
                    let words = words.clone();
                    let found = self.discover(Some(&host)).await?;
                    if found == host {
                        return Err(Failure::NotSent(words));
                    }
                    host = found;
                }
                Err(WireFault::TooLate) => return Err(WireFault::TooLate.into()),
                _ => {
                    self.note(&exchanged.result);
                    return Ok(exchanged);
                }
            }
        }
        Err(Failure::NotSent("Accurate keeps pointing to yet another host".to_owned()))
    }

    /// Asks the account server where the data is; `stale` is the host that did not serve.
    async fn discover(&self, stale: Option<&Url>) -> Result<Url, Failure> {
        let _one_at_a_time = self.discovering.lock().await;
        if let Some(host) = self.host_found_meanwhile(stale) {
            return Ok(host);
        }
        let call = Call { method: Method::POST, ..Call::get("api-token", &[]) };
        let exchanged = self.exchange(joined(&self.account_url, "/api/api-token.do"), &call).await;
        let secrets = exchanged.secrets.clone();
        let read =
            |reply: &WireReply, secrets: &Secrets| reply::read::<Discovered, Skipped>("api-token", reply, secrets);
        let discovered = match self.read(exchanged, read).await {
            Ok(envelope) => envelope.d,
            // Whatever the account server answers, the call that needs the host was not sent.
            Err(Failure::Ambiguous(words) | Failure::UnknownText(words) | Failure::NotSent(words)) => {
                return Err(Failure::NotSent(format!("{} does not answer: {words}", self.account_url)));
            }
            // Without a host no call can be made, whatever right the account server means.
            Err(Failure::Refused(Refusal { words, .. }) | Failure::RightMissing(MissingRight { words, .. })) => {
                let trouble = BookTrouble::TokenRefused;
                return Err(Failure::BookRefused(BookRefusal { trouble, words, effect: Effect::None }));
            }
            Err(failure) => return Err(failure.of_a_call_not_made()),
        };
        let database = discovered.database.0.or(discovered.data_usaha.0).unwrap_or_default();
        let host = Url::parse(&database.host.0).ok().filter(|host| self.may_hold_data(host)).ok_or_else(|| {
            let named = secrets.hidden_in(&database.host.0);
            Failure::NotSent(format!("{} named no host that can be trusted: {named:?}", self.account_url))
        })?;
        let mut place = self.place();
        place.returned.insert(host.origin().ascii_serialization());
        place.host = Some(host.clone());
        place.asked_at = Some(self.monotonic());
        place.lost_in_a_row = 0;
        Ok(host)
    }

    /// The host, when another call has found one or has asked within the last second.
    fn host_found_meanwhile(&self, stale: Option<&Url>) -> Option<Url> {
        let place = self.place();
        let host = place.host.clone()?;
        let just_asked = place.asked_at.is_some_and(|at| self.monotonic().since(at) < DISCOVERY_HOLDS);
        (just_asked || stale.is_none_or(|stale| *stale != host)).then_some(host)
    }

    /// A 308: the same call again over there, if credentials may go there (accurate.md §1, A).
    async fn follow(&self, from: &Url, reply: &WireReply, secrets: &Secrets) -> Result<Url, Failure> {
        let target = reply.location.as_deref().and_then(|location| from.join(location).ok());
        let Some(target) = target else {
            return Err(Failure::NotSent("HTTP 308 without a place to go".to_owned()));
        };
        let origin = target.origin().ascii_serialization();
        if self.is_trusted(&target) {
            let host = Url::parse(&origin).map_err(|error| Failure::NotSent(error.to_string()))?;
            self.place().host = Some(host.clone());
            return Ok(host);
        }
        // Only the account server can vouch for a host that is not Accurate's by name.
        self.place().asked_at = None;
        let vouched = self.discover(Some(from)).await?;
        if vouched.origin() == target.origin() {
            return Ok(vouched);
        }
        let origin = secrets.hidden_in(&origin);
        Err(Failure::NotSent(format!("Accurate points to {origin}, which gets no credentials")))
    }

    fn is_trusted(&self, url: &Url) -> bool {
        is_accurates_own(url) || self.place().returned.contains(&url.origin().ascii_serialization())
    }

    /// Plain HTTP only where the account server itself is plain, which the settings allow on this machine alone.
    fn may_hold_data(&self, host: &Url) -> bool {
        host.has_host()
            && (host.scheme() == "https" || (host.scheme() == "http" && self.account_url.scheme() == "http"))
    }

    /// One signed exchange within the limits.
    async fn exchange(&self, mut url: Url, call: &Call) -> Exchanged {
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&call.query);
        }
        let slot = self.limiter.slot().await;
        let (started, started_at) = (self.clock.now(), self.monotonic());
        if call.last_start.is_some_and(|last_start| self.is_over(last_start)) || !self.may_call() {
            slot.answered();
            let (result, secrets) = (Err(WireFault::TooLate), Secrets::default());
            return Exchanged { call: call.name, seconds: 0.0, result, secrets };
        }
        let credentials = self.credentials.get();
        let mut headers = credentials.headers(started).to_vec();
        let secrets = Secrets::of(&credentials, &headers);
        // Errors are told apart by their text, so its language is pinned (accurate.md §1, B).
        headers.push(("x-language-profile", "ID".to_owned()));
        headers.push(("accept", "application/json".to_owned()));
        let request =
            WireRequest { method: call.method.clone(), url, headers, body: call.body.clone(), timeout: call.timeout };
        let result = self.wire.send(request).await;
        if !matches!(result, Err(WireFault::Lost(_))) {
            slot.answered();
        }
        if let Ok(WireReply { date: Some(date), .. }) = &result {
            self.place().ahead = Some(date.duration_since(self.clock.now()));
        }
        let result = result.map_err(|fault| fault.with_words(|words| secrets.hidden_in(words)));
        let seconds = self.monotonic().since(started_at).as_secs_f64();
        Exchanged { call: call.name, seconds, result, secrets }
    }

    fn count(&self, call: &'static str, seconds: f64, outcome: &'static str) {
        let book = self.name.clone();
        metrics::counter!("forstok_accurate_accurate_calls_total", "book" => book.clone(), "call" => call, "outcome" => outcome)
            .increment(1);
        metrics::histogram!("forstok_accurate_accurate_call_seconds", "book" => book, "call" => call).record(seconds);
    }

    /// After a host stopped answering, or knew no such address, the next call asks for the host again.
    fn note(&self, result: &Result<WireReply, WireFault>) {
        let mut place = self.place();
        match result {
            Ok(reply) if reply.status == 404 => place.host = None,
            Ok(_) => place.lost_in_a_row = 0,
            Err(_) => {
                place.lost_in_a_row += 1;
                if place.lost_in_a_row >= LOST_BEFORE_REDISCOVERY {
                    place.host = None;
                }
            }
        }
    }

    fn known_host(&self) -> Option<Url> {
        self.place().host.clone()
    }

    fn place(&self) -> std::sync::MutexGuard<'_, Place> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// 308 is what Accurate answers (accurate.md §1); 307 means the same. Both keep method and body.
fn is_move(status: u16) -> bool {
    matches!(status, 307 | 308)
}

/// `https://*.accurate.id` (accurate.md §1).
fn is_accurates_own(url: &Url) -> bool {
    url.scheme() == "https" && url.host_str().is_some_and(|host| host.ends_with(".accurate.id"))
}

fn joined(host: &Url, path: &str) -> Url {
    let mut url = host.clone();
    url.set_path(path);
    url.set_query(None);
    url
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;

    /// An Accurate whose account server names the first host that answers; calls are written down.
    struct Hosts {
        data: Mutex<Vec<(&'static str, Result<u16, WireFault>)>>,
        calls: Mutex<Vec<String>>,
    }

    #[async_trait::async_trait]
    impl Wire for Hosts {
        async fn send(&self, request: WireRequest) -> Result<WireReply, WireFault> {
            let origin = request.url.origin().ascii_serialization();
            self.calls.lock().expect("not poisoned").push(format!("{origin}{}", request.url.path()));
            let data = self.data.lock().expect("not poisoned");
            let answering = data.iter().find(|(_, answer)| answer.is_ok()).map_or("", |(host, _)| *host);
            let body = format!(r#"{{"s":true,"d":{{"database":{{"host":"{answering}"}}}}}}"#);
            let found = data.iter().find(|(host, _)| *host == origin);
            let status = found.map_or(Ok(200), |(_, answer)| answer.clone())?;
            Ok(WireReply { status, location: None, date: None, body: body.into() })
        }
    }

    fn session(data: &[(&'static str, Result<u16, WireFault>)]) -> (Session, Arc<Hosts>) {
        let hosts = Arc::new(Hosts { data: Mutex::new(data.to_vec()), calls: Mutex::default() });
        let book = BookConfig {
            account_url: "http://account.localhost".parse().expect("an address"),
            api_token: "t".into(),
            signature_secret: "s".into(),
            bulk: true,
        };
        (Session::new("main", &book, hosts.clone(), Arc::new(SystemClock)), hosts)
    }

    const ZEUS: &str = "http://zeus.localhost";
    const HERA: &str = "http://hera.localhost";

    fn replace(hosts: &Hosts, data: &[(&'static str, Result<u16, WireFault>)]) {
        *hosts.data.lock().expect("not poisoned") = data.to_vec();
        hosts.calls.lock().expect("not poisoned").clear();
    }

    fn calls(hosts: &Hosts) -> Vec<String> {
        hosts.calls.lock().expect("not poisoned").clone()
    }

    fn read() -> Call {
        Call::get("item/list", &[])
    }

    #[tokio::test]
    async fn the_host_is_asked_for_once_and_remembered() {
        let (session, hosts) = session(&[(ZEUS, Ok(200))]);
        for _ in 0..2 {
            session.call::<Skipped, Skipped>(&read()).await.expect("answered");
        }
        let there = format!("{ZEUS}/accurate/api/item/list.do");
        assert_eq!(calls(&hosts), ["http://account.localhost/api/api-token.do", &there, &there]);
    }

    #[tokio::test]
    async fn a_host_that_takes_no_connection_any_more_is_asked_for_anew() {
        let (session, hosts) = session(&[(ZEUS, Ok(200))]);
        session.call::<Skipped, Skipped>(&read()).await.expect("answered");
        session.place().asked_at = None;
        replace(&hosts, &[(ZEUS, Err(WireFault::NotSent("refused".to_owned()))), (HERA, Ok(200))]);
        session.call::<Skipped, Skipped>(&read()).await.expect("answered over there");
        let last = calls(&hosts).pop();
        assert_eq!(last, Some(format!("{HERA}/accurate/api/item/list.do")));
    }

    #[tokio::test]
    async fn a_host_whose_replies_keep_getting_lost_is_asked_for_anew() {
        let (session, hosts) = session(&[(ZEUS, Ok(200))]);
        session.call::<Skipped, Skipped>(&read()).await.expect("answered");
        replace(&hosts, &[(ZEUS, Err(WireFault::Lost("cut".to_owned()))), (HERA, Ok(200))]);
        for _ in 0..LOST_BEFORE_REDISCOVERY {
            assert!(matches!(session.call::<Skipped, Skipped>(&read()).await, Err(Failure::Ambiguous(_))));
        }
        session.call::<Skipped, Skipped>(&read()).await.expect("answered over there");
        assert_eq!(calls(&hosts).pop(), Some(format!("{HERA}/accurate/api/item/list.do")));
    }

    #[tokio::test]
    async fn a_call_whose_reply_was_lost_is_never_made_again_by_itself() {
        let (session, hosts) = session(&[(ZEUS, Ok(200))]);
        session.call::<Skipped, Skipped>(&read()).await.expect("answered");
        replace(&hosts, &[(ZEUS, Err(WireFault::Lost("cut".to_owned()))), (HERA, Ok(200))]);
        let save = Call::post("sales-invoice/save", &serde_json::json!({}));
        assert!(matches!(session.call::<Skipped, Skipped>(&save).await, Err(Failure::Ambiguous(_))));
        assert_eq!(calls(&hosts), [format!("{ZEUS}/accurate/api/sales-invoice/save.do")]);
    }
}
