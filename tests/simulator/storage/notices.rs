//! Notices, which no simulated service sends.

use forstok_accurate::{
    domain::notice::{Announced, Channel, message::Message},
    storage::{AnnouncedAt, NoticeRecord, NoticeTry, Notices, Result},
};
use jiff::Timestamp;

use super::SimStore;

#[async_trait::async_trait]
impl Notices for SimStore {
    async fn announced(&self) -> Result<AnnouncedAt> {
        self.inner.announced().await
    }

    async fn announce(
        &self,
        revision: i64,
        announced: &Announced,
        messages: &[Message],
        channels: &[Channel],
    ) -> Result<bool> {
        self.inner.announce(revision, announced, messages, channels).await
    }

    async fn due_notices(&self, now: Timestamp) -> Result<Vec<NoticeRecord>> {
        self.inner.due_notices(now).await
    }

    async fn end_notice_try(&self, notice: &NoticeRecord, outcome: &NoticeTry, now: Timestamp) -> Result<()> {
        self.inner.end_notice_try(notice, outcome, now).await
    }

    async fn give_up_notice(&self, notice: &NoticeRecord) -> Result<()> {
        self.inner.give_up_notice(notice).await
    }

    async fn add_tried_notice(&self, channel: Channel, message: &Message, outcome: &NoticeTry) -> Result<()> {
        self.inner.add_tried_notice(channel, message, outcome).await
    }

    async fn hasten_notices(&self, channel: Channel, now: Timestamp) -> Result<()> {
        self.inner.hasten_notices(channel, now).await
    }

    async fn notices(&self, before: Option<i64>, limit: i64) -> Result<Vec<NoticeRecord>> {
        self.inner.notices(before, limit).await
    }
}
