//! The lists of Accurate from which people choose: read in full or not at all, in the background, without delaying
//! orders.

use std::time::Duration;

use forstok_accurate::{
    clock::Clock,
    domain::{
        contradiction::Contradiction,
        masters::{ListFailure, Master, MasterKind},
        operator::{Actor, Role},
    },
    engine::run::Running,
    sandbox::{Action, CallRecord, Fault, Masters},
    storage::{MasterList, MasterSearch, State},
};
use jiff::{SignedDuration, Timestamp};

use crate::world::{BOOK, World, order};

/// Reads every list that is due; returns which.
async fn reads_lists(world: &World) -> Vec<MasterKind> {
    let mut read = Vec::new();
    while let Some(kind) = world.engine.read_due_list(BOOK).await.expect("stored") {
        read.push(kind);
        assert!(read.len() <= 20, "lists are read in circles: {read:?}");
    }
    read
}

async fn list(world: &World, kind: MasterKind) -> MasterList {
    let lists = world.storage.master_lists(BOOK).await.expect("readable");
    lists.into_iter().find(|list| list.kind == kind).expect("every list is there")
}

async fn rows(world: &World, kind: MasterKind) -> Vec<Master> {
    let search = MasterSearch { limit: 1_000_000, ..MasterSearch::default() };
    world.storage.masters(BOOK, kind, &search).await.expect("readable").expect("from the beginning")
}

async fn world_with_items(count: usize) -> World {
    let world = World::without_bulk().await;
    world.accurate.add_masters(&Masters::default().many_items(count));
    world
}

fn operator() -> Actor {
    Actor { name: "ani".to_owned(), role: Role::Work }
}

#[tokio::test]
async fn at_the_first_start_every_list_is_read_in_full() {
    let world = World::new().await;
    world.accurate.add_masters(&Masters::default().many_items(250).customer("8277", "Toko Kaos"));
    world.accurate.suspend_item("ITEM-00007");
    assert_eq!(reads_lists(&world).await, MasterKind::ALL);
    let items = rows(&world, MasterKind::Items).await;
    assert_eq!(items.len(), 8 + 250);
    let seventh = items.iter().find(|item| item.no == "ITEM-00007").expect("it was read");
    assert_eq!((&*seventh.name, &*seventh.kind, seventh.suspended), ("Barang contoh 7", "INVENTORY", true));
    assert_eq!(items.iter().filter(|item| item.suspended).count(), 1);
    let accounts = rows(&world, MasterKind::Accounts).await;
    let bank = accounts.iter().find(|account| account.no == "110102").expect("it was read");
    assert_eq!((&*bank.name, &*bank.kind), ("Saldo Shopee", "CASH_BANK"));
    let customers = rows(&world, MasterKind::Customers).await;
    assert_eq!(customers.iter().map(|row| (&*row.no, &*row.name)).collect::<Vec<_>>(), [("8277", "Toko Kaos")]);
    for (kind, names) in [
        (MasterKind::Warehouses, vec!["Gudang B", "Utama"]),
        (MasterKind::Branches, vec!["Kantor Pusat"]),
        (MasterKind::Terms, vec!["Net 7"]),
        (MasterKind::Taxes, vec!["Pajak Pertambahan Nilai"]),
    ] {
        assert_eq!(rows(&world, kind).await.iter().map(|row| &*row.name).collect::<Vec<_>>(), names, "{kind}");
    }
    let read = list(&world, MasterKind::Items).await;
    assert_eq!((read.rows, read.failure, read.reading), (258, None, None));
    assert!(read.read_at.is_some());
}

#[tokio::test]
async fn a_list_is_read_again_after_a_day_and_when_somebody_requests_it() {
    let mut world = World::new().await;
    reads_lists(&world).await;
    assert_eq!(reads_lists(&world).await, []);
    world.advance(3_600);
    world.engine.refresh_list(BOOK, MasterKind::Warehouses, &operator()).await.expect("written");
    assert_eq!(reads_lists(&world).await, [MasterKind::Warehouses]);
    world.advance(23 * 3_600 + 60);
    let mut others = MasterKind::ALL.to_vec();
    others.retain(|kind| *kind != MasterKind::Warehouses);
    assert_eq!(reads_lists(&world).await, others);
}

#[tokio::test]
async fn a_list_is_read_again_after_the_clock_was_set_back() {
    let world = World::new().await;
    world.clock.is_set_ahead(SignedDuration::from_hours(24 * 365));
    reads_lists(&world).await;
    world.clock.is_set_ahead(SignedDuration::ZERO);
    assert_eq!(reads_lists(&world).await, MasterKind::ALL);
}

#[tokio::test]
async fn an_order_that_is_blocked_for_an_item_has_the_items_read_again_but_not_all_the_time() {
    let mut world = World::new().await;
    reads_lists(&world).await;
    world.advance(600);
    for id in 1..=5 {
        world.forstok_sends(order(&id.to_string()).ready_to_ship().sku(&format!("BARU-{id}"))).await;
    }
    world.run_until_idle().await;
    assert_eq!(world.count(State::Blocked).await, 5);
    assert_eq!(reads_lists(&world).await, [MasterKind::Items], "only the list that could explain it");
    world.forstok_sends(order("6").ready_to_ship().sku("BARU-6")).await;
    world.run_until_idle().await;
    assert_eq!(reads_lists(&world).await, [], "it was read a moment ago");
    world.advance(300);
    assert_eq!(reads_lists(&world).await, [MasterKind::Items]);
}

/// Reads a list of 258 items, then again with a fault; returns what is known of it afterwards.
async fn read_with(fault: Fault, times: usize) -> (World, MasterList) {
    let mut world = world_with_items(250).await;
    reads_lists(&world).await;
    world.advance(3_600);
    world.accurate.add_item("BARU-01", "Barang baru");
    world.accurate.next(Action::ItemList, fault, times);
    world.engine.refresh_list(BOOK, MasterKind::Items, &operator()).await.expect("written");
    assert_eq!(reads_lists(&world).await, [MasterKind::Items]);
    let read = list(&world, MasterKind::Items).await;
    (world, read)
}

/// How many calls always meet the fault.
const ALWAYS: usize = 1_000;

#[tokio::test]
async fn a_list_that_never_comes_as_asked_leaves_the_old_one_and_says_why() {
    for (fault, contradiction) in [
        (Fault::ListRepeats, Contradiction::OtherPage { asked: 2, came: 1 }),
        (Fault::ListCutOff, Contradiction::OtherRowCount { page: 1, came: 99, due: 100 }),
        (Fault::ListCountOff, Contradiction::OtherRowCount { page: 3, came: 59, due: 60 }),
        (Fault::ListEmpty, Contradiction::EmptyNow { before: 258 }),
    ] {
        let (world, read) = read_with(fault, ALWAYS).await;
        assert_eq!(read.failure, Some(ListFailure::Inconsistent(contradiction)), "{fault:?}");
        assert_eq!((read.rows, rows(&world, MasterKind::Items).await.len()), (258, 258), "{fault:?}");
        assert!(read.read_at.is_some_and(|at| at < world.clock.now() - SignedDuration::from_mins(59)), "{fault:?}");
        assert!(read.next_at > world.clock.now(), "it is read again, but not at once: {fault:?}");
    }
}

#[tokio::test]
async fn a_list_that_comes_as_asked_the_second_time_is_shown() {
    for fault in [Fault::ListCutOff, Fault::ListEmpty, Fault::ListCountOff] {
        let (world, read) = read_with(fault, 1).await;
        assert_eq!((read.failure, read.rows), (None, 259), "{fault:?}");
        assert!(rows(&world, MasterKind::Items).await.iter().any(|item| item.no == "BARU-01"));
    }
}

#[tokio::test]
async fn a_list_that_changes_while_it_is_read_is_read_again_until_it_does_not() {
    // The first call adds a row before the first page, the second before the second.
    let (world, read) = read_with(Fault::ListGrows, 2).await;
    assert_eq!((read.failure, read.rows), (None, 261));
    assert_eq!(rows(&world, MasterKind::Items).await.len(), 261);
    let (world, read) = read_with(Fault::ListGrows, ALWAYS).await;
    assert_eq!((read.failure, read.rows), (Some(ListFailure::Changed), 258));
    assert_eq!(rows(&world, MasterKind::Items).await.len(), 258, "nobody ever sees half a list");
}

#[tokio::test]
async fn a_call_that_fails_in_the_middle_is_made_again() {
    for fault in [Fault::Error5xxBefore, Fault::DroppedAfter, Fault::HtmlBefore, Fault::LimitMessage, Fault::Limit429] {
        let (_, read) = read_with(fault, 2).await;
        assert_eq!((read.failure, read.rows), (None, 259), "{fault:?}");
    }
    let (world, read) = read_with(Fault::UpsssBefore, ALWAYS).await;
    let Some(ListFailure::CallFailed(words)) = read.failure else { panic!("it failed: {read:?}") };
    assert!(words.contains("Upsss"), "Accurate's own words: {words}");
    assert_eq!(rows(&world, MasterKind::Items).await.len(), 258);
}

#[tokio::test]
async fn a_missing_right_is_named_and_stops_neither_other_lists_nor_orders() {
    let mut world = World::new().await;
    world.accurate.withhold_right(Action::TaxList);
    assert_eq!(reads_lists(&world).await, MasterKind::ALL);
    let Some(ListFailure::RightMissing(words)) = list(&world, MasterKind::Taxes).await.failure else {
        panic!("the right is missing")
    };
    assert!(words.starts_with("Anda tidak mempunyai hak untuk"), "{words}");
    assert_eq!(list(&world, MasterKind::Items).await.failure, None);
    world.forstok_sends(order("1").ready_to_ship()).await;
    world.run_until_settled().await;
    assert_eq!(world.state("1").await, "invoiced");
    assert_eq!(world.pause(), None);
    world.accurate.grant_right(Action::TaxList);
    world.advance(601);
    assert_eq!(reads_lists(&world).await, [MasterKind::Taxes], "it is read again automatically");
    assert_eq!(list(&world, MasterKind::Taxes).await.failure, None);
}

#[tokio::test]
async fn a_paused_book_is_not_read() {
    let mut world = World::new().await;
    world.accurate.revoke_token();
    world.forstok_sends(order("1").ready_to_ship()).await;
    world.run_until_idle().await;
    assert_eq!(world.pause(), Some("token_refused"));
    assert_eq!(reads_lists(&world).await, []);
    assert_eq!(world.accurate.call_count(Action::AccountList), 0);
    world.accurate.restore_token();
    world.run_until_settled().await;
    assert_eq!(reads_lists(&world).await, MasterKind::ALL);
}

#[tokio::test]
async fn a_reading_that_was_cut_short_by_a_crash_is_repeated_and_the_old_list_stays_until_then() {
    let mut world = world_with_items(250).await;
    reads_lists(&world).await;
    world.accurate.add_item("BARU-01", "Barang baru");
    world.advance(3_600);
    let calls = world.accurate.call_count(Action::ItemList);
    world.engine.refresh_list(BOOK, MasterKind::Items, &operator()).await.expect("written");
    {
        let reading = world.engine.read_due_list(BOOK);
        let two_pages = async {
            while world.accurate.call_count(Action::ItemList) < calls + 2
                || list(&world, MasterKind::Items).await.reading.is_none_or(|reading| reading.rows < 100)
            {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            _ = reading => panic!("the process dies before the reading ends"),
            () = two_pages => {}
        }
    }
    world = world.dies_and_starts_again().await;
    let interrupted = list(&world, MasterKind::Items).await;
    assert_eq!((interrupted.rows, interrupted.reading.is_some()), (258, true));
    assert_eq!(rows(&world, MasterKind::Items).await.len(), 258);
    assert_eq!(reads_lists(&world).await, [MasterKind::Items]);
    assert_eq!(rows(&world, MasterKind::Items).await.len(), 259);
}

/// Simulated seconds in which the service, which runs, invoices so many orders, each alone.
async fn seconds_for(world: &mut World, orders: usize) -> i64 {
    let began = world.clock.now();
    for id in 1..=orders {
        world.forstok_sends(order(&id.to_string()).ready_to_ship()).await;
    }
    world.eventually("all are invoiced", |world| world.accurate.invoice_count() == orders).await;
    world.clock.now().duration_since(began).as_secs()
}

/// The most calls that were made within the second before a page of items was asked for.
fn most_calls_before_a_page(world: &World) -> usize {
    let calls = world.accurate.calls();
    let within_a_second =
        |at: Timestamp, earlier: &CallRecord| at.duration_since(earlier.at) < SignedDuration::from_secs(1);
    let pages = calls.iter().enumerate().filter(|(_, call)| call.action == Some(Action::ItemList));
    let before = |(nth, page): (usize, &CallRecord)| {
        calls[..nth].iter().rev().take_while(|earlier| within_a_second(page.at, earlier)).count()
    };
    pages.map(before).max().expect("there are pages")
}

#[tokio::test]
async fn twenty_thousand_items_are_read_in_the_background_while_orders_go_on_at_full_speed() {
    const ORDERS: usize = 80;
    let mut alone = World::without_bulk().await;
    reads_lists(&alone).await;
    let running = Running::start(&alone.engine, None);
    alone.eventually("it runs", |_| true).await;
    let seconds_alone = seconds_for(&mut alone, ORDERS).await;
    assert!(running.stop(Duration::from_mins(1)).await, "it stops");

    let mut world = world_with_items(20_000).await;
    let running = Running::start(&world.engine, None);
    world.eventually("pages come", |world| world.accurate.call_count(Action::ItemList) >= 20).await;
    let progress = list(&world, MasterKind::Items).await.reading.expect("it is being read");
    assert!(progress.rows >= 1_000 && progress.rows < 20_000 && progress.of == 20_008, "{progress:?}");
    let pages = world.accurate.call_count(Action::ItemList);
    let seconds = seconds_for(&mut world, ORDERS).await;
    let pages = world.accurate.call_count(Action::ItemList) - pages;
    assert!(seconds <= seconds_alone + 1, "{seconds} s instead of {seconds_alone} s");
    assert!(pages <= 8, "the reading gives way at once: {pages} pages in {seconds} s");
    let began = (world.clock.now(), world.accurate.call_count(Action::ItemList));
    world.eventually("every page came", |world| world.accurate.call_count(Action::ItemList) >= 201).await;
    let (seconds, pages) = (world.clock.now().duration_since(began.0).as_secs_f64(), 201 - began.1);
    let rate = pages as f64 / seconds;
    assert!((3.0..=4.0).contains(&rate), "with nothing else to do, {rate} pages a second");
    assert!(most_calls_before_a_page(&world) <= 3, "half of what Accurate allows is left to orders at any time");
    while list(&world, MasterKind::Items).await.reading.is_some() {
        tokio::task::yield_now().await;
    }
    assert!(running.stop(Duration::from_mins(1)).await, "it stops");
    assert_eq!(list(&world, MasterKind::Items).await.rows, 20_008);
}
