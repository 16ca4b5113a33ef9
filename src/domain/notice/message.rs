//! A notice that is ready to be sent, and when it is tried again.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::News;
use crate::domain::reason::Language;

/// Pauses after the first failed tries; later ones are as long as the last.
const PAUSES: [SignedDuration; 6] = [
    SignedDuration::from_secs(5),
    SignedDuration::from_secs(30),
    SignedDuration::from_mins(2),
    SignedDuration::from_mins(10),
    SignedDuration::from_mins(30),
    SignedDuration::from_hours(1),
];

/// A notice that could not be delivered for this long is given up.
const GIVEN_UP_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// A notice in words.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// The same in every channel and at every try, so that a receiver can drop what it has seen.
    pub id: String,
    /// The stable word for programs.
    pub kind: String,
    /// One line.
    pub title: String,
    /// Plain text.
    pub text: String,
    /// The page that says more; empty if the settings do not name the pages' address.
    pub url: String,
    /// The same for programs.
    pub details: Value,
    /// When it was made.
    pub made_at: Timestamp,
}

impl Message {
    /// News in this language. `public_url` is the address of the pages, without a slash at its end.
    pub fn new(news: &News, language: Language, public_url: Option<&str>, made_at: Timestamp) -> Self {
        let (kind, title, text) = (news.kind().to_owned(), news.title(language), news.text(language));
        let digest = Sha256::digest(format!("{}\n{kind}\n{title}\n{text}", made_at.as_microsecond()));
        let id = digest[..12].iter().fold("msg_".to_owned(), |id, byte| format!("{id}{byte:02x}"));
        let url = public_url.map_or_else(String::new, |base| format!("{base}{}", news.page()));
        Self { id, kind, title, text, url, details: news.details(), made_at }
    }

    /// The text with the address of the page below it.
    pub fn text_with_link(&self) -> String {
        if self.url.is_empty() { self.text.clone() } else { format!("{}\n\n{}", self.text, self.url) }
    }
}

/// Whether a notice that was made then is no longer sent: it would report as new what may long be over.
pub fn is_too_old(made_at: Timestamp, now: Timestamp) -> bool {
    now.duration_since(made_at) >= GIVEN_UP_AFTER
}

/// When a notice is tried again after so many failed tries; `None`: it is given up.
pub fn next_try(made_at: Timestamp, tries: i64, now: Timestamp) -> Option<Timestamp> {
    if is_too_old(made_at, now) {
        return None;
    }
    let place = usize::try_from(tries - 1).unwrap_or_default().min(PAUSES.len() - 1);
    now.checked_add(PAUSES[place]).ok()
}
