//! Renews Accurate's own webhooks before they end, and reads from their history those that did not arrive.

use jiff::{SignedDuration, Timestamp, civil::Time};

use super::{MayCall, Permission, Reconciling};
use crate::{
    accurate::{client::Session, webhooks},
    domain::WIB,
    storage::{AccurateWebhook, Result},
};

/// How often they are renewed: they end after at most seven days (backfill.md §3, A).
const RENEW_EVERY: SignedDuration = SignedDuration::from_hours(3 * 24);

/// How long before their end they are renewed at the latest.
const RENEW_BEFORE_END: SignedDuration = SignedDuration::from_hours(24);

/// How often the history is read while the service runs.
const CATCH_UP_EVERY: SignedDuration = SignedDuration::from_hours(1);

/// By how much a reading overlaps the previous one: Accurate's clock differs from ours (backfill.md §2, B).
const OVERLAP: SignedDuration = SignedDuration::from_mins(10);

/// The history reaches back a month (backfill.md §3, B).
const FURTHEST_BACK: SignedDuration = SignedDuration::from_hours(30 * 24);

/// The longest period of one request (backfill.md §3, B).
const LONGEST_QUESTION: SignedDuration = SignedDuration::from_hours(24);

/// How long to wait after the first failure in a row; each further one waits four times as long.
const FIRST_WAIT: SignedDuration = SignedDuration::from_mins(1);

/// The longest of these waits.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(1);

impl Reconciling {
    /// Renews a book's webhooks if it is time, else reads a part of their history if it is time. Returns false if there
    /// is nothing to do, or if it failed.
    pub async fn keep_webhooks(&self, session: &Session, permission: Permission<'_>) -> Result<bool> {
        let webhook = self.storage.accurate_webhook(session.name()).await?;
        let now = self.clock.now();
        if !matches!(permission(), MayCall::Yes) {
            return Ok(false);
        }
        if webhook.renew_at.is_none_or(|at| at <= now) {
            self.renew(session, webhook).await
        } else {
            self.catch_up(session, webhook, now).await
        }
    }

    async fn renew(&self, session: &Session, webhook: AccurateWebhook) -> Result<bool> {
        let book = session.name();
        let renewed = webhooks::renew(session).await;
        let now = self.clock.now();
        let ends_at = renewed.map(|day| WIB.to_timestamp(day.to_datetime(Time::midnight())).unwrap_or(now));
        let (is_renewed, webhook) = match ends_at {
            Ok(ends_at) if ends_at > now => {
                tracing::info!(book = book.as_str(), "book {book}: Accurate sends webhooks until {ends_at}");
                let at = (now + RENEW_EVERY).min(ends_at - RENEW_BEFORE_END).max(now + LONGEST_WAIT);
                let (ends_at, renew_at, failure) = (Some(ends_at), Some(at), String::new());
                (true, AccurateWebhook { ends_at, renew_at, failures: 0, failure, ..webhook })
            }
            failed => {
                // Accurate's message may echo our request: only the page shows it.
                let (class, failure) = match &failed {
                    Ok(ends_at) => ("ended", format!("Accurate says that its webhooks ended at {ends_at}")),
                    Err(failure) => (failure.class(), failure.words().to_owned()),
                };
                let failures = webhook.failures + 1;
                let wait = wait_after(failures);
                let minutes = wait.as_mins();
                tracing::warn!(
                    book = book.as_str(),
                    failures,
                    "book {book}: Accurate's webhooks could not be renewed, next attempt in {minutes} minutes: {class}"
                );
                (false, AccurateWebhook { renew_at: Some(now + wait), failures, failure, ..webhook })
            }
        };
        self.storage.set_accurate_webhook(book, &webhook).await?;
        Ok(is_renewed)
    }

    /// Reads the history from where it was read last. There is nothing to catch up with before the first time.
    async fn catch_up(&self, session: &Session, webhook: AccurateWebhook, now: Timestamp) -> Result<bool> {
        let book = session.name();
        let Some(until) = webhook.read_until else {
            let webhook = AccurateWebhook { read_until: Some(now), ..webhook };
            self.storage.set_accurate_webhook(book, &webhook).await?;
            return Ok(false);
        };
        let is_due = until < self.began_at || now.duration_since(until) >= CATCH_UP_EVERY;
        if !is_due || webhook.read_at.is_some_and(|at| now < at) {
            return Ok(false);
        }
        let from = (until - OVERLAP).max(now - FURTHEST_BACK);
        let to = (from + LONGEST_QUESTION).min(now);
        let (is_read, webhook) = match webhooks::history(session, from, to).await {
            Ok(history) => {
                self.note_hints(book, history.get().as_bytes(), usize::MAX).await?;
                (true, AccurateWebhook { read_until: Some(to), read_at: None, ..webhook })
            }
            Err(failure) => {
                let class = failure.class();
                tracing::warn!(
                    book = book.as_str(),
                    "book {book}: the history of Accurate's webhooks could not be read: {class}"
                );
                (false, AccurateWebhook { read_at: Some(now + LONGEST_WAIT / 4), ..webhook })
            }
        };
        self.storage.set_accurate_webhook(book, &webhook).await?;
        Ok(is_read)
    }
}

fn wait_after(failures: i64) -> SignedDuration {
    let nth = u32::try_from(failures - 1).unwrap_or_default().min(5);
    (FIRST_WAIT * 4_i32.pow(nth)).min(LONGEST_WAIT)
}
