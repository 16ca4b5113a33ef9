//! *Mark as done by hand*: a person has booked a payout or a return in Accurate, or nothing is to be booked for it.

use axum::{
    Form,
    extract::State,
    response::{IntoResponse, Redirect, Response},
};

use super::{
    super::page::{Page, address},
    payouts, returns,
    row::{RowLine, is_corrected, is_markable},
    shown::Asked,
};
use crate::{
    domain::{document::Kind, operator::Actor},
    http::{
        App,
        auth::By,
        problem::Problem,
        v1::row_decision::{RowDecision, decide},
    },
    storage::RowRecord,
};

/// The row whose form is open.
pub(super) struct Marking {
    pub(super) source: String,
    pub(super) source_id: String,
    /// The order's number, or words that say that the row names none.
    pub(super) number: String,
    pub(super) amount: String,
    pub(super) consequence: &'static str,
    /// What it means that nothing is to be booked; `None` if this service has booked it.
    pub(super) never: Option<&'static str>,
    /// For a return: whether the reader must say its total, and what the field is about.
    pub(super) total: Option<(bool, String)>,
}

impl Marking {
    /// The form that the address asks for.
    pub(super) fn new(kind: Kind, rows: &[RowRecord], lines: &[RowLine], asked: &Asked, page: &Page) -> Option<Self> {
        let asked = asked.mark.filter(|_| page.may_work())?;
        let (row, line) = rows.iter().zip(lines).find(|(row, _)| row.id == asked && is_markable(row))?;
        let (source, source_id) = row.content.key();
        let consequence = match kind {
            Kind::Return => page.t(
                "You have booked this return in Accurate yourself. This service will not create a sales return for it, \
                 whatever the mapping says, and counts it as returned.",
                "Anda sudah membukukan retur ini sendiri di Accurate. Layanan ini tidak akan membuat Retur Penjualan \
                 untuknya, apa pun pemetaannya, dan menganggapnya sudah diretur.",
            ),
            Kind::Invoice | Kind::Receipt => page.t(
                "You have booked this money in Accurate yourself. This service will not create a sales receipt for it, \
                 whatever the mapping says.",
                "Anda sudah membukukan dana ini sendiri di Accurate. Layanan ini tidak akan membuat Penerimaan \
                 Penjualan untuknya, apa pun pemetaannya.",
            ),
        };
        Some(Self {
            source: source.to_owned(),
            source_id: source_id.to_owned(),
            number: line.number.clone(),
            amount: line.amount.clone(),
            consequence,
            never: row.booked_as().is_none().then(|| never(kind, page)),
            total: (kind == Kind::Return).then(|| (row.amount.is_none() || is_corrected(row), about_total(row, page))),
        })
    }
}

fn never(kind: Kind, page: &Page) -> &'static str {
    match kind {
        Kind::Return => page.t(
            "Choose this for a duplicate, or if nothing came back. Nothing is booked for this return, and nothing of it \
             counts as returned.",
            "Pilih ini untuk data ganda, atau bila tidak ada barang yang kembali. Retur ini tidak dibukukan dan tidak \
             dianggap sudah diretur.",
        ),
        Kind::Invoice | Kind::Receipt => page.t(
            "Choose this for a duplicate, such as the same money in two reports. Nothing is booked for this row, and \
             nothing of it counts as paid.",
            "Pilih ini untuk data ganda, misalnya dana yang sama di dua laporan. Baris ini tidak dibukukan dan tidak \
             dianggap sudah dibayar.",
        ),
    }
}

/// What a person enters as the total of the return that they have booked.
fn about_total(row: &RowRecord, page: &Page) -> String {
    match row.amount {
        _ if is_corrected(row) => page
            .t(
                "This return was corrected after it was booked: enter the total of the sales return as it is now.",
                "Data retur ini diperbaiki setelah dibukukan: isi total Retur Penjualan yang sekarang.",
            )
            .to_owned(),
        Some(amount) => page
            .t("Leave it empty if it is {amount}.", "Kosongkan bila totalnya {amount}.")
            .replace("{amount}", &amount.in_words()),
        None => page
            .t(
                "The amount of this return is not known: the total that you enter counts as returned.",
                "Nominal retur ini belum diketahui: total yang Anda isi dianggap sudah diretur.",
            )
            .to_owned(),
    }
}

/// `POST /payouts/decision`.
pub(in crate::web) async fn of_payout(
    State(app): State<App>,
    By(actor): By,
    Form(decision): Form<RowDecision>,
) -> Result<Response, Problem> {
    carry_out(&app, &actor, Kind::Receipt, decision).await
}

/// `POST /returns/decision`.
pub(in crate::web) async fn of_return(
    State(app): State<App>,
    By(actor): By,
    Form(decision): Form<RowDecision>,
) -> Result<Response, Problem> {
    carry_out(&app, &actor, Kind::Return, decision).await
}

async fn carry_out(app: &App, actor: &Actor, kind: Kind, decision: RowDecision) -> Result<Response, Problem> {
    let done = match decide(app, actor, kind, decision).await? {
        "by_hand" => "row_by_hand",
        "never" => "row_never",
        _ => "row_not_by_hand",
    };
    let path = if kind == Kind::Return { returns::PATH } else { payouts::PATH };
    Ok(Redirect::to(&address(path, &[("done", done)])).into_response())
}
