//! The sections of the settings, one function each.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use http::HeaderName;
use secrecy::{ExposeSecret, SecretString};
use toml::{Table, Value};

use super::{
    BookConfig, Config, DEFAULT_ACCOUNT_URL, Database, LogConfig, LogFormat, MappingFile, Offline, Sources,
    database::{read_database, read_keep_bodies, read_term},
    forstok_api::{read_api, read_backfill},
    is_loopback, notices, operators,
    paths::beside_settings,
    secrets::Secrets,
    strength::Short,
    unknown_books,
};
use crate::{
    domain::{
        ids::BookName,
        mapping::Mapping,
        reason::Language,
        toml_text::{Problem, Problems, Section},
    },
    forstok::signature::{Encoding, Scheme, Verifier},
};

/// The errors that are collected while the settings are read.
#[derive(Debug, Default)]
pub(super) struct Noted {
    /// Errors for every command.
    pub(super) problems: Problems,
    /// Credentials that are unusable, or missing without the setup page asking for them.
    pub(super) absent: Problems,
    /// Secrets that the setup page asks for.
    pub(super) to_set_up: Problems,
    /// Errors in the mapping file.
    pub(super) mapping: RefCell<Option<(PathBuf, Vec<Problem>)>>,
}

/// The settings, and the part of them that offline commands need.
pub(super) fn read(
    table: &Table,
    folder: Option<&Path>,
    has_books: bool,
    secrets: Sources,
    noted: &Noted,
) -> (Option<Config>, Option<Offline>) {
    let Noted { problems, absent, to_set_up, mapping: mapping_errors } = noted;
    let short = Short::default();
    let root = Section::root(table, problems);
    let empty = Table::new();
    let or_empty = |section: Option<_>| section.unwrap_or_else(|| Section::root(&empty, problems));
    let credentials = Secrets { folder, absent, to_set_up, short: &short };

    let server = or_empty(root.section("server"));
    let listen = read_listen(&server);
    let operator_listen = server.text("operator_listen").and_then(|text| address(&server, "operator_listen", &text));
    let public_url = read_public_url(&server);
    let operator_token = credentials.one(&server, "operator_token").unwrap_or_default().map(SecretString::from);
    let language = server.choice("language", &[("en", Language::English), ("id", Language::Indonesian)]);
    server.finish();
    let operators = operators::read(&root, &credentials, operator_token.as_ref());

    let database = or_empty(root.section("database"));
    // Every command needs the database, so a missing secret of it is always an error.
    let of_database = Secrets { folder, absent: problems, to_set_up: problems, short: &Short::default() };
    let database_url = read_database(&database, &of_database);
    let keep_bodies = read_keep_bodies(&database);
    let term = read_term(&database);
    database.finish();

    let forstok = or_empty(root.section("forstok"));
    let webhook = or_empty(forstok.section("webhook"));
    let verifier = read_verifier(&webhook, &credentials);
    webhook.finish();
    let backfill = or_empty(root.section("backfill"));
    let backfill_config = read_backfill(&backfill);
    backfill.finish();
    let api = or_empty(forstok.section("api"));
    let forstok_api = read_api(&api, &credentials, &backfill_config);
    api.finish();
    forstok.finish();

    let book_names = names_of_books(table).collect();
    let (books, hints, account_urls) = read_books(&root, &credentials);

    let mapping = or_empty(root.section("mapping"));
    let mapping_file = match read_mapping(&mapping, folder) {
        Some((path, Err(errors))) => {
            mapping_errors.replace(Some((path, errors)));
            None
        }
        Some((_, Ok(file))) => Some(file),
        None => None,
    };
    mapping.finish();
    if let (Some(file), true) = (&mapping_file, has_books) {
        let known: Vec<_> = names_of_books(table).collect();
        let unknown = unknown_books(&file.mapping, &known);
        if !unknown.is_empty() {
            mapping_errors.replace(Some((file.path.clone(), unknown)));
        }
    }

    let notices = notices::read(&root, &credentials, language);
    let log = or_empty(root.section("log"));
    let log_config = LogConfig {
        filter: log.text("filter").unwrap_or_else(|| "info".to_owned()),
        format: log.choice("format", &[("text", LogFormat::Text), ("json", LogFormat::Json)]),
    };
    log.finish();
    root.finish();
    if let Some(listen) = listen {
        let listens: Vec<_> = std::iter::once(listen).chain(operator_listen).collect();
        short.report(&listens, &account_urls, absent);
    }
    let offline = database_url.clone().map(|database| Offline {
        database,
        mapping: mapping_file.clone(),
        books: book_names,
        forstok_api: forstok_api.clone(),
        backfill: backfill_config.clone(),
    });
    let config = (|| {
        Some(Config {
            listen: listen?,
            operator_listen,
            public_url,
            operator_token,
            operators,
            language,
            database: database_url?,
            keep_bodies,
            term,
            webhook: verifier?,
            forstok_api,
            backfill: backfill_config,
            books,
            hints,
            mapping: mapping_file,
            notices,
            log: log_config,
            secrets,
            folder: folder.unwrap_or(Path::new("")).to_owned(),
        })
    })();
    (config, offline)
}

/// `database.url`; errors are reported when all settings are read.
pub(super) fn database_alone(table: &Table, folder: Option<&Path>) -> Option<Database> {
    let (ignored, empty) = (Problems::default(), Table::new());
    let root = Section::root(table, &ignored);
    let database = root.section("database").unwrap_or_else(|| Section::root(&empty, &ignored));
    let secrets = Secrets { folder, absent: &ignored, to_set_up: &ignored, short: &Short::default() };
    read_database(&database, &secrets)
}

/// `server.listen`; no other setting is read.
pub(super) fn read_listen_alone(table: &Table, problems: &Problems) -> Option<SocketAddr> {
    let empty = Table::new();
    let root = Section::root(table, problems);
    read_listen(&root.section("server").unwrap_or_else(|| Section::root(&empty, problems)))
}

fn read_listen(server: &Section<'_>) -> Option<SocketAddr> {
    let text = server.text("listen").unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    address(server, "listen", &text)
}

fn address(server: &Section<'_>, key: &'static str, text: &str) -> Option<SocketAddr> {
    match listen_address(text) {
        Ok(address) => Some(address),
        Err(remedy) => {
            server.problem(key, server.value(key), remedy);
            None
        }
    }
}

/// An address and port to listen on; `localhost` is this machine only.
pub fn listen_address(text: &str) -> Result<SocketAddr, &'static str> {
    let numeric = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    let wrong = "must be an address and a port such as 127.0.0.1:8080, localhost:8080 or 0.0.0.0:8080";
    numeric.as_deref().unwrap_or(text).parse().map_err(|_| wrong)
}

fn read_public_url(server: &Section<'_>) -> Option<reqwest::Url> {
    let text = server.text("public_url")?;
    let url = reqwest::Url::parse(&text).ok().filter(|url| ["http", "https"].contains(&url.scheme()));
    let url = url.filter(|url| url.path() == "/" && url.query().is_none() && url.fragment().is_none());
    if url.is_none() {
        let remedy =
            "must be the address at which people open the page, without a path, such as https://books.example.com";
        server.problem("public_url", server.value("public_url"), remedy);
    }
    url
}

fn read_verifier(webhook: &Section<'_>, credentials: &Secrets<'_>) -> Option<Verifier> {
    let shared_key = webhook.choice("scheme", &[("shared-key", true), ("hmac-sha256", false)]);
    let encoding = webhook.choice("encoding", &[("hex", Encoding::Hex), ("base64", Encoding::Base64)]);
    let default = if shared_key { "Key" } else { "X-Forstok-Signature" };
    let header = read_header(webhook, "header").unwrap_or_else(|| Some(header_name(default)));
    let timestamp_header = read_header(webhook, "timestamp_header").unwrap_or_default();
    let secrets = credentials.many(webhook, "secrets");
    if secrets.as_ref().is_ok_and(Vec::is_empty) {
        credentials.to_set_up.add(
            "forstok.webhook.secrets",
            None,
            "is missing: give the webhook key that is set in Forstok, secrets = [\"…\"], or a file with it, secrets_file; without it anybody could send orders",
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
    let secrets = secrets.ok()?.into_iter().map(SecretString::from).collect();
    Some(Verifier { scheme, header: header?, secrets })
}

fn header_name(name: &str) -> HeaderName {
    name.parse().expect("our default header names are valid")
}

/// `None` if the key is absent; `Some(None)` if it is not a valid header name, which is then reported.
#[expect(clippy::option_option, reason = "absent, wrong and right are three things")]
fn read_header(section: &Section<'_>, key: &'static str) -> Option<Option<HeaderName>> {
    let text = section.text(key)?;
    let name = text.parse().ok();
    if name.is_none() {
        section.problem(key, section.value(key), "must be the name of an HTTP header such as X-Forstok-Signature");
    }
    Some(name)
}

/// The names under `[books]`, with or without errors in their tables.
fn names_of_books(table: &Table) -> impl Iterator<Item = BookName> + '_ {
    let books = table.get("books").and_then(Value::as_table).into_iter();
    books.flat_map(Table::keys).map(|name| BookName::from(name.as_str()))
}

/// The books, the secrets in the addresses for Accurate's own webhooks, and all account URLs.
type Books = (BTreeMap<BookName, BookConfig>, BTreeMap<BookName, SecretString>, Vec<reqwest::Url>);

fn read_books(root: &Section<'_>, credentials: &Secrets<'_>) -> Books {
    let mut books = BTreeMap::<BookName, BookConfig>::new();
    let mut hints = BTreeMap::new();
    let mut account_urls = Vec::new();
    for (name, section) in root.sections("books") {
        let name = BookName::from(name);
        let account_url = read_account_url(&section);
        account_urls.extend(account_url.clone());
        hints.extend(read_hints(&section, credentials).map(|secret| (name.clone(), secret)));
        if let Some(book) = read_book(&section, credentials, account_url) {
            let same = |other: &&BookConfig| other.api_token.expose_secret() == book.api_token.expose_secret();
            if let Some((other, _)) = books.iter().find(|(_, other)| book.has_credentials() && same(other)) {
                let remedy = format!(
                    "is the token of books.{other} too. A token opens one Accurate database, and its calls are counted \
                     together: keep one book, and name it in the mapping for the stores of both"
                );
                credentials.absent.add(section.path_of("api_token"), None, remedy);
            }
            books.insert(name, book);
        }
        section.finish();
    }
    (books, hints, account_urls)
}

fn read_book(
    section: &Section<'_>,
    credentials: &Secrets<'_>,
    account_url: Option<reqwest::Url>,
) -> Option<BookConfig> {
    let keys = [
        ("api_token", "make an API Token in Accurate (Settings, Accurate Store, your app)"),
        ("signature_secret", "copy the app's signature secret from Accurate's developer area"),
    ];
    let secrets = keys.map(|(key, _)| credentials.one(section, key));
    // The setup page asks for both; only one of them is an error in the settings.
    let both_are_missing = secrets.iter().all(|secret| matches!(secret, Ok(None)));
    let missing = if both_are_missing { credentials.to_set_up } else { credentials.absent };
    for ((key, what), secret) in keys.iter().zip(&secrets) {
        if let Ok(None) = secret {
            let remedy = format!("is missing: {what}, or name a file with it, {key}_file");
            missing.add(section.path_of(key), None, remedy);
        }
    }
    let bulk = section.choice("bulk", &[("auto", true), ("off", false)]);
    let check_owed = section.choice("check_owed", &[("always", true), ("off", false)]);
    let [api_token, signature_secret] = secrets.map(|secret| secret.ok().map(Option::unwrap_or_default));
    Some(BookConfig {
        account_url: account_url?,
        api_token: api_token?.into(),
        signature_secret: signature_secret?.into(),
        bulk,
        check_owed,
    })
}

/// The secret in the address for Accurate's own webhooks, if they are followed.
fn read_hints(section: &Section<'_>, credentials: &Secrets<'_>) -> Option<SecretString> {
    let is_on = section.choice("webhook", &[("off", false), ("hint", true)]);
    let secret = credentials.one(section, "webhook_secret").ok()?.filter(|_| is_on);
    if secret.is_none() && is_on {
        let remedy = "is missing: give a long random text, which becomes a part of the address for Accurate's webhooks, \
                      or name a file with it, webhook_secret_file";
        credentials.absent.add(section.path_of("webhook_secret"), None, remedy);
    }
    if secret.as_ref().is_some_and(|secret| !secret.chars().all(is_plain)) {
        let remedy = "is a part of an address: use only letters, digits, - and _";
        credentials.absent.add(section.path_of("webhook_secret"), None, remedy);
    }
    secret.map(SecretString::from)
}

/// Whether a character stays as it is in an address.
fn is_plain(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '-' || letter == '_'
}

fn read_account_url(section: &Section<'_>) -> Option<reqwest::Url> {
    let text = section.text("account_url").unwrap_or_else(|| DEFAULT_ACCOUNT_URL.to_owned());
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

/// The mapping file of the settings: its path, and its mapping or the errors in it.
fn read_mapping(section: &Section<'_>, folder: Option<&Path>) -> Option<(PathBuf, Result<MappingFile, Vec<Problem>>)> {
    let path = beside_settings(folder, &section.text("file")?);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) => {
            let remedy = format!("{} cannot be read ({error}): give the path of the mapping", path.display());
            section.problem("file", section.value("file"), remedy);
            return None;
        }
    };
    let mapping = Mapping::parse(&path.display().to_string(), &text);
    Some((path.clone(), mapping.map(|mapping| MappingFile { path, text, mapping })))
}
