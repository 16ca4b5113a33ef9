//! How much housekeeping slows webhooks: on four connections, alone, while the bodies of old orders are cleared, and
//! while a backup is made.
//!
//! `cargo bench --bench keeping`, or another size: `cargo bench --bench keeping -- --orders 1000000`

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
    load::{Load, Measured},
    old_orders,
    orders::Orders,
    report::{Report, largest, median, note, percentile, shown},
    service::Home,
};
use rusqlite::{Connection, OptionalExtension};

/// Few enough that their webhooks do not count as a flood, which would pause clearing.
const CONNECTIONS: usize = 4;

const MOST_A_SECOND: f64 = 4_000.0;

fn main() -> ExitCode {
    let arguments = Arguments::of_this_process();
    let count = arguments.value("orders", 100_000);
    let time = Duration::from_secs_f64(arguments.value("seconds", 10.0));
    let mut report = Report::new(&format!("keeping: housekeeping beside webhooks, {count} old orders"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let accurate = Accurate::start();
    let home = Home::new(&accurate.url(), "");
    let file = home.path().join("orders.db");
    fs::copy(old_orders::database(&runtime, count), &file).expect("the disk has room for a copy");
    let a_year = 365_i64 * 86_400 * 1_000_000;
    ask(&file, &format!("UPDATE deliveries SET received_at = received_at - {a_year} RETURNING 0"));
    fs::File::open(&file).and_then(|file| file.sync_all()).expect("the disk takes it");

    keep_bodies(&home, 0);
    let alone = shown_as("alone", &webhooks(&home, 1, time, || ()));
    let folder = home.path();
    let backing_up = || backup(folder);
    let first = MOST_A_SECOND as u64 * 1_000;
    let with_backup = shown_as("while a backup is made", &webhooks(&home, first, time, backing_up));

    keep_bodies(&home, 90);
    let bodies =
        "SELECT COUNT(*) FROM deliveries WHERE body IS NOT NULL AND received_at < unixepoch() * 1000000 - 9e12";
    let before = ask(&file, bodies);
    let began = Instant::now();
    let with_clearing = shown_as("while old bodies are cleared", &webhooks(&home, 2 * first, time, || ()));
    let cleared = before - ask(&file, bodies);
    note("bodies cleared a second meanwhile", &shown(cleared as f64 / began.elapsed().as_secs_f64()));
    report.at_least("bodies cleared", cleared as f64, 1.0, "");
    report.at_most("99th percentile while cleared, of that alone", with_clearing / alone, 3.0, "times");
    report.at_most("99th percentile while backed up, of that alone", with_backup / alone, 4.0, "times");
    report.end()
}

/// Posts webhooks while running `beside`, which must take less time.
fn webhooks(home: &Home, first: u64, time: Duration, beside: impl Fn() + Sync) -> Measured {
    let service = home.serve();
    let orders = Orders::open().requests(first, (time.as_secs_f64() * MOST_A_SECOND) as u64);
    let addresses = vec![service.address];
    let load = Load { addresses, connections: CONNECTIONS, time, requests: Rc::new(orders), answer_holds: "accepted" };
    std::thread::scope(|scope| {
        let doing = scope.spawn(&beside);
        let measured = load.run();
        doing.join().expect("it ends well");
        measured
    })
}

/// Prints latencies; returns the 99th percentile in milliseconds.
fn shown_as(what: &str, measured: &Measured) -> f64 {
    let latencies = &measured.latencies;
    let [middle, late, latest] = [median(latencies), percentile(latencies, 0.99), largest(latencies)].map(shown);
    note(
        &format!("webhooks {what}"),
        &format!("{:.0}/s, median {middle} ms, 99 % within {late} ms, longest {latest} ms", measured.rate()),
    );
    percentile(latencies, 0.99)
}

fn backup(folder: &Path) {
    std::thread::sleep(Duration::from_secs(2));
    let mut command = Command::new(env!("CARGO_BIN_EXE_forstok-accurate"));
    command.args(["store", "backup", "copy.db", "--config", "settings.toml"]).current_dir(folder);
    let output = command.output().expect("it runs");
    assert!(output.status.success(), "{output:?}");
    note("the backup said", String::from_utf8_lossy(&output.stdout).trim());
}

/// Sets the number of days for which bodies are kept.
fn keep_bodies(home: &Home, days: u32) {
    let path = home.path().join("settings.toml");
    let settings = fs::read_to_string(&path).expect("it is there");
    let lines = settings.lines().filter(|line| !line.contains("keep_bodies_days"));
    let settings = lines
        .collect::<Vec<_>>()
        .join("\n")
        .replace("[database]\n", &format!("[database]\nkeep_bodies_days = {days}\n"));
    fs::write(&path, settings).expect("the folder takes files");
}

/// The first number that a statement returns; 0 if it returns no row.
fn ask(file: &Path, sql: &str) -> i64 {
    let connection = Connection::open(file).expect("the file can be opened");
    let first = connection.query_row(sql, [], |row| row.get(0)).optional().expect("it can be asked");
    first.unwrap_or_default()
}
