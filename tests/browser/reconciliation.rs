//! An accountant at month end: from a difference to zero.

use forstok_accurate::sandbox::{Edit, Running};
use jiff::civil::date;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::chromium::{Chromium, Kind};
use crate::{
    forstok::order,
    pages::reconciliation::asks_forstok,
    service::{Home, Service, accurate, eventually},
};

/// A service that has invoiced these orders.
async fn invoiced(home: &Home, orders: &[Value]) -> Service {
    let service = home.serve().await;
    for order in orders {
        service.send(order).await;
    }
    service.get_until("/v1/summary", |summary| summary["by_state"]["invoiced"] == orders.len()).await;
    service
}

/// Somebody changes the total of an invoice in Accurate.
fn somebody_changes(accurate: &Running, number: &str, total: u32) {
    let edit = Edit { total: Some(Decimal::from(total)), ..Edit::default() };
    accurate.sandbox().edit_invoice(number, &edit).expect("it is there");
}

/// What a person sees now, in a picture if somebody wants it.
async fn sees(browser: &Chromium, kind: Kind, what: &str) {
    browser.is_pictured(&format!("{what}-{}-{}", kind.language, kind.width)).await;
    browser.fits_the_screen().await;
}

/// The month that is closed.
const OCTOBER: &str = "/reconciliation?month=2023-10";

/// The difference of the month, the part of it that findings explain, and the rest.
const DIFFERENCE: &str = "return [...document.querySelectorAll('[aria-labelledby=month] tbody tr:last-child td')]
    .slice(-3).map(cell => cell.textContent).join(' ')";

/// How many pixels of the totals are beyond the edge of their card.
const HIDDEN: &str = "const totals = document.querySelector('[aria-labelledby=month] .table');
    return totals.scrollWidth - totals.clientWidth";

/// How many days are green, and how many are not.
const DAYS: &str = "return ['.good', ':not(.good)'].map(
    kind => document.querySelectorAll(`.calendar .state${kind}`).length).join(' ')";

/// What the pages say in one language.
struct Words {
    sign_in: &'static str,
    run: &'static str,
    found: [&'static str; 6],
    one_open: &'static str,
    import: &'static str,
    compare: &'static str,
    compared: [&'static str; 4],
    adopt: &'static str,
    adopted: &'static str,
    create_again: &'static str,
    accept: &'static str,
    closed: &'static str,
    resolved: &'static str,
    agrees: &'static str,
}

const ENGLISH: Words = Words {
    sign_in: "Sign in",
    run: "Run now",
    found: [
        "Differences found",
        "Difference: -Rp145.000. Findings explain all of it.",
        "Invoice N2 (06/10/2023, Rp150.000) was created, but no longer exists in Accurate",
        "total Rp145.000 instead of Rp150.000",
        "a second invoice for this order: N6-COPY",
        "HAND-2",
    ],
    one_open: "1 open",
    import: "Import the order",
    compare: "Compare",
    compared: ["Sent", "In Accurate", "Would be sent now", "-Rp5.000"],
    adopt: "Adopt",
    adopted: "The invoice's data in Accurate applies from now on.",
    create_again: "Create again",
    accept: "Accept as deleted",
    closed: "Closed by a person",
    resolved: "Resolved automatically",
    agrees: "Agrees with Accurate",
};

const INDONESIAN: Words = Words {
    sign_in: "Masuk",
    run: "Jalankan sekarang",
    found: [
        "Ada perbedaan",
        "Selisih: -Rp145.000. Seluruhnya dijelaskan oleh temuan.",
        "Faktur N2 (06/10/2023, Rp150.000) pernah dibuat, tetapi tidak ada lagi di Accurate",
        "total Rp145.000, seharusnya Rp150.000",
        "faktur kedua untuk pesanan ini: N6-COPY",
        "HAND-2",
    ],
    one_open: "1 terbuka",
    import: "Impor pesanan",
    compare: "Bandingkan",
    compared: ["Dikirim", "Di Accurate", "Akan dikirim sekarang", "-Rp5.000"],
    adopt: "Gunakan data Accurate",
    adopted: "Mulai sekarang data faktur di Accurate yang dipakai.",
    create_again: "Buat ulang",
    accept: "Terima penghapusan",
    closed: "Ditutup oleh pengguna",
    resolved: "Selesai otomatis",
    agrees: "Sesuai dengan Accurate",
};

/// An order of Rp150.000, on every third day of the month.
fn of_october(id: u64) -> Value {
    let mut body = order(id);
    for time in ["created_at", "ordered_at", "updated_at"] {
        body["order"][time] = json!(format!("2023-10-{:02}T10:12:00+07:00", 3 * id));
    }
    for amount in ["/item_lines/0/price", "/item_lines/0/total_price", "/subtotal", "/total_price"] {
        *body["order"].pointer_mut(amount).expect("an amount") = json!(150_000);
    }
    body
}

/// October of nine orders of Rp150.000. One webhook was lost. In Accurate, two invoices were deleted, one has Rp5.000
/// less, one was copied, and two were added: (150.000 + 150.000 + 5.000) - (150.000 + 150.000 + 150.000).
async fn october(accurate: &Running) -> Service {
    let home = Home::new(accurate);
    asks_forstok(&home, &accurate.url(), "");
    let orders: Vec<_> = (1..=9).map(of_october).collect();
    let sandbox = accurate.sandbox();
    for order in &orders {
        sandbox.forstok().lists(order);
    }
    let service = invoiced(&home, &orders[..8]).await;
    for deleted in ["N2", "N3"] {
        assert!(sandbox.remove_invoice(deleted));
    }
    somebody_changes(accurate, "N5", 145_000);
    sandbox.duplicate_invoice("N6", "N6-COPY").expect("it is there");
    for (number, day) in [("HAND-1", 8), ("HAND-2", 20)] {
        sandbox.add_invoice(number, "8277", "", Decimal::from(150_000));
        let edit = Edit { day: Some(date(2023, 10, day)), ..Edit::default() };
        sandbox.edit_invoice(number, &edit).expect("it was added");
    }
    service
}

async fn a_month_is_closed(kind: Kind, words: &Words) {
    let accurate = accurate().await;
    let service = october(&accurate).await;
    let browser = Chromium::open(&service, kind).await;
    // Without scripts, a page is loaded again to see what has changed.
    let ends = async |run: u32| {
        service.get_until(&format!("/v1/reconciliations/{run}"), |run| run["state"] == "done").await;
        if !kind.scripts {
            browser.goes_to(OCTOBER).await;
        }
    };
    let opens = async |what: &str| {
        browser.goes_to(OCTOBER).await;
        browser.follows_row(what).await;
    };
    // The button, and then the same button below its consequence and the reason.
    let does = async |action: &str, outcome: &str| {
        browser.presses(action).await;
        browser.presses(action).await;
        browser.shows(&[outcome]).await;
    };
    browser.signs_in(words.sign_in).await;
    browser.goes_to(OCTOBER).await;
    browser.presses(words.run).await;
    ends(1).await;
    browser.shows(&words.found).await;
    assert_eq!(browser.script(DIFFERENCE).await, "-Rp145.000 -Rp145.000 Rp0");
    assert_eq!(browser.script(DAYS).await, "4 7", "the days of N1, N4, N7, N8, and those of seven findings");
    sees(&browser, kind, "month-1-found").await;
    assert_eq!(browser.script(HIDDEN).await, 0, "every column of the totals is seen");

    // The newest day with a finding: an order that never arrived.
    browser.follows(words.one_open).await;
    browser.follows_row("9 (Ready to Ship, Rp150.000)").await;
    does(words.import, words.resolved).await;
    service.order_once("9", "invoiced").await;

    opens("N5").await;
    browser.presses(words.compare).await;
    browser.shows(&words.compared).await;
    sees(&browser, kind, "month-2-compared").await;
    does(words.adopt, words.adopted).await;

    opens("N2").await;
    sees(&browser, kind, "month-3-deleted").await;
    does(words.create_again, words.closed).await;
    eventually("the invoice exists again", async || accurate.sandbox().invoices_numbered("N2").pop()).await;
    service.order_once("2", "invoiced").await;

    opens("N3").await;
    does(words.accept, words.closed).await;

    // What was entered by hand is deleted in Accurate. The page of a finding compares its day again.
    for foreign in ["HAND-2", "N6-COPY", "HAND-1"] {
        opens(foreign).await;
        assert!(accurate.sandbox().remove_invoice(foreign));
    }
    browser.presses(words.run).await;
    ends(2).await;
    browser.shows(&[words.agrees]).await;
    assert_eq!(browser.script(DIFFERENCE).await, "Rp5.000 Rp5.000 Rp0", "only one day was compared again");

    browser.goes_to(OCTOBER).await;
    browser.presses(words.run).await;
    ends(3).await;
    browser.shows(&[words.agrees]).await;
    assert_eq!(browser.script(DIFFERENCE).await, "Rp0 Rp0 Rp0");
    assert_eq!(browser.script(DAYS).await, "8 0");
    // Loaded again, the navigation has no open finding either.
    browser.goes_to(OCTOBER).await;
    sees(&browser, kind, "month-4-agrees").await;
    let complaints = browser.complaints().await;
    assert!(complaints.is_empty(), "the browser complains: {complaints:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_is_closed_in_the_browser() {
    a_month_is_closed(Kind::ENGLISH, &ENGLISH).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_is_closed_in_indonesian_on_a_phone() {
    a_month_is_closed(Kind::INDONESIAN_PHONE, &INDONESIAN).await;
}

/// What the pages say about closing many findings.
struct Closing {
    sign_in: &'static str,
    ticked: &'static str,
    two: &'static str,
    closed_one: [&'static str; 3],
    all: &'static str,
    closed_two: &'static str,
    in_timeline: &'static str,
}

const CLOSING: Closing = Closing {
    sign_in: "Sign in",
    ticked: "Close the ticked ones",
    two: "Close 2 findings",
    closed_one: ["Closed: 1 finding.", "Not closed", "total Rp46.000 instead of Rp80.000"],
    all: "Close all 2",
    closed_two: "Closed: 2 findings.",
    in_timeline: "closed the finding \"Differs in Accurate\": rounded on purpose",
};

const MENUTUP: Closing = Closing {
    sign_in: "Masuk",
    ticked: "Tutup yang dicentang",
    two: "Tutup 2 temuan",
    closed_one: ["Ditutup: 1 temuan.", "Tidak ditutup", "total Rp46.000, seharusnya Rp80.000"],
    all: "Tutup semua (2)",
    closed_two: "Ditutup: 2 temuan.",
    in_timeline: "menutup temuan \"Berbeda di Accurate\": rounded on purpose",
};

async fn many_findings_are_closed(kind: Kind, words: &Closing) {
    let accurate = accurate().await;
    let service = invoiced(&Home::new(&accurate), &(1..=4).map(order).collect::<Vec<_>>()).await;
    let compares = async || {
        let days = json!({"from": "2023-11-01", "to": "2023-11-30"});
        let run = service.post_json("/v1/reconciliations", &days).await.json()["id"].clone();
        service.get_until(&format!("/v1/reconciliations/{run}"), |run| run["state"] == "done").await;
    };
    for number in ["N2", "N3", "N4"] {
        somebody_changes(&accurate, number, 45_000);
    }
    compares().await;
    let browser = Chromium::open(&service, kind).await;
    browser.signs_in(words.sign_in).await;
    browser.goes_to("/reconciliation?month=2023-11").await;
    browser.shows(&["N2", "N3", "N4"]).await;
    sees(&browser, kind, "closing-1-open").await;
    let ticks_two = "[...document.querySelectorAll('input[name=finding]')].slice(0, 2).forEach(box => box.click())";
    browser.script(ticks_two).await;
    browser.presses(words.ticked).await;
    browser.shows(&[words.two]).await;
    sees(&browser, kind, "closing-2-why").await;
    // The newest of them changes while the form is open.
    somebody_changes(&accurate, "N4", 46_000);
    compares().await;
    browser.types("why", "rounded on purpose").await;
    browser.presses(words.ticked).await;
    browser.shows(&words.closed_one).await;
    sees(&browser, kind, "closing-3-one-changed").await;
    browser.presses(words.all).await;
    browser.types("why", "agreed with the buyers").await;
    sees(&browser, kind, "closing-4-why-all").await;
    browser.presses(words.all).await;
    browser.shows(&[words.closed_two]).await;
    sees(&browser, kind, "closing-5-closed").await;
    browser.goes_to("/orders/3").await;
    browser.shows(&[words.in_timeline]).await;
    let complaints = browser.complaints().await;
    assert!(complaints.is_empty(), "the browser complains: {complaints:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_findings_are_closed_with_one_reason() {
    for kind in [Kind::ENGLISH, Kind::ENGLISH_PHONE] {
        many_findings_are_closed(kind, &CLOSING).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_findings_are_closed_with_one_reason_in_indonesian() {
    for kind in [Kind::INDONESIAN, Kind::INDONESIAN_PHONE] {
        many_findings_are_closed(kind, &MENUTUP).await;
    }
}
