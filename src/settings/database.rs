//! The section `[database]`.

use std::path::Path;

use jiff::SignedDuration;

use super::{Database, paths::beside_settings, secrets::Secrets};
use crate::{
    domain::toml_text::Section,
    storage::{self, Term},
};

/// The database; an error in it is noted.
pub(super) fn read_database(database: &Section<'_>, secrets: &Secrets<'_>) -> Option<Database> {
    // Not shown, because the address of a database may contain a password.
    let url = secrets.one(database, "url").ok()?.unwrap_or_else(|| "sqlite://data/forstok-accurate.db".to_owned());
    let named = database_at(&url, secrets.folder);
    match named.and_then(|database| not_left_behind(database, &url)) {
        Ok(database) => Some(database),
        Err(remedy) => {
            database.problem("url", None, remedy);
            None
        }
    }
}

/// Earlier versions resolved a relative path from the working directory. A service with a database there must not start
/// on a new, empty one elsewhere.
fn not_left_behind(database: Database, url: &str) -> Result<Database, String> {
    let Database::Sqlite(now) = &database else { return Ok(database) };
    match database_at(url, None) {
        Ok(Database::Sqlite(before)) if before != *now && before.exists() && !now.exists() => Err(format!(
            "is {}, where there is no database, but there is one at {}: relative paths count from the settings file's \
             folder. Give the path of the right one: \"sqlite://{}\"",
            now.display(),
            before.display(),
            before.display()
        )),
        _ => Ok(database),
    }
}

/// The database of a URL, or the error in it, which never shows a server's URL. A relative path is resolved from the
/// folder, or without a folder from the working directory.
pub fn database_at(url: &str, folder: Option<&Path>) -> Result<Database, String> {
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return storage::examine_url(url).map(|()| Database::Postgres(url.into()));
    }
    let path = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:"));
    let path = path.map(|path| path.split('?').next().unwrap_or_default()).filter(|path| !path.is_empty());
    path.map(|path| Database::Sqlite(beside_settings(folder, path))).ok_or_else(|| {
        "must be the path of an SQLite file such as sqlite://data/forstok-accurate.db, or a PostgreSQL database such \
         as postgres://user:password@host:5432/name"
            .to_owned()
    })
}

/// `None` if bodies are kept forever.
pub(super) fn read_keep_bodies(database: &Section<'_>) -> Option<SignedDuration> {
    let days = database.whole("keep_bodies_days", 0..=36_500).unwrap_or(90);
    (days > 0).then(|| SignedDuration::from_hours(days * 24))
}

/// How long a replica leads after it was last heard of.
pub(super) fn read_term(database: &Section<'_>) -> Term {
    let seconds = database.whole("takeover_seconds", 2..=60).and_then(|seconds| u64::try_from(seconds).ok());
    seconds.map_or_else(Term::default, Term::of_seconds)
}
