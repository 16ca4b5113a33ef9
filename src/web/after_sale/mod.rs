//! `/payouts` and `/returns`: what came after the sale, how it is booked, and what a person must do.
//!
//! [`shown`] says which rows a reader wants and how many there are, [`row`] shows one of them; [`approve`] lets rows go
//! out, [`by_hand`] notes what a person has booked; [`fees`] gives the marketplaces' fees their categories;
//! [`unmatched`] suggests orders for money without one; [`import`] takes payouts from files; [`statement`] is what an
//! order's page says about its money; [`expected`] is what marketplaces still owe.

pub(super) mod approve;
pub(super) mod by_hand;
pub(super) mod expected;
pub(super) mod export;
pub(super) mod fees;
pub(super) mod import;
pub(super) mod import_columns;
mod import_form;
mod import_report;
pub(super) mod payouts;
pub(super) mod returns;
mod row;
mod shown;
pub(super) mod statement;
mod unmatched;

use super::{order_line::rupiah, page::Page};
use crate::{
    domain::document::Kind,
    http::{App, problem::Problem},
};
use shown::Counts;

/// Names of fees that *Today* lists.
const FEES_NAMED: usize = 5;

/// How many payouts, and how many returns, wait for a person.
pub(super) async fn waiting(app: &App) -> Result<[i64; 2], Problem> {
    let payouts = Counts::read(app, Kind::Receipt).await?;
    let returns = Counts::read(app, Kind::Return).await?;
    let of = |counts: &Counts| {
        [counts.blocked(), counts.without_order(), counts.to_approve(), counts.to_book()]
            .map(|sum| sum.count)
            .iter()
            .sum()
    };
    Ok([of(&payouts), of(&returns)])
}

/// What a person must do about payouts and returns: a link, words and the sum.
pub(super) async fn to_do(app: &App, page: &Page) -> Result<Vec<(String, String, String)>, Problem> {
    let payouts = Counts::read(app, Kind::Receipt).await?;
    let returns = Counts::read(app, Kind::Return).await?;
    let kinds = [
        (
            payouts::PATH,
            "blocked",
            payouts.blocked(),
            ["payout needs attention", "payouts need attention", "pencairan dana perlu ditangani"],
        ),
        (
            payouts::PATH,
            "approval",
            payouts.to_approve(),
            ["payout waits for approval", "payouts wait for approval", "pencairan dana menunggu persetujuan"],
        ),
        (
            returns::PATH,
            "blocked",
            returns.blocked(),
            ["return needs attention", "returns need attention", "retur perlu ditangani"],
        ),
        (
            returns::PATH,
            "unmatched",
            returns.without_order(),
            [
                "return whose order is not found",
                "returns whose order is not found",
                "retur yang pesanannya tidak ditemukan",
            ],
        ),
        (
            returns::PATH,
            "approval",
            returns.to_approve(),
            ["return waits for approval", "returns wait for approval", "retur menunggu persetujuan"],
        ),
        (
            returns::PATH,
            "person",
            returns.to_book(),
            [
                "return is to be booked in Accurate",
                "returns are to be booked in Accurate",
                "retur perlu dibukukan di Accurate",
            ],
        ),
    ];
    let mut lines = Vec::new();
    for (path, show, sum, [one, many, indonesian]) in kinds {
        if sum.count > 0 {
            let mut words = page.counted(sum.count, one, many, indonesian);
            if sum.unknown > 0 {
                words = format!("{words} ({})", sum.unknown_in_words(page));
            }
            lines.push((format!("{path}?show={show}"), words, rupiah(sum.hundredths)));
        }
    }
    let fees = app.engine.fees_without_category().await?;
    if !fees.is_empty() {
        let named: Vec<_> = fees.iter().take(FEES_NAMED).map(|name| format!("“{name}”")).collect();
        let more = if fees.len() > FEES_NAMED { "…" } else { "" };
        let words = page.t("Fees without a category:", "Biaya yang belum berkategori:");
        lines.push((format!("{}#fees", payouts::PATH), format!("{words} {}{more}", named.join(", ")), String::new()));
    }
    Ok(lines)
}
