//! Replicas notify each other when there is something to do, so that none has to poll all the time.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener};
use tokio::{sync::Mutex, time::timeout};

use super::session::{Doubts, Session, pool};
use crate::storage::{Result, dialect::Dialect};

/// What they are sent and heard on.
const CHANNEL: &str = "forstok_accurate";

/// How long silence is believed: a connection that was cut on the way is as silent as one that has nothing to tell.
const BELIEVED: Duration = Duration::from_secs(10);

/// How long the server may take to show that it is there.
const LONGEST_LOOK: Duration = Duration::from_secs(2);

/// How long is waited after it was not.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// Sends notifications, and hears those of other replicas.
pub(super) struct Notifications {
    options: PgConnectOptions,
    /// Ours; what we sent ourselves does not count.
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

    /// Returns when another replica sent one, and whenever one may have been missed.
    pub(super) async fn notified(&self) {
        let mut slot = self.listener.lock().await;
        loop {
            let Some(listener) = slot.as_mut() else {
                match timeout(LONGEST_LOOK, self.listen()).await {
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
            let still_there = match timeout(BELIEVED, listener.try_recv()).await {
                Ok(Ok(Some(call))) if call.payload() == self.name => true,
                Ok(Ok(Some(_))) => {
                    while listener.next_buffered().is_some() {}
                    return;
                }
                Ok(_) => false,
                Err(_) => {
                    let looked = timeout(LONGEST_LOOK, sqlx::query("SELECT 1").execute(&mut *listener)).await;
                    matches!(looked, Ok(Ok(_)))
                }
            };
            if !still_there {
                *slot = None;
            }
        }
    }

    async fn listen(&self) -> sqlx::Result<PgListener> {
        // A pool of its own each time: the previous connection no longer matters.
        let pool = pool(&self.options, 1, LONGEST_LOOK, &Doubts::default());
        let mut listener = PgListener::connect_with(&pool).await?;
        listener.eager_reconnect(false);
        listener.listen(CHANNEL).await?;
        Ok(listener)
    }
}
