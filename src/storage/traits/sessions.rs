//! [`Sessions`] and its implementation.

use jiff::Timestamp;

use crate::storage::{
    Result, SessionRecord, sessions,
    sql::{Base, Sql, read, write},
};

/// Who is signed in to the pages.
#[async_trait::async_trait]
pub trait Sessions: Send + Sync {
    /// Stores the session of a person who signs in, and deletes expired sessions.
    async fn open_session(&self, session: &SessionRecord, now: Timestamp) -> Result<()>;

    /// The session that belongs to a cookie, unless it has expired.
    async fn session(&self, digest: &str, now: Timestamp) -> Result<Option<SessionRecord>>;

    /// Deletes the session of a person who signs out.
    async fn end_session(&self, digest: &str) -> Result<()>;
}

#[async_trait::async_trait]
impl<B: Base> Sessions for Sql<B> {
    async fn open_session(&self, session: &SessionRecord, now: Timestamp) -> Result<()> {
        write!(self, Small, db => sessions::open(db, session, now))
    }

    async fn session(&self, digest: &str, now: Timestamp) -> Result<Option<SessionRecord>> {
        read!(self, db => sessions::find(db, digest, now))
    }

    async fn end_session(&self, digest: &str) -> Result<()> {
        write!(self, Small, db => sessions::end(db, digest))
    }
}
