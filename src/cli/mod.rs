//! The command line; one file a command.

mod check;
mod demo;
mod health;
mod mapping;
mod openapi;
mod preview;
mod sandbox;
mod serve;
mod store;

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

use crate::{
    config::{Database, Offline},
    domain::{document::Problem, reason::Language},
    pipeline::{MappingInForce, mapping as in_store},
};

/// Exit code for settings or arguments that cannot be used; nothing was started.
const UNUSABLE: u8 = 2;

/// Turns Forstok orders into exactly one correct sales invoice each in Accurate Online.
#[derive(Debug, Parser)]
#[command(name = "forstok-accurate", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Take webhooks and make invoices
    Serve {
        /// Settings file; every key can also come from the environment
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Look for everything that could go wrong: settings, database, clock, credentials, rights, mapping
    Check {
        /// Settings file
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show what would become of one order and the exact invoice; sends nothing, needs no credentials
    Preview {
        /// Settings file; names the mapping
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// A webhook's body, or the order alone
        #[arg(value_name = "ORDER.json")]
        order: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show, change or look back at the mapping in force
    Mapping {
        #[command(subcommand)]
        action: mapping::Action,
        /// Settings file; names the database
        #[arg(long, value_name = "FILE", global = true)]
        config: Option<PathBuf>,
    },
    /// Back the database up, or move it to PostgreSQL
    Store {
        #[command(subcommand)]
        action: store::Action,
    },
    /// Try it all on this machine: sandbox, service and sample orders; no account needed
    Demo {
        /// End after the table; the exit code is not 0 if any order did not end as it should
        #[arg(long)]
        once: bool,
        /// Where the service listens; by default 127.0.0.1:8080, or a free port when that is taken
        #[arg(long, value_name = "ADDR")]
        listen: Option<SocketAddr>,
    },
    /// Run the stand-in for Accurate alone
    Sandbox {
        /// Where it listens
        #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9090")]
        listen: SocketAddr,
    },
    /// Ask a running service whether it is alive: for a container's health check
    Health {
        /// Settings file of the service
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Print the OpenAPI document
    Openapi,
}

/// Why a command ended badly.
enum Failure {
    /// Settings or arguments cannot be used.
    Unusable(Vec<Problem>),
    /// Anything else.
    Broken(anyhow::Error),
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Broken(error)
    }
}

impl From<Vec<Problem>> for Failure {
    fn from(problems: Vec<Problem>) -> Self {
        Self::Unusable(problems)
    }
}

/// Runs the command that the arguments name.
pub fn run() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Serve { config } => block_on(serve::serve(config)),
        Command::Check { config, json } => block_on(check::run(config, json)),
        Command::Preview { config, order, json } => block_on(preview::run(config, &order, json)),
        Command::Mapping { action, config } => block_on(mapping::run(config, action)),
        Command::Store { action } => block_on(store::run(action)),
        Command::Demo { once, listen } => block_on(demo::demo(once, listen)),
        Command::Sandbox { listen } => block_on(sandbox::sandbox(listen)),
        Command::Health { config } => block_on(health::health(config)),
        Command::Openapi => openapi::openapi(),
    };
    match result {
        Ok(code) => code,
        Err(Failure::Unusable(problems)) => {
            eprintln!("The settings cannot be used; nothing was started. {} to mend:", counted(problems.len()));
            for problem in problems {
                eprintln!("  - {problem}");
            }
            ExitCode::from(UNUSABLE)
        }
        Err(Failure::Broken(error)) => {
            eprintln!("forstok-accurate: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The mapping file of the settings, else the one in force in the database.
async fn offline_mapping(offline: &Offline) -> anyhow::Result<MappingInForce> {
    if let Some(file) = &offline.mapping {
        return Ok(MappingInForce { revision: 0, mapping: file.mapping.clone() });
    }
    // To look for a mapping makes no database.
    let is_there = !matches!(&offline.database, Database::Sqlite(path) if !path.exists());
    anyhow::ensure!(is_there, "there is no mapping: set mapping.file in the settings");
    let store = crate::store::open_beside(&offline.database).await?;
    Ok(in_store::in_force(store.as_ref()).await?)
}

/// The language of this terminal's user.
fn language() -> Language {
    let wanted = std::env::var("LC_ALL").or_else(|_| std::env::var("LANG")).unwrap_or_default();
    if wanted.starts_with("id") { Language::Indonesian } else { Language::English }
}

fn counted(mistakes: usize) -> String {
    if mistakes == 1 { "1 mistake".to_owned() } else { format!("{mistakes} mistakes") }
}

fn block_on(command: impl Future<Output = Result<ExitCode, Failure>>) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| anyhow::anyhow!("the runtime could not be made: {error}"))?;
    let result = runtime.block_on(command);
    // A call that is still in flight past its deadline must not hold the process.
    runtime.shutdown_background();
    result
}
