//! How long it takes to move a shop to PostgreSQL: while its service runs, and again once it has stopped. During the
//! second copy no webhooks are accepted.
//!
//! `cargo bench --bench copy`, or another size: `cargo bench --bench copy -- --orders 1000000`. `tests/postgres-server`
//! starts the server, which syncs every commit to the disk that contains Cargo's target folder.

#[expect(dead_code, reason = "each benchmark uses its part")]
mod common;

use std::{
    fs,
    path::Path,
    process::{Command, ExitCode},
    rc::Rc,
    time::{Duration, Instant},
};

use common::{
    Arguments,
    accurate::Accurate,
    load::Load,
    old_orders,
    orders::Orders,
    postgres,
    report::{Report, note},
    service::Home,
};

/// Webhooks that the service accepts between the two copies.
const WEBHOOKS_MEANWHILE: u64 = 1_000;

fn main() -> ExitCode {
    let arguments = Arguments::of_this_process();
    let count = arguments.value("orders", 100_000);
    let mut report = Report::new(&format!("copy: a shop with {count} orders moves to PostgreSQL"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let accurate = Accurate::start();
    let home = Home::new(&accurate.url(), "");
    let file = home.path().join("orders.db");
    let bytes = fs::copy(old_orders::database(&runtime, count), &file).expect("the disk has room for a copy");
    fs::File::open(&file).and_then(|file| file.sync_all()).expect("the disk takes it");
    note("the SQLite file", &format!("{:.0} MB", bytes as f64 / 1e6));
    let url = postgres::new_database();

    let service = home.serve();
    let (beside, said) = copy(&file, &url, 3);
    note("it said", &said);
    let requests = Rc::new(Orders::open().requests(1_000_000, WEBHOOKS_MEANWHILE));
    let (addresses, time) = (vec![service.address], Duration::from_mins(1));
    Load { addresses, connections: 8, time, requests, answer_holds: "accepted" }.run();
    service.all_are_decided();
    drop(service);
    let (stopped, said) = copy(&file, &url, 0);
    note("it said", &said);

    report.at_most("beside the running service", beside, 120.0, "s");
    report.at_most("once it has stopped, with every row compared", stopped, 120.0, "s");
    report.end()
}

/// Runs a copy; returns its duration in seconds and the last line of its output.
fn copy(from: &Path, to: &str, exit_code: i32) -> (f64, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_forstok-accurate"));
    command.args(["store", "copy", "--from", &format!("sqlite://{}", from.display()), "--to", to]);
    let began = Instant::now();
    let output = command.output().expect("it runs");
    let seconds = began.elapsed().as_secs_f64();
    assert_eq!(output.status.code(), Some(exit_code), "{output:?}");
    let words = String::from_utf8_lossy(&output.stdout);
    (seconds, words.lines().last().unwrap_or_default().to_owned())
}
