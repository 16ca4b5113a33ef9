//! What waits for a person besides blocked orders: payouts and returns, and what the reconciliation found. *Today* and
//! *Needs attention* list it, and the navigation counts it.

use super::{
    after_sale,
    page::{Page, address},
};
use crate::{
    domain::reconciliation::{Class, FindingState},
    http::{App, problem::Problem},
};

/// Lines with a link, words and a sum, which is empty where there is none.
#[derive(Default)]
pub(super) struct ToDo {
    /// Payouts, returns and fees without a category.
    pub(super) after_sale: Vec<(String, String, String)>,
    /// Open findings, one line for each class. Unpaid invoices are listed with what marketplaces still owe.
    pub(super) findings: Vec<(String, String, String)>,
}

impl ToDo {
    pub(super) async fn read(app: &App, page: &Page) -> Result<Self, Problem> {
        let line = |(class, n): (Class, i64)| {
            let count = page.counted(n, "finding", "findings", "temuan");
            let link = address("/reconciliation", &[("class", class.as_str())]);
            (format!("{link}#findings"), format!("{}: {count}", class.name(page.language)), String::new())
        };
        let findings = open_findings(app).await?.into_iter().map(line).collect();
        Ok(Self { after_sale: after_sale::to_do(app, page).await?, findings })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.after_sale.is_empty() && self.findings.is_empty()
    }

    /// All lines.
    pub(super) fn lines(&self) -> impl Iterator<Item = &(String, String, String)> {
        self.after_sale.iter().chain(&self.findings)
    }
}

/// How much of it there is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Waiting {
    /// Payouts that are blocked, without an order, or wait for an approval.
    pub(super) payouts: i64,
    /// Returns that are blocked, without an order, wait for an approval, or are to be booked by a person.
    pub(super) returns: i64,
    /// Open findings of the reconciliation.
    pub(super) findings: i64,
}

impl Waiting {
    pub(super) async fn read(app: &App) -> Result<Self, Problem> {
        let [payouts, returns] = after_sale::waiting(app).await?;
        let findings = open_findings(app).await?.into_iter().map(|(_, n)| n).sum();
        Ok(Self { payouts, returns, findings })
    }
}

/// The number of open findings of each class that has some. Unpaid invoices are shown with what marketplaces still owe.
async fn open_findings(app: &App) -> Result<Vec<(Class, i64)>, Problem> {
    let counts = app.engine.storage().finding_counts().await?;
    let open = |class: Class| {
        let is_it =
            |(of, state, n): &&(Class, FindingState, i64)| *of == class && *state == FindingState::Open && *n > 0;
        Some((class, counts.iter().find(is_it)?.2))
    };
    Ok(Class::ALL.into_iter().filter(|class| *class != Class::NotSettled).filter_map(open).collect())
}
