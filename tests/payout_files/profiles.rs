//! A file of each profile.

use forstok_accurate::domain::{mapping::Mapping, payout_file::profile::BUILT_IN};

use super::{Ledger, checked, example, in_short, payouts, profile};

async fn shown(file: &str, name: &str) -> Vec<String> {
    payouts(&example(file), profile(name)).await.iter().map(in_short).collect()
}

#[tokio::test]
async fn forstoks_sheet_gives_the_amounts_of_the_contract() {
    let shown = shown("forstok.csv", "forstok").await;
    assert_eq!(
        shown,
        [
            "INV-P1 2026-11-05 138000: fulfillment_fee -3000, platform_rebate 5000, service_fee -12000, \
             shipping_difference -2000, subtotal 150000",
            "INV-P2 2026-11-05 138000: service_fee -12000, subtotal 160000, voucher_seller -10000",
            "INV-P3 2026-11-05 155000: platform_rebate 5000, subtotal 150000",
            "INV-LOST 2026-11-06 -10000: shipping_difference -10000",
            "- 2026-11-06 1250000: ",
        ]
    );
    let summary = checked(&example("forstok.csv"), profile("forstok")).expect("readable");
    assert_eq!(summary.totals, [8], "the row of totals is reported and not recorded");
    assert_eq!((summary.rows, summary.orders), (6, 4));
    assert_eq!(summary.uneven.count, 0, "subtotal and amounts add up to the money");
    assert_eq!(
        (summary.without_order.sum.to_string(), summary.negative.sum.to_string()),
        ("1250000".into(), "-10000".into())
    );
}

#[tokio::test]
async fn columns_of_shopees_income_that_hold_each_other_are_not_added_twice() {
    let shown = shown("shopee-income.csv", "shopee-income").await;
    assert_eq!(
        shown,
        [
            "2611PA0001 2026-11-05 168000: actual_shipping_fee -9000, commission_fee -12000, seller_discount -20000, \
             shopee_shipping_rebate 9000, subtotal 200000",
            "2611PA0002 2026-11-05 138000: actual_shipping_fee -12000, commission_fee -9000.5, \
             shopee_shipping_rebate 9000, subtotal 150000",
            "2611PA0001 2026-11-06 -1500: commission_fee -1500, subtotal 0",
            "=HYPERLINK(1) 2026-11-06 10000: subtotal 10000",
        ]
    );
    let mut summary = checked(&example("shopee-income.csv"), profile("shopee-income")).expect("readable");
    assert_eq!(summary.unknown_columns, [("Biaya Baru".to_owned(), 1)].into(), "nothing is dropped in silence");
    assert_eq!(summary.first_uneven, Some(6), "what the unknown column took is missing from the amounts");
    summary.compare(&Mapping::default());
    let unknown: Vec<_> = summary.unknown_fees.keys().map(String::as_str).collect();
    assert_eq!(unknown, ["actual_shipping_fee", "commission_fee", "seller_discount", "shopee_shipping_rebate"]);
    let without_actual: String = String::from_utf8(example("shopee-income.csv"))
        .expect("UTF-8")
        .replace("Ongkir yang Diteruskan oleh Shopee ke Jasa Kirim", "Sesuatu");
    let payouts = payouts(without_actual.as_bytes(), profile("shopee-income")).await;
    assert_eq!(payouts[1].amounts["final_shipping_fee"].to_string(), "-3000", "alone, it counts");
}

#[tokio::test]
async fn movements_of_a_wallet_become_a_payout_for_each_order_and_day() {
    let shown = shown("shopee-wallet.csv", "shopee-wallet").await;
    assert_eq!(
        shown,
        [
            "- 2026-11-07 94500: Kompensasi 94500",
            "- 2026-11-07 94500: Kompensasi 94500",
            "2611PA0003 2026-11-05 118500: Penyesuaian Biaya -1500",
            "2611PA0003 2026-11-06 18000: ",
        ]
    );
    let summary = checked(&example("shopee-wallet.csv"), profile("shopee-wallet")).expect("readable");
    let skipped = &summary.skipped["Penarikan Dana"];
    assert_eq!((skipped.count, skipped.sum.to_string()), (1, "-500000".to_owned()));
}

#[tokio::test]
async fn lazadas_fees_of_one_order_and_statement_are_one_payout() {
    let shown = shown("lazada.tsv", "lazada").await;
    assert_eq!(
        shown,
        [
            "7001 2026-11-09 142500: Commission -7500, subtotal 150000",
            "7002 2026-11-09 -90250: Brand New Fee -250, refund -90000",
            "7001 2026-11-16 12000: Lost Claim 12000",
            // Alike but for their figures, if these differed.
            "- 2026-11-09 -25000: Sponsored Discovery -25000",
            "- 2026-11-09 -25000: Sponsored Discovery -25000",
        ]
    );
}

#[tokio::test]
async fn an_order_can_return_on_a_later_statement_of_tiktok() {
    let shown = shown("tiktok-tokopedia.csv", "tiktok-tokopedia").await;
    assert_eq!(
        shown,
        [
            "577000000000000001 2026-11-05 138000: platform_commission -12000, refund 0, subtotal 150000",
            "577000000000000002 2026-11-05 90000: platform_commission -10000, refund 0, subtotal 100000",
            "577000000000000002 2026-11-09 -90000: platform_commission 10000, refund -100000, subtotal 0",
            "577000000000000001 2026-11-09 5000: adjustment 5000, refund 0, subtotal 0",
        ]
    );
}

#[tokio::test]
async fn the_same_file_again_gives_only_repeats_and_a_changed_figure_a_correction() {
    for (file, name, before, after) in [
        ("forstok.csv", "forstok", ";3.000;12.000\n", ";3.500;12.000\n"),
        ("shopee-income.csv", "shopee-income", ",-12000,0,168000", ",-12000,0,167000"),
        ("shopee-wallet.csv", "shopee-wallet", "-1.500,00;", "-1.600,00;"),
        ("lazada.tsv", "lazada", "-6,000.00", "-6,100.00"),
        ("tiktok-tokopedia.csv", "tiktok-tokopedia", ",138000,", ",137000,"),
    ] {
        let (file, mut ledger) = (String::from_utf8(example(file)).expect("UTF-8"), Ledger::default());
        let [accepted, repeat, corrected] = ledger.import(file.as_bytes(), profile(name)).await;
        assert!(accepted > 2 && repeat == 0 && corrected == 0, "{name}");
        assert_eq!(ledger.import(file.as_bytes(), profile(name)).await, [0, accepted, 0], "{name}");
        let changed = file.replace(before, after);
        assert_ne!(changed, file, "{name}");
        assert_eq!(ledger.import(changed.as_bytes(), profile(name)).await, [0, accepted - 1, 1], "{name}");
    }
}

#[tokio::test]
async fn a_statement_that_overlaps_another_repeats_the_rows_that_both_have() {
    let file = String::from_utf8(example("lazada.tsv")).expect("UTF-8");
    let mut ledger = Ledger::default();
    let (first, second): (Vec<_>, Vec<_>) = file.lines().partition(|line| !line.starts_with("08-14"));
    assert_eq!(ledger.import(first.join("\n").as_bytes(), profile("lazada")).await, [4, 0, 0]);
    let heading = first[0];
    let later = [heading, second[0], first[1], first[2], first[4]].join("\n");
    assert_eq!(ledger.import(later.as_bytes(), profile("lazada")).await, [1, 1, 0]);
}

#[test]
fn every_profile_has_an_example_or_is_generic() {
    for (name, _) in BUILT_IN {
        let found = ["csv", "tsv"].map(|ending| format!("{name}.{ending}"));
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/payout_files");
        assert!(name == "generic" || found.iter().any(|file| folder.join(file).exists()), "{name}");
    }
}
