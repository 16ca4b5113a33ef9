//! Payouts and return records as a table.

use std::sync::Arc;

use axum::body::Bytes;
use futures_util::{Stream, StreamExt, stream};

use super::{
    AT_ONCE, Cell, ExportError, Format, Headers,
    columns::{Column, column, moment, text},
    csv, xlsx,
};
use crate::{
    domain::{document::Kind, ids::DocumentNumber, money::Rupiah, reason::Reason},
    engine::Engine,
    storage::{RowContent, RowFilter, RowRecord},
};

/// All rows that match, as a file that is streamed in pieces.
pub fn export_rows(
    engine: Arc<Engine>,
    kind: Kind,
    filter: RowFilter,
    format: Format,
    headers: Headers,
) -> impl Stream<Item = Result<Bytes, ExportError>> + Send {
    let pages = pages(engine, kind, filter);
    match format {
        Format::Csv => csv::written(pages, COLUMNS, headers).left_stream(),
        Format::Xlsx => xlsx::written(pages, COLUMNS, headers).right_stream(),
    }
}

/// The pages of a list, each read when the previous one has been taken.
fn pages(
    engine: Arc<Engine>,
    kind: Kind,
    filter: RowFilter,
) -> impl Stream<Item = Result<Vec<RowRecord>, ExportError>> + Send {
    stream::unfold(Some((engine, filter, None)), move |state| async move {
        let (engine, filter, before) = state?;
        match engine.storage().settlement_rows(kind, &filter, before, AT_ONCE).await {
            Ok(rows) => {
                let last = rows.last().filter(|_| rows.len() as i64 == AT_ONCE).map(|row| row.id);
                Some((Ok(rows), last.map(|last| (engine, filter, Some(last)))))
            }
            Err(error) => Some((Err(error.into()), None)),
        }
    })
}

/// All columns, in their order.
const COLUMNS: &[Column<RowRecord>] = &[
    column("source", "Source", "Sumber", 14, |row, _| text(row.content.key().0)),
    column("id", "Row id", "ID baris", 24, |row, _| text(row.content.key().1)),
    column("marketplace_number", "Marketplace number", "Nomor pesanan marketplace", 24, |row, _| {
        text(row.content.order().1)
    }),
    column("order_id", "Forstok order id", "ID pesanan Forstok", 14, |row, _| {
        text(row.order_id.as_ref().map_or("", |id| id.as_str()))
    }),
    column("store_id", "Store id", "ID toko", 10, |row, _| text(row.content.order().0)),
    column("day", "Paid or received", "Dibayar atau diterima", 14, |row, _| {
        row.content.day().map_or(Cell::Empty, Cell::Day)
    }),
    column("amount", "Amount (Rp)", "Nominal (Rp)", 16, |row, _| match &row.content {
        RowContent::Payout(payout) => money(payout.net),
        RowContent::Return(_) => row.amount.map_or(Cell::Empty, money),
    }),
    column("details", "Consists of", "Rincian", 40, |row, _| text(&details(row))),
    column("state", "State", "Status", 18, |row, headers| {
        headers.word(row.state.as_str(), |language| row.state.in_words(language).to_owned())
    }),
    column("waits_for", "Waits for", "Menunggu", 30, |row, headers| match row.waits_for {
        Some(waits) => headers.word(waits.what().as_str(), |language| waits.in_words(language)),
        None => Cell::Empty,
    }),
    column("reason", "Reason", "Sebab", 40, |row, headers| {
        let sentence = |language| {
            row.reason.map(|reason| reason.sentence_about(row.reason_is_about(), language)).unwrap_or_default()
        };
        headers.word(row.reason.map_or("", Reason::code), sentence)
    }),
    column("about", "About", "Keterangan", 40, |row, headers| {
        let about = |language| row.finding.as_ref().map_or_else(String::new, |one| one.about.in_words(language));
        headers.word(&about(crate::domain::reason::Language::English), about)
    }),
    column("document", "Receipt or return in Accurate", "Penerimaan atau retur di Accurate", 26, |row, _| {
        text(row.booked_as().map_or("", DocumentNumber::as_str))
    }),
    column("approved_by", "Approved by", "Disetujui oleh", 16, |row, _| {
        text(row.approved.as_ref().map_or("", |(who, _)| who.as_str()))
    }),
    column("approved_at", "Approved (WIB)", "Disetujui (WIB)", 18, |row, _| {
        moment(row.approved.as_ref().map(|(_, at)| *at))
    }),
    column("arrived_at", "Arrived (WIB)", "Masuk (WIB)", 18, |row, _| moment(Some(row.arrived_at))),
    column("by_hand_document", "Booked by hand as", "Dibukukan manual sebagai", 26, |row, _| {
        text(row.by_hand.as_ref().and_then(|one| one.document.as_deref()).unwrap_or_default())
    }),
    column("by_hand_by", "Marked by", "Ditandai oleh", 16, |row, _| {
        text(row.by_hand.as_ref().map_or("", |one| one.actor.as_str()))
    }),
    column("by_hand_reason", "Why it was marked", "Alasan tanda", 30, |row, _| {
        text(row.by_hand.as_ref().map_or("", |one| one.reason.as_str()))
    }),
];

fn money(amount: Rupiah) -> Cell {
    Cell::Money(amount.decimal().normalize())
}

/// The amounts of a payout, or the pieces and the refund of a return.
fn details(row: &RowRecord) -> String {
    let parts: Vec<_> = match &row.content {
        RowContent::Payout(payout) => {
            payout.amounts.iter().map(|(name, amount)| format!("{}: {amount}", name.trim())).collect()
        }
        RowContent::Return(record) => {
            let pieces =
                record.pieces.iter().map(|piece| format!("{} × {}", piece.quantity.normalize(), piece.sku.trim()));
            pieces.chain(record.refund.map(|refund| format!("refund: {refund}"))).collect()
        }
    };
    parts.join("; ")
}
