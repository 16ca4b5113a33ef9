//! The tables of the file, and how they are brought up to date.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::{Result, connection::number, file::refused};

macro_rules! migrations {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("../../../migrations/sqlite/", $name, ".sql")))),+]
    };
}

/// What each version adds; the file's `user_version` says how many it has.
const MIGRATIONS: &[(&str, &str)] = migrations!["0001_first"];

/// Why a file of the first version is refused.
const OF_0_1: &str = "it was made by version 0.1.0, whose files this version cannot open: move it away and start again \
    with a new file; orders that Forstok sends again find their invoices by number";

/// Why any other file with tables in it is refused.
const FOREIGN: &str = "it holds tables that forstok-accurate did not make; move the file away, or correct database.url";

/// Whether the file has all that this version knows. A newer one may have been here: it only adds.
pub(super) fn is_of_now(connection: &Connection) -> Result<bool> {
    Ok(version(connection)? >= MIGRATIONS.len())
}

/// Makes sure that the tables, if there are any, are this program's.
pub(super) fn is_ours(path: &Path, connection: &Connection) -> Result<()> {
    if version(connection)? > 0 || number(connection, "SELECT COUNT(*) FROM sqlite_master")? == 0 {
        return Ok(());
    }
    let of_0_1 = number(connection, "SELECT COUNT(*) FROM sqlite_master WHERE name = '_sqlx_migrations'")? > 0;
    Err(refused(path, &if of_0_1 { OF_0_1 } else { FOREIGN }))
}

/// Brings the tables up to date, all at once or not at all.
pub(super) fn migrate(path: &Path, connection: &mut Connection) -> Result<()> {
    if is_of_now(connection)? {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    is_ours(path, &transaction)?;
    let has = version(&transaction)?;
    for (_, migration) in MIGRATIONS.iter().skip(has) {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "user_version", MIGRATIONS.len() as i64)?;
    Ok(transaction.commit()?)
}

fn version(connection: &Connection) -> Result<usize> {
    Ok(usize::try_from(number(connection, "PRAGMA user_version")?).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_the_first_version_or_of_another_program_is_refused_and_says_so() {
        for (table, why) in [("_sqlx_migrations", "version 0.1.0"), ("notes", "did not make")] {
            let mut connection = Connection::open_in_memory().expect("there is memory");
            connection.execute_batch(&format!("CREATE TABLE {table} (id INTEGER)")).expect("made");
            let refused = migrate(Path::new("orders.db"), &mut connection).expect_err("it is not ours");
            assert!(refused.to_string().contains(why), "{refused}");
        }
    }

    #[test]
    fn every_migration_is_listed() {
        let listed: Vec<_> = MIGRATIONS.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(listed, crate::storage::migration_files("sqlite"));
    }
}
