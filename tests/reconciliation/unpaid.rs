//! Invoices that marketplaces did not pay in time.

use forstok_accurate::{
    clock::Clock,
    domain::{
        document::Kind,
        payout::Payout,
        reconciliation::{Class, FindingState, Period},
    },
    storage::{Approving, Receivable, RowContent, RowFilter},
};
use jiff::civil::date;
use serde_json::{Value, json};

use super::{
    adds_up, findings, found, invoiced,
    nightly::{moves_to, nightly},
    on_both, open, reconcile, reconcile_period,
};
use crate::world::{Base, World, order};

impl World {
    async fn is_completed(&mut self, id: &str) {
        self.forstok_sends(order(id).status("Completed").updated_at("2023-12-01T10:00:00+07:00")).await;
        self.run_until_settled().await;
    }

    /// A marketplace has paid, and a person approves it.
    pub(super) async fn is_paid(&mut self, id: &str, row: &str, net: i64, amounts: Value) {
        self.is_paid_on("2023-12-01", id, row, net, amounts).await;
    }

    async fn is_paid_on(&mut self, day: &str, id: &str, row: &str, net: i64, amounts: Value) {
        let payout: Payout = serde_json::from_value(json!({
            "source": "shopee", "id": row, "store_id": "8277", "channel_order_id": format!("INV-{id}"),
            "paid_at": day, "net": net, "amounts": amounts,
        }))
        .expect("a payout");
        let now = self.clock.now();
        self.storage.record_rows(&[RowContent::Payout(payout)], now).await.expect("recorded");
        self.run_until_settled().await;
        let all = RowFilter::default();
        self.storage.approve_rows(Kind::Receipt, Approving::Shown(&all), "sari", now).await.expect("written");
        self.run_until_settled().await;
    }

    async fn expected(&self) -> Vec<Receivable> {
        self.storage.receivables().await.expect("readable")
    }
}

on_both! {
    an_invoice_is_missed_as_long_as_its_money_is_not_complete,
    an_invoice_that_becomes_overdue_long_after_its_day_is_found_by_the_next_nightly_run,
    stores_without_any_payout_are_left_alone,
    an_invoice_that_is_deleted_is_no_longer_missed,
    a_paid_invoice_of_an_order_that_was_cancelled_on_its_way_is_no_difference,
}

async fn an_invoice_is_missed_as_long_as_its_money_is_not_complete(base: Base) {
    let mut world = invoiced(base, 1..=3).await;
    for id in ["1", "2"] {
        world.is_completed(id).await;
    }
    assert_eq!(world.expected().await, [], "nobody books payouts here yet");
    world.is_paid("1", "a", 50_000, json!({})).await;
    let owed = |hundredths| [Receivable { store_id: "8277".to_owned(), hundredths }];
    assert_eq!(world.expected().await, owed(19_000_000), "three invoices of 80.000, of which 50.000 are paid");
    let run = reconcile(&world).await;
    // Order 3 is not completed yet.
    let missed = [found(Class::NotSettled, "INV-1", "1"), found(Class::NotSettled, "INV-2", "2")];
    assert_eq!(open(&world).await, missed);
    adds_up(&run);
    assert_eq!(run.parts[0].sums.explained, 0, "both sides hold the same invoices");
    let said = findings(&world, FindingState::Open).await.remove(0);
    let words = said.facts.in_words(said.class, forstok_accurate::domain::reason::Language::English);
    assert!(words.starts_with("Rp30.000 of invoice INV-1") && words.contains("01/12/2023"), "{words}");

    // A payout that still waits for a person is shown where it is approved.
    world.is_paid("1", "b", 30_000, json!({})).await;
    let gone = findings(&world, FindingState::Gone).await;
    assert_eq!(gone.len(), 1, "as soon as nothing is owed, without another run");
    assert_eq!(open(&world).await, [found(Class::NotSettled, "INV-2", "2")]);
    assert_eq!(world.expected().await, owed(16_000_000));
    reconcile(&world).await;
    assert_eq!(open(&world).await, [found(Class::NotSettled, "INV-2", "2")]);
}

/// All invoices are of 27 November; the nightly runs of February begin in December.
async fn an_invoice_that_becomes_overdue_long_after_its_day_is_found_by_the_next_nightly_run(base: Base) {
    let mut world = invoiced(base, 1..=3).await;
    world.is_completed("1").await;
    world.is_completed("2").await;
    world.is_paid("1", "a", 50_000, json!({})).await;
    world.is_paid_on("2024-01-25", "2", "b", 50_000, json!({})).await;
    moves_to(&mut world, "2024-02-02T02:31:00+07:00");
    let run = nightly(&world).await.expect("its time has come");
    assert!(run.period.from > date(2023, 11, 27), "{run:?}");
    adds_up(&run);
    let (one, two) = (found(Class::NotSettled, "INV-1", "1"), found(Class::NotSettled, "INV-2", "2"));
    assert_eq!(open(&world).await, std::slice::from_ref(&one), "the rest of order 2 may still be on its way");

    moves_to(&mut world, "2024-02-03T02:31:00+07:00");
    nightly(&world).await.expect("its time has come");
    assert_eq!(open(&world).await, [one.clone(), two.clone()]);
    // A run of other days says nothing about them.
    reconcile_period(&world, Period { from: date(2024, 1, 1), to: date(2024, 1, 31) }).await;
    assert_eq!(open(&world).await, [one.clone(), two.clone()]);

    // What a person has closed stays closed while nothing has changed.
    let seen = findings(&world, FindingState::Open).await;
    world.engine.close_finding(seen[0].id, "the marketplace keeps it", &super::ani()).await.expect("written");
    // A part of the rest arrives, so the other part may be on its way again.
    world.is_paid_on("2024-02-01", "2", "c", 10_000, json!({})).await;
    moves_to(&mut world, "2024-02-04T02:31:00+07:00");
    nightly(&world).await.expect("its time has come");
    assert_eq!(open(&world).await, []);
    moves_to(&mut world, "2024-02-13T02:31:00+07:00");
    world.run_until_settled().await;
    nightly(&world).await.expect("its time has come");
    assert_eq!(open(&world).await, [two]);
    world.is_paid_on("2024-02-11", "2", "d", 20_000, json!({})).await;
    assert_eq!(open(&world).await, [], "as soon as nothing is owed");
    assert_eq!(findings(&world, FindingState::Closed).await.len(), 1);
}

async fn a_paid_invoice_of_an_order_that_was_cancelled_on_its_way_is_no_difference(base: Base) {
    let mut world = invoiced(base, 1..=1).await;
    world.is_paid("1", "a", 80_000, json!({})).await;
    world.forstok_sends(order("1").shipped().updated_at("2023-12-01T10:00:00+07:00")).await;
    world.forstok_sends(order("1").cancelled().updated_at("2023-12-02T10:00:00+07:00")).await;
    world.run_until_settled().await;
    assert_eq!(world.state("1").await, "blocked: invoice_paid");
    let run = reconcile(&world).await;
    assert_eq!(open(&world).await, [], "no finding asks a person to delete the invoice");
    adds_up(&run);
    assert_eq!(run.parts[0].sums.explained, 0, "it counts on both sides");
}

async fn stores_without_any_payout_are_left_alone(base: Base) {
    let mut world = invoiced(base, 1..=2).await;
    world.is_completed("1").await;
    reconcile(&world).await;
    assert_eq!(open(&world).await, []);
}

async fn an_invoice_that_is_deleted_is_no_longer_missed(base: Base) {
    let mut world = invoiced(base, 1..=2).await;
    world.is_paid("1", "a", 80_000, json!({})).await;
    world.is_completed("2").await;
    reconcile(&world).await;
    assert_eq!(open(&world).await, [found(Class::NotSettled, "INV-2", "2")]);
    let undo = forstok_accurate::storage::ManualChange {
        decision: Some(forstok_accurate::domain::manual::Manual::Undo),
        reason: None,
        document: None,
        actor: "ani".to_owned(),
    };
    world.engine.decide_manually(&crate::world::order_id("2"), &undo).await.expect("written");
    world.run_until_settled().await;
    assert_eq!(open(&world).await, []);
    assert_eq!(world.expected().await[0].hundredths, 0);
}
