//! Telegram's bot API: `POST {base}/bot<token>/sendMessage` (core.telegram.org/bots/api#sendmessage).

use std::time::Duration;

use http::Method;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;

use super::{NotTaken, answer, not_taken, quoted};
use crate::{
    domain::notice::message::Message,
    wire::{Wire, WireReply, WireRequest},
};

/// How long Telegram may take.
const TIMEOUT: Duration = Duration::from_secs(15);

/// Longest text in characters; Telegram allows 4096 UTF-16 units.
const LONGEST_TEXT: usize = 2_000;

/// A bot, and the chat that it writes to.
#[derive(Clone, Debug)]
pub struct TelegramConfig {
    /// Where the bot API is.
    pub base_url: Url,
    /// The bot's token. It is a part of the address, which is therefore never shown.
    pub token: SecretString,
    /// The chat: a number, or `@name` of a channel.
    pub chat: String,
}

/// What Telegram answers; whatever else it contains is ignored.
#[derive(Deserialize)]
struct Reply {
    ok: bool,
    #[serde(default)]
    description: String,
}

impl TelegramConfig {
    pub(super) fn same_as(&self, other: &Self) -> bool {
        self.base_url == other.base_url
            && self.chat == other.chat
            && self.token.expose_secret() == other.token.expose_secret()
    }

    pub(super) fn destination(&self) -> String {
        format!("chat {}", self.chat)
    }

    pub(super) async fn send(&self, wire: &dyn Wire, message: &Message) -> Result<String, NotTaken> {
        let token = self.token.expose_secret();
        let address = format!("{}/bot{token}/sendMessage", self.base_url.as_str().trim_end_matches('/'));
        let url = Url::parse(&address)
            .map_err(|_| NotTaken::Refused("notices.telegram.base_url is not an address".to_owned()))?;
        // Without parse_mode, Telegram takes the text as it is: nothing in it is markup.
        let body = json!({
            "chat_id": self.chat,
            "text": text(message),
            "link_preview_options": { "is_disabled": true },
        });
        let body = Some(body.to_string().into());
        let request = WireRequest { method: Method::POST, url, headers: Vec::new(), body, timeout: TIMEOUT };
        let WireReply { status, body, .. } =
            wire.send(request).await.map_err(|fault| NotTaken::ForNow(quoted(&fault.to_string(), token)))?;
        let reply = serde_json::from_slice::<Reply>(&body).ok();
        let words = match &reply {
            Some(reply) => quoted(&reply.description, token),
            None => quoted(&String::from_utf8_lossy(&body), token),
        };
        // A reply that was cut off cannot be read, but its status says the same.
        let is_taken = (200..300).contains(&status) && reply.is_none_or(|reply| reply.ok);
        if is_taken { Ok(answer(status, &words)) } else { Err(not_taken(status, &words)) }
    }
}

/// Title, text and link; the text is cut where they would be too long.
fn text(message: &Message) -> String {
    let Message { title, text, url, .. } = message;
    let shown: String = if text.chars().count() > LONGEST_TEXT {
        text.chars().take(LONGEST_TEXT - 1).chain(['…']).collect()
    } else {
        text.clone()
    };
    if url.is_empty() { format!("{title}\n\n{shown}") } else { format!("{title}\n\n{shown}\n\n{url}") }
}
