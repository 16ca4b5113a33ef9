//! Accurate's own webhooks (backfill.md §3): an event for each change of an invoice, whoever made it.
//!
//! They begin when somebody registers an address, live seven days unless they are renewed, and then stop in silence.
//! The history shows them all, sent or not. A driver takes what is to be sent and delivers it, so that it can also be
//! lost.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp, civil::DateTime};
use serde_json::{Value, json};

use super::{Sandbox, auth::WIB, list::Query};

/// How long they are sent without renewal.
const LIVE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Events that are kept for the history.
const MOST_EVENTS: usize = 20_000;

/// The events of one database.
#[derive(Debug, Default)]
pub(super) struct Webhooks {
    ends_at: Option<Timestamp>,
    events: VecDeque<Event>,
    /// How many of the newest events are still to be sent.
    unsent: usize,
}

#[derive(Debug)]
struct Event {
    at: Timestamp,
    id: i64,
    number: String,
    action: &'static str,
}

impl Event {
    fn body(&self) -> Value {
        let Self { at, id, number, action } = self;
        json!({
            "databaseId": 1,
            "type": "SALES_INVOICE",
            "timestamp": at.as_millisecond(),
            "uuid": format!("{id}-{}", at.as_microsecond()),
            "data": [{ "salesInvoiceId": id, "salesInvoiceNo": number, "action": action }],
        })
    }
}

impl Webhooks {
    /// They are sent for seven days from now on; returns the day on which they end.
    pub(super) fn renew(&mut self, now: Timestamp) -> String {
        let ends_at = now + LIVE;
        self.ends_at = Some(ends_at);
        WIB.to_datetime(ends_at).strftime("%d/%m/%Y").to_string()
    }

    /// An invoice was saved or deleted.
    pub(super) fn note(&mut self, at: Timestamp, id: i64, number: &str, action: &'static str) {
        self.events.push_back(Event { at, id, number: number.to_owned(), action });
        if self.events.len() > MOST_EVENTS {
            self.events.pop_front();
        }
        if self.ends_at.is_some_and(|end| at < end) {
            self.unsent = (self.unsent + 1).min(self.events.len());
        }
    }

    /// The events of a time; `None` if the question cannot be understood or is about more than a day.
    pub(super) fn history(&self, query: &Query) -> Option<Value> {
        let moment = |name| {
            let at = DateTime::strptime("%d/%m/%Y %H:%M:%S", query.get(name)?).ok()?;
            WIB.to_timestamp(at).ok()
        };
        let (from, to) = (moment("from")?, moment("to")?);
        if to < from || to.duration_since(from) > SignedDuration::from_hours(24) {
            return None;
        }
        Some(self.events.iter().filter(|event| from <= event.at && event.at <= to).map(Event::body).collect())
    }
}

impl Sandbox {
    /// Somebody registers an address for webhooks in Accurate's developer area.
    pub fn register_webhooks(&self) {
        let now = self.now();
        self.core().books.webhooks.renew(now);
    }

    /// The bodies of the webhooks that are to be sent by now, oldest first. What is not delivered is lost.
    pub fn take_webhooks(&self) -> Vec<String> {
        let mut core = self.core();
        let webhooks = &mut core.books.webhooks;
        let unsent = std::mem::take(&mut webhooks.unsent);
        let first = webhooks.events.len() - unsent;
        webhooks.events.iter().skip(first).map(|event| json!([event.body()]).to_string()).collect()
    }
}
