//! `mapping show | apply FILE | history`: the active mapping, with or without a running service.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use clap::Subcommand;

use super::{
    Failure,
    output::{complain, say},
};
use crate::{
    clock::SystemClock,
    deciding::mapping::{self, Applied, Document, OfFile},
    settings::{self, Offline},
    storage::{self, MAPPING_FILE_AUTHORS, Mappings},
};

/// Number of revisions that `history` shows.
const SHOWN: i64 = 50;

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Print the active mapping
    Show,
    /// Apply a mapping; a running service uses it within a second
    Apply {
        /// The mapping, TOML
        file: PathBuf,
    },
    /// List all mappings that have been active, with time, author and changes
    History,
}

pub(super) async fn run(config: Option<PathBuf>, action: Action) -> Result<ExitCode, Failure> {
    let offline = settings::load_offline(config.as_deref(), settings::environment())?;
    let storage = storage::open_beside(&offline.database).await.map_err(anyhow::Error::from)?;
    match action {
        Action::Show => show(storage.as_ref(), &offline).await,
        Action::Apply { file } => apply(storage.as_ref(), &settings::absolute(file), &offline).await,
        Action::History => history(storage.as_ref(), &offline).await,
    }
}

async fn show(storage: &dyn Mappings, offline: &Offline) -> Result<ExitCode, Failure> {
    match storage.mapping().await.map_err(anyhow::Error::from)? {
        None => {
            complain!("There is no mapping in {} yet: mapping apply FILE applies one.", offline.database);
            Ok(ExitCode::FAILURE)
        }
        Some(stored) => {
            say!("# revision {}, since {}, by {}", stored.revision, stored.at, stored.who);
            say!("# database {}", offline.database);
            say!("{}", stored.document.trim_end());
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn apply(storage: &dyn Mappings, file: &Path, offline: &Offline) -> Result<ExitCode, Failure> {
    let text = std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let refused = |problems| Failure::Mapping(file.to_owned(), problems);
    let document = Document::from_toml(&file.display().to_string(), &text).map_err(refused)?;
    let unknown = settings::unknown_books(&document.mapping, &offline.books);
    if !unknown.is_empty() {
        return Err(refused(unknown));
    }
    let database = &offline.database;
    let applied = if is_of_settings(file, offline) {
        put_file_of_settings(storage, document).await
    } else {
        put(storage, document).await
    };
    match applied.map_err(anyhow::Error::from)? {
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

/// Applies the settings' mapping file. It then counts as applied, so that the next start does not apply it again.
async fn put_file_of_settings(storage: &dyn Mappings, document: Document) -> storage::Result<Applied> {
    let author = MAPPING_FILE_AUTHORS[2];
    match mapping::apply_file(storage, &SystemClock, document.clone(), author).await? {
        OfFile::Changed(applied) => Ok(applied),
        // A person requested it, so it is applied even if the file has not changed.
        OfFile::Unchanged(_) => put(storage, document).await,
    }
}

async fn put(storage: &dyn Mappings, document: Document) -> storage::Result<Applied> {
    mapping::apply(storage, &SystemClock, document, &author(), None).await
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
    say!("database {}", offline.database);
    for revision in storage.mapping_history(SHOWN).await.map_err(anyhow::Error::from)? {
        say!("revision {} · {} · {}", revision.revision, revision.at, revision.who);
        for change in revision.changes {
            say!("  {change}");
        }
    }
    Ok(ExitCode::SUCCESS)
}
