//! What waits for a person besides blocked orders: payouts and returns, and what the reconciliation found. *Today* and
//! *Needs attention* list it.

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
        let counts = app.engine.storage().finding_counts().await?;
        let line = |class: Class| {
            let open = |(of, state, n): &(Class, FindingState, i64)| {
                (*of == class && *state == FindingState::Open && *n > 0).then_some(*n)
            };
            let count = page.counted(counts.iter().find_map(open)?, "finding", "findings", "temuan");
            let link = address("/reconciliation", &[("class", class.as_str())]);
            Some((format!("{link}#findings"), format!("{}: {count}", class.name(page.language)), String::new()))
        };
        let classes = Class::ALL.into_iter().filter(|class| *class != Class::NotSettled);
        Ok(Self { after_sale: after_sale::to_do(app, page).await?, findings: classes.filter_map(line).collect() })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.after_sale.is_empty() && self.findings.is_empty()
    }

    /// All lines.
    pub(super) fn lines(&self) -> impl Iterator<Item = &(String, String, String)> {
        self.after_sale.iter().chain(&self.findings)
    }
}
