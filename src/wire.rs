//! One HTTP exchange with Accurate or Forstok; if it fails, whether anything was sent.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, header};
use jiff::Timestamp;
use reqwest::Url;

/// Largest reply that is read, in bytes; a page of a list is much smaller.
const LARGEST_REPLY: usize = 16 * 1024 * 1024;

/// How long opening a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A request, ready to be sent.
#[derive(Clone, Debug)]
pub struct WireRequest {
    /// GET for reading, POST for saving, DELETE for deleting.
    pub method: Method,
    /// With the query.
    pub url: Url,
    /// Includes the signed headers.
    pub headers: Vec<(&'static str, String)>,
    /// JSON, if something is saved.
    pub body: Option<Bytes>,
    /// How long the whole exchange may take.
    pub timeout: Duration,
}

/// A reply.
#[derive(Clone, Debug)]
pub struct WireReply {
    /// HTTP status.
    pub status: u16,
    /// The other address, for a 308.
    pub location: Option<String>,
    /// The other side's time, if the reply contains it.
    pub date: Option<Timestamp>,
    /// The body, JSON or not.
    pub body: Bytes,
}

/// Why there is no reply.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireFault {
    /// No connection was made, so nothing was sent.
    #[error("no connection: {0}")]
    NotSent(String),
    /// It was not sent, because its slot was free too late.
    #[error("the lease would end before the call")]
    TooLate,
    /// The connection broke, or the time limit passed, when sending may already have begun.
    #[error("no reply: {0}")]
    Lost(String),
}

impl WireFault {
    /// The same with other words.
    #[must_use]
    pub fn with_words(self, other: impl FnOnce(&str) -> String) -> Self {
        match self {
            Self::NotSent(words) => Self::NotSent(other(&words)),
            Self::Lost(words) => Self::Lost(other(&words)),
            Self::TooLate => Self::TooLate,
        }
    }
}

/// The connection to Accurate or Forstok: HTTP, or directly to a sandbox in a test.
#[async_trait::async_trait]
pub trait Wire: Send + Sync + 'static {
    /// Sends a request once. Requests are never repeated at this level.
    async fn send(&self, request: WireRequest) -> Result<WireReply, WireFault>;
}

/// HTTP.
#[derive(Debug)]
pub struct HttpWire {
    /// Through the proxy in the environment, if any.
    outward: reqwest::Client,
    /// Without a proxy, because a proxy cannot reach this machine's own addresses.
    loopback: reqwest::Client,
    reading: Reading,
}

/// How much of a reply is read.
#[derive(Clone, Copy, Debug)]
enum Reading {
    /// All of it; a reply larger than [`LARGEST_REPLY`] is a fault.
    Whole,
    /// So many bytes from its beginning; the rest is not read.
    Beginning(usize),
}

impl HttpWire {
    /// A client that follows no redirects, because only the session decides where credentials are sent.
    pub fn new() -> reqwest::Result<Self> {
        // Fails if a provider is already installed, which is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = || {
            reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .connect_timeout(CONNECT_TIMEOUT)
                .pool_idle_timeout(Duration::from_secs(15))
                .user_agent(concat!("forstok-accurate/", env!("CARGO_PKG_VERSION")))
        };
        Ok(Self { outward: builder().build()?, loopback: builder().no_proxy().build()?, reading: Reading::Whole })
    }

    /// The same, which reads only so many bytes of each reply: enough for what the other side says about a request.
    #[must_use]
    pub fn reading_only(self, bytes: usize) -> Self {
        Self { reading: Reading::Beginning(bytes), ..self }
    }
}

#[async_trait::async_trait]
impl Wire for HttpWire {
    async fn send(&self, request: WireRequest) -> Result<WireReply, WireFault> {
        let client = if is_loopback(&request.url) { &self.loopback } else { &self.outward };
        let mut builder = client.request(request.method, request.url).timeout(request.timeout);
        for (name, value) in request.headers {
            // Without its value, the header can be logged by the client's own code.
            let mut value =
                http::HeaderValue::try_from(value).map_err(|error| WireFault::NotSent(error.to_string()))?;
            value.set_sensitive(true);
            builder = builder.header(name, value);
        }
        builder = match request.body {
            Some(body) => builder.header(header::CONTENT_TYPE, "application/json").body(body),
            None => builder.header(header::CONTENT_LENGTH, "0"),
        };
        let mut response = builder.send().await.map_err(|error| fault(&error))?;
        let location =
            response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let date = response.headers().get(header::DATE).and_then(|value| value.to_str().ok());
        let date = date.and_then(|text| jiff::fmt::rfc2822::parse(text).ok()).map(|zoned| zoned.timestamp());
        let status = response.status().as_u16();
        // Growing by doubling would briefly need three times the size of the reply.
        let announced = response.content_length().unwrap_or_default().min(LARGEST_REPLY as u64) as usize;
        let announced = if let Reading::Beginning(bytes) = self.reading { announced.min(bytes) } else { announced };
        let mut body = Vec::with_capacity(announced);
        while let Some(chunk) = response.chunk().await.map_err(|error| WireFault::Lost(in_words(&error)))? {
            if let Reading::Beginning(bytes) = self.reading
                && body.len() + chunk.len() >= bytes
            {
                body.extend_from_slice(&chunk[..bytes - body.len()]);
                break;
            }
            if body.len() + chunk.len() > LARGEST_REPLY {
                return Err(WireFault::Lost(format!("the reply is larger than {LARGEST_REPLY} bytes")));
            }
            if body.capacity() - body.len() < chunk.len() {
                let room = body.capacity().clamp(chunk.len(), LARGEST_REPLY - body.len());
                body.reserve_exact(room);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(WireReply { status, location, date, body: body.into() })
    }
}

fn fault(error: &reqwest::Error) -> WireFault {
    let words = in_words(error);
    if error.is_connect() || error.is_builder() { WireFault::NotSent(words) } else { WireFault::Lost(words) }
}

/// The innermost cause is the most specific. Addresses are left out, because they may contain customer numbers.
fn in_words(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "time ran out".to_owned();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// Whether a URL points to this machine.
pub fn is_loopback(url: &reqwest::Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}
