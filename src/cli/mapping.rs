//! `mapping show | apply FILE | history`: the active mapping, with or without a running service.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use clap::Subcommand;
use jiff::civil::Date;

use super::{
    Failure,
    mapping_trial::tried_in_words,
    output::{complain, paragraph, say},
};
use crate::{
    clock::SystemClock,
    deciding::{
        mapping::{self, Applied, Author, Document, OfFile, Restored},
        trial::Trials,
    },
    domain::{mapping::PostingMode, toml_text::Problem},
    settings::{self, Offline},
    storage::{self, MAPPING_FILE_AUTHORS, Mappings, Storage},
};

/// Number of revisions that `history` shows.
const SHOWN: i64 = 50;

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Print the active mapping, or an earlier one
    Show {
        /// The revision to print
        #[arg(long, value_name = "N")]
        revision: Option<i64>,
    },
    /// Apply a mapping; a running service uses it within a second
    Apply {
        /// The mapping, TOML
        file: PathBuf,
        /// Only report what it would change, tried on all orders whose data is stored
        #[arg(long)]
        dry_run: bool,
        /// With --dry-run: the first day on which the orders were ordered, for example 2026-11-01
        #[arg(long, value_name = "DAY", requires = "dry_run")]
        from: Option<Date>,
        /// With --dry-run: the last day on which they were ordered
        #[arg(long, value_name = "DAY", requires = "dry_run")]
        to: Option<Date>,
        /// Why; shown in the history
        #[arg(long, default_value = "", conflicts_with = "dry_run")]
        note: String,
    },
    /// Make an earlier mapping the newest; a running service uses it within a second
    Restore {
        /// The revision that becomes the newest
        revision: i64,
    },
    /// List all mappings that have been active, with time, author and changes
    History,
}

pub(super) async fn run(config: Option<PathBuf>, action: Action) -> Result<ExitCode, Failure> {
    let offline = settings::load_offline(config.as_deref(), settings::environment())?;
    let storage = storage::open_beside(&offline.database).await.map_err(anyhow::Error::from)?;
    match action {
        Action::Show { revision } => show(storage.as_ref(), &offline, revision).await,
        Action::Apply { file, dry_run: false, note, .. } => {
            apply(storage.as_ref(), &settings::absolute(file), &note, &offline).await
        }
        Action::Apply { file, dry_run: true, from, to, .. } => {
            try_it(storage.as_ref(), &settings::absolute(file), (from, to), &offline).await
        }
        Action::Restore { revision } => restore(storage.as_ref(), revision, &offline).await,
        Action::History => history(storage.as_ref(), &offline).await,
    }
}

async fn show(storage: &dyn Mappings, offline: &Offline, revision: Option<i64>) -> Result<ExitCode, Failure> {
    let database = &offline.database;
    let stored = match revision {
        None => storage.mapping().await,
        Some(revision) => mapping::revision_of(storage, revision).await,
    };
    match (stored.map_err(anyhow::Error::from)?, revision) {
        (Some(stored), _) => {
            say!("# revision {}, since {}, by {}", stored.revision, stored.at, stored.who);
            say!("# Database: {database}");
            say!("{}", stored.document.trim_end());
            Ok(ExitCode::SUCCESS)
        }
        (None, Some(revision)) => Ok(unknown(revision, offline)),
        (None, None) => {
            complain!("There is no mapping in {database} yet: mapping apply FILE applies one.");
            Ok(ExitCode::FAILURE)
        }
    }
}

fn unknown(revision: i64, offline: &Offline) -> ExitCode {
    complain!("There is no revision {revision} in {}: mapping history lists them.", offline.database);
    ExitCode::FAILURE
}

/// Reads a mapping and refuses one with errors.
fn read(file: &Path, offline: &Offline) -> Result<Document, Failure> {
    let text = std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let refused = |problems| Failure::Mapping(file.to_owned(), problems);
    let document = Document::from_toml(&file.display().to_string(), &text).map_err(refused)?;
    let unknown = settings::unknown_books(&document.mapping, &offline.books);
    if unknown.is_empty() { Ok(document) } else { Err(refused(unknown)) }
}

async fn apply(storage: &dyn Mappings, file: &Path, note: &str, offline: &Offline) -> Result<ExitCode, Failure> {
    let document = read(file, offline)?;
    let applied = if is_of_settings(file, offline) {
        put_file_of_settings(storage, document, note).await
    } else {
        put(storage, document, note).await
    };
    say_applied(applied.map_err(anyhow::Error::from)?, offline)
}

fn say_applied(applied: Applied, offline: &Offline) -> Result<ExitCode, Failure> {
    let database = &offline.database;
    match applied {
        Applied::Equal(active) => {
            say!("Nothing to change in {database}: revision {} is the same.", active.revision);
            Ok(ExitCode::SUCCESS)
        }
        Applied::Changed(active, changes) => {
            say!("Revision {} is now active in {database}:", active.revision);
            for change in changes {
                say!("  {change}");
            }
            Ok(ExitCode::SUCCESS)
        }
        Applied::Stale(revision) => {
            complain!(
                "The mapping in {database} has changed in the meantime: revision {revision} is active. Try again."
            );
            Ok(ExitCode::FAILURE)
        }
    }
}

async fn restore(storage: &dyn Mappings, revision: i64, offline: &Offline) -> Result<ExitCode, Failure> {
    let (who, note) = (author(), format!("restored revision {revision}"));
    let errors = |mapping: &_| settings::unknown_books(mapping, &offline.books);
    let by = Author { who: &who, note: &note };
    match mapping::restore(storage, &SystemClock, revision, by, None, errors).await.map_err(anyhow::Error::from)? {
        Restored::Applied(applied) => say_applied(applied, offline),
        Restored::Unknown => Ok(unknown(revision, offline)),
        Restored::Refused(problems) => Err(Failure::Mapping(format!("revision {revision}").into(), problems)),
    }
}

/// Reports what a mapping would change. A mapping that blocks orders which get an invoice today is a finding.
async fn try_it(
    storage: &dyn Storage,
    file: &Path,
    days: (Option<Date>, Option<Date>),
    offline: &Offline,
) -> Result<ExitCode, Failure> {
    if let (Some(from), Some(to)) = days
        && from > to
    {
        let remedy = format!("is after --to {to}: give the earlier day first");
        let problem = Problem { key: "--from".to_owned(), value: Some(from.to_string()), remedy };
        return Err(Failure::Arguments(vec![problem]));
    }
    let candidate = read(file, offline)?.mapping;
    let active = Arc::new(mapping::current(storage).await.map_err(anyhow::Error::from)?);
    let sending = what_is_sent(active.mapping.posting, candidate.posting);
    let tried = Trials::default().run(storage, &SystemClock, active, candidate, days, Duration::MAX).await;
    let tried = tried.map_err(anyhow::Error::from)?;
    say!("Database: {}", offline.database);
    for line in tried_in_words(&tried) {
        say!("{line}");
    }
    if let Some(sending) = sending {
        say!();
        say!("{}", paragraph("", sending));
    }
    Ok(if tried.trial.newly_blocked().orders > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// What shadow mode means for the orders of a trial.
fn what_is_sent(active: PostingMode, candidate: PostingMode) -> Option<&'static str> {
    match (active, candidate) {
        (PostingMode::On, PostingMode::On) => None,
        (_, PostingMode::Shadow) => {
            Some("posting = \"shadow\": invoices are only drafted, and nothing is sent to Accurate.")
        }
        (PostingMode::Shadow, PostingMode::On) => Some(
            "posting = \"on\" ends shadow mode: as soon as this mapping is applied, every invoice that waits is created \
             in Accurate, unless one exists there.",
        ),
    }
}

/// Applies the settings' mapping file. It then counts as applied, so that the next start does not apply it again.
async fn put_file_of_settings(storage: &dyn Mappings, document: Document, note: &str) -> storage::Result<Applied> {
    let author = Author { who: MAPPING_FILE_AUTHORS[2], note };
    match mapping::apply_file(storage, &SystemClock, document.clone(), author).await? {
        OfFile::Changed(applied) => Ok(applied),
        // A person requested it, so it is applied even if the file has not changed.
        OfFile::Unchanged(_) => put(storage, document, note).await,
    }
}

async fn put(storage: &dyn Mappings, document: Document, note: &str) -> storage::Result<Applied> {
    let who = author();
    mapping::apply(storage, &SystemClock, document, Author { who: &who, note }, None).await
}

fn is_of_settings(file: &Path, offline: &Offline) -> bool {
    let of_settings = offline.mapping.as_ref().and_then(|mapping| mapping.path.canonicalize().ok());
    of_settings.is_some_and(|path| file.canonicalize().is_ok_and(|file| file == path))
}

/// The user of the command line, as far as the machine knows.
fn author() -> String {
    let user = ["SUDO_USER", "USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok());
    match user.filter(|user| !user.is_empty()) {
        Some(user) => format!("command line ({user})"),
        None => "command line".to_owned(),
    }
}

async fn history(storage: &dyn Mappings, offline: &Offline) -> Result<ExitCode, Failure> {
    say!("Database: {}", offline.database);
    for revision in storage.mapping_history(SHOWN).await.map_err(anyhow::Error::from)? {
        say!("revision {} · {} · {}", revision.revision, revision.at, revision.who);
        if !revision.note.is_empty() {
            say!("  “{}”", revision.note);
        }
        for change in revision.changes {
            say!("  {change}");
        }
    }
    Ok(ExitCode::SUCCESS)
}
