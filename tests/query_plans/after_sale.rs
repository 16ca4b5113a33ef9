//! Payouts and returns: recorded, listed in every way that people look at them, and approved in every way.

use forstok_accurate::{
    clock::Clock,
    domain::{
        after_sale::Waits,
        document::Kind,
        payout::{PaidDay, RowState},
        reason::Reason,
        reconciliation::Period,
    },
    storage::{Approving, ByHand, RowContent, RowFilter, UnpaidOf},
};
use jiff::civil::date;
use serde_json::json;

use crate::world::{BOOK, World, order, order_id};

pub(super) async fn use_after_sale(world: &mut World) {
    // Other sessions, whose calls this one does not count, may have used up the present second.
    world.advance(60);
    world.forstok_sends(order("80").price(150_000).ready_to_ship()).await;
    world.run_until_settled().await;
    let (storage, now) = (world.storage.clone(), world.clock.now());
    let payout = |id: &str, number: &str| {
        let payout = json!({"source": "shopee", "id": id, "store_id": "", "channel_order_id": number,
                            "paid_at": "2024-01-01", "net": 50_000, "amounts": {"service_fee": -5_000}});
        RowContent::Payout(serde_json::from_value(payout).expect("a payout"))
    };
    let rows = ["1", "2", "3"].map(|id| payout(id, "INV-80"));
    storage.record_rows(&rows, now).await.expect("written");
    storage.record_rows(&[payout("4", "of-no-order"), payout("1", "INV-80")], now).await.expect("written");
    let record = json!({"source": "shopee", "id": "1", "store_id": "8277", "channel_order_id": "INV-80",
                        "goods": "returned", "pieces": []});
    let record = RowContent::Return(serde_json::from_value(record).expect("a return record"));
    storage.record_rows(&[record], now).await.expect("written");
    let RowContent::Payout(again) = payout("2", "INV-80") else { panic!("a payout") };
    storage.record_delivered(&[again], PaidDay::Arrival, Some(now), now).await.expect("written");
    world.run_until_settled().await;
    let filters = [
        RowFilter::default(),
        RowFilter { state: Some(RowState::Unmatched), ..RowFilter::default() },
        RowFilter { state: Some(RowState::Blocked), reason: Some(Reason::FeeKindUnmapped), ..RowFilter::default() },
        RowFilter { waits: Some(Waits::Approval), ..RowFilter::default() },
        RowFilter { source: Some("shopee".to_owned()), ..RowFilter::default() },
        RowFilter { order_id: Some(order_id("80")), ..RowFilter::default() },
    ];
    for kind in [Kind::Receipt, Kind::Return] {
        for filter in &filters {
            storage.settlement_rows(kind, filter, None, 25).await.expect("readable");
        }
        storage.row_counts(kind).await.expect("readable");
        storage.awaiting_approval(kind).await.expect("readable");
    }
    storage.fee_kinds().await.expect("readable");
    storage.booked(&order_id("80")).await.expect("readable");
    storage.receivables().await.expect("readable");
    let period = Period { from: date(2023, 6, 1), to: date(2024, 6, 1) };
    let of = UnpaidOf { book: BOOK, store_id: "8277", period };
    let (_, last) = storage.unpaid(of, None, 500).await.expect("readable");
    storage.unpaid(of, last.as_ref(), 500).await.expect("readable");
    let by_hand = ByHand {
        document: Some("RCP-1".to_owned()),
        amount: None,
        reason: "by hand".to_owned(),
        actor: "ani".to_owned(),
        at: now,
    };
    for mark in [Some(&by_hand), None] {
        storage.mark_by_hand(Kind::Receipt, ("shopee", "2"), mark, "ani", now).await.expect("written");
    }
    world.run_until_settled().await;
    let waiting = storage.settlement_rows(Kind::Receipt, &filters[3], None, 25).await.expect("readable");
    let seen: Vec<_> = waiting.iter().take(1).map(|row| (row.id, row.content_at)).collect();
    assert_eq!(storage.approve_rows(Kind::Receipt, Approving::Seen(&seen), "ani", now).await.expect("written"), 1);
    let key = [("shopee".to_owned(), "1".to_owned())];
    storage.approve_rows(Kind::Receipt, Approving::Keys(&key), "ani", now).await.expect("written");
    let all = RowFilter { content_until: Some(now), ..filters[3].clone() };
    storage.approve_rows(Kind::Receipt, Approving::Shown(&all), "ani", now).await.expect("written");
    world.run_until_settled().await;
}
