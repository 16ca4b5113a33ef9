//! Verifies a database file: that it is not damaged, and that its tables are consistent with each other.

use std::{fs::File, io::Read, path::Path};

use rusqlite::Connection;

use super::{
    Result, StorageError, access_to_read, connect,
    file::{refused, refused_by, remedy_of_damage},
    in_place, number,
    schema::{self, Age},
};
use crate::storage::{State, remedy};

/// How many of SQLite's own findings are reported: a damaged file has thousands.
const MOST_FINDINGS: usize = 10;

/// The contents of a database, counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Orders in any state.
    pub orders: i64,
    /// Invoices that exist.
    pub invoices: i64,
    /// Sales receipts that exist.
    pub receipts: i64,
    /// Sales returns that exist.
    pub returns: i64,
    /// Size of the file, in bytes.
    pub bytes: u64,
}

impl Held {
    pub(super) fn by(path: &Path, connection: &Connection) -> Result<Self> {
        let documents = |kind: &str| {
            let exist = "SELECT COUNT(*) FROM documents WHERE accurate_id IS NOT NULL AND state <> 'gone' AND kind =";
            number(connection, &format!("{exist} '{kind}'"))
        };
        let invoices = "SELECT COUNT(*) FROM orders WHERE invoice_id IS NOT NULL AND state <> 'voided'";
        Ok(Self {
            orders: number(connection, "SELECT COUNT(*) FROM orders")?,
            invoices: number(connection, invoices)?,
            receipts: documents("receipt")?,
            returns: documents("return")?,
            bytes: std::fs::metadata(path).map_err(|error| refused(path, &error))?.len(),
        })
    }
}

/// What was found in a database file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The number of migrations that were applied to the file.
    pub schema: usize,
    /// A remark if the file was written by an earlier or a newer version of the program.
    pub note: Option<&'static str>,
    /// The file's contents; `None` if they cannot be counted.
    pub held: Option<Held>,
    /// The problems, one sentence each; empty if there are none.
    pub problems: Vec<String>,
    /// What to do, if the file is damaged.
    pub remedy: Option<&'static str>,
}

/// Reads a whole database file and reports its problems; changes nothing.
pub async fn verify(path: &Path) -> Result<Verified> {
    in_place(|| {
        can_be_a_database(path)?;
        verified(path).map_err(|error| match error {
            StorageError::Sqlite(error) if remedy::is_damage(&error) => {
                refused(path, &format!("{error}; {}", remedy_of_damage(path)))
            }
            error => refused_by(path, error),
        })
    })
}

/// The first bytes of every SQLite file.
const BEGINNING: &[u8] = b"SQLite format 3\0";

/// Refuses a file that is not a database, which a person named by mistake: the advice for a damaged one would mislead.
fn can_be_a_database(path: &Path) -> Result<()> {
    let no = |why: &str| Err(refused(path, &why));
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return no("there is no such file; name the file that `store backup` wrote");
        }
        Err(error) => return Err(refused(path, &error)),
    };
    if !file.metadata().is_ok_and(|metadata| metadata.is_file()) {
        return no("it is not a file; name the file that `store backup` wrote");
    }
    let mut beginning = [0; BEGINNING.len()];
    match file.read_exact(&mut beginning) {
        Ok(()) if beginning == BEGINNING => Ok(()),
        _ => no("the file is not a database; name the file that `store backup` wrote"),
    }
}

fn verified(path: &Path) -> Result<Verified> {
    let connection = connect(path, access_to_read(path))?;
    schema::is_ours(path, &connection)?;
    let schema = schema::version(&connection)?;
    let mut problems = findings_of_sqlite(&connection)?;
    let remedy = (!problems.is_empty()).then(|| remedy_of_damage(path));
    let age = schema::age(&connection)?;
    let note = match age {
        Age::Older => Some("an earlier version's; the next start of the service brings it up to date"),
        Age::Now => None,
        Age::Newer => Some("a newer version's, which this version can work with"),
        Age::Incompatible(needs) => {
            problems.push(schema::incompatible(needs));
            None
        }
    };
    // The rules apply only to a file that is not damaged, and not to the tables of an earlier version.
    if problems.is_empty() && age != Age::Older {
        for rule in rules() {
            let count = number(&connection, &rule.violations)?;
            if count > 0 {
                problems.push(format!("{}: {count}", rule.what));
            }
        }
    }
    let held = Held::by(path, &connection);
    let held = if problems.is_empty() { Some(held?) } else { held.ok() };
    Ok(Verified { schema, note, held, problems, remedy })
}

fn findings_of_sqlite(connection: &Connection) -> Result<Vec<String>> {
    let checked = || -> rusqlite::Result<Vec<String>> {
        let mut statement = connection.prepare(&format!("PRAGMA integrity_check({MOST_FINDINGS})"))?;
        statement.query_map([], |row| row.get(0))?.collect()
    };
    match checked() {
        Ok(found) if found == ["ok"] => Ok(Vec::new()),
        Ok(found) => Ok(found.iter().map(|finding| format!("damaged: {}", finding.replace('\n', " "))).collect()),
        Err(error) if remedy::is_damage(&error) => Ok(vec![format!("damaged: {error}")]),
        Err(error) => Err(error.into()),
    }
}

/// An invariant of the database, which every commit preserves.
struct Rule {
    what: String,
    /// Counts the rows that violate it.
    violations: String,
}

fn rules() -> Vec<Rule> {
    let rule = |what: &str, violations: &str| Rule { what: what.to_owned(), violations: violations.to_owned() };
    let states = State::ALL.map(|state| format!("'{}'", state.as_str())).join(", ");
    vec![
        rule("orders in an unknown state", &format!("SELECT COUNT(*) FROM orders WHERE state NOT IN ({states})")),
        rule(
            "orders whose newest webhook is missing",
            "SELECT COUNT(*) FROM orders o WHERE NOT EXISTS (SELECT 1 FROM deliveries WHERE id = o.latest_delivery)",
        ),
        rule(
            "webhooks to be processed that are missing",
            "SELECT COUNT(*) FROM unfolded WHERE delivery NOT IN (SELECT id FROM deliveries)",
        ),
        rule(
            "documents of unknown orders",
            "SELECT COUNT(*) FROM documents WHERE order_id NOT IN (SELECT order_id FROM orders)",
        ),
        rule(
            "invoiced orders without their invoice",
            "SELECT COUNT(*) FROM orders o WHERE state = 'invoiced' AND NOT EXISTS (
                 SELECT 1 FROM documents d WHERE d.order_id = o.order_id AND d.kind = 'invoice'
                     AND d.accurate_id = o.invoice_id AND d.state <> 'gone')",
        ),
        rule(
            "documents that exist without an id in Accurate",
            "SELECT COUNT(*) FROM documents WHERE state = 'exists' AND accurate_id IS NULL",
        ),
        rule(
            "orders and documents that cannot be read",
            "SELECT (SELECT COUNT(*) FROM orders WHERE NOT json_valid(history)) +
                    (SELECT COUNT(*) FROM documents WHERE NOT json_valid(draft))",
        ),
        rule("identities other than one", "SELECT COUNT(*) <> 1 FROM identity"),
        counted("delivery_counts", "what", "n, n", "'unreadable', 1, 1 FROM deliveries WHERE order_id = ''"),
        counted(
            "order_counts",
            "state, reason, store_id",
            "n, total",
            "state, reason, store_id, 1, amount FROM orders",
        ),
        counted(
            "cause_counts",
            "reason, subject",
            "n, total",
            "reason, subject, 1, amount FROM orders WHERE state = 'blocked'",
        ),
        counted(
            "day_counts",
            "kind, day, store_id, state",
            "n, total",
            "'ordered', (COALESCE(ordered_at, created_at) + 25200000000) / 86400000000, store_id, state, 1, amount
                 FROM orders
             UNION ALL SELECT 'received', (created_at + 25200000000) / 86400000000, store_id, state, 1, amount
                 FROM orders
             UNION ALL SELECT 'invoiced', (invoiced_at + 25200000000) / 86400000000, store_id, state, 1, amount
                 FROM orders WHERE invoiced_at IS NOT NULL",
        ),
        counted("warning_counts", "warning", "n, open", "warning, 1, open FROM order_warnings"),
        counted(
            "shadow_counts",
            "what",
            "n, total",
            "result, 1, total FROM shadow_orders UNION ALL SELECT kind, 1, total FROM shadow_differences",
        ),
        counted(
            "settlement_counts",
            "kind, state, reason, waits",
            "n, total",
            "kind, state, reason, waits, 1, COALESCE(amount, 0) FROM settlement_rows",
        ),
        counted(
            "owing",
            "order_id, store_id",
            "0, hundredths",
            "o.order_id, o.store_id, 0, CASE d.kind WHEN 'invoice' THEN d.amount ELSE -d.amount END
                 FROM documents d JOIN orders o ON o.order_id = d.order_id
                 WHERE d.accurate_id IS NOT NULL AND d.state <> 'gone'
             UNION ALL SELECT o.order_id, o.store_id, 0, -r.settles
                 FROM settlement_rows r JOIN orders o ON o.order_id = r.order_id",
        ),
        counted(
            "receivables",
            "store_id",
            "n, total",
            "store_id, 0, MAX(hundredths, 0) FROM owing
             UNION ALL SELECT o.store_id, r.kind = 'payout', 0
                 FROM settlement_rows r JOIN orders o ON o.order_id = r.order_id",
        ),
        counted("finding_counts", "class, state", "n, n", "class, state, 1, 1 FROM findings"),
    ]
}

/// The rule that a table of counts and sums agrees with the rows that it counts.
fn counted(table: &str, key: &str, sums: &str, rows: &str) -> Rule {
    let (n, total) = sums.split_once(", ").expect("two sums are given");
    let columns = key.split(", ").count();
    let names: Vec<_> = (1..=columns).map(|nth| format!("k{nth}")).collect();
    let (names, both) = (names.join(", "), names.join(", ") + ", n, total");
    Rule {
        what: format!("counts or sums that differ from their rows, in {table}"),
        violations: format!(
            "WITH counted ({both}) AS (SELECT {key}, {n}, {total} FROM {table}), rows ({both}) AS (SELECT {rows}),
                  summed AS (SELECT {names}, SUM(n) AS n, SUM(total) AS total FROM rows GROUP BY {names})
             SELECT COUNT(*) FROM (
                 SELECT {names}, SUM(n) AS n, SUM(total) AS total
                 FROM (SELECT {both} FROM counted UNION ALL SELECT {names}, -n, -total FROM summed)
                 GROUP BY {names})
             WHERE n <> 0 OR total <> 0"
        ),
    }
}
