//! One row of the table, in words.

use std::collections::BTreeMap;

use super::super::{
    format,
    order_line::rupiah,
    page::{Page, address},
};
use crate::{
    domain::{
        matching::{
            near::Resemblance,
            spelling::{Piece, marked, marked_unless_space},
        },
        reason::Reason,
    },
    skus::{Catalogue, Changes, Kind, Mistake, Row, Suggestion, Why, Wrong},
};

/// One SKU.
pub(super) struct Line {
    /// Its place on the page, for ids.
    pub(super) place: usize,
    pub(super) sku: String,
    /// The SKU with what cannot be seen made visible; empty for a product without SKU.
    pub(super) shown: Vec<Piece>,
    /// Forstok's id of a variant without SKU.
    pub(super) variant: Option<String>,
    pub(super) name: String,
    pub(super) seen: String,
    pub(super) kind: &'static str,
    pub(super) kind_text: &'static str,
    /// What is known of the number that invoices use now.
    pub(super) about: String,
    /// The number that is shown in the field, and the one that the mapping has.
    pub(super) value: String,
    pub(super) was: String,
    /// The number that is used without an entry.
    pub(super) placeholder: String,
    pub(super) is_changed: bool,
    /// The name of the item that was entered.
    pub(super) entered_name: Option<String>,
    pub(super) mistake: Option<String>,
    /// What somebody else has made of it in the meantime.
    pub(super) conflict: Option<String>,
    pub(super) suggestions: Vec<Suggested>,
    pub(super) waiting: Option<Waiting>,
}

pub(super) struct Suggested {
    pub(super) item_no: String,
    pub(super) shown: Vec<Piece>,
    pub(super) name: String,
    pub(super) why: &'static str,
    /// What the button sends.
    pub(super) action: String,
}

pub(super) struct Waiting {
    pub(super) orders: String,
    pub(super) total: String,
    pub(super) link: String,
}

/// What all rows are shown with.
pub(super) struct Context<'a> {
    pub(super) page: &'a Page,
    pub(super) catalogue: &'a Catalogue,
    pub(super) changes: &'a Changes,
    pub(super) mistakes: &'a [Mistake],
    /// What somebody else has changed, by SKU.
    pub(super) conflicts: &'a BTreeMap<String, Option<String>>,
}

impl Line {
    pub(super) fn new(place: usize, row: &Row, context: &Context<'_>) -> Self {
        let Context { page, changes, .. } = *context;
        let was = row.mapped_to.clone().unwrap_or_default();
        let entered = changes.get(&row.sku);
        let compares = row.kind == Kind::Spelling;
        let pieces = |text: &str| if compares { marked(text) } else { marked_unless_space(text) };
        let variant = row.variant_id().map(str::to_owned);
        let seen = row.last_at.map_or_else(
            || page.t("not in any order yet", "belum ada di pesanan").to_owned(),
            |at| format!("{} {}", page.t("last ordered", "terakhir dipesan"), page.ago(at)),
        );
        let (kind, kind_text) = kind_shown(row.kind, page);
        let suggested = |one: &Suggestion| Suggested {
            shown: pieces(&one.item_no),
            name: one.name.clone(),
            why: why(one.why, page),
            action: serde_json::to_string(&("use", &row.sku, &one.item_no)).unwrap_or_default(),
            item_no: one.item_no.clone(),
        };
        Self {
            place,
            shown: if variant.is_some() { Vec::new() } else { pieces(&row.sku) },
            name: row.name.clone(),
            seen,
            kind,
            kind_text,
            about: about(row, page),
            value: entered.unwrap_or(&was).to_owned(),
            placeholder: if variant.is_some() { String::new() } else { row.sku.clone() },
            variant,
            was,
            is_changed: entered.is_some(),
            entered_name: entered.and_then(|no| context.catalogue.item_name(no)).map(str::to_owned),
            mistake: context.mistakes.iter().find(|one| one.sku == row.sku).map(|one| mistake(one, page)),
            conflict: context.conflicts.get(&row.sku).map(|now| conflict(now.as_deref(), page)),
            suggestions: row.suggestions.iter().filter(|one| entered != Some(&one.item_no)).map(suggested).collect(),
            waiting: Waiting::of(row, page),
            sku: row.sku.clone(),
        }
    }
}

impl Waiting {
    fn of(row: &Row, page: &Page) -> Option<Self> {
        if row.waiting.orders == 0 {
            return None;
        }
        let (reason, subject) = match row.variant_id().filter(|_| row.mapped_to.is_none()) {
            Some(id) => (Reason::SkuEmpty, id),
            None => (Reason::ItemNotFound, row.item_no.as_deref().unwrap_or_default()),
        };
        let query = [("state", "blocked"), ("reason", reason.code()), ("subject", subject)];
        Some(Self {
            orders: page.orders(row.waiting.orders),
            total: rupiah(row.waiting.hundredths),
            link: address("/orders", &query),
        })
    }
}

/// The class and the words of a match.
pub(super) fn kind_shown(kind: Kind, page: &Page) -> (&'static str, &'static str) {
    match kind {
        Kind::Exact => ("good", page.t("found", "ditemukan")),
        Kind::Suspended => ("bad", page.t("inactive", "nonaktif")),
        Kind::Spelling => ("warn", page.t("spelled differently", "beda penulisan")),
        Kind::Near => ("warn", page.t("similar item", "ada yang mirip")),
        Kind::None => ("bad", page.t("not found", "tidak ditemukan")),
        Kind::Unread => ("calm", page.t("not compared yet", "belum dibandingkan")),
    }
}

/// What is known of the number that invoices use now.
fn about(row: &Row, page: &Page) -> String {
    let number = row.item_no.as_deref().unwrap_or_default();
    let book = row.book.as_ref().map(|book| format!(" “{book}”")).unwrap_or_default();
    match (row.kind, &row.item_name) {
        (Kind::Exact, Some(name)) => name.clone(),
        (Kind::Suspended, Some(name)) => {
            format!("{name} {}", page.t("is inactive in Accurate", "nonaktif di Accurate")) + &book
        }
        _ if row.item_no.is_none() => {
            page.t("Without SKU: enter the item number.", "Tanpa SKU: isi Kode Barang.").to_owned()
        }
        (Kind::Spelling | Kind::Near | Kind::None, _) if row.mapped_to.is_some() => {
            format!(
                "{} {number}{book}",
                page.t("Accurate has no item", "Tidak ada barang di Accurate dengan Kode Barang")
            )
        }
        _ => book.trim().to_owned(),
    }
}

fn why(why: Why, page: &Page) -> &'static str {
    match why {
        Why::Spelling => page.t(
            "differs only in case, spaces or invisible characters",
            "hanya beda huruf besar/kecil, spasi, atau karakter yang tidak terlihat",
        ),
        Why::Near(Resemblance::Punctuation) => page.t("other punctuation", "beda tanda baca"),
        Why::Near(Resemblance::Order) => page.t("same parts in another order", "bagian sama, urutan beda"),
        Why::Near(Resemblance::Name) => page.t("same name", "nama sama"),
        Why::Near(Resemblance::Typo) => page.t("one letter differs", "beda satu huruf"),
        Why::Near(Resemblance::Beginning) => page.t("same beginning", "awalan sama"),
    }
}

pub(super) fn mistake(mistake: &Mistake, page: &Page) -> String {
    let number = &mistake.item_no;
    let book = mistake.book.as_ref().map(|book| format!(" “{book}”")).unwrap_or_default();
    match (&mistake.wrong, page.lang()) {
        (Wrong::Unknown { other_spelling: None }, "en") => {
            format!("Accurate{book} has no item with the number {number}.")
        }
        (Wrong::Unknown { other_spelling: None }, _) => {
            format!("Tidak ada barang dengan Kode Barang {number} di Accurate{book}.")
        }
        (Wrong::Unknown { other_spelling: Some(other) }, "en") => {
            format!("Accurate{book} has no item {number}, but {other}, which is spelled differently.")
        }
        (Wrong::Unknown { other_spelling: Some(other) }, _) => {
            format!("Tidak ada barang {number} di Accurate{book}; yang ada {other}, dengan penulisan berbeda.")
        }
        (Wrong::Suspended, "en") => format!("Item {number} is inactive in Accurate{book}."),
        (Wrong::Suspended, _) => format!("Barang {number} nonaktif di Accurate{book}."),
        (Wrong::TooLong, "en") => "The SKU or the item number is too long.".to_owned(),
        (Wrong::TooLong, _) => "SKU atau Kode Barang terlalu panjang.".to_owned(),
    }
}

fn conflict(now: Option<&str>, page: &Page) -> String {
    match (now, page.lang()) {
        (Some(now), "en") => format!("Another person has entered {now}."),
        (Some(now), _) => format!("Orang lain sudah mengisi {now}."),
        (None, "en") => "Another person has removed the entry.".to_owned(),
        (None, _) => "Orang lain sudah menghapus isian ini.".to_owned(),
    }
}

/// A row for a SKU that no order contained and the mapping does not name.
pub(super) fn unseen(sku: &str) -> Row {
    Row {
        sku: sku.to_owned(),
        name: String::new(),
        last_at: None,
        mapped_to: None,
        item_no: None,
        item_name: None,
        kind: Kind::Unread,
        book: None,
        suggestions: Vec::new(),
        waiting: crate::storage::Sums::default(),
    }
}

/// `26/11/2026 10:32 WIB`, or that it has not happened.
pub(super) fn moment(at: Option<jiff::Timestamp>, page: &Page) -> String {
    at.map_or_else(|| page.t("never", "belum pernah").to_owned(), format::moment)
}
