//! `/returns`: what buyers sent back or got refunded, what of it is booked, and what a person must book.

use askama::Template;
use axum::{
    extract::{Query, State},
    response::Response,
};

use super::{
    super::page::{Page, html},
    approve::Approval,
    by_hand::Marking,
    payouts::{heading, rows},
    row::RowLine,
    shown::{Asked, Chip, Counts},
    unmatched::suggestions,
};
use crate::{
    domain::{
        after_sale::{Waits, WaitsFor},
        document::Kind,
        mapping::ReturnMode,
        money::Rupiah,
        payout::RowState,
        return_record::{Goods, ReturnRecord},
    },
    http::{App, paging::Page as Cut, problem::Problem},
    storage::{RowContent, RowRecord},
};

/// Where the page is.
pub(super) const PATH: &str = "/returns";

#[derive(Template)]
#[template(path = "returns.html")]
struct Returns {
    page: Page,
    path: &'static str,
    /// There is none at all.
    is_empty: bool,
    /// What the mapping says about returns.
    mode: &'static str,
    chips: Vec<Chip>,
    reasons: Vec<Chip>,
    hidden: Vec<(&'static str, String)>,
    cursor: String,
    approval: Approval,
    marking: Option<Marking>,
    heading: String,
    rows: Vec<RowLine>,
    /// Some of them can be approved.
    is_approvable: bool,
    first: Option<String>,
    next: Option<String>,
}

/// `GET /returns`.
pub(in crate::web) async fn show(
    State(app): State<App>,
    page: Page,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    asked.check()?;
    let storage = app.engine.storage();
    let counts = Counts::read(&app, Kind::Return).await?;
    let Cut { rows, next } = rows(&app, Kind::Return, &asked).await?;
    let (stores, active) = (storage.stores().await?, app.engine.mapping());
    let mut lines = Vec::with_capacity(rows.len());
    for row in &rows {
        let mut line = RowLine::new(row, &active.mapping, &stores, &page);
        if row.state == RowState::Unmatched {
            line.suggestions = suggestions(&app, row, &page).await?;
        }
        if row.waits_for.is_some_and(|waits| waits.what() == Waits::Person) {
            line.to_do = to_book(&app, row, &page).await?;
        }
        if line.is_approvable {
            line.to_do = match contradiction(row, &page) {
                none if none.is_empty() => returned(row, &page),
                contradiction => contradiction,
            };
        }
        lines.push(line);
    }
    let shown = asked.shown();
    html(&Returns {
        path: PATH,
        is_empty: counts.all().count == 0,
        mode: mode(active.mapping.returns.mode, &page),
        chips: counts.chips(PATH, shown, &page),
        reasons: counts.reasons(PATH, &asked, &page),
        cursor: asked.cursor.clone().unwrap_or_default(),
        hidden: asked.query().into_iter().map(|(key, value)| (key, value.to_owned())).collect(),
        marking: Marking::new(Kind::Return, &rows, &lines, &asked, &page),
        approval: Approval::new(Kind::Return, counts.to_approve(), &asked, &page),
        heading: heading(&counts, &asked, &page),
        is_approvable: lines.iter().any(|line| line.is_approvable),
        rows: lines,
        first: asked.cursor.as_ref().map(|_| asked.page_below(PATH, None)),
        next: next.map(|next| asked.page_below(PATH, Some(next))),
        page,
    })
}

fn mode(mode: ReturnMode, page: &Page) -> &'static str {
    match mode {
        ReturnMode::List => page.t(
            "Returns are only listed here: you book them in Accurate yourself. The mapping can change that.",
            "Retur hanya ditampilkan di sini: Anda membukukannya sendiri di Accurate. Ini dapat diubah di pemetaan.",
        ),
        ReturnMode::Approve => page.t(
            "Returns are booked in Accurate once you approve them.",
            "Retur dibukukan di Accurate setelah Anda menyetujuinya.",
        ),
        ReturnMode::Auto => {
            page.t("Returns are booked in Accurate automatically.", "Retur dibukukan di Accurate secara otomatis.")
        }
    }
}

/// What a person has to book: on which invoice, which pieces, how much.
async fn to_book(app: &App, row: &RowRecord, page: &Page) -> Result<String, Problem> {
    let RowContent::Return(record) = &row.content else { return Ok(String::new()) };
    let order = match &row.order_id {
        Some(id) => app.engine.storage().order(id).await?,
        None => None,
    };
    let invoice = order.as_ref().and_then(|order| order.invoice.as_ref());
    let number = invoice.map_or("?", |invoice| invoice.number.as_str());
    let sentence = match record.goods {
        Goods::Returned => page.t(
            "Book a sales return for invoice {invoice} in Accurate: {pieces}, {amount}.",
            "Bukukan Retur Penjualan untuk faktur {invoice} di Accurate: {pieces}, {amount}.",
        ),
        Goods::Kept => page.t(
            "Book a sales return without goods for invoice {invoice} in Accurate: {pieces}, {amount}.",
            "Bukukan Retur Penjualan tanpa barang untuk faktur {invoice} di Accurate: {pieces}, {amount}.",
        ),
    };
    let sentence = sentence.replace("{amount}", &row.amount.map_or_else(|| "?".to_owned(), Rupiah::in_words));
    Ok(sentence.replace("{invoice}", number).replace("{pieces}", &pieces(record, page)))
}

/// A hint that the buyer got back something else than the return takes off the invoice; empty if the amounts agree, or
/// the refund is not known.
fn contradiction(row: &RowRecord, page: &Page) -> String {
    let (RowContent::Return(record), Some(WaitsFor::ApprovalOf(price))) = (&row.content, row.waits_for) else {
        return String::new();
    };
    let refund = record.refund.map_or_else(|| "?".to_owned(), Rupiah::in_words);
    let hint = page.t(
        "The buyer got back {refund}, but this return ({pieces}) takes {price} off the invoice. Check what was returned before you approve it.",
        "Pembeli menerima pengembalian dana {refund}, tetapi retur ini ({pieces}) mengurangi faktur sebesar {price}. Periksa barang yang diretur sebelum menyetujuinya.",
    );
    let hint = hint.replace("{refund}", &refund).replace("{price}", &price.in_words());
    hint.replace("{pieces}", &pieces(record, page))
}

/// What an approval books: which pieces, and whether they came back.
fn returned(row: &RowRecord, page: &Page) -> String {
    let RowContent::Return(record) = &row.content else { return String::new() };
    let sentence = match record.goods {
        Goods::Returned => page.t("Returned: {}.", "Diretur: {}."),
        Goods::Kept => page.t("Returned without goods: {}.", "Diretur tanpa barang: {}."),
    };
    sentence.replace("{}", &pieces(record, page))
}

/// `1 × AAA2002, 2 × BBB`.
pub(super) fn pieces(record: &ReturnRecord, page: &Page) -> String {
    if record.pieces.is_empty() {
        return page.t("the whole order", "seluruh pesanan").to_owned();
    }
    let piece = record.pieces.iter().map(|piece| format!("{} × {}", piece.quantity.normalize(), piece.sku.trim()));
    piece.collect::<Vec<_>>().join(", ")
}
