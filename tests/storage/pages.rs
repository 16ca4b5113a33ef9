//! Queries of the pages: lists by any part of an order and by day, totals, causes, unacknowledged warnings.

use forstok_accurate::{
    domain::{
        manual::{Manual, Refused},
        reason::{Reason, Warning},
    },
    storage::{Cause, DayOf, Days, Filter, ManualChange, Position, State, Sums, Written},
};
use jiff::civil::date;
use serde_json::json;

use super::{ALL, a_world_with_every_state, all, ids, text};
use crate::world::{Base, World, order, order_id};

fn days(by: DayOf, from: jiff::civil::Date, to: jiff::civil::Date) -> Filter {
    Filter { days: Some(Days { by, from: Some(from), to: Some(to) }), ..ALL }
}

async fn sums(world: &World, filter: &Filter) -> Sums {
    world.storage.sums(filter).await.expect("readable")
}

/// The totals, calculated from the orders themselves.
async fn added_up(world: &World, filter: &Filter) -> Sums {
    let orders = world.storage.orders(filter, None, 1_000).await.expect("readable");
    let hundredths = orders.iter().map(|order| order.hundredths).sum();
    Sums { orders: orders.len() as i64, hundredths, exact: true }
}

pub(crate) async fn a_text_finds_any_part_that_people_have(base: Base) {
    let mut world = World::on(base).await;
    let named =
        |id: &str, store: i64, name: &str| order(id).ready_to_ship().store(store).with("store_name", json!(name));
    world.forstok_sends(named("101", 8277, "Toko Kaos Jakarta").sku("KAOS-M").price(144_000)).await;
    world.forstok_sends(named("102", 7475, "Gudang Celana").sku("kaos-m-merah").price(99_500)).await;
    let number = json!("INV/20231127/MPL/3578903");
    world.forstok_sends(named("103", 7475, "Gudang Celana").sku("CELANA").with("local_name", number)).await;
    world.run_until_settled().await;
    for (part, found) in [
        ("101", vec!["101"]),
        ("INV-101", vec!["101"]),
        ("inv-101", vec!["101"]),
        ("-101", vec!["101"]),
        ("3578903", vec!["103"]),
        ("8903", vec!["103"]),
        ("mpl/3578903", vec!["103"]),
        ("KAOS-M", vec!["102", "101"]),
        ("kaos-m", vec!["102", "101"]),
        ("kaos-m-m", vec!["102"]),
        ("jakarta", vec!["101"]),
        ("Gudang Celana", vec!["103", "102"]),
        ("144000", vec!["101"]),
        ("Rp144.000", vec!["101"]),
        ("99.500", vec!["102"]),
        ("%", vec![]),
        ("_", vec![]),
        ("' OR 1=1 --", vec![]),
        ("\u{10ffff}", vec![]),
        ("99", vec![]),
    ] {
        assert_eq!(ids(&world, &text(part)).await, found, "{part:?}");
    }
    let both = Filter { store_id: Some("7475".to_owned()), ..text("KAOS-M") };
    assert_eq!(ids(&world, &both).await, ["102"], "with another filter");
    assert_eq!(ids(&world, &text("INV/2023")).await, ["103"]);
}

pub(crate) async fn days_are_those_of_jakarta_and_sort_the_list(base: Base) {
    let mut world = World::on(base).await;
    // Midnight in Jakarta is 17:00 of the previous day in UTC.
    for (id, ordered) in [
        ("1", "2023-11-26T23:59:59+07:00"),
        ("2", "2023-11-28T00:00:00+07:00"),
        ("3", "2023-11-27T00:00:00+07:00"),
        ("4", "2023-11-27T23:59:59+07:00"),
    ] {
        world.forstok_sends(order(id).open().with("ordered_at", json!(ordered))).await;
        world.advance(86_400);
    }
    world.forstok_sends(order("5").open().without(&["ordered_at", "created_at"])).await;
    world.decide_all().await;
    let day = date(2023, 11, 27);
    assert_eq!(ids(&world, &days(DayOf::Ordered, day, day)).await, ["4", "3"], "the newest first, by their moment");
    assert_eq!(ids(&world, &days(DayOf::Ordered, date(2023, 11, 26), date(2023, 11, 28))).await, ["2", "4", "3", "1"]);
    assert_eq!(ids(&world, &days(DayOf::Received, date(2024, 2, 2), date(2024, 2, 3))).await, ["3", "2"]);
    let arrival = date(2024, 2, 5);
    assert_eq!(ids(&world, &days(DayOf::Ordered, arrival, arrival)).await, ["5"], "without a day it is its arrival's");
    assert_eq!(ids(&world, &days(DayOf::Invoiced, date(2024, 1, 1), date(2025, 1, 1))).await, [""; 0]);
    let open_end = Filter { days: Some(Days { by: DayOf::Ordered, from: None, to: Some(day) }), ..ALL };
    assert_eq!(ids(&world, &open_end).await, ["4", "3", "1"]);
    let mut filter = days(DayOf::Ordered, date(2023, 11, 1), date(2024, 12, 31));
    filter.state = Some(State::Watching);
    let (mut before, mut seen) = (None, Vec::new());
    loop {
        let page = world.storage.page(&filter, before, 2).await.expect("readable");
        seen.extend(page.orders.iter().map(|order| order.order_id.to_string()));
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(seen, ["5", "2", "4", "3", "1"], "page by page");
}

pub(crate) async fn pages_with_every_filter_show_each_order_once(base: Base) {
    let world = a_world_with_every_state(base).await;
    let item = Filter { reason: Some(Reason::ItemNotFound), subject: Some("BARU-01".to_owned()), ..ALL };
    let in_days = days(DayOf::Received, date(2024, 2, 1), date(2024, 2, 2));
    for filter in [
        ALL,
        Filter { state: Some(State::Invoiced), ..ALL },
        Filter { state: Some(State::Blocked), store_id: Some("8277".to_owned()), ..ALL },
        item.clone(),
        Filter { subject: Some("BARU-01".to_owned()), ..ALL },
        Filter { warning: Some(Warning::CustomerCreated), ..ALL },
        text("INV-8277"),
        Filter { state: Some(State::Blocked), ..text("INV-8277") },
        in_days.clone(),
        Filter { state: Some(State::Blocked), ..in_days.clone() },
        Filter { text: Some("INV-7475".to_owned()), ..in_days },
    ] {
        let whole = ids(&world, &filter).await;
        let (mut before, mut seen) = (None::<Position>, Vec::new());
        loop {
            let page = world.storage.page(&filter, before, 1).await.expect("readable");
            assert!(page.orders.len() <= 1);
            seen.extend(page.orders.iter().map(|order| order.order_id.to_string()));
            before = page.next;
            if before.is_none() {
                break;
            }
        }
        assert_eq!(seen, whole, "{filter:?}");
        assert_eq!(sums(&world, &filter).await, added_up(&world, &filter).await, "{filter:?}");
    }
    assert_eq!(ids(&world, &item).await, ["747503", "827703"]);
}

pub(crate) async fn blocked_orders_are_grouped_by_their_cause(base: Base) {
    let world = a_world_with_every_state(base).await;
    let causes = world.storage.causes(10).await.expect("readable");
    let of = |reason| causes.iter().find(|cause| cause.reason == reason).expect("there is one");
    let Cause { subject, sums: of_item, oldest, .. } = of(Reason::ItemNotFound);
    assert_eq!((subject.as_str(), of_item.orders), ("BARU-01", 2));
    assert_eq!(*oldest, world.order("827703").await.created_at);
    let blocked = Filter { state: Some(State::Blocked), ..ALL };
    let orders: i64 = causes.iter().map(|cause| cause.sums.orders).sum();
    let total: i64 = causes.iter().map(|cause| cause.sums.hundredths).sum();
    let all_blocked = added_up(&world, &blocked).await;
    assert_eq!((orders, total), (all_blocked.orders, all_blocked.hundredths));
    let filter = Filter { reason: Some(Reason::ItemNotFound), subject: Some("BARU-01".to_owned()), ..ALL };
    let now = world.clock_now();
    assert_eq!(
        world
            .storage
            .rearm(&Filter { subject: Some("OTHER".to_owned()), ..filter.clone() }, "ani", now)
            .await
            .expect("written"),
        0
    );
    assert_eq!(world.storage.rearm(&filter, "ani", now).await.expect("written"), 2);
    assert!(world.timeline("827703").await.contains("retried at the request of \"ani\""));
}

pub(crate) async fn a_cause_that_is_gone_is_no_group(base: Base) {
    let mut world = World::on(base).await;
    world.forstok_sends(order("1").ready_to_ship().sku("BARU-01")).await;
    world.run_until_settled().await;
    assert_eq!(world.storage.causes(10).await.expect("readable").len(), 1);
    world.accurate.add_item("BARU-01", "Barang baru");
    world.operator_retries("1").await;
    world.run_until_settled().await;
    assert_eq!(world.state("1").await, "invoiced");
    assert_eq!(world.storage.causes(10).await.expect("readable"), []);
}

pub(crate) async fn an_acknowledged_warning_no_longer_needs_attention_until_it_changes(base: Base) {
    let mut world = World::on(base).await;
    world.forstok_sends(order("1").ready_to_ship()).await;
    world.run_until_settled().await;
    world.forstok_sends(order("1").shipped().price(81_000)).await;
    world.run_until_settled().await;
    let changed = Warning::ChangedAfterInvoice;
    let open = async |world: &World| {
        let open = world.storage.open_warnings().await.expect("readable");
        open.iter().filter(|open| open.warning == changed).map(|open| open.orders).sum::<i64>()
    };
    let acknowledge = async |world: &World, warning| {
        world.storage.acknowledge(&order_id("1"), warning, "ani", world.clock_now()).await.expect("written")
    };
    let listed = async |world: &World, acknowledged| {
        ids(world, &Filter { warning: Some(changed), acknowledged: Some(acknowledged), ..ALL }).await
    };
    assert_eq!((open(&world).await, listed(&world, false).await), (1, vec!["1".to_owned()]));
    assert_eq!(acknowledge(&world, changed).await, Written::Changed);
    assert_eq!(acknowledge(&world, changed).await, Written::Unchanged, "twice is once");
    assert_eq!(acknowledge(&world, Warning::NameCut).await, Written::Unknown);
    assert_eq!((open(&world).await, listed(&world, false).await), (0, Vec::new()));
    assert_eq!(listed(&world, true).await, ["1"], "it is still shown");
    let order_now = world.order("1").await;
    let known = order_now.acknowledged.iter().find(|known| known.warning == changed).expect("it is kept");
    assert_eq!(known.actor, "ani");
    assert!(order_now.warnings.iter().any(|notice| notice.warning == changed));
    // Its subject changes.
    world.forstok_sends(order("1").shipped().price(82_000).updated_at("2023-12-01T09:00:00+07:00")).await;
    world.run_until_settled().await;
    assert_eq!((open(&world).await, listed(&world, false).await), (1, vec!["1".to_owned()]));
    assert!(world.timeline("1").await.contains("\"ani\" acknowledged: "));
    let world = world.dies_and_starts_again().await;
    assert_eq!(open(&world).await, 1);
}

pub(crate) async fn a_decision_of_a_person_is_written_once_and_refused_where_it_cannot_be(base: Base) {
    let world = a_world_with_every_state(base).await;
    let decide = async |id: &str, decision| {
        let change = ManualChange {
            decision,
            reason: Some("paid in cash".to_owned()),
            document: Some("SI.1".to_owned()),
            actor: "ani".to_owned(),
        };
        world.storage.decide_manually(&order_id(id), &change, world.clock_now()).await.expect("written")
    };
    assert_eq!(decide("827703", Some(Manual::ByHand)).await, Written::Changed);
    assert_eq!(decide("827703", Some(Manual::ByHand)).await, Written::Unchanged);
    assert_eq!(decide("827702", Some(Manual::ByHand)).await, Written::Refused(Refused::AlreadyInvoiced));
    assert_eq!(decide("827701", Some(Manual::Undo)).await, Written::Refused(Refused::NothingToUndo));
    assert_eq!(decide("827704", Some(Manual::Now)).await, Written::Refused(Refused::Cancelled));
    assert_eq!(decide("827705", Some(Manual::Now)).await, Written::Refused(Refused::Voided));
    assert_eq!(decide("827701", None).await, Written::Unchanged, "there is nothing to take back");
    assert_eq!(decide("4711", Some(Manual::Never)).await, Written::Unknown);
    let kept = world.order("827703").await.manual.expect("it is kept");
    assert_eq!((kept.decision, kept.actor.as_str(), kept.document.as_deref()), (Manual::ByHand, "ani", Some("SI.1")));
    assert_eq!(all(&world).await.iter().filter(|order| order.manual.is_some()).count(), 1);
}
