//! [`Notices`] and its implementation.

use jiff::Timestamp;

use crate::{
    domain::notice::{Announced, Channel, message::Message},
    storage::{
        AnnouncedAt, NoticeRecord, NoticeTry, Result, notices,
        sql::{Base, Sql, read, write},
    },
};

/// Notices that wait to be sent, and what has been announced.
#[async_trait::async_trait]
pub trait Notices: Send + Sync {
    /// What has been announced.
    async fn announced(&self) -> Result<AnnouncedAt>;

    /// Stores what has been announced and, for each channel, the notices that announce it; deletes the oldest notices.
    /// Returns false and stores nothing if another leader has stored something since `revision`.
    async fn announce(
        &self,
        revision: i64,
        announced: &Announced,
        messages: &[Message],
        channels: &[Channel],
    ) -> Result<bool>;

    /// The oldest waiting notice of each channel whose next try is due: a later one waits for it, so that they arrive
    /// in their order.
    async fn due_notices(&self, now: Timestamp) -> Result<Vec<NoticeRecord>>;

    /// Writes the outcome of a try, unless another process was faster.
    async fn end_notice_try(&self, notice: &NoticeRecord, outcome: &NoticeTry, now: Timestamp) -> Result<()>;

    /// Gives up a notice that still waits without trying it.
    async fn give_up_notice(&self, notice: &NoticeRecord) -> Result<()>;

    /// Adds a notice that was tried once and is not tried again.
    async fn add_tried_notice(&self, channel: Channel, message: &Message, outcome: &NoticeTry) -> Result<()>;

    /// A channel works: its waiting notices are tried now.
    async fn hasten_notices(&self, channel: Channel, now: Timestamp) -> Result<()>;

    /// Notices with rows below `before`, newest first.
    async fn notices(&self, before: Option<i64>, limit: i64) -> Result<Vec<NoticeRecord>>;
}

#[async_trait::async_trait]
impl<B: Base> Notices for Sql<B> {
    async fn announced(&self) -> Result<AnnouncedAt> {
        read!(self, db => notices::announced(db))
    }

    async fn announce(
        &self,
        revision: i64,
        announced: &Announced,
        messages: &[Message],
        channels: &[Channel],
    ) -> Result<bool> {
        write!(self, Small, db => notices::announce(db, revision, announced, messages, channels))
    }

    async fn due_notices(&self, now: Timestamp) -> Result<Vec<NoticeRecord>> {
        read!(self, db => notices::due(db, now))
    }

    async fn end_notice_try(&self, notice: &NoticeRecord, outcome: &NoticeTry, now: Timestamp) -> Result<()> {
        write!(self, Small, db => notices::end_try(db, notice, outcome, now))
    }

    async fn give_up_notice(&self, notice: &NoticeRecord) -> Result<()> {
        write!(self, Small, db => notices::give_up(db, notice))
    }

    async fn add_tried_notice(&self, channel: Channel, message: &Message, outcome: &NoticeTry) -> Result<()> {
        write!(self, Small, db => notices::add_tried(db, channel, message, outcome))
    }

    async fn hasten_notices(&self, channel: Channel, now: Timestamp) -> Result<()> {
        write!(self, Small, db => notices::hasten(db, channel, now))
    }

    async fn notices(&self, before: Option<i64>, limit: i64) -> Result<Vec<NoticeRecord>> {
        read!(self, db => notices::page(db, before, limit))
    }
}
