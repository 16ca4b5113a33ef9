//! The real binary as its users meet it: started as a process, spoken to over HTTP, stopped and killed by signals.
//! On the other side stands the sandbox of this test's own process.

mod accounting;
mod bad_requests;
mod commands;
mod deploy;
mod hostile;
mod keeping;
mod logging;
mod machine_fails;
mod operators;
mod paused;
mod reload;
mod repeats;
mod replicas;
mod server;
mod server_fails;
mod settings;
mod signatures;
mod soak;
mod stopping;
mod storing;
mod trying;
