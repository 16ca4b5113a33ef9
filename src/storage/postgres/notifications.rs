//! Replicas notify each other of new work (`LISTEN` and `NOTIFY`), so that they need not poll often.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener};
use tokio::{sync::Mutex, time::timeout};

use super::session::{Doubts, Session, pool};
use crate::storage::{Result, dialect::Dialect};

/// The channel of `LISTEN` and `NOTIFY`.
const CHANNEL: &str = "forstok_accurate";

/// After this long without a notification, the connection is checked: a broken one is as silent as an idle one.
const CHECK_AFTER: Duration = Duration::from_secs(10);

/// How long connecting, or checking the connection, may take.
const LONGEST_CHECK: Duration = Duration::from_secs(2);

/// Delay after a failed connection attempt.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// Sends notifications, and receives those of other replicas.
pub(super) struct Notifications {
    options: PgConnectOptions,
    /// This process, so that its own notifications are ignored.
    name: String,
    listener: Mutex<Option<PgListener>>,
}

impl Notifications {
    pub(super) fn new(options: PgConnectOptions, name: String) -> Self {
        Self { options, name, listener: Mutex::default() }
    }

    pub(super) async fn notify(&self, session: &mut Session) -> Result<()> {
        session.execute("SELECT pg_notify($1, $2)", &[CHANNEL.into(), (&self.name).into()]).await?;
        Ok(())
    }

    /// Returns when another replica has sent a notification, and after reconnecting, because one may have been missed.
    pub(super) async fn notified(&self) {
        let mut slot = self.listener.lock().await;
        loop {
            let Some(listener) = slot.as_mut() else {
                match timeout(LONGEST_CHECK, self.listen()).await {
                    Ok(Ok(listener)) => {
                        *slot = Some(listener);
                        return;
                    }
                    failed => {
                        tracing::debug!("other replicas cannot be heard: {failed:?}");
                        tokio::time::sleep(AFTER_FAILURE).await;
                        continue;
                    }
                }
            };
            let still_there = match timeout(CHECK_AFTER, listener.try_recv()).await {
                Ok(Ok(Some(call))) if call.payload() == self.name => true,
                Ok(Ok(Some(_))) => {
                    while listener.next_buffered().is_some() {}
                    return;
                }
                Ok(_) => false,
                Err(_) => {
                    let checked = timeout(LONGEST_CHECK, sqlx::query("SELECT 1").execute(&mut *listener)).await;
                    matches!(checked, Ok(Ok(_)))
                }
            };
            if !still_there {
                *slot = None;
            }
        }
    }

    async fn listen(&self) -> sqlx::Result<PgListener> {
        // A new pool each time, so that nothing of the previous connection remains.
        let pool = pool(&self.options, 1, LONGEST_CHECK, &Doubts::default());
        let mut listener = PgListener::connect_with(&pool).await?;
        listener.eager_reconnect(false);
        listener.listen(CHANNEL).await?;
        Ok(listener)
    }
}
