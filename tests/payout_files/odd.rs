//! Files that are not as they should be.

use forstok_accurate::domain::payout_file::Profile;

use super::{Ledger, checked, in_short, payouts, problems, profile};

const HEADINGS: &str = "order;paid_at;net;service_fee;note\n";

/// A table with columns of our own names.
fn generic() -> Profile {
    let choice = [("order", "order"), ("amount.service_fee", "service_fee")];
    profile("generic").with(&choice.map(|(key, heading)| (key.to_owned(), heading.to_owned())).into())
}

fn file(rows: &str) -> Vec<u8> {
    format!("{HEADINGS}{rows}").into_bytes()
}

#[test]
fn one_wrong_row_keeps_the_whole_file_out_and_every_problem_is_named() {
    let file = file("A;2026-11-05;100;-5;\nB;kemarin;100;-5;\nC;05/11/2026;;lima;\n1,5E+17;05/11/2026;100;;\n");
    assert_eq!(
        problems(&file, generic()),
        [
            "line 3, column \"paid_at\": \"kemarin\" is not a date; write it as 2026-11-05 or 05/11/2026",
            "line 4, column \"service_fee\": \"lima\" is not an amount; correct it, or set numbers in the profile \
             (--numbers) if it is written differently",
            "line 4, column \"net\": is empty; fill it in, or name another column in the profile",
            "line 5, column \"order\": \"1,5E+17\" lost its last digits, because a spreadsheet kept it as a number; \
             import the file as the marketplace made it, without saving it in a spreadsheet first",
        ]
    );
}

#[test]
fn a_day_far_in_the_future_keeps_the_whole_file_out() {
    assert_eq!(
        problems(&file("A;2026-11-05;100;;\nB;2062-11-05;100;;\nC;2027-11-29;100;;\n"), generic()),
        ["line 3: the day is 05/11/2062, more than 366 days after today; correct it"]
    );
}

#[tokio::test]
async fn an_order_number_is_read_without_what_protects_it_and_a_stroke_is_none() {
    let numbers = ["=\"N031\"", "'230000000000000123", "\u{feff}N0\u{200b}32\u{2060}", "/"];
    let file = file(&numbers.map(|number| format!("{number};2026-11-05;100;;\n")).concat());
    let orders: Vec<_> = payouts(&file, generic()).await.iter().map(|one| one.channel_order_id.clone()).collect();
    assert_eq!(orders, ["N031", "230000000000000123", "N032", ""]);
    let tiktok = "Order/adjustment ID,Type,Order settled time,Statement ID,Related order ID,Total settlement amount,\
                  Total revenue\nN030,Order,2026/11/05,S1,/,138000,138000\n";
    let found = payouts(tiktok.as_bytes(), profile("tiktok-tokopedia")).await;
    assert_eq!(found.iter().map(|one| one.channel_order_id.as_str()).collect::<Vec<_>>(), ["N030"]);
}

#[test]
fn a_row_of_totals_may_say_so_in_any_column() {
    let summary = checked(&file("A;2026-11-05;100;-5;\n;;100;-5;Total\n"), generic()).expect("it can be read");
    assert_eq!((summary.payouts.count, summary.totals), (1, vec![3]));
    // A payout with a day is none, whatever a note says.
    let summary = checked(&file(";2026-11-05;100;-5;Total\n"), generic()).expect("it can be read");
    assert_eq!((summary.payouts.count, summary.totals), (1, vec![]));
}

#[tokio::test]
async fn an_amount_that_can_mean_two_things_is_a_question_until_one_amount_answers_it() {
    let open = file("A;2026-11-05;12.000;-1.000;\nB;2026-11-05;9.000;;\n");
    let questions = problems(&open, generic());
    assert_eq!(questions.len(), 2, "one for each column: {questions:?}");
    assert!(questions[0].starts_with("line 2, column \"net\": \"12.000\" can be written in Indonesian or in English"));
    for (numbers, net) in [("id", "12000"), ("en", "12")] {
        let answered = generic().with(&[("numbers".to_owned(), numbers.to_owned())].into());
        assert_eq!(payouts(&open, answered).await[0].net.to_string(), net);
    }
    let clear = file("A;2026-11-05;12.000;-1.000;\nB;2026-11-05;1.234.567,89;;\n");
    let nets: Vec<_> = payouts(&clear, generic()).await.iter().map(in_short).collect();
    assert_eq!(nets, ["A 2026-11-05 12000: service_fee -1000", "B 2026-11-05 1234567.89: "]);
    let both = file("A;2026-11-05;1.234.567;;\nB;2026-11-05;1,234,567;;\n");
    assert_eq!(
        problems(&both, generic()),
        [
            "line 3, column \"net\": \"1,234,567\" is in another number format than the amounts above it; export the file \
          again, or correct it"
        ]
    );
}

#[test]
fn an_amount_with_more_decimals_than_are_kept_is_refused_and_not_rounded() {
    let wrong = problems(&file("A;2026-11-05;100,1234567;-5;\nB;2026-11-05;1.000,5000000;-0,00000010;\n"), generic());
    let remedy = "has more than 6 decimal places; round it to at most 6 in the file";
    assert_eq!(
        wrong,
        [
            format!("line 2, column \"net\": \"100,1234567\" {remedy}"),
            format!("line 3, column \"service_fee\": \"-0,00000010\" {remedy}"),
        ]
    );
}

#[test]
fn a_file_that_was_cut_off_is_not_recorded_in_part() {
    let cut = file("A;2026-11-05;100;-5;\nB;2026-11-05;10");
    assert!(problems(&cut, generic())[0].contains("cut off"));
    let cut_in_quotes = file("A;2026-11-05;100;-5;\nB;2026-11-05;\"100;-5;\n");
    assert!(problems(&cut_in_quotes, generic())[0].contains("cut off"));
    let open_quote = file("A;2026-11-05;100;-5;\nB;2026-11-05;100;-5;\"12 inch\nC;2026-11-05;100;-5;\n");
    assert!(problems(&open_quote, generic())[0].starts_with("line 3: the row has fewer columns"), "C would be lost");
    let open_at_once = file("\"A;2026-11-05;100;-5;\nB;2026-11-05;100;-5;\n");
    assert!(problems(&open_at_once, generic())[0].starts_with("line 2: the row has fewer columns"));
    let closed = file("A;2026-11-05;100;-5;\"12\"\" inch\n\"\n");
    assert!(checked(&closed, generic()).is_ok(), "a value may contain a quote, and end with a line");
    let whole = file("A;2026-11-05;100;-5\nB;2026-11-05;100;-5;");
    assert!(checked(&whole, generic()).is_ok(), "another row may leave out empty columns");
}

#[test]
fn an_amount_that_an_unquoted_comma_splits_is_not_read_as_a_smaller_one() {
    let split = b"channel_order_id,paid_at,net\nA,2026-11-05,1,000\nB,2026-11-05,500,\n";
    let problems = problems(split, profile("generic"));
    assert_eq!(problems.len(), 1, "an empty value is none: {problems:?}");
    assert!(problems[0].starts_with("line 2: the row has more columns than the headings"), "{problems:?}");
}

#[test]
fn a_row_of_totals_is_told_and_an_order_is_never_taken_for_one() {
    let summary = checked(&file("Total-1;2026-11-05;100;-5;\nGrand Total:;;100;-5;\n;;;;\n"), generic());
    let summary = summary.expect("readable");
    assert_eq!((summary.payouts.count, summary.totals), (1, vec![3]));
    let wrong = problems(&file(";;100;;\n"), generic());
    assert!(wrong[0].contains("column \"paid_at\": is empty"), "{wrong:?}");
}

#[tokio::test]
async fn the_files_own_id_is_kept_and_must_not_name_two_different_rows() {
    let with_id = |rows: &str| format!("Transaction ID;order;paid_at;net\n{rows}").into_bytes();
    let profile = || profile("generic").with(&[("order".to_owned(), "order".to_owned())].into());
    let mut ledger = Ledger::default();
    let twice = with_id("T1;A;2026-11-05;100\nT1;A;2026-11-05;100\nT2;A;2026-11-05;100\n");
    let summary = checked(&twice, profile()).expect("readable");
    assert_eq!((summary.payouts.sum.to_string(), summary.orders), ("200".to_owned(), 1), "a transaction counts once");
    assert_eq!((summary.repeats.count, summary.repeats.sum.to_string()), (1, "100".to_owned()), "and is reported");
    assert_eq!(summary.first_repeat, Some(3));
    assert_eq!(ledger.import(&twice, profile()).await, [2, 0, 0]);
    assert_eq!(ledger.in_order[0].key.id, "T1");
    let other = with_id("T1;A;2026-11-05;100\nT1;B;2026-11-05;100\n");
    assert!(problems(&other, profile())[0].starts_with("line 3: \"T1\" is also the transaction id of line 2"));
}

#[tokio::test]
async fn a_movement_that_is_twice_in_a_file_counts_once_and_is_reported() {
    let wallet = |rows: &str| format!("ID Transaksi;Tanggal;Tipe Transaksi;No. Pesanan;Jumlah\n{rows}").into_bytes();
    let profile = || profile("shopee-wallet").with(&[("paid_at".to_owned(), "Tanggal".to_owned())].into());
    let twice = wallet("W1;05/11/2026;101;A;138000\nW1;05/11/2026;101;A;138000\n");
    assert_eq!(payouts(&twice, profile()).await.iter().map(in_short).collect::<Vec<_>>(), ["A 2026-11-05 138000: "]);
    let summary = checked(&twice, profile()).expect("readable");
    assert_eq!((summary.rows, summary.repeats.count, summary.first_repeat), (2, 1, Some(3)));
    let other = wallet("W1;05/11/2026;101;A;138000\nW1;05/11/2026;fee;A;-1000\n");
    assert!(problems(&other, profile())[0].starts_with("line 3: \"W1\" is also the transaction id of line 2"));
    let many = wallet(&";05/11/2026;101;A;1\n".repeat(1001));
    assert!(problems(&many, profile())[0].contains("is the order number of more than 1000 rows"));
}

#[test]
fn a_text_that_nothing_could_be_done_with_is_named() {
    let long = "9".repeat(201);
    let wrong = problems(&file(&format!("{long};2026-11-05;100;;\n\"A\nB\";2026-11-05;100;;\n")), generic());
    assert_eq!(
        wrong,
        [
            "line 2: the order number has more than 200 characters; check that the right column is chosen",
            "line 3: the order number contains a line break or another control character; remove it"
        ]
    );
}

#[test]
fn a_file_without_the_headings_says_what_is_missing() {
    let opened = super::Opened::open(std::io::Cursor::new(b"Kode;Dana\nA;1\n".to_vec())).expect("a table");
    let missing = opened.find(profile("lazada")).map(|_| ()).expect_err("they are others");
    assert_eq!(missing.headings, ["Kode", "Dana"]);
    assert_eq!(missing.missing.len(), 4);
}
