//! A signed-in operator presses *Export*: both files are downloaded, opened and read.

use std::io::Cursor;

use calamine::{Data, Reader, Xlsx};
use reqwest::StatusCode;
use serde_json::json;

use super::visitor::{Shown, Visitor};
use crate::{
    forstok::order,
    service::{Home, Service, accurate},
};

/// More orders than one page of the list.
const MANY: u64 = 60;

/// A text that a spreadsheet would execute as a formula.
const EVIL: [&str; 5] = ["=HYPERLINK(\"http://evil\",\"x\")", "+62812", "-2+3", "@SUM(A1)", "\t=1+1"];

/// A service with many invoiced orders, some that wait, and some whose names are formulas.
async fn service_with_orders(home: &Home) -> Service {
    let service = home.serve().await;
    for id in 1..=MANY {
        service.send(&order(id)).await;
    }
    for (id, evil) in (1_000..).zip(EVIL) {
        let mut body = order(id);
        for name in ["store_name", "local_name", "channel"] {
            body["order"][name] = json!(evil);
        }
        body["order"]["store_id"] = json!(4711);
        service.send(&body).await;
    }
    service
        .get_until("/v1/summary", |summary| {
            summary["by_state"]["invoiced"] == MANY && summary["by_state"]["blocked"] == EVIL.len()
        })
        .await;
    service
}

/// Presses *Export* on this page and opens the workbook.
async fn workbook(visitor: &mut Visitor, page: &Shown, button: &str) -> Vec<Vec<Data>> {
    let file = visitor.get(&page.form_of(button, &[("format", "xlsx")])).await;
    assert_eq!(file.status, StatusCode::OK, "{}", file.html);
    let kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    assert_eq!(file.header("content-type"), kind);
    let name = file.header("content-disposition");
    assert!(name.starts_with("attachment; filename=\"orders-") && name.ends_with(".xlsx\""), "{name}");
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(file.bytes)).expect("a workbook");
    let (name, sheet) = book.worksheets().into_iter().next().expect("a sheet");
    let formulas = book.worksheet_formula(&name).expect("a sheet");
    assert!(formulas.used_cells().next().is_none(), "there is a formula");
    sheet.rows().map(<[Data]>::to_vec).collect()
}

/// Presses *Export* on this page and reads the CSV.
async fn table(visitor: &mut Visitor, page: &Shown, button: &str) -> Vec<Vec<String>> {
    let file = visitor.get(&page.form_of(button, &[("format", "csv")])).await;
    assert_eq!((file.status, file.header("content-type")), (StatusCode::OK, "text/csv; charset=utf-8"));
    assert!(file.header("content-disposition").ends_with(".csv\""));
    let text = file.html.strip_prefix('\u{feff}').expect("a mark that it is UTF-8");
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    reader.records().map(|row| row.expect("a row").iter().map(str::to_owned).collect()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workbook_has_every_matching_row_with_numbers_and_dates() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let service = service_with_orders(&home).await;
    let mut operator = Visitor::operator(&service).await;
    let page = operator.get("/orders?state=invoiced").await;
    page.says(&["60 orders"]);
    let rows = workbook(&mut operator, &page, "Export").await;
    let place = |name: &str| rows[0].iter().position(|cell| cell == name).unwrap_or_else(|| panic!("{name}"));
    assert_eq!(rows.len() as u64, 1 + MANY, "every row that matches, not only those of the page");
    for row in &rows[1..] {
        assert_eq!(row[place("State")], "Invoiced");
        for amount in ["Total (Rp)", "Invoice total (Rp)"] {
            assert!(matches!(row[place(amount)], Data::Float(80_000.0)), "{amount}: {:?}", row[place(amount)]);
        }
        for moment in ["Ordered (WIB)", "First received (WIB)", "Invoice date", "Invoiced (WIB)"] {
            assert!(matches!(row[place(moment)], Data::DateTime(_)), "{moment}: {:?}", row[place(moment)]);
        }
        let Data::DateTime(ordered) = row[place("Ordered (WIB)")] else { panic!("a date") };
        assert_eq!(ordered.to_ymd_hms_milli(), (2023, 11, 27, 10, 12, 0, 0), "as the clock in Jakarta says it");
        assert!(matches!(&row[place("Forstok order id")], Data::String(_)), "an id is not a number");
    }
    let one = operator.get("/orders?q=N17").await;
    assert_eq!(workbook(&mut operator, &one, "Export").await.len(), 2, "the search applies too");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_csv_has_the_same_rows_and_its_amounts_can_be_added_up() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let service = service_with_orders(&home).await;
    let mut operator = Visitor::operator(&service).await.with("accept-language", "id");
    let page = operator.get("/orders?state=invoiced").await;
    let rows = table(&mut operator, &page, "Ekspor").await;
    let place = |name: &str| rows[0].iter().position(|cell| cell == name).unwrap_or_else(|| panic!("{name}"));
    assert_eq!(rows.len() as u64, 1 + MANY);
    let sum: u64 = rows[1..].iter().map(|row| row[place("Total (Rp)")].parse::<u64>().expect("digits")).sum();
    assert_eq!(sum, MANY * 80_000);
    assert_eq!(rows[1][place("Dipesan (WIB)")], "2023-11-27 10:12:00");
    assert_eq!(rows[1][place("Tanggal faktur")], "2023-11-27");
    assert_eq!(rows[1][place("Status")], "Sudah difakturkan");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_looks_like_a_formula_stays_a_text_in_both_files() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let service = service_with_orders(&home).await;
    let mut operator = Visitor::operator(&service).await;
    let decision = [("decision", "never"), ("reason", EVIL[0])];
    operator.post("/orders/1000/decision", &decision).await.goes_to("/orders/1000?done=never");
    service.order_once("1000", "ignored").await;
    let page = operator.get("/orders?store=4711").await;
    let (cells, fields) = (workbook(&mut operator, &page, "Export").await, table(&mut operator, &page, "Export").await);
    assert_eq!((cells.len(), fields.len()), (1 + EVIL.len(), 1 + EVIL.len()));
    // Forstok's texts are trimmed when they are parsed, so the tab has been removed.
    for evil in EVIL.map(str::trim) {
        let texts = cells.iter().flatten().filter(|cell| matches!(cell, Data::String(text) if text.trim() == evil));
        assert!(texts.count() >= 2, "{evil:?} is not a text in the workbook");
        let marked = format!("'{evil}");
        assert!(fields.iter().flatten().filter(|field| **field == marked).count() >= 2, "{evil:?}: {fields:?}");
    }
    let runs = |field: &&String| field.starts_with(['=', '+', '-', '@', '\t', '\r']);
    assert!(!fields.iter().flatten().any(|field| runs(&field)), "{fields:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_has_not_signed_in_gets_no_file() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let mut stranger = Visitor::of(&service);
    for format in ["csv", "xlsx"] {
        let refused = stranger.get(&format!("/v1/orders/export?format={format}")).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{format}");
        assert_eq!(refused.header("content-disposition"), "");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_word_that_a_list_or_an_export_does_not_know_is_refused_with_those_it_knows() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    for (path, words) in [
        ("/v1/orders/export?format=zzz", "\"zzz\" is not one of csv, xlsx"),
        ("/payouts/export?format=zzz", "is not one of xlsx, csv"),
        ("/returns/export?format=zzz", "is not one of xlsx, csv"),
        ("/mapping/skus/export?format=zzz", "is not one of xlsx, csv"),
        ("/reconciliation/export?format=csv", "is not one of xlsx"),
        ("/payouts/export?show=lost", "show: \"lost\" is not one of blocked, approval"),
        ("/returns?reason=lost", "reason: \"lost\" is not one of "),
        ("/mapping/skus?match=lost", "match: \"lost\" is not one of waiting, changed, exact"),
        ("/reconciliation/export?month=11", "month: \"11\" is not a month such as 2026-11"),
        ("/reconciliation?state=lost", "state: \"lost\" is not one of open, gone, closed"),
        ("/mapping/shadow?cursor=x", "is not a next_cursor"),
    ] {
        let refused = service.get(path).await;
        assert_eq!((refused.status.as_u16(), refused.json()["code"].as_str()), (400, Some("bad_request")), "{path}");
        assert!(refused.text.replace("\\\"", "\"").contains(words), "{path}: {}", refused.text);
    }
    for path in
        ["/payouts/export?format=csv", "/returns/export", "/mapping/skus/export?match=", "/reconciliation/export"]
    {
        assert_eq!(service.get(path).await.status, 200, "{path}");
    }
}
