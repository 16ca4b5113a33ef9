//! What a reconciliation of many invoices costs: calls to Accurate, time, memory, and the latency of webhooks while it
//! runs.
//!
//! `cargo bench --bench reconciliation`, or smaller:
//! `cargo bench --bench reconciliation -- --invoices 10000 --seconds 10`

#[expect(dead_code, reason = "each benchmark uses its part")]
mod common;

use std::{
    fs,
    path::Path,
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

use common::{
    Arguments,
    accurate::Accurate,
    beside::Webhooks,
    machine::MemoryWatch,
    old_orders,
    report::{Report, note},
    service::{Home, Service},
};
use forstok_accurate::sandbox::{Action, Edit, Sandbox};
use rusqlite::{Connection, params};
use rust_decimal::Decimal;
use serde_json::Value;

const INVOICES: u64 = 100_000;

/// Of every hundred old orders, this many are invoiced, the first ones.
const OF_A_HUNDRED: u64 = 90;

/// The first row id of an old order; all other rows have smaller ids.
const FIRST_ROW: i64 = 1_000;

/// Number of invoices that a person deletes in Accurate, and of those whose total a person changes.
const DELETED: usize = 5;

/// Calls per second that a run may make: half of Accurate's limit.
const CALLS_A_SECOND: f64 = 4.0;

/// Rows per page of a list.
const PAGE: u64 = 100;

fn main() -> ExitCode {
    let arguments = Arguments::of_this_process();
    let (invoices, seconds) = (arguments.value("invoices", INVOICES), arguments.value("seconds", 30.0));
    let mut report = Report::new(&format!("reconciliation: a run over {invoices} invoices"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let accurate = Accurate::start();
    let home = Home::on("sqlite://orders.db", &accurate.url(), "");
    let file = home.path().join("orders.db");
    let orders = invoices / OF_A_HUNDRED * 100 + invoices % OF_A_HUNDRED;
    fs::copy(old_orders::database(&runtime, orders), &file).expect("the disk has room for a copy");
    let numbers = book(accurate.sandbox(), &file);
    assert_eq!(numbers.len() as u64, invoices);
    change_by_hand(accurate.sandbox(), &numbers);

    let service = home.serve();
    let memory = MemoryWatch::start(service.process());
    let mut webhooks = Webhooks::of(&service);
    webhooks.alone(seconds);
    let last_day = old_orders::day_of(orders - 1);
    let period = format!(r#"{{"from":"2024-01-01","to":"{last_day}"}}"#);
    let started = Instant::now();
    let (run, meanwhile) = webhooks.during(|| carry_out(&service, &period));
    let took = started.elapsed();
    webhooks.alone(seconds);

    let lists = accurate.sandbox().call_count(Action::InvoiceList);
    let asked = accurate.sandbox().call_count(Action::InvoiceDetail);
    note("the run", &format!("{:.0} s, {lists} list calls, {asked} calls for single invoices", took.as_secs_f64()));
    assert_eq!((run["complete"].as_bool(), run["unexplained"].as_i64()), (Some(true), Some(0)), "{run}");
    assert_eq!(run["findings"]["open"].as_u64(), Some(2 * DELETED as u64), "{run}");
    let pages = invoices.div_ceil(PAGE);
    report.at_most("list calls", lists as f64, pages as f64, "");
    // A missing invoice is requested by id, then by number.
    report.at_most("calls for single invoices", asked as f64, (3 * DELETED) as f64, "");
    let shortest = pages as f64 / CALLS_A_SECOND;
    report.at_most("time, of that of its calls", took.as_secs_f64() / shortest, 1.5, "times");
    report.at_most("calls above Accurate's limits", accurate.sandbox().breach_count() as f64, 0.0, "");
    report.at_most("resident memory, most", memory.end().most, 64.0, "MiB");
    webhooks.compare("during the run", &meanwhile, &mut report);
    report.end()
}

/// Adds the old orders' invoices to Accurate, each dated the day on which its order arrived; returns their numbers.
fn book(accurate: &Sandbox, file: &Path) -> Vec<String> {
    let mut database = Connection::open(file).expect("the copy can be opened");
    let held: Vec<(i64, String, String, String, String)> = database
        .prepare(
            "SELECT id, number, customer_no, order_id, total FROM documents
             WHERE kind = 'invoice' AND state = 'exists' AND id >= $1 ORDER BY id",
        )
        .expect("the schema has this table")
        .query_map([FIRST_ROW], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))
        .expect("readable")
        .collect::<Result<_, _>>()
        .expect("readable");
    let transaction = database.transaction().expect("nobody else writes");
    transaction
        .execute("UPDATE documents SET accurate_id = accurate_id + 9000000 WHERE accurate_id IS NOT NULL", [])
        .expect("written");
    // What the old orders were copied from is not in Accurate.
    transaction
        .execute("UPDATE documents SET day = '2000-01-01' WHERE kind = 'invoice' AND id < ?1", [FIRST_ROW])
        .expect("written");
    for (row, number, customer, order, total) in &held {
        let total: Decimal = total.parse().expect("an amount");
        accurate.add_invoice(number, customer, order, total);
        let day = old_orders::day_of((row - FIRST_ROW).unsigned_abs());
        let edit = Edit { day: Some(day), ..Edit::default() };
        let id = accurate.edit_invoice(number, &edit).expect("it was just added").id;
        transaction
            .execute("UPDATE documents SET accurate_id = ?2, day = ?3 WHERE id = ?1", params![row, id, day.to_string()])
            .and_then(|_| {
                transaction.execute("UPDATE orders SET invoice_id = ?2 WHERE order_id = ?1", params![order, id])
            })
            .expect("written");
    }
    transaction.commit().expect("written");
    held.into_iter().map(|(_, number, ..)| number).collect()
}

/// Deletes and changes invoices in Accurate, evenly over the period, as a person might.
fn change_by_hand(accurate: &Sandbox, numbers: &[String]) {
    let every = numbers.len() / (2 * DELETED);
    for (nth, number) in numbers.iter().step_by(every).take(2 * DELETED).enumerate() {
        if nth % 2 == 0 {
            assert!(accurate.remove_invoice(number), "it is there");
        } else {
            let edit = Edit { total: Some(Decimal::ONE), ..Edit::default() };
            accurate.edit_invoice(number, &edit).expect("it is there");
        }
    }
}

/// Requests a run, waits until it ends, and returns it.
fn carry_out(service: &Service, period: &str) -> Value {
    let answer = service.posted("/v1/reconciliations", period).expect("a run is requested");
    let answer: Value = serde_json::from_str(&answer).expect("JSON");
    let path = format!("/v1/reconciliations/{}", answer["id"]);
    loop {
        let run = service.get(&path).expect("the run is answered");
        if run["state"] != "running" {
            return run;
        }
        thread::sleep(Duration::from_millis(200));
    }
}
