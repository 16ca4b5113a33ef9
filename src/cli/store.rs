//! `store backup | copy | verify | restore`: operations on the whole database.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};

use super::{
    Failure, counted,
    output::{complain, say},
    settings_file,
};
use crate::{
    clock::{Clock, SystemClock},
    domain::toml_text::Problem,
    housekeeping::backups,
    service::asked_to_stop,
    settings::{self, Database},
    storage::{self, Existing, Held, Moved, Progress, Restored, StorageError, Verified},
};

/// The progress line of a copy.
const BAR: &str = "{msg:14} {wide_bar} {pos}/{len} rows, {elapsed} of {duration}";

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Copy the SQLite database to a new file, even while a service uses it
    Backup {
        /// The new file
        file: PathBuf,
        /// Settings file, which names the database
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Read a database file from end to end and say whether anything is wrong with it; changes nothing
    Verify {
        /// A backup, or the database itself
        file: PathBuf,
    },
    /// Replace the SQLite database with a backup, while no service runs
    ///
    /// The backup is verified first and stays as it is. Run it as root or as the service's user: the restored file is
    /// readable only by the owner of its folder.
    Restore {
        /// The backup
        file: PathBuf,
        /// Settings file, which names the database
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// Replace an existing database; it is kept beside the restored one, under another name
        #[arg(long)]
        keep_aside: bool,
    },
    /// Copy everything to an empty PostgreSQL database; continues where it was interrupted
    Copy {
        /// The source: `sqlite://…`
        #[arg(long, value_name = "URL")]
        from: String,
        /// The target: `postgres://user@host/database`; the password may come from PGPASSWORD or ~/.pgpass
        #[arg(long, value_name = "URL")]
        to: String,
    },
}

pub(super) async fn run(action: Action) -> Result<ExitCode, Failure> {
    match action {
        Action::Backup { file, config } => backup(settings_file(config), &settings::absolute(file)).await,
        Action::Verify { file } => verify(&settings::absolute(file)).await,
        Action::Restore { file, config, keep_aside } => {
            let existing = if keep_aside { Existing::KeepAside } else { Existing::Refuse };
            restore(settings_file(config), &settings::absolute(file), existing).await
        }
        Action::Copy { from, to } => copy(&from, &to).await,
    }
}

async fn backup(config: Option<PathBuf>, file: &Path) -> Result<ExitCode, Failure> {
    let path = match settings::load_offline(config.as_deref(), settings::environment())?.database {
        Database::Sqlite(path) => path,
        database @ Database::Postgres(_) => {
            let words = format!(
                "{database} is a PostgreSQL database; its own tool makes the backup, beside the running service: \
                 pg_dump --format=custom --file={} --dbname=postgres://user@host/name, with the password in PGPASSWORD \
                 or ~/.pgpass",
                file.display()
            );
            return Err(anyhow::anyhow!(words).into());
        }
    };
    let began = Instant::now();
    let stop = asked_to_stop()?;
    // When the command is asked to stop, the unfinished copy is removed.
    let copied = tokio::select! {
        copied = storage::backup(&path, file) => copied.map_err(|error| without_cause(&error))?,
        () = stop => return Err(anyhow::anyhow!("stopped: no backup was made").into()),
    };
    if let Err(error) = backups::note(&path, SystemClock.now()) {
        complain!("The time of the backup could not be recorded beside the database, for the metrics: {error}");
    }
    say!("Database: {}", path.display());
    say!(
        "{} holds {} orders and {} invoices: {:.1} MiB, written and read back in {:.1} s.",
        file.display(),
        copied.orders,
        copied.invoices,
        mebibytes(copied.bytes),
        began.elapsed().as_secs_f64()
    );
    Ok(ExitCode::SUCCESS)
}

async fn verify(file: &Path) -> Result<ExitCode, Failure> {
    let verified = storage::verify(file).await.map_err(|error| without_cause(&error))?;
    if !verified.problems.is_empty() {
        complain_of_backup(file, &verified);
        return Ok(ExitCode::FAILURE);
    }
    say!("{} is intact, and its tables agree with each other.", file.display());
    if let Some(held) = verified.held {
        say!("It holds {}: {:.1} MiB.", in_words(&held), mebibytes(held.bytes));
    }
    match verified.note {
        Some(note) => say!("Its schema, {}, is {note}.", verified.schema),
        None => say!("Its schema, {}, is this version's.", verified.schema),
    }
    Ok(ExitCode::SUCCESS)
}

async fn restore(config: Option<PathBuf>, backup: &Path, existing: Existing) -> Result<ExitCode, Failure> {
    let target = match settings::load_offline(config.as_deref(), settings::environment())?.database {
        Database::Sqlite(path) => path,
        database @ Database::Postgres(_) => {
            let words = format!(
                "{database} is a PostgreSQL database; its own tools restore it: stop every replica, then see \
                 \"Restore a backup\" in deploy/runbook.md"
            );
            return Err(anyhow::anyhow!(words).into());
        }
    };
    say!("Database: {}", target.display());
    let restored = storage::restore(backup, &target, existing, SystemClock.now()).await;
    match restored.map_err(|error| without_cause(&error))? {
        Restored::Problems(verified) => {
            complain_of_backup(backup, &verified);
            complain!("Nothing was restored.");
            Ok(ExitCode::FAILURE)
        }
        Restored::Done(held, aside) => {
            if let Some(aside) = aside {
                say!("The earlier database is now {}.", aside.display());
            }
            say!("Restored from {}: {}.", backup.display(), in_words(&held));
            say!(
                "Start the service now. It looks up every document in Accurate before it creates one for an order from \
                 before this restore. Orders that arrived after the backup was made are missing until Forstok sends \
                 them again or you import them."
            );
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn complain_of_backup(file: &Path, verified: &Verified) {
    complain!("{}: {}.", file.display(), counted(verified.problems.len(), "problem"));
    for problem in &verified.problems {
        complain!("  - {problem}");
    }
    if let Some(remedy) = verified.remedy {
        complain!("What to do: {remedy}.");
    }
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1024 * 1024)
}

fn in_words(held: &Held) -> String {
    let Held { orders, invoices, receipts, returns, .. } = held;
    format!("{orders} orders, {invoices} invoices, {receipts} receipts, {returns} returns")
}

/// The message of a storage error is complete; its cause would only repeat it.
fn without_cause(error: &StorageError) -> anyhow::Error {
    anyhow::Error::msg(error.to_string())
}

async fn copy(from: &str, to: &str) -> Result<ExitCode, Failure> {
    let wrong = |key: &str, remedy: &str| {
        Failure::Arguments(vec![Problem { key: key.to_owned(), value: None, remedy: remedy.to_owned() }])
    };
    let (from, to) = match (settings::database_at(from, None), settings::database_at(to, None)) {
        (Ok(Database::Sqlite(from)), Ok(Database::Postgres(to))) => (from, to),
        (Err(remedy), _) => return Err(wrong("--from", &remedy)),
        (_, Err(remedy)) => return Err(wrong("--to", &remedy)),
        (Ok(Database::Postgres(_)), _) => {
            return Err(wrong("--from", "must be an SQLite file: data cannot be copied back from PostgreSQL"));
        }
        (_, Ok(Database::Sqlite(_))) => {
            return Err(wrong("--to", "must be a PostgreSQL database; store backup copies an SQLite file"));
        }
    };
    let began = Instant::now();
    // Written to standard error, and only if it is a terminal.
    let bar = ProgressBar::new(0).with_style(ProgressStyle::with_template(BAR).expect("the template is fixed"));
    let moved = storage::copy(&from, &to, SystemClock.now(), |progress| show(&bar, progress)).await;
    bar.finish_and_clear();
    let seconds = began.elapsed().as_secs_f64();
    match moved.map_err(|error| without_cause(&error))? {
        Moved::All { written, rows } => {
            say!("Finished: every row is the same as in {}; all were compared.", from.display());
            for (table, rows) in rows {
                say!("  {table:<16} {rows:>12} rows");
            }
            say!("{written} rows were written, in {seconds:.1} s. Now set database.url to it and start the service.");
            Ok(ExitCode::SUCCESS)
        }
        Moved::SoFar { written } => {
            say!(
                "{written} rows were written, in {seconds:.1} s. A service still uses {}, so more rows may change: \
                 stop the service and run this command again. It then writes only what has changed since.",
                from.display()
            );
            Ok(ExitCode::from(NOT_FINISHED))
        }
    }
}

/// Exit code of a copy that must be run again after the service has been stopped.
const NOT_FINISHED: u8 = 3;

fn show(bar: &ProgressBar, progress: Progress) {
    bar.set_length(progress.all);
    bar.set_position(progress.done);
    bar.set_message(progress.table);
}
