//! `/setup`: from nothing to the first invoice, in five steps. Only admins may see it, because it takes secrets.
//!
//! [`webhooks`], [`accurate`] and [`start`] are the steps; [`progress`] says which of them are done.

mod accurate;
mod progress;
mod start;
mod webhooks;

use std::{borrow::Borrow, sync::Arc};

use askama::Template;
use axum::{
    Extension, Router,
    extract::{Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use secrecy::ExposeSecret;
use serde::Deserialize;

pub(super) use self::progress::Progress;
use self::{accurate::Accurate, start::Start, webhooks::Webhooks};
use super::{
    connection::Checks,
    mistakes,
    page::{Page, html},
};
use crate::{
    http::{App, problem::Problem},
    settings::Source,
    setup::Refused,
};

#[derive(Template)]
#[template(path = "setup.html")]
struct Setup {
    page: Page,
    progress: Progress,
    /// The step whose form was sent just now could not be carried out.
    trouble: Option<Trouble>,
    webhooks: Webhooks,
    accurate: Vec<Accurate>,
    start: Start,
}

impl Setup {
    /// What could not be carried out in a step.
    fn trouble_at(&self, step: impl Borrow<usize>) -> Option<&Trouble> {
        self.trouble.as_ref().filter(|trouble| trouble.step == *step.borrow())
    }
}

/// Why a form could not be carried out.
struct Trouble {
    /// Its step.
    step: usize,
    sentence: String,
    remedy: String,
}

/// Where a secret comes from, in words.
struct Origin {
    /// The page may ask for it.
    may_enter: bool,
    /// It is there.
    is_given: bool,
    /// What to know about it.
    note: String,
}

/// The routes; all need the role `admin`.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/setup", get(show))
        .route("/setup/webhooks/key", post(webhooks::change_key))
        .route("/setup/webhooks/earlier", post(webhooks::drop_earlier_keys))
        .route("/setup/webhooks/way", post(webhooks::confirm_way))
        .route("/setup/accurate", post(accurate::enter))
        .route("/setup/accurate/check", post(accurate::check))
        .route("/setup/first-day", post(start::set_first_day))
        .route("/setup/start", post(start::start))
}

/// The code of a key that was generated just now.
#[derive(Debug, Default, Deserialize)]
struct Asked {
    key: Option<String>,
}

/// `GET /setup`.
async fn show(
    State(app): State<App>,
    Extension(checks): Extension<Arc<Checks>>,
    headers: HeaderMap,
    page: Page,
    Query(Asked { key }): Query<Asked>,
) -> Result<Response, Problem> {
    let new_key = key.and_then(|code| app.new_webhook_key().take(&code));
    let new_key = new_key.map(|key| key.expose_secret().to_owned());
    shown(&app, &checks, &headers, page, new_key, None).await
}

/// The page, with a new key that is shown this once, or with what could not be done.
async fn shown(
    app: &App,
    checks: &Checks,
    headers: &HeaderMap,
    page: Page,
    new_key: Option<String>,
    trouble: Option<Trouble>,
) -> Result<Response, Problem> {
    let status = if trouble.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    // The page that answers a form is at another address.
    let page = Page { here: "/setup".to_owned(), ..page };
    let page = html(&Setup {
        progress: Progress::of(app).await?,
        webhooks: Webhooks::new(app, headers, new_key, &page).await?,
        accurate: accurate::books(app, checks, &page),
        start: Start::new(app, &page).await?,
        trouble,
        page,
    })?;
    // No copy of a page that has shown a key.
    Ok((status, [(header::CACHE_CONTROL, "no-store")], page).into_response())
}

impl Origin {
    fn new(app: &App, source: Source, page: &Page) -> Self {
        let has_file = app.proofs.get().sources.file.is_some();
        let (is_given, note) = match source {
            Source::Page(at) => {
                (true, page.t("Entered here on {}.", "Diisi di sini pada {}.").replace("{}", &page.moment(at)))
            }
            Source::Settings => (
                true,
                page.t(
                    "The value comes from the settings or the environment of the service, which override what is entered here. Change it there.",
                    "Nilainya berasal dari pengaturan atau environment layanan, yang diutamakan daripada isian di halaman ini. Ubah di sana.",
                )
                .to_owned(),
            ),
            Source::Missing if has_file => (false, String::new()),
            Source::Missing => (
                false,
                page.t(
                    "With a PostgreSQL database, several copies of the service may run, so secrets are not entered here. Set {} in the settings or the environment of each copy, then restart it.",
                    "Dengan database PostgreSQL, layanan dapat berjalan di beberapa server, sehingga nilai rahasia tidak diisi di sini. Isi {} di pengaturan atau environment setiap server, lalu jalankan ulang.",
                )
                .to_owned(),
            ),
        };
        Self { may_enter: has_file && source != Source::Settings, is_given, note }
    }
}

impl Trouble {
    /// A change of a secret that was refused.
    fn of(refused: Refused, step: usize, page: &Page) -> Self {
        let (sentence, remedy) = match refused {
            Refused::BySettings => (
                page.t("This secret comes from the settings.", "Nilai ini berasal dari pengaturan layanan.").to_owned(),
                page.t("Change it there.", "Ubah di sana.").to_owned(),
            ),
            Refused::Wrong(problems) => (
                page.t(
                    "Nothing was saved, because the settings would not be valid:",
                    "Tidak ada yang disimpan karena pengaturan menjadi tidak valid:",
                )
                .to_owned(),
                mistakes::with_settings(&problems, page),
            ),
            Refused::NotWritten(words) => (
                page.t(
                    "Nothing was saved, because the file for secrets could not be written.",
                    "Tidak ada yang disimpan karena berkas untuk nilai rahasia tidak dapat ditulis.",
                )
                .to_owned(),
                words,
            ),
        };
        Self { step, sentence, remedy }
    }

    fn new(step: usize, sentence: &str, remedy: &str) -> Self {
        Self { step, sentence: sentence.to_owned(), remedy: remedy.to_owned() }
    }
}
