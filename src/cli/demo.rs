//! `demo`: sandbox, service and sample orders on this machine, and a table of what became of each.

use std::{collections::BTreeMap, io::IsTerminal, net::SocketAddr, process::ExitCode, time::Duration};

use anyhow::{Context, ensure};
use axum::http::{HeaderName, Method};
use comfy_table::{ContentArrangement, Table, presets::UTF8_FULL_CONDENSED};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{Failure, language};
use crate::{
    accurate::wire::{HttpWire, Wire, WireRequest},
    config::{BookConfig, Config, Database, LogConfig, LogFormat, MappingFile},
    domain::{invoice::ACCURATE_DAY, mapping::DEFAULT_BOOK, money::Rupiah, order::OrderId, reason::Language},
    forstok::signature::{Encoding, Scheme, Verifier},
    sandbox::{Options, Sandbox, samples},
    service::{Listeners, Service, asked_to_stop},
    signing::hmac_sha256,
    store::{Filter, OrderRecord, State},
    telemetry,
};

const USUAL_LISTEN: &str = "127.0.0.1:8080";
const OPERATOR_TOKEN: &str = "demo";
const WEBHOOK_SECRET: &str = "demo-webhook-key";
const SIGNATURE_HEADER: &str = "x-forstok-signature";

/// How often each sample is delivered, beside an earlier snapshot of most.
const DELIVERIES: usize = 3;

/// The deliveries come in the same shuffled order each time, so that two runs can be compared.
const SHUFFLE: u64 = 17;

/// After this long the table is shown as it stands.
const PATIENCE: Duration = Duration::from_mins(2);

const GLANCE: Duration = Duration::from_millis(100);

pub(super) async fn demo(once: bool, listen: Option<SocketAddr>) -> Result<ExitCode, Failure> {
    let asked_to_stop = asked_to_stop()?;
    let log = LogConfig { filter: "forstok_accurate=error".to_owned(), format: LogFormat::Text };
    telemetry::log(&log).map_err(anyhow::Error::msg)?;
    let folder = tempfile::tempdir().context("a folder for the demo's database")?;
    let options = Options::with_sample_masters();
    let credentials = (options.api_token.clone(), options.signature_secret.clone());
    let sandbox = Sandbox::new(options);
    let accurate = sandbox.start(([127, 0, 0, 1], 0).into()).await.context("the sandbox cannot listen")?;
    let listener = listen_at(listen).await?;
    let address = listener.local_addr().context("the address that is listened on")?;
    let config = settings(address, folder.path(), &accurate.url(), credentials)?;
    let metrics = telemetry::metrics().map_err(anyhow::Error::msg)?;
    let service = Service::start(config, Listeners::one(listener), metrics).await?;

    if !once {
        println!(
            "Watch it in a browser; this link signs you in, once:\n  http://{address}{}\n",
            service.sign_in_once()
        );
    }
    println!(
        "Forstok sends {} orders, each several times and in any order; one of Accurate's replies gets lost.\n",
        samples::SAMPLES.len()
    );
    sandbox.lose_next_reply_after_saving();
    let progress = progress_bar();
    let sent = send_all(address, &progress).await?;
    let orders = wait_until_settled(&service, &progress).await?;
    progress.finish_and_clear();

    let wrong = show(&orders, &sandbox);
    let twice = if wrong.is_empty() { ", each as it should be and none twice" } else { "" };
    println!("\n{sent} webhooks → {} orders → {} invoices in Accurate{twice}.", orders.len(), sandbox.invoice_count());
    if !once {
        println!("\nWhere to look (Ctrl-C ends the demo):");
        println!("  pages          http://{address}/ (the token is {OPERATOR_TOKEN})");
        println!("  all orders     curl -H 'Authorization: Bearer {OPERATOR_TOKEN}' http://{address}/v1/orders");
        println!(
            "  one order      curl -H 'Authorization: Bearer {OPERATOR_TOKEN}' http://{address}/v1/orders/138163394"
        );
        println!("  health         http://{address}/readyz");
        println!("  metrics        http://{address}/metrics");
        println!("  Accurate       {}/sandbox", accurate.url());
        asked_to_stop.await;
    }
    service.stop().await;
    accurate.stop().await;
    if wrong.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("\nNot as it should be:");
    for wrong in wrong {
        eprintln!("  - {wrong}");
    }
    Ok(ExitCode::FAILURE)
}

async fn listen_at(listen: Option<SocketAddr>) -> anyhow::Result<TcpListener> {
    if let Some(address) = listen {
        return TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}; is it taken?"));
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
    let book = BookConfig {
        account_url: accurate.parse().context("the sandbox's address")?,
        api_token: api_token.into(),
        signature_secret: signature_secret.into(),
        bulk: true,
    };
    Ok(Config {
        listen,
        operator_listen: None,
        public_url: None,
        operator_token: Some(SecretString::from(OPERATOR_TOKEN)),
        operators: BTreeMap::new(),
        language: language(),
        database: Database::Sqlite(folder.join("demo.db")),
        keep_bodies: None,
        webhook: Verifier {
            scheme: Scheme::Hmac { encoding: Encoding::Hex, timestamp_header: None },
            header: HeaderName::from_static(SIGNATURE_HEADER),
            secrets: vec![WEBHOOK_SECRET.into()],
        },
        books: BTreeMap::from([(DEFAULT_BOOK.to_owned(), book)]),
        mapping: Some(MappingFile {
            path: "the sample mapping".into(),
            text: samples::MAPPING.to_owned(),
            mapping: samples::mapping(),
        }),
        log: LogConfig { filter: "error".to_owned(), format: LogFormat::Text },
    })
}

/// Each sample several times, with an earlier snapshot of it, shuffled.
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
        let signature = hex::encode(hmac_sha256(WEBHOOK_SECRET, None, &body));
        let request = WireRequest {
            method: Method::POST,
            url: format!("http://{service}/webhooks/forstok").parse().context("the service's address")?,
            headers: vec![(SIGNATURE_HEADER, format!("sha256={signature}"))],
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
    let store = service.engine.store();
    let started = service.engine.now();
    loop {
        let orders = store.orders(&Filter::default(), None, 1000).await?;
        let waiting = |order: &&OrderRecord| matches!(order.state, State::Received | State::Due | State::VoidDue);
        let settled = orders.len() - orders.iter().filter(waiting).count();
        progress.set_position(settled as u64);
        let waited = service.engine.now().duration_since(started);
        if (settled == orders.len() && settled >= expected) || waited.unsigned_abs() > PATIENCE {
            return Ok(orders);
        }
        tokio::time::sleep(GLANCE).await;
    }
}

fn progress_bar() -> ProgressBar {
    let target =
        if std::io::stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let style =
        ProgressStyle::with_template("{msg:14} {bar:40} {pos}/{len}").unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(Some(0), target).with_style(style)
}

/// Prints the table; returns what is not as it should be.
fn show(orders: &[OrderRecord], sandbox: &Sandbox) -> Vec<String> {
    let language = language();
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(match language {
        Language::English => ["Order", "Store", "State", "Invoice", "Date", "Total", "Why, and what to do"],
        Language::Indonesian => ["Pesanan", "Toko", "Status", "Faktur", "Tanggal", "Total", "Alasan dan tindakan"],
    });
    if !std::io::stdout().is_terminal() {
        table.set_width(150);
    }
    let mut wrong = Vec::new();
    for sample in samples::SAMPLES {
        let id = sample.json()["order"]["id"].to_string().replace('"', "");
        let order = orders.iter().find(|order| OrderId::parse(&id).as_ref() == Some(&order.order_id));
        let Some(order) = order else {
            wrong.push(format!("order {id} is nowhere"));
            continue;
        };
        table.add_row(row(order, language));
        let seen = outcome(order, sandbox);
        if seen != sample.expected() {
            wrong.push(format!("order {id} ({}): expected {}, got {seen}", sample.name, sample.expected()));
        }
    }
    println!("{table}");
    for invoice in sandbox.invoices() {
        let standing = sandbox.invoices().iter().filter(|other| other.description == invoice.description).count();
        if standing > 1 {
            wrong.push(format!("order {} has {standing} invoices", invoice.description));
        }
    }
    wrong
}

fn row(order: &OrderRecord, language: Language) -> [String; 7] {
    let (number, date, total) = match &order.invoice {
        None => Default::default(),
        Some(invoice) => (
            invoice.number.clone(),
            order
                .draft
                .as_ref()
                .map(|draft| draft.body.trans_date.strftime(ACCURATE_DAY).to_string())
                .unwrap_or_default(),
            Rupiah::from_decimal(invoice.total).in_words(),
        ),
    };
    let why = match order.reason {
        None => String::new(),
        Some(reason) => {
            let about = order
                .findings
                .first()
                .map(|finding| format!(": {}", finding.about.in_words(language)))
                .unwrap_or_default();
            let sentence = reason.sentence(language).trim_end_matches('.');
            format!("{sentence}{about}. → {}", reason.remedy(language))
        }
    };
    let state = match order.reason {
        Some(reason) => format!("{}: {reason}", order.state.as_str()),
        None => order.state.as_str().to_owned(),
    };
    [order.order_id.to_string(), order.store_name.clone(), state, number, date, total, why]
}

/// What became of an order, in the shape of `expected.json`.
fn outcome(order: &OrderRecord, sandbox: &Sandbox) -> Value {
    let mut outcome = json!({"state": order.state.as_str()});
    if let Some(reason) = order.reason {
        outcome["reason"] = json!(reason);
    }
    if let Some(invoice) = &order.invoice
        && let [standing] = sandbox.invoices_numbered(&invoice.number).as_slice()
    {
        outcome["invoice"] = samples::as_expected(standing);
    }
    outcome
}
