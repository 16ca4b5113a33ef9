//! Sends notices to people outside the page: over a signed webhook, e-mail and Telegram.
//!
//! A try is made once and never repeated here. What the other side answers is shown to people, without the secrets.

mod email;
mod telegram;
mod webhook;

use std::sync::Arc;

use jiff::Timestamp;

pub use self::{
    email::{EmailConfig, Encryption},
    telegram::TelegramConfig,
    webhook::{WebhookConfig, key as webhook_key},
};
use crate::{
    domain::notice::{Channel, Rules, message::Message},
    wire::Wire,
};

/// Bytes of a reply that are read: enough for an error in words.
pub const READ_OF_REPLY: usize = 4 * 1024;

/// Longest text of the other side that is kept, in characters.
const LONGEST_WORDS: usize = 300;

/// How notices are sent.
#[derive(Clone, Debug)]
pub struct NoticesConfig {
    /// Language, and the time of the digest.
    pub rules: Rules,
    /// The webhook.
    pub webhook: Option<WebhookConfig>,
    /// E-mail.
    pub email: Option<EmailConfig>,
    /// Telegram.
    pub telegram: Option<TelegramConfig>,
}

impl NoticesConfig {
    /// Whether both send the same over the same channels.
    pub fn same_as(&self, other: &Self) -> bool {
        fn same<T>(one: Option<&T>, other: Option<&T>, same_as: impl Fn(&T, &T) -> bool) -> bool {
            match (one, other) {
                (Some(one), Some(other)) => same_as(one, other),
                (one, other) => one.is_none() && other.is_none(),
            }
        }
        self.rules == other.rules
            && same(self.webhook.as_ref(), other.webhook.as_ref(), WebhookConfig::same_as)
            && same(self.email.as_ref(), other.email.as_ref(), EmailConfig::same_as)
            && same(self.telegram.as_ref(), other.telegram.as_ref(), TelegramConfig::same_as)
    }
}

/// The channels of the settings.
pub struct Channels {
    config: NoticesConfig,
    wire: Arc<dyn Wire>,
}

/// A notice was not taken; with the reason, in the other side's words as far as there are any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotTaken {
    /// The same notice may be taken later.
    ForNow(String),
    /// The other side refuses it, and would refuse it again: an address, a password or a chat is wrong.
    Refused(String),
}

impl NotTaken {
    /// The reason.
    pub fn words(&self) -> &str {
        match self {
            Self::ForNow(words) | Self::Refused(words) => words,
        }
    }
}

impl Channels {
    /// Over this connection.
    pub fn new(config: NoticesConfig, wire: Arc<dyn Wire>) -> Self {
        Self { config, wire }
    }

    /// Language, and the time of the digest.
    pub fn rules(&self) -> &Rules {
        &self.config.rules
    }

    /// Each channel that is on, and where it leads, without secrets.
    pub fn all(&self) -> Vec<(Channel, String)> {
        let NoticesConfig { webhook, email, telegram, rules: _ } = &self.config;
        let webhook = webhook.as_ref().map(|webhook| (Channel::Webhook, webhook.destination()));
        let email = email.as_ref().map(|email| (Channel::Email, email.destination()));
        let telegram = telegram.as_ref().map(|telegram| (Channel::Telegram, telegram.destination()));
        webhook.into_iter().chain(email).chain(telegram).collect()
    }

    /// Sends a message once; returns what the other side answered.
    pub async fn send(&self, channel: Channel, message: &Message, now: Timestamp) -> Result<String, NotTaken> {
        let NoticesConfig { webhook, email, telegram, rules: _ } = &self.config;
        match (channel, webhook, email, telegram) {
            (Channel::Webhook, Some(webhook), _, _) => webhook.send(self.wire.as_ref(), message, now).await,
            (Channel::Email, _, Some(email), _) => email.send(message, now).await,
            (Channel::Telegram, _, _, Some(telegram)) => telegram.send(self.wire.as_ref(), message).await,
            _ => Err(NotTaken::ForNow("this channel is no longer in the settings".to_owned())),
        }
    }
}

/// What a receiver answered over HTTP, as one line.
fn answer(status: u16, words: &str) -> String {
    if words.is_empty() { format!("HTTP {status}") } else { format!("HTTP {status}: {words}") }
}

/// How final an answer is with which a receiver did not take a message.
fn not_taken(status: u16, words: &str) -> NotTaken {
    let answer = answer(status, words);
    match status {
        // "Request Timeout" and "Too Many Requests" end on their own.
        408 | 429 => NotTaken::ForNow(answer),
        400..500 => NotTaken::Refused(answer),
        _ => NotTaken::ForNow(answer),
    }
}

/// What the other side said, as one short line without the secret.
fn quoted(text: &str, secret: &str) -> String {
    let text = if secret.is_empty() { text.to_owned() } else { text.replace(secret, "***") };
    let plain: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    let line = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(LONGEST_WORDS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_permanent_unless_it_is_about_time_or_the_receivers_own_failure() {
        for status in [400, 401, 403, 404, 410, 413, 422] {
            assert!(matches!(not_taken(status, ""), NotTaken::Refused(_)), "{status}");
        }
        for status in [307, 408, 429, 500, 502, 503] {
            assert!(matches!(not_taken(status, ""), NotTaken::ForNow(_)), "{status}");
        }
        assert_eq!(answer(202, "queued"), "HTTP 202: queued");
    }

    #[test]
    fn what_the_other_side_says_is_one_line_and_never_the_secret() {
        assert_eq!(quoted("bad token\r\n  s3cret in\tpath", "s3cret"), "bad token *** in path");
        assert_eq!(quoted(&"x".repeat(1_000), "").len(), LONGEST_WORDS);
    }
}
