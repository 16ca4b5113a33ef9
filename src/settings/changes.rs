//! Differences between two settings: what a running service applies immediately, and what takes effect at the next
//! start.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use secrecy::{ExposeSecret, SecretString};

use super::{BookConfig, Config, Database, LogConfig, LogFormat, OperatorConfig};
use crate::{
    domain::{ids::BookName, reason::Language},
    forstok::signature::Verifier,
};

/// Changes that a running service applies. Secrets are named but not shown; changes of the mapping are reported where
/// it is applied.
pub fn at_once(old: &Config, new: &Config) -> Vec<String> {
    let mut changes = Vec::new();
    if !same_verifier(&old.webhook, &new.webhook) {
        changes.push(format!("forstok.webhook, secrets: {}", new.webhook.secrets.len()));
    }
    let tokens =
        [&old.operator_token, &new.operator_token].map(|token| token.as_ref().map(ExposeSecret::expose_secret));
    if tokens[0] != tokens[1] {
        changes.push("server.operator_token".to_owned());
    }
    changes.extend(changes_of_operators(&old.operators, &new.operators));
    for (name, old, new) in books_in_both(old, new) {
        if old.may_have_credentials_of(new) && !old.credentials().same_as(&new.credentials()) {
            changes.push(format!("credentials of books.{name}"));
        }
    }
    if old.log.filter != new.log.filter {
        changes.push(arrow("log.filter", &old.log.filter, &new.log.filter));
    }
    changes
}

/// Changes that take effect only at the next start.
pub fn after_restart(old: &Config, new: &Config) -> Vec<String> {
    // Every setting is listed here, so that a new setting cannot be forgotten.
    let Config {
        listen,
        operator_listen,
        public_url,
        operator_token: _,
        operators: _,
        language,
        database,
        keep_bodies,
        term,
        webhook: _,
        forstok_api,
        backfill,
        books,
        hints,
        mapping: _,
        notices,
        log,
        secrets: _,
        // Another file has another folder, but a running service keeps its file.
        folder: _,
    } = new;
    let LogConfig { filter: _, format } = log;
    let mut changes = Vec::new();
    if old.listen != *listen {
        changes.push(arrow("server.listen", &old.listen.to_string(), &listen.to_string()));
    }
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "none".to_owned());
    if old.operator_listen != *operator_listen {
        let [before, after] = [old.operator_listen, *operator_listen].map(|at| or_none(at.map(|at| at.to_string())));
        changes.push(arrow("server.operator_listen", &before, &after));
    }
    if old.public_url != *public_url {
        let [before, after] = [&old.public_url, public_url].map(|url| or_none(url.as_ref().map(ToString::to_string)));
        changes.push(arrow("server.public_url", &before, &after));
    }
    if old.language != *language {
        changes.push(arrow("server.language", language_word(old.language), language_word(*language)));
    }
    changes.extend(change_of_database(&old.database, database));
    if old.keep_bodies != *keep_bodies {
        changes.push(arrow("database.keep_bodies_days", &days(old.keep_bodies), &days(*keep_bodies)));
    }
    if old.term != *term {
        let [before, after] = [old.term, *term].map(|term| term.seconds().to_string());
        changes.push(arrow("database.takeover_seconds", &before, &after));
    }
    changes
        .extend(books.keys().filter(|name| !old.books.contains_key(*name)).map(|name| format!("books.{name} is new")));
    changes
        .extend(old.books.keys().filter(|name| !books.contains_key(*name)).map(|name| format!("books.{name} is gone")));
    for (name, old, new) in books_in_both(old, new) {
        let BookConfig { account_url, api_token: _, signature_secret: _, bulk, check_owed } = new;
        if old.account_url != *account_url {
            let (before, after) = (old.account_url.as_str(), account_url.as_str());
            changes.push(format!(
                "{}, and its credentials with it",
                arrow(&format!("books.{name}.account_url"), before, after)
            ));
        }
        if old.bulk != *bulk {
            let word = |is_used| if is_used { "auto" } else { "off" };
            changes.push(arrow(&format!("books.{name}.bulk"), word(old.bulk), word(*bulk)));
        }
        if old.check_owed != *check_owed {
            let [before, after] = [old.check_owed, *check_owed].map(|is_on| if is_on { "always" } else { "off" });
            changes.push(arrow(&format!("books.{name}.check_owed"), before, after));
        }
    }
    let secrets = |hints: &BTreeMap<BookName, SecretString>| {
        hints.iter().map(|(name, secret)| (name.clone(), secret.expose_secret().to_owned())).collect::<Vec<_>>()
    };
    if secrets(&old.hints) != secrets(hints) {
        changes.push("webhook and webhook_secret of books".to_owned());
    }
    let is_same_api = match (&old.forstok_api, forstok_api) {
        (Some(old), Some(new)) => old.same_as(new),
        (old, new) => old.is_none() && new.is_none(),
    };
    if !is_same_api {
        changes.push("forstok.api".to_owned());
    }
    let are_same_notices = match (&old.notices, notices) {
        (Some(old), Some(new)) => old.same_as(new),
        (old, new) => old.is_none() && new.is_none(),
    };
    if !are_same_notices {
        changes.push("notices".to_owned());
    }
    if old.backfill != *backfill {
        changes.push("backfill".to_owned());
    }
    if old.log.format != *format {
        changes.push(arrow("log.format", format_word(old.log.format), format_word(*format)));
    }
    changes
}

impl Config {
    /// These settings, with the values that a running service can apply taken from others.
    #[must_use]
    pub fn taking_over(mut self, new: Self) -> Self {
        self.webhook = new.webhook;
        self.operator_token = new.operator_token;
        self.operators = new.operators;
        self.mapping = new.mapping;
        self.secrets = new.secrets;
        self.log.filter = new.log.filter;
        for (name, new) in new.books {
            if let Some(book) = self.books.get_mut(&name).filter(|book| book.may_have_credentials_of(&new)) {
                book.api_token = new.api_token;
                book.signature_secret = new.signature_secret;
            }
        }
        self
    }
}

impl Config {
    /// These settings, with the secrets of webhooks and books taken from others.
    #[must_use]
    pub fn taking_secrets(self, new: Self) -> Self {
        let Self { operator_token, operators, mapping, log, .. } = self.clone();
        self.taking_over(Self { operator_token, operators, mapping, log, ..new })
    }
}

impl BookConfig {
    /// Credentials are sent only to the address for which they were given.
    fn may_have_credentials_of(&self, other: &Self) -> bool {
        self.account_url == other.account_url
    }
}

fn books_in_both<'a>(
    old: &'a Config,
    new: &'a Config,
) -> impl Iterator<Item = (&'a BookName, &'a BookConfig, &'a BookConfig)> {
    old.books.iter().filter_map(|(name, old)| Some((name, old, new.books.get(name)?)))
}

fn same_verifier(one: &Verifier, other: &Verifier) -> bool {
    let Verifier { scheme, header, secrets } = one;
    *scheme == other.scheme
        && *header == other.header
        && secrets.len() == other.secrets.len()
        && secrets.iter().zip(&other.secrets).all(|(one, other)| one.expose_secret() == other.expose_secret())
}

/// New and removed operators, and those whose token or role has changed.
fn changes_of_operators(old: &BTreeMap<String, OperatorConfig>, new: &BTreeMap<String, OperatorConfig>) -> Vec<String> {
    let names: BTreeSet<_> = old.keys().chain(new.keys()).collect();
    let change = |name: &String| match (old.get(name), new.get(name)) {
        (None, _) => Some(format!("operators.{name} is new")),
        (_, None) => Some(format!("operators.{name} is gone")),
        (Some(old), Some(new)) => (!old.same_as(new)).then(|| format!("operators.{name}")),
    };
    names.into_iter().filter_map(change).collect()
}

fn change_of_database(old: &Database, new: &Database) -> Option<String> {
    let same = match (old, new) {
        (Database::Sqlite(old), Database::Sqlite(new)) => old == new,
        (Database::Postgres(old), Database::Postgres(new)) => old.expose_secret() == new.expose_secret(),
        _ => false,
    };
    let (before, after) = (old.to_string(), new.to_string());
    match (same, before == after) {
        (true, _) => None,
        (false, false) => Some(arrow("database.url", &before, &after)),
        // The location is shown, the credentials are not.
        (false, true) => Some("database.url, password or options".to_owned()),
    }
}

fn days(keep: Option<SignedDuration>) -> String {
    (keep.map_or(0, |keep| keep.as_hours()) / 24).to_string()
}

fn arrow(key: &str, before: &str, after: &str) -> String {
    format!("{key} = {before} → {after}")
}

fn language_word(language: Language) -> &'static str {
    match language {
        Language::English => "en",
        Language::Indonesian => "id",
    }
}

fn format_word(format: LogFormat) -> &'static str {
    match format {
        LogFormat::Text => "text",
        LogFormat::Json => "json",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::tests::load_text;

    const OLD: &str = r#"
        [server]
        listen = "127.0.0.1:1"
        [database]
        url = "sqlite:///data/one.db"
        [forstok.webhook]
        secrets = ["hush-hush-hush-1"]
        [books.main]
        api_token = "hush-hush-hush-2"
        signature_secret = "hush-hush-hush-3"
        [books.left]
        api_token = "hush-hush-hush-4"
        signature_secret = "hush-hush-hush-5"
    "#;

    const NEW: &str = r#"
        [server]
        listen = "127.0.0.1:2"
        language = "id"
        operator_listen = "127.0.0.1:3"
        public_url = "https://books.example.com"
        operator_token = "hush-hush-hush-6"
        [operators.accounting]
        token = "hush-hush-hush-10"
        [database]
        url = "postgres://u:hush@h/d"
        keep_bodies_days = 30
        takeover_seconds = 10
        [forstok.webhook]
        secrets = ["hush-hush-hush-1", "hush-hush-hush-7"]
        [books.main]
        account_url = "https://other.accurate.id"
        api_token = "hush-hush-hush-8"
        signature_secret = "hush-hush-hush-9"
        bulk = "off"
        [books.more]
        api_token = "hush-hush-hush-4"
        signature_secret = "hush-hush-hush-5"
        [log]
        filter = "debug"
        format = "json"
    "#;

    #[test]
    fn what_changes_at_once_and_what_waits_is_named_and_no_secret_is_shown() {
        let [old, new] = [OLD, NEW].map(|text| load_text(text, &[]).expect("right"));
        insta::assert_debug_snapshot!((at_once(&old, &new), after_restart(&old, &new)));
        assert_eq!(at_once(&new, &new), Vec::<String>::new());
        assert_eq!(after_restart(&new, &new), Vec::<String>::new());
    }

    #[test]
    fn what_waits_is_named_again_the_next_time_and_what_was_taken_over_is_not() {
        let [old, new] = [OLD, NEW].map(|text| load_text(text, &[]).expect("right"));
        let waiting = after_restart(&old, &new);
        let running = old.taking_over(new.clone());
        assert_eq!(at_once(&running, &new), Vec::<String>::new());
        assert_eq!(after_restart(&running, &new), waiting);
    }

    #[test]
    fn another_password_of_the_database_is_told_without_showing_it() {
        let database = |password| Database::Postgres(format!("postgres://u:{password}@h/d").into());
        let told = change_of_database(&database("hush-1"), &database("hush-2"));
        assert_eq!(told.as_deref(), Some("database.url, password or options"));
        assert_eq!(change_of_database(&database("hush-1"), &database("hush-1")), None);
    }

    #[test]
    fn credentials_are_not_taken_over_for_another_address() {
        let [old, new] = [OLD, NEW].map(|text| load_text(text, &[]).expect("right"));
        let running = old.taking_over(new);
        assert_eq!(running.books["main"].api_token.expose_secret(), "hush-hush-hush-2");
    }
}
