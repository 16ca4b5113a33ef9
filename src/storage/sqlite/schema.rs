//! The file's schema and its migrations.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::{Result, connection::number, file::refused};
use crate::storage::remedy;

macro_rules! migrations {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("../../../migrations/sqlite/", $name, ".sql")))),+]
    };
}

/// All migrations; the file's `user_version` counts those that were applied.
const MIGRATIONS: &[(&str, &str)] = migrations!["0001_first"];

/// The error for a file of the first version.
const OF_0_1: &str = "it was made by version 0.1.0, whose files this version cannot open: move it away and start again \
    with a new file; orders that Forstok sends again find their invoices by number";

/// The error for any other file that contains tables.
const FOREIGN: &str = "it holds tables that forstok-accurate did not make; move the file away, or correct database.url";

/// How a file's schema compares with this version's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Age {
    /// The service migrates it at its next start.
    Older,
    /// Both are the same.
    Now,
    /// A newer version has added to it.
    Newer,
    /// A newer version has changed it in such a way that a program must know this many migrations.
    Incompatible(i64),
}

/// The age of a file created by this program.
pub(super) fn age(connection: &Connection) -> Result<Age> {
    age_by(connection, MIGRATIONS.len())
}

fn age_by(connection: &Connection, known: usize) -> Result<Age> {
    Ok(match version(connection)? {
        has if has < known => Age::Older,
        has if has == known => Age::Now,
        _ => match number(connection, "SELECT needs FROM compatibility")? {
            needs if needs > known as i64 => Age::Incompatible(needs),
            _ => Age::Newer,
        },
    })
}

/// The error for a file that only a newer version can use.
pub(super) fn incompatible(needs: i64) -> String {
    remedy::incompatible(needs, MIGRATIONS.len() as i64)
}

/// Checks that this version can use the file; returns whether all its migrations were applied.
pub(super) fn is_current(path: &Path, connection: &Connection) -> Result<bool> {
    match age(connection)? {
        Age::Older => Ok(false),
        Age::Now | Age::Newer => Ok(true),
        Age::Incompatible(needs) => Err(refused(path, &incompatible(needs))),
    }
}

/// Checks that the tables, if there are any, belong to this program.
pub(super) fn is_ours(path: &Path, connection: &Connection) -> Result<()> {
    if version(connection)? > 0 || number(connection, "SELECT COUNT(*) FROM sqlite_master")? == 0 {
        return Ok(());
    }
    let of_0_1 = number(connection, "SELECT COUNT(*) FROM sqlite_master WHERE name = '_sqlx_migrations'")? > 0;
    Err(refused(path, &if of_0_1 { OF_0_1 } else { FOREIGN }))
}

/// Applies all missing migrations in one transaction.
pub(super) fn migrate(path: &Path, connection: &mut Connection) -> Result<()> {
    if version(connection)? > 0 && is_current(path, connection)? {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    is_ours(path, &transaction)?;
    apply(&transaction, MIGRATIONS)?;
    Ok(transaction.commit()?)
}

/// Applies missing migrations, in a transaction that the caller commits.
fn apply(transaction: &Connection, migrations: &[(&str, &str)]) -> Result<()> {
    let has = version(transaction)?;
    for (_, migration) in migrations.iter().skip(has) {
        transaction.execute_batch(migration)?;
    }
    Ok(transaction.pragma_update(None, "user_version", migrations.len().max(has) as i64)?)
}

/// The number of migrations that were applied to the file.
pub(super) fn version(connection: &Connection) -> Result<usize> {
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

    /// A database with the current schema and one row.
    fn a_file() -> Connection {
        let mut connection = Connection::open_in_memory().expect("there is memory");
        migrate(Path::new("orders.db"), &mut connection).expect("made");
        connection.execute_batch("INSERT INTO stores VALUES ('8277', 'Toko Baju', 'Shopee')").expect("written");
        connection
    }

    /// Does what the next version does at startup.
    fn upgrade(connection: &mut Connection, sql: &str) -> Result<()> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        apply(&transaction, &[MIGRATIONS, &[("0002_next", sql)]].concat())?;
        Ok(transaction.commit()?)
    }

    #[test]
    fn a_file_that_a_newer_version_has_added_to_is_still_used() {
        let mut connection = a_file();
        upgrade(&mut connection, "ALTER TABLE stores ADD COLUMN city TEXT NOT NULL DEFAULT ''").expect("it only adds");
        assert_eq!(version(&connection).expect("readable"), MIGRATIONS.len() + 1);
        assert_eq!(age(&connection).expect("readable"), Age::Newer);
        migrate(Path::new("orders.db"), &mut connection).expect("this version starts on it");
        assert_eq!(version(&connection).expect("readable"), MIGRATIONS.len() + 1, "and leaves it as it is");
    }

    #[test]
    fn a_file_that_needs_a_newer_version_is_refused_and_says_what_to_do() {
        let mut connection = a_file();
        upgrade(&mut connection, "ALTER TABLE stores RENAME TO shops; UPDATE compatibility SET needs = 2")
            .expect("run");
        let refused = migrate(Path::new("orders.db"), &mut connection).expect_err("this version cannot use it");
        let words = refused.to_string();
        assert!(
            words.contains("needs schema 2, this version knows 1") && words.contains("install the newer"),
            "{words}"
        );
    }

    #[test]
    fn a_migration_that_fails_leaves_the_file_as_it_was() {
        let mut connection = a_file();
        let sql = "ALTER TABLE stores ADD COLUMN city TEXT; DELETE FROM stores; CREATE TABLE stores (a)";
        upgrade(&mut connection, sql).expect_err("the table is there already");
        assert_eq!(age(&connection).expect("readable"), Age::Now);
        migrate(Path::new("orders.db"), &mut connection).expect("this version starts on it");
        let stores = number(&connection, "SELECT COUNT(*) FROM stores").expect("readable");
        let columns = number(&connection, "SELECT COUNT(*) FROM pragma_table_info('stores')").expect("readable");
        assert_eq!((stores, columns), (1, 3));
    }

    #[test]
    fn every_migration_is_listed() {
        let listed: Vec<_> = MIGRATIONS.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(listed, crate::storage::migration_files("sqlite"));
    }
}
