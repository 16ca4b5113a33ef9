//! The simulator: the real domain, pipeline and store under a seeded world, with simulated time.
//!
//! One seed is one world. Forstok repeats, reorders, delays and cancels; Accurate has every fault of the sandbox;
//! processes die between any two steps, fall asleep past their leases, and have their clock set. After every
//! step all that must hold is looked at; in the end everything is mended and every order must be where it belongs.
//!
//! - `SIMULATOR_SEEDS=200000 cargo test --release --test simulator`: a longer run; `SIMULATOR_FROM` begins elsewhere.
//! - `SIMULATOR_STORE=postgres` before either: over PostgreSQL instead of SQLite.
//! - `SIMULATOR_SEED=7 cargo test --test simulator one_seed -- --nocapture`: one seed, step by step.
//!
//! # Layout
//!
//! - `gates`: where activities stand still; `clock`, `wire`, `store`: the gates around time, Accurate and the disk
//! - `senders`, `happenings`, `hands`: what comes from outside, and what people do in Accurate; `terms`: how much of
//!   it in this world
//! - `blind`: replies as they are seen by a service that does not look, for the switches
//! - `process`: one process of the service; `lives`: its start and its end; `world`: which of everything goes on next
//! - `view`, `checks`, `end`: what is looked at after each step, and in the end
//! - `coverage`, `story`, `runs`: what is told; the tests themselves

#[path = "simulator/blind.rs"]
mod blind;
#[path = "simulator/checks.rs"]
mod checks;
#[path = "simulator/clock.rs"]
mod clock;
#[path = "simulator/coverage.rs"]
mod coverage;
#[path = "simulator/disk.rs"]
mod disk;
#[path = "simulator/end.rs"]
mod end;
#[path = "simulator/gates.rs"]
mod gates;
#[path = "simulator/hands.rs"]
mod hands;
#[path = "simulator/happenings.rs"]
mod happenings;
#[path = "simulator/lives.rs"]
mod lives;
#[path = "world/postgres.rs"]
mod postgres;
#[path = "simulator/process.rs"]
mod process;
#[path = "simulator/runs.rs"]
mod runs;
#[path = "simulator/senders.rs"]
mod senders;
#[path = "simulator/store.rs"]
mod store;
#[path = "simulator/story.rs"]
mod story;
#[path = "simulator/terms.rs"]
mod terms;
#[path = "simulator/view.rs"]
mod view;
#[path = "simulator/wire.rs"]
mod wire;
#[path = "simulator/world.rs"]
mod world;
