//! The second step: the credentials of each Accurate database, which are tried before they are saved.

use std::sync::Arc;

use axum::{
    Extension, Form,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use super::{Origin, Trouble, shown};
use crate::{
    accurate::credentials::Credentials,
    check::{Severity, Words, check_access, try_missing, try_rights},
    domain::{ids::BookName, mapping::Mapping},
    http::{App, auth::By, problem::Problem},
    setup::Change,
    web::{
        connection::{Checked, Checks},
        format,
        page::Page,
    },
};

/// The number of this step.
const STEP: usize = 2;

/// Longest secret that is taken.
const LONGEST: usize = 4_000;

/// One Accurate database.
pub(super) struct Accurate {
    pub(super) name: BookName,
    /// Where the credentials are sent.
    pub(super) address: String,
    pub(super) origin: Origin,
    pub(super) checked: Option<Checked>,
}

pub(super) fn books(app: &App, checks: &Checks, page: &Page) -> Vec<Accurate> {
    let sources = &app.proofs.get().sources;
    let book = |name: BookName| {
        let address = app.engine.session(&name).map(|session| session.account_url().to_string());
        let mut origin = Origin::new(app, sources.book(&name), page);
        origin.note = origin.note.replace("{}", &format!("books.{name}.api_token, books.{name}.signature_secret"));
        Accurate {
            address: address.unwrap_or_default().trim_end_matches('/').to_owned(),
            origin,
            checked: checks.of(&name, page),
            name,
        }
    };
    app.engine.books().into_iter().map(|status| book(status.name)).collect()
}

/// The credentials of a database.
#[derive(Deserialize)]
pub(super) struct CredentialsForm {
    book: BookName,
    api_token: String,
    signature_secret: String,
}

/// `POST /setup/accurate`: tries the credentials, and saves them if Accurate accepts them.
pub(super) async fn enter(
    State(app): State<App>,
    Extension(checks): Extension<Arc<Checks>>,
    By(actor): By,
    headers: HeaderMap,
    page: Page,
    Form(form): Form<CredentialsForm>,
) -> Result<Response, Problem> {
    let [token, secret] = [&form.api_token, &form.signature_secret].map(|text| text.trim());
    let is_usable =
        |text: &str| !text.is_empty() && text.len() <= LONGEST && text.bytes().all(|b| b.is_ascii_graphic());
    let Some(session) = app.engine.session(&form.book) else { return Err(Problem::UnknownRoute) };
    if !is_usable(token) || !is_usable(secret) {
        let sentence = page
            .t("API Token or signature secret cannot be used.", "API Token atau signature secret tidak dapat dipakai.");
        let remedy = page.t(
            "Copy each one completely from Accurate, without spaces.",
            "Salin masing-masing dari Accurate secara lengkap, tanpa spasi.",
        );
        return shown(&app, &checks, &headers, page, None, Some(Trouble::new(STEP, sentence, remedy))).await;
    }
    let credentials = Credentials { api_token: token.into(), signature_secret: secret.into() };
    let tried = {
        // The calls of the trial and those of the service count together if the token is the same.
        let half = session.lend().await;
        let tried = check_access(&session.with_other_credentials(credentials.clone())).await;
        if tried.as_ref().is_ok_and(|findings| findings.iter().all(|finding| finding.severity != Severity::Error)) {
            half.all_answered();
        }
        tried
    };
    let findings = match tried {
        Ok(findings) => findings,
        Err(finding) => {
            let Words { found, remedy } = finding.in_words(page.language);
            let not_saved = page.t("They were not saved.", "Nilai itu tidak disimpan.");
            let sentence = format!("{}. {not_saved}", format::sentence(found.trim_end_matches('.')));
            let trouble = Trouble::new(STEP, &sentence, &format::sentence(&remedy));
            return shown(&app, &checks, &headers, page, None, Some(trouble)).await;
        }
    };
    let change = Change::Credentials { book: form.book.clone(), credentials };
    if let Err(refused) = app.changes.request(change, &actor.name).await {
        let trouble = Trouble::of(refused, STEP, &page);
        return shown(&app, &checks, &headers, page, None, Some(trouble)).await;
    }
    checks.note(&form.book, app.engine.now(), findings);
    Ok(Redirect::to("/setup?done=credentials_saved#step-2").into_response())
}

/// Which database.
#[derive(Deserialize)]
pub(super) struct BookForm {
    book: BookName,
}

/// `POST /setup/accurate/check`: tries the rights to read, save and delete. Accurate refuses the records, because they
/// are empty.
pub(super) async fn check(
    State(app): State<App>,
    Extension(checks): Extension<Arc<Checks>>,
    By(actor): By,
    Form(BookForm { book }): Form<BookForm>,
) -> Result<Response, Problem> {
    let Some(session) = app.engine.session(&book).filter(|session| session.has_credentials()) else {
        return Err(Problem::UnknownRoute);
    };
    tracing::info!(actor = actor.name, "the rights in book {book} are tried at the request of {actor}");
    let findings = match check_access(session).await {
        Ok(mut findings) => {
            findings.extend(try_rights(session, &rules(&app)).await);
            let posting = app.engine.posting();
            let (_, given) = try_missing(session, &posting.missing_rights(&book)).await;
            posting.note_tried_rights(&book, &given).await?;
            findings
        }
        Err(finding) => vec![finding],
    };
    checks.note(&book, app.engine.now(), findings);
    Ok(Redirect::to("/setup?done=checked#step-2").into_response())
}

fn rules(app: &App) -> Mapping {
    app.engine.mapping().mapping.clone()
}
