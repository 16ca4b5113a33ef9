//! The command line, with one file per command.

mod check;
mod config;
mod demo;
mod health;
mod help;
mod init;
mod manual;
mod mapping;
mod mapping_trial;
mod openapi;
mod orders;
mod output;
mod payout;
mod preview;
mod reconcile;
mod sandbox;
mod serve;
mod store;

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use self::{
    check::Rights,
    demo::Ending,
    output::{Form, complain},
};
use crate::{
    deciding::mapping::{self as stored, ActiveMapping},
    domain::{reason::Language, toml_text::Problem},
    settings::{self, CONFIG_VARIABLE, Offline, SettingsErrors},
    storage::Readable,
    version::VERSION,
};

/// Exit code for unusable settings or arguments; nothing was started.
const UNUSABLE: u8 = 2;

/// Creates exactly one correct sales invoice in Accurate Online for each Forstok order
#[derive(Debug, Parser)]
#[command(name = "forstok-accurate", version = VERSION, max_term_width = 100, after_help = help::OF_ALL)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Receive webhooks and create invoices
    Serve {
        /// Settings file; environment variables override it
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Ask what the service must know, try the access to Accurate, and write settings.toml and mapping.toml
    Init(Box<init::Arguments>),
    /// Find problems in advance: settings, database, clock, credentials, rights, mapping
    Check {
        /// Settings file; environment variables override it
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// Also try the rights to save and delete, with empty records that Accurate refuses
        #[arg(long)]
        try_rights: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show what would happen to an order, and its exact invoice; sends nothing and needs no credentials
    Preview {
        /// Settings file, which names the mapping
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// A webhook body, or the order alone; `-` reads standard input
        #[arg(value_name = "ORDER.json")]
        order: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show the active mapping, change it, or list its revisions
    Mapping {
        #[command(subcommand)]
        action: mapping::Action,
        /// Settings file, which names the database
        #[arg(long, value_name = "FILE", global = true)]
        config: Option<PathBuf>,
    },
    /// Compare orders of other sources with what is known, and take in what is missing
    Orders {
        #[command(subcommand)]
        action: orders::Action,
        /// Settings file, which names the database
        #[arg(long, value_name = "FILE", global = true)]
        config: Option<PathBuf>,
    },
    /// Read the payouts of a file, or list the profiles that say what its columns contain
    Payout {
        #[command(subcommand)]
        action: payout::Action,
        /// Settings file, which names the database
        #[arg(long, value_name = "FILE", global = true)]
        config: Option<PathBuf>,
    },
    /// Compare the invoices of a period with those that Accurate lists; changes nothing in Accurate
    ///
    /// Works with or without a running service. Exits with 0 if nothing is open, 1 if something is, 3 if not everything
    /// could be read.
    Reconcile {
        /// The first day, in Jakarta; by default as many days back as the nightly run
        #[arg(long, value_name = "DAY")]
        from: Option<String>,
        /// The last day, in Jakarta; by default today
        #[arg(long, value_name = "DAY")]
        to: Option<String>,
        /// Settings file; environment variables override it
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// Print JSON, as GET /v1/reconciliations/{id} answers
        #[arg(long)]
        json: bool,
    },
    /// Back up the database, verify or restore a backup, or move to PostgreSQL
    Store {
        #[command(subcommand)]
        action: store::Action,
    },
    /// Check the settings and the mapping file, or show every setting with its source
    Config {
        #[command(subcommand)]
        action: config::Action,
        /// Settings file; environment variables override it
        #[arg(long, value_name = "FILE", global = true)]
        config: Option<PathBuf>,
    },
    /// Try everything on this machine: sandbox, service and sample orders; no account needed
    Demo {
        /// Exit after the tables; exits non-zero if any order or payout did not end up as expected
        #[arg(long)]
        once: bool,
        /// Address of the service; by default 127.0.0.1:8080, or a free port if that is taken
        #[arg(long, value_name = "ADDR", value_parser = settings::listen_address)]
        listen: Option<SocketAddr>,
    },
    /// Run only the sandbox, a simulated Accurate
    Sandbox {
        /// Address of the sandbox
        #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9090", value_parser = settings::listen_address)]
        listen: SocketAddr,
        /// Where to send Accurate's own webhooks about changed invoices; by default they are not sent
        #[arg(long, value_name = "URL")]
        webhooks_to: Option<reqwest::Url>,
    },
    /// Check whether a service is running, for a container's health check
    Health {
        /// Settings file of the service
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Print the OpenAPI document
    Openapi,
    /// Print the completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page, or write the pages of all commands
    Man {
        /// Write a page for each command into this folder
        #[arg(long, value_name = "FOLDER")]
        folder: Option<PathBuf>,
    },
}

/// Why a command failed.
enum Failure {
    /// The settings, or their mapping file, are unusable.
    Settings(SettingsErrors),
    /// A given mapping is unusable: its file, and the errors.
    Mapping(PathBuf, Vec<Problem>),
    /// The arguments are unusable.
    Arguments(Vec<Problem>),
    /// The reader of the output has closed the pipe.
    NobodyReads,
    /// Anything else.
    Broken(anyhow::Error),
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Broken(error)
    }
}

impl From<SettingsErrors> for Failure {
    fn from(errors: SettingsErrors) -> Self {
        Self::Settings(errors)
    }
}

/// Runs the command that the arguments select.
pub fn run() -> ExitCode {
    let line = help::completed(Arguments::command());
    let given = Arguments::from_arg_matches(&line.clone().get_matches()).unwrap_or_else(|error| error.exit());
    let result = match given.command {
        Command::Serve { config } => block_on(serve::serve(settings_file(config))),
        Command::Init(arguments) => block_on(init::run(*arguments)),
        Command::Check { config, try_rights, json } => {
            let rights = if try_rights { Rights::Try } else { Rights::LeaveUntried };
            let form = if json { Form::Json } else { Form::Words };
            block_on(check::run(settings_file(config), rights, form))
        }
        Command::Preview { config, order, json } => {
            let form = if json { Form::Json } else { Form::Words };
            block_on(preview::run(settings_file(config), &order, form))
        }
        Command::Mapping { action, config } => block_on(mapping::run(settings_file(config), action)),
        Command::Orders { action, config } => block_on(orders::run(settings_file(config), action)),
        Command::Payout { action, config } => block_on(payout::run(settings_file(config), action)),
        Command::Reconcile { from, to, config, json } => {
            let form = if json { Form::Json } else { Form::Words };
            block_on(reconcile::run(settings_file(config), from, to, form))
        }
        Command::Store { action } => block_on(store::run(action)),
        Command::Demo { once, listen } => {
            let ending = if once { Ending::AfterTable } else { Ending::WhenAsked };
            block_on(demo::demo(ending, listen))
        }
        Command::Sandbox { listen, webhooks_to } => block_on(sandbox::sandbox(listen, webhooks_to)),
        Command::Health { config } => block_on(health::health(settings_file(config))),
        Command::Openapi => openapi::openapi(),
        Command::Config { action, config } => config::run(settings_file(config).as_deref(), &action),
        Command::Completions { shell } => manual::completions(line, shell),
        Command::Man { folder } => manual::pages(line, folder),
    };
    match result {
        Ok(code) => code,
        Err(Failure::Settings(errors)) => {
            complain_of_settings(&errors);
            ExitCode::from(UNUSABLE)
        }
        Err(Failure::Mapping(file, problems)) => {
            complain!("The mapping was not changed: {}.", counted(problems.len(), "error"));
            complain_of(&format!("In the mapping {}", file.display()), &problems);
            ExitCode::from(UNUSABLE)
        }
        Err(Failure::Arguments(problems)) => {
            complain_of("Wrong arguments", &problems);
            ExitCode::from(UNUSABLE)
        }
        // The reader has read enough, as `head` does.
        Err(Failure::NobodyReads) => ExitCode::SUCCESS,
        Err(Failure::Broken(error)) => {
            complain!("forstok-accurate: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn complain_of_settings(errors: &SettingsErrors) {
    let of_settings = errors.settings.len();
    let of_mapping = errors.mapping.as_ref().map_or(0, |(_, problems)| problems.len());
    complain!("Nothing was started or changed: {}.", counted(of_settings + of_mapping, "error"));
    let place = match &errors.file {
        Some(file) => format!("In the settings {}", file.display()),
        None => format!("In the settings (no settings file: give one with --config or {CONFIG_VARIABLE})"),
    };
    complain_of(&place, &errors.settings);
    if let Some((file, problems)) = &errors.mapping {
        complain_of(&format!("In the mapping {}", file.display()), problems);
    }
}

fn complain_of(place: &str, problems: &[Problem]) {
    if !problems.is_empty() {
        complain!("{place}:");
    }
    for problem in problems {
        complain!("  - {problem}");
    }
}

/// The settings file that a command reads.
fn settings_file(given: Option<PathBuf>) -> Option<PathBuf> {
    settings::settings_file(given, std::env::var_os(CONFIG_VARIABLE))
}

/// The mapping file of the settings, else the active mapping in the database.
async fn offline_mapping(offline: &Offline) -> anyhow::Result<ActiveMapping> {
    if let Some(file) = &offline.mapping {
        return Ok(ActiveMapping { revision: 0, mapping: file.mapping.clone() });
    }
    match crate::storage::open_to_read(&offline.database).await? {
        Readable::Now(storage) => Ok(stored::current(storage.as_ref()).await?),
        Readable::Absent => {
            anyhow::bail!("there is no mapping: set mapping.file in the settings ({} does not exist)", offline.database)
        }
        Readable::Older => anyhow::bail!(
            "{} is of an earlier version; the next start of the service brings it up to date",
            offline.database
        ),
    }
}

/// The language of this terminal's user.
fn language() -> Language {
    let wanted = std::env::var("LC_ALL").or_else(|_| std::env::var("LANG")).unwrap_or_default();
    if wanted.starts_with("id") { Language::Indonesian } else { Language::English }
}

/// `1 error`, `2 errors`.
fn counted(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

fn block_on(command: impl Future<Output = Result<ExitCode, Failure>>) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| anyhow::anyhow!("the runtime could not be made: {error}"))?;
    let result = runtime.block_on(command);
    // A call that is still in flight after its deadline must not keep the process running.
    runtime.shutdown_background();
    result
}
