//! What marketplaces still owe, store by store, and what of the money does not fit: on *Today*, *Payouts* and
//! *Reconciliation*.

use super::{
    super::{
        order_line::rupiah,
        page::{Page, address},
    },
    payouts,
    row::store_name,
    shown::{Counts, Shown},
};
use crate::{
    domain::{
        document::Kind,
        payout::RowState,
        reconciliation::{Class, FindingState},
    },
    http::{App, problem::Problem},
};

/// What is expected and what does not fit.
pub(in crate::web) struct Expected {
    /// Each store whose marketplace still owes something, with how much.
    pub(in crate::web) stores: Vec<(String, String)>,
    /// The sum, unless it is that of a single store.
    pub(in crate::web) total: Option<String>,
    /// Invoices that are not paid in time, and payouts without an order: a link, words and the sum.
    pub(in crate::web) open: Vec<(String, String, String)>,
}

impl Expected {
    /// `None` as long as no payout has arrived.
    pub(in crate::web) async fn read(app: &App, page: &Page) -> Result<Option<Self>, Problem> {
        let storage = app.engine.storage();
        let receivables = storage.receivables().await?;
        let unmatched = Counts::read(app, Kind::Receipt).await?.of(Shown::State(RowState::Unmatched));
        if receivables.is_empty() && unmatched.count == 0 {
            return Ok(None);
        }
        let findings = storage.finding_counts().await?;
        let unpaid =
            findings.iter().find(|(class, state, _)| (*class, *state) == (Class::NotSettled, FindingState::Open));
        let mut open = Vec::new();
        if let Some((_, _, count)) = unpaid.filter(|(_, _, count)| *count > 0) {
            let words = [
                "invoice has not been paid out in time",
                "invoices have not been paid out in time",
                "faktur belum dicairkan pada waktunya",
            ];
            let link = address("/reconciliation", &[("class", Class::NotSettled.as_str())]);
            open.push((format!("{link}#findings"), page.counted(*count, words[0], words[1], words[2]), String::new()));
        }
        if unmatched.count > 0 {
            let words = [
                "payout whose order is not found",
                "payouts whose order is not found",
                "pencairan dana yang pesanannya tidak ditemukan",
            ];
            let link = address(payouts::PATH, &[("show", Shown::State(RowState::Unmatched).word())]);
            let words = page.counted(unmatched.count, words[0], words[1], words[2]);
            open.push((link, words, rupiah(unmatched.hundredths)));
        }
        let names = storage.stores().await?;
        let total: i64 = receivables.iter().map(|one| one.hundredths).sum();
        let owing = receivables.iter().filter(|one| one.hundredths != 0);
        let stores: Vec<_> = owing.map(|one| (store_name(&one.store_id, &names), rupiah(one.hundredths))).collect();
        Ok(Some(Self { total: (stores.len() != 1).then(|| rupiah(total)), stores, open }))
    }
}
