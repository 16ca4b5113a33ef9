//! Payouts from a file, on the page.

use base64::{Engine, engine::general_purpose::STANDARD};
use forstok_accurate::domain::payout_file::profile::BUILT_IN;
use rust_xlsxwriter::{Format, Workbook};
use sqlx::{Connection, PgConnection};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{after_sale::becomes, visitor::Visitor};
use crate::{
    binary::server,
    forstok::order,
    service::{Home, accurate, eventually},
};

const FILE: &str = "Nomor Pesanan,Tanggal,Dana Diterima,subtotal,service_fee\n\
                    N1,2023-12-05,70000,80000,-10000\n\
                    N9,2023-12-06,40000,50000,-10000\n";

fn form(profile: &str) -> Vec<(String, String)> {
    [("profile", profile), ("store", "8277")].map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
}

/// The outcome of each row, which the page offers as a file.
fn outcomes(html: &str) -> String {
    let (_, rest) = html.split_once("base64,").expect("the outcomes are offered");
    let text = super::visitor::unescaped(rest.split('"').next().unwrap_or_default());
    String::from_utf8(STANDARD.decode(text).expect("base64")).expect("UTF-8")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_checked_then_imported_and_shows_the_outcome_of_each_row() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    service.send(&order(1)).await;
    service.order_once("1", "invoiced").await;
    let mut visitor = Visitor::operator(&service).await.with("accept-language", "en");
    let page = visitor.get("/payouts/import").await;
    page.says(&[
        "Import payouts",
        "Any table with one row for each payout",
        "its headings are a guess",
        "Check the file",
    ]);

    let checked = visitor.post_file("/payouts/import", &form("generic"), FILE.as_bytes()).await;
    checked.says(&["The file can be read; nothing is imported yet", "2 · Rp110.000", "05/12/2023 – 06/12/2023"]);
    checked.says(&["service_fee", "Service fee", "-Rp20.000"]);
    visitor.get("/payouts").await.says(&["There are no payouts yet."]);

    let imported = visitor.post_file("/payouts/import?record=1", &form("generic"), FILE.as_bytes()).await;
    imported.says(&["2 payouts imported", "Download the outcome of each row"]);
    let rows = outcomes(&imported.html);
    assert_eq!(rows.matches(",new,").count(), 2, "{rows}");
    visitor.get("/payouts").await.says(&["All: 2 · Rp110.000", "Order not found 1 Rp40.000"]);
    let again = visitor.post_file("/payouts/import?record=1", &form("generic"), FILE.as_bytes()).await;
    again.says(&["Nothing new: all payouts of this file are known"]);
    assert_eq!(outcomes(&again.html).matches(",known already,").count(), 2);
    let id = service.get("/v1/payouts").await.json()["payouts"][1]["id"].as_str().expect("an id").to_owned();
    becomes(&service, &id, "waiting").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistyped_store_is_named_before_the_import_and_corrected_by_the_next_one() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    service.send(&order(1)).await;
    service.order_once("1", "invoiced").await;
    let mut visitor = Visitor::operator(&service).await.with("accept-language", "en");
    let of_store =
        |store: &str| vec![("profile".to_owned(), "generic".to_owned()), ("store".to_owned(), store.to_owned())];
    let checked = visitor.post_file("/payouts/import", &of_store("abc"), FILE.as_bytes()).await;
    checked.says(&["Store \u{201c}abc\u{201d} is not in the mapping: 2 · Rp110.000."]);
    assert!(checked.html.contains("<option value=\"8277\">"), "the stores are offered");
    visitor
        .post_file("/payouts/import?record=1", &of_store("abc"), FILE.as_bytes())
        .await
        .says(&["2 payouts imported"]);
    let payouts = visitor.get("/payouts").await;
    payouts.says(&["import the file again with the right store", "same number, another store"]);
    assert!(!payouts.text().contains("similar number"), "{}", payouts.text());

    let right = visitor.post_file("/payouts/import?record=1", &of_store("8277"), FILE.as_bytes()).await;
    right.says(&["2 payouts imported", "Corrected\n2"]);
    assert!(!right.text().contains("is not in the mapping"), "{}", right.text());
    visitor.get("/payouts").await.says(&["All: 2 · Rp110.000"]);
    let rows = service.get("/v1/payouts").await.json();
    let of_n1 = rows["payouts"].as_array().into_iter().flatten().find(|row| row["channel_order_id"] == "N1");
    let id = of_n1.expect("the row").get("id").and_then(|id| id.as_str()).expect("an id").to_owned();
    becomes(&service, &id, "waiting").await;
    // With its order, it stays in its store.
    let wrong = visitor.post_file("/payouts/import?record=1", &of_store("abc"), FILE.as_bytes()).await;
    assert_eq!(outcomes(&wrong.html).matches("had this payout for store").count(), 1, "{}", outcomes(&wrong.html));
}

/// Shopee's income report as a workbook: two orders and a row of totals.
pub(crate) fn income_workbook() -> Vec<u8> {
    let mut workbook = Workbook::new();
    let day = Format::new().set_num_format("dd/mm/yyyy");
    let sheet = workbook.add_worksheet().set_name("Income").expect("named");
    let headings =
        ["No. Pesanan", "Tanggal Dana Dilepaskan", "Harga Asli Produk", "Biaya Layanan", "Total Penghasilan"];
    for (column, heading) in (0..).zip(headings) {
        sheet.write_string(0, column, heading).expect("written");
    }
    for (row, order) in (1..).zip(["N1", "N2"]) {
        sheet.write_string(row, 0, order).expect("written");
        sheet.write_number_with_format(row, 1, 46_331, &day).expect("written");
        for (column, amount) in [(2, 80_000), (3, -10_000), (4, 70_000)] {
            sheet.write_number(row, column, amount).expect("written");
        }
    }
    sheet.write_string(3, 0, "Total").expect("written");
    sheet.write_number(3, 4, 140_000).expect("written");
    workbook.save_to_buffer().expect("a workbook")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_in_the_shape_of_each_profile_is_imported_on_the_page() {
    let accurate = accurate().await;
    let workbook = income_workbook();
    let files: [(&str, &[u8], usize); 7] = [
        ("generic", FILE.as_bytes(), 2),
        ("forstok", include_bytes!("../payout_files/forstok.csv"), 5),
        ("shopee-income", include_bytes!("../payout_files/shopee-income.csv"), 4),
        ("shopee-income", &workbook, 2),
        ("shopee-wallet", include_bytes!("../payout_files/shopee-wallet.csv"), 4),
        ("lazada", include_bytes!("../payout_files/lazada.tsv"), 5),
        ("tiktok-tokopedia", include_bytes!("../payout_files/tiktok-tokopedia.csv"), 4),
    ];
    for (name, _) in BUILT_IN {
        assert!(files.iter().any(|(profile, ..)| *profile == name), "{name}");
    }
    for (profile, file, payouts) in files {
        let service = Home::new(&accurate).serve().await;
        let mut visitor = Visitor::operator(&service).await.with("accept-language", "en");
        let checked = visitor.post_file("/payouts/import", &form(profile), file).await;
        checked.says(&["The file can be read; nothing is imported yet"]);
        visitor.get("/payouts").await.says(&["There are no payouts yet."]);
        let imported = visitor.post_file("/payouts/import?record=1", &form(profile), file).await;
        imported.says(&[&format!("{payouts} payouts imported")]);
        assert_eq!(outcomes(&imported.html).matches(",new,").count(), payouts, "{profile}");
        let listed = service.get("/v1/payouts").await.json();
        assert_eq!(listed["payouts"].as_array().map(Vec::len), Some(payouts), "{profile}");
        let again = visitor.post_file("/payouts/import?record=1", &form(profile), file).await;
        again.says(&["Nothing new: all payouts of this file are known"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_beside_the_settings_is_offered_and_used_like_on_the_command_line() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let own = "source = \"toko-kami\"\nnumbers = \"en\"\ndates = \"dmy\"\ntitle = \"Ekspor toko kami\"\n\
               rows = \"payout\"\n\n[columns]\norder = \"Kode\"\npaid_at = \"Hari\"\nnet = \"Masuk\"\n";
    home.write("toko-kami.toml", own);
    // The mapping is elsewhere: its folder says nothing about profiles.
    std::fs::create_dir(home.path("rules")).expect("the folder takes folders");
    std::fs::rename(home.path("mapping.toml"), home.path("rules/mapping.toml")).expect("moved");
    home.change_settings("file = \"mapping.toml\"", "file = \"rules/mapping.toml\"");
    let service = home.serve().await;
    let mut visitor = Visitor::operator(&service).await.with("accept-language", "en");
    visitor.get("/payouts/import").await.says(&["Ekspor toko kami"]);
    let file = "Kode,Hari,Masuk\nN1,05/12/2023,70000\n";
    let imported = visitor.post_file("/payouts/import?record=1", &form("toko-kami"), file.as_bytes()).await;
    imported.says(&["1 payout imported"]);
    assert_eq!(service.get("/v1/payouts").await.json()["payouts"][0]["source"], "toko-kami");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_with_a_row_that_cannot_be_read_is_not_imported_at_all() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let mut visitor = Visitor::operator(&service).await.with("accept-language", "en");
    let broken = FILE.replace("2023-12-06", "soon");
    let refused = visitor.post_file("/payouts/import?record=1", &form("generic"), broken.as_bytes()).await;
    refused.says(&["Nothing was imported: some rows cannot be read", "line 3", "is not a date"]);
    visitor.get("/payouts").await.says(&["There are no payouts yet."]);
    let empty = visitor.post_file("/payouts/import", &form("generic"), b"").await;
    empty.says(&["Choose a file that is not empty."]);
    for file_of_the_server in ["/etc/settings.toml", "../settings.toml", "settings"] {
        let refused = visitor.post_file("/payouts/import", &form(file_of_the_server), FILE.as_bytes()).await;
        refused.says(&["Choose what kind of file it is."]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_columns_of_an_unknown_table_are_chosen_once() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let mut visitor = Visitor::operator(&service).await.with("accept-language", "en");
    let file = "Kode,Hari,Masuk,Potongan\nN1,2023-12-05,70000,10000\n";
    let asked = visitor.post_file("/payouts/import", &form("generic"), file.as_bytes()).await;
    asked.says(&["Which column is which?", "Money that arrived", "How fees are written"]);
    let chosen = |all: bool| {
        let answered = |(name, value): (String, String)| {
            let value = match name.as_str() {
                "order" => "Kode",
                "paid_at" => "Hari",
                "net" if all => "Masuk",
                "amount.service_fee" => "Potongan",
                "signs" => "taken",
                _ => &value,
            };
            (name, value.to_owned())
        };
        asked.fields_of("choose").into_iter().map(answered).collect::<Vec<_>>()
    };
    let post = async |visitor: &mut Visitor, fields: Vec<(String, String)>| {
        let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        visitor.post("/payouts/import/columns", &fields).await
    };
    post(&mut visitor, chosen(false)).await.says(&["Choose at least the columns"]);
    post(&mut visitor, chosen(true)).await.goes_to("/payouts/import?columns=chosen&profile=generic");
    let checked = visitor.post_file("/payouts/import", &form("generic"), file.as_bytes()).await;
    checked.says(&["The file can be read; nothing is imported yet", "1 · Rp70.000", "-Rp10.000"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_upload_does_not_keep_others_from_importing() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let mut visitor = Visitor::operator(&service).await.with("accept-language", "en");
    let mut slow = TcpStream::connect(service.address).await.expect("it listens");
    let head = format!(
        "POST /payouts/import HTTP/1.1\r\nhost: {}\r\ncookie: {}\r\naccept: text/html\r\ncontent-length: 9999\r\n\
         content-type: multipart/form-data; boundary=x\r\nexpect: 100-continue\r\n\r\n",
        service.address,
        visitor.cookie()
    );
    slow.write_all(head.as_bytes()).await.expect("sent");
    let mut answer = [0; 21];
    slow.read_exact(&mut answer).await.expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 100 Continue", "the file is being waited for");
    let checked = visitor.post_file("/payouts/import", &form("generic"), FILE.as_bytes()).await;
    checked.says(&["The file can be read; nothing is imported yet"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_whose_sender_has_left_is_recorded_to_the_end_before_another_one_is_read() {
    let accurate = accurate().await;
    let database = server::url_of_new_database().await;
    let service = Home::on(&accurate, &database).serve().await;
    let visitor = Visitor::operator(&service).await.with("accept-language", "en");
    let (mut gone, mut other) = (visitor.clone(), visitor);
    let mut beside = PgConnection::connect(&database).await.expect("the server is there");
    // Inside the transaction of the other connection, the server would always show the same activity.
    let mut watching = PgConnection::connect(&database).await.expect("the server is there");
    let occupied = "BEGIN; SELECT pg_advisory_xact_lock(x'666f7273746f6b'::bigint)";
    sqlx::raw_sql(occupied).execute(&mut beside).await.expect("run");
    let fields = form("generic");
    let leaves = async {
        let waiting =
            "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory'
                       AND query LIKE '%statement_timeout = 30000%'";
        eventually("the file is being recorded", async || {
            let waiting: i64 = sqlx::query_scalar(waiting).fetch_one(&mut watching).await.expect("readable");
            (waiting > 0).then_some(())
        })
        .await;
    };
    tokio::select! {
        answer = gone.post_file("/payouts/import?record=1", &fields, FILE.as_bytes()) => panic!("{}", answer.html),
        () = leaves => {}
    }
    let refused = other.post_file("/payouts/import", &fields, FILE.as_bytes()).await;
    refused.says(&["Another file is being read."]);
    sqlx::raw_sql("ROLLBACK").execute(&mut beside).await.expect("run");
    eventually("the import is logged", async || {
        service.log.text().contains("imported payouts: 2 new, 0 corrected").then_some(())
    })
    .await;
    other.post_file("/payouts/import", &fields, FILE.as_bytes()).await.says(&["The file can be read"]);
}

fn with(fields: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut form = form("generic");
    form.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    form
}

#[tokio::test(flavor = "multi_thread")]
async fn how_numbers_and_dates_are_written_is_asked_and_remembered_once_answered() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let mut visitor = Visitor::operator(&service).await.with("accept-language", "en");
    let file = "Nomor Pesanan;Tanggal;Dana Diterima\nN1;05/11/2023;70.000\n".as_bytes();
    let asked = visitor.post_file("/payouts/import", &form("generic"), file).await;
    asked.says(&["choose the number format above"]);
    for (numbers, dates, words) in [
        ("id", "dmy", ["1 · Rp70.000", "05/11/2023 – 05/11/2023"]),
        ("en", "mdy", ["1 · Rp70", "11/05/2023 – 11/05/2023"]),
    ] {
        let form = with(&[("numbers", numbers), ("dates", dates)]);
        visitor.post_file("/payouts/import", &form, file).await.says(&words);
    }
    // A file that was only checked answers nothing.
    visitor.post_file("/payouts/import", &form("generic"), file).await.says(&["choose the number format above"]);
    let answered = with(&[("numbers", "id"), ("record", "1")]);
    visitor.post_file("/payouts/import", &answered, file).await.says(&["1 payout imported"]);
    let next = "Nomor Pesanan;Tanggal;Dana Diterima\nN2;06/11/2023;80.000\n".as_bytes();
    visitor.post_file("/payouts/import", &form("generic"), next).await.says(&["1 · Rp80.000"]);
    // Another file with these headings shows that it is written differently, or would lose its thousands.
    let english = "Nomor Pesanan;Tanggal;Dana Diterima\nN3;07/11/2023;1,280.50\n".as_bytes();
    visitor.post_file("/payouts/import", &form("generic"), english).await.says(&["1 · Rp1.280,5"]);
    let thousands = "Nomor Pesanan;Tanggal;Dana Diterima\nN3;07/11/2023;90,000\n".as_bytes();
    let asked = visitor.post_file("/payouts/import", &form("generic"), thousands).await;
    asked.says(&["choose the number format above"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_picked_by_mistake_is_named_with_what_to_do() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let mut visitor = Visitor::operator(&service).await.with("accept-language", "en");
    let locked: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let locked = [&b"\xd0\xcf\x11\xe0"[..], &[0; 600], &locked].concat();
    let too_large = vec![b'x'; 30 * 1024 * 1024];
    let income = include_bytes!("../payout_files/shopee-income.csv");
    let files: [(&str, &[u8], &str); 13] = [
        ("generic", b"%PDF-1.7", "it is a PDF; download the same report as XLSX or CSV"),
        ("generic", b"\x89PNG\r\n\x1a\n", "it is a picture, for example a screenshot"),
        ("generic", b"\xd0\xcf\x11\xe0 old", "Excel's old format (XLS); save it as XLSX or CSV"),
        ("generic", &locked, "it is a workbook with a password; open it, remove the password"),
        ("generic", b"<html><table>", "it is a web page or XML, whatever its name says"),
        ("generic", b"PK\x03\x04 cut off", "neither a whole workbook (XLSX) nor a table (CSV); download it again"),
        ("generic", &too_large, "The file is too large. 16 MiB can be read here: download a shorter period"),
        ("generic", b"\n \n", "The file is empty: it has no rows."),
        (
            "generic",
            b"Catatan rapat\nhari ini\n",
            "The file has no table of payouts: its only headings are \u{201c}Catatan rapat",
        ),
        ("generic", b"Nomor Pesanan,Tanggal,Dana Diterima\n", "It has headings but no rows below them."),
        ("lazada", income, "This looks like another kind of file: \u{201c}Shopee: income report\u{201d}"),
        ("generic", income, "It looks like another kind of file: \u{201c}Shopee: income report\u{201d}"),
        (
            "lazada",
            b"Kode,Hari,Masuk,Potongan\nN1,2023-12-05,70000,10000\n",
            "were not found: Marketplace order number",
        ),
    ];
    for (profile, file, words) in files {
        let shown = visitor.post_file("/payouts/import", &form(profile), file).await;
        shown.says(&[words]);
        let is_readable = shown.text().contains("The file can be read");
        assert_eq!(is_readable, profile == "generic" && file == income, "{words}");
    }
    let only_headings = b"Nomor Pesanan,Tanggal,Dana Diterima\n";
    let empty = visitor.post_file("/payouts/import?record=1", &form("generic"), only_headings).await;
    empty.says(&["The file contains no payout"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_indonesian_page_names_kinds_of_files_and_outcomes_in_indonesian() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let mut visitor = Visitor::operator(&service).await.with("accept-language", "id");
    visitor.get("/payouts/import").await.says(&[
        "Shopee: laporan penghasilan (judul kolomnya masih perkiraan)",
        "Tabel apa pun dengan satu baris per pencairan dana",
        "Kenali dari berkas",
    ]);
    let imported = visitor.post_file("/payouts/import?record=1", &form("generic"), FILE.as_bytes()).await;
    let rows = outcomes(&imported.html);
    assert!(rows.contains("Baris,Sumber,ID,Pesanan,Dana,Hasil,Masalah") && rows.contains(",baru,"), "{rows}");
}
