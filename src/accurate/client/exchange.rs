//! Sends a call to the data host, signed and within the limits.

use reqwest::Url;
use tracing::{Instrument, field::Empty};

use super::{Call, Session, call::Urgency};
use crate::{
    accurate::{
        outcome::Failure,
        redact::Secrets,
        wire::{WireFault, WireReply, WireRequest},
    },
    traces,
};

/// Most redirects that a call follows before it fails.
const MOST_MOVES: usize = 3;

/// A reply from one host, not parsed yet.
pub(super) struct Exchanged {
    pub(super) call: &'static str,
    pub(super) seconds: f64,
    pub(super) result: Result<WireReply, WireFault>,
    /// The secrets in the call, which are removed from everything that is kept.
    pub(super) secrets: Secrets,
}

impl Session {
    /// Sends a call to the data host, which may have moved, and returns its reply.
    pub(super) async fn exchange_with_data_host(&self, call: &Call) -> Result<Exchanged, Failure> {
        if !self.has_credentials() {
            return Err(Failure::NotSent("there is no API Token yet".to_owned()));
        }
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

    /// One signed exchange within the limits.
    pub(super) async fn exchange(&self, mut url: Url, call: &Call) -> Exchanged {
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&call.query);
        }
        let slot = match call.urgency {
            Urgency::Prompt => self.limiter.slot().await,
            Urgency::Background => self.limiter.spare_slot().await,
        };
        let (started, started_at) = (self.clock.now(), self.monotonic());
        if call.last_start.is_some_and(|last_start| self.is_over(last_start)) || !self.may_call() {
            slot.answered();
            let (result, secrets) = (Err(WireFault::TooLate), Secrets::default());
            return Exchanged { call: call.name, seconds: 0.0, result, secrets };
        }
        let credentials = self.credentials.get();
        let mut headers = credentials.headers(started).to_vec();
        let secrets = Secrets::of(&credentials, &headers);
        // Errors are distinguished by their text, so the language is fixed (accurate.md §1, B).
        headers.push(("x-language-profile", "ID".to_owned()));
        headers.push(("accept", "application/json".to_owned()));
        let span = tracing::info_span!("accurate", book = self.name().as_str(), call = call.name, status = Empty);
        if let Some(context) = span.in_scope(traces::current) {
            headers.push(("traceparent", context.to_string()));
        }
        let request =
            WireRequest { method: call.method.clone(), url, headers, body: call.body.clone(), timeout: call.timeout };
        let result = self.wire.send(request).instrument(span.clone()).await;
        span.record("status", result.as_ref().ok().map(|reply| reply.status));
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
}

/// Accurate answers 308 (accurate.md §1); 307 means the same. Both preserve method and body.
fn is_move(status: u16) -> bool {
    matches!(status, 307 | 308)
}

pub(super) fn joined(host: &Url, path: &str) -> Url {
    let mut url = host.clone();
    url.set_path(path);
    url.set_query(None);
    url
}
