//! `/payouts` and `/returns`: what came after the sale, how it is booked, and what a person must do.
//!
//! [`shown`] says which rows a reader wants and how many there are, [`row`] shows one of them; [`approve`] lets rows go
//! out; [`fees`] gives the marketplaces' fees their categories; [`unmatched`] suggests orders for money without one; [`import`] takes payouts from files;
//! [`statement`] is what an order's page says about its money.

pub(super) mod approve;
pub(super) mod export;
pub(super) mod fees;
pub(super) mod import;
pub(super) mod import_columns;
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
use shown::{Counts, Sum};

/// Names of fees that *Today* lists.
const FEES_NAMED: usize = 5;

/// What a person must do about payouts and returns: a link, words and the sum.
pub(super) async fn to_do(app: &App, page: &Page) -> Result<Vec<(String, String, String)>, Problem> {
    let payouts = Counts::read(app, Kind::Receipt).await?;
    let returns = Counts::read(app, Kind::Return).await?;
    let mut lines = Vec::new();
    let mut line = |path: &str, show: &str, sum: Sum, words: String| {
        if sum.count > 0 {
            lines.push((format!("{path}?show={show}"), words, rupiah(sum.hundredths)));
        }
    };
    let sum = payouts.blocked();
    let words =
        page.counted(sum.count, "payout needs attention", "payouts need attention", "pencairan dana perlu ditangani");
    line(payouts::PATH, "blocked", sum, words);
    let sum = payouts.to_approve();
    let words = page.counted(
        sum.count,
        "payout waits for approval",
        "payouts wait for approval",
        "pencairan dana menunggu persetujuan",
    );
    line(payouts::PATH, "approval", sum, words);
    let sum = returns.blocked();
    let words = page.counted(sum.count, "return needs attention", "returns need attention", "retur perlu ditangani");
    line(returns::PATH, "blocked", sum, words);
    let sum = returns.to_approve();
    let words =
        page.counted(sum.count, "return waits for approval", "returns wait for approval", "retur menunggu persetujuan");
    line(returns::PATH, "approval", sum, words);
    let sum = returns.to_book();
    let words = page.counted(
        sum.count,
        "return is to be booked in Accurate",
        "returns are to be booked in Accurate",
        "retur perlu dibukukan di Accurate",
    );
    line(returns::PATH, "person", sum, words);
    let fees = fees::unknown(app).await?;
    if !fees.is_empty() {
        let named: Vec<_> = fees.iter().take(FEES_NAMED).map(|name| format!("“{name}”")).collect();
        let more = if fees.len() > FEES_NAMED { "…" } else { "" };
        let words = page.t("Fees without a category:", "Biaya yang belum berkategori:");
        lines.push((format!("{}#fees", payouts::PATH), format!("{words} {}{more}", named.join(", ")), String::new()));
    }
    Ok(lines)
}
