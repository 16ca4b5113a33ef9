//! `/payouts/import`: payouts from a file. *Check the file* says what it contains; *Import* records it, and offers the
//! outcome of each row as a file.

use std::{collections::BTreeMap, io::Cursor, path::Path};

use askama::Template;
use axum::{
    body::Bytes,
    extract::{Multipart, Query, State},
    response::Response,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use tokio::runtime::Handle;

use super::{
    super::page::{Page, html},
    import_columns::Choosing,
    import_report::Report,
};
use crate::{
    domain::{
        import::columns::Choice,
        operator::Actor,
        payout::Payout,
        payout_file::{Summary, profile::BUILT_IN},
    },
    engine::Engine,
    export::outcomes::Outcomes,
    http::{App, auth::By, problem::Problem, v1::import_orders::LARGEST},
    importing::payouts::{Counts, Failed, Opened, PayoutFile, Problems, profiles, record, record_all},
    spreadsheet::Unreadable,
    storage::Settling,
};

/// Rows that cannot be read and are shown.
const MOST_SHOWN: usize = 200;

#[derive(Template)]
#[template(path = "payout_import.html")]
pub(super) struct Import {
    pub(super) page: Page,
    /// The kinds of files: name, words, whether it is chosen.
    profiles: Vec<(String, String, bool)>,
    /// Why the file could not be read.
    refusal: Option<String>,
    /// What cannot be read in it.
    wrong: Vec<String>,
    /// There is more of that than is shown.
    is_cut: bool,
    report: Option<Report>,
    choosing: Option<Choosing>,
    remembered: bool,
}

/// What a file turned out to be.
enum Found {
    Unreadable(Unreadable),
    /// Its headings are not known.
    Headings(Choosing),
    Wrong(Problems),
    Checked(Summary),
    /// It was recorded: how, and the outcome of each row as CSV.
    Recorded(Summary, Counts, Vec<u8>),
}

/// What the form sends.
#[derive(Default)]
struct Sent {
    profile: String,
    store: String,
    file: Bytes,
}

impl Import {
    pub(super) fn empty(app: &App, page: Page, chosen: &str) -> Self {
        let profile = |(name, _): &(&str, &str)| {
            let found = profiles::find(name, folder(app)).ok()?;
            let guess = if found.profile.is_proven {
                ""
            } else {
                page.t(" (its headings are a guess)", " (judul kolomnya masih perkiraan)")
            };
            Some(((*name).to_owned(), format!("{}{guess}", found.profile.title), *name == chosen))
        };
        let profiles = BUILT_IN.iter().filter_map(profile).collect();
        let (refusal, wrong, report, choosing) = (None, Vec::new(), None, None);
        Self { page, profiles, refusal, wrong, is_cut: false, report, choosing, remembered: false }
    }

    pub(super) fn with_choice(self, choosing: Choosing, refusal: &str) -> Self {
        Self { choosing: Some(choosing), refusal: Some(refusal.to_owned()), ..self }
    }
}

/// A seller's own profiles lie beside the mapping file.
fn folder(app: &App) -> &Path {
    app.mapping_file.as_deref().and_then(Path::parent).unwrap_or(Path::new("."))
}

/// `GET /payouts/import`.
pub(in crate::web) async fn show(
    State(app): State<App>,
    page: Page,
    Query(query): Query<BTreeMap<String, String>>,
) -> Result<Response, Problem> {
    let chosen = query.get("profile").map_or("", String::as_str);
    html(&Import { remembered: query.contains_key("columns"), ..Import::empty(&app, page, chosen) })
}

/// `POST /payouts/import`: checks the file; with `record`, records it.
pub(in crate::web) async fn read(
    State(app): State<App>,
    By(actor): By,
    page: Page,
    Query(query): Query<BTreeMap<String, String>>,
    parts: Multipart,
) -> Result<Response, Problem> {
    let _alone = app.importing().try_acquire().map_err(|_| Problem::Crowded)?;
    let sent = sent(parts).await?;
    let empty = Import::empty(&app, page, &sent.profile);
    let page = &empty.page;
    if sent.file.is_empty() {
        let refusal = page.t("Choose a file that is not empty.", "Pilih berkas yang tidak kosong.").to_owned();
        return html(&Import { refusal: Some(refusal), ..empty });
    }
    // Only what the form offers: a path would be a file of the server.
    if !BUILT_IN.iter().any(|(name, _)| *name == sent.profile) {
        let refusal = page.t("Choose what kind of file it is.", "Pilih jenis berkasnya.").to_owned();
        return html(&Import { refusal: Some(refusal), ..empty });
    }
    let profile = match profiles::find(&sent.profile, folder(&app)) {
        Ok(profile) => profile,
        Err(why) => return html(&Import { refusal: Some(why.to_string()), ..empty }),
    };
    let found = examine(&app, &actor, sent, &profile, query.contains_key("record"), page).await?;
    let shown = match found {
        Found::Unreadable(why) => Import { refusal: Some(unreadable(why, page)), ..empty },
        Found::Headings(choosing) => Import { choosing: Some(choosing), ..empty },
        Found::Wrong(problems) => {
            let shown = problems.named.iter().take(MOST_SHOWN);
            let wrong = shown.map(|wrong| wrong.in_words(page.language)).collect();
            Import { wrong, is_cut: problems.count > MOST_SHOWN as u64, ..empty }
        }
        Found::Checked(summary) => Import { report: Some(Report::checked(&summary, &app, page)), ..empty },
        Found::Recorded(summary, counts, outcomes) => {
            let outcomes = format!("data:text/csv;charset=utf-8;base64,{}", STANDARD.encode(outcomes));
            Import { report: Some(Report::recorded(&summary, counts, outcomes, &app, page)), ..empty }
        }
    };
    html(&shown)
}

async fn sent(mut parts: Multipart) -> Result<Sent, Problem> {
    let broken = |error: axum::extract::multipart::MultipartError| match error.status().as_u16() {
        413 => Problem::TooLarge(LARGEST),
        _ => Problem::BadRequest(error.body_text()),
    };
    let mut sent = Sent::default();
    while let Some(part) = parts.next_field().await.map_err(broken)? {
        match part.name().unwrap_or_default() {
            "file" => sent.file = part.bytes().await.map_err(broken)?,
            "profile" => sent.profile = part.text().await.map_err(broken)?,
            "store" => part.text().await.map_err(broken)?.trim().clone_into(&mut sent.store),
            _ => {}
        }
    }
    Ok(sent)
}

async fn examine(
    app: &App,
    actor: &Actor,
    sent: Sent,
    found: &profiles::Found,
    records: bool,
    page: &Page,
) -> Result<Found, Problem> {
    let storage = app.engine.storage();
    let opened = match blocking(move || Opened::open(Cursor::new(sent.file))).await? {
        Ok(opened) => opened,
        Err(why) => return Ok(Found::Unreadable(why)),
    };
    let keys = opened.keys(&found.name);
    let mut choice = Choice::new();
    for key in &keys {
        if let Some(remembered) = storage.import_columns(key).await? {
            choice = remembered;
            break;
        }
    }
    let mut profile = found.profile.clone().with(&choice);
    if !sent.store.is_empty() {
        profile.store_id = sent.store;
    }
    let mut file = match opened.find(profile) {
        Ok(file) => file,
        Err(missing) => {
            return Ok(Found::Headings(Choosing::new(&found.name, &keys, &missing.headings, &choice, page)));
        }
    };
    let (file, checked) = blocking(move || {
        let checked = file.check();
        (file, checked)
    })
    .await?;
    let mut summary = match checked {
        Ok(Ok(summary)) => summary,
        Ok(Err(problems)) => return Ok(Found::Wrong(problems)),
        Err(why) => return Ok(Found::Unreadable(why)),
    };
    summary.compare(&app.engine.mapping().mapping.payout.kinds);
    if !records {
        return Ok(Found::Checked(summary));
    }
    // The future of an async closure is not known to be `Send`; a thread for blocking work can wait for it.
    let (engine, runtime) = (app.engine.clone(), Handle::current());
    let taken_in = blocking(move || runtime.block_on(take_in(&engine, file))).await?;
    let (counts, outcomes) = match taken_in {
        Ok(done) => done,
        Err(Failed::Unreadable(why)) => return Ok(Found::Unreadable(why)),
        Err(Failed::Storage(error)) => return Err(Problem::not_stored(&error)),
        Err(Failed::Outcomes(error)) => {
            tracing::error!("the outcomes of a payout file could not be written: {error}");
            return Err(Problem::Broken);
        }
    };
    let (who, new, corrected) = (&actor.name, counts.accepted, counts.corrected);
    tracing::info!(actor = who, new, corrected, "{who} imported payouts: {new} new, {corrected} corrected");
    Ok(Found::Recorded(summary, counts, outcomes))
}

/// Records a file that was checked; returns the outcomes as CSV.
async fn take_in(engine: &Engine, file: PayoutFile) -> Result<(Counts, Vec<u8>), Failed> {
    let mut csv = Vec::new();
    let mut counts = Counts::default();
    let mut outcomes = Outcomes::new(&mut csv)?;
    let storage: &dyn Settling = engine.storage().as_ref();
    let store = async |payouts: Vec<Payout>| record_all(storage, payouts, engine.now()).await;
    record(file, &mut counts, store, |made, outcome| outcomes.add(made, outcome)).await?;
    outcomes.end()?;
    engine.wake();
    Ok((counts, csv))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!("a file could not be read: {error}");
        Problem::Broken
    })
}

fn unreadable(why: Unreadable, page: &Page) -> String {
    match why {
        Unreadable::TooLarge => page.t(
            "The file is too large. 16 MB can be read here; the command payout import reads larger ones.",
            "Berkasnya terlalu besar. Batasnya 16 MB; perintah payout import dapat membaca yang lebih besar.",
        ),
        Unreadable::OldWorkbook => page.t(
            "This file is in Excel's old format (XLS). Save it as XLSX or CSV and choose it again.",
            "Berkas ini berformat Excel lama (XLS). Simpan sebagai XLSX atau CSV, lalu pilih lagi.",
        ),
        Unreadable::Damaged => page.t(
            "This file cannot be read. Choose the marketplace's original XLSX or CSV file.",
            "Berkas ini tidak dapat dibaca. Pilih berkas XLSX atau CSV asli dari marketplace.",
        ),
    }
    .to_owned()
}
