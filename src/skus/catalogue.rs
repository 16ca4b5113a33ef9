//! Every SKU that orders contain or that the mapping names, with the item that it means.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use jiff::Timestamp;

use super::{Changes, ItemList, VARIANT};
use crate::{
    deciding::mapping::ActiveMapping,
    domain::{
        ids::BookName,
        matching::{
            Found, Item, ItemIndex,
            near::{self, Resemblance, Wanted},
            spelling::form_of,
        },
        reason::Reason,
    },
    engine::Engine,
    storage::{Result, SeenSku, SkuInStore, StorageError, Sums},
};

/// Most SKUs that are listed.
const MOST_SKUS: i64 = 100_000;

/// Most pairs of SKU and store that are read.
const MOST_IN_STORES: i64 = 1_000_000;

/// How well the item number of a SKU matches the items in Accurate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Accurate has this number.
    Exact,
    /// The item is inactive in Accurate.
    Suspended,
    /// Accurate has a number that differs only in case, blanks or invisible characters.
    Spelling,
    /// Accurate has items that resemble it.
    Near,
    /// Nothing resembles it.
    None,
    /// The items of the Accurate database were not read yet.
    Unread,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Exact, Self::Suspended, Self::Spelling, Self::Near, Self::None, Self::Unread];

    /// The word in addresses and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Suspended => "suspended",
            Self::Spelling => "spelling",
            Self::Near => "near",
            Self::None => "none",
            Self::Unread => "unread",
        }
    }

    /// The kind with this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// Why an item is suggested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Its number differs only in what people overlook.
    Spelling,
    /// It resembles the product.
    Near(Resemblance),
}

/// An item that may be meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// Its number.
    pub item_no: String,
    /// Its name.
    pub name: String,
    /// Why it may be meant.
    pub why: Why,
}

/// One SKU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its key in the mapping: the SKU, or `variant:` and Forstok's variant id if the SKU is empty.
    pub sku: String,
    /// Product and variant name in a recent order; empty if no order contained it.
    pub name: String,
    /// When a recent order contained it; `None` if the mapping names it and no order did.
    pub last_at: Option<Timestamp>,
    /// The item number in the mapping, if it has one.
    pub mapped_to: Option<String>,
    /// The item number that invoices use: of the mapping, else the SKU itself.
    pub item_no: Option<String>,
    /// The name of that item.
    pub item_name: Option<String>,
    /// Whether Accurate has it.
    pub kind: Kind,
    /// The Accurate database that lacks it, if there are several.
    pub book: Option<BookName>,
    /// Items that may be meant instead; none if Accurate has it.
    pub suggestions: Vec<Suggestion>,
    /// Orders that wait for it.
    pub waiting: Sums,
}

impl Row {
    /// The one suggestion, if it differs only in spelling: nobody has to choose.
    fn spelling(&self) -> Option<&Suggestion> {
        match self.suggestions.as_slice() {
            [only] if self.kind == Kind::Spelling => Some(only),
            _ => None,
        }
    }

    /// The variant id of a product without SKU.
    pub fn variant_id(&self) -> Option<&str> {
        self.sku.strip_prefix(VARIANT)
    }
}

/// Which rows are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Part of the SKU, the names or the item number.
    pub text: String,
    /// How well they match.
    pub kind: Option<Kind>,
    /// Only those for which orders wait.
    pub waiting: bool,
}

/// How many rows there are of each kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All.
    pub all: usize,
    /// Those for which orders wait.
    pub waiting: usize,
    kinds: BTreeMap<Kind, usize>,
}

impl Counts {
    /// Rows of a kind.
    pub fn of(&self, kind: Kind) -> usize {
        self.kinds.get(&kind).copied().unwrap_or_default()
    }
}

/// All rows, by SKU, and the lists that they were matched with.
#[derive(Debug)]
pub struct Catalogue {
    /// The mapping's revision.
    pub revision: i64,
    /// By SKU.
    pub rows: Vec<Row>,
    /// The items of each Accurate database.
    pub lists: Vec<ItemList>,
    /// Databases of each SKU by their place in `lists`; only if there are several.
    books: HashMap<String, Vec<usize>>,
}

/// What was read of the database.
struct Read {
    active: Arc<ActiveMapping>,
    seen: Vec<SeenSku>,
    in_stores: Vec<SkuInStore>,
    lists: Vec<ItemList>,
    /// Orders that wait, by item number, and by variant id.
    by_item: HashMap<String, Sums>,
    by_variant: HashMap<String, Sums>,
}

impl Catalogue {
    /// As the database has it now.
    pub async fn load(engine: &Engine) -> Result<Self> {
        let storage = engine.storage().as_ref();
        let active = engine.mapping();
        let mut lists = Vec::new();
        for book in engine.books() {
            lists.push(ItemList::load(storage, &book.name).await?);
        }
        let several = lists.len() > 1;
        let in_stores = if several { storage.seen_skus_in_stores("", MOST_IN_STORES).await? } else { Vec::new() };
        let by_item = storage.blocked_by_subject(Reason::ItemNotFound).await?.into_iter().collect();
        let by_variant = storage.blocked_by_subject(Reason::SkuEmpty).await?.into_iter().collect();
        let seen = storage.seen_skus("", MOST_SKUS).await?;
        let read = Read { active, seen, in_stores, lists, by_item, by_variant };
        // Tens of thousands of SKUs are compared with as many items.
        let made = tokio::task::spawn_blocking(move || Self::of(read)).await;
        made.map_err(|error| StorageError::Unreadable(error.to_string()))
    }

    fn of(read: Read) -> Self {
        let mapping = &read.active.mapping;
        let books = books_of(&read);
        let mut seen = read.seen;
        seen.retain(|one| one.uses.are_invoiced(mapping.bundles));
        let known: BTreeSet<&str> = seen.iter().map(|one| one.sku.as_str()).collect();
        let unseen: Vec<_> = mapping.skus.keys().filter(|sku| !known.contains(sku.as_str())).cloned().collect();
        let products = seen.into_iter().map(|one| (one.sku, one.name, Some(one.last_at)));
        let products = products.chain(unseen.into_iter().map(|sku| (sku, String::new(), None)));
        let mut rows: Vec<_> = products
            .map(|(sku, name, last_at)| {
                let mapped_to = mapping.skus.get(&sku).cloned();
                let item_no = mapped_to.clone().or_else(|| (!sku.starts_with(VARIANT)).then(|| sku.clone()));
                let of_item = item_no.as_ref().and_then(|no| read.by_item.get(no));
                let of_variant = sku.strip_prefix(VARIANT).and_then(|id| read.by_variant.get(id));
                let waiting = of_item.into_iter().chain(of_variant).fold(Sums::default(), |sum, more| Sums {
                    orders: sum.orders + more.orders,
                    hundredths: sum.hundredths + more.hundredths,
                    exact: true,
                });
                let kind = Kind::None;
                let (item_name, book, suggestions) = (None, None, Vec::new());
                Row { sku, name, last_at, mapped_to, item_no, item_name, kind, book, suggestions, waiting }
            })
            .collect();
        rows.sort_by(|one, other| one.sku.cmp(&other.sku));
        let mut catalogue = Self { revision: read.active.revision, rows, lists: read.lists, books };
        catalogue.match_rows();
        catalogue
    }

    /// Finds out what each row means.
    fn match_rows(&mut self) {
        let Self { rows, lists, books, .. } = self;
        let all: Vec<_> = (0..lists.len()).collect();
        let indexes: Vec<_> = lists.iter().map(|list| ItemIndex::new(&list.items)).collect();
        // Rows of which nothing was found, by the list that lacks them.
        let mut missing: Vec<Vec<usize>> = lists.iter().map(|_| Vec::new()).collect();
        for (place, row) in rows.iter_mut().enumerate() {
            for &list in books.get(&row.sku).unwrap_or(&all) {
                let found = row.item_no.as_deref().map_or(Found::Nothing, |no| indexes[list].find(no));
                let is_read = lists[list].read_at.is_some();
                let (kind, item) = match &found {
                    _ if !is_read => (Kind::Unread, None),
                    Found::Exact(item) => (Kind::Exact, Some(*item)),
                    Found::Suspended(item) => (Kind::Suspended, Some(*item)),
                    Found::Spelling(_) => (Kind::Spelling, None),
                    Found::Nothing => (Kind::None, None),
                };
                row.kind = kind;
                row.item_name = item.map(|item| item.name.clone());
                if kind == Kind::Exact {
                    continue;
                }
                row.book = (lists.len() > 1).then(|| lists[list].book.clone());
                match found {
                    Found::Spelling(items) if is_read => {
                        row.suggestions = items.into_iter().map(|item| suggestion(item, Why::Spelling)).collect();
                    }
                    Found::Nothing if is_read => missing[list].push(place),
                    _ => {}
                }
                break;
            }
        }
        for (list, places) in missing.into_iter().enumerate() {
            let wanted: Vec<_> = places.iter().map(|place| wanted(&rows[*place])).collect();
            let candidates = near::candidates(&wanted, &lists[list].items);
            let candidates: Vec<Vec<_>> = candidates
                .into_iter()
                .map(|all| all.into_iter().map(|one| suggestion(one.item, Why::Near(one.resemblance))).collect())
                .collect();
            for (place, suggestions) in places.into_iter().zip(candidates) {
                let row = &mut rows[place];
                row.kind = if suggestions.is_empty() { Kind::None } else { Kind::Near };
                row.suggestions = suggestions;
            }
        }
    }

    /// How many rows there are of each kind.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts { all: self.rows.len(), ..Counts::default() };
        for row in &self.rows {
            *counts.kinds.entry(row.kind).or_default() += 1;
            counts.waiting += usize::from(row.waiting.orders > 0);
        }
        counts
    }

    /// The rows that match, by SKU.
    pub fn filtered<'a>(&'a self, filter: &Filter) -> impl Iterator<Item = &'a Row> {
        let text = form_of(&filter.text);
        self.rows.iter().filter(move |row| {
            filter.kind.is_none_or(|kind| row.kind == kind)
                && (!filter.waiting || row.waiting.orders > 0)
                && (text.is_empty() || row.contains(&text))
        })
    }

    /// The name of an item, in whichever Accurate database it is.
    pub fn item_name(&self, item_no: &str) -> Option<&str> {
        let items = self.lists.iter().flat_map(|list| &list.items);
        items.into_iter().find(|item| item.no == item_no).map(|item| item.name.as_str())
    }

    /// The row of a SKU.
    pub fn row(&self, sku: &str) -> Option<&Row> {
        let place = self.rows.binary_search_by(|row| row.sku.as_str().cmp(sku)).ok()?;
        self.rows.get(place)
    }

    /// SKUs whose one suggestion differs only in spelling, unless it is entered already.
    pub fn acceptable<'a>(&'a self, changes: &Changes) -> Vec<(&'a str, &'a Suggestion)> {
        let spelled = self.rows.iter().filter_map(|row| Some((row.sku.as_str(), row.spelling()?)));
        spelled.filter(|(sku, suggestion)| changes.get(sku) != Some(&suggestion.item_no)).collect()
    }

    /// The lists of the Accurate databases to which invoices with a SKU go.
    pub(super) fn lists_of(&self, sku: &str) -> impl Iterator<Item = &ItemList> {
        let places = self.books.get(sku);
        let is_of = move |place: usize| places.is_none_or(|places| places.contains(&place));
        self.lists.iter().enumerate().filter(move |(place, _)| is_of(*place)).map(|(_, list)| list)
    }
}

impl Row {
    /// Whether a text, as [`form_of`] gives it, is part of what is shown.
    fn contains(&self, text: &str) -> bool {
        let shown = [Some(&self.sku), Some(&self.name), self.item_no.as_ref(), self.item_name.as_ref()];
        shown.into_iter().flatten().any(|shown| form_of(shown).contains(text))
    }
}

fn suggestion(item: &Item, why: Why) -> Suggestion {
    Suggestion { item_no: item.no.clone(), name: item.name.clone(), why }
}

fn wanted(row: &Row) -> Wanted<'_> {
    Wanted { sku: row.item_no.as_deref().unwrap_or_default(), name: &row.name }
}

/// The Accurate databases of each SKU, by the stores that sell it.
fn books_of(read: &Read) -> HashMap<String, Vec<usize>> {
    let mut books: HashMap<String, Vec<usize>> = HashMap::new();
    for SkuInStore { sku, store_id } in &read.in_stores {
        let book = read.active.mapping.book_of(store_id);
        let Some(place) = read.lists.iter().position(|list| &list.book == book) else { continue };
        let places = books.entry(sku.clone()).or_default();
        if !places.contains(&place) {
            places.push(place);
        }
    }
    books
}
