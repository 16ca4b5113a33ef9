//! Accurate's API: signing, limits, the data host, the calls, and the meaning of the replies.
//!
//! In the order in which a call uses them: [`client`] (one book's session), [`limiter`] (8 a second, 8 in flight),
//! [`credentials`] (three signed headers), [`wire`] (HTTP), [`reply`] (parses replies), `messages` (the meaning of
//! Accurate's messages), `redact` (removes our secrets), [`outcome`] (the outcome of a call); then one file for each
//! resource: [`documents`] (the calls that every kind has), [`invoices`] (found by the list of a day with [`search`],
//! read back with [`read_back`], read with all their lines by [`booked`], what is open on them by [`outstanding`]),
//! [`receipts`], [`returns`], [`customers`], [`masters`], [`webhooks`] (Accurate's own).

pub mod activity;
pub mod booked;
pub mod client;
pub mod credentials;
pub mod customers;
pub mod documents;
pub mod invoices;
pub mod limiter;
pub mod masters;
mod messages;
pub mod outcome;
pub mod outstanding;
pub mod period;
pub mod read_back;
pub mod receipts;
mod redact;
pub mod reply;
pub mod returns;
pub mod search;
pub mod webhooks;

pub use crate::wire;
