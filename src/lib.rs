//! forstok-accurate: exactly one correct sales invoice in Accurate Online for each Forstok order.
//!
//! # Layout
//!
//! One room for each thing that happens to an order. Arrows between rooms point downward only, in the order of this
//! list; `tests/layers.rs` holds it.
//!
//! - [`cli`]: one file per command. [`reload`] and [`service`]: the whole service in one process.
//! - [`web`]: the pages, one file each. [`http`]: the webhook, `/v1`, health and metrics. [`export`]: spreadsheets.
//! - [`engine`]: the stages put together and driven.
//! - [`inbox`]: verified body → delivery on disk → its order.
//! - [`deciding`]: news → what must exist in Accurate.
//! - [`posting`]: claims, attempts, bulks, rechecks: the calls that make it so.
//! - [`replicas`], [`housekeeping`]: who leads; what is deleted with time.
//! - [`check`]: looks for what could go wrong before it does.
//! - [`settings`]: what each of the rooms below is told by its operator.
//! - [`accurate`], [`forstok`]: the languages of the two neighbours.
//! - [`storage`]: what must survive, in SQLite or PostgreSQL.
//! - [`domain`]: the pure core: order × mapping → decision and draft; no I/O, no clock.
//! - [`signals`], [`supervisor`], [`clock`], [`live`], [`signing`]: what all of them share.
//! - [`sandbox`]: stands in for Accurate in tests, the demo and trials; knows nothing of the rest.
//! - [`telemetry`]: logs and metrics.

// A macro that panics when nobody reads any more is no way to print: see `cli::output`.
#![warn(clippy::print_stdout, clippy::print_stderr)]

pub mod accurate;
pub mod check;
pub mod cli;
pub mod clock;
pub mod deciding;
pub mod domain;
pub mod engine;
pub mod export;
pub mod forstok;
pub mod housekeeping;
pub mod http;
pub mod inbox;
pub mod live;
pub mod posting;
pub mod reload;
pub mod replicas;
pub mod sandbox;
pub mod service;
pub mod settings;
pub mod signals;
pub mod signing;
pub mod storage;
pub mod supervisor;
pub mod telemetry;
pub mod web;
