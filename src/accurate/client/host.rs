//! The data host of a book: requested from the account server, remembered, and followed when it moves.

use std::{
    collections::HashSet,
    sync::{MutexGuard, PoisonError},
    time::Duration,
};

use http::Method;
use jiff::SignedDuration;
use reqwest::Url;
use serde::Deserialize;

use super::{Call, Session, exchange::joined};
use crate::{
    accurate::{
        outcome::{BookRefusal, BookTrouble, Effect, Failure, MissingRight, Refusal},
        redact::Secrets,
        reply::{self, Lenient, Skipped, Text},
        wire::{WireFault, WireReply},
    },
    clock::Monotonic,
};

/// After this many calls in a row without a reply, the host is requested again.
const LOST_BEFORE_REDISCOVERY: u32 = 3;

/// A host that was requested this recently is not requested again: when Accurate is down, all calls in flight fail at
/// the same time, and each would request it.
const DISCOVERY_HOLDS: Duration = Duration::from_secs(1);

/// What is known about the data host.
#[derive(Default)]
pub(super) struct Place {
    pub(super) host: Option<Url>,
    asked_at: Option<Monotonic>,
    /// The origins that discovery returned: the only ones outside `*.accurate.id` that credentials are sent to.
    returned: HashSet<String>,
    lost_in_a_row: u32,
    /// How far Accurate's clock was ahead of ours at the last reply.
    pub(super) ahead: Option<SignedDuration>,
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

impl Session {
    /// Requests the data host from the account server; `stale` is the host that did not answer.
    pub(super) async fn discover(&self, stale: Option<&Url>) -> Result<Url, Failure> {
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
            // Regardless of the account server's answer, the call that needs the host was not sent.
            Err(Failure::Ambiguous(words) | Failure::UnknownText(words) | Failure::NotSent(words)) => {
                return Err(Failure::NotSent(format!("{} does not answer: {words}", self.account_url)));
            }
            // Without a host no call can be made, regardless of the right that the account server means.
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

    /// The host, if another call has found it or has requested it recently.
    fn host_found_meanwhile(&self, stale: Option<&Url>) -> Option<Url> {
        let place = self.place();
        let host = place.host.clone()?;
        let just_asked = place.asked_at.is_some_and(|at| self.monotonic().since(at) < DISCOVERY_HOLDS);
        (just_asked || stale.is_none_or(|stale| *stale != host)).then_some(host)
    }

    /// Returns the host that a 308 names, if credentials may be sent there (accurate.md §1, A).
    pub(super) async fn follow(&self, from: &Url, reply: &WireReply, secrets: &Secrets) -> Result<Url, Failure> {
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
        // A host outside Accurate's domain is trusted only if the account server named it.
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

    /// Plain HTTP is allowed only if the account server uses it too, which the settings allow on this machine only.
    fn may_hold_data(&self, host: &Url) -> bool {
        host.has_host()
            && (host.scheme() == "https" || (host.scheme() == "http" && self.account_url.scheme() == "http"))
    }

    /// Forgets a host that stopped answering or does not know the address, so that the next call requests the host
    /// again.
    pub(super) fn note(&self, result: &Result<WireReply, WireFault>) {
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

    pub(super) fn known_host(&self) -> Option<Url> {
        self.place().host.clone()
    }

    pub(super) fn place(&self) -> MutexGuard<'_, Place> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `https://*.accurate.id` (accurate.md §1).
fn is_accurates_own(url: &Url) -> bool {
    url.scheme() == "https" && url.host_str().is_some_and(|host| host.ends_with(".accurate.id"))
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::{
        accurate::{
            credentials::BookConfig,
            wire::{Wire, WireRequest},
        },
        clock::SystemClock,
        domain::mapping::DEFAULT_BOOK,
    };

    /// An Accurate whose account server names the first host that answers; records the calls.
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
            check_owed: true,
        };
        (Session::new(DEFAULT_BOOK, &book, hosts.clone(), Arc::new(SystemClock)), hosts)
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
    async fn a_host_that_takes_no_connection_any_more_is_asked_for_again() {
        let (session, hosts) = session(&[(ZEUS, Ok(200))]);
        session.call::<Skipped, Skipped>(&read()).await.expect("answered");
        session.place().asked_at = None;
        replace(&hosts, &[(ZEUS, Err(WireFault::NotSent("refused".to_owned()))), (HERA, Ok(200))]);
        session.call::<Skipped, Skipped>(&read()).await.expect("answered by the other host");
        let last = calls(&hosts).pop();
        assert_eq!(last, Some(format!("{HERA}/accurate/api/item/list.do")));
    }

    #[tokio::test]
    async fn a_host_whose_replies_keep_getting_lost_is_asked_for_again() {
        let (session, hosts) = session(&[(ZEUS, Ok(200))]);
        session.call::<Skipped, Skipped>(&read()).await.expect("answered");
        replace(&hosts, &[(ZEUS, Err(WireFault::Lost("cut".to_owned()))), (HERA, Ok(200))]);
        for _ in 0..LOST_BEFORE_REDISCOVERY {
            assert!(matches!(session.call::<Skipped, Skipped>(&read()).await, Err(Failure::Ambiguous(_))));
        }
        session.call::<Skipped, Skipped>(&read()).await.expect("answered by the other host");
        assert_eq!(calls(&hosts).pop(), Some(format!("{HERA}/accurate/api/item/list.do")));
    }

    #[tokio::test]
    async fn a_call_whose_reply_was_lost_is_never_repeated_automatically() {
        let (session, hosts) = session(&[(ZEUS, Ok(200))]);
        session.call::<Skipped, Skipped>(&read()).await.expect("answered");
        replace(&hosts, &[(ZEUS, Err(WireFault::Lost("cut".to_owned()))), (HERA, Ok(200))]);
        let save = Call::post("sales-invoice/save", &serde_json::json!({}));
        assert!(matches!(session.call::<Skipped, Skipped>(&save).await, Err(Failure::Ambiguous(_))));
        assert_eq!(calls(&hosts), [format!("{ZEUS}/accurate/api/sales-invoice/save.do")]);
    }
}
