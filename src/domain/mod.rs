//! What an order is, what it must become, and why: pure functions, no I/O, no clock.
//!
//! In the order in which data meets them:
//! [`money`] (rupiah), [`status`] (Forstok's statuses and their ranks), [`order`] (one snapshot), [`unread`] (what of it
//! could not be read),
//! [`history`] (all snapshots of an order folded into what matters), [`mapping`] (the seller's rules),
//! [`decision`] (order × mapping), [`invoice`] (the draft that goes to Accurate), [`lines`] (its lines),
//! [`basis`] (what of the order it rests on),
//! [`reason`] (why an order is not invoiced, in words), [`about`] (what exactly a reason is about),
//! [`doubt`] (what is not known about its saves), [`timeline`] (what happened to it),
//! [`state`] (where it is), [`recheck`] (what in Accurate it waits for), [`operator`] (who acts, and in which role).

pub mod about;
pub mod basis;
pub mod cause;
pub mod decision;
pub mod document;
pub mod doubt;
pub mod history;
pub mod invoice;
pub mod lines;
pub mod manual;
pub mod mapping;
pub mod money;
pub mod operator;
pub mod order;
pub mod reason;
pub mod recheck;
pub mod state;
pub mod status;
pub mod timeline;
pub mod unread;

use jiff::{Timestamp, civil::Date, tz::Offset};

/// Western Indonesian time, in which Indonesian books are kept. It has no daylight saving.
pub const WIB: Offset = Offset::constant(7);

/// The day a moment falls on in Jakarta.
///
/// The built-in integration took the UTC day and so dated orders of 00:00–07:00 a day early (forstok.md §5).
pub fn day_in_wib(moment: Timestamp) -> Date {
    WIB.to_datetime(moment).date()
}
