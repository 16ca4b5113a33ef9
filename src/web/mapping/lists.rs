//! What Accurate lists, as choices for the fields of the mapping page.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::form::{ACCOUNTS, Values, WAREHOUSES, of_own, of_store};
use crate::{
    domain::{
        ids::BookName,
        mapping::DEFAULT_BOOK,
        masters::{AccountType, Master, MasterKind},
    },
    http::App,
    storage::{self, MasterSearch, StoreName},
};

/// Longer lists are not sent with the page; the browser asks for what matches instead.
const MOST_INLINE: i64 = 300;

/// The texts of a store that are chosen from a list.
pub(super) const TEXTS_FROM_LISTS: [(&str, MasterKind); 4] = [
    ("customer_no", MasterKind::Customers),
    ("branch", MasterKind::Branches),
    ("bank_account", MasterKind::Accounts),
    ("payment_term", MasterKind::Terms),
];

/// From which list accounts and warehouses are chosen, those of all stores and those of a single one.
const ENTRIES_FROM_LISTS: [(&str, MasterKind); 2] =
    [(ACCOUNTS, MasterKind::Accounts), (WAREHOUSES, MasterKind::Warehouses)];

/// Which rows a field takes: of which list and, of accounts, of which type.
type Choices = (MasterKind, Option<AccountType>);

/// The choices that the page needs, of each Accurate database.
const CHOICES: [Choices; 7] = [
    (MasterKind::Accounts, Some(AccountType::CashAndBank)),
    (MasterKind::Accounts, Some(AccountType::OtherIncome)),
    (MasterKind::Accounts, Some(AccountType::OtherExpense)),
    (MasterKind::Warehouses, None),
    (MasterKind::Branches, None),
    (MasterKind::Terms, None),
    (MasterKind::Customers, None),
];

/// The choices from all Accurate databases.
#[derive(Clone, Debug, Default)]
pub(super) struct Lists(BTreeMap<(BookName, MasterKind, &'static str), List>);

/// The choices of some fields.
#[derive(Clone, Debug)]
pub(super) struct List {
    /// When they were read.
    pub(super) read_at: Timestamp,
    /// The active rows that fit, or the first of them.
    pub(super) rows: Vec<Master>,
    /// Whether these are all active rows that fit.
    pub(super) is_whole: bool,
    /// Rows that fields hold or that could be suggested, and that are not among the others.
    looked_up: Vec<Master>,
}

impl Lists {
    /// The lists as they were read last; one that was never read is left out. Whatever the fields hold is looked up,
    /// however long a list is.
    pub(super) async fn read(app: &App, values: &Values, stores: &[StoreName]) -> storage::Result<Self> {
        let storage = app.engine.storage();
        let mut lists = BTreeMap::new();
        let books: Vec<_> = app.engine.books().into_iter().map(|book| book.name).collect();
        let mut held = BTreeMap::<_, BTreeSet<_>>::new();
        for (book, kind, value) in fields(app, values, stores).into_values() {
            held.entry((book, kind)).or_default().insert(value);
        }
        for book in &books {
            let known = storage.master_lists(book).await?;
            for (kind, fitting) in CHOICES {
                let Some(read_at) = known.iter().find(|list| list.kind == kind).and_then(|list| list.read_at) else {
                    continue;
                };
                let of_type = fitting.map_or("", AccountType::code);
                let search = MasterSearch {
                    limit: MOST_INLINE + 1,
                    of_type: of_type.to_owned(),
                    is_active: true,
                    ..MasterSearch::default()
                };
                let mut rows = storage.masters(book, kind, &search).await?.unwrap_or_default();
                let is_whole = rows.len() as i64 <= MOST_INLINE;
                rows.truncate(MOST_INLINE as usize);
                let mut list = List { read_at, rows, is_whole, looked_up: Vec::new() };
                let missing = |value: &&String| list.row(value).is_none();
                let missing = held.get(&(book.clone(), kind)).into_iter().flatten().filter(missing).cloned().collect();
                let mut looked_up = storage.masters_named(book, kind, &missing).await?;
                if kind == MasterKind::Customers && !is_whole {
                    for store in stores.iter().filter(|store| !store.name.trim().is_empty()) {
                        let named = MasterSearch { text: store.name.clone(), ..search.clone() };
                        looked_up.extend(storage.masters(book, kind, &named).await?.unwrap_or_default());
                    }
                }
                let shown: BTreeSet<_> = list.rows.iter().map(|row| row.id).collect();
                let looked_up: BTreeMap<_, _> = looked_up.into_iter().map(|row| (row.id, row)).collect();
                list.looked_up = looked_up.into_values().filter(|row| !shown.contains(&row.id)).collect();
                lists.insert((book.clone(), kind, of_type), list);
            }
        }
        Ok(Self(lists))
    }

    /// The choices from a list and, of accounts, those of this type.
    pub(super) fn of(&self, book: &BookName, kind: MasterKind, fitting: Option<AccountType>) -> Option<&List> {
        self.0.get(&(book.to_owned(), kind, fitting.map_or("", AccountType::code)))
    }

    /// The oldest reading.
    pub(super) fn read_at(&self) -> Option<Timestamp> {
        self.0.values().map(|list| list.read_at).min()
    }
}

/// Fields that are chosen from a list and are not empty: of which Accurate database and list, and the value.
pub(super) type Fields = BTreeMap<String, (BookName, MasterKind, String)>;

/// What the fields hold. Fields that belong to no store take from the first Accurate database.
pub(super) fn fields(app: &App, values: &Values, stores: &[StoreName]) -> Fields {
    let first_book = app.engine.books().into_iter().next().map_or_else(|| DEFAULT_BOOK.clone(), |book| book.name);
    let mut fields = BTreeMap::new();
    let mut add = |name: String, book: &BookName, kind| {
        let value = values.get(&name).to_owned();
        if !value.is_empty() {
            fields.insert(name, (book.clone(), kind, value));
        }
    };
    let ids: BTreeSet<_> = values.ids("stores").chain(stores.iter().map(|store| store.id.as_str())).collect();
    for id in ids {
        let book = book_of(values, id);
        for (key, kind) in TEXTS_FROM_LISTS {
            add(of_store(id, key), &book, kind);
        }
        for (of, kind) in ENTRIES_FROM_LISTS {
            for key in values.ids(&of_store(id, of)) {
                add(of_own(id, of, key), &book, kind);
            }
        }
    }
    for (of, kind) in ENTRIES_FROM_LISTS {
        for id in values.ids(of) {
            add(format!("{of}/{id}"), &first_book, kind);
        }
    }
    fields
}

/// Which type of account fits a field, by the last part of its name.
pub(super) fn fitting(name: &str, kind: MasterKind) -> Option<AccountType> {
    (kind == MasterKind::Accounts).then(|| AccountType::fitting(name.rsplit('/').next().unwrap_or_default()))
}

/// The Accurate database of a store.
pub(super) fn book_of(values: &Values, store_id: &str) -> BookName {
    let book = Some(values.get(&of_store(store_id, "book"))).filter(|book| !book.is_empty());
    book.map_or_else(|| DEFAULT_BOOK.clone(), BookName::from)
}

impl List {
    /// The row with this number or, in lists without numbers, with this name; it may be inactive or of another type.
    pub(super) fn row(&self, value: &str) -> Option<&Master> {
        self.known().find(|row| row.value() == value)
    }

    /// All rows that are known here.
    pub(super) fn known(&self) -> impl Iterator<Item = &Master> {
        self.rows.iter().chain(&self.looked_up)
    }
}
