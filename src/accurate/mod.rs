//! Accurate's side: signing, limits, the host that moves, the calls, and what its replies mean.
//!
//! In the order in which a call meets them: [`client`] (one book's session), [`limiter`] (8 a second,
//! 8 in flight), [`credentials`] (three signed headers), [`wire`] (HTTP), [`reply`] (reading what came back),
//! `messages` (what Accurate's words mean), `redact` (our own secrets are not shown), [`outcome`] (how the call ended);
//! then one file per resource: [`invoices`] (found by the list of a day with [`search`], read back with [`read_back`]),
//! [`customers`], [`masters`].

pub mod activity;
pub mod client;
pub mod credentials;
pub mod customers;
pub mod invoices;
pub mod limiter;
pub mod masters;
mod messages;
pub mod outcome;
pub mod read_back;
mod redact;
pub mod reply;
pub mod search;
pub mod wire;
