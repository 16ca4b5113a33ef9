use super::*;
use crate::domain::reason::Language;

#[test]
fn each_reader_reads_the_detail_in_their_own_language() {
    let warehouse = About::Warehouse { id: Some("999".to_owned()) };
    assert_eq!(warehouse.in_words(Language::English), "warehouse 999");
    assert_eq!(warehouse.in_words(Language::Indonesian), "gudang 999");
    let total = About::OrderTotal { invoice: Rupiah::whole(150_000), order: Rupiah::whole(145_000) };
    assert_eq!(total.in_words(Language::Indonesian), "faktur Rp150.000, pesanan Rp145.000");
}

#[test]
fn a_change_shows_both_sides_with_amounts_as_money() {
    let change = |what, before: &str, after: &str| Change { what, before: before.into(), after: after.into() };
    let changes = About::Changes {
        changes: vec![
            change(Changed::Total, "80000", "90000"),
            change(Changed::Warehouse, "23", ""),
            change(Changed::Pieces("Kaos (KAOS-M) @ 45000".into()), "1", "2"),
        ],
    };
    assert_eq!(
        changes.in_words(Language::English),
        "total: Rp80.000 → Rp90.000; warehouse: 23 → none; Kaos (KAOS-M) @ 45000: 1 pcs → 2 pcs"
    );
}

#[test]
fn orders_that_wait_for_the_same_item_have_the_same_cause() {
    let said =
        |words: &str| About::Accurate { subject: Some(Subject::Item("KAOS-M".to_owned())), words: words.to_owned() };
    assert_eq!(said("Barang & Jasa KAOS-M tidak ditemukan").cause(), said("another text").cause());
    assert_eq!(said("x").cause(), "KAOS-M");
}

#[test]
fn what_is_stored_is_read_back_as_it_was() {
    let about = About::Accurate { subject: Some(Subject::Item("A:1".to_owned())), words: "x".to_owned() };
    let stored = serde_json::to_string(&about).expect("JSON");
    assert_eq!(serde_json::from_str::<About>(&stored).expect("our own JSON"), about);
}
