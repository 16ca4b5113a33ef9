//! The days of a month: what a run could not read, days that nobody compared, and orders whose invoice has another date.

use std::{io::Cursor, time::Duration};

use calamine::{Data, Reader, Xlsx};
use forstok_accurate::sandbox::{Action, Edit, Fault};
use rust_decimal::Decimal;
use serde_json::json;

use super::{
    reconciliation::{asks_forstok, reconciled},
    visitor::Visitor,
};
use crate::{
    forstok::order,
    service::{Home, accurate},
};

/// One sheet of the export of November 2023, as texts.
async fn sheet(visitor: &mut Visitor, name: &str) -> Vec<Vec<String>> {
    let file = visitor.get("/reconciliation/export?month=2023-11").await;
    let mut workbook = Xlsx::new(Cursor::new(file.bytes.clone())).expect("a workbook");
    let range = workbook.worksheet_range(name).expect("a sheet");
    range.rows().map(|row| row.iter().map(Data::to_string).collect()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_read_is_no_difference_and_everybody_sees_it() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let service = home.serve().await;
    for id in 1..=3 {
        service.send(&order(id)).await;
    }
    service.get_until("/v1/summary", |summary| summary["by_state"]["invoiced"] == 3).await;
    accurate.sandbox().next(Action::InvoiceList, Fault::ListEmpty, 1_000);

    let run = reconciled(&service).await;
    assert_eq!((&run["complete"], &run["ledger"]["total"]), (&json!(false), &json!(240_000)));
    for unknown in ["difference", "explained", "unexplained"] {
        assert_eq!((&run[unknown], &run["books"][0][unknown]), (&json!(null), &json!(null)), "{unknown}");
    }
    let why = run["books"][0]["incomplete_because"].as_str().expect("it says why");
    assert!(why.contains("the list of these days is empty"), "{why}");

    let mut visitor = Visitor::operator(&service).await.with("accept-language", "en");
    let page = visitor.get("/reconciliation?month=2023-11").await;
    page.says(&["Incomplete", "the list of these days is empty", "incomplete Rp240.000", "Lower bound"]);
    page.says(&["not read completely"]);
    let totals = "Rp240.000\nRp0\nRp0\nRp0\nRp0";
    assert!(page.text().contains(totals), "nothing is called a difference: {}", page.text());
    assert!(!page.text().contains("difference Rp240.000"), "{}", page.text());
    let last = sheet(&mut visitor, "Totals").await.pop().expect("a row");
    assert_eq!(last[5..], ["240000", "0", "0", "0", "0", "0", "1"], "{last:?}");
    let days = sheet(&mut visitor, "Days").await;
    let day = days.iter().find(|row| !row[1].is_empty() && row[0] != "Day").expect("the only day with invoices");
    assert_eq!((&*day[3], &*day[7], &*day[10]), ("incomplete", "240000", ""), "{day:?}");

    // The command says so too, and shows how far it is while Accurate takes its time.
    accurate.sandbox().clear_faults();
    accurate.sandbox().next(Action::InvoiceList, Fault::Slow(Duration::from_secs(7)), 1);
    accurate.sandbox().next(Action::InvoiceList, Fault::ListEmpty, 1_000);
    let arguments = ["reconcile", "--from", "2023-11-01", "--to", "2023-11-30"];
    let mut command = home.command(&arguments);
    let command = tokio::task::spawn_blocking(move || command.output());
    let progress = async {
        let running = |runs: &serde_json::Value| runs["reconciliations"][0]["state"] == "running";
        let runs = service.get_until("/v1/reconciliations", running).await;
        assert_eq!(runs["reconciliations"][0]["books"][0]["progress"]["listed"], 0);
        let mut visitor = Visitor::operator(&service).await.with("accept-language", "en");
        visitor.get("/reconciliation").await.says(&["Comparing", "invoices of Accurate's list read"]);
    };
    let (output, ()) = tokio::join!(command, progress);
    let output = output.expect("nothing panics").expect("it runs");
    let (printed, progress) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(3), "{printed} {progress}");
    assert!(printed.contains("incomplete, so nothing is concluded"), "{printed}");
    assert!(progress.contains("invoices listed, 0 looked up one by one"), "{progress}");

    // Once everything is read, the same days agree.
    accurate.sandbox().clear_faults();
    let run = reconciled(&service).await;
    assert_eq!((&run["complete"], &run["difference"]), (&json!(true), &json!(0)));
    let page = visitor.get("/reconciliation?month=2023-11").await;
    page.says(&["Agrees with Accurate", "agrees Rp240.000"]);
    assert!(!page.text().contains("Lower bound"), "{}", page.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_on_which_only_forstoks_list_is_incomplete_says_so_and_its_sums_are_right() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    asks_forstok(&home, &accurate.url(), "");
    // Forstok lists other days than it was asked for, so nobody knows whether an order is missing here.
    let forstok = accurate.sandbox().forstok();
    forstok.behaves(|one| (one.ignores_period, one.largest_page) = (true, 1));
    for id in 11..=14 {
        let mut earlier = order(id);
        earlier["order"]["updated_at"] = json!(format!("2023-09-{id}T10:00:00+07:00"));
        forstok.lists(&earlier);
    }
    let service = home.serve().await;
    service.send(&order(1)).await;
    service.order_once("1", "invoiced").await;
    let run = reconciled(&service).await;
    assert_eq!((&run["complete"], &run["books"][0]["complete"]), (&json!(false), &json!(true)), "{run}");

    let mut visitor = Visitor::operator(&service).await.with("accept-language", "en");
    let page = visitor.get("/reconciliation?month=2023-11").await;
    page.says(&["Forstok's orders not read completely\nincomplete Rp80.000"]);
    page.says(&["Forstok's orders were not read to the end", "Forstok ignores the period that was asked for"]);
    assert!(!page.text().contains("Lower bound"), "the sums of both sides are known: {}", page.text());
    let mut indonesian = Visitor::operator(&service).await.with("accept-language", "id");
    let page = indonesian.get("/reconciliation?month=2023-11").await;
    page.says(&["pesanan Forstok belum terbaca seluruhnya\nbelum lengkap Rp80.000"]);
    let days = sheet(&mut visitor, "Days").await;
    let day = days.iter().find(|row| row[0] != "Day" && !row[1].is_empty()).expect("the only day with invoices");
    assert_eq!((&*day[3], &*day[7], &*day[10]), ("Forstok's orders not read completely", "80000", "0"), "{day:?}");

    // Once Forstok lists what it was asked for, the same day agrees.
    forstok.behaves(|one| one.ignores_period = false);
    reconciled(&service).await;
    let page = visitor.get("/reconciliation?month=2023-11").await;
    page.says(&["agrees Rp80.000"]);
    assert!(!page.text().contains("not read completely"), "{}", page.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_shows_the_invoices_that_are_dated_on_it_whenever_they_were_ordered() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let service = home.serve().await;
    service.send(&order(1)).await;
    // Ordered on the 27th, ready two days later: its invoice is dated then.
    let mut later = order(2);
    later["order"]["updated_at"] = json!("2023-11-29T10:12:00.000+07:00");
    service.send(&later).await;
    service.get_until("/v1/summary", |summary| summary["by_state"]["invoiced"] == 2).await;
    let mut visitor = Visitor::operator(&service).await.with("accept-language", "en");
    visitor.get("/reconciliation?month=2023-11").await.says(&["No invoice of this month has been compared yet."]);
    reconciled(&service).await;

    let page = visitor.get("/reconciliation?month=2023-11").await;
    page.says(&["2\n0\n2\nRp160.000\nRp160.000\nRp0", "by the date of the order", "by the date of the invoice"]);
    for (day, number, other) in [("2023-11-27", "N1", "N2"), ("2023-11-29", "N2", "N1")] {
        let link = format!("/reconciliation/days/{day}?store=8277");
        assert!(page.html.contains(&format!("href=\"{link}\"")), "{link}: {}", page.html);
        let invoices = visitor.get(&link).await;
        invoices.says(&["1 invoice, Rp80.000", number]);
        assert!(!invoices.text().contains(other), "{}", invoices.text());
    }
    visitor.get("/reconciliation/days/2023-11-28?store=8277").await.says(&["No invoice is dated on this day."]);
    let rows = sheet(&mut visitor, "Days").await;
    let figures: Vec<_> =
        rows.iter().filter(|row| row[3] == "agrees").map(|row| [&*row[4], &*row[6], &*row[7]]).collect();
    assert_eq!(figures, [["2", "1", "80000"], ["0", "1", "80000"]], "orders by their date, invoices by theirs");
    assert_eq!(rows.len(), 31, "every day of the month is there");
    assert_eq!(rows.iter().filter(|row| row[3] == "no invoice").count(), 28);

    // Nobody has compared December.
    let mut ordered = order(3);
    ordered["order"]["ordered_at"] = json!("2023-12-01T10:12:00.000+07:00");
    ordered["order"]["updated_at"] = json!("2023-12-01T10:12:00.000+07:00");
    service.send(&ordered).await;
    service.order_once("3", "invoiced").await;
    let file = visitor.get("/reconciliation/export?month=2023-12").await;
    let mut workbook = Xlsx::new(Cursor::new(file.bytes.clone())).expect("a workbook");
    let days = workbook.worksheet_range("Days").expect("a sheet");
    assert_eq!(days.get_value((1, 3)).map(ToString::to_string), Some("not compared yet".to_owned()));
    assert_eq!(
        days.get_value((1, 4)).map(ToString::to_string),
        Some("1".to_owned()),
        "orders of a day nobody compared"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_whose_difference_a_person_has_closed_is_explained_on_the_page_and_in_the_export() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    service.send(&order(1)).await;
    service.order_once("1", "invoiced").await;
    let edit = Edit { total: Some(Decimal::from(79_000)), ..Edit::default() };
    accurate.sandbox().edit_invoice("N1", &edit).expect("it is there");
    reconciled(&service).await;
    let closed = service.post_json("/v1/findings/close", &json!({"reason": "agreed with the buyer"})).await.json();
    assert_eq!(closed["closed"], 1, "{closed}");

    for (language, explained, [days, findings]) in
        [("en", "explained", ["Days", "Findings"]), ("id", "sudah dijelaskan", ["Hari", "Temuan"])]
    {
        let mut visitor = Visitor::operator(&service).await.with("accept-language", language);
        let page = visitor.get("/reconciliation?month=2023-11").await;
        page.says(&[&format!("{explained} Rp80.000")]);
        let days = sheet(&mut visitor, days).await;
        let day = days.iter().find(|row| row[10] == "1000").expect("the day with the difference");
        assert_eq!(day[3], explained, "{day:?}");
        assert_eq!(sheet(&mut visitor, findings).await[1][12], "agreed with the buyer");
    }
}
