//! Every setting with its value and where the value comes from, for `config dump`.

use std::path::{Path, PathBuf};

use serde::Serialize;
use toml::{Table, Value};

use super::{
    SettingsErrors,
    database::database_at,
    entered::{self, Entered},
    environment::{Origins, overlay},
    paths::beside_settings,
    read_table,
    sections::database_alone,
};
use crate::domain::toml_text::{Problems, path_within};

/// Shown instead of a secret.
const HIDDEN: &str = "\"********\"";

/// One setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Setting {
    /// Its full path, such as `books.main.api_token`.
    pub key: String,
    /// Its value as TOML writes it; `********` for a secret; `None` if it is not set and has no default.
    pub value: Option<String>,
    /// Where the value comes from.
    #[serde(flatten)]
    pub origin: Origin,
}

/// Where the value of a setting comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "source", content = "from", rename_all = "snake_case")]
pub enum Origin {
    /// It is not set.
    Default,
    /// The settings file.
    File(PathBuf),
    /// An environment variable.
    Environment(String),
    /// A file that contains only this secret.
    SecretFile(PathBuf),
    /// It was entered on the setup page, which wrote it into this file.
    Page(PathBuf),
}

/// How a value is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Show {
    AsWritten,
    /// Only that it is set.
    Hidden,
    /// The address of a database server may contain a password.
    WithoutPassword,
    /// Hidden if somebody has written a user and a password into it, where they do not belong.
    WithoutUser,
}

/// Every setting in the order of settings.example.toml, with its default as TOML writes it; empty if it has none. A `*`
/// matches every name.
const KNOWN: &[(&str, &str, Show)] = &[
    ("server.listen", "\"127.0.0.1:8080\"", Show::AsWritten),
    ("server.operator_listen", "", Show::AsWritten),
    ("server.public_url", "", Show::AsWritten),
    ("server.operator_token", "", Show::Hidden),
    ("server.language", "\"en\"", Show::AsWritten),
    ("operators.*.token", "", Show::Hidden),
    ("operators.*.role", "\"read\"", Show::AsWritten),
    ("database.url", "\"sqlite://data/forstok-accurate.db\"", Show::WithoutPassword),
    ("database.keep_bodies_days", "90", Show::AsWritten),
    ("database.takeover_seconds", "5", Show::AsWritten),
    ("forstok.webhook.scheme", "\"shared-key\"", Show::AsWritten),
    (HEADER, "\"Key\"", Show::AsWritten),
    ("forstok.webhook.secrets", "", Show::Hidden),
    ("forstok.webhook.encoding", "\"hex\"", Show::AsWritten),
    ("forstok.webhook.timestamp_header", "\"\"", Show::AsWritten),
    ("forstok.api.orders_path", "\"\"", Show::AsWritten),
    ("forstok.api.order_path", "\"\"", Show::AsWritten),
    ("forstok.api.webhook_log_path", "\"\"", Show::AsWritten),
    ("forstok.api.base_url", "\"https://accounts.forstok.com\"", Show::AsWritten),
    ("forstok.api.auth_url", "\"https://integration.forstok.com/api/v2/auth\"", Show::AsWritten),
    ("forstok.api.id", "", Show::AsWritten),
    ("forstok.api.secret_key", "", Show::Hidden),
    ("forstok.api.type", "\"seller\"", Show::AsWritten),
    ("forstok.api.user_id", "\"\"", Show::AsWritten),
    ("forstok.api.auth_type", "\"jwt\"", Show::AsWritten),
    ("forstok.api.list_key", "\"\"", Show::AsWritten),
    ("forstok.api.params.from", "\"from\"", Show::AsWritten),
    ("forstok.api.params.to", "\"to\"", Show::AsWritten),
    ("forstok.api.params.page", "\"page\"", Show::AsWritten),
    ("forstok.api.params.size", "\"size\"", Show::AsWritten),
    ("forstok.api.params.status", "\"status\"", Show::AsWritten),
    ("forstok.api.params.store", "\"store\"", Show::AsWritten),
    ("backfill.by", "\"updated\"", Show::AsWritten),
    ("backfill.page_size", "50", Show::AsWritten),
    ("backfill.calls_per_minute", "30", Show::AsWritten),
    ("backfill.days", "7", Show::AsWritten),
    ("backfill.overlap_minutes", "60", Show::AsWritten),
    ("backfill.mode", "\"\"", Show::AsWritten),
    ("books.*.account_url", "\"https://account.accurate.id\"", Show::AsWritten),
    ("books.*.api_token", "", Show::Hidden),
    ("books.*.signature_secret", "", Show::Hidden),
    ("books.*.bulk", "\"auto\"", Show::AsWritten),
    ("books.*.check_owed", "\"always\"", Show::AsWritten),
    ("books.*.webhook", "\"off\"", Show::AsWritten),
    ("books.*.webhook_secret", "", Show::Hidden),
    ("mapping.file", "", Show::AsWritten),
    ("notices.language", "\"\"", Show::AsWritten),
    ("notices.digest", "\"08:00\"", Show::AsWritten),
    // Whoever knows the address may be able to write there.
    ("notices.webhook", "", Show::Hidden),
    ("notices.secret", "", Show::Hidden),
    ("notices.email.server", "", Show::WithoutUser),
    ("notices.email.user", "", Show::AsWritten),
    ("notices.email.password", "", Show::Hidden),
    ("notices.email.from", "", Show::AsWritten),
    ("notices.email.to", "", Show::AsWritten),
    ("notices.telegram.token", "", Show::Hidden),
    ("notices.telegram.chat", "", Show::AsWritten),
    ("notices.telegram.base_url", "\"https://api.telegram.org\"", Show::AsWritten),
    ("log.filter", "\"info\"", Show::AsWritten),
    ("log.format", "\"text\"", Show::AsWritten),
];

/// Its default depends on the scheme.
const HEADER: &str = "forstok.webhook.header";

/// Every known setting, whether right or wrong; an error only if the file cannot be read.
pub fn every_setting(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
) -> Result<Vec<Setting>, SettingsErrors> {
    let mut given = read_table(file)?;
    let origins = overlay(&mut given, environment, &Problems::default());
    let folder = file.and_then(Path::parent);
    let secrets_file = database_alone(&given, folder).and_then(|database| entered::file_for(&database));
    let entered = secrets_file.as_deref().and_then(|path| Entered::read(path).ok()).unwrap_or_default();
    let mut all = given.clone();
    entered.add_to(&mut all, secrets_file.clone());
    let listing = Listing { file, folder, secrets_file, origins, given, all };
    Ok(KNOWN.iter().flat_map(|known| listing.settings(known)).collect())
}

struct Listing<'a> {
    file: Option<&'a Path>,
    folder: Option<&'a Path>,
    secrets_file: Option<PathBuf>,
    origins: Origins,
    /// The settings file and the environment.
    given: Table,
    /// The same, and what was entered on the setup page.
    all: Table,
}

impl Listing<'_> {
    /// The settings that a known key matches.
    fn settings(&self, (key, default, show): &(&str, &str, Show)) -> Vec<Setting> {
        let Some((outer, inner)) = key.split_once(".*.") else {
            let path: Vec<_> = key.split('.').collect();
            return vec![self.setting(&path, default, *show)];
        };
        let names = self.all.get(outer).and_then(Value::as_table).into_iter().flat_map(Table::keys);
        names.map(|name| self.setting(&[outer, name, inner], default, *show)).collect()
    }

    fn setting(&self, path: &[&str], default: &str, show: Show) -> Setting {
        let key = path.iter().fold(String::new(), |section, part| path_within(&section, part));
        let (section, last) = (&path[..path.len() - 1], path[path.len() - 1]);
        let of_file = format!("{last}_file");
        if matches!(show, Show::Hidden | Show::WithoutPassword)
            && let Some(written) = value(&self.all, section, &of_file).and_then(Value::as_str)
        {
            let origin = Origin::SecretFile(beside_settings(self.folder, written));
            return Setting { key, value: Some(HIDDEN.to_owned()), origin };
        }
        let Some(found) = value(&self.all, section, last) else {
            let default = if key == HEADER { self.default_header() } else { default };
            let value = Some(default.to_owned()).filter(|default| !default.is_empty());
            return Setting { key, value, origin: Origin::Default };
        };
        let origin = if let Some(variable) = self.origins.variable(&key) {
            Origin::Environment(variable.to_owned())
        } else if value(&self.given, section, last).is_some() {
            Origin::File(self.file.unwrap_or(Path::new("")).to_path_buf())
        } else {
            Origin::Page(self.secrets_file.clone().unwrap_or_default())
        };
        Setting { key, value: Some(shown(found, show)), origin }
    }

    fn default_header(&self) -> &'static str {
        match value(&self.all, &["forstok", "webhook"], "scheme").and_then(Value::as_str) {
            Some("hmac-sha256") => "\"X-Forstok-Signature\"",
            _ => "\"Key\"",
        }
    }
}

fn value<'a>(table: &'a Table, section: &[&str], key: &str) -> Option<&'a Value> {
    section.iter().try_fold(table, |table, part| table.get(*part)?.as_table())?.get(key)
}

fn shown(value: &Value, show: Show) -> String {
    match (show, value) {
        (Show::AsWritten, _) => value.to_string(),
        (Show::WithoutUser, Value::String(address)) if !address.contains('@') => value.to_string(),
        // Only a path can be shown as it is written.
        (Show::WithoutPassword, Value::String(url)) if url.starts_with("sqlite:") => value.to_string(),
        (Show::WithoutPassword, Value::String(url)) => match database_at(url, None) {
            Ok(database) => Value::String(database.to_string()).to_string(),
            Err(_) => HIDDEN.to_owned(),
        },
        (Show::Hidden | Show::WithoutPassword | Show::WithoutUser, _) => HIDDEN.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::settings::{Config, Sources, tests::load_text};

    const SECRETS: &str = "[forstok.webhook]\nsecrets = [\"0123456789abcdef\"]\n[books.main]\napi_token = \
                           \"0123456789abcdef\"\nsignature_secret = \"0123456789abcdef\"\n[forstok.api]\nid = \
                           \"a@b\"\nsecret_key = \"0123456789abcdef\"\n";

    /// The example's settings, with those that are commented out.
    fn example() -> Table {
        let is_setting = |line: &&str| {
            let key = line.split(" = ").next().unwrap_or_default();
            let is_key = line.contains(" = ") && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
            is_key || (line.starts_with('[') && line.ends_with(']'))
        };
        let lines = include_str!("../../settings.example.toml").lines();
        let settings: Vec<_> = lines.map(|line| line.trim_start_matches("# ")).filter(is_setting).collect();
        settings.join("\n").parse().expect("the example is TOML, its comments included")
    }

    fn keys(table: &Table, path: &str, found: &mut BTreeSet<String>) {
        for (key, value) in table {
            let has_names = ["books", "operators"].contains(&path);
            let key = path_within(path, if has_names { "*" } else { key }).replace("\"*\"", "*");
            match value {
                Value::Table(table) => keys(table, &key, found),
                _ => drop(found.insert(key)),
            }
        }
    }

    #[test]
    fn the_list_names_every_setting_of_the_example_and_no_other() {
        let mut of_example = BTreeSet::new();
        keys(&example(), "", &mut of_example);
        let known: BTreeSet<_> = KNOWN.iter().map(|(key, ..)| (*key).to_owned()).collect();
        assert_eq!(known, of_example);
    }

    #[test]
    fn the_documentation_of_the_settings_names_every_key() {
        let rows: Vec<_> = include_str!("../../docs/settings.md").lines().collect();
        for (key, ..) in KNOWN {
            let (table, name) = key.rsplit_once('.').expect("every key is in a table");
            let start = format!("| `[{}]` |", table.replace('*', "<name>"));
            let row = rows.iter().find(|row| row.starts_with(&start)).unwrap_or_else(|| panic!("no row {start}"));
            assert!(row.contains(&format!("`{name}`")), "{key} is not in {row}");
        }
    }

    #[test]
    fn the_defaults_that_are_shown_are_those_that_apply() {
        let on = SECRETS.replace("[forstok.api]", "[forstok.api]\norders_path = \"/orders\"");
        let mut with_defaults: Table = on.parse().expect("TOML");
        for (key, default, _) in KNOWN.iter().filter(|(_, default, _)| !default.is_empty()) {
            let key = key.replace('*', "main");
            // These need others beside them.
            if key.starts_with("operators") || key.starts_with("notices.telegram") || key == "forstok.api.orders_path" {
                continue;
            }
            let mut path: Vec<_> = key.split('.').collect();
            let last = path.pop().expect("a key");
            let section = path.iter().fold(&mut with_defaults, |table, part| {
                let section = table.entry(*part).or_insert_with(|| Value::Table(Table::new()));
                section.as_table_mut().expect("a section")
            });
            let default = format!("x = {default}").parse::<Table>().expect("TOML")["x"].clone();
            section.insert(last.to_owned(), default);
        }
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("settings.toml");
        let load = |text: &str| {
            std::fs::write(&file, text).expect("written");
            let config = crate::settings::load(Some(&file), []).expect("right");
            // Where a value comes from differs.
            format!("{:?}", Config { secrets: Sources::default(), ..config })
        };
        assert_eq!(load(&with_defaults.to_string()), load(&on));
        load_text(&on, &[]).expect("right");
    }

    #[test]
    fn each_value_has_its_source_and_no_secret_is_shown() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        let text = "[server]\nlanguage = \"id\"\noperator_token_file = \"token\"\n[forstok.webhook]\nscheme = \
                    \"hmac-sha256\"\nsecrets = [\"hush\"]\n[database]\nurl = \"sqlite://x.db\"\n[operators.ani]\ntoken = \
                    \"hush\"";
        std::fs::write(path("settings.toml"), text).expect("written");
        let entered = "[books.main]\napi_token = \"hush\"\nsignature_secret = \"hush\"\n";
        std::fs::write(path("secrets.toml"), entered).expect("written");
        let variable = "FORSTOK_ACCURATE_SERVER__LISTEN".to_owned();
        let listed = |environment: Vec<(String, String)>| {
            every_setting(Some(&path("settings.toml")), environment).expect("the file can be read")
        };
        let all = listed(vec![(variable.clone(), "127.0.0.1:9".to_owned())]);
        let one = |key: &str| {
            let found = all.iter().find(|setting| setting.key == key).unwrap_or_else(|| panic!("{key} is not listed"));
            (found.value.clone().unwrap_or_default(), found.origin.clone())
        };
        let hidden = || HIDDEN.to_owned();
        assert_eq!(one("server.listen"), ("\"127.0.0.1:9\"".to_owned(), Origin::Environment(variable)));
        assert_eq!(one("server.language"), ("\"id\"".to_owned(), Origin::File(path("settings.toml"))));
        assert_eq!(one("server.operator_token"), (hidden(), Origin::SecretFile(path("token"))));
        assert_eq!(one("server.public_url"), (String::new(), Origin::Default));
        assert_eq!(one("forstok.webhook.header"), ("\"X-Forstok-Signature\"".to_owned(), Origin::Default));
        assert_eq!(one("forstok.webhook.secrets"), (hidden(), Origin::File(path("settings.toml"))));
        assert_eq!(one("books.main.api_token"), (hidden(), Origin::Page(path("secrets.toml"))));
        assert_eq!(one("operators.ani.role"), ("\"read\"".to_owned(), Origin::Default));
        let server = "postgres://me:hush@db:5432/orders".to_owned();
        let all = listed(vec![("FORSTOK_ACCURATE_DATABASE__URL".to_owned(), server)]);
        let url = all.iter().find(|setting| setting.key == "database.url").and_then(|setting| setting.value.clone());
        assert_eq!(url.as_deref(), Some("\"postgres://me@db:5432/orders\""));
        assert!(!format!("{all:?}").contains("hush"), "{all:?}");
    }
}
