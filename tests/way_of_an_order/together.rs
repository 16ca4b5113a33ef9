//! Many orders that are due at once are sent in bulk; each has its own outcome.

mod dying;

use std::time::Duration;

use forstok_accurate::{
    domain::reason::Warning,
    sandbox::{Action, BulkReply, BulkRule, Down, Fault, FilterValues, IdRanges, Numbering, Sorting},
    storage::State,
};

use crate::world::{World, order};

/// Enough orders for a bulk.
const MANY: u32 = 40;

/// A world in which the store's customer exists and these orders are due.
async fn with_due_orders(orders: u32) -> World {
    let mut world = World::new().await;
    world.accurate.add_masters(&forstok_accurate::sandbox::Masters::default().customer("8277", "Toko"));
    for id in 1..=orders {
        world.forstok_sends(order(&id.to_string()).ready_to_ship()).await;
    }
    world
}

/// The same for several bulks, which wait five seconds for each other, however busy this machine is.
async fn with_due_bulks(orders: u32) -> World {
    let world = with_due_orders(orders).await;
    world.clock.keeps_pace(10);
    world
}

/// The ids of orders for a book that is in use.
fn later_ids() -> std::ops::Range<u32> {
    1000..1000 + MANY
}

/// A world with two invoices, in which these orders are due.
async fn in_use_with_due_orders() -> World {
    let mut world = with_due_orders(2).await;
    world.run_until_settled().await;
    for id in later_ids() {
        world.forstok_sends(order(&id.to_string()).ready_to_ship()).await;
    }
    world
}

/// The calls about invoices: bulks, single saves, lists, details.
fn calls(world: &World) -> [u64; 4] {
    [Action::InvoiceBulkSave, Action::InvoiceSave, Action::InvoiceList, Action::InvoiceDetail]
        .map(|action| world.accurate.call_count(action))
}

async fn all_are_invoiced_once(world: &World, orders: u32) {
    all_are_invoiced_once_beside(world, orders, 0).await;
}

/// The same in a database that holds so many other invoices.
async fn all_are_invoiced_once_beside(world: &World, orders: u32, others: usize) {
    assert_eq!(world.count(State::Invoiced).await, i64::from(orders));
    assert_eq!(world.accurate.invoice_count(), orders as usize + others);
}

#[tokio::test]
async fn many_due_orders_are_sent_a_hundred_to_a_call_and_few_one_by_one() {
    let mut world = with_due_bulks(250).await;
    world.run_until_settled().await;
    all_are_invoiced_once(&world, 250).await;
    // One count reads all three bulks back; another one shows, once, that counts can be trusted.
    assert_eq!(calls(&world), [3, 0, 2, 0]);
    for id in 251..=255 {
        world.forstok_sends(order(&id.to_string()).ready_to_ship()).await;
    }
    world.run_until_settled().await;
    all_are_invoiced_once(&world, 255).await;
    assert_eq!(calls(&world), [3, 5, 2, 0]);
}

#[tokio::test]
async fn a_long_queue_takes_hardly_more_calls_than_bulks() {
    let mut world = with_due_bulks(2_000).await;
    world.run_until_settled().await;
    all_are_invoiced_once(&world, 2_000).await;
    let [bulks, saves, lists, details] = calls(&world);
    assert_eq!([bulks, saves, details], [20, 0, 0]);
    // A test starts six bulks at a time and waits for all of them; the service starts more meanwhile.
    assert!(lists <= 10, "{lists} calls read 20 bulks back");
}

#[tokio::test]
async fn bulks_whose_replies_show_too_little_are_compared_with_a_list() {
    for bulk_reply in [BulkReply::IdAndNumber, BulkReply::NoRecord] {
        let mut world = with_due_bulks(250).await;
        world.accurate.change_settings(|settings| settings.bulk_reply = bulk_reply);
        world.run_until_settled().await;
        all_are_invoiced_once(&world, 250).await;
        assert_eq!(calls(&world), [3, 0, 3, 0], "{bulk_reply:?}: a page for each hundred invoices");
    }
}

#[tokio::test]
async fn a_database_that_cannot_count_ids_is_read_back_by_lists() {
    let mut world = with_due_bulks(250).await;
    world.accurate.add_invoice("OTHER", "8277", "other", 5.into());
    world.accurate.change_settings(|settings| settings.id_ranges = IdRanges::Ignored);
    world.run_until_settled().await;
    all_are_invoiced_once_beside(&world, 250, 1).await;
    assert_eq!(calls(&world), [3, 0, 4, 0], "a count that counts too many, and a page for each hundred invoices");
}

#[tokio::test]
async fn a_database_that_ignores_the_filter_and_counts_every_invoice_is_not_trusted() {
    let mut world = with_due_orders(MANY).await;
    // As many as are sent, so the count is the right one for the wrong reason; and one of them is not saved.
    world.accurate.add_invoice("OTHER", "8277", "other", 5.into());
    world.accurate.change_settings(|settings| settings.id_ranges = IdRanges::Ignored);
    world.accurate.next(Action::InvoiceBulkSave, Fault::NotSaved, 1);
    world.run_until_settled().await;
    all_are_invoiced_once_beside(&world, MANY, 1).await;
}

#[tokio::test]
async fn a_person_who_creates_an_invoice_meanwhile_only_costs_a_list() {
    let mut world = with_due_orders(2).await;
    world.run_until_settled().await;
    for id in later_ids() {
        world.forstok_sends(order(&id.to_string()).ready_to_ship()).await;
    }
    world.decide_all().await;
    let works = world.next_works().await;
    world.accurate.add_invoice("BY-HAND", "8277", "by hand", 5.into());
    let before = calls(&world);
    for work in works {
        world.engine.work(crate::world::BOOK, work).await.expect("settled");
    }
    all_are_invoiced_once_beside(&world, MANY + 2, 1).await;
    assert_eq!(calls(&world)[3], before[3], "no invoice is asked for alone");
}

#[tokio::test]
async fn the_timeline_of_each_order_of_a_bulk_shows_its_outcome() {
    let mut world = with_due_orders(MANY).await;
    world.forstok_sends(order("99").ready_to_ship().sku("NOT-THERE")).await;
    world.run_until_settled().await;
    insta::assert_snapshot!("together_saved", world.timeline("7").await);
    insta::assert_snapshot!("together_blocked", world.timeline("99").await);
}

#[tokio::test]
async fn one_bad_order_neither_delays_nor_affects_the_others() {
    for bulk in [BulkRule::EachByItself, BulkRule::AllOrNothing, BulkRule::RefusedWhole] {
        let mut world = in_use_with_due_orders().await;
        world.accurate.change_settings(|settings| settings.bulk = bulk);
        for id in ["91", "92"] {
            world.forstok_sends(order(id).ready_to_ship().sku("NOT-THERE")).await;
        }
        let before: u64 = calls(&world).iter().sum();
        world.run_until_settled().await;
        all_are_invoiced_once(&world, MANY + 2).await;
        for id in ["91", "92"] {
            assert_eq!(world.state(id).await, "blocked: item_not_found", "{bulk:?}");
        }
        let calls = calls(&world).iter().sum::<u64>() - before;
        let most = match bulk {
            // A bulk, and two counts that read the others back.
            BulkRule::EachByItself => 3,
            // They are refused with an unknown message: two lists show that nothing was saved. Two counts
            // read the others back.
            BulkRule::AllOrNothing => 6,
            // Two orders at fault are found by splitting in half.
            BulkRule::RefusedWhole => 40,
        };
        assert!(calls <= most, "{bulk:?}: {calls} calls");
    }
}

#[tokio::test]
async fn a_bulk_whose_reply_is_lost_is_looked_up_with_one_list_and_not_sent_again() {
    let mut world = with_due_orders(100).await;
    world.accurate.lose_next_reply_after_saving();
    world.run_until_settled().await;
    all_are_invoiced_once(&world, 100).await;
    assert_eq!(calls(&world), [1, 0, 1, 0]);
    assert_eq!(world.warnings("50").await, [Warning::InvoiceAdopted]);
}

#[tokio::test]
async fn a_list_that_cannot_be_trusted_is_not_and_each_number_is_asked_for() {
    for filter_values in [FilterValues::FirstOnly, FilterValues::NotUnderstood] {
        let mut world = with_due_orders(MANY).await;
        // The possible replies of a list that ignores its filter.
        for number in 0..30 {
            world.accurate.add_invoice(&format!("OTHER-{number}"), "8277", "other", 5.into());
        }
        world.accurate.change_settings(|settings| settings.filter_values = filter_values);
        world.accurate.lose_next_reply_after_saving();
        world.run_until_settled().await;
        assert_eq!(world.count(State::Invoiced).await, i64::from(MANY), "{filter_values:?}");
        assert_eq!(world.accurate.invoice_count(), MANY as usize + 30, "{filter_values:?}");
        assert_eq!(calls(&world), [1, 0, 1, u64::from(MANY)], "{filter_values:?}");
    }
}

#[tokio::test]
async fn a_bulk_that_never_arrived_is_looked_up_before_it_is_sent_again() {
    let mut world = with_due_orders(MANY).await;
    world.accurate.next(Action::InvoiceBulkSave, Fault::DroppedBefore, 1);
    world.run_until_settled().await;
    all_are_invoiced_once(&world, MANY).await;
    let first = order("1000").ready_to_ship();
    world.forstok_sends(first).await;
    world.run_until_settled().await;
    let [_, _, _, details] = calls(&world);
    assert!(details >= u64::from(MANY), "an empty list alone proves nothing before one was seen to be understood");

    // By now a list has found several numbers, so an empty list is trusted.
    let before = calls(&world);
    for id in 2000..2000 + MANY {
        world.forstok_sends(order(&id.to_string()).ready_to_ship()).await;
    }
    world.accurate.next(Action::InvoiceBulkSave, Fault::DroppedBefore, 1);
    world.run_until_settled().await;
    all_are_invoiced_once(&world, 2 * MANY + 1).await;
    let [bulks, saves, lists, details] = calls(&world);
    assert_eq!([bulks - before[0], saves - before[1], details - before[3]], [2, 0, 0]);
    assert!(lists - before[2] <= 4, "{} lists", lists - before[2]);
}

#[tokio::test]
async fn a_store_that_is_no_customer_yet_is_created_once_for_all_orders_of_a_bulk() {
    for bulk in [BulkRule::EachByItself, BulkRule::AllOrNothing, BulkRule::RefusedWhole] {
        let mut world = World::new().await;
        world.accurate.change_settings(|settings| settings.bulk = bulk);
        for id in 1..=MANY {
            world.forstok_sends(order(&id.to_string()).ready_to_ship()).await;
        }
        world.run_until_settled().await;
        all_are_invoiced_once(&world, MANY).await;
        assert_eq!(world.accurate.call_count(Action::CustomerSave), 1, "{bulk:?}");
        let mut created = 0;
        for id in 1..=MANY {
            created += usize::from(world.warnings(&id.to_string()).await == [Warning::CustomerCreated]);
        }
        assert_eq!(created, 1, "{bulk:?}: one order says that it created the customer");
    }
}

#[tokio::test]
async fn a_number_that_is_taken_concerns_its_own_order_only() {
    let mut world = with_due_orders(MANY).await;
    world.accurate.add_invoice("INV-7", "8277", "somebody else's", 5.into());
    world.run_until_settled().await;
    assert_eq!(world.count(State::Invoiced).await, i64::from(MANY) - 1);
    assert_eq!(world.state("7").await, "blocked: number_conflict");
}

#[tokio::test]
async fn with_bulk_switched_off_each_order_goes_alone() {
    let mut world = World::without_bulk().await;
    for id in 1..=MANY {
        world.forstok_sends(order(&id.to_string()).ready_to_ship()).await;
    }
    world.run_until_settled().await;
    all_are_invoiced_once(&world, MANY).await;
    assert_eq!(world.accurate.call_count(Action::InvoiceBulkSave), 0);
}

#[tokio::test]
async fn when_bulks_fail_as_a_whole_orders_are_sent_one_by_one_for_a_while() {
    let mut world = with_due_orders(60).await;
    // Their bulk always fails; single saves succeed.
    world.accurate.next(Action::InvoiceBulkSave, Fault::Error5xxBefore, 1_000);
    world.run_until_settled().await;
    all_are_invoiced_once(&world, 60).await;
    assert!(world.accurate.call_count(Action::InvoiceBulkSave) <= 3);
}

#[tokio::test]
async fn an_outage_of_accurate_loses_no_invoice_and_duplicates_none() {
    let mut world = with_due_orders(300).await;
    world.accurate.next(Action::InvoiceBulkSave, Fault::Late(Duration::from_secs(200)), 1);
    world.decide_all().await;
    let works = world.next_works().await;
    for (nth, work) in works.into_iter().enumerate() {
        if nth == 1 {
            world.accurate.go_down(Down::Page503);
        }
        world.engine.work(crate::world::BOOK, work).await.expect("settled");
    }
    assert_eq!(world.pause(), None, "one unknown outcome is no reason to pause");
    world.run_for(30).await;
    world.accurate.come_back();
    world.run_until_settled().await;
    world.advance(600);
    all_are_invoiced_once(&world, 300).await;
}

#[tokio::test]
async fn a_fresh_order_is_not_held_up_by_thousands_before_it() {
    let mut world = with_due_orders(1).await;
    world.run_until_settled().await;
    world.wire.cut();
    for id in 2..=3000_u32 {
        world.forstok_sends(order(&id.to_string()).ready_to_ship()).await;
    }
    world.decide_all().await;
    world.wire.recover();
    world.advance(60);
    world.forstok_sends(order("9999").ready_to_ship()).await;
    world.decide_all().await;
    let works = world.next_works().await;
    let calls = world.accurate.call_count(Action::InvoiceBulkSave);
    for work in works {
        world.engine.work(crate::world::BOOK, work).await.expect("settled");
    }
    assert_eq!(world.state("9999").await, "invoiced", "after {calls} calls");
    assert!(world.count(State::Due).await > 2000, "the long queue waits still");
}

#[tokio::test]
async fn what_a_bulk_reports_as_saved_and_did_not_save_is_saved_later() {
    let whole = BulkReply::Whole;
    for (numbering, lag, sorting, bulk_reply) in [
        (Numbering::Sent, 0, Sorting::Understood, whole),
        (Numbering::Sent, 45, Sorting::Understood, whole),
        (Numbering::Sent, 0, Sorting::Ignored, whole),
        (Numbering::Sent, 0, Sorting::Understood, BulkReply::IdAndNumber),
        (Numbering::Sent, 0, Sorting::Understood, BulkReply::NoRecord),
        (Numbering::Automatic, 0, Sorting::Understood, whole),
        (Numbering::Automatic, 0, Sorting::Ignored, whole),
        (Numbering::Automatic, 0, Sorting::Understood, BulkReply::IdAndNumber),
    ] {
        let mut world = with_due_orders(MANY).await;
        world.accurate.change_settings(|settings| {
            settings.sorting = sorting;
            settings.bulk_reply = bulk_reply;
            settings.numbering = numbering;
            settings.list_lag = Duration::from_secs(lag);
        });
        world.accurate.next(Action::InvoiceBulkSave, Fault::NotSaved, 1);
        world.run_until_settled().await;
        all_are_invoiced_once(&world, MANY).await;
        let of_the_first = world.accurate.invoices().into_iter().filter(|invoice| invoice.description == "1");
        assert_eq!(of_the_first.count(), 1, "{numbering:?}, {sorting:?}, lists {lag} s behind");
    }
}
