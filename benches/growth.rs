//! What a million old orders cost: the database's work compared with ten thousand old orders, how soon a service with a
//! million is ready, and how much memory it uses while webhooks arrive and invoices are created.
//!
//! `cargo bench --bench growth`, or smaller: `cargo bench --bench growth -- --many 100000 --repetitions 30`;
//! with `--postgres`, the old orders are first copied to a server.

#[expect(dead_code, reason = "each benchmark uses its part")]
mod common;
#[path = "growth/side.rs"]
mod side;

use std::{
    fs,
    path::Path,
    process::{Command, ExitCode},
    rc::Rc,
    time::Duration,
};

use common::{
    Arguments,
    accurate::Accurate,
    load::Load,
    machine::MemoryWatch,
    old_orders,
    orders::Orders,
    report::{Report, median, millis, note},
    service::Home,
};
use forstok_accurate::settings::Database;
use secrecy::ExposeSecret;
use side::{Side, Times};

const FEW: u64 = 10_000;
const MANY: u64 = 1_000_000;

/// The first repetitions only fill the caches and are not counted.
const WARM_UP: usize = 10;

const STARTS: usize = 5;

const CONNECTIONS: usize = 64;

/// Webhooks prepared per second of posting.
const MOST_A_SECOND: f64 = 15_000.0;

fn main() -> ExitCode {
    let arguments = Arguments::of_this_process();
    let sizes = [arguments.value("few", FEW), arguments.value("many", MANY)];
    let mut report = Report::new("growth: the same work beside few and beside many old orders, medians");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let [few, many] = sizes.map(|count| place(&old_orders::database(&runtime, count), count));

    let repetitions = arguments.value("repetitions", 100);
    let new = runtime.block_on(compare([&few, &many], sizes, repetitions, &mut report));

    let starts: Vec<_> = (0..STARTS).map(|_| [&few, &many].map(start)).collect();
    let [with_few, with_many] = [0, 1].map(|side| median(&starts.iter().map(|pair| pair[side]).collect::<Vec<_>>()));
    note(&format!("start to ready with {}", sizes[0]), &format!("{with_few:.0} ms"));
    report.at_most(&format!("start to ready with {}", sizes[1]), with_many, 200.0, "ms");

    let time = Duration::from_secs_f64(arguments.value("seconds", 10.0));
    let [slower, faster] = [many, few].map(|place| ingest(&place, new, time, &mut report));
    note("webhooks taken a second, few and many", &format!("{faster:.0} and {slower:.0}"));
    report.end()
}

/// A home and the sandbox that its service posts to.
struct Place {
    home: Home,
    accurate: Accurate,
}

/// A home with a copy of this database.
fn place(database: &Path, count: u64) -> Place {
    let accurate = Accurate::start();
    let home = Home::new(&accurate.url(), "");
    if let Database::Postgres(url) = home.database() {
        copy_to_server(database, url.expose_secret());
        return Place { home, accurate };
    }
    let copy = home.path().join("orders.db");
    let bytes = fs::copy(database, &copy).expect("the disk has room for a copy");
    // Otherwise the kernel would write the rest of the copy to disk during the measurements.
    fs::File::open(copy).and_then(|file| file.sync_all()).expect("the disk takes it");
    note(&format!("database with {count} old orders"), &format!("{:.2} GiB", bytes as f64 / f64::powi(2.0, 30)));
    Place { home, accurate }
}

/// Copies the database with the command that users run.
fn copy_to_server(from: &Path, to: &str) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_forstok-accurate"));
    command.args(["store", "copy", "--from", &format!("sqlite://{}", from.display()), "--to", to]);
    let output = command.output().expect("it runs");
    assert!(output.status.success(), "{output:?}");
    note("copied to the server", String::from_utf8_lossy(&output.stdout).lines().last().unwrap_or_default());
}

/// Measures both alternately; returns the larger number of new orders recorded in either.
async fn compare(places: [&Place; 2], sizes: [u64; 2], repetitions: usize, report: &mut Report) -> u64 {
    let databases = places.map(|place| place.home.database());
    let mut few = Side::open(&databases[0], sizes[0]).await;
    let mut many = Side::open(&databases[1], sizes[1]).await;
    let (mut of_few, mut of_many) = (Times::new(), Times::new());
    for repetition in 0..WARM_UP + repetitions {
        let (times_of_few, times_of_many) = if repetition % 2 == 0 {
            (few.measure().await, many.measure().await)
        } else {
            let times_of_many = many.measure().await;
            (few.measure().await, times_of_many)
        };
        if repetition >= WARM_UP {
            of_few.extend(times_of_few);
            of_many.extend(times_of_many);
        }
    }
    for what in names(&of_few) {
        let [with_few, with_many] = [&of_few, &of_many].map(|times| {
            median(&times.iter().filter(|(name, _)| *name == what).map(|(_, time)| *time).collect::<Vec<_>>())
        });
        let what = format!("{what}: {with_few:.2} → {with_many:.2} ms");
        report.at_most(&what, with_many / with_few, 1.3, "times");
    }
    let new = few.new.max(many.new);
    few.close().await;
    many.close().await;
    new
}

/// The names of the measurements, in order of first occurrence.
fn names(times: &Times) -> Vec<&'static str> {
    let mut names = Vec::new();
    for (name, _) in times {
        if !names.contains(name) {
            names.push(*name);
        }
    }
    names
}

/// Milliseconds from starting the process until it accepts webhooks.
fn start(place: &Place) -> f64 {
    millis(place.home.serve().started.elapsed())
}

/// Sends webhooks of due orders while the sandbox accepts invoices; returns the answers per second.
fn ingest(place: &Place, first: u64, time: Duration, report: &mut Report) -> f64 {
    let service = place.home.serve();
    let watch = MemoryWatch::start(service.process());
    let requests = Rc::new(Orders::ready_to_ship().requests(first, (time.as_secs_f64() * MOST_A_SECOND) as u64));
    let addresses = vec![service.address];
    let answer_holds = r#""delivery":"accepted""#;
    let rate = Load { addresses, connections: CONNECTIONS, time, requests, answer_holds }.run().rate();
    service.all_are_decided();
    let what = "resident memory while ingesting and draining, most";
    report.at_most(what, watch.end().most, 64.0, "MiB");
    report.at_most("breaches of Accurate's limits", place.accurate.sandbox().breach_count() as f64, 0.0, "");
    rate
}
