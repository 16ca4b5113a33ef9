//! The real binary from its users' point of view: started as a process, called over HTTP, stopped and killed by
//! signals. The sandbox runs in the test's own process.

mod accounting;
mod bad_requests;
mod commands;
mod deploy;
mod hints;
mod hostile;
mod initialising;
mod initialising_by_hand;
mod keeping;
mod lists;
mod logging;
mod machine_fails;
mod manners;
mod minutes;
mod operators;
mod paused;
mod reload;
mod repeats;
mod replicas;
mod restoring;
mod secrecy;
pub(crate) mod server;
mod server_fails;
mod settings;
mod signatures;
mod soak;
mod stopping;
mod storing;
mod tracing;
mod trying;
