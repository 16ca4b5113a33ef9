//! Whatever arrives in whatever order: money is conserved, and a row or record has at most one document.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::domain::{
    ids::DocumentNumber,
    mapping::{PayoutPost, RefundOnly, ReturnMode},
};

/// Something that happens to an order after the sale.
#[derive(Clone, Debug)]
enum Happens {
    Paid { net: i64, amounts: Vec<(&'static str, i64)>, approved: bool },
    Returned { goods: Goods, refund: Option<i64>, pieces: Vec<(&'static str, i64)>, approved: bool },
    Corrected { row: prop::sample::Index, net: i64 },
    Approved { row: prop::sample::Index },
    Booked,
    Lost { row: prop::sample::Index },
    Days(i32),
    Cancelled { after_shipping: bool },
}

fn amounts() -> impl Strategy<Value = Vec<(&'static str, i64)>> {
    let name = prop::sample::select(vec![
        "subtotal",
        "refund",
        "voucher_seller",
        "shipping",
        "service_fee",
        "platform_rebate",
        "Biaya Komisi",
        "unknown",
    ]);
    prop::collection::btree_map(name, -60_i64..60, 0..4)
        .prop_map(|amounts| amounts.into_iter().map(|(name, amount)| (name, amount * 1_000)).collect())
}

fn happens() -> impl Strategy<Value = Happens> {
    let pieces = prop::collection::vec((prop::sample::select(vec!["KAOS", "TAS", "SET", "none"]), 1_i64..3), 0..3);
    let goods = prop_oneof![Just(Goods::Returned), Just(Goods::Kept)];
    let row = any::<prop::sample::Index>;
    prop_oneof![
        4 => (-100_i64..200, amounts(), any::<bool>())
            .prop_map(|(net, amounts, approved)| Happens::Paid { net: net * 1_000, amounts, approved }),
        2 => (prop::option::of(1_i64..200), pieces, goods, any::<bool>()).prop_map(|(refund, pieces, goods, approved)| {
            Happens::Returned { goods, refund: refund.map(|refund| refund * 1_000), pieces, approved }
        }),
        1 => (row(), -100_i64..200).prop_map(|(row, net)| Happens::Corrected { row, net: net * 1_000 }),
        1 => row().prop_map(|row| Happens::Approved { row }),
        4 => Just(Happens::Booked),
        1 => row().prop_map(|row| Happens::Lost { row }),
        1 => (1_i32..40).prop_map(Happens::Days),
        1 => any::<bool>().prop_map(|after_shipping| Happens::Cancelled { after_shipping }),
    ]
}

fn happen(sale: &mut Sale, what: &Happens) {
    let place = |index: &prop::sample::Index, of: usize| (of > 0).then(|| index.index(of));
    match what {
        Happens::Paid { net, amounts, approved } => sale.pays(*net, amounts).approved = *approved,
        Happens::Returned { goods, refund, pieces, approved } => {
            sale.returns(*goods, *refund, pieces).approved = *approved;
        }
        Happens::Corrected { row, net } => {
            if let Some(place) = place(row, sale.rows.len()) {
                sale.rows[place].payout.net = rupiah(*net);
                sale.rows[place].approved = false;
            }
        }
        Happens::Approved { row } => {
            if let Some(place) = place(row, sale.rows.len()) {
                sale.rows[place].approved = true;
            }
        }
        Happens::Booked => {
            let settlement = sale.book();
            if let Some(record) = settlement.add {
                let arrived = sale.today;
                sale.records.push(Record { record, arrived, approved: true, by_hand: None, document: None });
            }
        }
        Happens::Lost { row } => {
            let existing: Vec<_> = sale.rows.iter_mut().filter_map(|row| row.receipt.as_mut()).collect();
            if let Some(place) = place(row, existing.len()) {
                existing.into_iter().nth(place).expect("within").stage = Stage::Gone;
            }
        }
        Happens::Days(days) => sale.today = sale.today.saturating_add(jiff::Span::new().days(*days)),
        Happens::Cancelled { after_shipping } => {
            sale.cancelled = Some(Cancelled { day: sale.today, after_shipping: *after_shipping, arrived: None });
        }
    }
}

/// What must hold of every decision.
fn check(sale: &Sale, numbers: &mut BTreeMap<DocumentNumber, PayoutKey>) {
    let settlement = sale.decide();
    let paid: Rupiah = settlement.receipts.iter().map(|one| one.draft.body.paid()).sum();
    let returned: Rupiah = settlement.returns.iter().map(|one| one.draft.total).sum();
    assert!(returned <= sale.total, "more than the invoice went back: {returned}");
    assert!(paid <= sale.total, "more than the invoice was paid: {paid}");
    for sums in [Sums::of(sale.total, paid, returned), settlement.sums] {
        assert_eq!(sale.total, sums.paid + sums.returned + sums.owed - sums.credit);
        assert!(sums.owed >= none() && sums.credit >= none() && (sums.owed.is_zero() || sums.credit.is_zero()));
    }
    for receipt in &settlement.receipts {
        let body = &receipt.draft.body;
        let discounts: Rupiah = body.detail_invoice[0].detail_discount.iter().map(|one| one.amount).sum();
        assert_eq!(body.cheque_amount, body.paid() - discounts, "the money of a receipt adds up");
        assert!(body.paid().is_positive() && body.cheque_amount.is_positive());
    }
    for row in &sale.rows {
        let Some(document) = &row.receipt else { continue };
        let of = numbers.entry(document.draft.body.number.clone()).or_insert_with(|| row.payout.key.clone());
        assert_eq!(*of, row.payout.key, "a number that was used belongs to one row");
    }
    let parts: BTreeSet<_> = settlement.receipts.iter().map(|one| one.part).collect();
    let rows: BTreeSet<_> = settlement.receipts.iter().map(|one| one.of.clone()).collect();
    assert_eq!((parts.len(), rows.len()), (settlement.receipts.len(), settlement.receipts.len()));
    let parts: BTreeSet<_> = settlement.returns.iter().map(|one| one.part).collect();
    assert_eq!(parts.len(), settlement.returns.len());
    assert_eq!((settlement.rows.len(), settlement.records.len()), (sale.rows.len(), sale.records.len()));
    for row in sale.rows.iter().filter_map(|row| row.receipt.as_ref()).filter(|one| one.stage.is_fixed()) {
        assert!(settlement.receipts.iter().any(|one| one.draft == row.draft), "what exists stays as it was booked");
    }
    assert!(settlement.again_on.is_none_or(|day| day > sale.today), "time alone changes nothing today");
    // Of each holding, no rupiah is taken off twice.
    let used = settlement.receipts.iter().map(|one| one.draft.used);
    let (discount, shipping): (Rupiah, Rupiah) =
        used.fold((none(), none()), |(discount, shipping), used| (discount - used.discount, shipping + used.shipping));
    assert!(discount <= rupiah(10_000) && shipping <= rupiah(20_000), "{discount} {shipping}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn money_is_conserved_whatever_arrives_in_whatever_order(
        happenings in prop::collection::vec(happens(), 1..20),
        automatic in any::<bool>(),
        refund_only in prop_oneof![Just(RefundOnly::Discount), Just(RefundOnly::NotReturned)],
        mode in prop_oneof![Just(ReturnMode::List), Just(ReturnMode::Approve), Just(ReturnMode::Auto)],
        rest_limit in prop_oneof![Just(0_i64), Just(5_000), Just(1_000_000)],
    ) {
        let sold = vec![line("KAOS", 50_000, 2), line("KAOS", 45_000, 1), line("TAS", 33_333, 2), line("SET", 0, 1)];
        let mut sale = Sale::of(sold, 10_000, 20_000);
        sale.mapping.payout.post = if automatic { PayoutPost::Auto } else { PayoutPost::Approve };
        sale.mapping.payout.rest_limit = rupiah(rest_limit);
        sale.mapping.returns.mode = mode;
        sale.mapping.returns.refund_only = refund_only;
        let mut numbers = BTreeMap::new();
        for what in &happenings {
            happen(&mut sale, what);
            check(&sale, &mut numbers);
        }
    }
}
