//! Signs in, keeps the token, and makes the calls, at most so many a minute.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::Method;
use jiff::Timestamp;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Mutex;

use super::{
    ApiConfig, ApiFailure, Question, Source,
    list::{self, Row},
    log,
};
use crate::{
    clock::{Monotonic, SharedClock},
    domain::{WIB, order::OrderId},
    wire::{Wire, WireReply, WireRequest},
};

/// How long a call may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Pauses before a call that failed is made again. Reading changes nothing, so it can be repeated.
const PAUSES: [Duration; 3] = [Duration::from_secs(2), Duration::from_secs(10), Duration::from_secs(30)];

/// Forstok's order API.
pub struct ForstokApi {
    config: ApiConfig,
    wire: Arc<dyn Wire>,
    clock: SharedClock,
    token: Mutex<Option<SecretString>>,
    /// When the next call may be made.
    next_at: Mutex<Monotonic>,
}

/// The reply to signing in; whatever else it contains is ignored.
#[derive(Deserialize)]
struct SignedIn {
    data: Token,
}

#[derive(Deserialize)]
struct Token {
    token: String,
}

impl ForstokApi {
    /// With these settings, over this connection.
    pub fn new(config: ApiConfig, wire: Arc<dyn Wire>, clock: SharedClock) -> Self {
        Self { config, wire, clock, token: Mutex::default(), next_at: Mutex::new(Monotonic::MIN) }
    }

    /// Whether single orders can be asked for.
    pub fn can_ask_for_one(&self) -> bool {
        self.config.order_path.is_some()
    }

    /// What can be read of a period. The log comes first: its older snapshots tell when an order reached a status.
    pub fn sources(&self) -> &'static [Source] {
        match self.config.webhook_log_path {
            Some(_) => &[Source::WebhookLog, Source::Orders],
            None => &[Source::Orders],
        }
    }

    /// A page of the list or of the log; the first is 1.
    pub(super) async fn page(&self, source: Source, question: &Question, page: u32) -> Result<Vec<Row>, ApiFailure> {
        let names = &self.config.params;
        let parameters = [
            (&names.from, moment(question.from)),
            (&names.to, moment(question.to)),
            (&names.page, page.to_string()),
            (&names.size, self.config.page_size.to_string()),
            (&names.status, question.status.clone().unwrap_or_default()),
            (&names.store, question.store.clone().unwrap_or_default()),
        ];
        match (source, &self.config.webhook_log_path) {
            (Source::WebhookLog, Some(path)) => self.read(path, &parameters, log::entries).await,
            (Source::WebhookLog | Source::Orders, _) => {
                let key = self.config.list_key.as_deref();
                self.read(&self.config.orders_path, &parameters, |reply| list::rows(reply, key)).await
            }
        }
    }

    /// One order; `None` if Forstok does not know it any more.
    pub async fn order(&self, order_id: &OrderId) -> Result<Option<Row>, ApiFailure> {
        let Some(path) = &self.config.order_path else { return Ok(None) };
        let path = path.replace("{order_id}", order_id.as_str());
        match self.read(&path, &[], list::one).await {
            Ok(row) => Ok(Some(row)),
            Err(ApiFailure::Status(404)) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Makes a data call until its reply can be read, a few times at most.
    async fn read<T>(
        &self,
        path: &str,
        parameters: &[(&String, String)],
        parse: impl Fn(&[u8]) -> Result<T, String>,
    ) -> Result<T, ApiFailure> {
        let mut more = PAUSES.iter();
        loop {
            let failure = match self.data(path, parameters).await {
                Ok(reply) => match parse(&reply) {
                    Ok(read) => return Ok(read),
                    Err(problem) => ApiFailure::Unreadable(problem),
                },
                Err(failure) => failure,
            };
            let may_pass = match &failure {
                ApiFailure::Refused(_) => false,
                ApiFailure::Status(status) => *status == 429 || *status >= 500,
                ApiFailure::Unreachable(_) | ApiFailure::Unreadable(_) => true,
            };
            match more.next() {
                Some(time) if may_pass => self.clock.sleep(*time).await,
                _ => return Err(failure),
            }
        }
    }

    /// A data call. A token whose life is over is replaced once.
    async fn data(&self, path: &str, parameters: &[(&String, String)]) -> Result<Bytes, ApiFailure> {
        let url = self.url(path, parameters)?;
        for is_last in [false, true] {
            let token = self.token().await?;
            let headers = vec![("authorization", format!("Bearer {}", token.expose_secret()))];
            let request = WireRequest { method: Method::GET, url: url.clone(), headers, body: None, timeout: TIMEOUT };
            let reply = self.send(request).await?;
            match reply.status {
                200..=299 => return Ok(reply.body),
                401 | 403 if !is_last => *self.token.lock().await = None,
                401 | 403 => {
                    let status = reply.status;
                    return Err(ApiFailure::Refused(format!("status {status} right after signing in")));
                }
                status => return Err(ApiFailure::Status(status)),
            }
        }
        unreachable!("the last round returns")
    }

    fn url(&self, path: &str, parameters: &[(&String, String)]) -> Result<Url, ApiFailure> {
        // The base may have a path of its own, which `join` would replace.
        let whole = format!("{}{path}", self.config.base_url.as_str().trim_end_matches('/'));
        let mut url = Url::parse(&whole).map_err(|error| ApiFailure::Unreachable(error.to_string()))?;
        if url.origin() != self.config.base_url.origin() {
            return Err(ApiFailure::Unreachable(format!("{path} leads to another server")));
        }
        let auth = [("user_id", &self.config.user_id), ("auth_type", &self.config.auth_type)];
        let auth = auth.into_iter().map(|(name, value)| (name, value.as_str()));
        let named = parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let given = auth.chain(named).filter(|(name, value)| !name.is_empty() && !value.is_empty());
        url.query_pairs_mut().extend_pairs(given);
        Ok(url)
    }

    /// The token, after signing in if there is none.
    async fn token(&self) -> Result<SecretString, ApiFailure> {
        let mut kept = self.token.lock().await;
        if let Some(token) = &*kept {
            return Ok(token.clone());
        }
        let ApiConfig { id, secret_key, kind, .. } = &self.config;
        let body = json!({ "id": id, "secret_key": secret_key.expose_secret(), "type": kind }).to_string();
        let request = WireRequest {
            method: Method::POST,
            url: self.config.auth_url.clone(),
            headers: Vec::new(),
            body: Some(body.into()),
            timeout: TIMEOUT,
        };
        let reply = self.send(request).await?;
        match reply.status {
            200..=299 => {}
            status @ (400 | 401 | 403 | 404 | 422) => return Err(ApiFailure::Refused(format!("status {status}"))),
            status => return Err(ApiFailure::Status(status)),
        }
        // The reply is not shown: it could contain what was sent.
        let read: SignedIn = serde_json::from_slice(&reply.body)
            .map_err(|_| ApiFailure::Unreadable("signing in returned no data.token".to_owned()))?;
        let token = SecretString::from(read.data.token);
        *kept = Some(token.clone());
        Ok(token)
    }

    /// One exchange, once it may be made.
    async fn send(&self, request: WireRequest) -> Result<WireReply, ApiFailure> {
        {
            let mut next_at = self.next_at.lock().await;
            let wait = next_at.since(self.clock.monotonic());
            if !wait.is_zero() {
                self.clock.sleep(wait).await;
            }
            *next_at = self.clock.monotonic() + Duration::from_mins(1) / self.config.calls_per_minute.max(1);
        }
        self.wire.send(request).await.map_err(|fault| ApiFailure::Unreachable(fault.to_string()))
    }
}

/// A moment as ISO 8601 in Jakarta, to the second.
fn moment(at: Timestamp) -> String {
    WIB.to_datetime(at).strftime("%Y-%m-%dT%H:%M:%S+07:00").to_string()
}
