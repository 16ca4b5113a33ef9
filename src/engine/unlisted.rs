//! Values of a mapping that Accurate does not list.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use toml::{Table, Value};

use super::Engine;
use crate::{
    domain::{
        ids::BookName,
        mapping::DEFAULT_BOOK,
        masters::{AccountType, Master, MasterKind},
        toml_text::{Problem, nearness, path_within},
    },
    storage::{MasterSearch, Result},
};

/// Rows that are compared with a value to find the nearest.
const MOST_COMPARED: i64 = 300;

/// The texts of a store that must be in a list. A missing customer can be created.
const TEXTS: [(&str, MasterKind); 3] =
    [("branch", MasterKind::Branches), ("bank_account", MasterKind::Accounts), ("payment_term", MasterKind::Terms)];

/// The tables, of all stores and of a single one, whose values must be in a list.
const TABLES: [(&str, MasterKind); 2] = [("accounts", MasterKind::Accounts), ("warehouses", MasterKind::Warehouses)];

/// A value that Accurate does not list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unlisted {
    /// Its key, for example `stores."8277".branch`.
    pub key: String,
    /// The value.
    pub value: String,
    /// The Accurate database.
    pub book: BookName,
    /// Its list.
    pub kind: MasterKind,
    /// When the list was read.
    pub read_at: Timestamp,
    /// The row whose number or name resembles the value most.
    pub nearest: Option<Master>,
}

impl Unlisted {
    /// As an error of the mapping.
    pub fn problem(&self) -> Problem {
        let meant = match &self.nearest {
            Some(row) if row.no.is_empty() => format!("did you mean {:?}? Otherwise, ", row.name),
            Some(row) => format!("did you mean {:?} ({})? Otherwise, ", row.no, row.name),
            None => String::new(),
        };
        let refresh = format!("POST /v1/books/{}/masters/{}/refresh", self.book, self.kind.as_str());
        let remedy = format!("{meant}if it was created there just now, read the list again ({refresh})");
        let remedy = format!("is not in Accurate (list read at {}); {remedy}", self.read_at);
        Problem { key: self.key.clone(), value: Some(format!("{:?}", self.value)), remedy }
    }
}

/// A value that is chosen from a list.
struct Chosen {
    book: BookName,
    kind: MasterKind,
    /// The last part of its key.
    of: String,
    value: String,
}

impl Engine {
    /// The values of a mapping document that differ from those before and that Accurate does not list. A list that was
    /// never read says nothing.
    pub async fn unlisted(&self, before: &Table, document: &Table) -> Result<Vec<Unlisted>> {
        let first_book = self.books().into_iter().next().map_or_else(|| DEFAULT_BOOK.clone(), |book| book.name);
        let before = chosen(before, &first_book);
        let is_new = |(key, one): &(String, Chosen)| {
            before.get(key).is_none_or(|before| (&before.value, &before.book) != (&one.value, &one.book))
        };
        let mut unlisted = Vec::new();
        let mut read = BTreeMap::new();
        for (key, one) in chosen(document, &first_book).into_iter().filter(is_new) {
            let Chosen { book, kind, of, value } = one;
            if !read.contains_key(&book) {
                read.insert(book.clone(), self.storage.master_lists(&book).await?);
            }
            let list = read[&book].iter().find(|list| list.kind == kind);
            let Some(read_at) = list.and_then(|list| list.read_at) else { continue };
            let named = self.storage.masters_named(&book, kind, &BTreeSet::from([value.clone()])).await?;
            if !named.iter().any(|row| row.value() == value) {
                let of_type = if kind == MasterKind::Accounts { AccountType::fitting(&of).code() } else { "" };
                let rows = MasterSearch {
                    limit: MOST_COMPARED,
                    of_type: of_type.to_owned(),
                    is_active: true,
                    ..MasterSearch::default()
                };
                let rows = self.storage.masters(&book, kind, &rows).await?.unwrap_or_default();
                let nearest = nearest(&value, rows);
                unlisted.push(Unlisted { key, value, book, kind, read_at, nearest });
            }
        }
        Ok(unlisted)
    }
}

/// All values of a document that are chosen from lists, by their keys. Those of no store are from the first Accurate
/// database.
fn chosen(document: &Table, first_book: &BookName) -> BTreeMap<String, Chosen> {
    let mut all = BTreeMap::new();
    let mut add = |section: &str, of: &str, book: &BookName, kind, value: &Value| {
        if let Some(value) = value.as_str().map(str::trim).filter(|value| !value.is_empty()) {
            let one = Chosen { book: book.clone(), kind, of: of.to_owned(), value: value.to_owned() };
            all.insert(path_within(section, of), one);
        }
    };
    for (table, kind) in TABLES {
        for (of, value) in entries(document, table) {
            add(table, of, first_book, kind, value);
        }
    }
    for (id, store) in entries(document, "stores") {
        let Some(store) = store.as_table() else { continue };
        let section = path_within("stores", id);
        let named = store.get("book").and_then(Value::as_str).filter(|book| !book.is_empty());
        let book = named.map_or_else(|| DEFAULT_BOOK.clone(), BookName::from);
        for (of, kind) in TEXTS {
            if let Some(value) = store.get(of) {
                add(&section, of, &book, kind, value);
            }
        }
        for (table, kind) in TABLES {
            for (of, value) in entries(store, table) {
                add(&path_within(&section, table), of, &book, kind, value);
            }
        }
    }
    all
}

fn entries<'a>(document: &'a Table, table: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    document.get(table).and_then(Value::as_table).into_iter().flatten()
}

/// The row whose number or name resembles a text most.
fn nearest(text: &str, rows: Vec<Master>) -> Option<Master> {
    let near = rows.into_iter().filter_map(|row| {
        let of_names = [row.value(), &row.name].into_iter().filter_map(|name| nearness(text, name));
        Some((of_names.max_by(f64::total_cmp)?, row))
    });
    near.max_by(|one, other| one.0.total_cmp(&other.0)).map(|(_, row)| row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_number_and_a_name_lead_to_the_account() {
        let account = |no: &str, name: &str| Master { no: no.to_owned(), name: name.to_owned(), ..Master::default() };
        let rows = [account("110101", "Kas"), account("110102", "Saldo Shopee"), account("600101", "Biaya Admin")];
        let named = |text| nearest(text, rows.to_vec()).map(|row| row.no);
        assert_eq!(named("600110").as_deref(), Some("600101"));
        assert_eq!(named("saldo shope").as_deref(), Some("110102"));
        assert_eq!(named("9"), None);
        assert_eq!(nearest("utama", vec![account("", "Utama")]).map(|row| row.name).as_deref(), Some("Utama"));
    }
}
