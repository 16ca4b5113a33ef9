//! `/login`: signing in with a token, and signing out.

use askama::Template;
use axum::{
    Extension, Form,
    extract::{Path, Query, State},
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use super::{
    format,
    page::{Page, html, own_path},
};
use crate::{
    domain::operator::Actor,
    http::{
        App,
        auth::count_refused,
        origin::{Peer, address},
        problem::Problem,
        session,
    },
};

#[derive(Template)]
#[template(path = "login.html")]
struct Login {
    page: Page,
    next: String,
    /// Somebody sent a form after the session had ended.
    is_lost: bool,
    /// Why the form is shown again.
    wrong: Option<String>,
    /// The page was opened although nobody can sign in.
    closed: bool,
}

/// Where to go afterwards.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Next {
    #[serde(default)]
    next: String,
    /// What was sent is lost.
    lost: Option<String>,
}

/// A filled-in form.
#[derive(Deserialize)]
pub(super) struct SignIn {
    #[serde(default)]
    token: String,
    #[serde(default)]
    next: String,
    lost: Option<String>,
}

/// `GET /login`. A reader who is signed in already is redirected.
pub(super) async fn show(
    State(app): State<App>,
    headers: HeaderMap,
    uri: Uri,
    Query(Next { next, lost }): Query<Next>,
) -> Result<Response, Problem> {
    if session::actor(&app, &headers).await?.is_some() {
        return Ok(Redirect::to(own_path(&next)).into_response());
    }
    let page = Page::of_nobody(&app, &headers, uri.path_and_query().map_or("/login", |here| here.as_str()));
    let closed = app.proofs.get().operators.is_empty();
    html(&Login { page, next: own_path(&next).to_owned(), is_lost: lost.is_some(), wrong: None, closed })
}

/// `POST /login`.
pub(super) async fn sign_in(
    State(app): State<App>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    Form(SignIn { token, next, lost }): Form<SignIn>,
) -> Result<Response, Problem> {
    let page = Page::of_nobody(&app, &headers, "/login");
    let proofs = app.proofs.get();
    if proofs.operators.is_empty() {
        return Err(Problem::Closed);
    }
    let from = address(peer.map(|Extension(peer)| peer), &headers);
    let owner = app.sign_in_limit().try_token(from, page.now, || proofs.operators.with_token(token.trim().as_bytes()));
    let (status, wrong) = match owner {
        Ok(Some(actor)) => return signed_in(&app, &actor, &next).await,
        Ok(None) => {
            count_refused(&Problem::TokenWrong);
            tracing::warn!(%from, "a wrong token was entered on the sign-in page, from {from}");
            let words = page.t(
                "This token is not known here. Check it, or ask the person who runs this service.",
                "Token ini tidak dikenal. Periksa kembali, atau tanyakan kepada pengelola layanan ini.",
            );
            (StatusCode::UNAUTHORIZED, words.to_owned())
        }
        Err(wait) => {
            count_refused(&Problem::TooManyAttempts(wait.unsigned_abs()));
            let wait = format::duration(wait, page.language);
            let words = page.t(
                "Too many wrong tokens were entered. Wait {} and try again.",
                "Terlalu banyak token salah dimasukkan. Tunggu {} lalu coba lagi.",
            );
            (StatusCode::TOO_MANY_REQUESTS, words.replace("{}", &wait))
        }
    };
    let (next, is_lost) = (own_path(&next).to_owned(), lost.is_some());
    let again = Login { page, next, is_lost, wrong: Some(wrong), closed: false };
    Ok((status, html(&again)?).into_response())
}

async fn signed_in(app: &App, actor: &Actor, next: &str) -> Result<Response, Problem> {
    let cookie = session::begin(app, actor).await?;
    tracing::info!(actor = actor.name, "{actor} has signed in");
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to(own_path(next))).into_response())
}

/// `POST /logout`.
pub(super) async fn sign_out(State(app): State<App>, headers: HeaderMap) -> Result<Response, Problem> {
    if let Some(actor) = session::actor(&app, &headers).await? {
        tracing::info!(actor = actor.name, "{actor} has signed out");
    }
    let cookie = session::end(&app, &headers).await?;
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/login")).into_response())
}

/// `GET /login/once/{code}`.
pub(super) async fn sign_in_once(
    State(app): State<App>,
    method: Method,
    Path(code): Path<String>,
) -> Result<Response, Problem> {
    // Chat programs look up where a link leads; that must not use the code up.
    if method == Method::HEAD {
        return Ok(Redirect::to("/").into_response());
    }
    match app.one_time_code().take(&code) {
        Some(actor) => signed_in(&app, &actor, "/").await,
        // Most likely the link was opened before in this browser, which is then signed in.
        None => Ok(Redirect::to("/").into_response()),
    }
}
