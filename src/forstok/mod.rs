//! Forstok's side: the proof that a webhook is authentic, the reading of its body, and the API that lists orders.

pub mod api;
mod json;
pub mod payload;
pub mod payout;
pub mod recognise;
pub mod signature;
