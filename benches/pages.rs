//! How long an accountant waits for pages with a million orders: every list, search, sum and figure, over HTTP and one
//! at a time. The 95th percentile of each must be within 50 ms.
//!
//! `cargo bench --bench pages`, or smaller: `cargo bench --bench pages -- --orders 100000 --repetitions 40`; with
//! `--postgres`, the orders are first copied to a server; with `--part trial`, only the trial of a mapping and webhooks
//! beside it are measured.

#[expect(dead_code, reason = "each benchmark uses its part")]
mod common;

use std::{
    fs,
    process::{Command, ExitCode},
    time::Instant,
};

use common::{
    Arguments,
    accurate::Accurate,
    beside::Webhooks,
    old_orders::{self, FIRST_ID, ORDERS_A_DAY, number},
    report::{Report, median, millis, note, percentile},
    service::{Home, Service},
};
use forstok_accurate::settings::Database;
use secrecy::ExposeSecret;

const ORDERS: u64 = 1_000_000;

/// The first repetitions only fill the caches and are not counted.
const WARM_UP: usize = 3;

/// Limit for the 95th percentile, in milliseconds.
const LONGEST: f64 = 50.0;

/// The same limit for pages that compare all SKUs with all items.
const LONGEST_WITH_SKUS: f64 = 100.0;

/// One in this many orders has a finding.
const ORDERS_WITHOUT_FINDING: u64 = 100;

/// Number of SKUs in orders, and of items in Accurate.
const SKUS: u64 = 20_000;

fn main() -> ExitCode {
    let arguments = Arguments::of_this_process();
    let (orders, repetitions) = (arguments.value("orders", ORDERS), arguments.value("repetitions", 60));
    let mut report = Report::new("pages: what a person waits for beside many orders, 95th percentile");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let accurate = Accurate::start();
    let home = Home::new(&accurate.url(), "");
    fill(&home, &old_orders::database(&runtime, orders));
    if let Database::Sqlite(file) = home.database() {
        add_skus(&file);
        add_reconciled_days(&file, orders);
    }
    let service = home.serve();
    let part = arguments.value("part", String::new());
    if part != "trial" {
        measure_lists_and_pages(&service, &home, orders, repetitions, &mut report);
    }
    try_a_mapping(&service, &mut report);
    webhooks_beside_a_trial(&service, arguments.value("seconds", 20.0), &mut report);
    if part != "trial" {
        for format in ["csv", "xlsx"] {
            export(&service, format, &mut report);
        }
    }
    report.end()
}

/// Measures every list, search, sum and page.
fn measure_lists_and_pages(service: &Service, home: &Home, orders: u64, repetitions: usize, report: &mut Report) {
    for (what, path) in paths().into_iter().chain(pages()) {
        measure(service, what, path, orders, repetitions, report);
    }
    if matches!(home.database(), Database::Sqlite(_)) {
        for (what, path) in day_close() {
            measure(service, what, path, orders, repetitions, report);
        }
        for (what, path) in sku_pages() {
            measure_within(LONGEST_WITH_SKUS, service, what, path, orders, repetitions, report);
        }
    }
}

/// A request: its name, and the path for the n-th order.
type Asked = (&'static str, fn(u64) -> String);

fn paths() -> Vec<Asked> {
    vec![
        ("the newest orders", |_| "/v1/orders".to_owned()),
        ("a page far back", |nth| format!("/v1/orders?cursor={}", 1_000 + nth)),
        ("blocked orders with their sums", |_| "/v1/orders?state=blocked&totals=true".to_owned()),
        ("invoiced orders of one store", |_| "/v1/orders?state=invoiced&store=7475&totals=true".to_owned()),
        ("orders of a day", |nth| format!("/v1/orders?from={0}&to={0}&totals=true", day(nth))),
        ("invoices of a month", |nth| format!("/v1/orders?by=invoiced&from={}&to={}", day(nth), day(nth + 30_000))),
        ("blocked orders of a month", |nth| {
            format!("/v1/orders?state=blocked&from={}&to={}&totals=true", day(nth), day(nth + 30_000))
        }),
        ("voided orders of one store in a year", |nth| {
            format!("/v1/orders?state=voided&store=8277&by=received&from={}&to={}", day(nth), day(nth + 365_000))
        }),
        ("by order id", |nth| format!("/v1/orders?q={}", FIRST_ID + nth)),
        ("by marketplace number", |nth| format!("/v1/orders?q={}", number(nth))),
        ("by the last digits of it", |nth| format!("/v1/orders?q={:06}", nth % 1_000_000)),
        ("by the beginning of many numbers", |_| "/v1/orders?q=D0&totals=true".to_owned()),
        ("by an SKU that many orders have", |_| "/v1/orders?q=AAA2002&totals=true".to_owned()),
        ("blocked orders with that SKU", |_| "/v1/orders?q=AAA2002&state=blocked&totals=true".to_owned()),
        ("that SKU in a month", |nth| {
            format!("/v1/orders?q=AAA2002&from={}&to={}&totals=true", day(nth), day(nth + 30_000))
        }),
        ("by an amount that many orders have", |_| "/v1/orders?q=80000&totals=true".to_owned()),
        ("by a store's name", |_| "/v1/orders?q=shopee&totals=true".to_owned()),
        ("nothing found", |nth| format!("/v1/orders?q=nothing-{nth}&totals=true")),
        ("problems", |_| "/v1/problems".to_owned()),
        ("summary", |_| "/v1/summary".to_owned()),
        ("totals of a month by store and day", |nth| {
            format!("/v1/totals?by=store,day&from={}&to={}", day(nth), day(nth + 30_000))
        }),
        ("totals of each store", |_| "/v1/totals?by=store".to_owned()),
        ("one order", |nth| format!("/v1/orders/{}", FIRST_ID + nth)),
    ]
}

/// Requests for whole pages, as rendered for a browser.
fn pages() -> Vec<Asked> {
    vec![
        ("page: Today", |_| "/".to_owned()),
        ("page: Needs attention", |_| "/problems".to_owned()),
        ("page: Orders", |_| "/orders".to_owned()),
        ("page: Orders, blocked", |_| "/orders?state=blocked".to_owned()),
        ("page: Orders, an SKU that many have", |_| "/orders?q=AAA2002".to_owned()),
        ("page: Orders, the last digits of a number", |nth| format!("/orders?q={:06}", nth % 1_000_000)),
        ("page: Orders, invoiced in a month", |nth| {
            format!("/orders?by=invoiced&from={}&to={}", day(nth), day(nth + 30_000))
        }),
        ("page: Orders, a warning nobody acknowledged", |_| {
            "/orders?warning=customer_created&acknowledged=no".to_owned()
        }),
        ("page: one order", |nth| format!("/orders/{}", FIRST_ID + nth)),
        ("page: Mapping", |_| "/mapping".to_owned()),
        ("page: Mapping history", |_| "/mapping/history".to_owned()),
        ("page: Accurate connection", |_| "/connection".to_owned()),
    ]
}

/// Requests for the day close, with every day of every store compared and an open finding for every hundredth order.
fn day_close() -> Vec<Asked> {
    vec![
        ("page: Reconciliation", |nth| format!("/reconciliation?month={}", month(nth))),
        ("page: Reconciliation, a day of a store", |nth| {
            format!("/reconciliation?month={}&day={}&store=8277", month(nth), day(nth))
        }),
        ("page: Reconciliation, a kind of all months", |_| "/reconciliation?class=foreign".to_owned()),
        ("page: a finding", |nth| format!("/reconciliation/findings/{}", 1 + nth / ORDERS_WITHOUT_FINDING)),
        ("findings of a month", |nth| format!("/v1/findings?from={}&to={}", day(nth), day(nth + 30_000))),
        ("export of a month", |nth| format!("/reconciliation/export?month={}", month(nth))),
    ]
}

/// Requests that compare all SKUs with all items.
fn sku_pages() -> Vec<Asked> {
    vec![
        ("page: SKUs", |_| "/mapping/skus".to_owned()),
        ("page: SKUs, far back", |nth| format!("/mapping/skus?page={}", 1 + nth % (SKUS / 50))),
        ("page: SKUs, spelled differently", |_| "/mapping/skus?match=spelling".to_owned()),
        ("page: SKUs, similar items", |_| "/mapping/skus?match=near".to_owned()),
        ("page: SKUs, a search", |nth| format!("/mapping/skus?q=sku-{}", nth % SKUS)),
        ("SKUs over the API", |_| "/v1/mapping/skus?match=none".to_owned()),
    ]
}

/// Adds 20,000 SKUs and as many items. Of every 20 SKUs, 14 are item numbers, 3 differ from one in case, a space or an
/// invisible character, one resembles an item number, and two resemble none.
fn add_skus(file: &std::path::Path) {
    let database = rusqlite::Connection::open(file).expect("the copy can be opened");
    let statements = format!(
        "DELETE FROM masters; DELETE FROM master_lists; DELETE FROM seen_skus;
         INSERT INTO master_lists (number, book, kind, row_count, read_at, next_at)
             VALUES (1, 'main', 'items', {SKUS}, unixepoch() * 1000000, (unixepoch() + 80000) * 1000000);
         WITH RECURSIVE n (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < {SKUS} - 1)
         INSERT INTO masters (list, half, id, no, name, type, suspended, search)
             SELECT 1, 0, n, printf('SKU-%05d-HITAM', n), printf('Kaos Polos Katun %d Hitam', n), 'INVENTORY', n % 50 = 7,
                    printf('sku-%05d-hitam kaos polos katun %d hitam', n, n) FROM n;
         WITH RECURSIVE n (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < {SKUS} - 1)
         INSERT INTO seen_skus (sku, name, uses, first_at, last_at)
             SELECT CASE n % 20 WHEN 0 THEN printf('sku-%05d-hitam', n) WHEN 1 THEN printf('SKU-%05d -HITAM', n)
                                WHEN 2 THEN printf('SKU-%05d-HITAM', n) || char(8203)
                                WHEN 3 THEN printf('SKU-%05d-HITAN', n) WHEN 4 THEN printf('LAIN-%d', n)
                                WHEN 5 THEN printf('VARIAN/%d', n) ELSE printf('SKU-%05d-HITAM', n) END,
                    printf('Produk di marketplace nomor %d', n), 1, 1700000000000000, 1700000000000000 FROM n"
    );
    database.execute_batch(&statements).expect("the schema has these tables");
}

/// Adds the results of a run for every day of every store, and findings.
fn add_reconciled_days(file: &std::path::Path, orders: u64) {
    let database = rusqlite::Connection::open(file).expect("the copy can be opened");
    let statements = format!(
        "INSERT INTO reconciliations (id, from_day, to_day, who, requested_at, ended_at)
             VALUES (1, '2024-01-01', '2024-12-31', '', unixepoch() * 1000000, unixepoch() * 1000000);
         INSERT INTO reconciled_books (id, run, book, began_at, ended_at, is_listed, readings)
             VALUES (1, 1, 'main', unixepoch() * 1000000, unixepoch() * 1000000, 1, 1);
         WITH RECURSIVE n (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < {last_day})
         INSERT INTO reconciled_days (day, store_id, book, run, at, complete, ledger_count, ledger_total, accurate_count,
                                      accurate_total, explained)
             SELECT date('2024-01-01', n || ' days'), s.store_id, 'main', 1, unixepoch() * 1000000, 1, 100, 1500000000,
                    101, 1505000000, -5000000
             FROM n, stores s;
         WITH RECURSIVE n (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < {last_finding}),
                        d (n, day) AS (SELECT n, date('2024-01-01', (n * {ORDERS_WITHOUT_FINDING} / {ORDERS_A_DAY}) || ' days')
                                       FROM n)
         INSERT INTO findings (book, subject, class, state, shape, store_id, day, accurate_id, number, accurate_total, facts,
                               run, first_at, opened_at, seen_at)
             SELECT 'main', 'invoice:' || n, 'foreign', 'open', '', '8277', day, n, 'HAND-' || n, 5000000,
                    json_object('ledger', NULL, 'accurate', json_object('number', 'HAND-' || n, 'customer_no', '8277',
                                'day', day, 'total', 5000000)),
                    1, unixepoch() * 1000000, unixepoch() * 1000000, unixepoch() * 1000000
             FROM d",
        last_day = (orders - 1) / ORDERS_A_DAY,
        last_finding = (orders - 1) / ORDERS_WITHOUT_FINDING,
    );
    database.execute_batch(&statements).expect("the schema has these tables");
}

/// The month in which an old order arrived.
fn month(nth: u64) -> String {
    day(nth)[..7].to_owned()
}

/// The day on which an old order arrived.
fn day(nth: u64) -> String {
    old_orders::day_of(nth).to_string()
}

fn measure(
    service: &Service,
    what: &str,
    path: fn(u64) -> String,
    orders: u64,
    repetitions: usize,
    report: &mut Report,
) {
    measure_within(LONGEST, service, what, path, orders, repetitions, report);
}

fn measure_within(
    longest: f64,
    service: &Service,
    what: &str,
    path: fn(u64) -> String,
    orders: u64,
    repetitions: usize,
    report: &mut Report,
) {
    let mut random = fastrand::Rng::with_seed(1);
    let mut times = Vec::with_capacity(repetitions);
    for repetition in 0..WARM_UP + repetitions {
        let path = path(random.u64(..orders));
        let started = Instant::now();
        assert!(service.body(&path).is_some(), "{path} is answered");
        if repetition >= WARM_UP {
            times.push(millis(started.elapsed()));
        }
    }
    let what = format!("{what} (median {:.1} ms)", median(&times));
    report.at_most(&what, percentile(&times, 0.95), longest, "ms");
}

/// Measures the time and memory of trying a mapping on the newest orders. A trial ends after 25 seconds, so the time is
/// scaled to 100,000 orders.
fn try_a_mapping(service: &Service, report: &mut Report) {
    let mut mapping = service.get("/v1/mapping").expect("there is a mapping")["mapping"].clone();
    mapping["bundles"] = "children".into();
    let watch = common::machine::MemoryWatch::start(service.process());
    let started = Instant::now();
    let answer = service.posted("/v1/mapping/try", &mapping.to_string()).expect("a trial is answered");
    let seconds = started.elapsed().as_secs_f64();
    let answer: serde_json::Value = serde_json::from_str(&answer).expect("JSON");
    // Orders without a body are only counted, so they say nothing about the speed of a trial.
    let [tried, without_body] = ["orders", "without_body"].map(|name| answer[name].as_u64().unwrap_or_default());
    let not_tried = format!("{tried} in {seconds:.1} s, beside {without_body} without a body");
    note("orders that a mapping was tried on", &not_tried);
    report.at_most("trying a mapping on 100,000 orders", seconds * 100_000.0 / tried.max(1) as f64, 10.0, "s");
    report.at_most("resident memory while trying, most", watch.end().most, 96.0, "MiB");
}

/// Measures whether webhooks are slower while a mapping is tried repeatedly, compared with webhooks alone before and
/// afterwards.
fn webhooks_beside_a_trial(service: &Service, seconds: f64, report: &mut Report) {
    let mut mapping = service.get("/v1/mapping").expect("there is a mapping")["mapping"].clone();
    mapping["bundles"] = "children".into();
    let mapping = mapping.to_string();
    let mut webhooks = Webhooks::of(service);
    webhooks.alone(seconds);
    let (trials, meanwhile) = webhooks.during(|| {
        let started = Instant::now();
        let mut trials = 0;
        while started.elapsed().as_secs_f64() < 2.0 * seconds {
            service.posted("/v1/mapping/try", &mapping).expect("a trial is answered");
            trials += 1;
        }
        trials
    });
    webhooks.alone(seconds);
    note("trials meanwhile", &format!("{trials}, one after the other"));
    webhooks.compare("during trials", &meanwhile, report);
}

/// Measures the time and memory of exporting all orders.
fn export(service: &Service, format: &str, report: &mut Report) {
    let watch = common::machine::MemoryWatch::start(service.process());
    let started = Instant::now();
    let bytes = service.count_bytes(&format!("/v1/orders/export?format={format}"));
    let (megabytes, seconds) = (bytes as f64 / 1e6, started.elapsed().as_secs_f64());
    note(&format!("all orders exported as {format}"), &format!("{megabytes:.0} MB in {seconds:.0} s"));
    let what = format!("resident memory while exporting {format}, most");
    report.at_most(&what, watch.end().most, 96.0, "MiB");
}

/// Copies the database into this home, with `--postgres` to its server.
fn fill(home: &Home, from: &std::path::Path) {
    match home.database() {
        Database::Sqlite(file) => {
            fs::copy(from, file).expect("the disk has room for a copy");
        }
        Database::Postgres(url) => {
            let mut command = Command::new(env!("CARGO_BIN_EXE_forstok-accurate"));
            let from = format!("sqlite://{}", from.display());
            command.args(["store", "copy", "--from", &from, "--to", url.expose_secret()]);
            assert!(command.status().expect("it runs").success(), "the orders are copied");
        }
    }
}
