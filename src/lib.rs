//! forstok-accurate creates exactly one correct sales invoice in Accurate Online for each Forstok order, and its
//! receipts and returns after the sale.
//!
//! # Layout
//!
//! One module for each thing that happens to an order. A module uses only modules further down this list;
//! `tests/layers.rs` enforces this.
//!
//! - [`cli`]: one file per command. [`reload`] and [`service`]: the complete service in one process.
//! - [`web`]: the pages, one file each. [`http`]: the webhook, `/v1`, health and metrics. [`skus`]: SKUs beside items.
//!   [`export`]: spreadsheets.
//! - [`engine`]: connects the stages and runs them.
//! - [`importing`]: orders from files and from Forstok's order API, compared and taken in; payouts from files.
//! - [`inbox`]: verified webhook → delivery on disk → its order.
//! - [`deciding`]: order with a new snapshot, payout or return → what must exist in Accurate.
//! - [`posting`]: claims, attempts, bulks and rechecks: the calls to Accurate.
//! - [`masters`]: reads the lists of accounts, items and the like from Accurate, in the background.
//! - [`shadow`]: drafts that are not sent, compared with the invoices of another integration.
//! - [`reconciling`]: compares our invoices of a period with those that Accurate lists, and follows Accurate's own
//!   webhooks.
//! - [`replicas`], [`housekeeping`]: leader election; deletion of old data.
//! - [`check`]: finds problems before they block an order.
//! - [`telemetry`]: logs and metrics. [`setup`]: secrets that the setup page changes, and the first webhook.
//! - [`settings`]: the operator's settings for the modules below.
//! - [`accurate`], [`forstok`]: Accurate's API and Forstok's webhooks. [`notices`]: webhook, e-mail and Telegram, the
//!   channels of notices.
//! - [`storage`]: the database, SQLite or PostgreSQL.
//! - [`sandbox`]: simulates Accurate in tests, the demo and trials; independent of the rest.
//! - [`signals`]: wakes the loops of the stages.
//! - [`domain`]: the pure rules: order × mapping → decision and draft; no I/O, no clock.
//! - [`traces`]: the way of an order for OpenTelemetry.
//! - [`supervisor`], [`clock`], [`live`], [`signing`], [`spreadsheet`], [`version`], [`wire`]: shared by
//!   all of them.

// println! panics if the reader closes the pipe: use `cli::output`.
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
pub mod importing;
pub mod inbox;
pub mod live;
pub mod masters;
pub mod notices;
pub mod posting;
pub mod reconciling;
pub mod reload;
pub mod replicas;
pub mod sandbox;
pub mod service;
pub mod settings;
pub mod setup;
pub mod shadow;
pub mod signals;
pub mod signing;
pub mod skus;
pub mod spreadsheet;
pub mod storage;
pub mod supervisor;
pub mod telemetry;
pub mod traces;
pub mod version;
pub mod web;
pub mod wire;
