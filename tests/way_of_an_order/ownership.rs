//! Ownership of invoices: replies are compared, and one invoice belongs to one order.

use forstok_accurate::{
    clock::Clock,
    domain::{document::Drafted, reason::Warning},
    sandbox::{Action, Fault, On},
    storage::{AttemptResult, ExistingDocument, Outcome, Settled, State},
};
use rust_decimal::Decimal;

use super::{NUMBER, ORDER};
use crate::world::{Base, World, order, order_id};

#[tokio::test]
async fn an_invoice_that_names_an_order_as_part_of_a_longer_number_is_not_its_own() {
    for description in [format!("{ORDER}9"), format!("1{ORDER}"), format!("A{ORDER}")] {
        let mut world = World::new().await;
        world.accurate.add_invoice(NUMBER, "8277", &description, Decimal::from(80_000));
        world.forstok_sends(order(ORDER).ready_to_ship()).await;
        world.run_until_settled().await;
        assert_eq!(world.state(ORDER).await, "blocked: number_conflict", "{description}");
    }
}

#[tokio::test]
async fn an_invoice_whose_description_names_the_order_among_other_words_is_adopted() {
    let mut world = World::new().await;
    world.accurate.add_invoice(NUMBER, "8277", &format!("Forstok #{ORDER} (lunas)"), Decimal::from(80_000));
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "invoiced");
}

#[tokio::test]
async fn without_the_order_id_in_its_description_no_invoice_is_saved() {
    let mut world = World::new().await;
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    let mut claim = world.only_claim().await;
    // As an earlier mapping may have it.
    let Drafted::Invoice(draft) = &mut claim.draft else { panic!("an invoice is due") };
    draft.body.description = NUMBER.to_owned();
    world.attempt(claim).await;
    assert_eq!((world.state(ORDER).await.as_str(), world.saves()), ("blocked: number_conflict", 0));
}

async fn one_invoice_belongs_to_one_order(base: Base) {
    let mut world = World::on(base).await;
    for id in ["1", "2", "3"] {
        world.forstok_sends(order(id).ready_to_ship()).await;
    }
    world.decide_all().await;
    let claims = world.claims().await;
    let invoice = |id| ExistingDocument { id, number: "X".into(), total: Decimal::ONE };
    let settle =
        async |results: &[AttemptResult]| world.storage.settle(results, world.clock.now()).await.expect("written");
    let invoiced = |at: usize, id| AttemptResult::of(&claims[at], Outcome::Exists { document: invoice(id) });
    assert_eq!(
        settle(&[invoiced(0, 7), invoiced(1, 7)]).await,
        [Settled::Written, Settled::BelongsTo(order_id("1"))],
        "in one commit"
    );
    assert_eq!(settle(&[invoiced(2, 7)]).await, [Settled::BelongsTo(order_id("1"))], "in another");
    assert_eq!(settle(&[invoiced(2, 8)]).await, [Settled::Written]);
    assert_eq!((world.state("1").await.as_str(), world.state("2").await.as_str()), ("invoiced", "due"));
}

#[tokio::test]
async fn one_invoice_belongs_to_one_order_in_sqlite() {
    one_invoice_belongs_to_one_order(Base::Sqlite).await;
}

#[tokio::test]
async fn one_invoice_belongs_to_one_order_in_postgres() {
    one_invoice_belongs_to_one_order(Base::Postgres).await;
}

#[tokio::test]
async fn an_invoice_that_names_two_orders_belongs_to_the_first_and_the_second_needs_a_person() {
    let mut world = World::new().await;
    world.accurate.add_invoice(NUMBER, "8277", "1 and 2", Decimal::from(80_000));
    for id in ["1", "2"] {
        world.forstok_sends(order(id).ready_to_ship().with("local_name", NUMBER.into())).await;
        world.run_until_settled().await;
    }
    assert_eq!(world.state("1").await, "invoiced");
    assert_eq!(world.state("2").await, "blocked: number_conflict");
    world.forstok_sends(order("2").cancelled().with("local_name", NUMBER.into())).await;
    world.run_until_settled().await;
    assert_eq!(world.accurate.invoice_count(), 1, "cancelling the second leaves the first one's invoice alone");
    assert_eq!(world.state("1").await, "invoiced");
}

#[tokio::test]
async fn a_reply_that_names_something_else_than_was_sent_is_read_back() {
    for fault in
        [Fault::WrongCustomer, Fault::WrongDescription, Fault::WrongTotal, Fault::NoRecord, Fault::UnreadableTotal]
    {
        for orders in [1, 20] {
            let mut world = World::new().await;
            world.accurate.add_masters(&forstok_accurate::sandbox::Masters::default().customer("8277", "Toko"));
            world.accurate.next(On::InvoiceSaves, fault, 1);
            for id in 1..=orders {
                world.forstok_sends(order(&id.to_string()).ready_to_ship()).await;
            }
            world.run_until_settled().await;
            assert_eq!(world.count(State::Invoiced).await, orders, "{fault:?}");
            assert_eq!(world.accurate.invoice_count(), usize::try_from(orders).expect("few"), "{fault:?}");
            let saves = world.saves() + world.accurate.call_count(Action::InvoiceBulkSave);
            assert_eq!(saves, 1, "{fault:?} for {orders}");
            let looks =
                world.accurate.call_count(Action::InvoiceDetail) + world.accurate.call_count(Action::InvoiceList);
            assert!(looks >= 1, "{fault:?} for {orders}");
            assert_eq!(world.warnings("1").await, [], "{fault:?}");
        }
    }
}

#[tokio::test]
async fn in_the_normal_case_a_bulk_is_counted_and_a_single_order_is_not_read_back() {
    let mut world = World::new().await;
    for id in 1..=20 {
        world.forstok_sends(order(&id.to_string()).ready_to_ship()).await;
    }
    world.run_until_settled().await;
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_until_settled().await;
    let looks = world.accurate.call_count(Action::InvoiceDetail) + world.accurate.call_count(Action::InvoiceList);
    // One count of the bulk, and once the count that shows that counts can be trusted.
    assert_eq!((world.count(State::Invoiced).await, looks), (21, 2));
}

#[tokio::test]
async fn an_invoice_whose_total_cannot_be_read_is_not_adopted_unchecked() {
    for (times, end) in [(1, "invoiced"), (1_000, "blocked: number_conflict")] {
        let mut world = World::new().await;
        world.accurate.add_invoice(NUMBER, "8277", ORDER, Decimal::ONE);
        world.accurate.add_invoice("INV-2", "8277", "2", Decimal::from(80_000));
        world.accurate.next(Action::InvoiceDetail, Fault::UnreadableTotal, times);
        world.forstok_sends(order("2").ready_to_ship()).await;
        world.run_until_settled().await;
        assert_eq!(world.state("2").await, end);
        world.accurate.clear_faults();
        world.forstok_sends(order(ORDER).ready_to_ship()).await;
        world.run_until_settled().await;
        assert_eq!(world.state(ORDER).await, "blocked: number_conflict");
        assert!(!world.warnings(ORDER).await.contains(&Warning::InvoiceAdopted));
    }
}
