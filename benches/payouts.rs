//! How fast approved payouts become receipts, against the sandbox with its limits on; and the time and memory that the
//! import command needs for a large payout file.
//!
//! `cargo bench --bench payouts`, or shorter: `cargo bench --bench payouts -- --receipts 5000 --rows 20000`

#[expect(dead_code, reason = "each benchmark uses its part")]
mod common;

use std::{
    fmt::Write as _,
    io::Write,
    path::Path,
    process::ExitCode,
    rc::Rc,
    time::{Duration, Instant},
};

use common::{
    Arguments,
    accurate::Accurate,
    load::Load,
    machine::MemoryWatch,
    orders::{Orders, number},
    report::{Report, note},
    service::{Home, Service},
};
use rust_xlsxwriter::Workbook;
use serde_json::json;

const CONNECTIONS: usize = 64;

const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// Most rows in one request.
const ROWS_OF_A_REQUEST: u64 = 10_000;

/// The invoice's total and the marketplace's fee, in rupiah.
const TOTAL: u64 = 80_000;
const FEE: u64 = 5_000;

/// The share of all receipts, at the start and at the end, that does not count towards the steady rate.
const STARTING_AND_ENDING: f64 = 0.05;

fn main() -> ExitCode {
    let arguments = Arguments::of_this_process();
    let longest = Duration::from_secs_f64(arguments.value("seconds", 240.0));
    let mut report = Report::new("payouts: approved receipts against the sandbox, and the import of files");

    let rows = arguments.value("rows", 100_000);
    if rows > 0 {
        import(&mut report, "CSV", "rows.csv", rows, csv);
        import(&mut report, "XLSX", "rows.xlsx", rows, xlsx);
    }
    let receipts = arguments.value("receipts", 20_000);
    if receipts > 0 {
        // With the check, each bulk of 100 needs a second call: 8 calls a second allow 400 receipts.
        drain(&mut report, "checked against what is owed", "", receipts, longest, [350.0, 370.0]);
        drain(&mut report, "check_owed = \"off\"", "check_owed = \"off\"", receipts, longest, [700.0, 750.0]);
    }
    report.end()
}

/// Imports a file of this many payouts with the command.
fn import(report: &mut Report, what: &str, name: &str, rows: u64, write: fn(&Path, u64)) {
    let accurate = Accurate::start();
    let home = Home::new(&accurate.url(), "");
    // The command refuses a database that does not exist.
    drop(home.serve());
    write(&home.path().join(name), rows);
    let bytes = std::fs::metadata(home.path().join(name)).expect("it was written").len();
    note(what, &format!("{rows} payouts, {:.1} MiB", bytes as f64 / 1_048_576.0));
    let started = Instant::now();
    let arguments = ["payout", "import", name, "--profile", "generic", "--numbers", "id", "--config", "settings.toml"];
    let mut command = home.command(&arguments).spawn().expect("the binary starts");
    let watch = MemoryWatch::start(command.id());
    let status = command.wait().expect("our own child");
    let (took, memory) = (started.elapsed(), watch.end());
    assert!(status.success(), "{what}: the import exited with {status}");
    let service = home.serve();
    assert_eq!(service.payouts("unmatched"), rows, "each row is recorded");
    report.at_most(&format!("{what}: time"), took.as_secs_f64(), 20.0, "s");
    report.at_most(&format!("{what}: resident memory, most"), memory.most, 64.0, "MiB");
}

const HEADINGS: [&str; 5] = ["No. Pesanan", "Tanggal", "Total Penghasilan", "subtotal", "service_fee"];

fn csv(path: &Path, rows: u64) {
    let mut text = HEADINGS.join(";");
    for nth in 0..rows {
        let net = TOTAL - FEE + nth % 900;
        write!(text, "\n{};05/02/2024;{net};{};-{FEE}", number(nth), net + FEE).expect("a string takes everything");
    }
    let mut file = std::fs::File::create(path).expect("the folder takes files");
    file.write_all(text.as_bytes()).expect("the folder takes files");
}

fn xlsx(path: &Path, rows: u64) {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet_with_constant_memory().expect("a sheet");
    for (column, heading) in (0..).zip(HEADINGS) {
        sheet.write_string(0, column, heading).expect("written");
    }
    for nth in 0..rows {
        let row = u32::try_from(nth + 1).expect("a sheet has fewer rows");
        let net = TOTAL - FEE + nth % 900;
        sheet.write_string(row, 0, number(nth)).expect("written");
        sheet.write_string(row, 1, "05/02/2024").expect("written");
        for (column, amount) in (2..).zip([net as f64, (net + FEE) as f64, -(FEE as f64)]) {
            sheet.write_number(row, column, amount).expect("written");
        }
    }
    workbook.save(path).expect("the folder takes files");
}

/// Measures the receipts after orders were invoiced, their payouts arrived, and a person approved all of them together.
fn drain(report: &mut Report, how: &str, book: &str, receipts: u64, longest: Duration, at_least: [f64; 2]) {
    note(how, &format!("{receipts} payouts, approved with one request"));
    let accurate = Accurate::start();
    let home = Home::new(&accurate.url(), book);
    let service = home.serve();
    invoice(&service, receipts);
    send_payouts(&service, receipts);
    wait_for("every payout waits for approval", longest, || service.payouts("waiting") == receipts);

    let calls_before = calls(&accurate);
    let watch = MemoryWatch::start(service.process());
    let started = Instant::now();
    let approved = service.posted("/v1/payouts/approve", "").expect("the approval is answered");
    assert_eq!(approved, json!({ "approved": receipts }).to_string());
    let answered = started.elapsed();
    let mut seen = vec![(Duration::ZERO, 0)];
    while seen.last().is_some_and(|(at, count)| *count < receipts && *at < longest) {
        let count = accurate.sandbox().receipt_count() as u64;
        if seen.last().is_some_and(|(_, before)| count > *before) {
            seen.push((started.elapsed(), count));
        }
        std::thread::sleep(POLL_INTERVAL);
        assert!(started.elapsed() < longest, "{count} of {receipts} receipts in {longest:?}");
    }
    let (last, _) = *seen.last().expect("it was looked at once at least");
    let memory = watch.end();
    wait_for("every payout is settled", longest, || service.payouts("settled") == receipts);
    assert_eq!(accurate.sandbox().receipt_count() as u64, receipts, "each payout has one receipt");
    let passed = |share: f64| {
        let wanted = receipts as f64 * share;
        *seen.iter().find(|(_, count)| *count as f64 >= wanted).expect("the last has all")
    };
    let (from, to) = (passed(STARTING_AND_ENDING), passed(1.0 - STARTING_AND_ENDING));
    let steady = (to.1 - from.1) as f64 / (to.0.as_secs_f64() - from.0.as_secs_f64());
    note("approval answered", &format!("{:.2} s", answered.as_secs_f64()));
    note(
        "calls for each 100 receipts",
        &format!("{:.2}", (calls(&accurate) - calls_before) as f64 * 100.0 / receipts as f64),
    );
    report.at_least(
        &format!("{how}: receipts a second, from the approval to the last"),
        receipts as f64 / last.as_secs_f64(),
        at_least[0],
        "",
    );
    report.at_least(&format!("{how}: receipts a second, steady part"), steady, at_least[1], "");
    report.at_most("breaches of Accurate's limits", accurate.sandbox().breach_count() as f64, 0.0, "");
    report.at_most("resident memory, most", memory.most, 64.0, "MiB");
}

fn calls(accurate: &Accurate) -> u64 {
    accurate.sandbox().call_counts().values().sum()
}

fn invoice(service: &Service, orders: u64) {
    let load = Load {
        addresses: vec![service.address],
        connections: CONNECTIONS,
        time: Duration::MAX,
        requests: Rc::new(Orders::ready_to_ship().requests(0, orders)),
        answer_holds: r#""delivery":"accepted""#,
    };
    assert_eq!(load.run().answered as u64, orders);
    wait_for("every order is invoiced", Duration::from_mins(5), || service.count("invoiced") == orders);
}

fn send_payouts(service: &Service, payouts: u64) {
    for first in (0..payouts).step_by(ROWS_OF_A_REQUEST as usize) {
        let rows = (first..payouts.min(first + ROWS_OF_A_REQUEST)).map(|nth| {
            json!({"source": "bench", "id": nth.to_string(), "store_id": "8277", "channel_order_id": number(nth),
                   "paid_at": "2024-02-05", "net": TOTAL - FEE, "amounts": {"subtotal": TOTAL, "service_fee": -(FEE as i64)}})
        });
        let rows = rows.collect::<serde_json::Value>().to_string();
        service.posted("/v1/payouts", &rows).expect("the rows are taken");
    }
}

fn wait_for(what: &str, longest: Duration, holds: impl Fn() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < longest, "it never came to this: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
