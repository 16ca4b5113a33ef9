//! Checks the URL of a PostgreSQL database. The URL may contain a password and is never shown.

use std::str::FromStr;

use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::PgConnectOptions;

use crate::{domain::toml_text::did_you_mean, storage::Result};

/// Parameters allowed after the `?` of a URL. The driver silently ignores all others, even a misspelt `sslmode`.
const PARAMETERS: [&str; 12] = [
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "user",
];

/// Checks the URL; the error describes the problem without showing the URL.
pub(crate) fn examine(url: &str) -> std::result::Result<(), String> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let mut keys = query.split('&').map(|pair| pair.split_once('=').map_or(pair, |(key, _)| key));
    let known = |key: &str| key.is_empty() || PARAMETERS.contains(&key) || key.starts_with("options[");
    if let Some(key) = keys.find(|key| !known(key)) {
        let hint = did_you_mean(key, &PARAMETERS);
        // The key is not shown: it may be the rest of a password with a `?` that was not written as %3F.
        let known = PARAMETERS.join(", ");
        return Err(format!(
            "has a parameter that is not known{hint} (known are {known}); write a ? in the password as %3F"
        ));
    }
    let options = PgConnectOptions::from_str(url).map_err(|_| {
        "must be postgres://user:password@host:5432/database; characters such as @ : / # in the password are \
         written as %40 %3A %2F %23; sslmode is disable, allow, prefer, require, verify-ca or verify-full"
    })?;
    if options.get_host().contains(',') {
        return Err("names several hosts: give one name that always leads to the primary".to_owned());
    }
    if options.get_database().is_none_or(str::is_empty) {
        return Err("names no database: add its name, postgres://user:password@host:5432/database".to_owned());
    }
    Ok(())
}

pub(super) fn options(url: &SecretString) -> Result<PgConnectOptions> {
    let options = PgConnectOptions::from_str(url.expose_secret())?;
    Ok(match options.get_application_name() {
        Some(_) => options,
        None => options.application_name("forstok-accurate"),
    })
}

/// The URL of a database without the password.
pub(crate) fn address_of(url: &SecretString) -> String {
    options(url).map_or_else(|_| "postgres://…".to_owned(), |options| address(&options))
}

pub(super) fn address(options: &PgConnectOptions) -> String {
    let user = options.get_username();
    let host = match options.get_socket() {
        Some(folder) => folder.display().to_string(),
        None => options.get_host().to_owned(),
    };
    format!("postgres://{user}@{host}:{}/{}", options.get_port(), options.get_database().unwrap_or_default())
}
