//! The settings: a TOML file, each key also from the environment, all mistakes told at once.

pub mod changes;
mod operators;
mod secrets;
mod sections;

use std::{
    collections::BTreeMap,
    fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use jiff::SignedDuration;
use secrecy::SecretString;
use toml::{Table, Value};

pub use self::{operators::OperatorConfig, sections::database_at};
use crate::{
    accurate::credentials::Credentials,
    domain::{
        document::{Problem, Problems, syntax_problem},
        mapping::{DEFAULT_BOOK, Mapping, UnknownStores},
        reason::Language,
    },
    forstok::signature::Verifier,
    store,
};

/// Environment variables that are settings begin with this; the path follows in capitals, joined by `__`.
pub const ENV_PREFIX: &str = "FORSTOK_ACCURATE_";

/// All settings, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where pages, `/v1` and metrics are, when not at `listen` as well.
    pub operator_listen: Option<SocketAddr>,
    /// Where people reach the pages: `https://…` makes cookies `Secure`.
    pub public_url: Option<reqwest::Url>,
    /// Signs in the admin named `operator`, on the pages and on `/v1`.
    pub operator_token: Option<SecretString>,
    /// Who else may sign in, by name.
    pub operators: BTreeMap<String, OperatorConfig>,
    /// The language of sentences for readers who ask for none.
    pub language: Language,
    /// Where what must survive is kept.
    pub database: Database,
    /// For how long the bodies of webhooks are kept; `None`: for ever.
    pub keep_bodies: Option<SignedDuration>,
    /// How webhooks prove themselves.
    pub webhook: Verifier,
    /// The Accurate databases by name.
    pub books: BTreeMap<String, BookConfig>,
    /// The mapping given by file, with the file's text.
    pub mapping: Option<MappingFile>,
    /// What is logged and how.
    pub log: LogConfig,
}

/// Where what must survive is kept.
#[derive(Clone, Debug)]
pub enum Database {
    /// An SQLite file; its folder is made when it is missing.
    Sqlite(PathBuf),
    /// A database on a PostgreSQL server. The URL may hold a password.
    Postgres(SecretString),
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => path.display().fmt(f),
            Self::Postgres(url) => f.write_str(&store::address_of(url)),
        }
    }
}

/// How to reach one Accurate database in API Token mode (accurate.md §1).
#[derive(Clone, Debug)]
pub struct BookConfig {
    /// Where the data host is asked for.
    pub account_url: reqwest::Url,
    /// Does not expire; has the rights of the user who made it.
    pub api_token: SecretString,
    /// Signs the timestamp of each call.
    pub signature_secret: SecretString,
    /// Whether many due orders may go in one call.
    pub bulk: bool,
}

impl BookConfig {
    /// What calls carry.
    pub fn credentials(&self) -> Credentials {
        Credentials { api_token: self.api_token.clone(), signature_secret: self.signature_secret.clone() }
    }
}

/// A mapping file that has been read.
#[derive(Clone, Debug)]
pub struct MappingFile {
    /// Where it was found.
    pub path: PathBuf,
    /// As a person wrote it.
    pub text: String,
    /// What it means.
    pub mapping: Mapping,
}

/// What is logged and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogConfig {
    /// A level or filter such as `info` or `forstok_accurate=debug`.
    pub filter: String,
    /// Lines of text or of JSON.
    pub format: LogFormat,
}

/// Lines of text or of JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the setting")]
pub enum LogFormat {
    Text,
    Json,
}

/// The settings that work offline needs.
#[derive(Debug)]
pub struct Offline {
    /// Where what must survive is kept.
    pub database: Database,
    /// The mapping given by file.
    pub mapping: Option<MappingFile>,
    /// Names of the books, whether their credentials are there or not.
    pub books: Vec<String>,
}

/// Reads file and environment. The environment goes first.
pub fn load(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Config, Vec<Problem>> {
    let (config, _, mut problems, absent) = read_all(file, environment)?;
    problems.extend(absent);
    match config {
        Some(config) if problems.is_empty() => Ok(config),
        _ => Err(problems),
    }
}

/// As [`load`], where no credential is needed: what is wrong is told, what is absent is not missed.
pub fn load_offline(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Offline, Vec<Problem>> {
    let (_, offline, problems, _) = read_all(file, environment)?;
    match offline {
        Some(offline) if problems.is_empty() => Ok(offline),
        _ => Err(problems),
    }
}

/// Where the service listens, whatever else the settings say: a probe needs no more.
pub fn load_listen(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<SocketAddr, Vec<Problem>> {
    let mut table = read_table(file)?;
    let problems = Problems::default();
    overlay(&mut table, environment, &Problems::default());
    sections::read_listen_alone(&table, &problems).ok_or_else(|| problems.into_vec())
}

/// What was read, what is wrong, and which credentials are absent.
type ReadAll = (Option<Config>, Option<Offline>, Vec<Problem>, Vec<Problem>);

fn read_all(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<ReadAll, Vec<Problem>> {
    let mut table = read_table(file)?;
    let (problems, absent) = (Problems::default(), Problems::default());
    overlay(&mut table, environment, &problems);
    let (config, offline) = sections::read(&table, file.and_then(Path::parent), &problems, &absent);
    Ok((config, offline, problems.into_vec(), absent.into_vec()))
}

/// The settings file's table; an empty one where there is no file.
fn read_table(file: Option<&Path>) -> Result<Table, Vec<Problem>> {
    let Some(path) = file else { return Ok(Table::new()) };
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| {
        let remedy = format!("cannot be read ({error}); give the settings file with --config");
        vec![Problem { key: shown.clone(), value: None, remedy }]
    })?;
    text.parse().map_err(|error| vec![syntax_problem(&shown, &error)])
}

/// Lays `FORSTOK_ACCURATE_DATABASE__URL=…` over `database.url`.
fn overlay(table: &mut Table, environment: impl IntoIterator<Item = (String, String)>, problems: &Problems) {
    // Every setting stands in a section; Kubernetes sets FORSTOK_ACCURATE_SERVICE_HOST and the like by itself.
    let setting = |name: &str| name.strip_prefix(ENV_PREFIX).filter(|path| path.contains("__")).map(str::to_lowercase);
    let given = environment.into_iter().filter_map(|(name, value)| Some((setting(&name)?, (name, value))));
    let given: BTreeMap<_, _> = given.collect();
    for (path, (name, value)) in &given {
        let mut parts: Vec<_> = path.split("__").collect();
        let Some(last) = parts.pop() else { continue };
        let mut place = &mut *table;
        for part in parts {
            let key = spelled_as_in(place, part);
            let next = place.entry(key).or_insert_with(|| Value::Table(Table::new()));
            let Some(inner) = next.as_table_mut() else {
                problems.add(name, None, format!("{part} is a value in the settings file, not a table"));
                return;
            };
            place = inner;
        }
        // A secret of the environment goes before one of the file, in whichever of the two ways each is given.
        if !given.contains_key(&format!("{path}_file")) {
            place.remove(&format!("{last}_file"));
        }
        if let (Some(secret), Some(path)) = (last.strip_suffix("_file"), path.strip_suffix("_file"))
            && !given.contains_key(path)
        {
            place.remove(secret);
        }
        place.insert(spelled_as_in(place, last), Value::String(value.clone()));
    }
}

/// Names of books may hold capitals, which an environment variable cannot tell.
fn spelled_as_in(table: &Table, key: &str) -> String {
    table.keys().find(|known| known.to_lowercase() == key).cloned().unwrap_or_else(|| key.to_owned())
}

/// Whether a URL points at this machine.
pub fn is_loopback(url: &reqwest::Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// Books that stores name and that are not among the known ones: a store without credentials could never be invoiced.
pub fn unknown_books(mapping: &Mapping, known: &[String]) -> Vec<Problem> {
    let unknown = mapping.books().filter(|(_, book)| !known.iter().any(|known| known == book));
    let problem = |(store, book): (&str, &str)| Problem {
        key: format!("stores.\"{store}\".book"),
        value: Some(format!("{book:?}")),
        remedy: format!("is not a book of the settings: add [books.{book}] there, or name one of {known:?}"),
    };
    let mut problems: Vec<_> = unknown.map(problem).collect();
    let accepts_any = mapping.unknown_stores == UnknownStores::Accept;
    if accepts_any && !known.iter().any(|known| known == DEFAULT_BOOK) {
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
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    const GOOD: &str = r#"
        [server]
        listen = "127.0.0.1:0"
        [forstok.webhook]
        secrets = ["one", "two"]
        [books.main]
        api_token = "t"
        signature_secret = "s"
    "#;

    pub(super) fn load_text(text: &str, environment: &[(&str, &str)]) -> Result<Config, Vec<Problem>> {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("settings.toml");
        std::fs::write(&file, text).expect("written");
        load(Some(&file), environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn every_mistake_is_listed_at_once_and_no_secret_is_shown() {
        let problems = load_text(
            r#"
            [server]
            listen = "8080"
            operator_tokn = "hush"
            [database]
            url = "mysql://u:hush@h/d"
            keep_bodies_days = -1
            [forstok.webhook]
            scheme = "md5"
            header = "not a header"
            [books.main]
            account_url = "http://accurate.example"
            signature_secret = 5
            [mapping]
            file = "nowhere.toml"
            "#,
            &[],
        )
        .expect_err("wrong");
        let text = problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        assert!(!text.contains("hush"), "{text}");
        insta::assert_snapshot!(text);
    }

    #[test]
    fn every_key_can_come_from_the_environment_alone() {
        let environment = [
            ("FORSTOK_ACCURATE_SERVER__LISTEN", "127.0.0.1:9"),
            ("FORSTOK_ACCURATE_SERVER__OPERATOR_TOKEN", "op"),
            ("FORSTOK_ACCURATE_DATABASE__URL", "sqlite:///tmp/x.db"),
            ("FORSTOK_ACCURATE_DATABASE__KEEP_BODIES_DAYS", "30"),
            ("FORSTOK_ACCURATE_FORSTOK__WEBHOOK__SCHEME", "shared-key"),
            ("FORSTOK_ACCURATE_FORSTOK__WEBHOOK__SECRETS", "a, b"),
            ("FORSTOK_ACCURATE_BOOKS__MAIN__API_TOKEN", "t"),
            ("FORSTOK_ACCURATE_BOOKS__MAIN__SIGNATURE_SECRET", "s"),
            ("PATH", "/bin"),
        ];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let config = load(None, environment).expect("right");
        assert!(matches!(config.database, Database::Sqlite(path) if path == Path::new("/tmp/x.db")));
        assert_eq!(config.keep_bodies, Some(SignedDuration::from_hours(30 * 24)));
        assert_eq!(config.webhook.header, "key");
        let secrets: Vec<_> = config.webhook.secrets.iter().map(ExposeSecret::expose_secret).collect();
        assert_eq!(secrets, ["a", "b"]);
        assert_eq!(config.books["main"].account_url.as_str(), "https://account.accurate.id/");
    }

    #[test]
    fn a_server_is_a_database_too_and_its_password_is_never_shown() {
        let url = |url| load_text(GOOD, &[("FORSTOK_ACCURATE_DATABASE__URL", url)]);
        for right in ["postgres://u:hush@h/d", "postgresql://u:hush@h:5433/d?sslmode=require"] {
            let config = url(right).expect("right");
            assert!(matches!(&config.database, Database::Postgres(url) if url.expose_secret() == right));
            assert!(!format!("{config:?}").contains("hush"), "{config:?}");
        }
        for (wrong, remedy) in [
            ("postgres://u:hush@h:port/d", "postgres://user:password@host"),
            ("postgres://u:hush@h", "names no database"),
            ("postgres://u:hush@a,b/d", "names several hosts"),
            ("postgres://u:hush@h/d?sslmode=maybe", "sslmode is disable"),
            ("postgres://u:hush@h/d?sslmod=require", "did you mean \"sslmode\""),
        ] {
            let problems = url(wrong).expect_err("wrong");
            let text = problems[0].to_string();
            assert!(problems.len() == 1 && text.contains(remedy) && !text.contains("hush"), "{text}");
        }
    }

    #[test]
    fn the_environment_goes_before_the_file() {
        let list = ("FORSTOK_ACCURATE_FORSTOK__WEBHOOK__SECRETS", "[\"x,y\"]");
        let config = load_text(GOOD, &[list, ("FORSTOK_ACCURATE_BOOKS__MAIN__API_TOKEN", "other")]).expect("right");
        assert_eq!(config.webhook.secrets[0].expose_secret(), "x,y");
        assert_eq!(config.books["main"].api_token.expose_secret(), "other");
    }

    #[test]
    fn bodies_are_kept_for_90_days_or_for_ever() {
        assert_eq!(load_text(GOOD, &[]).expect("right").keep_bodies, Some(SignedDuration::from_hours(90 * 24)));
        let for_ever = load_text(&format!("{GOOD}\n[database]\nkeep_bodies_days = 0"), &[]).expect("right");
        assert_eq!(for_ever.keep_bodies, None);
    }

    #[test]
    fn a_mistyped_environment_variable_is_told() {
        let problems = load_text(GOOD, &[("FORSTOK_ACCURATE_SERVER__LISTN", "127.0.0.1:9")]).expect_err("wrong");
        assert!(problems[0].to_string().contains("did you mean \"listen\""), "{}", problems[0]);
    }
}
