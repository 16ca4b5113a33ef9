//! `orders import FILE` and `orders backfill`: compare orders of other sources with what is known, and take in what is
//! missing.

use std::{
    io::Read,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use anyhow::Context;
use clap::Subcommand;
use jiff::{Timestamp, ToSpan, civil::Date};
use secrecy::ExposeSecret;

use super::{
    Failure, counted,
    output::{Form, complain, say},
};
use crate::{
    clock::{SharedClock, SystemClock},
    domain::{
        WIB,
        import::{Difference, Report, Side, Standing, columns::Choice},
        money::Rupiah,
        toml_text::Problem,
    },
    forstok::api::{ForstokApi, Question},
    http::v1::import_orders,
    importing::{
        Importer, Mode,
        backfill::{self, Ran},
        file::{MOST_NAMED, Outcome},
    },
    inbox::Inbox,
    settings::{self, Database, Offline},
    signals::Signals,
    storage::{self, Storage},
    wire::HttpWire,
};

/// Exit code for a reading that did not come to its end.
const NOT_FINISHED: u8 = 3;

/// Bytes that are read from a file at once.
const PIECE: usize = 64 * 1024;

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Compare a file with what is known: webhook bodies (one JSON object per line), or an export of orders (CSV, XLSX)
    Import {
        /// The file; `-` reads standard input
        file: PathBuf,
        /// Take in what is missing or newer; without it, the file is only compared
        #[arg(long)]
        ingest: bool,
        /// For an export whose headings are not recognised: what a column contains, as `order_id="No. Forstok"`; may be
        /// repeated, and is remembered
        #[arg(long = "column", value_name = "CONTENT=HEADING", value_parser = column)]
        columns: Vec<(String, String)>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Ask Forstok's order API what is missing here (forstok.api and backfill in the settings)
    Backfill {
        /// First day, in Jakarta; without it, everything since the last reading
        #[arg(long, value_name = "DAY", requires = "to")]
        from: Option<Date>,
        /// Last day
        #[arg(long, value_name = "DAY", requires = "from")]
        to: Option<Date>,
        /// Take in what is missing or newer; without it, it is only compared
        #[arg(long)]
        ingest: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// `order_id=No. Forstok`.
fn column(text: &str) -> Result<(String, String), String> {
    use crate::domain::import::columns::Column;
    let (name, heading) = text.split_once('=').ok_or("write it as order_id=HEADING")?;
    let known = Column::ALL.map(Column::as_str).join(", ");
    let column = Column::parse(name.trim()).ok_or_else(|| format!("{name:?} is none of {known}"))?;
    Ok((column.as_str().to_owned(), heading.trim().to_owned()))
}

pub(super) async fn run(config: Option<PathBuf>, action: Action) -> Result<ExitCode, Failure> {
    let offline = settings::load_offline(config.as_deref(), settings::environment())?;
    let storage = storage::open_beside(&offline.database).await.map_err(anyhow::Error::from)?;
    let result = match action {
        Action::Import { file, ingest, columns, json } => {
            let mode = if ingest { Mode::Ingest } else { Mode::Report };
            let form = if json { Form::Json } else { Form::Words };
            let importer = importer(&storage);
            let outcome = import(&importer, &file, mode, columns.into_iter().collect()).await?;
            print_import(&outcome, mode, form, &offline.database)
        }
        Action::Backfill { from: Some(from), to: Some(to), .. } if to < from => {
            let remedy = format!("{to} is before --from, {from}");
            Err(Failure::Arguments(vec![Problem { key: "--to".to_owned(), value: None, remedy }]))
        }
        Action::Backfill { from, to, ingest, json } => {
            let mode = if ingest { Mode::Ingest } else { Mode::Report };
            let form = if json { Form::Json } else { Form::Words };
            backfill(&importer(&storage), &offline, from.zip(to), mode, form).await
        }
    };
    storage.close().await;
    result
}

async fn backfill(
    importer: &Importer,
    offline: &Offline,
    days: Option<(Date, Date)>,
    mode: Mode,
    form: Form,
) -> Result<ExitCode, Failure> {
    let Some(config) = offline.forstok_api.clone().filter(|api| !api.secret_key.expose_secret().is_empty()) else {
        complain!("Forstok's order API is off: set forstok.api.orders_path, id and secret_key in the settings.");
        return Ok(ExitCode::from(super::UNUSABLE));
    };
    let wire = Arc::new(HttpWire::new().context("the HTTP client could not be made")?);
    let api = ForstokApi::new(config, wire, Arc::new(SystemClock));
    let ran = match days {
        None => backfill::run(importer, &api, &offline.backfill, Some(mode), MOST_NAMED).await,
        Some((from, to)) => {
            let (from, to) = (start_of(from), start_of(to.saturating_add(1.day())));
            let question = Question::of(offline.backfill.by, from, to);
            backfill::run_for(importer, &api, &question, mode, MOST_NAMED).await
        }
    };
    match ran.map_err(anyhow::Error::from)? {
        None => {
            complain!("Another reading of Forstok's orders is under way: try again in a few minutes.");
            Ok(ExitCode::from(NOT_FINISHED))
        }
        Some(ran) => print_backfill(&ran, form, &offline.database),
    }
}

/// `2026-11-05 10:00:00 WIB`.
fn in_wib(at: Timestamp) -> String {
    WIB.to_datetime(at).strftime("%Y-%m-%d %H:%M:%S WIB").to_string()
}

/// The beginning of a day in Jakarta.
fn start_of(day: Date) -> Timestamp {
    WIB.to_timestamp(day.at(0, 0, 0, 0)).unwrap_or(Timestamp::MAX)
}

fn print_backfill(ran: &Ran, form: Form, database: &Database) -> Result<ExitCode, Failure> {
    let report = &ran.comparison.report;
    let why = ran.comparison.incomplete.as_ref().map(ToString::to_string);
    match form {
        Form::Json => {
            let mut answer = serde_json::to_value(import_orders::Import::new("list", report)).context("JSON")?;
            answer["from"] = ran.from.to_string().into();
            answer["to"] = ran.to.to_string().into();
            answer["complete"] = why.is_none().into();
            answer["why"] = why.clone().into();
            say!("{}", serde_json::to_string_pretty(&answer).context("the result as JSON")?);
        }
        Form::Words => {
            let orders = counted(usize::try_from(report.counts.listed).unwrap_or(usize::MAX), "order");
            say!("{orders} of Forstok, {} to {}, compared with {database}", in_wib(ran.from), in_wib(ran.to));
            print_report(report)?;
            print_taken_in(report, ran.mode)?;
            if let Some(why) = &why {
                complain!("Not read to the end, so there may be more: {why}");
            }
        }
    }
    Ok(if why.is_some() || ran.comparison.is_overtaken { ExitCode::from(NOT_FINISHED) } else { exit_code(report) })
}

/// A running service folds and decides what is taken in.
fn importer(storage: &Arc<dyn Storage>) -> Importer {
    let clock: SharedClock = Arc::new(SystemClock);
    let signals = Arc::new(Signals::new(clock.clone(), []));
    Importer::new(storage.clone(), Arc::new(Inbox::new(storage.clone(), signals)), clock)
}

async fn import(importer: &Importer, file: &Path, mode: Mode, columns: Choice) -> anyhow::Result<Outcome> {
    let outcome = read(importer, file, mode).await?;
    if columns.is_empty() {
        return Ok(outcome);
    }
    // What is named now comes before what is recognised or was remembered.
    let (headings, columns) = match &outcome {
        Outcome::Bodies(_) => return Ok(outcome),
        Outcome::ColumnsUnknown(headings) => (headings, columns),
        Outcome::Table { headings, used, .. } => (headings, used.clone().into_iter().chain(columns).collect()),
    };
    anyhow::ensure!(file != Path::new("-"), "--column needs a file: standard input cannot be read again");
    let is_enough = importer.choose_columns(headings, &columns, "command line").await?;
    anyhow::ensure!(is_enough, "--column must name a heading for order_id or channel_order_id");
    read(importer, file, mode).await
}

async fn read(importer: &Importer, file: &Path, mode: Mode) -> anyhow::Result<Outcome> {
    let named = || format!("{} cannot be read", file.display());
    let mut source: Box<dyn Read + Send> = if file == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(file).with_context(named)?)
    };
    let mut reading = importer.read_file(mode);
    let mut piece = vec![0; PIECE];
    loop {
        let length = source.read(&mut piece).with_context(named)?;
        if length == 0 {
            return Ok(reading.end().await?);
        }
        reading.add(&piece[..length]).await?;
    }
}

fn print_import(outcome: &Outcome, mode: Mode, form: Form, database: &Database) -> Result<ExitCode, Failure> {
    let (kind, report) = match outcome {
        Outcome::Bodies(report) => ("bodies", report),
        Outcome::Table { report, .. } => ("table", report),
        Outcome::ColumnsUnknown(headings) => {
            complain!(
                "The headings do not say which column contains Forstok's order id or the marketplace's number. Name it \
                 with --column order_id=HEADING or --column channel_order_id=HEADING. The headings are: {}",
                headings.join(", ")
            );
            return Ok(ExitCode::FAILURE);
        }
    };
    let code = if report.counts.listed == 0 { ExitCode::FAILURE } else { exit_code(report) };
    match form {
        Form::Json => {
            let answer = import_orders::Import::new(kind, report);
            say!("{}", serde_json::to_string_pretty(&answer).context("the result as JSON")?);
        }
        Form::Words => {
            say!("{} compared with {database}", counted_lines(report.counts.listed));
            print_report(report)?;
            if report.counts.listed == 0 {
                say!("The file contains no orders: check that it is the right one");
            }
            match outcome {
                Outcome::Table { used, .. } => {
                    let columns: Vec<_> =
                        used.iter().map(|(column, heading)| format!("{column}={heading:?}")).collect();
                    say!("Columns: {}. The rows of a table are only compared.", columns.join(", "));
                }
                _ => print_taken_in(report, mode)?,
            }
        }
    }
    Ok(code)
}

fn print_report(report: &Report) -> Result<(), Failure> {
    let counts = &report.counts;
    let rows = [
        (counts.new, "not known here"),
        (counts.newer, "newer than what is known"),
        (counts.same, "the same"),
        (counts.older, "older than what is known"),
        (counts.unreadable, "cannot be read"),
    ];
    for (count, what) in rows {
        say!("{count:>8}  {what}");
    }
    for difference in &report.differences {
        say!("{}", in_words(difference));
    }
    for unread in &report.unread {
        say!("line {}: {}", unread.line, unread.problem);
    }
    if counts.differences().max(counts.unreadable) > MOST_NAMED as u64 {
        say!("… only the first {MOST_NAMED} are listed");
    }
    Ok(())
}

fn print_taken_in(report: &Report, mode: Mode) -> Result<(), Failure> {
    match mode {
        Mode::Ingest => say!("{} taken in", counted_snapshots(report.counts.ingested)),
        Mode::Report if report.counts.differences() > 0 => {
            say!("Nothing was taken in; --ingest takes in what is missing");
        }
        Mode::Report if report.counts.listed == 0 => {}
        Mode::Report => say!("Nothing is missing"),
    }
    Ok(())
}

/// 1 if something is left to be done.
fn exit_code(report: &Report) -> ExitCode {
    let counts = &report.counts;
    let is_left = counts.unreadable > 0 || (counts.differences() > 0 && counts.ingested == 0);
    if is_left { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn in_words(difference: &Difference) -> String {
    let line = difference.line.map_or_else(String::new, |line| format!("line {line}: "));
    let id = difference.order_id.as_ref().map(ToString::to_string).unwrap_or_default();
    let names = [id.as_str(), difference.channel_order_id.as_str()];
    let names = names.into_iter().filter(|name| !name.is_empty()).collect::<Vec<_>>().join(", ");
    let listed = side(&difference.listed);
    match (difference.standing, &difference.known) {
        (Standing::New, _) | (_, None) if listed.is_empty() => format!("{line}order {names} is not known here"),
        (Standing::New, _) | (_, None) => format!("{line}order {names} is not known here ({listed})"),
        (_, Some(known)) => format!("{line}order {names}: {listed}; here {}", side(known)),
    }
}

fn side(side: &Side) -> String {
    let status = (!side.status.is_empty()).then(|| side.status.clone());
    let total = side.total.map(Rupiah::in_words);
    let at = side.updated_at.map(in_wib);
    [status, total, at].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn counted_lines(lines: u64) -> String {
    counted(usize::try_from(lines).unwrap_or(usize::MAX), "line")
}

fn counted_snapshots(snapshots: u64) -> String {
    counted(usize::try_from(snapshots).unwrap_or(usize::MAX), "snapshot")
}
