//! A call to Accurate, ready to be sent.

use std::{collections::HashMap, time::Duration};

use bytes::Bytes;
use http::Method;
use serde::Serialize;

use super::LastStart;

/// How long a call for one record may take: longer than any call that was observed. A lease covers several such calls.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a bulk may take, as in public clients (accurate.md §2, C).
pub const BULK_TIMEOUT: Duration = Duration::from_mins(3);

/// A call to Accurate.
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
    /// The call is not sent later than this, even if it has to wait for a slot.
    pub last_start: Option<LastStart>,
    /// Which calls it gives way to.
    pub urgency: Urgency,
}

/// Which calls a call gives way to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// None, because an order waits for it.
    Prompt,
    /// All prompt calls: it uses only slots that they leave free, and at most half of what Accurate allows.
    Background,
}

impl Call {
    /// A call that reads.
    pub fn get(name: &'static str, query: &[(&str, &str)]) -> Self {
        let query = query.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Self {
            name,
            method: Method::GET,
            query,
            body: None,
            timeout: CALL_TIMEOUT,
            elements: None,
            last_start: None,
            urgency: Urgency::Prompt,
        }
    }

    /// The same call as a background call.
    #[must_use]
    pub fn in_background(self) -> Self {
        Self { urgency: Urgency::Background, ..self }
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
    pub fn no_later_than(self, last_start: LastStart) -> Self {
        Self { last_start: Some(last_start), ..self }
    }

    /// A call that deletes.
    pub fn delete(name: &'static str, id: i64) -> Self {
        Self { method: Method::DELETE, ..Self::get(name, &[("id", &id.to_string())]) }
    }
}
