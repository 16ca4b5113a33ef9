//! `demo`: runs sandbox, service and sample orders on this machine, and prints a table of the results.

mod payouts;

use std::{
    collections::BTreeMap, io::IsTerminal, net::SocketAddr, pin::pin, process::ExitCode, sync::Arc, time::Duration,
};

use anyhow::{Context, ensure};
use comfy_table::{ContentArrangement, Table, presets::UTF8_FULL_CONDENSED};
use http::{HeaderName, Method};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{
    Failure, language,
    output::{complain, paragraph, say, terminal_width},
};
use crate::{
    accurate::wire::{HttpWire, Wire, WireRequest},
    clock::SystemClock,
    domain::{
        invoice::ACCURATE_DAY,
        mapping::{DEFAULT_BOOK, Mapping},
        money::Rupiah,
        order::OrderId,
        reason::Language,
    },
    forstok::signature::{Scheme, Verifier},
    sandbox::{Options, Running, Sandbox, samples},
    service::{Listeners, Service, asked_to_stop, cannot_listen},
    settings::{BackfillConfig, BookConfig, Config, Database, LogConfig, LogFormat, MappingFile, Source, Sources},
    storage::{Filter, OrderRecord, State, Term},
    telemetry,
    traces::Recorder,
};

const USUAL_LISTEN: &str = "127.0.0.1:8080";
const OPERATOR_TOKEN: &str = "demo";
const WEBHOOK_SECRET: &str = "demo-webhook-key";
const KEY_HEADER: &str = "key";

/// Returns are booked once a person approves them, like payouts.
const AFTER_SALE: &str = "[payout]\ndelay_days = 0\n\n[returns]\nmode = \"approve\"\n";

/// When the demo ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// Once it has shown its table.
    AfterTable,
    /// When it is asked to stop, so that its user can look around.
    WhenAsked,
}

/// A narrower terminal gets a table without stores and dates.
const FULL_WIDTH: usize = 103;

/// How often each sample is delivered, in addition to an earlier snapshot of most of them.
const DELIVERIES: usize = 3;

/// Seed of the delivery order, which is the same each time, so that two runs can be compared.
const SHUFFLE: u64 = 17;

/// After this time the table is printed even if orders are still in progress.
const LONGEST_WAIT: Duration = Duration::from_mins(2);

/// How often it is checked whether all orders have their outcome.
const CHECK_INTERVAL: Duration = Duration::from_millis(100);

pub(super) async fn demo(ending: Ending, listen: Option<SocketAddr>) -> Result<ExitCode, Failure> {
    let mut stop = pin!(asked_to_stop()?);
    let log = LogConfig { filter: "forstok_accurate=error".to_owned(), format: LogFormat::Text };
    telemetry::log(&log, Recorder::handing_on(Arc::new(SystemClock))).map_err(anyhow::Error::msg)?;
    let folder = tempfile::tempdir().context("no temporary folder for the demo's database")?;
    let demo = Demo::start(folder.path(), listen).await?;
    let outcome = async {
        let wrong = tokio::select! {
            wrong = demo.play(ending) => wrong?,
            () = &mut stop => {
                complain!("Stopped before all orders had an outcome.");
                return Ok(ExitCode::FAILURE);
            }
        };
        if ending == Ending::WhenAsked {
            demo.say_where_to_look()?;
            stop.await;
        }
        Ok(report(&wrong))
    };
    let outcome = outcome.await;
    // Always stopped: the tasks of a service that is only dropped could panic while the runtime ends.
    demo.stop().await;
    outcome
}

/// Reports the unexpected results.
fn report(wrong: &[String]) -> ExitCode {
    if wrong.is_empty() {
        return ExitCode::SUCCESS;
    }
    complain!("\nNot as expected:");
    for wrong in wrong {
        complain!("  - {wrong}");
    }
    ExitCode::FAILURE
}

/// Service and sandbox of a demo.
struct Demo {
    sandbox: Sandbox,
    accurate: Running,
    service: Service,
    address: SocketAddr,
}

impl Demo {
    async fn start(folder: &std::path::Path, listen: Option<SocketAddr>) -> anyhow::Result<Self> {
        let options = Options::with_sample_masters();
        let credentials = (options.api_token.clone(), options.signature_secret.clone());
        let sandbox = Sandbox::new(options);
        let accurate = sandbox.start(([127, 0, 0, 1], 0).into()).await.context("the sandbox cannot listen")?;
        let listener = listen_at(listen).await?;
        let address = listener.local_addr().context("the listening address is not known")?;
        let config = settings(address, folder, &accurate.url(), credentials)?;
        let metrics = telemetry::metrics().map_err(anyhow::Error::msg)?;
        let service = Service::start(config, Listeners::one(listener), metrics).await?;
        Ok(Self { sandbox, accurate, service, address })
    }

    /// Sends the samples and shows their outcomes; returns the unexpected results.
    async fn play(&self, ending: Ending) -> Result<Vec<String>, Failure> {
        let Self { sandbox, service, address, .. } = self;
        if ending == Ending::WhenAsked {
            let link = service.sign_in_once();
            say!("Watch it in a browser; this link signs you in, once:\n  http://{address}{link}\n");
        }
        let orders = samples::SAMPLES.len();
        let sends = format!(
            "Forstok sends {orders} orders, each several times and in any order; one of Accurate's replies gets lost."
        );
        say!("{}\n", paragraph("", &sends));
        sandbox.lose_next_reply_after_saving();
        let progress = progress_bar();
        let sent = send_all(*address, &progress).await?;
        let orders = wait_until_settled(service, &progress).await?;
        progress.finish_and_clear();

        let wrong = show(&orders, sandbox)?;
        let twice = if wrong.is_empty() { ", each as expected and none twice" } else { "" };
        let (count, invoices) = (orders.len(), sandbox.invoice_count());
        let sum = format!("{sent} webhooks → {count} orders → {invoices} invoices in Accurate{twice}.");
        say!("\n{}", paragraph("", &sum));
        let also = payouts::play(service, sandbox, &orders).await?;
        Ok(wrong.into_iter().chain(also).collect())
    }

    fn say_where_to_look(&self) -> Result<(), Failure> {
        let Self { accurate, address, .. } = self;
        say!("\nWhere to look (Ctrl-C ends the demo):");
        say!("  pages          http://{address}/ (the token is {OPERATOR_TOKEN})");
        say!("  all orders     curl -H 'Authorization: Bearer {OPERATOR_TOKEN}' http://{address}/v1/orders");
        say!("  one order      curl -H 'Authorization: Bearer {OPERATOR_TOKEN}' http://{address}/v1/orders/138163394");
        say!("  health         http://{address}/readyz");
        say!("  metrics        http://{address}/metrics");
        say!("  Accurate       {}/sandbox", accurate.url());
        Ok(())
    }

    async fn stop(self) {
        self.service.stop().await;
        self.accurate.stop().await;
    }
}

async fn listen_at(listen: Option<SocketAddr>) -> anyhow::Result<TcpListener> {
    if let Some(address) = listen {
        return TcpListener::bind(address).await.map_err(|error| cannot_listen("--listen", address, &error));
    }
    match TcpListener::bind(USUAL_LISTEN).await {
        Ok(listener) => Ok(listener),
        Err(_) => TcpListener::bind("127.0.0.1:0").await.context("no port is free"),
    }
}

fn settings(
    listen: SocketAddr,
    folder: &std::path::Path,
    accurate: &str,
    (api_token, signature_secret): (String, String),
) -> anyhow::Result<Config> {
    let text = format!("{}\n{AFTER_SALE}", samples::MAPPING);
    let book = BookConfig {
        account_url: accurate.parse().context("the sandbox's address")?,
        api_token: api_token.into(),
        signature_secret: signature_secret.into(),
        bulk: true,
        check_owed: true,
    };
    Ok(Config {
        forstok_api: None,
        backfill: BackfillConfig::default(),
        listen,
        operator_listen: None,
        public_url: None,
        operator_token: Some(SecretString::from(OPERATOR_TOKEN)),
        operators: BTreeMap::new(),
        language: language(),
        database: Database::Sqlite(folder.join("demo.db")),
        keep_bodies: None,
        term: Term::default(),
        webhook: Verifier {
            scheme: Scheme::SharedKey,
            header: HeaderName::from_static(KEY_HEADER),
            secrets: vec![WEBHOOK_SECRET.into()],
        },
        books: BTreeMap::from([(DEFAULT_BOOK.clone(), book)]),
        hints: BTreeMap::new(),
        mapping: Some(MappingFile {
            path: "the sample mapping".into(),
            mapping: Mapping::parse("the sample mapping", &text).expect("the sample mapping is valid"),
            text,
        }),
        notices: None,
        log: LogConfig { filter: "error".to_owned(), format: LogFormat::Text },
        secrets: Sources {
            webhook: Source::Settings,
            books: BTreeMap::from([(DEFAULT_BOOK.clone(), Source::Settings)]),
            ..Sources::default()
        },
        folder: folder.to_owned(),
    })
}

/// Each sample several times, with an earlier snapshot of the order, shuffled.
fn deliveries() -> Vec<Value> {
    let mut bodies = Vec::new();
    for sample in samples::SAMPLES {
        let body = sample.json();
        let mut earlier = body.clone();
        earlier["order"]["status"] = json!("Pending Payment");
        earlier["order"]["updated_at"] = json!("2020-01-01T00:00:00+07:00");
        bodies.push(earlier);
        bodies.extend(std::iter::repeat_n(body, DELIVERIES));
    }
    fastrand::Rng::with_seed(SHUFFLE).shuffle(&mut bodies);
    bodies
}

async fn send_all(service: SocketAddr, progress: &ProgressBar) -> anyhow::Result<usize> {
    let wire = HttpWire::new().context("the HTTP client could not be made")?;
    let bodies = deliveries();
    progress.set_message("Forstok sends");
    progress.set_length(bodies.len() as u64);
    for body in &bodies {
        let body = serde_json::to_vec(body).context("a sample as JSON")?;
        let request = WireRequest {
            method: Method::POST,
            url: format!("http://{service}/webhooks/forstok").parse().context("the service's address")?,
            headers: vec![(KEY_HEADER, WEBHOOK_SECRET.to_owned())],
            body: Some(body.into()),
            timeout: Duration::from_secs(10),
        };
        let reply = wire.send(request).await.context("the service did not answer a webhook")?;
        ensure!(
            reply.status == 200,
            "a webhook was answered {}: {}",
            reply.status,
            String::from_utf8_lossy(&reply.body)
        );
        progress.inc(1);
    }
    Ok(bodies.len())
}

async fn wait_until_settled(service: &Service, progress: &ProgressBar) -> anyhow::Result<Vec<OrderRecord>> {
    let expected = samples::SAMPLES.len();
    progress.set_message("Orders settle");
    progress.set_length(expected as u64);
    let storage = service.engine.storage();
    let started = service.engine.now();
    loop {
        let orders = storage.orders(&Filter::default(), None, 1000).await?;
        let waiting = |order: &&OrderRecord| matches!(order.state, State::Received | State::Due | State::VoidDue);
        let settled = orders.len() - orders.iter().filter(waiting).count();
        progress.set_position(settled as u64);
        let waited = service.engine.now().duration_since(started);
        if (settled == orders.len() && settled >= expected) || waited.unsigned_abs() > LONGEST_WAIT {
            return Ok(orders);
        }
        tokio::time::sleep(CHECK_INTERVAL).await;
    }
}

fn progress_bar() -> ProgressBar {
    let target =
        if std::io::stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let style =
        ProgressStyle::with_template("{msg:14} {bar:40} {pos}/{len}").unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(Some(0), target).with_style(style)
}

/// Prints the table, and below it why orders have no invoice; returns the unexpected results.
fn show(orders: &[OrderRecord], sandbox: &Sandbox) -> Result<Vec<String>, Failure> {
    let language = language();
    let is_full = terminal_width().is_none_or(|width| width >= FULL_WIDTH);
    let in_columns = |[order, storage, state, invoice, date, total]: [String; 6]| {
        if is_full { vec![order, storage, state, invoice, date, total] } else { vec![order, state, invoice, total] }
    };
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
    let header = match language {
        Language::English => ["Order", "Store", "State", "Invoice", "Date", "Total"],
        Language::Indonesian => ["Pesanan", "Toko", "Status", "Faktur", "Tanggal", "Total"],
    };
    table.set_header(in_columns(header.map(str::to_owned)));
    let (mut wrong, mut reasons) = (Vec::new(), Vec::new());
    for sample in samples::SAMPLES {
        let id = sample.json()["order"]["id"].to_string().replace('"', "");
        let order = orders.iter().find(|order| OrderId::parse(&id).as_ref() == Some(&order.order_id));
        let Some(order) = order else {
            wrong.push(format!("order {id} is missing"));
            continue;
        };
        table.add_row(in_columns(row(order)));
        reasons.extend(why(order, language));
        let seen = outcome(order, sandbox);
        if seen != sample.expected() {
            wrong.push(format!("order {id} ({}): expected {}, got {seen}", sample.name, sample.expected()));
        }
    }
    say!("{table}");
    say!();
    say!("{}", if language == Language::English { "Why, and what to do:" } else { "Alasan dan tindakan:" });
    for reason in reasons {
        say!("{reason}");
    }
    for invoice in sandbox.invoices() {
        let same = sandbox.invoices().iter().filter(|other| other.description == invoice.description).count();
        if same > 1 {
            wrong.push(format!("order {} has {same} invoices", invoice.description));
        }
    }
    Ok(wrong)
}

fn row(order: &OrderRecord) -> [String; 6] {
    let (number, date, total) = match &order.invoice {
        None => Default::default(),
        Some(invoice) => (
            invoice.number.to_string(),
            order
                .draft
                .as_ref()
                .map(|draft| draft.body.trans_date.strftime(ACCURATE_DAY).to_string())
                .unwrap_or_default(),
            Rupiah::from_decimal(invoice.total).in_words(),
        ),
    };
    let state = order.state.as_str().to_owned();
    [order.order_id.to_string(), order.store_name.clone(), state, number, date, total]
}

/// Why an order has no invoice, and what to do about it.
fn why(order: &OrderRecord, language: Language) -> Option<String> {
    let reason = order.reason?;
    let about =
        order.findings.first().map(|finding| format!(": {}", finding.about.in_words(language))).unwrap_or_default();
    let sentence = reason.sentence(language).trim_end_matches('.');
    let said = paragraph(&format!("  {}  ", order.order_id), &format!("{reason}: {sentence}{about}."));
    Some(format!("{said}\n{}", paragraph("             → ", reason.remedy(language))))
}

/// An order's result, in the form of `expected.json`.
fn outcome(order: &OrderRecord, sandbox: &Sandbox) -> Value {
    let mut outcome = json!({"state": order.state.as_str()});
    if let Some(reason) = order.reason {
        outcome["reason"] = json!(reason);
    }
    if let Some(invoice) = &order.invoice
        && let [standing] = sandbox.invoices_numbered(invoice.number.as_str()).as_slice()
    {
        outcome["invoice"] = samples::as_expected(standing);
    }
    outcome
}
