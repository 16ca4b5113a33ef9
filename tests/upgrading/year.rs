//! A shop's year that the last release has left: 294 orders of twelve months in every state, with receipts, returns,
//! reconciliations, mapping revisions, a session and notices. This version opens it, finds everything as it was, takes
//! up what was under way, and creates or decides nothing twice.
//!
//! `year.zip` contains the rows, what was done in Accurate, and what must be found.

mod accurate;
mod held;
mod shop;

use std::{
    collections::BTreeMap,
    io::{Cursor, Read as _, Write as _},
};

use forstok_accurate::{
    deciding::mapping::ActiveMapping,
    domain::{day_in_wib, document::Kind, mapping::Mapping, payout::RowState, reconciliation::Period},
    inbox::delivery,
    settings::Database,
    storage::{self, Approving, RowFilter, Sqlite, State, Storage},
};
use jiff::{ToSpan, civil::Date};
use serde::{Deserialize, Serialize};
use serde_json::json;
use zip::{ZipArchive, ZipWriter, write::SimpleFileOptions};

use self::{
    accurate::{Changed, InAccurate, hundredths},
    held::Held,
    shop::{Planned, Shop, payout, return_record, under_way},
};
use super::fixture::{database_of_the_release, rows_of, tables, tables_of_the_release};
use crate::world::{BOOK, Base, World, fold_all, order};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/upgrading/year.zip");

/// The state of orders whose item was missing.
const NO_ITEM: &str = "blocked: item_not_found";

/// Tables that are empty in this shop: it uses no shadow mode, no hints, no files and no order API, was never restored
/// from a backup, and no reconciliation is under way.
const EMPTY: [&str; 13] = [
    "accurate_webhooks",
    "asked_orders",
    "change_readings",
    "hints",
    "import_columns",
    "listed_invoices",
    "master_lists",
    "masters",
    "payout_lines",
    "restores",
    "shadow_counts",
    "shadow_differences",
    "shadow_orders",
];

/// What must be found in the database, and in Accurate.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Oracle {
    /// What the shop did, as the test itself knows it.
    planned: Planned,
    /// What the database said when the release was stopped.
    held: Held,
    accurate: InAccurate,
}

/// The parts of `year.zip`.
struct Year {
    rows: String,
    changes: Vec<Changed>,
    oracle: Oracle,
}

impl Year {
    fn read() -> Self {
        let file = std::fs::read(FILE).expect("RENEW_FIXTURE=1 makes it");
        let mut archive = ZipArchive::new(Cursor::new(file)).expect("an archive");
        let mut part = |name| {
            let mut text = String::new();
            archive.by_name(name).expect("a part").read_to_string(&mut text).expect("UTF-8");
            text
        };
        let changes = part("accurate.jsonl");
        Self {
            rows: part("rows.sql"),
            changes: changes.lines().map(|line| serde_json::from_str(line).expect("a change")).collect(),
            oracle: serde_json::from_str(&part("oracle.json")).expect("an oracle"),
        }
    }

    fn write(&self) {
        let mut changes = String::new();
        for change in &self.changes {
            changes += &serde_json::to_string(change).expect("it is JSON");
            changes.push('\n');
        }
        let oracle = serde_json::to_string_pretty(&self.oracle).expect("it is JSON");
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, text) in [("rows.sql", &self.rows), ("accurate.jsonl", &changes), ("oracle.json", &oracle)] {
            writer.start_file(name, SimpleFileOptions::default()).expect("a part");
            writer.write_all(text.as_bytes()).expect("written");
        }
        std::fs::write(FILE, writer.finish().expect("written").into_inner()).expect("written");
    }
}

#[tokio::test]
async fn the_year_of_the_last_release_has_rows_in_every_table_that_a_shop_fills() {
    let year = Shop::stopped_after_a_year().await;
    if std::env::var_os("RENEW_FIXTURE").is_some() {
        year.write();
    }
    let released = tables_of_the_release();
    let filled: Vec<_> = released.iter().map(String::as_str).filter(|table| !EMPTY.contains(table)).collect();
    let fixture = Year::read();
    assert_eq!(tables(&fixture.rows).into_iter().collect::<Vec<_>>(), filled);
    let planned = &fixture.oracle.planned;
    assert_eq!(&year.oracle.planned.counts(), &planned.counts(), "before the release, run this with RENEW_FIXTURE=1");
    for state in State::ALL {
        assert!(planned.totals().keys().any(|(_, one)| one == state.as_str()), "{state:?}: {:?}", planned.counts());
    }
    for state in RowState::ALL {
        assert!(planned.rows.values().any(|one| one.starts_with(state.as_str())), "{state:?}: {:?}", planned.rows);
    }
}

#[tokio::test]
async fn a_file_with_a_year_is_intact_after_it_is_migrated() {
    let folder = tempfile::tempdir().expect("a folder");
    let year = Year::read();
    let Database::Sqlite(file) = database_of_the_release(Base::Sqlite, folder.path(), &year.rows, false).await else {
        unreachable!("it is a file")
    };
    Sqlite::open(&file).await.expect("it is brought up to date").close().await;
    let verified = storage::verify(&file).await.expect("it can be read");
    assert_eq!(verified.problems, Vec::<String>::new());
}

#[tokio::test]
async fn a_file_with_a_year_of_the_last_release_keeps_everything_and_goes_on() {
    a_year_goes_on(Base::Sqlite).await;
}

#[tokio::test]
async fn a_server_database_with_a_year_of_the_last_release_keeps_everything_and_goes_on() {
    a_year_goes_on(Base::Postgres).await;
}

async fn a_year_goes_on(base: Base) {
    let year = Year::read();
    let Oracle { planned, held, accurate } = &year.oracle;
    let world = World::new().await;
    accurate::happens_again(&world, &year.changes);
    world.clock.reach(planned.stopped_at);
    assert_eq!(&InAccurate::of(&world.accurate), accurate, "Accurate is as the last release left it");

    let folder = tempfile::tempdir().expect("a folder");
    let upgrade = async |_| database_of_the_release(base, folder.path(), &year.rows, false).await;
    let mut world = world.dies_and_meanwhile(upgrade).await;
    let active = world.storage.mapping().await.expect("readable").expect("there is one");
    let mapping = Mapping::parse("mapping.toml", &active.document).expect("a valid mapping");
    world.engine.set_mapping(ActiveMapping { revision: active.revision, mapping });
    held::is_the_same(&Held::of(&world).await, held);
    held::is_as_planned(&world, held, planned).await;

    what_was_under_way_is_taken_up(&mut world, &year.oracle).await;
    another_day_comes(&mut world, &year.oracle).await;
    every_day_agrees(&world, planned).await;
}

async fn what_was_under_way_is_taken_up(world: &mut World, oracle: &Oracle) {
    let Oracle { planned, held, accurate } = oracle;
    fold_all(world.storage.as_ref()).await;
    world.run_until_settled().await;
    world.advance(86_400);
    world.run_until_settled().await;
    let now = Held::of(world).await;
    let mut states = planned.states();
    states.extend(under_way::once_it_goes_on());
    assert_eq!(held::states(&now), states);
    let mut rows = planned.rows.clone();
    rows.extend(under_way::rows_once_it_goes_on());
    assert_eq!(now.rows, rows);
    for (id, before) in held.timelines.iter().filter(|(id, _)| !under_way::is_under_way(id)) {
        assert_eq!(&now.timelines[id], before, "order {id} is decided already");
        assert_eq!(now.documents[id], held.documents[id], "order {id}");
    }
    let invoices = accurate.invoices.len() + under_way::CREATED_LATER - under_way::DELETED_LATER;
    is_once(world, [invoices, accurate.receipts.len() + 1, accurate.returns.len()]);
}

/// Forstok repeats the first webhook of the year and the last one, and cancels an order. New and old orders are paid, one
/// goes back, the payouts that waited are approved, and the items that were missing are added in Accurate.
async fn another_day_comes(world: &mut World, oracle: &Oracle) {
    let Oracle { planned, accurate, .. } = oracle;
    let (now, moment, today) = (world.clock_now(), shop::moment(world), shop::today(world));
    let repeated = planned.bodies.clone().map(|body| delivery(body.into(), now));
    let receipts = world.storage.record(&repeated).await.expect("recorded");
    assert!(receipts[1].repeat, "it arrived two days ago");
    for id in ["5001", "5002"] {
        let new = order(id).price(90_000).with("ordered_at", json!(moment)).ready_to_ship().updated_at(&moment);
        world.forstok_sends(new).await;
    }
    let (cancelled, unpaid) = planned.unpaid.split_last().expect("one of each month");
    world.forstok_sends(planned.again(cancelled).cancelled().updated_at(&moment)).await;
    for item in shop::missing_items() {
        world.accurate.add_item(&item, "Barang baru");
    }
    let whole = |id: &String| payout(id, &format!("s-{id}"), today, planned.rupiah(id), &json!({}));
    let mut rows: Vec<_> = unpaid.iter().map(whole).collect();
    rows.push(payout("5001", "p-5001", today, 90_000, &json!({})));
    rows.push(return_record("5002", "r-5002", today));
    world.storage.record_rows(&rows, now).await.expect("recorded");
    world.run_until_recovered().await;
    let (all, now) = (RowFilter::default(), world.clock_now());
    world.storage.approve_rows(Kind::Receipt, Approving::Shown(&all), "sari", now).await.expect("written");
    world.advance(86_400);
    world.run_until_settled().await;

    assert_eq!(world.state(cancelled).await, "voided");
    let had_no_item = planned.in_state(NO_ITEM);
    for id in &had_no_item {
        assert_eq!(world.state(id).await, "invoiced", "order {id}");
    }
    for id in unpaid.iter().map(String::as_str).chain(["5001"]) {
        assert_eq!(world.accurate.owed(&format!("INV-{id}")), Some(0.into()), "order {id}");
    }
    let waited = planned.rows.iter().filter(|(row, state)| row.starts_with("receipt") && *state == "waiting").count();
    let invoices = accurate.invoices.len() + under_way::CREATED_LATER - under_way::DELETED_LATER;
    let paid = accurate.receipts.len() + 1 + waited + unpaid.len() + 1;
    is_once(world, [invoices + 2 + had_no_item.len() - 1, paid, accurate.returns.len() + 1]);
}

/// So many invoices, receipts and returns are in Accurate, none of them twice.
fn is_once(world: &World, counts: [usize; 3]) {
    let found = InAccurate::of(&world.accurate);
    assert_eq!([found.invoices.len(), found.receipts.len(), found.returns.len()], counts);
    let mut orders: Vec<_> = world.accurate.invoices().into_iter().map(|invoice| invoice.description).collect();
    let all = orders.len();
    orders.sort();
    orders.dedup();
    assert_eq!(orders.len(), all, "an order has two invoices");
    let mut paid: Vec<_> = world.accurate.receipts().into_iter().map(|receipt| receipt.number).collect();
    let all = paid.len();
    paid.sort();
    paid.dedup();
    assert_eq!(paid.len(), all, "a receipt is there twice");
}

/// The whole year is compared with Accurate: each day is what the shop has booked on it, and nothing is found that was
/// not found before.
async fn every_day_agrees(world: &World, planned: &Planned) {
    let today = shop::today(world);
    let period = Period { from: today.saturating_sub(399.days()), to: today };
    let id = world.engine.request_reconciliation(period, &shop::ani()).await.expect("written");
    while world.engine.reconcile(BOOK).await.expect("stored") {}
    let run = world.storage.run(id).await.expect("readable").expect("it was requested");
    assert!(run.is_complete(), "{run:?}");
    let (mut ours, mut theirs, mut in_accurate) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for day in world.storage.reconciled_days(period).await.expect("readable") {
        assert_eq!((day.sums.unexplained(), day.complete), (0, true), "{day:?}");
        *ours.entry(day.day).or_default() += day.sums.ledger.total;
        *theirs.entry(day.day).or_default() += day.sums.accurate.total;
    }
    for invoice in world.accurate.invoices() {
        *in_accurate.entry(invoice.trans_date).or_default() += hundredths(invoice.total_amount);
    }
    // On the last days, what was under way was booked.
    let stopped_on = day_in_wib(planned.stopped_at);
    let before = |mut sums: BTreeMap<Date, i64>| {
        sums.retain(|day, sum| *day < stopped_on && *sum != 0);
        sums
    };
    let mut planned = planned.clone();
    planned.has_no_invoice(&planned.unpaid[planned.unpaid.len() - 1].clone());
    for id in planned.in_state(NO_ITEM) {
        let invoice = &world.accurate.invoices_numbered(&format!("INV-{id}"))[0];
        planned.books(&id, invoice.trans_date, hundredths(invoice.total_amount));
    }
    assert_eq!(before(ours), before(planned.ledger_by_day()));
    assert_eq!(before(theirs), before(in_accurate));
    assert_eq!(held::open_findings(world).await, planned.open);
}
