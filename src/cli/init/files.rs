//! Writes `settings.toml` and `mapping.toml` in the style of the example files, whose comments they keep.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use anyhow::Context;
use secrecy::{ExposeSecret, SecretString};
use toml::Value;

use super::mapping::Answers;
use crate::{
    accurate::credentials::Credentials,
    cli::Failure,
    settings::{self, SettingsErrors},
};

/// Names of the files.
pub(super) const NAMES: [&str; 2] = ["settings.toml", "mapping.toml"];

/// The example files of the repository.
const SETTINGS: &str = include_str!("../../../settings.example.toml");
const MAPPING: &str = include_str!("../../../mapping.example.toml");

/// The first table of the example mapping: from there on it has examples instead of defaults.
const FIRST_TABLE: &str = "[tax]";

/// What the files say.
pub(super) struct Content {
    pub(super) listen: String,
    /// Empty: none.
    pub(super) public_url: String,
    pub(super) database: String,
    pub(super) account_url: String,
    pub(super) operator_token: SecretString,
    pub(super) webhook_key: SecretString,
    pub(super) credentials: Credentials,
    pub(super) first_day: String,
    pub(super) mapping: Answers,
}

/// Writes both files after reading them as the service does: with an error nothing is written.
pub(super) fn write(folder: &Path, content: &Content) -> Result<(), Failure> {
    fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let cannot = || format!("{} cannot be written to", folder.display());
    let draft = tempfile::Builder::new().prefix(".init-").tempdir_in(folder).with_context(cannot)?;
    for (name, text) in NAMES.into_iter().zip([settings_text(content), mapping_text(content)]) {
        let path = draft.path().join(name);
        fs::write(&path, text).with_context(cannot)?;
        // The folder of the draft is private, so nobody could read the file before.
        let mode = if name == NAMES[0] { 0o600 } else { 0o644 };
        fs::set_permissions(&path, Permissions::from_mode(mode)).with_context(cannot)?;
        fs::File::open(&path).and_then(|file| file.sync_all()).with_context(cannot)?;
    }
    let read = settings::load(Some(&draft.path().join(NAMES[0])), []);
    read.map_err(|errors| SettingsErrors { file: Some(folder.join(NAMES[0])), ..errors })?;
    // The mapping first: settings without their mapping would not start.
    for name in [NAMES[1], NAMES[0]] {
        fs::rename(draft.path().join(name), folder.join(name)).with_context(cannot)?;
    }
    fs::File::open(folder).and_then(|folder| folder.sync_all()).with_context(cannot)?;
    Ok(())
}

fn settings_text(content: &Content) -> String {
    let (_, rest) = SETTINGS.split_once("\n# Every key can also").unwrap_or(("", SETTINGS));
    let text =
        format!("# Settings of forstok-accurate, written by `forstok-accurate init`.\n#\n# Every key can also{rest}");
    let key = |secret: &SecretString| quoted(secret.expose_secret());
    let mut text = set(&text, "listen", &quoted(&content.listen));
    if !content.public_url.is_empty() {
        text = set(&text, "public_url", &quoted(&content.public_url));
    }
    let values = [
        ("operator_token", key(&content.operator_token)),
        ("url", quoted(&content.database)),
        ("secrets", format!("[{}]", key(&content.webhook_key))),
        ("account_url", quoted(&content.account_url)),
        ("api_token", key(&content.credentials.api_token)),
        ("signature_secret", key(&content.credentials.signature_secret)),
        ("file", quoted(NAMES[1])),
    ];
    values.into_iter().fold(text, |text, (key, value)| set(&text, key, &value))
}

fn mapping_text(content: &Content) -> String {
    let (keys, _) = MAPPING.split_once(FIRST_TABLE).unwrap_or((MAPPING, ""));
    // What the example says about itself ends with the first empty line.
    let (_, keys) = keys.split_once("\n\n").unwrap_or(("", keys));
    let mut text = format!(
        "# Mapping of forstok-accurate, written by `forstok-accurate init`. mapping.example.toml shows every key.\n\
         # The service applies this file at startup and on SIGHUP, if the file has changed since it was last applied.\n\
         # What you choose on the pages stays active until then.\n\n{keys}"
    );
    // Nothing is sent before somebody has seen the first invoice on the setup page.
    text = set(&text, "posting", "\"shadow\"");
    text = set(&text, "orders_from", &content.first_day);
    text.push_str(
        "# \"off\", \"inclusive\" (prices include PPN) or \"exclusive\" (PPN is added to the prices).\n[tax]\nmode = \"off\"\n\n\
         # Amount category → account number in Accurate. Invoices need the one for shipping that buyers pay to the \
         seller.\n[accounts]\n",
    );
    let Answers { stores, shipping_account, branch, payment_term, warehouses } = &content.mapping;
    match shipping_account.as_str() {
        "" => text.push_str("# shipping = \"700101\"\n"),
        account => text.extend(["shipping = ", &quoted(account), "\n"]),
    }
    text.push_str(
        "\n# Forstok's warehouse id → warehouse name in Accurate. Without this table no warehouse is sent.\n",
    );
    if warehouses.is_empty() {
        text.push_str("# [warehouses]\n# \"834\" = \"Utama\"\n");
    } else {
        text.push_str("[warehouses]\n");
        for (id, name) in warehouses {
            text.extend([&quoted(id), " = ", &quoted(name), "\n"]);
        }
    }
    text.push_str(
        "\n# SKU in Forstok → item number in Accurate. List only those that differ.\n[skus]\n\n\
         # One table for each store, by Forstok's store id. An empty table is enough.\n",
    );
    if stores.is_empty() {
        text.push_str("# [stores.\"8277\"]\n# branch = \"Kantor Pusat\"\n");
    }
    for store in stores {
        text.extend(["[stores.", &quoted(&store.id), "]\n"]);
        let values = [
            ("customer_no", &store.customer_no),
            ("branch", branch),
            ("payment_term", payment_term),
            ("bank_account", &store.bank_account),
        ];
        for (key, value) in values.into_iter().filter(|(_, value)| !value.is_empty()) {
            text.extend([key, " = ", &quoted(value), "\n"]);
        }
        text.push('\n');
    }
    text.trim_end().to_owned() + "\n"
}

/// The text with another value for the first line of this key, whether it is a comment or not.
fn set(text: &str, key: &str, value: &str) -> String {
    let mut is_set = false;
    let lines = text.lines().map(|line| {
        let names_it = line.trim_start_matches("# ").split_once('=').is_some_and(|(name, _)| name.trim_end() == key);
        if is_set || !names_it {
            return line.to_owned();
        }
        is_set = true;
        format!("{key} = {value}")
    });
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

fn quoted(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::init::mapping::Store;
    use crate::domain::mapping::{Mapping, PostingMode};

    fn content() -> Content {
        Content {
            listen: "0.0.0.0:8080".to_owned(),
            public_url: "https://books.example.com".to_owned(),
            database: "sqlite:///data/orders.db".to_owned(),
            account_url: "https://account.accurate.id".to_owned(),
            operator_token: "token-of-\"the\"-operator".into(),
            webhook_key: "key-of-the-webhook".into(),
            credentials: Credentials {
                api_token: "token-of-accurate".into(),
                signature_secret: "secret-of-accurate".into(),
            },
            first_day: "2026-12-01".to_owned(),
            mapping: Answers {
                stores: vec![
                    Store { id: "8277".to_owned(), ..Store::default() },
                    Store {
                        id: "7600".to_owned(),
                        customer_no: "TOKPED-JKT".to_owned(),
                        bank_account: "110103".to_owned(),
                    },
                ],
                shipping_account: "700101".to_owned(),
                branch: "Kantor \"Pusat\"".to_owned(),
                payment_term: "Net 7".to_owned(),
                warehouses: [("834".to_owned(), "Utama".to_owned())].into(),
            },
        }
    }

    #[test]
    fn the_settings_keep_the_comments_and_are_right() {
        let folder = tempfile::tempdir().expect("a folder");
        write(folder.path(), &content()).unwrap_or_else(|_| panic!("it is written"));
        let file = folder.path().join("settings.toml");
        let config = settings::load(Some(&file), []).expect("right");
        assert_eq!(config.listen.to_string(), "0.0.0.0:8080");
        assert_eq!(config.operator_token.expect("there is one").expose_secret(), "token-of-\"the\"-operator");
        assert_eq!(config.public_url.expect("there is one").as_str(), "https://books.example.com/");
        assert_eq!(config.database.to_string(), "/data/orders.db");
        assert_eq!(config.books["main"].signature_secret.expose_secret(), "secret-of-accurate");
        let text = fs::read_to_string(&file).expect("readable");
        let comments = |text: &str| text.lines().filter(|line| line.starts_with('#')).count();
        assert!(comments(&text) + 15 > comments(SETTINGS), "comments were lost:\n{text}");
        assert!(!text.contains("= \"change-me") || text.contains("# token = \"change-me"), "{text}");
        assert_eq!(fs::metadata(&file).expect("it is there").permissions().mode() & 0o777, 0o600);
        let left: Vec<_> =
            fs::read_dir(folder.path()).expect("a folder").flatten().map(|entry| entry.file_name()).collect();
        assert_eq!(left.len(), 2, "{left:?}");
    }

    #[test]
    fn the_mapping_has_what_was_answered_and_no_example() {
        let text = mapping_text(&content());
        let mapping = Mapping::parse("mapping.toml", &text).expect("right");
        assert_eq!(mapping.orders_from.map(|day| day.to_string()).as_deref(), Some("2026-12-01"));
        assert_eq!(mapping.stores.len(), 2);
        let [first, second] = [&mapping.stores["8277"], &mapping.stores["7600"]];
        for store in [first, second] {
            let both = (store.branch.as_deref(), store.payment_term.as_deref());
            assert_eq!(both, (Some("Kantor \"Pusat\""), Some("Net 7")));
        }
        assert_eq!((&first.customer_no, &first.bank_account), (&None, &None));
        let own = (second.customer_no.as_deref(), second.bank_account.as_deref());
        assert_eq!(own, (Some("TOKPED-JKT"), Some("110103")));
        assert_eq!(mapping.warehouses, Some([("834".to_owned(), "Utama".to_owned())].into()));
        assert_eq!(mapping.accounts["shipping"], "700101");
        assert_eq!(mapping.posting, PostingMode::Shadow, "nothing is sent before the switch");
        assert!(mapping.skus.is_empty(), "{text}");
        let nothing = Content { mapping: Answers::default(), ..content() };
        let mapping = Mapping::parse("mapping.toml", &mapping_text(&nothing)).expect("right");
        assert!(mapping.stores.is_empty() && mapping.accounts.is_empty() && mapping.warehouses.is_none());
    }
}
