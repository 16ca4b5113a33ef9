//! The simulator runs the real stages and storage in seeded worlds, with simulated time.
//!
//! One seed is one world. Forstok repeats, reorders, delays and cancels; Accurate has every fault of the sandbox;
//! processes die between any two steps, are suspended past their leases, and have their clocks changed. All invariants
//! are checked after every step. At the end every fault is fixed, and every order must be in the right state.
//!
//! - `SIMULATOR_SEEDS=200000 cargo test --release --test all simulator::`: a longer run; `SIMULATOR_FROM` is the first
//!   seed.
//! - `SIMULATOR_STORE=postgres` in front of either command: PostgreSQL instead of SQLite.
//! - `SIMULATOR_SEED=7 cargo test --test all simulator::runs::one_seed -- --nocapture`: one seed, step by step.
//!
//! # Layout
//!
//! - `gates`: the points at which activities stop; `clock`, `wire`, `storage`: the gates around time, Accurate and the
//!   disk
//! - `senders`, `happenings`, `hands`: webhooks, other events, and actions of people in Accurate; `terms`: how much of
//!   each there is in a world
//! - `sales`, `after_sale`: payouts, returns, approvals and what else happens after the sale; `marks`: what people book
//!   themselves or never book; `past`: worlds that begin with many of them
//! - `blind`: replies as a service sees them that does not check them, for the switches
//! - `process`: one process of the service; `lives`: its start and its end; `world`: chooses what continues next;
//!   `time`: how time passes
//! - `changed`: orders that Forstok changes once they are invoiced; `moved`: rows that a correction moves to another order
//! - `view`, `looking`, `checks`, `end`: what is checked after each step, and at the end; `booked`, `settled`: the same
//!   for receipts and returns
//! - `coverage`, `story`, `runs`: reports; the tests themselves

mod after_sale;
mod blind;
mod booked;
mod changed;
mod checks;
mod clock;
mod coverage;
mod disk;
mod end;
mod gates;
mod hands;
mod happenings;
mod lives;
mod looking;
mod marks;
mod moved;
mod past;
mod process;
mod runs;
mod sales;
mod senders;
mod settled;
mod storage;
mod story;
mod terms;
mod time;
mod view;
mod wire;
mod world;
