//! Every test that needs more than one module of the crate, in one binary, so that it is linked only once.
//!
//! A module is a suite, and its name is a filter: `cargo test --test all way_of_an_order::`.
//!
//! # Layout
//!
//! - Inside the process, with a fake clock and the sandbox in place of Accurate: `way_of_an_order`, `after_sale`,
//!   `recovery`, `books`, `cases`, `samples`, `mapping_modes`, `check`, `lists`, `after_sale_calls`, `reconciliation`,
//!   `large_replies`, `supervision`, `notices` (with real receivers), most of `importing`
//! - Payout files: `payout_files`
//! - Storage: `storage`, `copy`, `query_plans`, `upgrading`
//! - The real binary as a process: `binary`, `mapping_surface`, `pages`, `browser`
//! - Seeded worlds in simulated time: `simulator`
//! - The modules of `src/` and their dependencies: `layers`
//! - Shared code: `world` (an engine whose steps a test takes one by one), `service` and `forstok` (the binary, and
//!   sending webhooks to it), `alone` (a process for one test)

mod alone;
mod forstok;
mod service;
mod world;

mod after_sale;
mod binary;
mod books;
mod browser;
mod cases;
mod check;
mod copy;
mod importing;

mod after_sale_calls;
#[cfg(target_os = "linux")]
mod large_replies;
mod layers;
mod lists;
mod mapping_modes;
mod mapping_surface;
mod notices;
mod pages;
mod payout_files;
mod query_plans;
mod reconciliation;
mod recovery;
mod samples;
mod simulator;
mod storage;
mod supervision;
mod upgrading;
mod way_of_an_order;
