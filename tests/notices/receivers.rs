//! The other sides, on this machine: a receiver of webhooks that also plays Telegram, and a mail server.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use forstok_accurate::signing::hmac_sha256_of_parts;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

/// The key of [`super::SECRET`].
const KEY: &str = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// What a server without TLS offers so far.
const STARTTLS: &str = "STARTTLS";

/// A request that arrived.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// Whether it was taken.
    pub(crate) is_taken: bool,
}

impl Received {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Whether the signature is that of the shared secret, over id, time and body.
    pub(crate) fn is_signed(&self) -> bool {
        let key = BASE64_STANDARD.decode(KEY).expect("base64");
        let parts = [self.header("webhook-id").as_bytes(), self.header("webhook-timestamp").as_bytes(), &self.body];
        let signature = BASE64_STANDARD.encode(hmac_sha256_of_parts(&key, &parts));
        self.header("webhook-signature") == format!("v1,{signature}")
    }
}

/// How the other side answers.
#[derive(Clone, Debug)]
struct Answer {
    status: StatusCode,
    body: String,
    location: Option<String>,
}

#[derive(Debug)]
struct Inside {
    answer: Answer,
    received: Vec<Received>,
}

/// Takes whatever is sent to it over HTTP.
#[derive(Clone, Debug)]
pub(crate) struct Receiver {
    inside: Arc<Mutex<Inside>>,
    pub(crate) url: String,
}

impl Receiver {
    pub(crate) async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let answer = Answer { status: StatusCode::OK, body: "{\"ok\":true}".to_owned(), location: None };
        let inside = Arc::new(Mutex::new(Inside { answer, received: Vec::new() }));
        let receiver = Self { inside, url };
        let at_work = receiver.clone();
        let take = move |uri: Uri, headers: HeaderMap, body: Bytes| {
            let at_work = at_work.clone();
            async move { at_work.take(&uri, headers, body) }
        };
        let serving = axum::serve(listener, Router::new().fallback(take));
        tokio::spawn(async move { serving.await.expect("it serves until the test ends") });
        receiver
    }

    /// From now on it answers this.
    pub(crate) fn answers(&self, status: u16, body: &str) {
        let status = StatusCode::from_u16(status).expect("a status");
        self.inside().answer = Answer { status, body: body.to_owned(), location: None };
    }

    /// From now on it sends everybody elsewhere.
    pub(crate) fn redirects_to(&self, address: &str) {
        let (status, body) = (StatusCode::TEMPORARY_REDIRECT, String::new());
        self.inside().answer = Answer { status, body, location: Some(address.to_owned()) };
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.inside().received.clone()
    }

    /// What it took.
    pub(crate) fn taken(&self) -> Vec<Received> {
        self.received().into_iter().filter(|received| received.is_taken).collect()
    }

    fn take(&self, uri: &Uri, headers: HeaderMap, body: Bytes) -> Response {
        let mut inside = self.inside();
        let Answer { status, body: text, location } = inside.answer.clone();
        let is_taken = status.is_success();
        inside.received.push(Received { path: uri.path().to_owned(), headers, body, is_taken });
        let mut response = (status, text).into_response();
        if let Some(location) = location {
            response.headers_mut().insert(header::LOCATION, location.parse().expect("a header's value"));
        }
        response
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A mail as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Mail {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    pub(crate) data: String,
}

impl Mail {
    /// The text, decoded.
    pub(crate) fn text(&self) -> String {
        let (_, body) = self.data.split_once("\r\n\r\n").expect("headers and a body");
        let body = BASE64_STANDARD.decode(body.replace("\r\n", "")).expect("base64");
        String::from_utf8(body).expect("UTF-8")
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let line = self.data.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        line.unwrap_or_default()
    }
}

#[derive(Debug, Default)]
struct Mailbox {
    mails: Vec<Mail>,
    /// Commands that came over an unprotected connection.
    in_plain: Vec<String>,
    /// Says this instead of a greeting.
    is_down: bool,
    /// Refuses every password.
    refuses: bool,
}

/// When the mail server's TLS begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TlsBegins {
    AtOnce,
    WithStartTls,
}

/// A mail server that takes everything and keeps it.
#[derive(Clone)]
pub(crate) struct MailServer {
    mailbox: Arc<Mutex<Mailbox>>,
    tls: Option<(TlsAcceptor, TlsBegins)>,
    pub(crate) port: u16,
}

impl MailServer {
    /// One without TLS.
    pub(crate) async fn new() -> Self {
        Self::with(None).await
    }

    /// One with a certificate.
    pub(crate) async fn with_tls(certificate: TlsAcceptor, begins: TlsBegins) -> Self {
        Self::with(Some((certificate, begins))).await
    }

    async fn with(tls: Option<(TlsAcceptor, TlsBegins)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let port = listener.local_addr().expect("an address").port();
        let server = Self { mailbox: Arc::default(), tls, port };
        let at_work = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let at_work = at_work.clone();
                // A client may hang up at any time.
                tokio::spawn(async move { drop(at_work.serve(stream).await) });
            }
        });
        server
    }

    pub(crate) fn is_down(&self, is_down: bool) {
        self.mailbox().is_down = is_down;
    }

    pub(crate) fn refuses_passwords(&self, refuses: bool) {
        self.mailbox().refuses = refuses;
    }

    pub(crate) fn mails(&self) -> Vec<Mail> {
        self.mailbox().mails.clone()
    }

    /// The commands that came over an unprotected connection, in one text.
    pub(crate) fn heard_in_plain(&self) -> String {
        self.mailbox().in_plain.join("\n")
    }

    fn mailbox(&self) -> MutexGuard<'_, Mailbox> {
        self.mailbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn serve(&self, stream: TcpStream) -> std::io::Result<()> {
        let Some((certificate, begins)) = &self.tls else {
            return self.talk(&mut BufReader::new(stream), true, "AUTH PLAIN").await.map(drop);
        };
        let mut plain = BufReader::new(stream);
        let is_asked = *begins == TlsBegins::AtOnce || self.talk(&mut plain, true, STARTTLS).await?;
        if !is_asked {
            return Ok(());
        }
        let stream = certificate.accept(plain.into_inner()).await?;
        self.talk(&mut BufReader::new(stream), *begins == TlsBegins::AtOnce, "AUTH PLAIN").await.map(drop)
    }

    /// Talks until the client hangs up, or asks for TLS where that is offered; returns whether it did.
    async fn talk<S>(&self, stream: &mut BufReader<S>, greets: bool, offers: &str) -> std::io::Result<bool>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let (is_down, refuses) = {
            let mailbox = self.mailbox();
            (mailbox.is_down, mailbox.refuses)
        };
        if is_down {
            stream.write_all(b"421 4.3.2 the mail server is closed for cleaning\r\n").await?;
            return Ok(false);
        }
        if greets {
            stream.write_all(b"220 mail.test ESMTP\r\n").await?;
        }
        let mut mail = Mail { from: String::new(), to: Vec::new(), data: String::new() };
        while let Some(line) = next_line(stream).await? {
            let command = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            if self.tls.is_none() || offers == STARTTLS {
                self.mailbox().in_plain.push(line.clone());
            }
            let answer = match command.as_str() {
                "EHLO" => &format!("250-mail.test\r\n250 {offers}"),
                "STARTTLS" if offers == STARTTLS => {
                    stream.write_all(b"220 2.0.0 go ahead\r\n").await?;
                    return Ok(true);
                }
                "QUIT" => "221 2.0.0 bye",
                _ if offers == STARTTLS => "530 5.7.0 STARTTLS first",
                "AUTH" if refuses => "535 5.7.8 this password is not the right one",
                "AUTH" => "235 2.7.0 ok",
                "MAIL" => {
                    mail.from = within(&line);
                    "250 2.1.0 ok"
                }
                "RCPT" => {
                    mail.to.push(within(&line));
                    "250 2.1.5 ok"
                }
                "DATA" => {
                    stream.write_all(b"354 go ahead\r\n").await?;
                    while let Some(line) = next_line(stream).await?.filter(|line| line != ".") {
                        mail.data.push_str(&line);
                        mail.data.push_str("\r\n");
                    }
                    self.mailbox().mails.push(mail.clone());
                    "250 2.0.0 queued as 4711"
                }
                _ => "502 5.5.1 unknown",
            };
            stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
            stream.flush().await?;
        }
        Ok(false)
    }
}

/// A line without its end; `None` once the client has hung up.
async fn next_line<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> std::io::Result<Option<String>> {
    let mut line = String::new();
    let is_there = stream.read_line(&mut line).await? > 0;
    Ok(is_there.then(|| line.trim_end_matches(['\r', '\n']).to_owned()))
}

/// The address between the angle brackets.
fn within(line: &str) -> String {
    let address = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    address.map(|(address, _)| address.to_owned()).unwrap_or_default()
}
