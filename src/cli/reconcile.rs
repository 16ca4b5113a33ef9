//! `reconcile`: compares a period with Accurate, with or without a running service.

use std::{path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use anyhow::Context;
use jiff::{ToSpan, civil::Date};

use super::{
    Failure,
    output::{Form, complain, paragraph, say},
};
use crate::{
    accurate::{client::Session, wire::HttpWire},
    clock::{SharedClock, SystemClock},
    deciding::mapping,
    domain::{
        day_in_wib,
        ids::BookName,
        money::Rupiah,
        operator::{Actor, Role},
        reason::Language,
        reconciliation::{FindingState, Period},
        toml_text::Problem,
    },
    engine::{Engine, run::Running},
    forstok::api::ForstokApi,
    http::v1::{reconciliation::RunAnswer, request_reconciliation::read_period},
    settings::{self, BookConfig, Config},
    storage::{self, FindingFilter, Run, RunPart, Storage, StorageError},
};

/// Exit code of a run that could not see everything: run it again.
const NOT_FINISHED: u8 = 3;

/// How often the progress of the run is read.
const CHECK: Duration = Duration::from_millis(500);

/// How often progress is reported.
const BETWEEN_REPORTS: Duration = Duration::from_secs(5);

/// Open findings that are printed.
const SHOWN: i64 = 100;

/// How long work that is under way may take when the command ends.
const STOP_DEADLINE: Duration = Duration::from_secs(10);

pub(super) async fn run(
    config: Option<PathBuf>,
    from: Option<String>,
    to: Option<String>,
    form: Form,
) -> Result<ExitCode, Failure> {
    let config = settings::load(config.as_deref(), settings::environment())?;
    let clock: SharedClock = Arc::new(SystemClock);
    // Refuses a database that does not exist, before anything could create it.
    let beside = storage::open_beside(&config.database).await.map_err(anyhow::Error::from)?;
    complain!("Database: {}", config.database);
    let stored = mapping::current(beside.as_ref()).await.map_err(anyhow::Error::from)?;
    let days = stored.mapping.reconcile.days;
    let period = period(from, to, day_in_wib(clock.now()), days)?;
    let (storage, is_alone) = match storage::open(&config.database).await {
        Ok(storage) => {
            beside.close().await;
            (storage, true)
        }
        Err(StorageError::InUse { .. }) => {
            complain!("the service that uses this database carries out the comparison");
            (beside, false)
        }
        Err(error) => return Err(anyhow::Error::from(error).into()),
    };
    let engine = Arc::new(engine(&config, storage.clone(), stored, &clock)?);
    let actor = Actor { name: "command line".to_owned(), role: Role::Admin };
    let id = engine.request_reconciliation(period, &actor).await.map_err(anyhow::Error::from)?;
    let running = is_alone.then(|| Running::start_reconciling(&engine));
    let run = ended(storage.as_ref(), id, &clock).await;
    if let Some(running) = running {
        running.stop(STOP_DEADLINE).await;
    }
    let printed = match run {
        Ok(run) => print(storage.as_ref(), run, form).await,
        Err(failure) => Err(failure),
    };
    storage.close().await;
    printed
}

/// The days that the arguments name: by default those of the nightly run.
fn period(from: Option<String>, to: Option<String>, today: Date, days: i32) -> Result<Period, Failure> {
    let to = to.unwrap_or_else(|| today.to_string());
    let from = from.unwrap_or_else(|| today.saturating_sub(days.days()).to_string());
    read_period(&from, &to).map_err(|wrong| {
        let problem = wrong.to_string();
        let (key, remedy) = problem.split_once(": ").unwrap_or(("--from, --to", &problem));
        Failure::Arguments(vec![Problem { key: format!("--{key}"), value: None, remedy: remedy.to_owned() }])
    })
}

fn engine(
    config: &Config,
    storage: Arc<dyn Storage>,
    mapping: mapping::ActiveMapping,
    clock: &SharedClock,
) -> anyhow::Result<Engine> {
    let wire = Arc::new(HttpWire::new().context("the HTTP client could not be made")?);
    let session = |(name, book): (&BookName, &BookConfig)| Session::new(name, book, wire.clone(), clock.clone());
    let sessions = config.books.iter().map(session).collect();
    let seed = clock.now().as_microsecond() as u64 ^ u64::from(std::process::id());
    let engine = Engine::new(storage, clock.clone(), sessions, mapping, seed).leading_for(config.term);
    Ok(match &config.forstok_api {
        Some(api) => {
            let api = ForstokApi::new(api.clone(), wire, clock.clone());
            engine.asking_forstok(api, config.backfill.clone())
        }
        None => engine,
    })
}

/// The run, once it has ended; reports its progress until then.
async fn ended(storage: &dyn Storage, id: i64, clock: &SharedClock) -> Result<Run, Failure> {
    let (mut reported_at, mut reported) = (clock.monotonic(), Vec::new());
    loop {
        let run = storage.run(id).await.map_err(anyhow::Error::from)?;
        let run = run.context("the run no longer exists: the database was replaced")?;
        if run.ended_at.is_some() {
            return Ok(run);
        }
        if clock.monotonic().since(reported_at) >= BETWEEN_REPORTS {
            reported_at = clock.monotonic();
            let progress = progress(&run);
            for line in progress.iter().filter(|line| !reported.contains(*line)) {
                complain!("{line}");
            }
            reported = progress;
        }
        clock.sleep(CHECK).await;
    }
}

/// How far a run is, in lines.
fn progress(run: &Run) -> Vec<String> {
    let parts = run.parts.iter().filter(|part| part.ended_at.is_none());
    let of_part = |part: &RunPart| {
        let (book, read, of, asked) = (&part.book, part.rows_read, part.rows_expected, part.asked);
        format!("{book}: {read} of {of} invoices listed, {asked} looked up one by one")
    };
    let forstok = run.forstok.as_ref().filter(|forstok| forstok.ended_at.is_none());
    parts.map(of_part).chain(forstok.map(|_| "Forstok's orders are being read".to_owned())).collect()
}

async fn print(storage: &dyn Storage, run: Run, form: Form) -> Result<ExitCode, Failure> {
    let open = run.findings.open;
    let is_complete = run.is_complete();
    match form {
        Form::Json => {
            let answer = RunAnswer::new(run, Language::English);
            say!("{}", serde_json::to_string_pretty(&answer).context("the run as JSON")?);
        }
        Form::Words => in_words(storage, &run).await?,
    }
    Ok(match (is_complete, open) {
        (false, _) => ExitCode::from(NOT_FINISHED),
        (true, 0) => ExitCode::SUCCESS,
        (true, _) => ExitCode::FAILURE,
    })
}

async fn in_words(storage: &dyn Storage, run: &Run) -> Result<(), Failure> {
    let rupiah = |hundredths| Rupiah::from_hundredths(hundredths).in_words();
    let Period { from, to } = run.period;
    say!("Reconciliation {} of {from} to {to}", run.id);
    for part in &run.parts {
        let (ledger, accurate) = (part.sums.ledger, part.sums.accurate);
        say!(
            "{}",
            paragraph(
                &format!("{:12} ", part.book),
                &format!(
                    "{} invoices here ({}), {} in Accurate ({})",
                    ledger.count,
                    rupiah(ledger.total),
                    accurate.count,
                    rupiah(accurate.total)
                )
            )
        );
        let said = match &part.incomplete {
            None => format!(
                "difference {}, of which findings explain {}; unexplained {}",
                rupiah(part.sums.difference()),
                rupiah(part.sums.explained),
                rupiah(part.sums.unexplained())
            ),
            Some(why) => {
                let why = why.sentence(Language::English);
                format!("incomplete, so nothing is concluded about what could not be read: {why}")
            }
        };
        say!("{}", paragraph("             ", &said));
        if part.incomplete.is_none()
            && let Some(why) = part.why_incomplete(Language::English)
        {
            say!("{}", paragraph("             ", &format!("a lower bound: {why}")));
        }
    }
    if let Some(forstok) = &run.forstok {
        let said = match &forstok.incomplete {
            None => format!("{} orders compared", forstok.orders),
            Some(why) => format!("{} orders compared; incomplete: {why}", forstok.orders),
        };
        say!("{}", paragraph(&format!("{:12} ", "Forstok"), &said));
    }
    let counts = run.findings;
    say!("Findings about these days: {} open, {} gone, {} closed", counts.open, counts.gone, counts.closed);
    let filter = FindingFilter { state: Some(FindingState::Open), from: Some(from), to: Some(to), ..<_>::default() };
    for finding in storage.findings(&filter, None, SHOWN).await.map_err(anyhow::Error::from)? {
        let words = finding.facts.in_words(finding.class, Language::English);
        say!("{}", paragraph(&format!("  {:20} ", finding.class.as_str()), &words));
    }
    if counts.open > SHOWN {
        say!("  … and {} more: see /reconciliation, or GET /v1/findings", counts.open - SHOWN);
    }
    Ok(())
}
