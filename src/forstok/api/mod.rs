//! Forstok's order API, as far as it is known (backfill.md §1): whatever is not known is a setting.
//!
//! `session` signs in and makes the calls, `list` finds the orders in a reply, `log` the webhooks in Forstok's log of
//! them, [`reading`] reads all pages of a period and checks each order against the question: an API may ignore a filter
//! or a page number in silence.

mod list;
mod log;
pub mod reading;
mod session;

use jiff::Timestamp;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

pub use self::{list::Row, reading::Reading, session::ForstokApi};
use crate::domain::order::Snapshot;

/// How to reach the order API.
#[derive(Clone, Debug)]
pub struct ApiConfig {
    /// Where the data is.
    pub base_url: Url,
    /// Where to sign in.
    pub auth_url: Url,
    /// The value of `auth_type` in data calls.
    pub auth_type: String,
    /// The seller's e-mail address, or the channel's id.
    pub id: String,
    /// Proves it.
    pub secret_key: SecretString,
    /// Who signs in: `seller` or `channel`.
    pub kind: &'static str,
    /// The value of `user_id` in data calls; empty if it is not sent.
    pub user_id: String,
    /// Path of the list.
    pub orders_path: String,
    /// Path of one order, with `{order_id}` in it; without it, only the list is read.
    pub order_path: Option<String>,
    /// Path of Forstok's log of webhooks; without it, the log is not read.
    pub webhook_log_path: Option<String>,
    /// Where the orders are in a reply, for example `data.orders`; without it, the first array of objects.
    pub list_key: Option<String>,
    /// Names of the parameters; an empty one is not sent.
    pub params: ParamNames,
    /// Orders per page.
    pub page_size: i64,
    /// Calls per minute, signing in included.
    pub calls_per_minute: u32,
}

impl ApiConfig {
    /// Whether the other settings are the same.
    pub fn same_as(&self, other: &Self) -> bool {
        let parts = |one: &Self| {
            let Self { base_url, auth_url, auth_type, id, kind, user_id, orders_path, .. } = one.clone();
            let texts = [auth_type, id, kind.to_owned(), user_id, orders_path];
            (base_url, auth_url, texts, one.secret_key.expose_secret().to_owned())
        };
        let more = |one: &Self| {
            let paths = (one.order_path.clone(), one.webhook_log_path.clone(), one.list_key.clone());
            (paths, one.params.clone(), one.page_size, one.calls_per_minute)
        };
        parts(self) == parts(other) && more(self) == more(other)
    }
}

/// Names of the parameters of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the settings")]
pub struct ParamNames {
    pub from: String,
    pub to: String,
    pub page: String,
    pub size: String,
    pub status: String,
    pub store: String,
}

/// Which time of an order a period is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// When it last changed.
    Updated,
    /// When the buyer ordered.
    Created,
}

/// What is read of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The webhooks that Forstok has sent.
    WebhookLog,
    /// The orders, as they are now.
    Orders,
}

/// Which orders are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Which time counts.
    pub by: By,
    /// The first moment.
    pub from: Timestamp,
    /// The last moment.
    pub to: Timestamp,
    /// Only orders of this store.
    pub store: Option<String>,
    /// Only orders in this status.
    pub status: Option<String>,
}

impl Question {
    /// All orders that changed or were created in a period.
    pub fn of(by: By, from: Timestamp, to: Timestamp) -> Self {
        Self { by, from, to, store: None, status: None }
    }

    /// The time of an order that the period is about.
    fn time_of(&self, order: &Snapshot) -> Option<Timestamp> {
        match self.by {
            By::Updated => order.updated_at,
            By::Created => order.ordered_at,
        }
    }

    /// Whether the order was asked for. A time that cannot be read is not a reason to leave it out.
    fn is_about(&self, order: &Snapshot) -> bool {
        let in_period = self.time_of(order).is_none_or(|at| self.from <= at && at <= self.to);
        let of_store = self.store.as_ref().is_none_or(|store| *store == order.store_id);
        let in_status = self.status.as_ref().is_none_or(|status| status.eq_ignore_ascii_case(&order.status_text));
        in_period && of_store && in_status
    }
}

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApiFailure {
    /// The credentials are not accepted.
    #[error("Forstok does not accept the credentials: {0}")]
    Refused(String),
    /// There was no reply.
    #[error("Forstok does not answer: {0}")]
    Unreachable(String),
    /// Any other answer than the one that was expected.
    #[error("Forstok answered with status {0}")]
    Status(u16),
    /// The reply cannot be read.
    #[error("Forstok's reply cannot be read: {0}")]
    Unreadable(String),
}
