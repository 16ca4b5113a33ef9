//! `init`: asks what the service must know, tries the access to Accurate, and writes `settings.toml` and
//! `mapping.toml`.
//!
//! Every question is also an argument, so that it runs unattended: without a terminal nothing is asked.

mod ask;
mod choices;
mod files;
mod mapping;

use std::{
    io::Read,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use anyhow::Context;
use jiff::{ToSpan, civil::Date};
use secrecy::{ExposeSecret, SecretString};

use self::{ask::Asker, choices::Lists, files::Content, mapping::Given};
use super::{
    Failure,
    check::list,
    counted,
    output::{complain, paragraph, say},
};
use crate::{
    accurate::{client::Session, credentials::Credentials, wire::HttpWire},
    check::{Finding, Severity, check_access},
    clock::{Clock, SharedClock, SystemClock},
    domain::{day_in_wib, mapping::DEFAULT_BOOK, toml_text::Problem},
    settings::{self, BookConfig, DEFAULT_ACCOUNT_URL, database_at},
    setup::new_webhook_key,
    signing::unguessable,
};

/// Where the service listens, unless somebody says otherwise.
const USUAL_LISTEN: &str = "127.0.0.1:8080";

/// The database, unless somebody says otherwise.
const USUAL_DATABASE: &str = "sqlite://data/forstok-accurate.db";

/// Bytes of a generated operator token.
const TOKEN_BYTES: usize = 24;

/// How often credentials that Accurate refuses are asked for again.
const TRIES: usize = 3;

/// What `init` can be told instead of being asked.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Folder for settings.toml and mapping.toml
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    folder: PathBuf,
    /// Where the service listens [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR", value_parser = settings::listen_address)]
    listen: Option<SocketAddr>,
    /// The https address at which people and Forstok reach the service
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Database; by default `sqlite://data/forstok-accurate.db`
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// Address of Accurate's account server; to try the service, that of a sandbox
    #[arg(long, value_name = "URL", default_value = DEFAULT_ACCOUNT_URL)]
    account_url: String,
    /// File with the API Token; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// File with the app's signature secret; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// File with the webhook key that Forstok already has; otherwise a key is generated
    #[arg(long, value_name = "FILE")]
    webhook_key_file: Option<PathBuf>,
    /// Orders from this day on get an invoice, such as 2026-12-01
    #[arg(long, value_name = "DAY")]
    first_day: Option<Date>,
    /// Forstok's id of a store; may be given several times
    #[arg(long, value_name = "ID")]
    store: Vec<String>,
    /// Customer in Accurate for a store; otherwise its number is the store's id. May be given several times
    #[arg(long, value_name = "STORE=NUMBER")]
    customer: Vec<String>,
    /// Cash & Bank account in which a store's payouts arrive; may be given several times
    #[arg(long, value_name = "STORE=NUMBER")]
    bank_account: Vec<String>,
    /// Account in Accurate for shipping that buyers pay to the seller
    #[arg(long, value_name = "NUMBER")]
    shipping_account: Option<String>,
    /// Branch in Accurate for the invoices of the stores
    #[arg(long, value_name = "NAME")]
    branch: Option<String>,
    /// Payment term in Accurate for the invoices of the stores
    #[arg(long, value_name = "NAME")]
    payment_term: Option<String>,
    /// Warehouse in Accurate for a warehouse in Forstok; may be given several times. Without it, invoices name no
    /// warehouse
    #[arg(long, value_name = "ID=NAME")]
    warehouse: Vec<String>,
    /// Ask nothing: use the default of everything that is not given (first day: tomorrow)
    #[arg(long)]
    yes: bool,
    /// Replace settings.toml and mapping.toml if they exist
    #[arg(long)]
    force: bool,
    /// Do not try the access to Accurate
    #[arg(long)]
    without_test: bool,
}

pub(super) async fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let folder = settings::absolute(arguments.folder.clone());
    let asker = if arguments.yes { Asker::with_defaults() } else { Asker::at_terminal() };
    let given = examine(&arguments, &folder, &asker)?;
    let mut findings = Vec::new();
    let content = answers(&arguments, given, &asker, &mut findings).await?;
    files::write(&folder, &content)?;
    print(&folder, &content)?;
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    if errors > 0 {
        say!();
        say!(
            "{}",
            paragraph(
                "",
                &format!("Accurate refuses something that the service needs ({}):", counted(errors, "error"))
            )
        );
        list(findings)?;
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// Everything that is wrong with the arguments, at once and before anything is asked.
fn examine(arguments: &Arguments, folder: &Path, asker: &Asker) -> Result<Given, Failure> {
    let mut problems = Vec::new();
    let mut wrong = |key: &str, value: Option<String>, remedy: &str| {
        problems.push(Problem { key: key.to_owned(), value, remedy: remedy.to_owned() });
    };
    if !arguments.force {
        for path in files::NAMES.map(|name| folder.join(name)).into_iter().filter(|path| path.exists()) {
            wrong(
                &path.display().to_string(),
                None,
                "exists already: choose another --folder, or replace it with --force",
            );
        }
    }
    if !asker.asks() {
        let required = [
            ("--token-file", arguments.token_file.is_none(), "is missing: name a file with Accurate's API Token"),
            (
                "--secret-file",
                arguments.secret_file.is_none(),
                "is missing: name a file with the app's signature secret",
            ),
            (
                "--first-day",
                arguments.first_day.is_none() && !arguments.yes,
                "is missing: give the first day whose orders get an invoice, such as 2026-12-01 (--yes takes tomorrow)",
            ),
        ];
        for (key, is_missing, remedy) in required {
            if is_missing {
                wrong(key, None, remedy);
            }
        }
    }
    if let Some(url) = &arguments.database
        && let Err(remedy) = database_at(url, Some(folder))
    {
        wrong("--database", None, &remedy);
    }
    match Given::read(arguments) {
        Ok(given) if problems.is_empty() => Ok(given),
        Ok(_) => Err(Failure::Arguments(problems)),
        Err(more) => {
            problems.extend(more);
            Err(Failure::Arguments(problems))
        }
    }
}

async fn answers(
    arguments: &Arguments,
    given: Given,
    asker: &Asker,
    findings: &mut Vec<Finding>,
) -> Result<Content, Failure> {
    asker.tell(
        "This command asks for what the service needs, tries the access to Accurate, and writes settings.toml and \
         mapping.toml. An empty answer takes the value in brackets.",
    );
    let listen = asker.ask(
        arguments.listen.map(|address| address.to_string()),
        "Address and port to listen on",
        USUAL_LISTEN,
        |text| settings::listen_address(text).map(|address| address.to_string()).map_err(str::to_owned),
    )?;
    let public_url = asker.ask(
        arguments.public_url.clone(),
        "Public https address of the service, if a proxy adds HTTPS (empty: none)",
        "",
        |text| Ok(text.trim_end_matches('/').to_owned()),
    )?;
    let database = asker.ask(arguments.database.clone(), "Database", USUAL_DATABASE, |text| {
        database_at(text, None).map(|_| text.to_owned())
    })?;
    let (credentials, session) = credentials(arguments, asker, findings).await?;
    let lists = match &session {
        Some(session) => Lists::read(session).await,
        None => Lists::default(),
    };
    let missing = given.missing_in(&lists);
    if !missing.is_empty() {
        return Err(Failure::Arguments(missing));
    }
    let webhook_key = match &arguments.webhook_key_file {
        Some(path) => secret_in(path)?,
        None => new_webhook_key().into(),
    };
    let tomorrow = day_in_wib(SystemClock.now()).saturating_add(1.day());
    let first_day = asker.ask(
        arguments.first_day.map(|day| day.to_string()),
        "First day: orders that buyers placed before it get no invoice",
        &tomorrow.to_string(),
        |text| {
            text.parse::<Date>().map(|day| day.to_string()).map_err(|_| "must be a day such as 2026-12-01".to_owned())
        },
    )?;
    Ok(Content {
        listen,
        public_url,
        database,
        account_url: arguments.account_url.clone(),
        operator_token: hex::encode(&unguessable()[..TOKEN_BYTES]).into(),
        webhook_key,
        credentials,
        first_day,
        mapping: given.ask(asker, &lists)?,
    })
}

/// The credentials, after Accurate has accepted them.
async fn credentials(
    arguments: &Arguments,
    asker: &Asker,
    findings: &mut Vec<Finding>,
) -> Result<(Credentials, Option<Session>), Failure> {
    for _ in 0..TRIES {
        let secret = |file: &Option<PathBuf>, question: &str| match file {
            Some(path) => secret_in(path),
            None => asker.ask_secret(question),
        };
        let credentials = Credentials {
            api_token: secret(&arguments.token_file, "API Token of your Accurate database (not shown)")?,
            signature_secret: secret(&arguments.secret_file, "Signature secret of your app (not shown)")?,
        };
        if arguments.without_test {
            return Ok((credentials, None));
        }
        let session = session(&arguments.account_url, &credentials)?;
        match check_access(&session).await {
            Ok(found) => {
                asker.tell("Accurate accepts the credentials.");
                *findings = found.into_iter().filter(|finding| finding.severity != Severity::Ok).collect();
                return Ok((credentials, Some(session)));
            }
            Err(finding) => {
                complain!("{}", paragraph("", &format!("{}.", finding.found.trim_end_matches('.'))));
                complain!("{}", paragraph("→ ", &finding.remedy));
                if arguments.token_file.is_some() && arguments.secret_file.is_some() {
                    break;
                }
            }
        }
    }
    Err(anyhow::anyhow!("nothing was written; --without-test writes the files without trying the access").into())
}

fn session(account_url: &str, credentials: &Credentials) -> anyhow::Result<Session> {
    let book = BookConfig {
        account_url: account_url.parse().context("--account-url is not an address")?,
        api_token: credentials.api_token.clone(),
        signature_secret: credentials.signature_secret.clone(),
        bulk: true,
        check_owed: true,
    };
    let clock: SharedClock = Arc::new(SystemClock);
    let wire = Arc::new(HttpWire::new().context("the HTTP client could not be made")?);
    Ok(Session::new(DEFAULT_BOOK, &book, wire, clock))
}

/// The secret in a file: its only line that is not empty.
fn secret_in(path: &Path) -> Result<SecretString, Failure> {
    let mut text = String::new();
    let read = if path.as_os_str() == "-" {
        // One line, so that the other secret may follow on the next.
        std::io::stdin().read_line(&mut text).map(|_| ())
    } else {
        std::fs::File::open(path).and_then(|mut file| file.read_to_string(&mut text)).map(|_| ())
    };
    let problem =
        |remedy: String| Failure::Arguments(vec![Problem { key: path.display().to_string(), value: None, remedy }]);
    read.map_err(|error| problem(format!("cannot be read ({error})")))?;
    match text.trim() {
        "" => Err(problem("is empty: write the secret into it".to_owned())),
        secret if secret.lines().count() > 1 => {
            Err(problem("has several lines: it must contain the secret alone".to_owned()))
        }
        secret => Ok(secret.into()),
    }
}

fn print(folder: &Path, content: &Content) -> Result<(), Failure> {
    let [settings, mapping] = files::NAMES.map(|name| folder.join(name));
    let base = if content.public_url.is_empty() { "https://<your address>" } else { &content.public_url };
    let shown = shown_at(&content.listen);
    say!("Written:");
    say!("  {} (secrets: only you can read it)", settings.display());
    say!("  {}", mapping.display());
    say!();
    say!("Enter in Forstok, in its webhook settings:");
    say!("  Address  {base}/webhooks/forstok");
    say!("  Key      {}", content.webhook_key.expose_secret());
    say!();
    say!("Sign in on the pages with this token:");
    say!("  {}", content.operator_token.expose_secret());
    say!();
    say!("Then start the service:");
    say!("  forstok-accurate serve --config {}", settings.display());
    let next = format!(
        "and open http://{shown}/setup. It shows the first webhook, the stores that are not mapped yet, and the first \
         invoice before it is created. Nothing is created in Accurate before you press the button there."
    );
    say!("{}", paragraph("", &next));
    Ok(())
}

/// An address that a browser on this machine can open.
fn shown_at(listen: &str) -> String {
    match listen.parse::<SocketAddr>() {
        Ok(address) if address.ip().is_unspecified() => format!("127.0.0.1:{}", address.port()),
        _ => listen.to_owned(),
    }
}
