//! `secrets.toml` beside the SQLite database: the secrets that were entered on the setup page.
//!
//! It has the keys of the settings, which override it: a secret that is in the settings or the environment is never
//! taken from here.

use std::{
    collections::BTreeMap,
    fmt, fs,
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use tempfile::NamedTempFile;
use toml::{Table, Value};

use super::{DEFAULT_ACCOUNT_URL, Database};
use crate::{
    accurate::credentials::Credentials,
    domain::{ids::BookName, mapping::DEFAULT_BOOK, toml_text::Problem},
    forstok::{
        recognise::Way,
        signature::{Encoding, Scheme},
    },
};

/// Name of the file.
const NAME: &str = "secrets.toml";

/// The first lines of the file.
const HEADING: &str = "\
# Secrets that were entered on the setup page of forstok-accurate. Only the service's user may read this file.
# Settings files and environment variables override it. A backup of the database does not contain it.

";

/// The keys that say how a webhook proves itself.
const WAY: [&str; 4] = ["scheme", "header", "encoding", "timestamp_header"];

/// Keys of the credentials of a book.
const CREDENTIALS: [&str; 2] = ["api_token", "signature_secret"];

/// When the secrets of a table were entered.
const ENTERED_AT: &str = "entered_at";

/// Where a secret comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// It is missing: the setup page asks for it.
    #[default]
    Missing,
    /// From the settings file or the environment.
    Settings,
    /// It was entered on the setup page at this time.
    Page(Timestamp),
}

/// Where each secret comes from.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The file for secrets that are entered on the setup page. `None` with a PostgreSQL database: its replicas have no
    /// folder in common.
    pub file: Option<PathBuf>,
    /// The webhook keys.
    pub webhook: Source,
    /// Whether the settings say how a webhook proves itself.
    pub way_is_in_settings: bool,
    /// The credentials of each book.
    pub books: BTreeMap<BookName, Source>,
}

impl Sources {
    /// Whether a secret is missing that the other settings have.
    pub fn lack_some_of(&self, others: &Self) -> bool {
        let lacks = |ours: Source, theirs: Source| ours == Source::Missing && theirs != Source::Missing;
        let lacks_book = |(name, theirs): (&BookName, &Source)| lacks(self.book(name), *theirs);
        lacks(self.webhook, others.webhook) || others.books.iter().any(lacks_book)
    }

    /// Where the credentials of a book come from.
    pub fn book(&self, name: &BookName) -> Source {
        self.books.get(name).copied().unwrap_or_default()
    }
}

/// The content of the file.
#[derive(Clone, Default)]
pub struct Entered(Table);

impl fmt::Debug for Entered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entered(…)")
    }
}

/// The file for a database; `None` for PostgreSQL.
pub(super) fn file_for(database: &Database) -> Option<PathBuf> {
    match database {
        Database::Sqlite(path) => Some(path.with_file_name(NAME)),
        Database::Postgres(_) => None,
    }
}

impl Entered {
    /// Reads the file; nothing was entered if it does not exist.
    pub(super) fn read(path: &Path) -> Result<Self, Problem> {
        let wrong = |remedy: String| Problem { key: path.display().to_string(), value: None, remedy };
        match fs::read_to_string(path) {
            // The error of the parser would quote a line, which may contain a secret.
            Ok(text) => text.parse().map(Self).map_err(|_| {
                wrong("is not TOML: correct it, or delete it and enter the secrets on the setup page again".to_owned())
            }),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(Self::default()),
            Err(error) => {
                Err(wrong(format!("cannot be read ({error}): give it to the service's user, with mode 0600")))
            }
        }
    }

    /// Writes the file so that it exists either as before or as a whole, and only the service's user can read it.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // A temporary file has mode 0600.
        let mut file = NamedTempFile::new_in(folder)?;
        let text = toml::to_string(&self.0).map_err(io::Error::other)?;
        file.write_all(HEADING.as_bytes())?;
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        fs::File::open(folder)?.sync_all()
    }

    /// With these webhook keys instead of the earlier ones.
    #[must_use]
    pub fn with_webhook_keys(mut self, keys: &[SecretString], at: Timestamp) -> Self {
        let keys = keys.iter().map(|key| Value::String(key.expose_secret().to_owned()));
        self.change(
            &["forstok", "webhook"],
            [("secrets", Some(Value::Array(keys.collect()))), (ENTERED_AT, Some(time(at)))],
        );
        self
    }

    /// With this way of proof for webhooks.
    #[must_use]
    pub fn with_way(mut self, way: &Way) -> Self {
        let (scheme, encoding, timestamp_header) = match &way.scheme {
            Scheme::SharedKey => ("shared-key", None, None),
            Scheme::Hmac { encoding: Encoding::Hex, timestamp_header } => {
                ("hmac-sha256", Some("hex"), timestamp_header.as_ref())
            }
            Scheme::Hmac { encoding: Encoding::Base64, timestamp_header } => {
                ("hmac-sha256", Some("base64"), timestamp_header.as_ref())
            }
        };
        let text = |text: &str| Value::String(text.to_owned());
        let values = [
            Some(text(scheme)),
            Some(text(way.header.as_str())),
            encoding.map(text),
            timestamp_header.map(|name| text(name.as_str())),
        ];
        self.change(&["forstok", "webhook"], WAY.into_iter().zip(values));
        self
    }

    /// With these credentials of a book, which are sent to this address only.
    #[must_use]
    pub fn with_credentials(
        mut self,
        book: &BookName,
        account_url: &reqwest::Url,
        credentials: &Credentials,
        at: Timestamp,
    ) -> Self {
        let text = |text: &str| Some(Value::String(text.to_owned()));
        let values = [
            ("account_url", text(account_url.as_str())),
            (CREDENTIALS[0], text(credentials.api_token.expose_secret())),
            (CREDENTIALS[1], text(credentials.signature_secret.expose_secret())),
            (ENTERED_AT, Some(time(at))),
        ];
        self.change(&["books", book.as_str()], values);
        self
    }

    fn change<'a>(&mut self, path: &[&str], values: impl IntoIterator<Item = (&'a str, Option<Value>)>) {
        let Some(table) = table_at(&mut self.0, path) else { return };
        for (key, value) in values {
            match value {
                Some(value) => drop(table.insert(key.to_owned(), value)),
                None => drop(table.remove(key)),
            }
        }
    }

    /// Adds what was entered to the settings wherever they do not have it, and says where each secret comes from.
    pub(super) fn add_to(&self, settings: &mut Table, file: Option<PathBuf>) -> Sources {
        let mut sources = Sources { file, ..Sources::default() };
        let nothing = Table::new();
        let entered = |path: &[&str]| self.table(path).unwrap_or(&nothing);
        if let Some(webhook) = table_at(settings, &["forstok", "webhook"]) {
            let entered = entered(&["forstok", "webhook"]);
            sources.way_is_in_settings = WAY.iter().any(|key| webhook.contains_key(*key));
            sources.webhook = source(webhook, &["secrets"], entered);
            if let Source::Page(_) = sources.webhook {
                let way = if sources.way_is_in_settings { [].as_slice() } else { WAY.as_slice() };
                copy(entered, webhook, ["secrets"].iter().chain(way));
            }
        }
        if !settings.contains_key("books") {
            // The usual book, for which the setup page asks for credentials.
            table_at(settings, &["books", DEFAULT_BOOK.as_str()]);
        }
        let books = settings.get_mut("books").and_then(Value::as_table_mut);
        for (name, book) in books.into_iter().flatten() {
            let Some(book) = book.as_table_mut() else { continue };
            let entered = entered(&["books", name]);
            let of_this_address = address(book) == address(entered);
            let source = source(book, &CREDENTIALS, if of_this_address { entered } else { &nothing });
            if let Source::Page(_) = source {
                copy(entered, book, CREDENTIALS.iter());
            }
            sources.books.insert(name.as_str().into(), source);
        }
        sources
    }

    fn table(&self, path: &[&str]) -> Option<&Table> {
        path.iter().try_fold(&self.0, |table, key| table.get(*key)?.as_table())
    }
}

/// Where the secrets under these keys come from.
fn source(settings: &Table, keys: &[&str], entered: &Table) -> Source {
    let is_given = |table: &Table, key: &str| match table.get(key) {
        None => false,
        Some(Value::String(text)) => !text.trim().is_empty(),
        Some(Value::Array(list)) => !list.is_empty(),
        Some(_) => true,
    };
    if keys.iter().any(|key| is_given(settings, key) || is_given(settings, &format!("{key}_file"))) {
        return Source::Settings;
    }
    let at = entered.get(ENTERED_AT).and_then(Value::as_str).and_then(|at| at.parse().ok());
    if keys.iter().all(|key| is_given(entered, key)) { Source::Page(at.unwrap_or_default()) } else { Source::Missing }
}

fn copy<'a>(from: &Table, to: &mut Table, keys: impl Iterator<Item = &'a &'a str>) {
    for key in keys {
        if let Some(value) = from.get(*key) {
            to.insert((*key).to_owned(), value.clone());
        }
    }
}

/// The address for which credentials are given.
fn address(book: &Table) -> Option<reqwest::Url> {
    let text = book.get("account_url").and_then(Value::as_str).map_or(DEFAULT_ACCOUNT_URL, str::trim);
    reqwest::Url::parse(text).ok()
}

/// The table at this path, which is made if it is missing; `None` if something else is there.
fn table_at<'a>(table: &'a mut Table, path: &[&str]) -> Option<&'a mut Table> {
    path.iter().try_fold(table, |table, key| {
        table.entry((*key).to_owned()).or_insert_with(|| Value::Table(Table::new())).as_table_mut()
    })
}

fn time(at: Timestamp) -> Value {
    Value::String(at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::settings::{Config, load, load_to_serve};

    const ADMIN: &str = "[server]\noperator_token = \"token-of-the-operator\"\n";

    fn now() -> Timestamp {
        "2026-11-26T10:32:05Z".parse().expect("a time")
    }

    fn entered() -> Entered {
        let credentials =
            Credentials { api_token: "entered-api-token".into(), signature_secret: "entered-signature".into() };
        let url = reqwest::Url::parse(DEFAULT_ACCOUNT_URL).expect("an address");
        let header = "X-Signature".parse().expect("a header");
        let way = Way { scheme: Scheme::Hmac { encoding: Encoding::Base64, timestamp_header: None }, header };
        Entered::default().with_webhook_keys(&["entered-webhook-key".into()], now()).with_way(&way).with_credentials(
            DEFAULT_BOOK,
            &url,
            &credentials,
            now(),
        )
    }

    /// A folder with these settings and what was entered.
    fn folder(settings: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("data")).expect("a folder for the database");
        fs::write(folder.path().join("settings.toml"), settings).expect("written");
        entered().write(&folder.path().join("data/secrets.toml")).expect("written");
        folder
    }

    fn loaded(settings: &str) -> Config {
        load(Some(&folder(settings).path().join("settings.toml")), []).expect("nothing is missing")
    }

    #[test]
    fn what_was_entered_completes_the_settings() {
        let config = loaded(ADMIN);
        assert_eq!(config.webhook.secrets[0].expose_secret(), "entered-webhook-key");
        assert_eq!(config.webhook.header, "x-signature");
        assert!(matches!(config.webhook.scheme, Scheme::Hmac { encoding: Encoding::Base64, .. }));
        assert_eq!(config.books["main"].api_token.expose_secret(), "entered-api-token");
        assert_eq!(config.secrets.webhook, Source::Page(now()));
        assert_eq!(config.secrets.book(&"main".into()), Source::Page(now()));
    }

    #[test]
    fn the_settings_override_what_was_entered() {
        let config = loaded(&format!(
            "{ADMIN}[forstok.webhook]\nsecrets = [\"key-of-the-settings\"]\n[books.main]\n\
             api_token = \"token-of-the-settings\"\nsignature_secret = \"secret-of-the-settings\""
        ));
        assert_eq!(config.webhook.secrets.len(), 1);
        assert_eq!(config.webhook.secrets[0].expose_secret(), "key-of-the-settings");
        assert_eq!(config.webhook.scheme, Scheme::SharedKey, "the way of proof belongs to the key");
        assert_eq!(config.books["main"].signature_secret.expose_secret(), "secret-of-the-settings");
        assert_eq!((config.secrets.webhook, config.secrets.book(&"main".into())), (Source::Settings, Source::Settings));
        let way = loaded(&format!("{ADMIN}[forstok.webhook]\nheader = \"Webhook-Key\""));
        assert_eq!((way.webhook.header.as_str(), &way.webhook.scheme), ("webhook-key", &Scheme::SharedKey));
        assert_eq!(way.webhook.secrets[0].expose_secret(), "entered-webhook-key");
    }

    #[test]
    fn credentials_are_not_used_for_another_address() {
        let folder = folder(&format!("{ADMIN}[books.main]\naccount_url = \"https://elsewhere.example\""));
        let file = folder.path().join("settings.toml");
        let config = load_to_serve(Some(&file), []).expect("the setup page asks for them");
        assert_eq!(config.secrets.book(&"main".into()), Source::Missing);
        assert!(!config.books["main"].has_credentials());
    }

    #[test]
    fn only_the_services_user_can_read_the_file_and_nothing_shows_its_secrets() {
        let folder = folder(ADMIN);
        let path = folder.path().join("data/secrets.toml");
        let mode = fs::metadata(&path).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(!format!("{:?}", entered()).contains("entered-"));
        fs::write(&path, "secrets = [\"hush").expect("written");
        let errors: Vec<_> = load(Some(&folder.path().join("settings.toml")), []).expect_err("not TOML").into();
        let said = errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        assert!(said.contains("secrets.toml: is not TOML") && !said.contains("hush"), "{said}");
    }
}
