//! `config check | dump`: the settings and the mapping file, without network and without database.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use clap::Subcommand;
use serde::Serialize;
use serde_json::json;

use super::{
    Failure, UNUSABLE, counted,
    output::{Form, paragraph, say},
};
use crate::{
    check::Severity,
    domain::toml_text::Problem,
    settings::{self, Config, Origin, Setting, SettingsErrors, Source},
    telemetry,
};

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Report every error in the settings and in the mapping file, with key, value and what to do; needs no network
    Check {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Print every setting with its value and where the value comes from; secrets are hidden
    Dump {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// One thing to correct or to add.
#[derive(Debug, Serialize)]
struct Found {
    severity: Severity,
    /// The file in which it is; `None` if there is no settings file.
    file: Option<PathBuf>,
    #[serde(flatten)]
    problem: Problem,
}

pub(super) fn run(file: Option<&Path>, action: &Action) -> Result<ExitCode, Failure> {
    let form = |json| if json { Form::Json } else { Form::Words };
    match action {
        Action::Check { json } => check(file, form(*json)),
        Action::Dump { json } => dump(file, form(*json)),
    }
}

fn check(file: Option<&Path>, form: Form) -> Result<ExitCode, Failure> {
    let loaded = settings::load_to_serve(file, settings::environment());
    let found = match &loaded {
        Ok(config) => lacking(config, file),
        Err(errors) => found(errors),
    };
    let count = |severity| found.iter().filter(|found| found.severity == severity).count();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    match form {
        Form::Json => {
            let json = json!({ "errors": errors, "warnings": warnings, "findings": found });
            say!("{}", serde_json::to_string_pretty(&json).context("the findings as JSON")?);
        }
        Form::Words => {
            if let Ok(config) = &loaded {
                print_files(config, file)?;
            }
            for found in &found {
                print(found)?;
            }
            say!("{}, {}.", counted(errors, "error"), counted(warnings, "warning"));
        }
    }
    Ok(match (errors, warnings) {
        (0, 0) => ExitCode::SUCCESS,
        (0, _) => ExitCode::FAILURE,
        _ => ExitCode::from(UNUSABLE),
    })
}

fn found(errors: &SettingsErrors) -> Vec<Found> {
    let error = |file: Option<&PathBuf>, problem: &Problem| Found {
        severity: Severity::Error,
        file: file.cloned(),
        problem: problem.clone(),
    };
    let of_settings = errors.settings.iter().map(|problem| error(errors.file.as_ref(), problem));
    let of_mapping = errors.mapping.iter();
    let of_mapping = of_mapping.flat_map(|(file, problems)| problems.iter().map(|problem| error(Some(file), problem)));
    of_settings.chain(of_mapping).collect()
}

/// What the service starts without, but a person must add before it can work.
fn lacking(config: &Config, file: Option<&Path>) -> Vec<Found> {
    let mut lacking = Vec::new();
    let mut add = |severity, key: String, remedy: &str| {
        let problem = Problem { key, value: None, remedy: remedy.to_owned() };
        lacking.push(Found { severity, file: file.map(Path::to_path_buf), problem });
    };
    let enter = "is missing: give it in the settings, or enter it on the page /setup once the service runs";
    if config.secrets.webhook == Source::Missing {
        add(Severity::Warning, "forstok.webhook.secrets".to_owned(), enter);
    }
    for (name, _) in config.books.iter().filter(|(_, book)| !book.has_credentials()) {
        add(Severity::Warning, format!("books.{name}.api_token"), enter);
    }
    if config.operator_token.is_none() && config.operators.is_empty() {
        let remedy = "is missing, and there are no [operators]: nobody can use the pages and /v1";
        add(Severity::Warning, "server.operator_token".to_owned(), remedy);
    }
    if let Err(problem) = telemetry::filter(&config.log) {
        lacking.push(Found { severity: Severity::Error, file: file.map(Path::to_path_buf), problem });
    }
    lacking
}

fn print_files(config: &Config, file: Option<&Path>) -> Result<(), Failure> {
    match file {
        Some(file) => say!("Settings: {}", file.display()),
        None => say!("Settings: from the environment, without a file"),
    }
    match &config.mapping {
        Some(file) => say!("Mapping:  {}, {}", file.path.display(), counted(file.mapping.stores.len(), "store")),
        None => say!("Mapping:  the one in the database, because mapping.file is not set"),
    }
    say!("Database: {}\n", config.database);
    Ok(())
}

fn print(found: &Found) -> Result<(), Failure> {
    let severity = if found.severity == Severity::Error { "ERROR" } else { "warning" };
    let place = found.file.as_ref().map_or(String::new(), |file| format!(" ({})", file.display()));
    let Problem { key, value, remedy } = &found.problem;
    let value = value.as_ref().map_or(String::new(), |value| format!(" = {value}"));
    say!("{}", paragraph(&format!("{severity:8} "), &format!("{key}{value}{place}")));
    say!("{}", paragraph("         → ", remedy));
    Ok(())
}

fn dump(file: Option<&Path>, form: Form) -> Result<ExitCode, Failure> {
    let settings = settings::every_setting(file, settings::environment())?;
    match form {
        Form::Json => {
            let json = json!({ "file": file, "settings": settings });
            say!("{}", serde_json::to_string_pretty(&json).context("the settings as JSON")?);
        }
        Form::Words => {
            let width = settings.iter().map(|setting| line(setting).chars().count()).filter(|width| *width <= WIDEST);
            let width = width.max().unwrap_or_default();
            for setting in &settings {
                say!("{:width$}  # {}", line(setting), origin(&setting.origin));
            }
        }
    }
    // What is listed may still be wrong; `config check` says so.
    Ok(ExitCode::SUCCESS)
}

/// Sources are aligned behind settings of up to this length.
const WIDEST: usize = 60;

fn line(setting: &Setting) -> String {
    match &setting.value {
        Some(value) => format!("{} = {value}", setting.key),
        None => format!("# {} is not set", setting.key),
    }
}

fn origin(origin: &Origin) -> String {
    match origin {
        Origin::Default => "default".to_owned(),
        Origin::File(path) => format!("settings file {}", path.display()),
        Origin::Environment(name) => format!("environment variable {name}"),
        Origin::SecretFile(path) => format!("secret file {}", path.display()),
        Origin::Page(path) => format!("entered on the page, in {}", path.display()),
    }
}
