//! Traces: how the way of an order is seen from outside, from the webhook over the decision and the claim to the call
//! and its outcome.
//!
//! The spans of [`tracing`] get the identifiers of W3C Trace Context ([`context`]). If the environment names an
//! OpenTelemetry collector, finished spans are sent to it ([`export`]); otherwise an identifier that a caller sent is
//! only handed on. The stages of an order follow each other through the database, not through calls: [`orders`]
//! remembers by order where the next stage belongs.
//!
//! The format (OTLP as JSON over HTTP) is written here, because the crates for it would have lengthened the first build
//! by half a minute. Attributes never contain a body, a token or a buyer's data.

pub mod context;
pub mod export;
pub mod orders;
pub mod recorder;

pub use self::{
    context::TraceContext,
    export::{Destination, Exporter},
    recorder::{Recorder, are_sent, current, follow, if_sent, leave_out, link},
};
