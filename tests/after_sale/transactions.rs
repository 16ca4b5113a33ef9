//! Transactions of files that contain a row for each amount: each of them counts once, whatever else a file names.

use std::path::Path;

use forstok_accurate::{
    clock::Clock,
    domain::{document::Kind, money::Rupiah, order::OrderId, payout::RowState},
    importing::payouts::profiles,
    storage::ByHand,
};

use super::{on_both, world};
use crate::world::{Base, World};

on_both! {
    a_transaction_that_another_file_has_for_another_order_is_refused;
    a_mistyped_order_number_is_corrected_by_importing_the_file_again;
    orders_with_swapped_numbers_get_their_money_by_importing_the_file_again;
    a_mistyped_order_number_stays_where_a_person_has_decided_or_rows_are_missing;
    rows_with_a_statement_and_without_count_the_same_in_one_batch_and_in_two;
    a_transaction_counts_once_with_a_statement_and_without;
    a_transaction_counts_once_without_an_order_and_with_one;
    numbers_that_only_number_the_rows_of_a_file_replace_no_money_of_another_file;
    a_transaction_of_a_payout_that_a_request_has_replaced_is_left_to_a_person;
    rows_without_transaction_numbers_count_once_with_a_statement_and_without;
    rows_without_transaction_numbers_on_two_statements_are_two;
}

/// A row of Lazada's transaction details.
#[derive(Clone, Copy)]
struct Row {
    order: &'static str,
    statement: &'static str,
    transaction: &'static str,
    fee: &'static str,
    amount: i64,
}

const SALE: Row =
    Row { order: "INV-7", statement: "S-1", transaction: "L1", fee: "Item Price Credit", amount: 150_000 };
const FEE: Row = Row { transaction: "L2", fee: "commission", amount: -12_000, ..SALE };

const fn without_number(row: Row) -> Row {
    Row { transaction: "", ..row }
}

const fn without_statement(row: Row) -> Row {
    Row { statement: "", ..row }
}

fn file(rows: &[Row]) -> String {
    file_of(rows, "31 Jan 2024")
}

fn file_of(rows: &[Row], day: &str) -> String {
    let heading = "Order No.\tStatement\tTransaction Number\tTransaction Date\tFee Name\tAmount\n".to_owned();
    let row = |row: &Row| {
        let Row { order, statement, transaction, fee, amount } = row;
        format!("{order}\t{statement}\t{transaction}\t{day}\t{fee}\t{amount}.00\n")
    };
    heading + &rows.iter().map(row).collect::<String>()
}

impl World {
    async fn imports_of_lazada(&mut self, rows: &[Row]) -> ([u64; 4], Vec<String>) {
        let profile = profiles::find("lazada", Path::new("/nonexistent")).expect("built in").profile;
        self.imports_as(profile, file(rows)).await
    }

    /// The money of each payout, oldest first.
    async fn money(&self) -> Vec<String> {
        self.payouts().await.into_iter().map(|(net, ..)| net).collect()
    }
}

async fn a_transaction_that_another_file_has_for_another_order_is_refused(base: Base) {
    let mut world = world(base).await;
    world.invoiced("7").await;
    world.invoiced("8").await;
    assert_eq!(world.imports_of_lazada(&[SALE, FEE]).await.0, [1, 0, 0, 0]);
    let (counts, problems) = world.imports_of_lazada(&[Row { order: "INV-8", ..SALE }]).await;
    assert_eq!((counts, world.money().await), ([0, 0, 0, 1], vec!["138000".to_owned()]), "never money twice");
    assert!(problems[0].contains("transaction \"L1\" was recorded before for order \"INV-7\""), "{problems:?}");

    // What the problem says to do.
    let row = world.rows().await.remove(0);
    let (_, id) = row.content.key();
    assert!(problems[0].contains(&format!("{id:?}")), "{problems:?}");
    world.recorded(super::files::sent_as(&row, -12_000)).await;
    assert_eq!(world.imports_of_lazada(&[Row { order: "INV-8", ..SALE }]).await.0, [1, 0, 0, 0]);
    assert_eq!(world.money().await, ["-12000", "150000"]);
    assert_eq!(world.rows().await[0].order_id.as_ref().map(OrderId::as_str), Some("8"));
}

async fn a_mistyped_order_number_is_corrected_by_importing_the_file_again(base: Base) {
    let mut world = world(base).await;
    world.invoiced("7").await;
    let [sale, fee] = [SALE, FEE].map(|row| Row { order: "INV-70", ..row });
    assert_eq!(world.imports_of_lazada(&[sale, fee]).await.0, [1, 0, 0, 0]);
    assert_eq!(world.payouts().await, [("138000".to_owned(), RowState::Unmatched, "")]);
    assert_eq!(world.imports_of_lazada(&[SALE, FEE]).await.0, [0, 0, 1, 0], "the order is corrected");
    assert_eq!(world.payouts().await, [("138000".to_owned(), RowState::Waiting, "")], "never money twice");
    assert_eq!(world.rows().await[0].order_id.as_ref().map(OrderId::as_str), Some("7"));
    // It is the order's payout now: further rows are added to it, and the mistyped file changes nothing anymore.
    let voucher = Row { transaction: "L3", amount: -1_000, ..FEE };
    assert_eq!(world.imports_of_lazada(&[SALE, FEE, voucher]).await.0, [0, 0, 1, 0]);
    assert_eq!(world.imports_of_lazada(&[sale, fee]).await.0, [0, 0, 0, 1]);
    assert_eq!(world.imports_of_lazada(&[SALE, FEE, voucher]).await.0, [0, 1, 0, 0]);
    assert_eq!(world.money().await, ["137000"]);
    world.approves_all(Kind::Receipt).await;
    let paid: Vec<_> = world.accurate.receipts().iter().map(|one| one.cheque_amount).collect();
    assert_eq!(paid, [137_000.into()]);
    assert_eq!(world.imports_of_lazada(&[sale]).await.0, [0, 0, 0, 1], "what is booked stays");
}

async fn orders_with_swapped_numbers_get_their_money_by_importing_the_file_again(base: Base) {
    let mut world = world(base).await;
    let other = Row { order: "INV-8", transaction: "L9", amount: 90_000, ..SALE };
    let swapped = [Row { order: other.order, ..SALE }, Row { order: SALE.order, ..other }];
    assert_eq!(world.imports_of_lazada(&swapped).await.0, [2, 0, 0, 0]);
    assert_eq!(world.imports_of_lazada(&[SALE, other]).await.0, [0, 0, 2, 0]);
    assert_eq!(world.imports_of_lazada(&[SALE, other]).await.0, [0, 2, 0, 0]);
    world.invoiced("7").await;
    world.invoiced("8").await;
    let rows = world.rows().await;
    let mut money: Vec<_> = rows.iter().map(|row| (row.content.order().1.to_owned(), row.amount)).collect();
    money.sort();
    assert_eq!(
        money,
        [("INV-7".to_owned(), Some(Rupiah::whole(150_000))), ("INV-8".to_owned(), Some(Rupiah::whole(90_000)))]
    );
}

async fn a_mistyped_order_number_stays_where_a_person_has_decided_or_rows_are_missing(base: Base) {
    let mut world = world(base).await;
    world.invoiced("7").await;
    let wrong = [SALE, FEE].map(|row| Row { order: "INV-70", ..row });
    assert_eq!(world.imports_of_lazada(&wrong).await.0, [1, 0, 0, 0]);
    assert_eq!(world.imports_of_lazada(&[SALE]).await.0, [0, 0, 0, 1], "the rest would stay with the wrong order");
    assert_eq!(
        world.imports_of_lazada(&[Row { amount: 140_000, ..SALE }, FEE]).await.0,
        [0, 0, 0, 1],
        "is it the same?"
    );
    assert_eq!(world.money().await, ["138000"]);
    let row = world.rows().await.remove(0);
    let at = world.clock.now();
    let reason = "it is in another file".to_owned();
    let by_hand = ByHand { document: None, amount: None, reason, actor: "sari".to_owned(), at };
    world.storage.mark_by_hand(Kind::Receipt, row.content.key(), Some(&by_hand), "sari", at).await.expect("written");
    assert_eq!(world.imports_of_lazada(&[SALE, FEE]).await.0, [0, 0, 0, 1], "a person has said that nothing is booked");
    assert_eq!(world.money().await, ["138000"]);
}

async fn rows_with_a_statement_and_without_count_the_same_in_one_batch_and_in_two(base: Base) {
    let rows = [without_number(SALE), without_number(without_statement(SALE))];
    let mut two = world(base).await;
    two.invoiced("7").await;
    assert_eq!(two.imports_of_lazada(&rows[..1]).await.0, [1, 0, 0, 0]);
    assert_eq!(two.imports_of_lazada(&rows[1..]).await.0, [0, 0, 0, 1]);
    let mut one = world(base).await;
    one.invoiced("7").await;
    let (counts, problems) = one.imports_of_lazada(&rows).await;
    assert_eq!((counts, one.money().await), ([1, 0, 0, 1], two.money().await), "{problems:?}");
    assert_eq!(one.imports_of_lazada(&rows).await.0, [0, 1, 0, 1]);
}

async fn a_transaction_counts_once_with_a_statement_and_without(base: Base) {
    for [first, second] in
        [[SALE, without_statement(SALE)], [without_statement(SALE), SALE], [SALE, Row { statement: "S-2", ..SALE }]]
    {
        let mut world = world(base).await;
        world.invoiced("7").await;
        let corrected = Row { amount: 149_000, ..second };
        assert_eq!(world.imports_of_lazada(&[first]).await.0, [1, 0, 0, 0]);
        assert_eq!(world.imports_of_lazada(&[second]).await.0, [0, 1, 0, 0], "the same transaction");
        assert_eq!(world.imports_of_lazada(&[corrected]).await.0, [0, 0, 1, 0]);
        assert_eq!(world.money().await, ["149000"]);
        // A transaction that is new is never lost beside one that is known.
        let fee = Row { statement: second.statement, ..FEE };
        world.imports_of_lazada(&[Row { amount: 149_000, ..second }, fee]).await;
        let total: i64 = world.money().await.iter().map(|net| net.parse::<i64>().expect("a number")).sum();
        assert_eq!(total, 137_000);
    }
}

async fn a_transaction_counts_once_without_an_order_and_with_one(base: Base) {
    for orders in [["", "INV-7"], ["INV-7", ""]] {
        let mut world = world(base).await;
        world.invoiced("7").await;
        let [first, second] = orders.map(|order| Row { order, ..SALE });
        assert_eq!(world.imports_of_lazada(&[first]).await.0, [1, 0, 0, 0]);
        assert_eq!(world.imports_of_lazada(&[second]).await.0[3], 0, "{orders:?}");
        assert_eq!(world.payouts().await, [("150000".to_owned(), RowState::Waiting, "")], "{orders:?}");
        world.approves_all(Kind::Receipt).await;
        assert_eq!(world.accurate.receipts()[0].cheque_amount, 150_000.into(), "it belongs to the order");
        for order in orders {
            assert_eq!(world.imports_of_lazada(&[Row { order, ..SALE }]).await.0, [0, 1, 0, 0], "{orders:?}");
        }
    }
}

async fn rows_without_transaction_numbers_count_once_with_a_statement_and_without(base: Base) {
    let rows = || [without_number(SALE), without_number(FEE)];
    for order in [[0, 1], [1, 0]] {
        let files = [file(&rows()), file(&rows().map(without_statement))];
        let mut world = world(base).await;
        world.invoiced("7").await;
        let profile = || profiles::find("lazada", Path::new("/nonexistent")).expect("built in").profile;
        let [first, second] = order.map(|nth| files[nth].clone());
        assert_eq!(world.imports_as(profile(), first.clone()).await.0, [1, 0, 0, 0]);
        let (counts, problems) = world.imports_as(profile(), second).await;
        assert_eq!((counts, world.money().await), ([0, 0, 0, 1], vec!["138000".to_owned()]), "never money twice");
        assert!(problems[0].contains("Rp138.000"), "{problems:?}");
        assert_eq!(world.imports_as(profile(), first).await.0, [0, 1, 0, 0]);
    }
    // With a number in one of the files only, they may be the same as well.
    let mut world = world(base).await;
    world.invoiced("7").await;
    assert_eq!(world.imports_of_lazada(&[SALE]).await.0, [1, 0, 0, 0]);
    assert_eq!(world.imports_of_lazada(&[without_number(without_statement(SALE))]).await.0, [0, 0, 0, 1]);
}

async fn rows_without_transaction_numbers_on_two_statements_are_two(base: Base) {
    let mut world = world(base).await;
    world.invoiced("7").await;
    let on = |statement| Row { statement, amount: 75_000, ..without_number(SALE) };
    assert_eq!(world.imports_of_lazada(&[on("S-1")]).await.0, [1, 0, 0, 0]);
    assert_eq!(world.imports_of_lazada(&[on("S-2")]).await.0, [1, 0, 0, 0]);
    assert_eq!(world.money().await, ["75000", "75000"]);
}

async fn numbers_that_only_number_the_rows_of_a_file_replace_no_money_of_another_file(base: Base) {
    let advertising = Row { order: "", statement: "S-2", transaction: "L1", fee: "Sponsored", amount: -50_000 };
    for files in [["sale", "advertising"], ["advertising", "sale"]] {
        let mut world = world(base).await;
        world.invoiced("7").await;
        for file in files {
            let text = match file {
                "sale" => file_of(&[SALE], "31 Jan 2024"),
                _ => file_of(&[advertising], "02 Feb 2024"),
            };
            let profile = profiles::find("lazada", Path::new("/nonexistent")).expect("built in").profile;
            assert_eq!(world.imports_as(profile, text).await.0, [1, 0, 0, 0], "{files:?}");
        }
        let mut money = world.money().await;
        money.sort_unstable();
        assert_eq!(money, ["-50000", "150000"], "{files:?}");
    }
}

async fn a_transaction_of_a_payout_that_a_request_has_replaced_is_left_to_a_person(base: Base) {
    let mut world = world(base).await;
    world.invoiced("7").await;
    assert_eq!(world.imports_of_lazada(&[SALE, FEE]).await.0, [1, 0, 0, 0]);
    let row = world.rows().await.remove(0);
    world.recorded(super::files::sent_as(&row, 139_000)).await;
    let (counts, problems) = world.imports_of_lazada(&[Row { statement: "S-2", ..SALE }]).await;
    assert_eq!((counts, world.money().await), ([0, 0, 0, 1], vec!["139000".to_owned()]), "never money twice");
    let (_, id) = row.content.key();
    assert!(problems[0].contains("\"L1\"") && problems[0].contains(&format!("{id:?}")), "{problems:?}");
}
