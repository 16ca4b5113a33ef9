//! Implements [`Base`] for an SQLite file.

use std::{
    sync::PoisonError,
    time::{Duration, Instant},
};

use jiff::Timestamp;

use super::{
    SqliteFile,
    checkpoint::Log,
    connection::{at_once, in_place},
    readers::Reading,
    writer::Writer,
};
use crate::storage::{
    Delivery, Leadership, Receipt, Result, StorageError,
    sql::{Base, Size, Work},
};

/// How long pings report a failed write, unless a delivery is recorded in the meantime.
const TROUBLE_HOLDS: Duration = Duration::from_secs(5);

/// How long a ping's write proves that the database is writable.
const PING_HOLDS: Duration = Duration::from_secs(1);

#[async_trait::async_trait]
impl Base for SqliteFile {
    type Reading = Reading;
    type Writing = Writer;

    async fn read<'a, T: Send + 'a>(&self, work: Work<'a, Reading, T>) -> Result<T> {
        let reading = self.readers.one().await?;
        self.note_damage(in_place(|| at_once(work(reading)).1))
    }

    async fn write<'a, T: Send + 'a>(&self, size: Size, work: Work<'a, Writer, T>) -> Result<T> {
        let next = self.behind_deliveries.lock().await;
        let slot = self.writer.clone().lock_owned().await;
        in_place(|| {
            let committed = self.transact(slot, |writer| at_once(work(writer)))?;
            drop(next);
            if size == Size::Derived { Ok(committed.value) } else { self.synced(committed) }
        })
    }

    async fn record(&self, deliveries: &[Delivery]) -> Result<Vec<Receipt>> {
        let append = |mut writer: Writer| {
            let receipts = writer.record(deliveries);
            (writer, receipts)
        };
        let result = match self.lock_writer().await {
            Ok(slot) => in_place(|| self.synced(self.transact(slot, append)?)),
            Err(error) => Err(error),
        };
        match &result {
            Ok(_) => *self.last_trouble() = None,
            // The next ping must not rely on an earlier one.
            Err(_) => *self.last_ping() = None,
        }
        result
    }

    // A lock file admits only one service per file, so there are no other replicas.
    async fn lead(&self, _: &str, _: &str, _: Duration, _: Option<&str>) -> Result<Leadership> {
        Ok(Leadership::Sole)
    }

    async fn resign(&self, _: &str) -> Result<()> {
        Ok(())
    }

    async fn notified(&self) {
        std::future::pending::<()>().await;
    }

    async fn notify_others(&self) -> Result<()> {
        Ok(())
    }

    async fn ping(&self) -> Result<()> {
        let recently = |at: &Instant| at.elapsed() < PING_HOLDS;
        if self.last_ping().as_ref().is_some_and(recently) {
            return Ok(());
        }
        // On a nearly full disk, the probe's small write may succeed where a delivery fails.
        if let Some((_, words)) = self.last_trouble().as_ref().filter(|(at, _)| at.elapsed() < TROUBLE_HOLDS) {
            return Err(StorageError::Failing(words.clone()));
        }
        let slot = self.lock_writer().await?;
        // Only a real write detects a full disk or a read-only file.
        let probe = |writer: Writer| {
            let result = writer.run("UPDATE write_probe SET writes = writes + 1 WHERE id = 1");
            (writer, result)
        };
        in_place(|| self.synced(self.transact(slot, probe)?))?;
        *self.last_ping() = Some(Instant::now());
        Ok(())
    }

    async fn refresh_statistics(&self) -> Result<()> {
        Ok(())
    }

    async fn last_backup(&self) -> Result<Option<Timestamp>> {
        Ok(None)
    }

    async fn close(&self) {
        let checkpointer = self.checkpointer.lock().unwrap_or_else(PoisonError::into_inner).take();
        in_place(|| drop(checkpointer));
        self.readers.close().await;
        let Some(connection) = self.writer.lock().await.take() else { return };
        in_place(|| {
            // Moves the log into the database file, so that only one file remains.
            let emptied = Log::after("TRUNCATE", &connection).map(drop);
            if let Err(error) = emptied.and(connection.close().map_err(|(_, error)| error.into())) {
                tracing::warn!("SQLite's log could not be moved into the database file: {error}");
            }
        });
    }
}
