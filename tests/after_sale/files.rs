//! Payouts from files that contain a row for each amount: no file loses money that an earlier file named.

use std::{io::Cursor, path::Path};

use forstok_accurate::{
    clock::Clock,
    domain::{
        day_in_wib,
        document::Kind,
        order::OrderId,
        payout::{Payout, RowState},
        payout_file::Profile,
        reason::{Language, Reason},
    },
    importing::payouts::{Counts, Opened, profiles, record, record_all},
    storage::{ByHand, RowContent, RowFilter, RowRecord},
};

use serde_json::json;

use super::{on_both, world};
use crate::world::{Base, World, order_id};

on_both! {
    another_part_of_a_day_that_comes_in_a_second_file_is_added_to_the_first;
    a_part_that_comes_after_the_first_was_booked_gets_a_receipt_of_its_own;
    a_transaction_that_comes_again_with_another_amount_is_a_correction;
    money_that_a_person_has_booked_does_not_grow;
    without_transaction_numbers_a_file_that_lacks_known_money_is_refused;
    a_part_that_is_open_again_does_not_hide_the_part_after_it;
    a_payout_whose_money_is_in_parts_is_not_replaced_as_a_whole;
    a_file_with_its_store_and_without_it_is_the_same_file;
    an_id_that_only_numbers_the_rows_moves_no_money;
    ids_that_end_like_those_of_parts_are_repeats_too;
    rows_that_are_alike_are_found_again_in_any_order;
    rows_that_are_alike_are_told_apart_in_a_long_file;
    a_file_never_replaces_a_part_that_a_request_has_corrected;
}

const WALLET: &str = "Tanggal Transaksi;Tipe Transaksi;ID Transaksi;No. Pesanan;Jumlah\n";

/// Rows of the wallet on 31/01/2024: the transaction, its kind and its money.
fn wallet(rows: &[(&str, &str, &str)]) -> String {
    let row = |(id, kind, money): &(&str, &str, &str)| format!("31/01/2024 10:12;{kind};{id};INV-7;{money},00\n");
    WALLET.to_owned() + &rows.iter().map(row).collect::<String>()
}

fn profile(name: &str) -> Profile {
    profiles::find(name, Path::new("/nonexistent")).expect("built in").profile
}

impl World {
    /// A person imports a file: accepted, known, corrected, refused.
    async fn imports(&mut self, file: String) -> ([u64; 4], Vec<String>) {
        self.imports_as(profile("shopee-wallet"), file).await
    }

    pub(super) async fn imports_as(&mut self, profile: Profile, file: String) -> ([u64; 4], Vec<String>) {
        let opened = Opened::open(Cursor::new(file.into_bytes())).expect("a table");
        let mut file = opened.find(profile).unwrap_or_else(|missing| panic!("{missing:?}"));
        file.check(day_in_wib(self.clock.now())).expect("readable").unwrap_or_else(|problems| panic!("{problems:?}"));
        let (storage, now) = (self.storage.clone(), self.clock.now());
        let (mut counts, mut problems) = (Counts::default(), Vec::new());
        let store = async |payouts: Vec<Payout>| record_all(storage.as_ref(), payouts, now, Language::English).await;
        let tell = |_: &_, outcome: &forstok_accurate::domain::payout::RowOutcome| {
            problems.extend(outcome.problem.clone());
            Ok(())
        };
        record(file, &mut counts, store, tell).await.expect("recorded");
        self.run_until_settled().await;
        let Counts { accepted, repeat, corrected, refused } = counts;
        ([accepted, repeat, corrected, refused], problems)
    }

    /// The payouts, oldest first: their money and their state.
    pub(super) async fn payouts(&self) -> Vec<(String, RowState, &'static str)> {
        let money = |row: &RowRecord| match &row.content {
            RowContent::Payout(payout) => payout.net.to_string(),
            RowContent::Return(_) => panic!("a payout"),
        };
        let mut rows = self.rows().await;
        rows.reverse();
        rows.iter().map(|row| (money(row), row.state, row.reason.map_or("", Reason::code))).collect()
    }

    /// Newest first.
    pub(super) async fn rows(&self) -> Vec<RowRecord> {
        self.storage.settlement_rows(Kind::Receipt, &RowFilter::default(), None, 100).await.expect("readable")
    }
}

fn waiting(money: &str) -> (String, RowState, &'static str) {
    (money.to_owned(), RowState::Waiting, "")
}

fn settled(money: &str) -> (String, RowState, &'static str) {
    (money.to_owned(), RowState::Settled, "")
}

async fn another_part_of_a_day_that_comes_in_a_second_file_is_added_to_the_first(base: Base) {
    let mut world = world(base).await;
    world.invoiced("7").await;
    let (first, second) = (("W1", "Penghasilan dari Pesanan", "138.000"), ("W2", "Penghasilan dari Pesanan", "1.000"));
    assert_eq!(world.imports(wallet(&[first])).await.0, [1, 0, 0, 0]);
    assert_eq!(world.imports(wallet(&[second])).await.0, [0, 0, 1, 0], "the payout has grown");
    assert_eq!(world.payouts().await, [waiting("139000")], "no money is lost");
    for again in [wallet(&[first]), wallet(&[second]), wallet(&[second, first, first])] {
        assert_eq!(world.imports(again).await.0, [0, 1, 0, 0], "nothing of it is new");
        assert_eq!(world.payouts().await, [waiting("139000")]);
    }
    assert_eq!(world.approves_all(Kind::Receipt).await, 1);
    assert_eq!(world.accurate.receipts()[0].cheque_amount, 139_000.into());
}

async fn a_part_that_comes_after_the_first_was_booked_gets_a_receipt_of_its_own(base: Base) {
    let mut world = world(base).await;
    world.invoiced("7").await;
    let first = ("W1", "452", "120.000");
    let then = [("W2", "458", "30.000"), ("W3", "commission", "-12.000")];
    world.imports(wallet(&[first])).await;
    world.approves_all(Kind::Receipt).await;
    assert_eq!(world.payouts().await, [settled("120000")]);
    assert_eq!(world.imports(wallet(&then)).await.0, [1, 0, 0, 0], "a payout of its own");
    assert_eq!(world.payouts().await, [settled("120000"), waiting("18000")]);
    world.approves_all(Kind::Receipt).await;
    assert_eq!(world.payouts().await, [settled("120000"), settled("18000")]);
    let receipts: Vec<_> = world.accurate.receipts().iter().map(|receipt| receipt.cheque_amount).collect();
    assert_eq!(receipts, [120_000.into(), 18_000.into()]);
    assert_eq!(world.accurate.owed("INV-7"), Some(0.into()));
    let all = [then[1], first, then[0], ("W4", "459", "2.000")];
    assert_eq!(world.imports(wallet(&all[..3])).await.0, [0, 1, 0, 0]);
    assert_eq!(world.imports(wallet(&all)).await.0, [1, 0, 0, 0], "a third part");
    let late = ("2000".to_owned(), RowState::Blocked, "payout_late");
    assert_eq!(world.payouts().await, [settled("120000"), settled("18000"), late]);
}

async fn a_transaction_that_comes_again_with_another_amount_is_a_correction(base: Base) {
    let mut world = world(base).await;
    world.invoiced("7").await;
    let fee = ("W2", "commission", "-12.000");
    world.imports(wallet(&[("W1", "101", "150.000"), fee])).await;
    assert_eq!(world.imports(wallet(&[("W1", "101", "149.000")])).await.0, [0, 0, 1, 0]);
    assert_eq!(world.payouts().await, [waiting("137000")], "the fee stays");
    world.approves_all(Kind::Receipt).await;
    assert_eq!(world.imports(wallet(&[("W1", "101", "150.000")])).await.0, [0, 0, 1, 0]);
    let shown = ("138000".to_owned(), RowState::Blocked, "payout_corrected");
    assert_eq!(world.payouts().await, [shown], "its receipt exists");
    assert_eq!(world.accurate.receipts()[0].cheque_amount, 137_000.into());
}

async fn money_that_a_person_has_booked_does_not_grow(base: Base) {
    let mut world = world(base).await;
    world.invoiced("7").await;
    world.imports(wallet(&[("W1", "452", "120.000")])).await;
    let row = world.rows().await.remove(0);
    let at = world.clock.now();
    let by_hand = ByHand {
        document: Some("RCP-1".to_owned()),
        amount: None,
        reason: "by hand".to_owned(),
        actor: "sari".to_owned(),
        at,
    };
    world.storage.mark_by_hand(Kind::Receipt, row.content.key(), Some(&by_hand), "sari", at).await.expect("written");
    world.run_until_settled().await;
    world.imports(wallet(&[("W1", "452", "120.000"), ("W2", "458", "30.000")])).await;
    assert_eq!(world.payouts().await, [("120000".to_owned(), RowState::Ignored, "by_hand"), waiting("30000")]);
}

async fn without_transaction_numbers_a_file_that_lacks_known_money_is_refused(base: Base) {
    let mut world = world(base).await;
    world.invoiced("7").await;
    let (first, second) = (("", "101", "138.000"), ("", "101", "1.000"));
    world.imports(wallet(&[first])).await;
    let (counts, problems) = world.imports(wallet(&[second])).await;
    assert_eq!(counts, [0, 0, 0, 1]);
    assert!(problems[0].starts_with("an earlier file has Rp138.000 for this order and day"), "{problems:?}");
    assert_eq!(world.payouts().await, [waiting("138000")], "no money is lost");
    assert_eq!(world.imports(wallet(&[second, first])).await.0, [0, 0, 1, 0], "the whole day is clear");
    assert_eq!(world.payouts().await, [waiting("139000")]);
    assert_eq!(world.imports(wallet(&[first])).await.0, [0, 1, 0, 0]);
    assert_eq!(world.payouts().await, [waiting("139000")]);
}

/// The payout of order 7 in two parts: a person had booked the first one when the second came, and has taken that mark
/// back.
async fn in_two_open_parts(base: Base) -> World {
    let mut world = world(base).await;
    world.invoiced("7").await;
    world.imports(wallet(&[FIRST])).await;
    let row = world.rows().await.remove(0);
    let at = world.clock.now();
    let by_hand = ByHand {
        document: Some("RCP-1".to_owned()),
        amount: None,
        reason: "by hand".to_owned(),
        actor: "sari".to_owned(),
        at,
    };
    let key = row.content.key();
    world.storage.mark_by_hand(Kind::Receipt, key, Some(&by_hand), "sari", at).await.expect("written");
    world.imports(wallet(&[FIRST, SECOND])).await;
    world.storage.mark_by_hand(Kind::Receipt, key, None, "sari", at).await.expect("written");
    world.run_until_settled().await;
    assert_eq!(world.payouts().await, [waiting("120000"), waiting("30000")]);
    world
}

const FIRST: (&str, &str, &str) = ("W1", "452", "120.000");
const SECOND: (&str, &str, &str) = ("W2", "458", "30.000");

async fn a_part_that_is_open_again_does_not_hide_the_part_after_it(base: Base) {
    let mut world = in_two_open_parts(base).await;
    assert_eq!(world.imports(wallet(&[FIRST, SECOND])).await.0, [0, 1, 0, 0], "nothing of it is new");
    assert_eq!(world.payouts().await, [waiting("120000"), waiting("30000")]);
    world.imports(wallet(&[FIRST, SECOND, ("W3", "commission", "-1.000")])).await;
    assert_eq!(world.payouts().await, [waiting("120000"), waiting("29000")]);
}

/// A payout as a request sends it: the same row of the same order with this money.
pub(super) fn sent_as(row: &RowRecord, net: i64) -> RowContent {
    let RowContent::Payout(payout) = &row.content else { panic!("a payout") };
    let (net, lines) = (forstok_accurate::domain::money::Rupiah::whole(net), Vec::new());
    RowContent::Payout(Payout { net, lines, ..payout.clone() })
}

async fn a_payout_whose_money_is_in_parts_is_not_replaced_as_a_whole(base: Base) {
    let mut world = in_two_open_parts(base).await;
    let rows = world.rows().await;
    let (second, first) = (&rows[0], &rows[1]);
    assert_eq!(world.recorded(sent_as(first, 150_000)).await.as_str(), "refused", "it may contain the second part");
    assert_eq!(world.recorded(sent_as(first, 120_000)).await.as_str(), "repeat");
    assert_eq!(world.recorded(sent_as(second, 30_000)).await.as_str(), "repeat");
    assert_eq!(world.payouts().await, [waiting("120000"), waiting("30000")]);
    assert_eq!(world.imports(wallet(&[FIRST, SECOND])).await.0, [0, 1, 0, 0], "the rows of the files are still known");
}

async fn a_file_never_replaces_a_part_that_a_request_has_corrected(base: Base) {
    let mut world = in_two_open_parts(base).await;
    let second = world.rows().await.remove(0);
    assert_eq!(world.recorded(sent_as(&second, 29_000)).await.as_str(), "corrected");
    let (counts, problems) = world.imports(wallet(&[FIRST, SECOND, ("W3", "459", "1.000")])).await;
    assert_eq!(counts, [0, 0, 0, 1]);
    assert!(problems[0].contains("Rp29.000"), "{problems:?}");
    assert_eq!(world.payouts().await, [waiting("120000"), waiting("29000")], "no money is lost, none is added twice");
}

async fn a_file_with_its_store_and_without_it_is_the_same_file(base: Base) {
    for (name, file) in [
        ("generic", "Nomor Pesanan,Tanggal,Nominal\nINV-7,31/01/2024,60000\n"),
        ("shopee-wallet", "Tanggal Transaksi,Tipe Transaksi,No. Pesanan,Jumlah\n31/01/2024 10:12,459,INV-7,60000\n"),
    ] {
        let of_store = |store: &str| Profile { store_id: store.to_owned(), ..profile(name) };
        for stores in [["8277", ""], ["", "8277"]] {
            let mut world = world(base).await;
            world.invoiced("7").await;
            let [first, second] = stores.map(of_store);
            assert_eq!(world.imports_as(first, file.to_owned()).await, ([1, 0, 0, 0], Vec::new()), "{name}");
            let ([accepted, _, _, refused], _) = world.imports_as(second.clone(), file.to_owned()).await;
            assert_eq!((accepted, refused, world.payouts().await), (0, 0, vec![waiting("60000")]), "{name} {stores:?}");
            assert_eq!(world.rows().await[0].content.order().0, "8277", "the store is not forgotten");
            assert_eq!(world.imports_as(second, file.to_owned()).await.0, [0, 1, 0, 0]);
        }
    }
}

async fn an_id_that_only_numbers_the_rows_moves_no_money(base: Base) {
    let mut world = world(base).await;
    world.invoiced("7").await;
    world.invoiced("8").await;
    let file = |order: &str| format!("ID Transaksi,Nomor Pesanan,Tanggal,Nominal\n1,{order},31/01/2024,60000\n");
    assert_eq!(world.imports_as(profile("generic"), file("INV-7")).await.0, [1, 0, 0, 0]);
    let (counts, problems) = world.imports_as(profile("generic"), file("INV-8")).await;
    assert_eq!(counts, [0, 0, 0, 1]);
    assert!(problems[0].contains("recorded before for order \"INV-7\""), "{problems:?}");
    assert_eq!(world.rows().await[0].order_id.as_ref().map(OrderId::as_str), Some("7"));
}

async fn ids_that_end_like_those_of_parts_are_repeats_too(base: Base) {
    let mut world = world(base).await;
    world.invoiced("7").await;
    for (id, net) in [("a", 100_000), ("a/2", 50_000)] {
        assert_eq!(world.paid("7", id, net, json!({})).await.as_str(), "accepted");
    }
    for (id, net) in [("a", 100_000), ("a/2", 50_000)] {
        assert_eq!(world.paid("7", id, net, json!({})).await.as_str(), "repeat");
    }
    assert_eq!(world.paid("7", "a", 90_000, json!({})).await.as_str(), "corrected");
}

async fn rows_that_are_alike_are_found_again_in_any_order(base: Base) {
    // Two parts of a payout on the same day, in a table without transaction numbers.
    let file = |nets: &[i64]| {
        let rows: Vec<_> = nets.iter().map(|net| format!("INV-7,31/01/2024,{net}\n")).collect();
        let rows = rows.concat();
        format!("Nomor Pesanan,Tanggal,Nominal\n{rows}")
    };
    for (second, counts, left) in [
        (&[78_000][..], [0, 1, 0, 0], &["60000", "78000"][..]),
        (&[78_000, 60_000], [0, 2, 0, 0], &["60000", "78000"]),
        (&[60_000, 80_000], [0, 1, 1, 0], &["60000", "80000"]),
        (&[5_000, 78_000, 60_000], [1, 2, 0, 0], &["60000", "78000", "5000"]),
        // It may correct one of them, or be a third.
        (&[80_000], [0, 0, 0, 1], &["60000", "78000"]),
    ] {
        let mut world = world(base).await;
        world.invoiced("7").await;
        assert_eq!(world.imports_as(profile("generic"), file(&[60_000, 78_000])).await.0, [2, 0, 0, 0]);
        assert_eq!(world.imports_as(profile("generic"), file(second)).await.0, counts, "{second:?}");
        let nets: Vec<_> = world.payouts().await.into_iter().map(|(net, ..)| net).collect();
        assert_eq!(nets, left, "{second:?}");
    }
}

async fn rows_that_are_alike_are_told_apart_in_a_long_file(base: Base) {
    // A file is recorded in batches of 200.
    let others = |from: usize| {
        let rows: Vec<_> = (from..from + 250).map(|nth| format!("X-{nth},31/01/2024,1000\n")).collect();
        rows.concat()
    };
    let row = |net: i64| format!("INV-7,31/01/2024,{net}\n");
    let heading = "Nomor Pesanan,Tanggal,Nominal\n";
    let mut world = world(base).await;
    world.invoiced("7").await;
    let file = [heading.to_owned(), row(60_000), others(0), row(60_000), others(250), row(30_000)].concat();
    assert_eq!(world.imports_as(profile("generic"), file.clone()).await.0, [503, 0, 0, 0]);
    assert_eq!(world.imports_as(profile("generic"), file).await.0, [0, 503, 0, 0]);
    let sorted = [heading.to_owned(), row(30_000), others(0), row(60_000), row(60_000)].concat();
    assert_eq!(world.imports_as(profile("generic"), sorted).await.0, [0, 253, 0, 0]);
    // A new row before a known one takes nothing from it.
    let more = [heading.to_owned(), row(5_000), others(0), row(60_000), row(60_000), row(30_000)].concat();
    assert_eq!(world.imports_as(profile("generic"), more).await.0, [1, 253, 0, 0]);
    let (rows, _) = world.storage.booked(&order_id("7")).await.expect("readable");
    let mut nets: Vec<_> = rows.iter().filter_map(|row| row.amount).map(|net| net.to_string()).collect();
    nets.sort();
    assert_eq!(nets, ["30000", "5000", "60000", "60000"]);
}
