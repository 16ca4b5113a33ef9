//! E-mail over SMTP. The message is plain text: everything that a seller may have written is in base64, in the subject
//! as in the body, so that nothing of it can become a header.

use std::time::Duration;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use jiff::{Timestamp, tz::TimeZone};
use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport, Tokio1Executor,
    address::Envelope,
    transport::smtp::{
        authentication::Credentials,
        client::{Tls, TlsParameters},
    },
};
use secrecy::{ExposeSecret, SecretString};

use super::{NotTaken, quoted};
use crate::domain::{WIB, notice::message::Message};

/// How long the server may take for one of its answers ...
const TIMEOUT: Duration = Duration::from_secs(10);

/// ... and for all of them together.
const WHOLE_TIME: Duration = Duration::from_secs(20);

/// Bytes of a subject in one encoded word, so that a line has at most 78 characters (RFC 2047 and 5322).
const WORD_BYTES: usize = 42;

/// Characters in a line of base64.
const LINE: usize = 76;

/// The mail server, and between whom mail is sent.
#[derive(Clone, Debug)]
pub struct EmailConfig {
    /// The server's name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub encryption: Encryption,
    /// User and password, if the server wants them.
    pub credentials: Option<(String, SecretString)>,
    /// The sender.
    pub from: Address,
    /// The recipients.
    pub to: Vec<Address>,
}

/// How a connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// TLS from the beginning.
    Tls,
    /// TLS after STARTTLS, which is required.
    StartTls,
    /// None, for a server on this machine.
    None,
}

impl EmailConfig {
    pub(super) fn same_as(&self, other: &Self) -> bool {
        let credentials = |config: &Self| {
            config.credentials.as_ref().map(|(user, password)| (user.clone(), password.expose_secret().to_owned()))
        };
        let rest = |config: &Self| {
            (config.host.clone(), config.port, config.encryption, config.from.clone(), config.to.clone())
        };
        rest(self) == rest(other) && credentials(self) == credentials(other)
    }

    pub(super) fn destination(&self) -> String {
        self.to.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }

    pub(super) async fn send(&self, message: &Message, now: Timestamp) -> Result<String, NotTaken> {
        let password = self.credentials.as_ref().map_or("", |(_, password)| password.expose_secret());
        let failed = |error: &dyn std::error::Error| NotTaken::ForNow(quoted(&error.to_string(), password));
        let envelope = Envelope::new(Some(self.from.clone()), self.to.clone()).map_err(|error| failed(&error))?;
        let tls = || TlsParameters::new(self.host.clone()).map_err(|error| failed(&error));
        let tls = match self.encryption {
            Encryption::Tls => Tls::Wrapper(tls()?),
            Encryption::StartTls => Tls::Required(tls()?),
            Encryption::None => Tls::None,
        };
        // `dangerous` means that the builder itself asks for no TLS.
        let mut server = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&self.host)
            .port(self.port)
            .tls(tls)
            .timeout(Some(TIMEOUT));
        if let Some((user, password)) = &self.credentials {
            server = server.credentials(Credentials::new(user.clone(), password.expose_secret().to_owned()));
        }
        let text = self.written(message, now);
        let sent = tokio::time::timeout(WHOLE_TIME, server.build().send_raw(&envelope, &text)).await;
        match sent {
            Ok(Ok(response)) => {
                let words = response.message().collect::<Vec<_>>().join(" ");
                Ok(quoted(&format!("{} {words}", response.code()), password))
            }
            // A reply of 5xx: the password, the sender or a recipient is wrong.
            Ok(Err(error)) if error.is_permanent() => Err(NotTaken::Refused(quoted(&error.to_string(), password))),
            Ok(Err(error)) => Err(failed(&error)),
            Err(_) => Err(NotTaken::ForNow(format!("the server took longer than {} seconds", WHOLE_TIME.as_secs()))),
        }
    }

    /// The message as it is sent.
    fn written(&self, message: &Message, now: Timestamp) -> Vec<u8> {
        let date = jiff::fmt::rfc2822::to_string(&now.to_zoned(TimeZone::fixed(WIB))).unwrap_or_default();
        let body = lines(&BASE64_STANDARD.encode(message.text_with_link().replace('\n', "\r\n")));
        let to = self.to.iter().map(ToString::to_string).collect::<Vec<_>>().join(",\r\n ");
        let (from, id, domain) = (&self.from, &message.id, self.from.domain());
        format!(
            "From: {from}\r\nTo: {to}\r\nSubject: {}\r\nDate: {date}\r\nMessage-ID: <{id}@{domain}>\r\n\
             Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\
             Content-Transfer-Encoding: base64\r\n\r\n{body}\r\n",
            subject(&message.title)
        )
        .into_bytes()
    }
}

/// A header's text as encoded words (RFC 2047), none of which ends within a character.
fn subject(title: &str) -> String {
    let mut words = vec![String::new()];
    for letter in title.chars() {
        if words.last().is_some_and(|word| word.len() + letter.len_utf8() > WORD_BYTES) {
            words.push(String::new());
        }
        words.iter_mut().last().into_iter().for_each(|word| word.push(letter));
    }
    let encoded = words.iter().map(|word| format!("=?UTF-8?B?{}?=", BASE64_STANDARD.encode(word)));
    encoded.collect::<Vec<_>>().join("\r\n ")
}

/// Base64 in lines that every server takes.
fn lines(text: &str) -> String {
    let mut lines = String::with_capacity(text.len() + text.len() / LINE * 2);
    for (place, letter) in text.chars().enumerate() {
        if place > 0 && place % LINE == 0 {
            lines.push_str("\r\n");
        }
        lines.push(letter);
    }
    lines
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn what_a_seller_wrote_can_not_become_a_header_or_end_the_message() {
        let address = |text: &str| text.parse::<Address>().expect("an address");
        let config = EmailConfig {
            host: "mail.example.com".to_owned(),
            port: 465,
            encryption: Encryption::Tls,
            credentials: None,
            from: address("books@example.com"),
            to: vec![address("ani@example.com"), address("budi@example.com")],
        };
        let message = Message {
            id: "msg_1".to_owned(),
            kind: "orders.blocked".to_owned(),
            title: "Barang\r\nBcc: all@evil.example".repeat(4),
            text: "line\r\n.\r\nRCPT TO:<all@evil.example>\n".repeat(9),
            url: String::new(),
            details: Value::Null,
            made_at: Timestamp::UNIX_EPOCH,
        };
        let at: Timestamp = "2026-11-26T03:00:00Z".parse().expect("a moment");
        let written = String::from_utf8(config.written(&message, at)).expect("ASCII");
        assert!(written.is_ascii());
        let (headers, body) = written.split_once("\r\n\r\n").expect("headers and a body");
        let names: Vec<_> = headers
            .split("\r\n")
            .filter(|line| !line.starts_with(' '))
            .map(|line| line.split(':').next().unwrap_or_default())
            .collect();
        assert_eq!(
            names,
            [
                "From",
                "To",
                "Subject",
                "Date",
                "Message-ID",
                "Auto-Submitted",
                "MIME-Version",
                "Content-Type",
                "Content-Transfer-Encoding"
            ]
        );
        assert!(headers.contains("Date: Thu, 26 Nov 2026 10:00:00 +0700"), "{headers}");
        assert!(written.split("\r\n").all(|line| line.len() <= 78 && !line.starts_with('.')), "{written}");
        let read = BASE64_STANDARD.decode(body.replace("\r\n", "")).expect("base64");
        assert_eq!(String::from_utf8(read).expect("UTF-8").matches("RCPT TO").count(), 9);
    }

    #[test]
    fn a_long_subject_is_cut_between_characters() {
        let title = "“é”".repeat(30);
        let subject = subject(&title);
        let words = subject.split("\r\n ").map(|word| {
            assert!(word.len() <= 75, "{word}");
            let encoded = word.strip_prefix("=?UTF-8?B?").and_then(|word| word.strip_suffix("?=")).expect("a word");
            String::from_utf8(BASE64_STANDARD.decode(encoded).expect("base64")).expect("whole characters")
        });
        assert_eq!(words.collect::<String>(), title);
    }
}
