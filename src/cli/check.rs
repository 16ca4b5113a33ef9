//! `check`: everything that could go wrong, each with its remedy, before the first invoice.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::IsTerminal,
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
};

use anyhow::Context;
use comfy_table::{ContentArrangement, Table, presets::UTF8_FULL_CONDENSED};
use serde_json::json;

use super::Failure;
use crate::{
    accurate::{client::Session, wire::HttpWire},
    check::{Finding, Severity, check_book},
    clock::{SharedClock, SystemClock},
    config::{self, Config, unknown_books},
    domain::{lines::lines_of, mapping::Mapping, mapping::Store as StoreRules},
    forstok::payload,
    pipeline::mapping,
    store::{self, Store},
};

/// Waiting orders whose items are looked at, the newest first.
const MOST_ORDERS: i64 = 1000;

pub(super) async fn run(file: Option<PathBuf>, as_json: bool) -> Result<ExitCode, Failure> {
    let findings = match config::load(file.as_deref(), std::env::vars()) {
        Ok(config) => check(&config).await?,
        Err(problems) => problems
            .into_iter()
            .map(|problem| {
                Finding::error(format!("settings: {}", problem.key), problem.value.unwrap_or_default(), problem.remedy)
            })
            .collect(),
    };
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    let warnings = findings.iter().filter(|finding| finding.severity == Severity::Warning).count();
    if as_json {
        let all = json!({ "errors": errors, "warnings": warnings, "findings": findings });
        println!("{}", serde_json::to_string_pretty(&all).context("the findings as JSON")?);
    } else {
        show(findings);
        println!("{errors} errors, {warnings} warnings");
    }
    Ok(if errors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn check(config: &Config) -> anyhow::Result<Vec<Finding>> {
    let mut findings = vec![Finding::ok("settings", "can be used")];
    if config.operator_token.is_none() && config.operators.is_empty() {
        findings.push(Finding::warning(
            "settings: server.operator_token",
            "is not set",
            "set it to open /v1 to operators",
        ));
    }
    let store = store_to_check(config, &mut findings).await;
    let mapping = mapping_to_check(config, store.as_deref(), &mut findings).await?;
    let items = match &store {
        Some(store) => waiting_items(&store.waiting_bodies(MOST_ORDERS).await?, &mapping),
        None => BTreeMap::new(),
    };
    let clock: SharedClock = Arc::new(SystemClock);
    let wire = Arc::new(HttpWire::new().context("the HTTP client could not be made")?);
    let none = BTreeSet::new();
    for (name, book) in &config.books {
        let session = Session::new(name, book, wire.clone(), clock.clone());
        findings.extend(check_book(&session, &mapping, items.get(name).unwrap_or(&none)).await);
    }
    Ok(findings)
}

async fn store_to_check(config: &Config, findings: &mut Vec<Finding>) -> Option<Arc<dyn Store>> {
    let opened = store::open_beside(&config.database).await;
    let Ok(store) = &opened else {
        let error = opened.err().map(|error| error.to_string()).unwrap_or_default();
        findings.push(Finding::error("database", error, "correct database.url or the rights of its folder"));
        return None;
    };
    if let Err(error) = store.ping().await {
        let remedy = "see that its disk has room and can be written to";
        findings.push(Finding::error("database", error.to_string(), remedy));
        return None;
    }
    findings.push(Finding::ok("database", config.database.to_string()));
    opened.ok()
}

/// The mapping file of the settings, else the one in force.
async fn mapping_to_check(
    config: &Config,
    store: Option<&dyn Store>,
    findings: &mut Vec<Finding>,
) -> anyhow::Result<Mapping> {
    let mapping = match (&config.mapping, store) {
        (Some(file), _) => file.mapping.clone(),
        (None, Some(store)) => mapping::in_force(store).await?.mapping,
        (None, None) => Mapping::default(),
    };
    if mapping.stores.is_empty() {
        findings.push(Finding::error(
            "mapping",
            "no store is mapped",
            "add a table [stores.\"<store id>\"] for each store",
        ));
    }
    let books: Vec<_> = config.books.keys().cloned().collect();
    for problem in unknown_books(&mapping, &books) {
        findings.push(Finding::error(problem.key, problem.value.unwrap_or_default(), problem.remedy));
    }
    Ok(mapping)
}

/// Items of the orders that wait, by book.
fn waiting_items(bodies: &[Vec<u8>], mapping: &Mapping) -> BTreeMap<String, BTreeSet<String>> {
    let mut items: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for order in bodies.iter().filter_map(|body| payload::read(body).ok()).map(|payload| payload.order) {
        let book = mapping.stores.get(&order.store_id).cloned().unwrap_or_else(StoreRules::unknown).book;
        let lines = lines_of(&order, mapping, &mut Vec::new());
        items.entry(book).or_default().extend(lines.into_iter().map(|line| line.item_no));
    }
    items
}

fn show(mut findings: Vec<Finding>) {
    // What stops invoices comes first; within a kind the order of looking stays.
    findings.sort_by_key(|finding| finding.severity);
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
    if !std::io::stdout().is_terminal() {
        table.set_width(150);
    }
    table.set_header(["", "Where", "What was found", "What to do"]);
    for finding in findings {
        let severity = match finding.severity {
            Severity::Error => "ERROR",
            Severity::Warning => "warning",
            Severity::Ok => "ok",
        };
        table.add_row([severity, &finding.part, &finding.found, &finding.remedy]);
    }
    println!("{table}");
}
