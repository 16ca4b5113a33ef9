//! Databases full of old orders.
//!
//! The real binary processes one order of each kind, against the sandbox. SQL then repeats their rows under other
//! numbers; the schema's own triggers count them. A database is built once, and again if the schema or this file has
//! changed.

use std::{
    fs,
    path::{Path, PathBuf},
    rc::Rc,
    time::{Duration, Instant},
};

use forstok_accurate::{
    sandbox::samples::SAMPLES,
    storage::{Sqlite, Storage},
};
use jiff::{Span, civil::Date};
use rusqlite::Connection;
use sha2::{Digest, Sha256};
use tokio::runtime::Runtime;

use super::{
    accurate::Accurate,
    load::Load,
    machine::folder,
    orders::{Orders, signed},
    report::note,
    service::{Home, Service},
};

/// Forstok's id of the first old order; later ones count up. All have nine digits, like those of the samples.
pub(crate) const FIRST_ID: u64 = 200_000_000;

/// Orders per day; their marketplace numbers begin with the day.
pub(crate) const ORDERS_A_DAY: u64 = 1_000;

/// The final states of every hundred old orders.
const ENDS: [(&str, usize); 4] = [("invoiced", 90), ("voided", 4), ("ignored", 4), ("blocked", 2)];

/// Orders added by one statement.
const AT_ONCE: u64 = 50_000;

/// How long the templates may take to settle.
const LONGEST_SETTLING: Duration = Duration::from_mins(1);

/// The path of a database with this many old orders. Callers must copy it before writing to it.
pub(crate) fn database(runtime: &Runtime, count: u64) -> PathBuf {
    let name = |count| format!("old-orders-{count}-{}.db", recipe());
    let path = folder().join(name(count));
    if path.exists() {
        return path;
    }
    remove_outdated(&format!("-{}.db", recipe()));
    let started = Instant::now();
    let unfinished = folder().join(format!("unfinished-{}", name(count)));
    templates(runtime, &unfinished);
    fill(&unfinished, count);
    fs::rename(&unfinished, &path).expect("both are in one folder");
    note(&format!("a database with {count} old orders was made"), &format!("{:.0} s", started.elapsed().as_secs_f64()));
    path
}

/// Adds this many copies of the template orders.
fn fill(path: &Path, count: u64) {
    let connection = open(path);
    prepare(&connection);
    for from in (0..count).step_by(AT_ONCE as usize) {
        add(&connection, from, count.min(from + AT_ONCE));
    }
    run(
        &connection,
        "INSERT OR IGNORE INTO order_warnings (warning, id)
         SELECT w.value ->> 'warning', o.id FROM orders o, json_each(o.warnings) w WHERE o.warnings <> '[]'",
    );
    run(&connection, "PRAGMA journal_mode = WAL");
    connection.close().expect("the file can be closed");
}

/// The marketplace number of an old order.
pub(crate) fn number(nth: u64) -> String {
    format!("{}{nth:08}", day(nth))
}

/// The day on which an old order arrived, in Jakarta; the first orders arrived on 1 January 2024.
pub(crate) fn day_of(nth: u64) -> Date {
    Date::constant(2024, 1, 1).saturating_add(Span::new().days((nth / ORDERS_A_DAY) as i64))
}

/// The prefix of the marketplace numbers of an order's day.
pub(crate) fn day(nth: u64) -> String {
    format!("D{:05}", nth / ORDERS_A_DAY)
}

/// A hash that changes with the schema and with this file.
fn recipe() -> String {
    let mut hash = Sha256::new();
    let mut migrations: Vec<_> = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/sqlite"))
        .expect("the schema is in this folder")
        .map(|entry| entry.expect("the folder can be read").path())
        .collect();
    migrations.sort();
    for path in migrations {
        hash.update(fs::read(path).expect("the schema can be read"));
    }
    hash.update(include_str!("old_orders.rs"));
    hex::encode(&hash.finalize()[..6])
}

fn remove_outdated(current: &str) {
    for entry in fs::read_dir(folder()).expect("the folder can be read").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let ours = name.starts_with("old-orders-") || name.starts_with("unfinished-");
        if ours && !name.ends_with(current) {
            // A file that cannot be removed only takes up space.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Creates a database in which the real binary has processed one order of each kind.
fn templates(runtime: &Runtime, path: &Path) {
    let accurate = Accurate::start();
    let home = Home::on("sqlite://orders.db", &accurate.url(), "");
    let service = home.serve();
    let to_be_cancelled = Orders::ready_to_ship().body(0);
    let mut first: Vec<_> = SAMPLES.iter().map(|sample| signed(sample.body)).collect();
    first.push(signed(&to_be_cancelled));
    let is_on_its_way = |state| service.count(state) > 0;
    send(&service, first, || ["received", "due"].into_iter().any(is_on_its_way));
    let cancelled = to_be_cancelled.replace(r#""status": "Ready to Ship""#, r#""status": "Cancelled""#);
    // Cancelled after its invoice was created, so the invoice is deleted.
    send(&service, vec![signed(&cancelled)], || service.count("voided") == 0);
    drop(service);
    let made = home.path().join("orders.db");
    // Closing moves the log into the database file, so that only one file remains.
    runtime.block_on(async { Sqlite::open(&made).await.expect("the file can be opened").close().await });
    fs::copy(made, path).expect("the folder takes files");
}

/// Sends webhooks and waits until `on_its_way` returns false.
fn send(service: &Service, requests: Vec<Box<[u8]>>, on_its_way: impl Fn() -> bool) {
    let (addresses, requests) = (vec![service.address], Rc::new(requests));
    Load { addresses, connections: 1, time: LONGEST_SETTLING, requests, answer_holds: "accepted" }.run();
    let waiting_since = Instant::now();
    while on_its_way() {
        assert!(waiting_since.elapsed() < LONGEST_SETTLING, "the templates are never settled");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Opens a file for exclusive bulk writing, without a journal: if the process is interrupted, the file is built again.
fn open(path: &Path) -> Connection {
    let connection = Connection::open(path).expect("the file can be opened");
    let settings = [
        ("journal_mode", "OFF"),
        ("synchronous", "OFF"),
        ("locking_mode", "EXCLUSIVE"),
        ("cache_size", "-400000"),
        ("temp_store", "MEMORY"),
    ];
    for (name, value) in settings {
        connection.pragma_update(None, name, value).unwrap_or_else(|error| panic!("{error}: {name}"));
    }
    connection
}

fn run(connection: &Connection, sql: &str) {
    connection.execute_batch(sql).unwrap_or_else(|error| panic!("{error}: {sql}"));
}

/// The first column of a statement's rows.
fn texts(connection: &Connection, sql: &str, value: &str) -> Vec<String> {
    let mut statement = connection.prepare(sql).expect("valid");
    let rows = statement.query_map([value], |row| row.get(0)).expect("readable");
    rows.map(|text| text.expect("readable")).collect()
}

/// Copies the templates' rows to temporary tables, and assigns a template to each of a hundred old orders.
fn prepare(connection: &Connection) {
    run(
        connection,
        "CREATE TEMP TABLE deliveries_like AS
             SELECT *, row_number() OVER (PARTITION BY order_id ORDER BY id) - 1 AS place FROM deliveries;
         CREATE TEMP TABLE orders_like AS
             SELECT o.*, d.place AS latest_place FROM orders o JOIN deliveries_like d ON d.id = o.latest_delivery;
         CREATE TEMP TABLE timeline_like AS SELECT * FROM timeline;
         CREATE TEMP TABLE documents_like AS SELECT * FROM documents;
         CREATE TEMP TABLE terms_like AS
             SELECT o.order_id, t.term FROM order_terms t JOIN orders o ON o.id = t.id WHERE t.term LIKE 's:%';
         CREATE INDEX temp.terms_like_of ON terms_like (order_id);
         CREATE INDEX temp.deliveries_like_of ON deliveries_like (order_id);
         CREATE INDEX temp.orders_like_of ON orders_like (order_id);
         CREATE INDEX temp.timeline_like_of ON timeline_like (order_id);
         CREATE INDEX temp.documents_like_of ON documents_like (order_id);
         CREATE TEMP TABLE likes (slot INTEGER PRIMARY KEY, order_id TEXT NOT NULL);",
    );
    let mut slot = 0;
    for (state, share) in ENDS {
        let ids = texts(connection, "SELECT order_id FROM orders_like WHERE state = $1 ORDER BY order_id", state);
        for nth in 0..share {
            let order_id = &ids[nth % ids.len()];
            run(connection, &format!("INSERT INTO likes (slot, order_id) VALUES ({slot}, '{order_id}')"));
            slot += 1;
        }
    }
}

/// Adds the old orders `from..to`.
fn add(connection: &Connection, from: u64, to: u64) {
    let number = format!("printf('D%05d%08d', n / {ORDERS_A_DAY}, n)");
    let id = format!("CAST({FIRST_ID} + n AS TEXT)");
    let exchanged =
        |column: &str| format!("replace(replace({column}, o.order_id, {id}), o.channel_order_id, {number})");
    // No template has more than four deliveries.
    let delivery = |place: &str| format!("1000 + n * 4 + {place}");
    // The day is the same as in `day_of`; 10:12 in Jakarta.
    let moment = format!("1704078720000000 + n / {ORDERS_A_DAY} * 86400000000 + n % {ORDERS_A_DAY}");
    let columns = [
        ("orders", "id", "1000 + n".to_owned()),
        ("orders", "order_id", id.clone()),
        ("orders", "channel_order_id", number.clone()),
        ("orders", "invoice_number", format!("iif(o.invoice_number IS NULL, NULL, {number})")),
        ("orders", "invoice_id", "iif(o.invoice_id IS NULL, NULL, 1000000 + n)".to_owned()),
        ("orders", "ordered_at", moment.clone()),
        ("orders", "created_at", format!("{moment} + 60000000")),
        ("orders", "invoiced_at", format!("iif(o.invoiced_at IS NULL, NULL, {moment} + 120000000)")),
        ("documents", "id", "1000 + n".to_owned()),
        ("documents", "order_id", id.clone()),
        ("documents", "number", exchanged("r.number")),
        ("documents", "draft", exchanged("r.draft")),
        ("documents", "accurate_id", "iif(r.accurate_id IS NULL, NULL, 1000000 + n)".to_owned()),
        ("orders", "latest_delivery", delivery("o.latest_place")),
        (
            "orders",
            "history",
            format!(
                "replace(o.history, '\"delivery\":' || o.latest_delivery, '\"delivery\":' || ({}))",
                delivery("o.latest_place")
            ),
        ),
        ("deliveries", "id", delivery("r.place")),
        ("deliveries", "order_id", id.clone()),
        ("timeline", "order_id", id.clone()),
        ("timeline", "event", exchanged("r.event")),
    ];
    let numbers = format!("WITH RECURSIVE s(n) AS (SELECT {from} UNION ALL SELECT n + 1 FROM s WHERE n + 1 < {to})");
    for table in ["orders", "documents", "deliveries", "timeline"] {
        let names = texts(connection, "SELECT name FROM pragma_table_info($1)", table);
        let repeated = if table == "orders" { "o" } else { "r" };
        let values: Vec<_> = names
            .iter()
            .map(|name| {
                let other = columns.iter().find(|(of, column, _)| *of == table && column == name);
                other.map_or_else(|| format!("{repeated}.{name}"), |(.., value)| value.clone())
            })
            .collect();
        let rows_of_it =
            if table == "orders" { String::new() } else { format!("JOIN {table}_like r ON r.order_id = o.order_id") };
        let sql = format!(
            "{numbers} INSERT INTO {table} ({}) SELECT {} FROM s
             JOIN likes l ON l.slot = s.n % 100 JOIN orders_like o ON o.order_id = l.order_id {rows_of_it}",
            names.join(", "),
            values.join(", ")
        );
        run(connection, &sql);
    }
    let terms = format!(
        "{numbers} INSERT OR IGNORE INTO order_terms (term, id) SELECT t.term, 1000 + n FROM s
         JOIN likes l ON l.slot = s.n % 100 JOIN terms_like t ON t.order_id = l.order_id ORDER BY 1, 2"
    );
    run(connection, &terms);
    let reversed = format!(
        "{numbers} INSERT OR IGNORE INTO order_terms (term, id)
         SELECT 'r:' || (WITH RECURSIVE reversed (place, text) AS (
                    SELECT length({number}), ''
                    UNION ALL SELECT place - 1, text || substr(lower({number}), place, 1) FROM reversed WHERE place > 0)
                SELECT text FROM reversed WHERE place = 0), 1000 + n FROM s ORDER BY 1"
    );
    run(connection, &reversed);
}
