//! The settings: a TOML file, overridden by environment variables; all errors are reported at once.

pub mod changes;
mod database;
mod entered;
mod environment;
mod errors;
mod forstok_api;
mod listing;
mod notices;
mod operators;
mod paths;
mod secrets;
mod sections;
mod strength;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use jiff::SignedDuration;
use secrecy::SecretString;
use toml::Table;

use self::environment::{Origins, overlay};
pub use self::{
    database::database_at,
    entered::{Entered, Source, Sources},
    environment::environment,
    errors::SettingsErrors,
    forstok_api::{BackfillConfig, BackfillMode},
    listing::{Origin, Setting, every_setting},
    operators::OperatorConfig,
    paths::{CONFIG_VARIABLE, absolute, settings_file},
    sections::listen_address,
};
pub use crate::{
    accurate::credentials::{BookConfig, is_loopback},
    storage::Database,
};
use crate::{
    domain::{
        ids::BookName,
        mapping::{DEFAULT_BOOK, Mapping, UnknownStores},
        operator::Role,
        reason::Language,
        toml_text::{Problem, Problems, secret_syntax_problem},
    },
    forstok::{api::ApiConfig, signature::Verifier},
    notices::NoticesConfig,
    storage::Term,
};

/// Prefix of environment variables that are settings; the path follows in capitals, joined by `__`.
pub const ENV_PREFIX: &str = "FORSTOK_ACCURATE_";

/// All settings, validated.
#[derive(Clone, Debug)]
pub struct Config {
    /// The address to listen on.
    pub listen: SocketAddr,
    /// A separate address for pages, `/v1` and metrics.
    pub operator_listen: Option<SocketAddr>,
    /// The public address of the pages: `https://…` makes cookies `Secure`.
    pub public_url: Option<reqwest::Url>,
    /// The token of the admin named `operator`, for the pages and `/v1`.
    pub operator_token: Option<SecretString>,
    /// Other operators, by name.
    pub operators: BTreeMap<String, OperatorConfig>,
    /// The language of sentences if the reader's request names none.
    pub language: Language,
    /// The database.
    pub database: Database,
    /// How long the bodies of webhooks are kept; `None`: forever.
    pub keep_bodies: Option<SignedDuration>,
    /// How long the work of a replica that no longer answers stays with it, if there are several.
    pub term: Term,
    /// How webhooks are authenticated.
    pub webhook: Verifier,
    /// Forstok's order API; `None` while it is off.
    pub forstok_api: Option<ApiConfig>,
    /// How it is asked for orders that this service has never heard of.
    pub backfill: BackfillConfig,
    /// The Accurate databases, by name.
    pub books: BTreeMap<BookName, BookConfig>,
    /// The secrets in the addresses for Accurate's own webhooks, of the books that follow them.
    pub hints: BTreeMap<BookName, SecretString>,
    /// The mapping file with its content.
    pub mapping: Option<MappingFile>,
    /// Which notices are sent, and over which channels; `None` while no channel is on.
    pub notices: Option<NoticesConfig>,
    /// Filter and format of the log.
    pub log: LogConfig,
    /// Where the secrets come from.
    pub secrets: Sources,
    /// The settings file's folder, in which a seller's own payout profiles lie; empty: the working directory.
    pub folder: PathBuf,
}

impl Config {
    /// Whether somebody can sign in who may change secrets and the mapping.
    pub fn has_admin(&self) -> bool {
        self.operator_token.is_some() || self.operators.values().any(|operator| operator.role == Role::Admin)
    }

    /// Whether the setup page must ask for a secret.
    pub fn lacks_secrets(&self) -> bool {
        self.secrets.webhook == Source::Missing || self.books.values().any(|book| !book.has_credentials())
    }
}

/// A mapping file that has been read.
#[derive(Clone, Debug)]
pub struct MappingFile {
    /// The file's path.
    pub path: PathBuf,
    /// The text that a person wrote.
    pub text: String,
    /// The parsed mapping.
    pub mapping: Mapping,
}

/// Filter and format of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogConfig {
    /// A level or filter such as `info` or `forstok_accurate=debug`.
    pub filter: String,
    /// Whether lines are text or JSON.
    pub format: LogFormat,
}

/// Format of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the setting")]
pub enum LogFormat {
    Text,
    Json,
}

/// The settings that offline commands need.
#[derive(Debug)]
pub struct Offline {
    /// The database.
    pub database: Database,
    /// The mapping file.
    pub mapping: Option<MappingFile>,
    /// Names of the books, with or without credentials.
    pub books: Vec<BookName>,
    /// Forstok's order API; its key may be empty.
    pub forstok_api: Option<ApiConfig>,
    /// How it is asked for orders.
    pub backfill: BackfillConfig,
}

/// Where the data of books is asked for, unless the settings say otherwise.
pub const DEFAULT_ACCOUNT_URL: &str = "https://account.accurate.id";

/// Reads the file and the environment. Environment variables override the file; both override what was entered on the
/// setup page.
pub fn load(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Config, SettingsErrors> {
    let read = read_all(file, environment, None)?;
    let mut errors = read.errors;
    errors.settings.extend(read.to_set_up);
    errors.settings.extend(read.absent);
    read.config.filter(|_| errors.is_empty()).ok_or(errors)
}

/// Like [`load`], for the service: secrets that the setup page asks for may be missing, if an admin can sign in there.
pub fn load_to_serve(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Config, SettingsErrors> {
    read_all(file, environment, None)?.into_service(|_| true)
}

/// Like [`load_to_serve`], for a service that runs: no secret may be missing that it has.
pub fn load_again(
    running: &Config,
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Config, SettingsErrors> {
    read_all(file, environment, None)?.into_service(|new| !new.secrets.lack_some_of(&running.secrets))
}

/// The settings as they would be with these secrets entered. Nothing is written.
pub fn load_with(
    entered: Entered,
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Config, SettingsErrors> {
    read_all(file, environment, Some(entered))?.into_service(|_| true)
}

/// What was entered on the setup page so far.
pub fn entered(config: &Config) -> Result<Entered, Problem> {
    config.secrets.file.as_deref().map_or_else(|| Ok(Entered::default()), Entered::read)
}

/// Like [`load`], for commands that need no credentials: errors are reported, but a credential that is missing or still
/// a placeholder is not.
pub fn load_offline(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Offline, SettingsErrors> {
    let read = read_all(file, environment, None)?;
    read.offline.filter(|_| read.errors.is_empty()).ok_or(read.errors)
}

/// The address to listen on, regardless of all other settings: a health probe needs nothing else.
pub fn load_listen(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<SocketAddr, SettingsErrors> {
    let mut table = read_table(file)?;
    let problems = Problems::default();
    let origins = overlay(&mut table, environment, &Problems::default());
    let listen = sections::read_listen_alone(&table, &problems);
    listen.ok_or_else(|| SettingsErrors::in_settings(file, named(&origins, problems)))
}

/// What was read, the errors, and the missing credentials.
struct Read {
    config: Option<Config>,
    offline: Option<Offline>,
    errors: SettingsErrors,
    absent: Vec<Problem>,
    /// Secrets that the setup page can ask for.
    to_set_up: Vec<Problem>,
}

impl Read {
    /// The settings, even if the setup page must ask for secrets, provided that somebody can answer and that this is
    /// allowed.
    fn into_service(self, is_allowed: impl FnOnce(&Config) -> bool) -> Result<Config, SettingsErrors> {
        let mut errors = self.errors;
        if !self.config.as_ref().is_some_and(|config| config.has_admin() && is_allowed(config)) {
            errors.settings.extend(self.to_set_up);
        }
        errors.settings.extend(self.absent);
        self.config.filter(|_| errors.is_empty()).ok_or(errors)
    }
}

/// `entered` replaces the file with what was entered on the setup page.
fn read_all(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
    entered: Option<Entered>,
) -> Result<Read, SettingsErrors> {
    let mut table = read_table(file)?;
    let noted = sections::Noted::default();
    let origins = overlay(&mut table, environment, &noted.problems);
    let folder = file.and_then(Path::parent);
    let has_books = table.contains_key("books");
    let secrets_file = sections::database_alone(&table, folder).and_then(|database| entered::file_for(&database));
    let entered = entered.map_or_else(|| secrets_file.as_deref().map_or(Ok(Entered::default()), Entered::read), Ok);
    let entered = entered.unwrap_or_else(|Problem { key, value, remedy }| {
        noted.absent.add(key, value, remedy);
        Entered::default()
    });
    let sources = entered.add_to(&mut table, secrets_file);
    let (config, offline) = sections::read(&table, folder, has_books, sources, &noted);
    let mut errors = SettingsErrors::in_settings(file, named(&origins, noted.problems));
    errors.mapping = noted.mapping.into_inner();
    let (absent, to_set_up) = (named(&origins, noted.absent), named(&origins, noted.to_set_up));
    Ok(Read { config, offline, errors, absent, to_set_up })
}

fn named(origins: &Origins, problems: Problems) -> Vec<Problem> {
    problems.into_vec().into_iter().map(|problem| origins.named(problem)).collect()
}

/// The settings file's table; an empty one if there is no file.
fn read_table(file: Option<&Path>) -> Result<Table, SettingsErrors> {
    let Some(path) = file else { return Ok(Table::new()) };
    let shown = path.display().to_string();
    let wrong = |problem| SettingsErrors::in_settings(file, vec![problem]);
    let text = std::fs::read_to_string(path).map_err(|error| {
        let remedy = format!("cannot be read ({error}); name the settings file with --config or {CONFIG_VARIABLE}");
        wrong(Problem { key: shown.clone(), value: None, remedy })
    })?;
    text.parse().map_err(|error| wrong(secret_syntax_problem(&shown, &text, &error)))
}

/// Books that stores name but that are unknown: the orders of a store without credentials could never be invoiced.
pub fn unknown_books(mapping: &Mapping, known: &[BookName]) -> Vec<Problem> {
    let unknown = mapping.books().filter(|(_, book)| !known.contains(book));
    let problem = |(store, book): (&str, &BookName)| Problem {
        key: format!("stores.\"{store}\".book"),
        value: Some(format!("{book:?}")),
        remedy: format!("is not a book of the settings: add [books.{book}] there, or name one of {known:?}"),
    };
    let mut problems: Vec<_> = unknown.map(problem).collect();
    let accepts_any = mapping.unknown_stores == UnknownStores::Accept;
    if accepts_any && !known.contains(DEFAULT_BOOK) {
        problems.push(Problem {
            key: "unknown_stores".to_owned(),
            value: Some("\"accept\"".to_owned()),
            remedy: format!(
                "sends stores without a table to book {DEFAULT_BOOK}, which is not in the settings: add [books.{DEFAULT_BOOK}] there, or set unknown_stores = \"block\""
            ),
        });
    }
    problems
}

#[cfg(test)]
mod tests;
