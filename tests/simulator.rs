//! The simulator: the real stages and storage under a seeded world, with simulated time.
//!
//! One seed is one world. Forstok repeats, reorders, delays and cancels; Accurate has every fault of the sandbox;
//! processes die between any two steps, fall asleep past their leases, and have their clock set. After every
//! step all that must hold is looked at; in the end everything is mended and every order must be where it belongs.
//!
//! - `SIMULATOR_SEEDS=200000 cargo test --release --test all simulator::`: a longer run; `SIMULATOR_FROM` begins elsewhere.
//! - `SIMULATOR_STORE=postgres` before either: over PostgreSQL instead of SQLite.
//! - `SIMULATOR_SEED=7 cargo test --test all simulator::runs::one_seed -- --nocapture`: one seed, step by step.
//!
//! # Layout
//!
//! - `gates`: where activities stand still; `clock`, `wire`, `storage`: the gates around time, Accurate and the disk
//! - `senders`, `happenings`, `hands`: what comes from outside, and what people do in Accurate; `terms`: how much of
//!   it in this world
//! - `blind`: replies as they are seen by a service that does not look, for the switches
//! - `process`: one process of the service; `lives`: its start and its end; `world`: which of everything goes on next
//! - `view`, `checks`, `end`: what is looked at after each step, and in the end
//! - `coverage`, `story`, `runs`: what is told; the tests themselves

mod blind;
mod checks;
mod clock;
mod coverage;
mod disk;
mod end;
mod gates;
mod hands;
mod happenings;
mod lives;
mod process;
mod runs;
mod senders;
mod storage;
mod story;
mod terms;
mod view;
mod wire;
mod world;
