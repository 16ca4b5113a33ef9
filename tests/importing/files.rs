//! From a file to an invoice.

use forstok_accurate::{
    domain::import::Standing,
    importing::{Mode, file::Outcome},
    spreadsheet::Unreadable,
};
use rust_xlsxwriter::Workbook;
use serde_json::json;

use super::{import, import_in_pieces, lines, numbers};
use crate::world::{World, order};

#[tokio::test]
async fn a_file_is_reported_first_and_taken_in_on_request() {
    let mut world = World::new().await;
    world.forstok_sends(order("1").ready_to_ship()).await;
    world.run_until_settled().await;
    let file =
        lines(&[order("1").ready_to_ship(), order("2").ready_to_ship(), order("1").open(), order("1").shipped()]);
    let file = format!("\n{file}{{\"order\":{{}}}}\nnot JSON\n");
    let report = import(&world, &file, Mode::Report).await;
    assert_eq!(numbers(&report), [1, 1, 1, 1, 2, 0]);
    let found: Vec<_> = report.differences.iter().map(|one| (one.line, one.standing)).collect();
    assert_eq!(found, [(Some(3), Standing::New), (Some(5), Standing::Newer)]);
    let known = report.differences[1].known.as_ref().expect("it is known");
    assert_eq!((known.status.as_str(), &*report.differences[1].listed.status), ("Ready to Ship", "Shipped"));
    let unread: Vec<_> = report.unread.iter().map(|one| (one.line, one.problem.as_str())).collect();
    assert_eq!(unread[0], (6, "order.id: is missing"));
    assert_eq!((unread[1].0, unread[1].1.split(": ").nth(1)), (7, Some("is not JSON")));
    assert!(world.storage.order(&crate::world::order_id("2")).await.expect("readable").is_none(), "nothing changed");

    let report = import(&world, &file, Mode::Ingest).await;
    assert_eq!(numbers(&report), [1, 1, 1, 1, 2, 3]);
    world.run_until_settled().await;
    assert_eq!((world.state("1").await, world.state("2").await), ("invoiced".to_owned(), "invoiced".to_owned()));
    assert_eq!(world.accurate.invoices().len(), 2);
    let timeline = world.timeline("2").await;
    assert!(timeline.contains("imported from a file: \"Ready to Ship\" (orders/update)"), "{timeline}");
    let again = import(&world, &file, Mode::Ingest).await;
    assert_eq!(again.counts.differences(), 0, "nothing is missing any more");
    world.run_until_settled().await;
    assert_eq!(world.accurate.invoices().len(), 2);
}

#[tokio::test]
async fn a_webhook_before_or_after_the_import_never_makes_a_second_invoice() {
    for webhook_first in [true, false] {
        for settle_between in [true, false] {
            let mut world = World::new().await;
            let snapshot = order("1").ready_to_ship();
            for nth in 0..2 {
                if (nth == 0) == webhook_first {
                    world.forstok_sends(snapshot.clone()).await;
                } else {
                    let report = import(&world, &lines(std::slice::from_ref(&snapshot)), Mode::Ingest).await;
                    assert_eq!(report.counts.ingested, u64::from(!webhook_first));
                }
                if settle_between {
                    world.run_until_settled().await;
                }
            }
            world.run_until_settled().await;
            assert_eq!(world.state("1").await, "invoiced");
            assert_eq!(world.accurate.invoices().len(), 1);
            assert_eq!(world.saves(), 2, "once refused for the missing customer, once saved");
        }
    }
}

#[tokio::test]
async fn an_older_snapshot_never_wins_but_dates_the_invoice() {
    let mut world = World::new().await;
    world.forstok_sends(order("1").shipped().price(80_000)).await;
    let file = lines(&[order("1").ready_to_ship().price(70_000), order("1").open().price(60_000)]);
    let report = import(&world, &file, Mode::Ingest).await;
    assert_eq!(numbers(&report), [0, 0, 0, 2, 0, 2]);
    world.run_until_settled().await;
    let invoice = &world.accurate.invoices()[0];
    assert_eq!(invoice.total_amount, 80_000.into(), "the newest amounts");
    assert_eq!(invoice.trans_date.to_string(), "2023-11-27", "the day on which it became ready to ship");
}

#[tokio::test]
async fn a_cancellation_that_never_came_deletes_the_invoice() {
    let mut world = World::new().await;
    world.forstok_sends(order("1").ready_to_ship()).await;
    world.run_until_settled().await;
    import(&world, &lines(&[order("1").cancelled()]), Mode::Ingest).await;
    world.run_until_settled().await;
    assert_eq!((world.state("1").await.as_str(), world.accurate.invoices().len()), ("voided", 0));
}

#[tokio::test]
async fn a_snapshot_without_a_time_never_replaces_what_is_known() {
    let mut world = World::new().await;
    world.forstok_sends(order("1").shipped().price(80_000)).await;
    let undated = order("1").open().price(1).without(&["updated_at"]);
    let report = import(&world, &lines(&[undated, order("2").open().without(&["updated_at"])]), Mode::Ingest).await;
    assert_eq!(numbers(&report), [1, 0, 0, 0, 1, 1]);
    assert!(report.unread[0].problem.starts_with("order.updated_at: is missing"), "{:?}", report.unread);
    world.run_until_settled().await;
    assert_eq!(world.accurate.invoices()[0].total_amount, 80_000.into());
}

#[tokio::test]
async fn a_report_says_what_taking_in_would_do_whatever_the_pieces_and_batches_are() {
    let orders: Vec<_> = (1..=150)
        .flat_map(|id| {
            let id = id.to_string();
            [order(&id).open(), order(&id).ready_to_ship(), order(&id).open()]
        })
        .collect();
    let file = lines(&orders);
    let world = World::new().await;
    for size in [7, 4096, file.len()] {
        let Outcome::Bodies(report) = import_in_pieces(&world, file.as_bytes(), Mode::Report, size).await else {
            panic!("these are bodies");
        };
        assert_eq!(numbers(&report), [150, 150, 0, 150, 0, 0], "{size} bytes at once");
        assert_eq!(report.differences.len(), 200, "only some are named");
    }
    let report = import(&world, &file, Mode::Ingest).await;
    assert_eq!(numbers(&report), [150, 150, 0, 150, 0, 450]);
}

#[tokio::test]
async fn a_line_may_be_an_order_alone_and_a_line_that_is_too_long_is_reported() {
    let world = World::new().await;
    let alone = order("1").open().body_json()["order"].to_string();
    let file = format!("{alone}\r\n{{\"order\":\"{}\"}}\n{}", "x".repeat(5 * 1024 * 1024), lines(&[order("2").open()]));
    let Outcome::Bodies(report) = import_in_pieces(&world, file.as_bytes(), Mode::Ingest, 65_536).await else {
        panic!("these are bodies");
    };
    assert_eq!(numbers(&report), [2, 0, 0, 0, 1, 2]);
    assert_eq!((report.unread[0].line, report.unread[0].problem.as_str()), (2, "is longer than 4 MiB"));
}

const EXPORT: &str = "Forstok ID,No. Pesanan,Status,Total Pesanan,Terakhir Diperbarui\n\
    1,INV-1,Ready to Ship,Rp80.000,27/11/2023 10:12\n\
    ,INV-2,Shipped,80000,\n\
    3,INV-3,Ready to Ship,80000,\n\
    1,INV-1,Ready to Ship,Rp80.000,27/11/2023 10:12\n\
    x,,Open,1,\n\
    ,INV-4,Open,75.000,\n";

#[tokio::test]
async fn the_rows_of_an_export_are_compared_and_never_taken_in() {
    let mut world = World::new().await;
    for id in ["1", "2", "4"] {
        world.forstok_sends(order(id).ready_to_ship().price(80_000)).await;
    }
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    for (row, line) in (0..).zip(EXPORT.lines()) {
        for (column, text) in (0..).zip(line.split(',')) {
            match text.parse::<f64>() {
                Ok(number) if row > 0 => sheet.write_number(row, column, number).expect("written"),
                _ => sheet.write_string(row, column, text).expect("written"),
            };
        }
    }
    let workbook = workbook.save_to_buffer().expect("a workbook");
    for file in [EXPORT.as_bytes(), &workbook] {
        let Outcome::Table { report, used, .. } = import_in_pieces(&world, file, Mode::Ingest, 1000).await else {
            panic!("this is a table");
        };
        assert_eq!(used["channel_order_id"], "No. Pesanan");
        assert_eq!(numbers(&report), [1, 2, 1, 0, 1, 0]);
        let found: Vec<_> =
            report.differences.iter().map(|one| (one.line, one.channel_order_id.as_str(), one.standing)).collect();
        let expected = [
            (Some(3), "INV-2", Standing::Newer),
            (Some(4), "INV-3", Standing::New),
            (Some(7), "INV-4", Standing::Newer),
        ];
        assert_eq!(found, expected);
        assert_eq!(
            report.differences[0].order_id.as_ref().map(forstok_accurate::domain::order::OrderId::as_str),
            Some("2"),
            "known by its number"
        );
        assert_eq!(report.unread[0].problem, "\"x\" is not an order id (digits)");
    }
    assert!(world.storage.order(&crate::world::order_id("3")).await.expect("readable").is_none());
}

#[tokio::test]
async fn lines_above_the_headings_of_an_export_are_left_out() {
    let mut world = World::new().await;
    world.forstok_sends(order("1").ready_to_ship().price(80_000)).await;
    let title = "Laporan Pesanan, Toko A, November 2023, halaman 1, semua status\nDicetak 28/11/2023, 10:00\n\n";
    for file in [format!("{title}{EXPORT}"), format!("{title}{}", EXPORT.replace(',', ";"))] {
        let Outcome::Table { report, used, .. } = import_in_pieces(&world, file.as_bytes(), Mode::Report, 1000).await
        else {
            panic!("this is a table");
        };
        assert_eq!(used["channel_order_id"], "No. Pesanan");
        let missing: Vec<_> = report.differences.iter().map(|one| (one.line, one.standing)).collect();
        assert_eq!(missing[0], (Some(6), Standing::New), "{missing:?}");
    }
}

#[tokio::test]
async fn of_several_rows_about_an_order_the_latest_counts() {
    let mut world = World::new().await;
    world.forstok_sends(order("1").shipped()).await;
    let table = |rows: &str| format!("nomor pesanan;status;terakhir diperbarui\n{rows}");
    for (rows, counts) in [
        ("INV-1;Shipped;\nINV-1;Completed;\n", [0, 1, 0, 0, 0, 0]),
        ("INV-1;Completed;\nINV-1;Shipped;\n", [0, 1, 0, 0, 0, 0]),
        ("INV-1;Shipped;\nINV-1;Open;\nINV-1;Shipped;\n", [0, 0, 1, 0, 0, 0]),
        ("INV-1;Completed;2030-01-01\nINV-1;Returned;2030-01-02\n", [0, 1, 0, 0, 0, 0]),
        ("INV-2;Open;\nINV-2;Completed;\n", [1, 0, 0, 0, 0, 0]),
    ] {
        let outcome = import_in_pieces(&world, table(rows).as_bytes(), Mode::Report, 1000).await;
        let Outcome::Table { report, .. } = outcome else { panic!("this is a table") };
        assert_eq!(numbers(&report), counts, "{rows}");
    }
}

#[tokio::test]
async fn the_same_marketplace_number_in_two_stores_is_told_apart_by_the_store() {
    let mut world = World::new().await;
    world.forstok_sends(order("1").shipped().with("local_name", json!("A"))).await;
    world.forstok_sends(order("2").open().store(7600).with("local_name", json!("A"))).await;
    let table = |rows: &str| format!("nomor pesanan;id toko;status\n{rows}");
    for (rows, counts) in [
        ("A;7600;Open\n", [0, 0, 1, 0, 0, 0]),
        ("A;8277;Completed\n", [0, 1, 0, 0, 0, 0]),
        ("A;9999;Open\n", [1, 0, 0, 0, 0, 0]),
        ("A;;Shipped\n", [0, 0, 1, 0, 0, 0]),
    ] {
        let outcome = import_in_pieces(&world, table(rows).as_bytes(), Mode::Report, 1000).await;
        let Outcome::Table { report, .. } = outcome else { panic!("this is a table") };
        assert_eq!(numbers(&report), counts, "{rows}");
    }
}

#[tokio::test]
async fn columns_are_chosen_once_and_remembered() {
    let mut world = World::new().await;
    world.forstok_sends(order("1").open()).await;
    let file = b"Kode,Keadaan\n1,Open\n2,Open\n";
    let Outcome::ColumnsUnknown(headings) = import_in_pieces(&world, file, Mode::Report, 1000).await else {
        panic!("nobody knows these headings");
    };
    let importer = world.engine.importer();
    let choice = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(column, heading)| ((*column).to_owned(), (*heading).to_owned())).collect()
    };
    assert!(!importer.choose_columns(&headings, &choice(&[("status", "Keadaan")]), "ani").await.expect("stored"));
    let chosen = choice(&[("order_id", "Kode"), ("status", "Keadaan")]);
    assert!(importer.choose_columns(&headings, &chosen, "ani").await.expect("stored"));
    let Outcome::Table { report, used, .. } = import_in_pieces(&world, file, Mode::Report, 1000).await else {
        panic!("they are known now");
    };
    assert_eq!((numbers(&report), used), ([1, 0, 1, 0, 0, 0], chosen));
}

#[tokio::test]
async fn a_file_that_is_neither_is_refused() {
    let world = World::new().await;
    let importer = world.engine.importer();
    for (file, why) in [
        (&b"\x89PNG\0"[..], Unreadable::Picture),
        (b"\xd0\xcf\x11\xe0", Unreadable::OldWorkbook),
        (b"{\n  \"event\": \"orders/update\",\n  \"order\": {}\n}\n", Unreadable::SplitJson),
        (b"[{\"order_id\": \"1\"}, {\"order_id\": \"2\"}]", Unreadable::SplitJson),
        (&vec![b'x'; 17 * 1024 * 1024], Unreadable::TooLarge),
    ] {
        let mut reading = importer.read_file(Mode::Report);
        let refused = match reading.add(file).await {
            Ok(()) => reading.end().await.map(|_| ()),
            Err(failed) => Err(failed),
        };
        let refused = refused.expect_err("it cannot be read").to_string();
        assert_eq!(refused, forstok_accurate::importing::file::Failed::Unreadable(why).to_string());
    }
    let reading = importer.read_file(Mode::Report);
    assert!(matches!(reading.end().await, Ok(Outcome::Bodies(report)) if report.counts.listed == 0));
}
