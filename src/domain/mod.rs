//! What an order is, what must happen to it, and why: pure functions without I/O or clock.
//!
//! In the order of the data flow: [`money`] (rupiah), [`status`] (Forstok's statuses and their ranks), [`order`] (one
//! snapshot), [`unread`] (its unreadable values), [`history`] (all snapshots of an order, folded), [`ids`] (numbers of
//! webhooks and attempts), [`mapping`] (the seller's rules), [`decision`] (order × mapping), [`invoice`] (the draft for
//! Accurate), [`lines`] (the invoice's lines), [`basis`] (the parts of the order that the invoice is based on),
//! [`seen`] (which products and warehouses it shows), [`reason`] (why an order is not invoiced, in words), [`about`]
//! (what exactly a reason is about), [`document`] (what must exist in Accurate, and what needs what), [`doubt`] (what
//! is not known about an order's saves), [`shadow`] (a draft beside the invoice of another integration),
//! [`reconciliation`] (our ledger beside Accurate), [`hint`] (which invoices Accurate's own webhooks name),
//! [`timeline`] (what happened to an order), [`state`] (its state), [`recheck`] (what it waits for in Accurate),
//! [`masters`] (the lists of an Accurate database), [`contradiction`] (what is wrong with an answer), [`matching`]
//! (which item a SKU means), [`after_sale`] (receipts and returns after the sale), [`import`] (what another source
//! lists, beside what is known), [`origin`] (how a snapshot came), [`operator`] (who acts, and with which role),
//! [`trial`] (what another mapping would change), [`payout_file`] (files with payouts), [`pause`] (why a book is
//! paused, in words), [`notice`] (which notices are sent, and their texts), [`mod@format`] (numbers and times as people
//! write them), [`toml_text`] (strict reading of files that people write).

pub mod about;
pub mod after_sale;
pub mod basis;
pub mod cause;
pub mod contradiction;
pub mod decision;
pub mod document;
pub mod doubt;
pub mod format;
pub mod hint;
pub mod history;
pub mod ids;
pub mod import;
pub mod invoice;
pub mod lines;
pub mod manual;
pub mod mapping;
pub mod masters;
pub mod matching;
pub mod money;
pub mod notice;
pub mod operator;
pub mod order;
pub mod origin;
pub mod pause;
pub mod payout;
pub mod payout_file;
pub mod reason;
pub mod receipt;
pub mod recheck;
pub mod reconciliation;
pub mod return_record;
pub mod row_fields;
pub mod sales_return;
pub mod seen;
pub mod shadow;
pub mod state;
pub mod status;
pub mod timeline;
pub mod toml_text;
pub mod trial;
pub mod unread;
pub mod unreadable_file;

use jiff::{Timestamp, civil::Date, tz::Offset};

/// Western Indonesian time (WIB), in which Indonesian accounts are kept. It has no daylight saving time.
pub const WIB: Offset = Offset::constant(7);

/// The day in Jakarta at this time.
///
/// The built-in integration used the UTC day, so orders of 00:00–07:00 were dated one day early (forstok.md §5).
pub fn day_in_wib(moment: Timestamp) -> Date {
    WIB.to_datetime(moment).date()
}
