//! Accurate's side: signing, limits, the host that moves, the calls, and what its replies mean.
//!
//! In the order in which a call meets them: [`client`] (one book's session), [`limiter`] (8 a second,
//! 8 in flight), [`credentials`] (three signed headers), [`wire`] (HTTP), [`outcome`] (what the reply means);
//! then one file per resource: [`invoices`], [`customers`], [`masters`].

pub mod client;
pub mod credentials;
pub mod customers;
pub mod invoices;
pub mod limiter;
pub mod masters;
pub mod outcome;
pub mod wire;
