//! `store backup FILE`: what people do with the database beside a running service.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

use clap::Subcommand;

use super::Failure;
use crate::{
    config::{self, Database},
    service::asked_to_stop,
    store,
};

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Copy the SQLite database into a new file, also while a service works on it
    Backup {
        /// The new file
        file: PathBuf,
        /// Settings file; names the database
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
}

pub(super) async fn run(action: Action) -> Result<ExitCode, Failure> {
    match action {
        Action::Backup { file, config } => backup(config, &file).await,
    }
}

async fn backup(config: Option<PathBuf>, file: &Path) -> Result<ExitCode, Failure> {
    let path = match config::load_offline(config.as_deref(), std::env::vars())?.database {
        Database::Sqlite(path) => path,
        database @ Database::Postgres(_) => {
            let words = format!(
                "{database} is a PostgreSQL database; its own tool makes the backup, beside the running service: \
                 pg_dump --format=custom --file={} <database.url>",
                file.display()
            );
            return Err(anyhow::anyhow!(words).into());
        }
    };
    let began = Instant::now();
    let stop = asked_to_stop()?;
    // Asked to stop, the unfinished copy is taken away.
    let copied = tokio::select! {
        copied = store::backup(&path, file) => copied.map_err(anyhow::Error::from)?,
        () = stop => return Err(anyhow::anyhow!("stopped: no backup was made").into()),
    };
    println!(
        "{} holds {} orders and {} invoices: {:.1} MB, written and read through in {:.1} s.",
        file.display(),
        copied.orders,
        copied.invoices,
        copied.bytes as f64 / 1e6,
        began.elapsed().as_secs_f64()
    );
    Ok(ExitCode::SUCCESS)
}
