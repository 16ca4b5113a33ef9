//! What must exist in Accurate after the sale: receipts for the money that was paid out, returns for what went back
//! (design.md §7).
//!
//! One decision for one order, from its invoice, all its payout rows and all its return records: receipt and return
//! never decide apart. [`known`] holds what goes in, [`outcome`] what comes out.

pub mod known;
pub mod outcome;

pub use known::{Cancelled, Document, Invoice, Order, Record, Row, Stage, Standing};
pub use outcome::{Fate, Outcome, Planned, ReceiptDraft, ReturnDraft, Settlement, Sums, Used, Verdict, WaitsFor};
