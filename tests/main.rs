//! Every test that needs more than one module of the crate, in one binary: it is linked once.
//!
//! A module is a suite, and its name is a filter: `cargo test --test all way_of_an_order::`.
//!
//! # Layout
//!
//! - Inside the process, with a fake clock and the sandbox in place of Accurate: `way_of_an_order`, `healing`, `books`,
//!   `cases`, `samples`, `mapping_modes`, `check`, `large_replies`, `supervision`
//! - Storage: `storage`, `copy`, `query_plans`
//! - The real binary as a process: `binary`, `mapping_surface`, `pages`, `browser`
//! - Seeded worlds in simulated time: `simulator`
//! - The rooms of `src/`: `layers`
//! - What they share: `world` (a pipeline that is run by hand), `service` and `forstok` (the binary and who sends to
//!   it), `alone` (a process for one test)

mod alone;
mod forstok;
mod service;
mod world;

mod binary;
mod books;
mod browser;
mod cases;
mod check;
mod copy;
mod healing;
#[cfg(target_os = "linux")]
mod large_replies;
mod layers;
mod mapping_modes;
mod mapping_surface;
mod pages;
mod query_plans;
mod samples;
mod simulator;
mod storage;
mod supervision;
mod way_of_an_order;
