//! The settings: a TOML file, each key also from the environment, all mistakes told at once.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use axum::http::HeaderName;
use secrecy::SecretString;
use toml::{Table, Value};

use crate::{
    domain::{
        document::{Problem, Problems, Section, syntax_problem},
        mapping::{DEFAULT_BOOK, Mapping, UnknownStores},
        reason::Language,
    },
    forstok::signature::{Encoding, Scheme, Verifier},
};

/// Environment variables that are settings begin with this; the path follows in capitals, joined by `__`.
pub const ENV_PREFIX: &str = "FORSTOK_ACCURATE_";

/// All settings, checked.
#[derive(Debug)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Bearer token for `/v1`; without one that surface is closed.
    pub operator_token: Option<SecretString>,
    /// The language of sentences for readers who ask for none.
    pub language: Language,
    /// Where what must survive is kept.
    pub database: Database,
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Database {
    /// An SQLite file; its folder is made when it is missing.
    Sqlite(PathBuf),
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

/// What was read, what is wrong, and which credentials are absent.
type ReadAll = (Option<Config>, Option<Offline>, Vec<Problem>, Vec<Problem>);

fn read_all(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<ReadAll, Vec<Problem>> {
    let mut table = match file {
        None => Table::new(),
        Some(path) => read_table(path)?,
    };
    let (problems, absent) = (Problems::default(), Problems::default());
    overlay(&mut table, environment, &problems);
    let (config, offline) = read(&table, file.and_then(Path::parent), &problems, &absent);
    Ok((config, offline, problems.into_vec(), absent.into_vec()))
}

fn read_table(path: &Path) -> Result<Table, Vec<Problem>> {
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| {
        let remedy = format!("cannot be read ({error}); give the settings file with --config");
        vec![Problem { key: shown.clone(), value: None, remedy }]
    })?;
    text.parse().map_err(|error| vec![syntax_problem(&shown, &error)])
}

/// Lays `FORSTOK_ACCURATE_DATABASE__URL=…` over `database.url`.
fn overlay(table: &mut Table, environment: impl IntoIterator<Item = (String, String)>, problems: &Problems) {
    for (name, value) in environment {
        // Every setting stands in a section; Kubernetes sets FORSTOK_ACCURATE_SERVICE_HOST and the like by itself.
        let Some(path) = name.strip_prefix(ENV_PREFIX).filter(|path| path.contains("__")) else { continue };
        let mut parts: Vec<_> = path.split("__").map(str::to_lowercase).collect();
        let Some(last) = parts.pop() else { continue };
        let mut place = &mut *table;
        for part in &parts {
            let key = spelled_as_in(place, part);
            let next = place.entry(key).or_insert_with(|| Value::Table(Table::new()));
            let Some(inner) = next.as_table_mut() else {
                problems.add(&name, None, format!("{part} is a value in the settings file, not a table"));
                return;
            };
            place = inner;
        }
        place.insert(spelled_as_in(place, &last), Value::String(value));
    }
}

/// Names of books may hold capitals, which an environment variable cannot tell.
fn spelled_as_in(table: &Table, key: &str) -> String {
    table.keys().find(|known| known.to_lowercase() == key).cloned().unwrap_or_else(|| key.to_owned())
}

fn read(
    table: &Table,
    folder: Option<&Path>,
    problems: &Problems,
    absent: &Problems,
) -> (Option<Config>, Option<Offline>) {
    let root = Section::root(table, problems);
    let empty = Table::new();
    let or_empty = |section: Option<_>| section.unwrap_or_else(|| Section::root(&empty, problems));

    let server = or_empty(root.section("server"));
    let listen = read_listen(&server);
    let operator_token = server.secret("operator_token").map(SecretString::from);
    let language = server.choice("language", &[("en", Language::English), ("id", Language::Indonesian)]);
    server.finish();

    let database = or_empty(root.section("database"));
    let database_url = read_database(&database);
    database.finish();

    let forstok = or_empty(root.section("forstok"));
    let webhook = or_empty(forstok.section("webhook"));
    let verifier = read_verifier(&webhook, absent);
    webhook.finish();
    forstok.finish();

    let book_names = table.get("books").and_then(Value::as_table).into_iter().flat_map(Table::keys).cloned().collect();
    let mut books = BTreeMap::new();
    for (name, section) in root.sections("books") {
        if let Some(book) = read_book(&section, absent) {
            books.insert(name, book);
        }
        section.finish();
    }
    if root.value("books").is_none() {
        absent.add("books", None, "is missing: add [books.main] with account_url, api_token and signature_secret");
    }

    let mapping = or_empty(root.section("mapping"));
    let mapping_file = read_mapping(&mapping, folder, problems);
    mapping.finish();
    if let (Some(file), true) = (&mapping_file, root.value("books").is_some()) {
        let known: Vec<_> = table["books"].as_table().into_iter().flat_map(Table::keys).cloned().collect();
        for Problem { key, value, remedy } in unknown_books(&file.mapping, &known) {
            problems.add(format!("{}: {key}", file.path.display()), value, remedy);
        }
    }

    let log = or_empty(root.section("log"));
    let log_config = LogConfig {
        filter: log.text("filter").unwrap_or_else(|| "info".to_owned()),
        format: log.choice("format", &[("text", LogFormat::Text), ("json", LogFormat::Json)]),
    };
    log.finish();
    root.finish();
    let offline =
        database_url.clone().map(|database| Offline { database, mapping: mapping_file.clone(), books: book_names });
    let config = (|| {
        Some(Config {
            listen: listen?,
            operator_token,
            language,
            database: database_url?,
            webhook: verifier?,
            books,
            mapping: mapping_file,
            log: log_config,
        })
    })();
    (config, offline)
}

fn read_listen(server: &Section<'_>) -> Option<SocketAddr> {
    let text = server.text("listen").unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let address = text.replace("localhost:", "127.0.0.1:").parse().ok();
    if address.is_none() {
        server.problem(
            "listen",
            server.value("listen"),
            "must be an address and a port such as 127.0.0.1:8080 or 0.0.0.0:8080",
        );
    }
    address
}

fn read_database(database: &Section<'_>) -> Option<Database> {
    let url = database.text("url").unwrap_or_else(|| "sqlite://data/forstok-accurate.db".to_owned());
    let path = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:"));
    let path = path.map(|path| path.split('?').next().unwrap_or_default()).filter(|path| !path.is_empty());
    if path.is_none() {
        // Not shown: the address of a database may hold a password.
        database.problem("url", None, "must be the path of an SQLite file such as sqlite://data/forstok-accurate.db");
    }
    Some(Database::Sqlite(path?.into()))
}

fn read_verifier(webhook: &Section<'_>, absent: &Problems) -> Option<Verifier> {
    let shared_key = webhook.choice("scheme", &[("hmac-sha256", false), ("shared-key", true)]);
    let encoding = webhook.choice("encoding", &[("hex", Encoding::Hex), ("base64", Encoding::Base64)]);
    let default = if shared_key { "Key" } else { "X-Forstok-Signature" };
    let header = read_header(webhook, "header").unwrap_or_else(|| Some(header_name(default)));
    let timestamp_header = read_header(webhook, "timestamp_header").unwrap_or_default();
    let secrets: Vec<SecretString> = webhook.secrets("secrets").into_iter().map(SecretString::from).collect();
    if secrets.is_empty() && webhook.value("secrets").is_none_or(|value| value.as_array().is_some_and(Vec::is_empty)) {
        absent.add(
            "forstok.webhook.secrets",
            None,
            "is missing: give the webhook key that is set in Forstok, secrets = [\"…\"]; without it anybody could send orders",
        );
    }
    if shared_key && timestamp_header.is_some() {
        webhook.problem(
            "timestamp_header",
            webhook.value("timestamp_header"),
            "needs scheme = \"hmac-sha256\": a shared key signs no time",
        );
    }
    let scheme = if shared_key { Scheme::SharedKey } else { Scheme::Hmac { encoding, timestamp_header } };
    Some(Verifier { scheme, header: header?, secrets })
}

fn header_name(name: &str) -> HeaderName {
    name.parse().expect("our default header names are valid")
}

/// `None` when the key is absent; `Some(None)` when it is no header name, which is then reported.
#[expect(clippy::option_option, reason = "absent, wrong and right are three things")]
fn read_header(section: &Section<'_>, key: &'static str) -> Option<Option<HeaderName>> {
    let text = section.text(key)?;
    let name = text.parse().ok();
    if name.is_none() {
        section.problem(key, section.value(key), "must be the name of an HTTP header such as X-Forstok-Signature");
    }
    Some(name)
}

fn read_book(section: &Section<'_>, absent: &Problems) -> Option<BookConfig> {
    let account_url = read_account_url(section);
    let secret = |key: &'static str, what: &str| {
        let secret = section.secret(key);
        if secret.is_none() && section.value(key).is_none_or(|value| value.as_str().is_some()) {
            absent.add(section.path_of(key), None, format!("is missing: {what}"));
        }
        secret.map(SecretString::from)
    };
    let api_token = secret("api_token", "make an API Token in Accurate (Settings, Accurate Store, your app)");
    let signature_secret = secret("signature_secret", "copy the app's signature secret from Accurate's developer area");
    Some(BookConfig { account_url: account_url?, api_token: api_token?, signature_secret: signature_secret? })
}

fn read_account_url(section: &Section<'_>) -> Option<reqwest::Url> {
    let text = section.text("account_url").unwrap_or_else(|| "https://account.accurate.id".to_owned());
    let url = reqwest::Url::parse(&text).ok().filter(reqwest::Url::has_host);
    let safe = url.filter(|url| url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url)));
    if safe.is_none() {
        section.problem(
            "account_url",
            section.value("account_url"),
            "must be https://account.accurate.id (http only for a sandbox on this machine): credentials are sent there",
        );
    }
    safe
}

/// Whether a URL points at this machine.
pub fn is_loopback(url: &reqwest::Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

fn read_mapping(section: &Section<'_>, folder: Option<&Path>, problems: &Problems) -> Option<MappingFile> {
    let written = section.text("file")?;
    // As a command line would find it, else beside the settings file.
    let beside = folder.map(|folder| folder.join(&written)).filter(|path| path.exists());
    let path = Some(PathBuf::from(&written)).filter(|path| path.exists()).or(beside).unwrap_or_else(|| written.into());
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) => {
            section.problem(
                "file",
                section.value("file"),
                format!("cannot be read ({error}); give the path of the mapping"),
            );
            return None;
        }
    };
    match Mapping::parse(&path.display().to_string(), &text) {
        Ok(mapping) => Some(MappingFile { path, text, mapping }),
        Err(mistakes) => {
            for Problem { key, value, remedy } in mistakes {
                problems.add(format!("{}: {key}", path.display()), value, remedy);
            }
            None
        }
    }
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

    fn load_text(text: &str, environment: &[(&str, &str)]) -> Result<Config, Vec<Problem>> {
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
            ("FORSTOK_ACCURATE_FORSTOK__WEBHOOK__SCHEME", "shared-key"),
            ("FORSTOK_ACCURATE_FORSTOK__WEBHOOK__SECRETS", "a, b"),
            ("FORSTOK_ACCURATE_BOOKS__MAIN__API_TOKEN", "t"),
            ("FORSTOK_ACCURATE_BOOKS__MAIN__SIGNATURE_SECRET", "s"),
            ("PATH", "/bin"),
        ];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let config = load(None, environment).expect("right");
        assert_eq!(config.database, Database::Sqlite("/tmp/x.db".into()));
        assert_eq!(config.webhook.header, "key");
        let secrets: Vec<_> = config.webhook.secrets.iter().map(ExposeSecret::expose_secret).collect();
        assert_eq!(secrets, ["a", "b"]);
        assert_eq!(config.books["main"].account_url.as_str(), "https://account.accurate.id/");
    }

    #[test]
    fn the_environment_goes_before_the_file() {
        let list = ("FORSTOK_ACCURATE_FORSTOK__WEBHOOK__SECRETS", "[\"x,y\"]");
        let config = load_text(GOOD, &[list, ("FORSTOK_ACCURATE_BOOKS__MAIN__API_TOKEN", "other")]).expect("right");
        assert_eq!(config.webhook.secrets[0].expose_secret(), "x,y");
        assert_eq!(config.books["main"].api_token.expose_secret(), "other");
    }

    #[test]
    fn a_mistyped_environment_variable_is_told() {
        let problems = load_text(GOOD, &[("FORSTOK_ACCURATE_SERVER__LISTN", "127.0.0.1:9")]).expect_err("wrong");
        assert!(problems[0].to_string().contains("did you mean \"listen\""), "{}", problems[0]);
    }
}
