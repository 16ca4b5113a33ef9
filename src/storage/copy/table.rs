//! Tables as both databases have them, and rows that can be compared.

use std::collections::HashMap;

use sqlx::{Row, postgres::PgRow};

use crate::storage::Result;

/// A table that is copied.
pub(super) struct Table {
    pub(super) name: &'static str,
    /// The columns that identify and order its rows; both databases compare texts by their bytes.
    pub(super) key: &'static [&'static str],
    /// Rows that are compared at once; few where they are large.
    pub(super) at_once: i64,
}

const fn table(name: &'static str, key: &'static [&'static str], at_once: i64) -> Table {
    Table { name, key, at_once }
}

/// All that is history, and the lists of Accurate.
pub(super) const TABLES: &[Table] = &[
    table("mappings", &["revision"], 100),
    table("deliveries", &["id"], 100),
    table("unfolded", &["delivery"], 2_000),
    table("orders", &["id"], 1_000),
    table("documents", &["id"], 1_000),
    // Behind the orders, whose triggers write some of them.
    table("order_warnings", &["warning", "id"], 2_000),
    table("order_terms", &["term", "id"], 2_000),
    table("stores", &["store_id"], 2_000),
    table("seen_skus", &["sku"], 2_000),
    table("seen_sku_stores", &["sku", "store_id"], 2_000),
    table("seen_warehouses", &["warehouse_id", "store_id"], 2_000),
    table("timeline", &["order_id", "seq"], 2_000),
    table("settlement_rows", &["id"], 1_000),
    table("fee_kinds", &["source", "name"], 2_000),
    table("payout_lines", &["source", "mark", "row_id"], 2_000),
    // Behind everything whose triggers write it.
    table("unsettled", &["order_id"], 2_000),
    table("owing", &["order_id"], 2_000),
    table("shadow_orders", &["order_id"], 2_000),
    table("shadow_differences", &["id"], 2_000),
    table("reconciliations", &["id"], 1_000),
    table("reconciled_books", &["id"], 1_000),
    table("listed_invoices", &["part", "id"], 2_000),
    table("asked_orders", &["part", "order_id"], 2_000),
    table("hints", &["book", "document"], 2_000),
    table("change_readings", &["book"], 100),
    table("accurate_webhooks", &["book"], 100),
    table("findings", &["id"], 1_000),
    table("reconciled_days", &["day", "store_id", "book"], 2_000),
    table("compared_days", &["day", "book"], 2_000),
    table("rechecks", &["book", "subject"], 2_000),
    table("kept_bodies", &["delivery"], 2_000),
    table("cleared_up_to", &["id"], 1),
    table("import_columns", &["headings"], 100),
    table("backfill", &["id"], 1),
    table("master_lists", &["number"], 100),
    table("masters", &["list", "half", "id"], 2_000),
    table("notices", &["id"], 1_000),
    table("told", &["id"], 1),
    table("restores", &["at"], 100),
];

/// What the triggers count. It is not copied but must come out the same.
pub(super) const COUNTED: &[Table] = &[
    table("delivery_counts", &["what"], 0),
    table("order_counts", &["state", "reason", "store_id"], 0),
    table("cause_counts", &["reason", "subject"], 0),
    table("day_counts", &["kind", "day", "store_id", "state"], 0),
    table("warning_counts", &["warning"], 0),
    table("shadow_counts", &["what"], 0),
    table("finding_counts", &["class", "state"], 0),
    table("settlement_counts", &["kind", "state", "reason", "waits"], 0),
    table("receivables", &["store_id"], 0),
];

/// What stays behind: the write probe, who leads which book, who is signed in, the database's own identity, and which
/// programs its schema is for.
#[cfg(test)]
const LEFT_BEHIND: &[&str] = &["write_probe", "sessions", "identity", "compatibility"];

/// The columns of a table, those of its key first.
pub(super) struct Columns {
    pub(super) names: Vec<String>,
    pub(super) kinds: Vec<Kind>,
    /// How many of them are the key.
    pub(super) key: usize,
}

impl Columns {
    /// From the names and types that SQLite gives, in any order.
    pub(super) fn of(table: &Table, mut columns: Vec<(String, Kind)>) -> Self {
        let place = |name: &str| table.key.iter().position(|key| *key == name).unwrap_or(table.key.len());
        columns.sort_by_key(|(name, _)| place(name));
        let (names, kinds) = columns.into_iter().unzip();
        Self { names, kinds, key: table.key.len() }
    }

    pub(super) fn list(&self) -> String {
        self.names.join(", ")
    }

    /// `(a, b)`, for comparing.
    pub(super) fn key_list(&self) -> String {
        format!("({})", self.names[..self.key].join(", "))
    }
}

/// What a column holds, as both databases understand it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Number,
    Text,
    Bytes,
}

impl Kind {
    /// From SQLite's type of a column of a strict table.
    pub(super) fn parse(word: &str) -> Self {
        match word {
            "INTEGER" => Self::Number,
            "TEXT" => Self::Text,
            _ => Self::Bytes,
        }
    }

    /// PostgreSQL's word.
    pub(super) fn of_postgres(self) -> &'static str {
        match self {
            Self::Number => "bigint",
            Self::Text => "text",
            Self::Bytes => "bytea",
        }
    }
}

/// One value of a row.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Cell {
    Number(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
}

/// A row; the cells of its key come first.
pub(super) type Cells = Vec<Cell>;

/// Rows that follow each other: those behind one key, up to another; without that, all that follow.
pub(super) struct Piece<'a> {
    pub(super) table: &'static Table,
    pub(super) columns: &'a Columns,
    /// Empty for the first.
    pub(super) last: Cells,
    pub(super) upto: Option<Cells>,
}

/// In what a piece of the target differs from the source.
pub(super) struct Differences {
    /// Rows that are new in the source, or not the same.
    pub(super) rows: Vec<Cells>,
    /// Keys of rows that are not in the source any more.
    pub(super) gone: Vec<Cells>,
}

impl Differences {
    /// The first columns, so many, are the key.
    pub(super) fn between(there: &[Cells], here: Vec<Cells>, key: usize) -> Self {
        let mut here: HashMap<_, _> = here.into_iter().map(|row| (row[..key].to_vec(), row)).collect();
        let differs = |row: &&Cells| here.remove(&row[..key]).as_ref() != Some(*row);
        let rows = there.iter().filter(differs).cloned().collect();
        Self { rows, gone: here.into_keys().collect() }
    }

    pub(super) fn count(&self) -> u64 {
        (self.rows.len() + self.gone.len()) as u64
    }
}

/// Reads a row of PostgreSQL.
pub(super) fn cells(row: &PgRow, columns: &Columns) -> Result<Cells> {
    let cell = |(place, kind): (usize, &Kind)| {
        Ok(match kind {
            Kind::Number => Cell::Number(row.try_get(place)?),
            Kind::Text => Cell::Text(row.try_get(place)?),
            Kind::Bytes => Cell::Bytes(row.try_get(place)?),
        })
    };
    columns.kinds.iter().enumerate().map(cell).collect()
}

impl Cell {
    pub(super) fn number(self) -> Option<i64> {
        if let Self::Number(number) = self { number } else { None }
    }

    pub(super) fn text(self) -> Option<String> {
        if let Self::Text(text) = self { text } else { None }
    }

    pub(super) fn bytes(self) -> Option<Vec<u8>> {
        if let Self::Bytes(bytes) = self { bytes } else { None }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_table_is_copied_counted_or_left_behind_on_purpose() {
        let schema = include_str!("../../../migrations/sqlite/0001_first.sql");
        let names = schema.lines().filter_map(|line| line.strip_prefix("CREATE TABLE "));
        let schema: BTreeSet<_> = names.filter_map(|rest| rest.split_whitespace().next()).collect();
        let listed = TABLES.iter().chain(COUNTED).map(|table| table.name).chain(LEFT_BEHIND.iter().copied());
        assert_eq!(schema, listed.collect());
    }
}
