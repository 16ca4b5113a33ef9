//! What Accurate lists, as choices for the fields of the mapping page.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::{
    domain::{
        ids::BookName,
        masters::{Master, MasterKind},
    },
    http::App,
    storage::{self, MasterSearch},
};

/// Longer lists are not sent with the page; the browser asks for what matches instead.
const MOST_INLINE: i64 = 300;

/// The lists that the page needs, of each Accurate database.
const KINDS: [MasterKind; 5] =
    [MasterKind::Accounts, MasterKind::Warehouses, MasterKind::Branches, MasterKind::Terms, MasterKind::Customers];

/// The lists of all Accurate databases.
#[derive(Clone, Debug, Default)]
pub(super) struct Lists(BTreeMap<(BookName, MasterKind), List>);

/// One list.
#[derive(Clone, Debug)]
pub(super) struct List {
    /// When it was read.
    pub(super) read_at: Timestamp,
    /// Its rows, or the first of them.
    pub(super) rows: Vec<Master>,
    /// Whether these are all rows.
    pub(super) is_whole: bool,
}

impl Lists {
    /// The lists as they were read last; one that was never read is left out.
    pub(super) async fn read(app: &App) -> storage::Result<Self> {
        let storage = app.engine.storage();
        let mut lists = BTreeMap::new();
        for book in app.engine.books() {
            let known = storage.master_lists(&book.name).await?;
            for kind in KINDS {
                let Some(read_at) = known.iter().find(|list| list.kind == kind).and_then(|list| list.read_at) else {
                    continue;
                };
                let search = MasterSearch { limit: MOST_INLINE + 1, ..MasterSearch::default() };
                let mut rows = storage.masters(&book.name, kind, &search).await?.unwrap_or_default();
                let is_whole = rows.len() as i64 <= MOST_INLINE;
                rows.truncate(MOST_INLINE as usize);
                lists.insert((book.name.clone(), kind), List { read_at, rows, is_whole });
            }
        }
        Ok(Self(lists))
    }

    pub(super) fn of(&self, book: &BookName, kind: MasterKind) -> Option<&List> {
        self.0.get(&(book.to_owned(), kind))
    }

    /// The oldest reading.
    pub(super) fn read_at(&self) -> Option<Timestamp> {
        self.0.values().map(|list| list.read_at).min()
    }
}

impl List {
    /// The row with this number or, in lists without numbers, with this name.
    pub(super) fn row(&self, value: &str) -> Option<&Master> {
        self.rows.iter().find(|row| value_of(row) == value)
    }
}

/// What the mapping holds of a row: its number, or its name in lists without numbers.
pub(super) fn value_of(row: &Master) -> &str {
    if row.no.is_empty() { &row.name } else { &row.no }
}
