//! The receipts and returns that must exist in Accurate after the sale: receipts for money that was paid out, returns
//! for goods and refunds (design.md §7).
//!
//! Receipts and returns of an order are decided together, from its invoice, all its payout rows and all its return
//! records. [`known`] is the input, [`outcome`] the result. [`settle`] decides the returns first (`returns`, with
//! `pieces`, which pieces are meant, and `stock`, what is left of the invoice), because a return is money that is no
//! longer owed; then the receipts (`receipts`, with `ledger`, what is owed, and `discounts`, which refunds they book).
//! What people have booked in Accurate themselves comes before both (`by_hand`). `amounts` says what a return will take
//! off the invoice.

mod amounts;
mod by_hand;
mod discounts;
pub mod known;
mod ledger;
pub mod outcome;
mod pieces;
mod receipts;
mod returns;
mod same_money;
mod settling;
mod stock;
#[cfg(test)]
mod tests;
mod words;

use jiff::civil::Date;

pub use known::{ByHand, CameBack, Cancelled, Document, Invoice, LastParts, Order, Record, Row, Stage, Standing};
pub use outcome::{
    Fate, Outcome, Planned, ReceiptDraft, ReturnDraft, Settlement, Sums, Used, Verdict, Waits, WaitsFor,
};
pub use returns::key_of_cancellation;

use receipts::{amounts, blocked, to_book_without_invoice};
use returns::record_of_status;
use settling::Settling;

use crate::domain::{
    mapping::{Mapping, OnCancel},
    reason::Reason,
};

/// Decides what must exist for an order on this day (WIB).
pub fn settle(order: &Order<'_>, mapping: &Mapping, today: Date) -> Settlement {
    let cancelled = order.cancelled.filter(|_| mapping.on_cancel == OnCancel::Void);
    match order.invoice {
        Invoice::Exists(invoice) => Settling::new(order, invoice, mapping, today).settle(cancelled),
        Invoice::Held(invoice) => Settling::new(order, invoice, mapping, today).hold(cancelled),
        Invoice::Awaited => {
            let waiting = without_invoice(order, mapping, |row| match amounts(&row.payout, mapping) {
                Err(unmapped) => unmapped,
                Ok(_) => Outcome::Waiting(WaitsFor::Invoice),
            });
            // Its record is there before the invoice, whose creation then is news for it.
            Settlement { add: record_of_status(order), ..waiting }
        }
        Invoice::Leaving => {
            let waiting = without_invoice(order, mapping, |_| Outcome::Waiting(WaitsFor::Invoice));
            Settlement { invoice: Fate::Void, ..waiting }
        }
        Invoice::Absent(reason) => without_invoice(order, mapping, |row| match reason {
            // A person who creates the invoice by hand, or wants none, books its money too.
            Some(reason) if reason != Reason::Cancelled => Outcome::Ignored(Some(reason)),
            _ if row.payout.net.is_zero() => Outcome::Ignored(reason),
            _ => money_without_invoice(order, row, mapping),
        }),
    }
}

/// An order without an invoice: nothing can be booked. `becomes` gives the outcome of a row.
fn without_invoice(order: &Order<'_>, mapping: &Mapping, becomes: impl Fn(&Row) -> Outcome) -> Settlement {
    let undecided = |row: &Row| match &row.receipt {
        Some(receipt) => stuck(receipt).unwrap_or_else(|| becomes(row)),
        None => becomes(row),
    };
    let of_row = |row: &Row| by_hand::row_without_invoice(row, order.store_id).unwrap_or_else(|| undecided(row));
    let rows = order.rows.iter().map(|row| Verdict {
        of: row.payout.key.clone(),
        outcome: of_row(row),
        amount: Some(row.payout.net),
    });
    let of_record = match order.invoice {
        Invoice::Absent(reason) => Outcome::Ignored(reason),
        _ => Outcome::Waiting(WaitsFor::Invoice),
    };
    let records = order.records.iter();
    let records = records.map(|record| {
        let undecided = || match &record.document {
            Some(document) => stuck(document).unwrap_or_else(|| of_record.clone()),
            None => of_record.clone(),
        };
        let outcome = by_hand::record_without_invoice(record, order.store_id, mapping).unwrap_or_else(undecided);
        Verdict { of: record.record.key.clone(), outcome, amount: record.record.refund }
    });
    Settlement {
        receipts: Vec::new(),
        returns: Vec::new(),
        rows: rows.collect(),
        records: records.collect(),
        invoice: Fate::Kept,
        add: None,
        sums: Sums::default(),
        again_on: None,
    }
}

/// What a person must do about a document that must be gone, but cannot be deleted.
fn stuck<D>(document: &Document<D>) -> Option<Outcome> {
    match &document.stage {
        Stage::Stuck(finding) | Stage::Blocked(finding) => Some(Outcome::Blocked(finding.clone())),
        Stage::Planned | Stage::Sent | Stage::Exists | Stage::Gone | Stage::GivenUp(_) => None,
    }
}

fn money_without_invoice(order: &Order<'_>, row: &Row, mapping: &Mapping) -> Outcome {
    blocked(Reason::PayoutUnmatched, to_book_without_invoice(&row.payout, mapping, order.store_id))
}
