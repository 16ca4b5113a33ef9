//! A candidate for the mapping is tried before it counts: what saving it would set in motion, on both databases.

use forstok_accurate::{
    clock::SystemClock,
    deciding::{
        mapping::current,
        trial::{AfterSale, Trials, Tried},
    },
    domain::{
        mapping::{Mapping, PayoutPost, ReturnMode},
        money::Rupiah,
        trial::Sum,
    },
    storage::RowSum,
};
use jiff::civil::{Date, date};
use serde_json::json;

use super::{on_both, world};
use crate::world::{Base, World, order};

on_both! {
    orders_that_accurate_refused_are_attempted_again_by_any_other_mapping;
    a_payout_that_waits_for_approval_is_released_by_automatic_receipts;
    a_return_that_waits_for_approval_is_released_unless_a_person_must_see_its_amount;
    a_trial_reads_every_page_of_past_orders_and_only_the_days_that_are_asked_for;
}

impl World {
    async fn tries(&self, change: impl FnOnce(&mut Mapping)) -> Tried {
        self.tries_on_days((None, None), change).await
    }

    async fn tries_on_days(&self, days: (Option<Date>, Option<Date>), change: impl FnOnce(&mut Mapping)) -> Tried {
        let storage = self.storage.as_ref();
        let active = current(storage).await.expect("readable");
        let mut candidate = active.mapping.clone();
        change(&mut candidate);
        let longest = std::time::Duration::MAX;
        let tried = Trials::default().run(storage, &SystemClock, active.into(), candidate, days, longest).await;
        tried.expect("readable")
    }
}

fn rupiah(amount: i64) -> Rupiah {
    Rupiah::from_hundredths(amount * 100)
}

async fn orders_that_accurate_refused_are_attempted_again_by_any_other_mapping(base: Base) {
    let mut world = world(base).await;
    world.invoiced("7").await;
    world.forstok_sends(order("8").price(40_000).sku("BARU-01").ready_to_ship()).await;
    world.run_until_settled().await;
    assert_eq!(world.state("8").await, "blocked: item_not_found");

    let other = world.tries(|mapping| mapping.reconcile.days += 1).await.trial;
    assert_eq!((other.orders, other.same), (2, 2));
    assert_eq!(other.tried_again, Sum { orders: 1, total: rupiah(40_000) });
    let equal = world.tries(|_| {}).await.trial;
    assert_eq!(equal.tried_again, Sum::default(), "saving an equal mapping does nothing");

    world.accurate.add_item("BARU-01", "Barang baru");
    world.mapping_changes("[payout]\n", "[reconcile]\ndays = 9\n\n[payout]\n").await;
    world.run_until_settled().await;
    assert_eq!(world.state("8").await, "invoiced", "as the trial said");
}

async fn a_payout_that_waits_for_approval_is_released_by_automatic_receipts(base: Base) {
    let mut world = world(base).await;
    world.invoiced("7").await;
    world.paid("7", "a", 144_000, json!({"commission": -6_000})).await;
    world.invoiced("8").await;
    world.paid("8", "b", 144_000, json!({"an unknown fee": -6_000})).await;

    let automatic = |mapping: &mut Mapping| mapping.payout.post = PayoutPost::Auto;
    let tried = world.tries(automatic).await;
    assert_eq!((tried.trial.same, tried.trial.orders), (2, 2));
    assert_eq!(tried.after_sale.released_payouts, RowSum { rows: 1, total: rupiah(144_000) });
    assert_eq!(tried.after_sale.blocked_payouts, RowSum { rows: 1, total: rupiah(144_000) });
    let other = world.tries(|mapping| mapping.reconcile.days += 1).await.after_sale;
    assert_eq!((other.released_payouts.rows, other.blocked_payouts.rows), (0, 1));
    assert_eq!(world.tries(|_| {}).await.after_sale, AfterSale::default());

    world.mapping_changes("post = \"approve\"", "post = \"auto\"\nauto_after_days = 0").await;
    world.run_until_settled().await;
    assert_eq!(world.accurate.receipts().len(), 1, "as the trial said");
}

async fn a_return_that_waits_for_approval_is_released_unless_a_person_must_see_its_amount(base: Base) {
    let mut world = world(base).await;
    for id in ["7", "8"] {
        world.forstok_sends(order(id).price(75_000).pieces(2).ready_to_ship()).await;
        world.run_until_settled().await;
    }
    let one_piece = json!([{"sku": "AAA2002", "quantity": 1}]);
    world.went_back("7", "usual", json!({"pieces": one_piece, "refund": 75_000})).await;
    world.went_back("8", "other", json!({"pieces": one_piece, "refund": 10_000})).await;

    let approve = |mapping: &mut Mapping| mapping.returns.mode = ReturnMode::Approve;
    let automatic = |mapping: &mut Mapping| mapping.returns.mode = ReturnMode::Auto;
    let listed = world.tries(approve).await.after_sale;
    assert_eq!((listed.listed_returns.rows, listed.automatically), (2, false));
    let listed = world.tries(automatic).await.after_sale;
    assert_eq!((listed.listed_returns.rows, listed.automatically), (2, true));

    world.mapping_changes("[payout]\n", "[returns]\nmode = \"approve\"\n\n[payout]\n").await;
    world.run_until_settled().await;
    let released = world.tries(automatic).await.after_sale;
    assert_eq!(released.released_returns, RowSum { rows: 1, total: rupiah(75_000) });
    assert_eq!((released.listed_returns.rows, released.blocked_returns.rows), (0, 0));
    world.mapping_changes("mode = \"approve\"", "mode = \"auto\"").await;
    world.run_until_settled().await;
    assert_eq!(world.accurate.returns().len(), 1, "as the trial said");
}

async fn a_trial_reads_every_page_of_past_orders_and_only_the_days_that_are_asked_for(base: Base) {
    let mut world = world(base).await;
    // More than two pages, all ordered at the same moment.
    for id in 1..=1_001 {
        world.forstok_sends(order(&id.to_string()).price(1_000).open()).await;
    }
    world.run_at_once_until_idle().await;
    let ordered = world.order("1").await.ordered_at.expect("it is known");
    let day = forstok_accurate::domain::day_in_wib(ordered);
    let every = |mapping: &mut Mapping| mapping.stores.clear();
    let tried = world.tries_on_days((Some(day), Some(day)), every).await.trial;
    assert_eq!((tried.orders, tried.without_body), (1_001, 0));
    let earlier = world.tries_on_days((None, Some(date(2000, 1, 1))), every).await.trial;
    assert_eq!(earlier.orders, 0);
}
