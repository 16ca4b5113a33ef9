//! The columns of an export.

use jiff::{Timestamp, civil::DateTime};
use rust_decimal::Decimal;

use crate::{
    domain::{
        WIB,
        manual::Manual,
        reason::{Language, Reason, Warning},
    },
    storage::OrderRecord,
};

/// Whether the headers, states and reasons are for programs or for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Headers {
    /// Stable names and codes.
    Stable,
    /// Texts in the reader's language.
    For(Language),
}

impl Headers {
    /// The code for programs and the text for people.
    pub(super) fn word(self, code: &str, words: impl Fn(Language) -> String) -> Cell {
        match self {
            Self::Stable => text(code),
            Self::For(language) => text(&words(language)),
        }
    }
}

/// One value of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Empty.
    Empty,
    /// A text, never interpreted as anything else.
    Text(String),
    /// A whole number.
    Number(i64),
    /// Rupiah.
    Money(Decimal),
    /// A time in Jakarta.
    Moment(DateTime),
    /// A date from Accurate.
    Day(jiff::civil::Date),
}

/// A column.
#[derive(Debug)]
pub struct Column<T = OrderRecord> {
    /// The name for programs.
    pub name: &'static str,
    english: &'static str,
    indonesian: &'static str,
    /// The width in characters.
    pub width: u16,
    cell: fn(&T, Headers) -> Cell,
}

impl<T> Column<T> {
    /// The text in the first row.
    pub fn header(&self, headers: Headers) -> &'static str {
        match headers {
            Headers::Stable => self.name,
            Headers::For(Language::English) => self.english,
            Headers::For(Language::Indonesian) => self.indonesian,
        }
    }

    /// The value for a row.
    pub fn cell(&self, row: &T, headers: Headers) -> Cell {
        (self.cell)(row, headers)
    }
}

pub(super) const fn column<T>(
    name: &'static str,
    english: &'static str,
    indonesian: &'static str,
    width: u16,
    cell: fn(&T, Headers) -> Cell,
) -> Column<T> {
    Column { name, english, indonesian, width, cell }
}

/// All columns, in their order.
pub(super) const COLUMNS: &[Column] = &[
    column("order_id", "Forstok order id", "ID pesanan Forstok", 14, |order, _| text(order.order_id.as_str())),
    column("marketplace_number", "Marketplace number", "Nomor pesanan marketplace", 24, |order, _| {
        text(&order.channel_order_id)
    }),
    column("store_id", "Store id", "ID toko", 10, |order, _| text(&order.store_id)),
    column("store_name", "Store", "Toko", 24, |order, _| text(&order.store_name)),
    column("channel", "Marketplace", "Marketplace", 12, |order, _| text(&order.channel)),
    column("status", "Status in Forstok", "Status di Forstok", 16, |order, _| text(&order.status)),
    column("state", "State", "Status", 20, |order, headers| {
        headers.word(order.state.as_str(), |language| order.state.in_words(language).to_owned())
    }),
    column("reason", "Reason", "Sebab", 30, |order, headers| {
        let sentence = |language| order.reason.map_or("", |reason| reason.sentence(language)).to_owned();
        headers.word(order.reason.map_or("", Reason::code), sentence)
    }),
    column("subject", "About", "Rincian", 24, |order, headers| {
        headers.word(&order.subject, |language| about(order, language))
    }),
    column("ordered_at", "Ordered (WIB)", "Dipesan (WIB)", 18, |order, _| moment(order.ordered_at)),
    column("received_at", "First received (WIB)", "Pertama diterima (WIB)", 18, |order, _| {
        moment(Some(order.created_at))
    }),
    column("total", "Total (Rp)", "Total (Rp)", 14, |order, _| {
        Cell::Money(Decimal::new(order.hundredths, 2).normalize())
    }),
    column("invoice_number", "Invoice number", "Nomor faktur", 24, |order, _| {
        invoice(order, |invoice| text(invoice.number.as_str()))
    }),
    column("invoice_id", "Invoice id in Accurate", "ID faktur di Accurate", 12, |order, _| {
        invoice(order, |invoice| Cell::Number(invoice.id))
    }),
    column("invoice_date", "Invoice date", "Tanggal faktur", 12, |order, _| {
        let day = order.draft.as_ref().map(|draft| Cell::Day(draft.body.trans_date));
        invoice(order, |_| day.unwrap_or(Cell::Empty))
    }),
    column("invoice_total", "Invoice total (Rp)", "Total faktur (Rp)", 14, |order, _| {
        invoice(order, |invoice| Cell::Money(invoice.total.normalize()))
    }),
    column("invoiced_at", "Invoiced (WIB)", "Faktur dibuat (WIB)", 18, |order, _| {
        invoice(order, |_| moment(order.invoiced_at))
    }),
    column("decision", "Decision", "Keputusan", 20, |order, headers| {
        let decision = order.manual.as_ref().map(|manual| manual.decision);
        let words = |language| decision.map_or("", |decision| decision.in_words(language)).to_owned();
        headers.word(decision.map_or("", Manual::as_str), words)
    }),
    column("decision_reason", "Reason of the decision", "Alasan keputusan", 24, |order, _| {
        text(order.manual.as_ref().and_then(|manual| manual.reason.as_deref()).unwrap_or_default())
    }),
    column("decision_document", "Document", "Nomor dokumen", 20, |order, _| {
        text(order.manual.as_ref().and_then(|manual| manual.document.as_deref()).unwrap_or_default())
    }),
    column("warnings", "Warnings", "Peringatan", 30, |order, headers| {
        let joined = |word: fn(Warning, Language) -> &'static str, between, language| {
            let each = order.warnings.iter().map(|notice| word(notice.warning, language));
            each.collect::<Vec<_>>().join(between)
        };
        let codes = joined(|warning, _| warning.code(), ", ", Language::English);
        headers.word(&codes, |language| joined(Warning::sentence, " ", language))
    }),
];

/// What exactly prevents the invoice.
fn about(order: &OrderRecord, language: Language) -> String {
    order.findings.first().map(|finding| finding.about.in_words(language)).unwrap_or_default()
}

pub(super) fn text(text: &str) -> Cell {
    if text.is_empty() { Cell::Empty } else { Cell::Text(text.to_owned()) }
}

pub(super) fn moment(at: Option<Timestamp>) -> Cell {
    at.map_or(Cell::Empty, |at| Cell::Moment(WIB.to_datetime(at)))
}

/// For an order whose invoice exists.
fn invoice(order: &OrderRecord, cell: impl FnOnce(&crate::storage::ExistingDocument) -> Cell) -> Cell {
    order.standing_invoice().map_or(Cell::Empty, cell)
}
