//! What a database holds, read as pages and the API read it.

use std::collections::BTreeMap;

use forstok_accurate::{
    clock::Clock,
    domain::{
        document::Kind,
        order::OrderId,
        reconciliation::{FindingState, Period},
    },
    storage::{DayOf, Days, Filter, FindingFilter, Grouping, RowFilter},
};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::shop::{Planned, SESSION};
use crate::world::World;

/// More than there is of anything.
const ALL: i64 = 10_000;

/// Everything that must be the same after an upgrade.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Held {
    /// State, with its reason, and Accurate's id and number of the invoice, by order.
    pub(super) orders: BTreeMap<String, (String, String)>,
    /// Time and kind of each entry, by order.
    pub(super) timelines: BTreeMap<String, Vec<String>>,
    /// Kind and number of each document with its progress, by order.
    pub(super) documents: BTreeMap<String, Vec<String>>,
    /// State of each payout row and return record, with its reason.
    pub(super) rows: BTreeMap<String, String>,
    /// Class, number and state of each finding.
    pub(super) findings: Vec<String>,
    /// Time and state of each reconciliation.
    pub(super) runs: Vec<String>,
    /// Revision and author of each mapping.
    pub(super) mappings: Vec<String>,
    /// Each notice.
    pub(super) notices: Vec<String>,
    /// Who is signed in.
    pub(super) session: Option<String>,
    /// How many orders a person finds who searches for this.
    pub(super) found: BTreeMap<String, usize>,
    /// Other lists and counts, by the name of the list.
    pub(super) lists: BTreeMap<String, Vec<String>>,
}

impl Held {
    pub(super) async fn of(world: &World) -> Self {
        let storage = &world.storage;
        let (mut orders, mut timelines, mut documents) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for order in storage.orders(&Filter::default(), None, ALL).await.expect("readable") {
            let id = order.order_id.to_string();
            let invoice = order.invoice.as_ref().map(|one| format!("{:?} {}", one.id, one.number));
            orders.insert(id.clone(), (world.state(&id).await, invoice.unwrap_or_default()));
            timelines.insert(id.clone(), timeline(world, &order.order_id).await);
            let (_, booked) = storage.booked(&order.order_id).await.expect("readable");
            let booked = booked.iter().map(|one| format!("{} {}", one.number, one.progress.as_str()));
            documents.insert(id, booked.collect());
        }
        let findings = storage.findings(&<_>::default(), None, ALL).await.expect("readable");
        let runs = storage.runs(None, ALL).await.expect("readable");
        let mappings = storage.mapping_history(ALL).await.expect("readable");
        let notices = storage.notices(None, ALL).await.expect("readable");
        let session = storage.session(SESSION, world.clock.now()).await.expect("readable");
        Self {
            orders,
            timelines,
            documents,
            rows: rows(world).await,
            findings: findings
                .iter()
                .map(|one| format!("{} {} {} {}", one.id, one.class, one.number, one.state.as_str()))
                .collect(),
            runs: runs
                .iter()
                .map(|run| format!("{} {:?} {} {}", run.id, run.ended_at, run.parts.len(), run.is_complete()))
                .collect(),
            mappings: mappings.iter().map(|one| format!("{} {}", one.revision, one.who)).collect(),
            notices: notices.iter().map(|one| format!("{} {:?} {}", one.id, one.state, one.tries)).collect(),
            session: session.map(|session| session.operator),
            found: found(world).await,
            lists: lists(world).await,
        }
    }
}

/// Nothing is lost and nothing has changed; otherwise the first difference is shown.
pub(super) fn is_the_same(now: &Held, before: &Held) {
    let text = |held: &Held| serde_json::to_string_pretty(held).expect("it is JSON");
    let (now, before) = (text(now), text(before));
    let difference = now.lines().zip(before.lines()).enumerate().find(|(_, (now, before))| now != before);
    assert!(difference.is_none(), "(line, (now, before)): {difference:?}");
    assert_eq!(now.len(), before.len());
}

/// Searches for both numbers of each order, and for what many orders have in common.
async fn found(world: &World) -> BTreeMap<String, usize> {
    let orders = world.storage.orders(&Filter::default(), None, ALL).await.expect("readable");
    let numbers = orders.iter().flat_map(|order| [order.order_id.to_string(), format!("INV-{}", order.order_id)]);
    let mut found = BTreeMap::new();
    for text in numbers.chain(["AAA2002", "BARU-07", "Demo"].map(str::to_owned)) {
        let filter = Filter { text: Some(text.clone()), ..Filter::default() };
        let orders = world.storage.orders(&filter, None, ALL).await.expect("readable");
        found.insert(text, orders.len());
    }
    found
}

async fn lists(world: &World) -> BTreeMap<String, Vec<String>> {
    let storage = &world.storage;
    let always = Period { from: Date::constant(2023, 1, 1), to: Date::constant(2026, 1, 1) };
    let warnings = storage.warning_counts().await.expect("readable");
    let stores = storage.stores().await.expect("readable");
    let skus = storage.seen_skus("", ALL).await.expect("readable");
    let skus_in_stores = storage.seen_skus_in_stores("", ALL).await.expect("readable");
    let warehouses = storage.seen_warehouses(ALL).await.expect("readable");
    let fees = storage.fee_kinds().await.expect("readable");
    let receivables = storage.receivables().await.expect("readable");
    let days = storage.reconciled_days(always).await.expect("readable");
    let compared = storage.compared_days(always).await.expect("readable");
    let unreadable = storage.unreadable(None, ALL).await.expect("readable");
    let told = storage.announced().await.expect("readable");
    let mut rows = Vec::new();
    for kind in [Kind::Receipt, Kind::Return] {
        for count in storage.row_counts(kind).await.expect("readable") {
            let reason = count.reason.map_or_else(String::new, |reason| reason.to_string());
            rows.push(format!("{} {} {reason} {}", kind.as_str(), count.state.as_str(), count.count));
        }
    }
    let lists = [
        ("warnings", written(&warnings, |(warning, orders)| format!("{} {orders}", warning.code()))),
        ("stores", written(&stores, |one| format!("{} {} {}", one.id, one.name, one.channel))),
        ("skus", written(&skus, |one| format!("{} {} {} {}", one.sku, one.name, one.first_at, one.last_at))),
        ("skus in stores", written(&skus_in_stores, |one| format!("{} {}", one.sku, one.store_id))),
        ("warehouses", written(&warehouses, |one| format!("{} {} {}", one.id, one.store_id, one.first_at))),
        ("fees", written(&fees, |one| format!("{} {} {} {}", one.source, one.name, one.count, one.hundredths))),
        ("owed", written(&receivables, |one| format!("{} {}", one.store_id, one.hundredths))),
        ("payouts and returns", rows),
        (
            "days",
            written(&days, |one| {
                let (ours, theirs) = (one.sums.ledger, one.sums.accurate);
                let sums = format!("{} {} {} {}", ours.count, ours.total, theirs.count, theirs.total);
                format!("{} {} {} {sums} {}", one.day, one.store_id, one.at, one.open)
            }),
        ),
        ("compared days", written(&compared, |one| format!("{} {:?} {}", one.day, one.book, one.complete))),
        ("unreadable", written(&unreadable, |one| one.received_at.to_string())),
        ("told", vec![format!("{} {}", told.revision, told.announced.failed_run)]),
    ];
    lists.into_iter().map(|(name, list)| (name.to_owned(), list)).collect()
}

fn written<T>(list: &[T], line: impl Fn(&T) -> String) -> Vec<String> {
    list.iter().map(line).collect()
}

async fn timeline(world: &World, id: &OrderId) -> Vec<String> {
    let entries = world.storage.timeline(id).await.expect("readable");
    let line = |entry: &forstok_accurate::domain::timeline::Entry| {
        let event = serde_json::to_value(&entry.event).expect("it is JSON");
        format!("{} {}", entry.at, event["kind"].as_str().unwrap_or_default())
    };
    entries.iter().map(line).collect()
}

async fn rows(world: &World) -> BTreeMap<String, String> {
    let mut states = BTreeMap::new();
    for kind in [Kind::Receipt, Kind::Return] {
        let rows = world.storage.settlement_rows(kind, &RowFilter::default(), None, ALL).await.expect("readable");
        for row in rows {
            let reason = row.reason.map_or_else(String::new, |reason| format!(": {reason}"));
            states
                .insert(format!("{} {}", kind.as_str(), row.content.key().1), row.state.as_str().to_owned() + &reason);
        }
    }
    states
}

/// Everything is as the test knows it, to the rupiah.
pub(super) async fn is_as_planned(world: &World, held: &Held, planned: &Planned) {
    assert_eq!(states(held), planned.states());
    assert_eq!(held.rows, planned.rows);
    assert_eq!(totals(world).await, planned.totals());
    assert_eq!(counts(world).await, planned.counts());
    assert_eq!(open_findings(world).await, planned.open);
}

/// Class and number of each open finding.
pub(super) async fn open_findings(world: &World) -> Vec<String> {
    let filter = FindingFilter { state: Some(FindingState::Open), ..FindingFilter::default() };
    let mut open = world.storage.findings(&filter, None, ALL).await.expect("readable");
    open.sort_by_key(|finding| finding.number.to_string());
    open.iter().map(|finding| format!("{} {}", finding.class, finding.number)).collect()
}

/// The state of each order.
pub(super) fn states(held: &Held) -> BTreeMap<String, String> {
    held.orders.iter().map(|(id, (state, _))| (id.clone(), state.clone())).collect()
}

/// How many orders there are in each state.
async fn counts(world: &World) -> BTreeMap<String, i64> {
    let mut counts = BTreeMap::new();
    for count in world.storage.counts().await.expect("readable").into_iter().filter(|count| count.orders > 0) {
        let state = count.state.as_str().to_owned();
        let state = count.reason.map_or_else(|| state.clone(), |reason| format!("{state}: {reason}"));
        *counts.entry(state).or_default() += count.orders;
    }
    counts
}

/// How many orders each day has in each state, and what they come to in hundredths of a rupiah.
async fn totals(world: &World) -> BTreeMap<(Date, String), (i64, i64)> {
    let days = Days { by: DayOf::Ordered, from: Some(Date::constant(2000, 1, 1)), to: None };
    let grouping = Grouping { by_store: false, by_day: true };
    let totals = world.storage.totals(&days, grouping, ALL).await.expect("readable");
    let total = |one: forstok_accurate::storage::Total| {
        let day = one.day.expect("it is by day");
        ((day, one.state.as_str().to_owned()), (one.sums.orders, one.sums.hundredths))
    };
    totals.into_iter().map(total).collect()
}
