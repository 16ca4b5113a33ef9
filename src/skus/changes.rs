//! What a person has entered but not saved.

use std::collections::{BTreeMap, HashMap};

use super::{Catalogue, LONGEST, MOST_ROWS};
use crate::domain::{
    ids::BookName,
    mapping::Mapping,
    matching::{Found, ItemIndex},
};

/// Item numbers by SKU; an empty one removes the SKU from the mapping.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes(BTreeMap<String, String>);

/// What is wrong with an item number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// Accurate has no item with this number; if it has one in another spelling, that.
    Unknown {
        /// The number that Accurate has.
        other_spelling: Option<String>,
    },
    /// The item is inactive.
    Suspended,
    /// The SKU or the number is too long for one.
    TooLong,
}

impl Wrong {
    /// Whether a person may save it nevertheless: the list of items may be older than the item.
    pub fn may_be_right(&self) -> bool {
        *self != Self::TooLong
    }
}

/// An item number that is probably wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// For which SKU it was entered.
    pub sku: String,
    /// The number.
    pub item_no: String,
    /// What is wrong with it.
    pub wrong: Wrong,
    /// The Accurate database, if there are several.
    pub book: Option<BookName>,
}

impl Changes {
    /// Those that a page was sent with; `None` if a page of ours did not write them.
    pub fn from_text(text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self::default());
        }
        let changes: BTreeMap<String, String> = serde_json::from_str(text).ok()?;
        (changes.len() <= MOST_ROWS).then_some(Self(changes))
    }

    /// For [`Changes::from_text`].
    pub fn to_text(&self) -> String {
        if self.0.is_empty() {
            return String::new();
        }
        serde_json::to_string(&self.0).expect("texts are JSON")
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is entered for a SKU.
    pub fn get(&self, sku: &str) -> Option<&str> {
        self.0.get(sku).map(String::as_str)
    }

    /// SKUs with what is entered for them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(sku, item_no)| (sku.as_str(), item_no.as_str()))
    }

    /// Enters an item number; a SKU that is its own item number needs no mapping.
    pub fn enter(&mut self, sku: &str, item_no: &str) {
        let (sku, item_no) = (sku.trim(), item_no.trim());
        if !sku.is_empty() {
            let item_no = if item_no == sku { "" } else { item_no };
            self.0.insert(sku.to_owned(), item_no.to_owned());
        }
    }

    /// Drops what the mapping says already.
    pub fn forget_what_holds(&mut self, mapping: &Mapping) {
        self.0.retain(|sku, item_no| mapping.skus.get(sku).map_or("", String::as_str) != item_no);
    }

    /// The mapping with these changes.
    #[must_use]
    pub fn applied_to(&self, mapping: &Mapping) -> Mapping {
        let mut changed = mapping.clone();
        for (sku, item_no) in self.iter() {
            if item_no.is_empty() {
                changed.skus.remove(sku);
            } else {
                changed.skus.insert(sku.to_owned(), item_no.to_owned());
            }
        }
        changed
    }

    /// SKUs that somebody else has changed since the mapping that these changes were made from, with what they are
    /// mapped to now.
    pub fn also_changed(&self, base: &Mapping, now: &Mapping) -> BTreeMap<String, Option<String>> {
        let skus = self.0.keys().filter(|sku| base.skus.get(*sku) != now.skus.get(*sku));
        skus.map(|sku| (sku.clone(), now.skus.get(sku).cloned())).collect()
    }

    /// Everything that is probably wrong, all at once.
    pub fn mistakes(&self, catalogue: &Catalogue) -> Vec<Mistake> {
        let mut indexes: HashMap<&BookName, ItemIndex<'_>> = HashMap::new();
        let mut mistakes = Vec::new();
        for (sku, item_no) in self.iter() {
            let mistake = |wrong, book| Mistake { sku: sku.to_owned(), item_no: item_no.to_owned(), wrong, book };
            if [sku, item_no].into_iter().any(|text| text.chars().count() > LONGEST) {
                mistakes.push(mistake(Wrong::TooLong, None));
                continue;
            }
            if item_no.is_empty() {
                continue;
            }
            let several = catalogue.lists.len() > 1;
            let wrong = catalogue.lists_of(sku).filter(|list| list.read_at.is_some()).find_map(|list| {
                let index = indexes.entry(&list.book).or_insert_with(|| ItemIndex::new(&list.items));
                Some((wrong_with(index, item_no)?, several.then(|| list.book.clone())))
            });
            if let Some((wrong, book)) = wrong {
                mistakes.push(mistake(wrong, book));
            }
        }
        mistakes
    }

    /// SKUs that neither an order contained nor the mapping names: they may be mistyped.
    pub fn unseen<'a>(&'a self, catalogue: &'a Catalogue) -> impl Iterator<Item = &'a str> {
        self.iter().map(|(sku, _)| sku).filter(|sku| catalogue.row(sku).is_none())
    }
}

fn wrong_with(items: &ItemIndex<'_>, item_no: &str) -> Option<Wrong> {
    match items.find(item_no) {
        Found::Exact(_) => None,
        Found::Suspended(_) => Some(Wrong::Suspended),
        Found::Spelling(others) => Some(Wrong::Unknown { other_spelling: others.first().map(|item| item.no.clone()) }),
        Found::Nothing => Some(Wrong::Unknown { other_spelling: None }),
    }
}
