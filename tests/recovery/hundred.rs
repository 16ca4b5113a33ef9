//! Fifty orders wait for one unmapped store and fifty for one missing item.

use std::collections::BTreeMap;

use forstok_accurate::{deciding::mapping::Applied, sandbox::Action};

use super::{NEW, blocked_and_invoiced, orders_wait_for_the_item};
use crate::world::{World, order};

/// The calls since the previous count.
struct Calls(BTreeMap<&'static str, u64>);

impl Calls {
    fn since_now(world: &World) -> Self {
        Self(world.accurate.call_counts())
    }

    fn made(&mut self, world: &World) -> Vec<(&'static str, u64)> {
        let before = std::mem::replace(&mut self.0, world.accurate.call_counts());
        let since = |(call, count): (&&'static str, &u64)| (*call, count - before.get(call).unwrap_or(&0));
        self.0.iter().map(since).filter(|(_, count)| *count > 0).collect()
    }
}

/// Fifty of each, after every order was tried.
async fn hundred_wait(world: &mut World) {
    for id in 1..=50 {
        world.forstok_sends(order(&id.to_string()).ready_to_ship().store(4711)).await;
    }
    orders_wait_for_the_item(world, 51..=100).await;
    assert_eq!(blocked_and_invoiced(world).await.0, 100);
}

async fn map_the_store(world: &World) {
    let applied = world.mapping_is_applied("[stores.\"8277\"]", "[stores.\"4711\"]\n\n[stores.\"8277\"]").await;
    let Applied::Changed(_, changes) = applied else { panic!("{applied:?}") };
    assert_eq!(changes, ["stores.4711.book = \"main\" (new)", "stores.4711.enabled = true (new)"]);
}

/// Without bulk. At first eight orders are processed at once and find the customer missing together: one of them looks
/// it up and creates it.
const CUSTOMER_MISSING: u64 = 8;

/// The same if previously tried orders also wait: each kind gets half of the capacity.
const HALF_OF_THEM: u64 = 4;

#[tokio::test]
async fn a_hundred_orders_continue_when_the_item_is_created_and_the_store_is_mapped() {
    let mut world = World::without_bulk().await;
    let mut calls = Calls::since_now(&world);
    hundred_wait(&mut world).await;
    // Each order with the missing item is refused once; orders that the mapping blocks cost no calls.
    let refused = 50 + CUSTOMER_MISSING;
    assert_eq!(
        calls.made(&world),
        [("api-token", 1), ("customer/list", 1), ("customer/save", 1), ("sales-invoice/save", refused)]
    );

    // Without success after 30, 90, 210, 450, 930, 1890 and 3810 seconds: one recheck for all fifty.
    world.run_for(3_900).await;
    assert_eq!(calls.made(&world), [("item/detail", 7)]);

    world.accurate.add_item(NEW, "Barang baru");
    world.run_until_recovered().await;
    assert_eq!(blocked_and_invoiced(&world).await, (50, 50));
    // One recheck releases all; each order looks up its number before it saves for the second time.
    assert_eq!(calls.made(&world), [("item/detail", 1), ("sales-invoice/detail", 50), ("sales-invoice/save", 50)]);

    map_the_store(&world).await;
    world.run_until_recovered().await;
    assert_eq!(blocked_and_invoiced(&world).await, (0, 100));
    assert_eq!(
        calls.made(&world),
        [("customer/list", 1), ("customer/save", 1), ("sales-invoice/save", 50 + CUSTOMER_MISSING)]
    );

    assert_eq!(world.accurate.invoice_count(), 100);
    assert_eq!(world.accurate.customers().len(), 2);
    assert_eq!(world.accurate.call_counts().values().sum::<u64>(), 229);
    assert_eq!(world.accurate.breach_count(), 0);
}

#[tokio::test]
async fn a_hundred_orders_continue_when_item_and_mapping_are_fixed_at_the_same_time() {
    let mut world = World::without_bulk().await;
    hundred_wait(&mut world).await;
    let mut calls = Calls::since_now(&world);
    world.accurate.add_item(NEW, "Barang baru");
    map_the_store(&world).await;
    let before = world.clock_now();
    world.run_at_once_until_idle().await;
    assert_eq!(blocked_and_invoiced(&world).await, (0, 100), "a mapping lets all blocked orders be tried at once");
    let seconds = world.clock_now().duration_since(before).as_secs_f64();
    let made = calls.made(&world);
    assert_eq!(
        made,
        [
            ("customer/list", 1),
            ("customer/save", 1),
            ("sales-invoice/detail", 50),
            ("sales-invoice/save", 100 + HALF_OF_THEM)
        ]
    );
    let sum = made.iter().map(|(_, count)| count).sum::<u64>() as f64;
    assert!(sum / seconds > 7.0, "{sum} calls in {seconds} s");
    world.run_until_recovered().await;
    assert_eq!(world.accurate.call_count(Action::ItemDetail), 0, "nobody waits, so nothing is looked at");
}

#[tokio::test]
async fn a_mapping_that_fixes_half_of_the_orders_has_the_others_tried_once() {
    let mut world = World::without_bulk().await;
    hundred_wait(&mut world).await;
    let mut calls = Calls::since_now(&world);
    map_the_store(&world).await;
    world.run_at_once_until_idle().await;
    assert_eq!(blocked_and_invoiced(&world).await, (50, 50));
    // The mapping might have fixed those as well; only Accurate can tell.
    let (in_vain, looked_up) = (50, 50);
    assert_eq!(
        calls.made(&world),
        [
            ("customer/list", 1),
            ("customer/save", 1),
            ("sales-invoice/detail", looked_up),
            ("sales-invoice/save", 50 + HALF_OF_THEM + in_vain)
        ]
    );
    world.accurate.add_item(NEW, "Barang baru");
    world.run_until_recovered().await;
    assert_eq!(blocked_and_invoiced(&world).await, (0, 100));
    assert_eq!(calls.made(&world), [("item/detail", 1), ("sales-invoice/detail", 50), ("sales-invoice/save", 50)]);
}

#[tokio::test]
async fn a_hundred_orders_sent_in_bulk_continue_with_a_handful_of_calls() {
    let mut world = World::new().await;
    for id in ["201", "202"] {
        world.forstok_sends(order(id).ready_to_ship()).await;
    }
    world.run_until_idle().await;
    let mut calls = Calls::since_now(&world);
    hundred_wait(&mut world).await;
    // The only bulk finds the item missing.
    assert_eq!(calls.made(&world), [("sales-invoice/bulk-save", 1)]);
    map_the_store(&world).await;
    world.run_until_idle().await;
    assert_eq!(blocked_and_invoiced(&world).await, (50, 52));
    // The two invoices prove that filters of lists are understood. Therefore one list call shows which of the fifty
    // previously tried orders exist, and none of them is looked up separately. Another call reads the saved bulk back.
    assert_eq!(
        calls.made(&world),
        [("customer/list", 1), ("customer/save", 1), ("sales-invoice/bulk-save", 3), ("sales-invoice/list", 4)]
    );
    world.accurate.add_item(NEW, "Barang baru");
    world.run_until_recovered().await;
    assert_eq!(blocked_and_invoiced(&world).await, (0, 102));
    assert_eq!(calls.made(&world), [("item/detail", 1), ("sales-invoice/bulk-save", 1), ("sales-invoice/list", 2)]);
    assert_eq!(world.accurate.breach_count(), 0);
}
