//! Forstok's side: the proof that a webhook is authentic, and the reading of its body.

mod json;
pub mod payload;
pub mod recognise;
pub mod signature;
