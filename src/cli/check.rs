//! `check`: finds problems before the first invoice, each with its remedy. It saves nothing, neither in Accurate nor on
//! this machine.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use anyhow::Context;
use serde_json::json;

use super::{
    Failure, UNUSABLE, counted,
    output::{Form, paragraph, say},
};
use crate::{
    accurate::{client::Session, wire::HttpWire},
    check::{Finding, MOST_ORDERS, Severity, check_book, check_orders, items_of, read_orders, try_rights},
    clock::{Clock, SharedClock, SystemClock},
    deciding::mapping,
    domain::{mapping::Mapping, toml_text::Problem},
    settings::{self, Config, Database, SettingsErrors, unknown_books},
    storage::{self, Borrowed, Readable, Storage},
};

/// Whether a check tries the rights to save and delete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rights {
    /// With empty records, which Accurate refuses.
    Try,
    /// It makes no call that could save or delete.
    LeaveUntried,
}

/// The part that findings about the database name.
const DATABASE: &str = "database";

pub(super) async fn run(file: Option<PathBuf>, rights: Rights, form: Form) -> Result<ExitCode, Failure> {
    let loaded = settings::load(file.as_deref(), settings::environment());
    let unusable = loaded.is_err();
    let findings = match loaded {
        Ok(config) => check(&config, file.as_deref(), rights).await?,
        Err(errors) => findings_of(errors),
    };
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    let warnings = findings.iter().filter(|finding| finding.severity == Severity::Warning).count();
    let code = match errors {
        _ if unusable => ExitCode::from(UNUSABLE),
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    };
    match print(findings, errors, warnings, form) {
        // The reader closed the pipe; the findings still determine the exit code.
        Ok(()) | Err(Failure::NobodyReads) => Ok(code),
        Err(failure) => Err(failure),
    }
}

fn print(findings: Vec<Finding>, errors: usize, warnings: usize, form: Form) -> Result<(), Failure> {
    match form {
        Form::Words => {
            list(findings)?;
            say!("{}, {}", counted(errors, "error"), counted(warnings, "warning"));
        }
        Form::Json => {
            let all = json!({ "errors": errors, "warnings": warnings, "findings": findings });
            say!("{}", serde_json::to_string_pretty(&all).context("the findings as JSON")?);
        }
    }
    Ok(())
}

/// The errors in the settings and in the mapping file, each with the file's name.
fn findings_of(errors: SettingsErrors) -> Vec<Finding> {
    let finding = |place: &str, Problem { key, value, remedy }: Problem| {
        Finding::error(format!("{place}: {key}"), value.unwrap_or_default(), remedy)
    };
    let mut findings: Vec<_> = errors.settings.into_iter().map(|problem| finding("settings", problem)).collect();
    if let Some((path, problems)) = errors.mapping {
        let place = format!("mapping {}", path.display());
        findings.extend(problems.into_iter().map(|problem| finding(&place, problem)));
    }
    findings
}

async fn check(config: &Config, file: Option<&Path>, rights: Rights) -> anyhow::Result<Vec<Finding>> {
    let shown = file.map_or("the environment".to_owned(), |file| file.display().to_string());
    let mut findings = vec![Finding::ok("settings", format!("{shown} can be used"))];
    if config.operator_token.is_none() && config.operators.is_empty() {
        findings.push(Finding::warning(
            "settings: server.operator_token",
            "is not set",
            "set it, or add people under [operators], to open the pages and /v1",
        ));
    }
    let storage = storage_to_check(config, &mut findings).await;
    let mapping = mapping_to_check(config, storage.as_deref(), &mut findings).await?;
    let orders = match &storage {
        Some(storage) => read_orders(&storage.waiting_bodies(MOST_ORDERS).await?),
        None => Vec::new(),
    };
    findings.extend(check_orders(&orders, &mapping));
    let items = items_of(&orders, &mapping);
    let clock: SharedClock = Arc::new(SystemClock);
    let borrowed = match borrow(config, &findings, clock.as_ref()).await {
        Ok(borrowed) => borrowed,
        Err(finding) => {
            findings.push(finding);
            return Ok(findings);
        }
    };
    let wire = Arc::new(HttpWire::new().context("the HTTP client could not be made")?);
    let none = BTreeSet::new();
    for (name, book) in &config.books {
        let session = Session::new(name, book, wire.clone(), clock.clone());
        // The other half remains for the service.
        let _half = match &borrowed {
            Some(_) => Some(session.lend().await),
            None => None,
        };
        findings.extend(check_book(&session, &mapping, items.get(name).unwrap_or(&none)).await);
        if rights == Rights::Try {
            findings.extend(try_rights(&session, &mapping).await);
        }
    }
    if rights == Rights::LeaveUntried {
        let found = "the rights to save and delete were not tried";
        findings.push(Finding::ok("rights", format!("{found}; --try-rights tries them with empty records")));
    }
    if let Some(storage) = storage {
        storage.close().await;
    }
    Ok(findings)
}

async fn storage_to_check(config: &Config, findings: &mut Vec<Finding>) -> Option<Arc<dyn Storage>> {
    let database = &config.database;
    match storage::open_to_read(database).await {
        Ok(Readable::Now(storage)) => {
            findings.push(match database {
                Database::Sqlite(path) if !may_write(path) => Finding::warning(
                    DATABASE,
                    format!("{database} cannot be written to by this user"),
                    "run the check as the service's user; if this is that user, give it the right to write to the file",
                ),
                _ => Finding::ok(DATABASE, database.to_string()),
            });
            return Some(storage);
        }
        Ok(Readable::Absent) => {
            let found = format!("{database} does not exist yet; the first start of the service creates it");
            findings.push(Finding::ok(DATABASE, found));
        }
        Ok(Readable::Older) => findings.push(Finding::warning(
            DATABASE,
            format!("{database} is of an earlier version, so that waiting orders were not checked"),
            "start the service, which brings it up to date, and run the check again",
        )),
        Err(error) => findings.push(Finding::error(
            DATABASE,
            error.to_string(),
            "correct database.url, or the rights to the file and its folder",
        )),
    }
    None
}

/// The share of Accurate's limit that the running service lends; `None` if there is no database, and therefore no
/// service. Without it no call is made: together with the service's calls it could exceed the limit.
async fn borrow(config: &Config, findings: &[Finding], clock: &dyn Clock) -> Result<Option<Borrowed>, Finding> {
    let is_there = match &config.database {
        Database::Sqlite(path) => path.exists(),
        Database::Postgres(_) => true,
    };
    if !is_there {
        return Ok(None);
    }
    let database_fails = findings.iter().any(|finding| finding.part == DATABASE && finding.severity == Severity::Error);
    if database_fails {
        return Err(Finding::error(
            "calls to Accurate",
            "none was made, because the database coordinates them with the service",
            "correct the database first, then run the check again",
        ));
    }
    storage::borrow(&config.database, clock).await.map_err(|error| {
        let remedy = "run the check as the service's user, or again when the service is less busy";
        Finding::error("calls to Accurate", format!("none was made: {error}"), remedy)
    })
}

/// Whether this user may write to a file. Opening the file changes nothing.
fn may_write(path: &Path) -> bool {
    std::fs::File::options().append(true).open(path).is_ok()
}

/// The mapping file of the settings, else the active mapping.
async fn mapping_to_check(
    config: &Config,
    storage: Option<&dyn Storage>,
    findings: &mut Vec<Finding>,
) -> anyhow::Result<Mapping> {
    let mapping = match (&config.mapping, storage) {
        (Some(file), _) => file.mapping.clone(),
        (None, Some(storage)) => mapping::current(storage).await?.mapping,
        (None, None) => Mapping::default(),
    };
    if mapping.stores.is_empty() {
        findings.push(Finding::error(
            "mapping",
            "no store is mapped",
            "add a table [stores.\"<store id>\"] for each store",
        ));
    }
    let books: Vec<_> = config.books.keys().cloned().collect();
    for problem in unknown_books(&mapping, &books) {
        findings.push(Finding::error(problem.key, problem.value.unwrap_or_default(), problem.remedy));
    }
    Ok(mapping)
}

/// A list instead of a table, so that sentences stay whole in a narrow terminal.
pub(super) fn list(mut findings: Vec<Finding>) -> Result<(), Failure> {
    // Findings that prevent invoices come first; within a severity the order of the checks is kept.
    findings.sort_by_key(|finding| finding.severity);
    for finding in findings {
        let severity = match finding.severity {
            Severity::Error => "ERROR",
            Severity::Warning => "warning",
            Severity::Ok => "ok",
        };
        let found = match finding.found.as_str() {
            "" => finding.part,
            found => format!("{}: {found}", finding.part),
        };
        say!("{}", paragraph(&format!("{severity:8} "), &found));
        if !finding.remedy.is_empty() {
            say!("{}", paragraph("         → ", &finding.remedy));
        }
    }
    say!();
    Ok(())
}
