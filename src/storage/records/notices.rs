//! Notices that wait to be sent, and what has been announced.

use jiff::Timestamp;

use crate::domain::notice::{Announced, Channel, message::Message};

/// What has been announced, with its revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnnouncedAt {
    /// Changes with every write; a late writer names an older one.
    pub revision: i64,
    /// What has been announced.
    pub announced: Announced,
}

/// A notice on its way over one channel.
#[derive(Clone, Debug, PartialEq)]
pub struct NoticeRecord {
    /// The row.
    pub id: i64,
    /// Over which channel.
    pub channel: Channel,
    /// What is sent.
    pub message: Message,
    /// What has become of it.
    pub state: NoticeState,
    /// How often it was tried.
    pub tries: i64,
    /// When it is tried next.
    pub next_at: Option<Timestamp>,
    /// When it was tried last.
    pub tried_at: Option<Timestamp>,
    /// What the other side said last.
    pub words: String,
}

/// What has become of a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeState {
    /// It has yet to be sent.
    Waiting,
    /// The other side took it.
    Sent,
    /// It could not be sent for too long.
    GivenUp,
    /// The other side refused it, and is not asked again.
    Refused,
}

impl NoticeState {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Waiting, Self::Sent, Self::GivenUp, Self::Refused];

    /// The stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::GivenUp => "given_up",
            Self::Refused => "refused",
        }
    }

    /// Parses the stable word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// The outcome of a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeTry {
    /// What has become of the notice.
    pub state: NoticeState,
    /// When it is tried next, if it still waits.
    pub next_at: Option<Timestamp>,
    /// What the other side said.
    pub words: String,
}
