//! The SKUs that orders contain beside the items in Accurate, and changes to their mapping.
//!
//! [`Catalogue`] is the table that the page and `/v1` show. [`Changes`] are what a person has entered but not saved.
//! [`pairs`] reads two columns, [`mod@file`] reads and writes spreadsheets.

mod catalogue;
mod changes;
pub mod file;
mod items;
pub mod pairs;

pub use self::{
    catalogue::{Catalogue, Counts, Filter, Kind, Row, Suggestion, Why},
    changes::{Changes, Mistake, Wrong},
    items::ItemList,
};

/// Most rows of an import, and most changes that are saved at once.
pub const MOST_ROWS: usize = 50_000;

/// Longest SKU or item number, in characters.
pub const LONGEST: usize = 200;

/// Key of a product without SKU in the mapping, before Forstok's variant id.
const VARIANT: &str = "variant:";
