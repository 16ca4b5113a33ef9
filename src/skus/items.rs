//! The items of an Accurate database, as they were last read.

use jiff::Timestamp;

use crate::{
    domain::{
        ids::BookName,
        masters::{Master, MasterKind},
        matching::Item,
    },
    engine::Engine,
    storage::{MasterSearch, ReadingProgress, Result, Storage},
};

/// Most items that are compared; no seller has as many.
const MOST_ITEMS: i64 = 200_000;

/// The items of one Accurate database.
#[derive(Debug)]
pub struct ItemList {
    /// The database, by its name in the settings.
    pub book: BookName,
    /// When they were read; `None` if they never were.
    pub read_at: Option<Timestamp>,
    /// How far they are being read now.
    pub reading: Option<ReadingProgress>,
    /// The items.
    pub items: Vec<Item>,
}

impl ItemList {
    /// As storage has it.
    pub(super) async fn load(storage: &dyn Storage, book: &BookName) -> Result<Self> {
        let lists = storage.master_lists(book).await?;
        let list = lists.into_iter().find(|list| list.kind == MasterKind::Items);
        let all = MasterSearch { limit: MOST_ITEMS, ..MasterSearch::default() };
        let rows = storage.masters(book, MasterKind::Items, &all).await?.unwrap_or_default();
        Ok(Self {
            book: book.to_owned(),
            read_at: list.as_ref().and_then(|list| list.read_at),
            reading: list.and_then(|list| list.reading),
            items: rows.into_iter().map(item).collect(),
        })
    }

    /// Active items of any Accurate database whose number or name contains a text.
    pub async fn search(engine: &Engine, text: &str, limit: usize) -> Result<Vec<Item>> {
        let mut found: Vec<Item> = Vec::new();
        for book in engine.books() {
            let search = MasterSearch { text: text.to_owned(), limit: limit as i64, ..MasterSearch::default() };
            let rows = engine.storage().masters(&book.name, MasterKind::Items, &search).await?.unwrap_or_default();
            let rows = rows.into_iter().filter(|row| !row.suspended).map(item);
            for one in rows {
                if found.len() < limit && !found.iter().any(|known| known.no == one.no) {
                    found.push(one);
                }
            }
        }
        Ok(found)
    }
}

fn item(row: Master) -> Item {
    Item { no: row.no, name: row.name, suspended: row.suspended }
}
