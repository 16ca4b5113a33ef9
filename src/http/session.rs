//! The session of a person who has signed in: a cookie with a random value, whose digest is in the database so that the
//! session survives restarts and is valid on every replica.

use std::sync::{Mutex, PoisonError};

use axum::http::{HeaderMap, HeaderValue, header};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{App, problem::Problem};
use crate::{
    domain::operator::Actor,
    signing::{hmac_sha256, unguessable},
    storage::{SESSION_LASTS, SessionRecord},
};

/// The cookie over HTTPS. Browsers accept the prefix `__Host-` only from this host itself, and only with `Secure`.
const SECURE_COOKIE: &str = "__Host-forstok-accurate";

/// The cookie over plain HTTP.
const PLAIN_COOKIE: &str = "forstok-accurate";

/// Signs an operator in; returns the cookie to be set.
pub(crate) async fn begin(app: &App, actor: &Actor) -> Result<HeaderValue, Problem> {
    let value = hex::encode(unguessable());
    let now = app.engine.now();
    let proof = app.proofs.get().operators.proof_of(&actor.name, |text| of_session(&value, text));
    let session = SessionRecord {
        digest: digest(&value),
        operator: actor.name.clone(),
        // An operator who was removed from the settings at this moment gets a session that is never valid.
        proof: proof.unwrap_or_default(),
        until: now + SESSION_LASTS,
    };
    app.engine.storage().open_session(&session, now).await?;
    Ok(cookie(app, &value, SESSION_LASTS.as_secs()))
}

/// Signs the sender of these headers out; returns the cookie that replaces the old one.
pub(crate) async fn end(app: &App, headers: &HeaderMap) -> Result<HeaderValue, Problem> {
    if let Some(value) = value(app, headers) {
        app.engine.storage().end_session(&digest(value)).await?;
    }
    Ok(cookie(app, "", 0))
}

/// The operator to whom the session in these headers belongs. A session ends when the operator is removed from the
/// settings or gets another token or role.
pub(crate) async fn actor(app: &App, headers: &HeaderMap) -> Result<Option<Actor>, Problem> {
    let Some(value) = value(app, headers) else { return Ok(None) };
    let Some(session) = app.engine.storage().session(&digest(value), app.engine.now()).await? else { return Ok(None) };
    let operators = &app.proofs.get().operators;
    let proof = operators.proof_of(&session.operator, |text| of_session(value, text));
    Ok(operators.named(&session.operator).filter(|_| proof.as_ref() == Some(&session.proof)).cloned())
}

/// Keyed with the cookie's value, so that the database reveals nothing about an operator's token.
fn of_session(value: &str, text: &[u8]) -> String {
    hex::encode(hmac_sha256(value, None, text))
}

fn digest(value: &str) -> String {
    hex::encode(Sha256::digest(value))
}

fn name(app: &App) -> &'static str {
    if app.is_secure() { SECURE_COOKIE } else { PLAIN_COOKIE }
}

fn value<'a>(app: &App, headers: &'a HeaderMap) -> Option<&'a str> {
    cookie_named(headers, name(app)).filter(|value| !value.is_empty())
}

/// The value of a cookie that a browser sent.
pub(crate) fn cookie_named<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let texts = headers.get_all(header::COOKIE).into_iter().filter_map(|header| header.to_str().ok());
    let mut pairs = texts.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
}

/// `Lax`: a link in a message opens the page with the session. Everything that changes something is a POST, with which
/// browsers do not send the cookie for another site.
fn cookie(app: &App, value: &str, seconds: i64) -> HeaderValue {
    let secure = if app.is_secure() { "; Secure" } else { "" };
    let text = format!("{}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}", name(app));
    HeaderValue::from_str(&text).expect("hex digits and our own words make a header")
}

/// Something that is handed out once, to whoever has its code; what was kept before is dropped.
#[derive(Debug)]
pub(crate) struct Once<T>(Mutex<Option<(String, T)>>);

impl<T> Default for Once<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Once<T> {
    /// Keeps it; returns its code.
    pub(crate) fn keep(&self, kept: T) -> String {
        let code = hex::encode(unguessable());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((code.clone(), kept));
        code
    }

    /// What has this code, which becomes invalid.
    pub(crate) fn take(&self, code: &str) -> Option<T> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.take_if(|(kept, _)| bool::from(kept.as_bytes().ct_eq(code.as_bytes()))).map(|(_, kept)| kept)
    }
}
