//! The columns of an export.

use jiff::{Timestamp, civil::DateTime};
use rust_decimal::Decimal;

use crate::{
    domain::{
        WIB,
        reason::{Language, Reason},
    },
    store::{OrderRecord, State},
};

/// Whether the first row is for programs or for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Headers {
    /// Names that never change.
    Stable,
    /// In the reader's language.
    For(Language),
}

/// One value of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Nothing.
    Empty,
    /// A text, whatever it looks like.
    Text(String),
    /// A whole number.
    Number(i64),
    /// Rupiah.
    Money(Decimal),
    /// A moment in Jakarta.
    Moment(DateTime),
    /// A day as Accurate has it.
    Day(jiff::civil::Date),
}

/// A column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its name for programs.
    pub name: &'static str,
    english: &'static str,
    indonesian: &'static str,
    /// Its width in characters.
    pub width: u16,
    /// What an order has in it.
    pub cell: fn(&OrderRecord) -> Cell,
}

impl Column {
    /// What stands in the first row.
    pub fn header(&self, headers: Headers) -> &'static str {
        match headers {
            Headers::Stable => self.name,
            Headers::For(Language::English) => self.english,
            Headers::For(Language::Indonesian) => self.indonesian,
        }
    }
}

const fn column(
    name: &'static str,
    english: &'static str,
    indonesian: &'static str,
    width: u16,
    cell: fn(&OrderRecord) -> Cell,
) -> Column {
    Column { name, english, indonesian, width, cell }
}

/// All columns, in their order.
pub(super) const COLUMNS: &[Column] = &[
    column("order_id", "Forstok order id", "ID pesanan Forstok", 14, |order| text(order.order_id.as_str())),
    column("marketplace_number", "Marketplace number", "Nomor pesanan marketplace", 24, |order| {
        text(&order.channel_order_id)
    }),
    column("store_id", "Store id", "ID toko", 10, |order| text(&order.store_id)),
    column("store_name", "Store", "Toko", 24, |order| text(&order.store_name)),
    column("channel", "Marketplace", "Marketplace", 12, |order| text(&order.channel)),
    column("status", "Status in Forstok", "Status di Forstok", 16, |order| text(&order.status)),
    column("state", "State", "Keadaan", 10, |order| text(order.state.as_str())),
    column("reason", "Reason", "Alasan", 20, |order| text(order.reason.map_or("", Reason::code))),
    column("subject", "About", "Tentang", 20, |order| text(&order.subject)),
    column("ordered_at", "Ordered (WIB)", "Tanggal pesanan (WIB)", 18, |order| moment(order.ordered_at)),
    column("received_at", "First received (WIB)", "Pertama diterima (WIB)", 18, |order| moment(Some(order.created_at))),
    column("total", "Total (Rp)", "Total (Rp)", 14, |order| Cell::Money(Decimal::new(order.hundredths, 2).normalize())),
    column("invoice_number", "Invoice number", "Nomor faktur", 24, |order| {
        invoice(order, |invoice| text(&invoice.number))
    }),
    column("invoice_id", "Invoice id in Accurate", "ID faktur di Accurate", 12, |order| {
        invoice(order, |invoice| Cell::Number(invoice.id))
    }),
    column("invoice_date", "Invoice date", "Tanggal faktur", 12, |order| {
        let day = order.draft.as_ref().map(|draft| Cell::Day(draft.body.trans_date));
        invoice(order, |_| day.unwrap_or(Cell::Empty))
    }),
    column("invoice_total", "Invoice total (Rp)", "Total faktur (Rp)", 14, |order| {
        invoice(order, |invoice| Cell::Money(invoice.total.normalize()))
    }),
    column("invoiced_at", "Invoiced (WIB)", "Faktur dibuat (WIB)", 18, |order| {
        invoice(order, |_| moment(order.invoiced_at))
    }),
    column("decision", "Decision", "Keputusan", 12, |order| {
        text(order.manual.as_ref().map_or("", |manual| manual.decision.as_str()))
    }),
    column("decision_reason", "Reason of the decision", "Alasan keputusan", 24, |order| {
        text(order.manual.as_ref().and_then(|manual| manual.reason.as_deref()).unwrap_or_default())
    }),
    column("decision_document", "Document", "Nomor dokumen", 20, |order| {
        text(order.manual.as_ref().and_then(|manual| manual.document.as_deref()).unwrap_or_default())
    }),
    column("warnings", "Warnings", "Peringatan", 24, |order| {
        let codes: Vec<_> = order.warnings.iter().map(|notice| notice.warning.code()).collect();
        text(&codes.join(", "))
    }),
];

fn text(text: &str) -> Cell {
    if text.is_empty() { Cell::Empty } else { Cell::Text(text.to_owned()) }
}

fn moment(at: Option<Timestamp>) -> Cell {
    at.map_or(Cell::Empty, |at| Cell::Moment(WIB.to_datetime(at)))
}

/// Of an order whose invoice exists.
fn invoice(order: &OrderRecord, cell: impl FnOnce(&crate::store::StandingInvoice) -> Cell) -> Cell {
    order.invoice.as_ref().filter(|_| order.state != State::Voided).map_or(Cell::Empty, cell)
}
