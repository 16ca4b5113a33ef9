//! XLSX.

use std::io::{Cursor, Write};

use forstok_accurate::{importing::payouts::Opened, spreadsheet::Unreadable};
use rust_xlsxwriter::{Format, Workbook};

use super::{TODAY, checked, in_short, payouts, problems, profile, table};

/// Shopee's report with a sheet before it, a title above its headings, and cells of every type.
fn income() -> Vec<u8> {
    let mut workbook = Workbook::new();
    workbook.add_worksheet().set_name("Ringkasan").expect("named").write_string(0, 0, "Ringkasan").expect("written");
    let day = Format::new().set_num_format("dd/mm/yyyy");
    let sheet = workbook.add_worksheet().set_name("Income").expect("named");
    sheet.write_string(0, 0, "Laporan Penghasilan").expect("written");
    for (column, heading) in
        ["No. Pesanan", "Tanggal Dana Dilepaskan", "Harga Asli Produk", "Biaya Layanan", "Total Penghasilan"]
            .iter()
            .enumerate()
    {
        sheet.write_string(3, column as u16, *heading).expect("written");
    }
    for (row, order) in (4..).zip(["2611PA0001", "=1+1"]) {
        sheet.write_string(row, 0, order).expect("written");
        sheet.write_number_with_format(row, 1, 46_331.5, &day).expect("written");
        sheet.write_number(row, 2, 150_000).expect("written");
        sheet.write_number(row, 3, -12_000.25).expect("written");
        sheet.write_string(row, 4, "Rp137.999,75").expect("written");
    }
    sheet.write_string(6, 0, "Total").expect("written");
    sheet.write_number(6, 4, 275_999.5).expect("written");
    workbook.save_to_buffer().expect("a workbook")
}

#[tokio::test]
async fn numbers_days_and_texts_of_a_workbook_are_read_as_they_are_kept() {
    let shown: Vec<_> = payouts(&income(), profile("shopee-income")).await.iter().map(in_short).collect();
    let amounts = "2026-11-05 137999.75: service_fee -12000.25, subtotal 150000";
    assert_eq!(shown, [format!("2611PA0001 {amounts}"), format!("=1+1 {amounts}")]);
    let summary = checked(&income(), profile("shopee-income")).expect("readable");
    assert_eq!((summary.totals, summary.uneven.count), (vec![7], 0));
}

#[test]
fn an_order_number_that_excel_kept_as_a_number_is_refused() {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    for (column, heading) in ["order", "paid_at", "net"].iter().enumerate() {
        sheet.write_string(0, column as u16, *heading).expect("written");
    }
    sheet.write_number(1, 0, 577_000_000_000_000_001_f64).expect("written");
    sheet.write_string(1, 1, "2026-11-05").expect("written");
    sheet.write_number(1, 2, 100).expect("written");
    let file = workbook.save_to_buffer().expect("a workbook");
    let profile = profile("generic").with(&[("order".to_owned(), "order".to_owned())].into());
    assert!(problems(&file, profile)[0].contains("lost its last digits"));
}

/// A workbook calculates with binary fractions: 0.1 + 0.2 is kept as 0.30000000000000004 and shown as 0.3.
#[test]
fn a_number_with_more_decimals_than_are_kept_is_refused_but_noise_of_arithmetic_is_not() {
    let with = |net: f64| {
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet();
        for (column, text) in ["No. Pesanan", "Tanggal", "Nominal"].iter().enumerate() {
            sheet.write_string(0, column as u16, *text).expect("written");
        }
        sheet.write_string(1, 0, "A").expect("written");
        sheet.write_string(1, 1, "2026-11-05").expect("written");
        sheet.write_number(1, 2, net).expect("written");
        workbook.save_to_buffer().expect("a workbook")
    };
    let summary = checked(&with(0.1 + 0.2), profile("generic")).expect("readable");
    assert_eq!(summary.payouts.sum.to_string(), "0.3");
    let wrong = problems(&with(100.123_456_7), profile("generic"));
    assert_eq!(wrong.len(), 1, "{wrong:?}");
    assert!(wrong[0].contains("\"100.1234567\" has more than 6 decimal places"), "{wrong:?}");
}

#[test]
fn columns_of_forstoks_sheet_are_found_by_their_letters() {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    let fixed = [(0, "Order Number"), (1, "Payment Date"), (2, "Sub Total")];
    let others = (15..20).map(|column| (column, ["Kolom 1", "Kolom 2", "Kolom 3", "Kolom 4", "Kolom 5"][column - 15]));
    for (column, heading) in fixed.into_iter().chain(others) {
        sheet.write_string(0, column as u16, heading).expect("written");
    }
    sheet.write_string(1, 0, "INV-1").expect("written");
    sheet.write_string(1, 1, "2026-11-05").expect("written");
    sheet.write_number(1, 2, 150_000).expect("written");
    for (column, amount) in (15..20).zip([5_000, 1_000, 2_000, 3_000, 12_000]) {
        sheet.write_number(1, column, amount).expect("written");
    }
    let summary = checked(&workbook.save_to_buffer().expect("a workbook"), profile("forstok")).expect("readable");
    assert_eq!(summary.payouts.sum.to_string(), "137000", "without a column for it, the money is the sum");
}

#[test]
fn a_damaged_or_cut_workbook_and_a_zip_bomb_are_refused() {
    let whole = income();
    let cut = whole[..whole.len() / 2].to_vec();
    assert_eq!(Opened::open(Cursor::new(cut)).map(|_| ()).expect_err("cut"), Unreadable::Damaged);
    let mut bomb = Cursor::new(Vec::new());
    let mut writer = zip::ZipWriter::new(&mut bomb);
    writer.start_file("xl/sharedStrings.xml", zip::write::SimpleFileOptions::default()).expect("a part");
    let strings = b"<si><t>x</t></si>".repeat(64 * 1024);
    for _ in 0..30 {
        writer.write_all(&strings).expect("written");
    }
    writer.finish().expect("an archive");
    let bomb = bomb.into_inner();
    assert!(bomb.len() < 1024 * 1024, "it is small");
    assert_eq!(Opened::open(Cursor::new(bomb)).map(|_| ()).expect_err("too large"), Unreadable::TooLarge);
}

#[test]
fn an_order_number_that_is_merged_over_several_rows_is_not_read_as_money_without_an_order() {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    let plain = rust_xlsxwriter::Format::new();
    sheet.merge_range(0, 0, 1, 4, "Laporan November", &plain).expect("a title");
    for (column, text) in ["No. Pesanan", "Tanggal", "Nominal", "Catatan"].iter().enumerate() {
        sheet.write_string(2, column as u16, *text).expect("written");
    }
    for row in 3..5 {
        sheet.write_string(row, 1, "2026-11-05").expect("written");
        sheet.write_number(row, 2, 100).expect("written");
    }
    sheet.merge_range(3, 3, 4, 3, "not read", &plain).expect("merged");
    sheet.merge_range(3, 0, 4, 0, "A", &plain).expect("merged");
    let wrong = problems(&workbook.save_to_buffer().expect("a workbook"), profile("generic"));
    let expected = "line 4, column \"No. Pesanan\": is merged with the cells down to line 5, so that these are empty";
    assert_eq!(wrong.len(), 1, "{wrong:?}");
    assert!(wrong[0].starts_with(expected), "{wrong:?}");
}

#[test]
fn a_second_sheet_with_the_same_headings_is_told() {
    let mut workbook = Workbook::new();
    for name in ["November", "Desember"] {
        let sheet = workbook.add_worksheet().set_name(name).expect("named");
        for (column, text) in ["No. Pesanan", "Tanggal", "Nominal"].iter().enumerate() {
            sheet.write_string(0, column as u16, *text).expect("written");
        }
        for (column, text) in ["A", "2026-11-05", "100"].iter().enumerate() {
            sheet.write_string(1, column as u16, *text).expect("written");
        }
    }
    let file = workbook.save_to_buffer().expect("a workbook");
    let summary = table(&file, profile("generic")).check(TODAY).expect("readable").expect("fine");
    assert_eq!((summary.payouts.count, summary.other_sheets), (1, vec!["Desember".to_owned()]));
}
