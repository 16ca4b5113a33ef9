//! Indonesian or English: the reader's choice, else the browser's language, else the one of the settings.

use axum::{
    Form,
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use super::page::own_path;
use crate::{
    domain::reason::Language,
    http::{App, language::preferred, session::cookie_named},
};

const COOKIE: &str = "language";

/// The language of the sender of these headers.
pub(super) fn of(app: &App, headers: &HeaderMap) -> Language {
    match cookie_named(headers, COOKIE) {
        Some("id") => Language::Indonesian,
        Some("en") => Language::English,
        _ => preferred(headers).unwrap_or(app.language),
    }
}

/// Which language, and the page that the reader was on.
#[derive(Debug, Deserialize)]
pub(super) struct Choice {
    language: String,
    #[serde(default)]
    next: String,
}

/// `POST /language`.
pub(super) async fn choose(State(app): State<App>, Form(choice): Form<Choice>) -> Response {
    let language = if choice.language == "id" { "id" } else { "en" };
    let secure = if app.is_secure() { "; Secure" } else { "" };
    let cookie = format!("{COOKIE}={language}; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax{secure}");
    let cookie = HeaderValue::from_str(&cookie).expect("our own words make a header");
    ([(header::SET_COOKIE, cookie)], Redirect::to(own_path(&choice.next))).into_response()
}
