//! Which item in Accurate a SKU in Forstok means.
//!
//! [`ItemIndex`] answers for one number whether Accurate has it, exactly or in another spelling ([`spelling`]).
//! [`near`] finds items that resemble what was not found. Nothing here decides: a person accepts a suggestion.

pub mod near;
pub mod spelling;

use std::collections::HashMap;

/// An item of an Accurate database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The item number that lines of an invoice name.
    pub no: String,
    /// The name.
    pub name: String,
    /// Inactive in Accurate, which refuses invoices with it.
    pub suspended: bool,
}

/// What Accurate has under a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// This item.
    Exact(&'a Item),
    /// This item, which is inactive.
    Suspended(&'a Item),
    /// Items whose numbers differ only in what people overlook; active ones only.
    Spelling(Vec<&'a Item>),
    /// Nothing.
    Nothing,
}

/// The items of a book by their numbers.
#[derive(Debug)]
pub struct ItemIndex<'a> {
    exact: HashMap<&'a str, &'a Item>,
    /// By the form of the number; active items only.
    forms: HashMap<String, Vec<&'a Item>>,
}

impl<'a> ItemIndex<'a> {
    /// Of these items.
    pub fn new(items: &'a [Item]) -> Self {
        let exact = items.iter().map(|item| (item.no.as_str(), item)).collect();
        let mut forms: HashMap<_, Vec<_>> = HashMap::with_capacity(items.len());
        for item in items.iter().filter(|item| !item.suspended) {
            forms.entry(spelling::form_of(&item.no)).or_default().push(item);
        }
        Self { exact, forms }
    }

    /// What there is under this number.
    pub fn find(&self, number: &str) -> Found<'a> {
        match self.exact.get(number) {
            Some(item) if !item.suspended => return Found::Exact(item),
            Some(item) => return Found::Suspended(item),
            None => {}
        }
        let form = spelling::form_of(number);
        match self.forms.get(&form) {
            // Nothing but blanks is not a number.
            Some(items) if !form.is_empty() => Found::Spelling(items.clone()),
            _ => Found::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(no: &str) -> Item {
        Item { no: no.to_owned(), name: format!("Item {no}"), suspended: false }
    }

    #[test]
    fn a_number_is_found_exactly_before_it_is_found_in_another_spelling() {
        let items = [item("KAOS-M"), item("kaos-m"), item("TAS 01"), Item { suspended: true, ..item("OLD") }];
        let index = ItemIndex::new(&items);
        assert_eq!(index.find("kaos-m"), Found::Exact(&items[1]));
        assert_eq!(index.find("Kaos-M"), Found::Spelling(vec![&items[0], &items[1]]), "a person must choose");
        assert_eq!(index.find("TAS\u{a0}01\u{200b}"), Found::Spelling(vec![&items[2]]));
        assert_eq!(index.find("OLD"), Found::Suspended(&items[3]));
        assert_eq!(index.find("old"), Found::Nothing, "an inactive item is never suggested");
        assert_eq!(index.find("\u{200b}"), Found::Nothing);
        assert_eq!(index.find("TAS-02"), Found::Nothing);
    }
}
