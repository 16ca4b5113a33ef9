//! forstok-accurate: exactly one correct sales invoice in Accurate Online for each Forstok order.
//!
//! # Layout
//!
//! In the order in which an order meets them:
//!
//! - [`http`]: takes the webhook, answers operators, health and metrics probes.
//! - [`web`]: the pages that people open, over the same routes.
//! - [`forstok`]: proves that a webhook is Forstok's and reads its body.
//! - [`store`]: what must survive, in SQLite.
//! - [`domain`]: order × mapping → decision and draft; pure, knows nobody.
//! - [`pipeline`]: decides, claims, posts and settles.
//! - [`accurate`]: speaks to Accurate, within its limits.
//! - [`check`]: looks for what could go wrong before it does.
//! - [`sandbox`]: stands in for Accurate in tests, the demo and trials.
//! - [`cli`], [`config`], [`service`], [`reload`], [`clock`], [`live`], [`signing`], [`telemetry`]: around all of it.

// A macro that panics when nobody reads any more is no way to print: see `cli::output`.
#![warn(clippy::print_stdout, clippy::print_stderr)]

pub mod accurate;
pub mod check;
pub mod cli;
pub mod clock;
pub mod config;
pub mod domain;
pub mod export;
pub mod forstok;
pub mod http;
pub mod live;
pub mod pipeline;
pub mod reload;
pub mod sandbox;
pub mod service;
pub mod signing;
pub mod store;
pub mod telemetry;
pub mod web;
