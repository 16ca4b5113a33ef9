//! `/payouts/import`: payouts from a file. *Check the file* says what it contains; *Import* records it, and offers the
//! outcome of each row as a file.

use std::{collections::BTreeMap, io::Cursor, sync::Arc};

use askama::Template;
use axum::{
    extract::{Query, State},
    response::Response,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use tokio::{runtime::Handle, sync::OwnedSemaphorePermit};

use super::{
    super::{
        import::cannot_be_read,
        page::{Page, html},
        upload::Upload,
    },
    import_columns::{self, Choosing},
    import_form::{Form, Sent},
    import_report::Report,
};
use crate::{
    domain::{
        day_in_wib,
        import::columns::Choice,
        operator::Actor,
        payout::Payout,
        payout_file::{Summary, Why, profile::Rows},
        reason::Language,
    },
    engine::Engine,
    export::{Headers, outcomes::Outcomes},
    http::{App, auth::By, problem::Problem},
    importing::payouts::{Counts, Failed, NoHeadings, Opened, PayoutFile, Problems, profiles, record, record_all},
    spreadsheet::Unreadable,
    storage::AfterSaleStorage,
};

/// Rows that cannot be read and are shown.
const MOST_SHOWN: usize = 200;

/// Columns that a table of payouts has at least: order, day and money.
const FEWEST_COLUMNS: usize = 3;

#[derive(Template)]
#[template(path = "payout_import.html")]
pub(super) struct Import {
    pub(super) page: Page,
    form: Form,
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
    Refused(String),
    /// Its headings are not known: why, and the form for its columns.
    Headings(String, Choosing),
    Wrong(Problems),
    /// It can be read; perhaps it is another kind of file, whose title follows.
    /// With columns that can be chosen as fees.
    Checked(Summary, Names, Option<String>, Option<Choosing>),
    /// It was recorded: how, and the outcome of each row as CSV.
    Recorded(Summary, Names, Counts, Vec<u8>),
}

/// How the file calls each amount.
pub(super) type Names = BTreeMap<String, String>;

impl Import {
    pub(super) async fn empty(app: &App, page: Page, sent: &Sent) -> Result<Self, Problem> {
        let stores = app.engine.storage().stores().await?;
        let form = Form::new(sent, app, stores, &page);
        let (refusal, wrong, report, choosing) = (None, Vec::new(), None, None);
        Ok(Self { page, form, refusal, wrong, is_cut: false, report, choosing, remembered: false })
    }

    pub(super) fn with_choice(self, choosing: Choosing, refusal: String) -> Self {
        Self { choosing: Some(choosing), refusal: Some(refusal), ..self }
    }

    fn refused(self, english: &'static str, indonesian: &'static str) -> Result<Response, Problem> {
        html(&Self { refusal: Some(self.page.t(english, indonesian).to_owned()), ..self })
    }
}

/// `GET /payouts/import`.
pub(in crate::web) async fn show(
    State(app): State<App>,
    page: Page,
    Query(query): Query<BTreeMap<String, String>>,
) -> Result<Response, Problem> {
    let profile = query.get("profile").cloned().unwrap_or_default();
    let sent = Sent { profile, ..Sent::default() };
    html(&Import { remembered: query.contains_key("columns"), ..Import::empty(&app, page, &sent).await? })
}

/// `POST /payouts/import`: checks the file; with `record`, records it.
pub(in crate::web) async fn read(
    State(app): State<App>,
    By(actor): By,
    page: Page,
    Query(query): Query<BTreeMap<String, String>>,
    upload: Result<Upload, Problem>,
) -> Result<Response, Problem> {
    let read = match upload {
        Ok(upload) => Sent::read(upload).await,
        Err(problem) => Err(problem),
    };
    let mut sent = match read {
        Err(Problem::TooLarge(_)) => {
            return html(&Import {
                refusal: Some(unreadable(Unreadable::TooLarge, &page)),
                ..Import::empty(&app, page, &Sent::default()).await?
            });
        }
        read => read?,
    };
    sent.records |= query.contains_key("record");
    let empty = Import::empty(&app, page, &sent).await?;
    // One file at a time: the tables of two could together need too much memory. Only now, so that a slow upload does
    // not keep others from importing.
    let Ok(alone) = app.importing().clone().try_acquire_owned() else {
        return empty.refused(
            "Another file is being read. Try again in a minute.",
            "Berkas lain sedang dibaca. Coba lagi sebentar lagi.",
        );
    };
    if sent.file.is_empty() {
        return empty.refused("Choose a file that is not empty.", "Pilih berkas yang tidak kosong.");
    }
    // Only what the form offers: a path would be a file of the server.
    if !profiles::names(&app.profiles).contains(&sent.profile) {
        return empty.refused("Choose what kind of file it is.", "Pilih jenis berkasnya.");
    }
    let profile = match profiles::find(&sent.profile, &app.profiles) {
        Ok(profile) => profile,
        Err(why) => return html(&Import { refusal: Some(why.to_string()), ..empty }),
    };
    let page = &empty.page;
    let shown = match examine(&app, &actor, sent, &profile, page, Arc::new(alone)).await? {
        Found::Refused(refusal) => Import { refusal: Some(refusal), ..empty },
        Found::Headings(refusal, choosing) => empty.with_choice(choosing, refusal),
        Found::Wrong(problems) => {
            let shown = problems.named.iter().take(MOST_SHOWN);
            let wrong = shown.map(|wrong| wrong.on_page(page.language)).collect();
            Import { wrong, is_cut: problems.count > MOST_SHOWN as u64, ..empty }
        }
        Found::Checked(summary, names, other, choosing) => {
            Import { report: Some(Report::checked(&summary, &names, other, &app, page)), choosing, ..empty }
        }
        Found::Recorded(summary, names, counts, outcomes) => {
            let outcomes = format!("data:text/csv;charset=utf-8;base64,{}", STANDARD.encode(outcomes));
            Import { report: Some(Report::recorded(&summary, &names, (counts, outcomes), &app, page)), ..empty }
        }
    };
    html(&shown)
}

/// Reads a file, and records it if that was requested; `alone` keeps others from importing meanwhile.
async fn examine(
    app: &App,
    actor: &Actor,
    sent: Sent,
    found: &profiles::Found,
    page: &Page,
    alone: Arc<OwnedSemaphorePermit>,
) -> Result<Found, Problem> {
    let refused = |why: Unreadable| Ok(Found::Refused(unreadable(why, page)));
    let (notation, records) = (sent.notation(), sent.records);
    let file = sent.file;
    let opened = match blocking(&alone, move || Opened::open(Cursor::new(file))).await? {
        Ok(opened) => opened,
        Err(why) => return refused(why),
    };
    let keys = opened.keys(&found.name);
    let mut choice = import_columns::remembered(app, &keys).await?;
    // A person who has chosen the columns knows what the file is.
    let resembling = if choice.keys().any(|name| !matches!(name.as_str(), "numbers" | "dates")) {
        None
    } else {
        profiles::resembling(&opened, &found.profile, &app.profiles)
    };
    let other = resembling.map(|other| other.profile.title_in(page.language).to_owned());
    choice.extend(notation.clone());
    let mut profile = found.profile.clone().with(&choice);
    if !notation.contains_key("numbers") && choice.contains_key("numbers") {
        profile = profile.with_numbers_of_before();
    }
    if !sent.store.is_empty() {
        profile.store_id = sent.store;
    }
    let is_payout_rows = profile.rows == Rows::Payout;
    let mut file = match opened.find(profile) {
        Ok(file) => file,
        Err(missing) => return Ok(unknown(&missing, other, found, &keys, &choice, page)),
    };
    let today = day_in_wib(app.engine.now());
    let (file, checked) = blocking(&alone, move || {
        let checked = file.check(today);
        (file, checked)
    })
    .await?;
    let mut summary = match checked {
        Ok(Ok(summary)) => summary,
        // One answer is enough for all columns.
        Ok(Err(Problems { named, .. })) if named.iter().all(|wrong| wrong.why == Why::WhichNotation) => {
            return Ok(Found::Refused(named[0].on_page(page.language)));
        }
        Ok(Err(problems)) => return Ok(Found::Wrong(problems)),
        Err(why) => return refused(why),
    };
    summary.compare(&app.engine.mapping().mapping);
    let names = file.names_of_amounts();
    if !records || summary.payouts.count == 0 {
        let others = summary.unknown_columns.keys().cloned();
        let choosing = (is_payout_rows && other.is_none() && !summary.unknown_columns.is_empty()).then(|| {
            let choice = choice.into_iter().chain(file.choice()).collect();
            Choosing::new(&found.name, &keys, file.headings(), others, &choice, page)
        });
        return Ok(Found::Checked(summary, names, other, choosing));
    }
    if !notation.is_empty() {
        let key = file.key(&found.name);
        app.engine.storage().remember_import_columns(&key, &choice, &actor.name, app.engine.now()).await?;
    }
    // The future of an async closure is not known to be `Send`; a thread for blocking work can wait for it.
    let (engine, runtime, language) = (app.engine.clone(), Handle::current(), page.language);
    let actor = actor.clone();
    let taken_in = blocking(&alone, move || runtime.block_on(take_in(&engine, &actor, file, language))).await?;
    let (counts, outcomes) = match taken_in {
        Ok(done) => done,
        Err(Failed::Unreadable(why)) => return refused(why),
        Err(Failed::Storage(error)) => return Err(Problem::not_stored(&error)),
        Err(Failed::Outcomes(error)) => {
            tracing::error!("the outcomes of a payout file could not be written: {error}");
            return Err(Problem::Broken);
        }
    };
    Ok(Found::Recorded(summary, names, counts, outcomes))
}

/// What to do with a file in which the headings of the chosen kind are not found.
fn unknown(
    missing: &NoHeadings,
    other: Option<String>,
    found: &profiles::Found,
    keys: &[String],
    choice: &Choice,
    page: &Page,
) -> Found {
    if missing.headings.is_empty() {
        let empty = page.t("The file is empty: it has no rows.", "Berkasnya kosong: tidak ada barisnya.");
        return Found::Refused(empty.to_owned());
    }
    if let Some(other) = other {
        let sentence = page.t(
            "This looks like another kind of file: “{}”. Choose that kind, and check the file again.",
            "Ini tampaknya jenis berkas lain: “{}”. Pilih jenis itu, lalu periksa lagi berkasnya.",
        );
        return Found::Refused(sentence.replace("{}", &other));
    }
    if missing.headings.len() < FEWEST_COLUMNS {
        let sentence = page.t(
            "The file has no table of payouts: its only headings are “{}”. Choose the marketplace's original XLSX or CSV file.",
            "Berkas ini tidak memuat tabel pencairan dana: judul kolomnya hanya “{}”. Pilih berkas XLSX atau CSV asli dari marketplace.",
        );
        return Found::Refused(sentence.replace("{}", &missing.headings.join("”, “")));
    }
    let lacks: Vec<_> = missing.missing.iter().map(|content| import_columns::label(*content, page)).collect();
    let sheets = match missing.sheets.as_slice() {
        [] | [_] => String::new(),
        sheets => {
            page.t(" in any of the sheets “{}”", " di lembar mana pun (“{}”)").replace("{}", &sheets.join("”, “"))
        }
    };
    let sentence = page.t(
        "These columns of “{title}” were not found{sheets}: {lacks}. Choose another kind of file, or choose the columns below.",
        "Kolom “{title}” ini tidak ditemukan{sheets}: {lacks}. Pilih jenis berkas lain, atau pilih kolomnya di bawah.",
    );
    let title = found.profile.title_in(page.language);
    let sentence =
        sentence.replace("{sheets}", &sheets).replace("{lacks}", &lacks.join(", ")).replace("{title}", title);
    Found::Headings(sentence, Choosing::new(&found.name, keys, &missing.headings, std::iter::empty(), choice, page))
}

/// Records a file that was checked; returns the outcomes as CSV.
async fn take_in(
    engine: &Engine,
    actor: &Actor,
    file: PayoutFile,
    language: Language,
) -> Result<(Counts, Vec<u8>), Failed> {
    let mut csv = Vec::new();
    let mut counts = Counts::default();
    let mut outcomes = Outcomes::new(&mut csv, Headers::For(language))?;
    let storage: &dyn AfterSaleStorage = engine.storage().as_ref();
    let store = async |payouts: Vec<Payout>| record_all(storage, payouts, engine.now(), language).await;
    record(file, &mut counts, store, |made, outcome| outcomes.add(made, outcome)).await?;
    outcomes.end()?;
    engine.wake();
    let (who, new, corrected) = (&actor.name, counts.accepted, counts.corrected);
    tracing::info!(actor = who, new, corrected, "{who} imported payouts: {new} new, {corrected} corrected");
    Ok((counts, csv))
}

/// Does work on a thread of its own. It continues if the person who waits for it leaves, and until it has ended no
/// other file is imported.
async fn blocking<T: Send + 'static>(
    alone: &Arc<OwnedSemaphorePermit>,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    let alone = alone.clone();
    let work = move || {
        let result = work();
        drop(alone);
        result
    };
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!("a file could not be read: {error}");
        Problem::Broken
    })
}

fn unreadable(why: Unreadable, page: &Page) -> String {
    match why {
        Unreadable::TooLarge => page
            .t(
                "The file is too large. 16 MiB can be read here: download a shorter period, or ask the \
                 person who runs this service to import it from the command line.",
                "Berkasnya terlalu besar. Batasnya 16 MiB: unduh periode yang lebih pendek, atau \
                 minta pengelola layanan ini mengimpornya lewat baris perintah.",
            )
            .to_owned(),
        other => cannot_be_read(other, page),
    }
}
