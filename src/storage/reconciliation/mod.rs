//! Reconciliation: runs and their parts (`runs`), our ledger's side (`ledger`), what Accurate showed (`listed`),
//! findings and the sums of days (`findings`, `closing`, `conclude`), days that were compared (`compared`), orders that
//! Forstok lists (`forstok`), and invoices that are not paid (`unpaid`).

pub(super) mod closing;
pub(super) mod compared;
pub(super) mod conclude;
pub(super) mod findings;
pub(super) mod forstok;
pub(super) mod ledger;
pub(super) mod listed;
pub(super) mod runs;
pub(super) mod unpaid;

use jiff::civil::Date;

use super::{Result, StorageError, dialect::Columns};

fn day(row: &impl Columns, column: &str) -> Result<Date> {
    let text = row.text(column)?;
    text.parse().map_err(|_| StorageError::Unreadable(format!("day {text:?}")))
}
