//! `mapping show | apply FILE | history`: the mapping in force, beside a running service or without one.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use clap::Subcommand;

use super::Failure;
use crate::{
    clock::SystemClock,
    config,
    pipeline::mapping::{self, Applied, Document},
    store::{self, Store},
};

/// Revisions that `history` shows.
const SHOWN: i64 = 50;

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Print the mapping in force
    Show,
    /// Put a mapping in force; a running service takes it over within a second
    Apply {
        /// The mapping, TOML
        file: PathBuf,
    },
    /// List all mappings that were in force: when, by whom, and what each changed
    History,
}

pub(super) async fn run(config: Option<PathBuf>, action: Action) -> Result<ExitCode, Failure> {
    let offline = config::load_offline(config.as_deref(), std::env::vars())?;
    let store = store::open_beside(&offline.database).await.map_err(anyhow::Error::from)?;
    match action {
        Action::Show => show(store.as_ref()).await,
        Action::Apply { file } => apply(store.as_ref(), &file, &offline.books).await,
        Action::History => history(store.as_ref()).await,
    }
}

async fn show(store: &dyn Store) -> Result<ExitCode, Failure> {
    match store.mapping().await.map_err(anyhow::Error::from)? {
        None => {
            eprintln!("There is no mapping yet: mapping apply FILE puts one in force.");
            Ok(ExitCode::FAILURE)
        }
        Some(stored) => {
            println!("# revision {}, since {}, by {}", stored.revision, stored.at, stored.who);
            println!("{}", stored.document.trim_end());
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn apply(store: &dyn Store, file: &Path, books: &[String]) -> Result<ExitCode, Failure> {
    let text = std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let document = Document::from_toml(&file.display().to_string(), &text)?;
    let unknown = config::unknown_books(&document.mapping, books);
    if !unknown.is_empty() {
        return Err(unknown.into());
    }
    match mapping::apply(store, &SystemClock, document, "command line", None).await.map_err(anyhow::Error::from)? {
        Applied::Equal(in_force) => {
            println!("Nothing to change: revision {} says the same.", in_force.revision);
            Ok(ExitCode::SUCCESS)
        }
        Applied::Changed(in_force, changes) => {
            println!("Revision {} is in force:", in_force.revision);
            for change in changes {
                println!("  {change}");
            }
            Ok(ExitCode::SUCCESS)
        }
        Applied::Stale(revision) => {
            eprintln!("Somebody else put revision {revision} in force at the same moment; look at it and try again.");
            Ok(ExitCode::FAILURE)
        }
    }
}

async fn history(store: &dyn Store) -> Result<ExitCode, Failure> {
    for revision in store.mapping_history(SHOWN).await.map_err(anyhow::Error::from)? {
        println!("revision {} · {} · {}", revision.revision, revision.at, revision.who);
        for change in revision.changes {
            println!("  {change}");
        }
    }
    Ok(ExitCode::SUCCESS)
}
