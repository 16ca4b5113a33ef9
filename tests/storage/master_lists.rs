//! The lists of an Accurate database: shown only in full, searched, requested.

use forstok_accurate::{
    clock::Clock,
    domain::masters::{ListFailure, Master, MasterKind},
    storage::{MasterList, MasterReading, MasterSearch, ReadingProgress},
};
use jiff::SignedDuration;

use crate::world::{BOOK, Base, World, order};

const DAY: SignedDuration = SignedDuration::from_hours(24);

pub(crate) fn item(id: i64, no: &str, name: &str) -> Master {
    Master { id, no: no.to_owned(), name: name.to_owned(), kind: "INVENTORY".to_owned(), suspended: false }
}

async fn begins(world: &World, kind: MasterKind) -> MasterReading {
    let now = world.clock.now();
    world.storage.begin_master_reading(BOOK, kind, now, now + DAY).await.expect("written")
}

/// A list is read in one page.
async fn is_read(world: &World, kind: MasterKind, rows: &[Master]) {
    let reading = begins(world, kind).await;
    while world.storage.clear_master_reading(&reading, 2).await.expect("written") > 0 {}
    assert!(world.storage.add_masters(&reading, rows, rows.len() as i64).await.expect("written"));
    assert!(world.storage.finish_master_reading(&reading, world.clock.now()).await.expect("written"));
}

async fn list(world: &World, kind: MasterKind) -> MasterList {
    let lists = world.storage.master_lists(BOOK).await.expect("readable");
    assert_eq!(lists.iter().map(|list| list.kind).collect::<Vec<_>>(), MasterKind::ALL);
    lists.into_iter().find(|list| list.kind == kind).expect("every list is there")
}

async fn found(world: &World, search: &MasterSearch) -> Option<Vec<i64>> {
    let rows = world.storage.masters(BOOK, MasterKind::Items, search).await.expect("readable");
    rows.map(|rows| rows.iter().map(|row| row.id).collect())
}

async fn shown(world: &World) -> Vec<i64> {
    found(world, &MasterSearch { limit: 100, ..MasterSearch::default() }).await.expect("from the beginning")
}

pub(crate) async fn a_list_is_shown_only_once_it_was_read_in_full(base: Base) {
    let mut world = World::on(base).await;
    assert_eq!(list(&world, MasterKind::Items).await, MasterList::unread(MasterKind::Items));
    assert_eq!(shown(&world).await, Vec::<i64>::new());
    is_read(&world, MasterKind::Items, &[item(1, "A", "a"), item(2, "B", "b"), item(3, "C", "c")]).await;
    let read_at = world.clock.now();
    world.advance(60);
    // Another reading, of which three pages of two rows have come.
    let reading = begins(&world, MasterKind::Items).await;
    assert_eq!(world.storage.clear_master_reading(&reading, 2).await.expect("written"), 0, "the half was never used");
    for page in [[4, 5], [6, 7], [8, 9]] {
        let rows = page.map(|id| item(id, &format!("D{id}"), "d"));
        assert!(world.storage.add_masters(&reading, &rows, 6).await.expect("written"));
    }
    let under_way = list(&world, MasterKind::Items).await;
    assert_eq!((under_way.rows, under_way.read_at), (3, Some(read_at)));
    assert_eq!(under_way.reading, Some(ReadingProgress { rows: 6, of: 6 }));
    assert_eq!(shown(&world).await, [1, 2, 3]);
    assert!(world.storage.finish_master_reading(&reading, world.clock.now()).await.expect("written"));
    assert_eq!(shown(&world).await, [4, 5, 6, 7, 8, 9]);
    let ended = list(&world, MasterKind::Items).await;
    assert_eq!((ended.rows, ended.read_at, ended.reading), (6, Some(world.clock.now()), None));
    // What was shown before makes room for the next reading, a few rows at a time.
    let reading = begins(&world, MasterKind::Items).await;
    for cleared in [2, 1, 0] {
        assert_eq!(world.storage.clear_master_reading(&reading, 2).await.expect("written"), cleared);
    }
    assert_eq!(shown(&world).await.len(), 6);
    assert_eq!(list(&world, MasterKind::Accounts).await, MasterList::unread(MasterKind::Accounts));
    assert_eq!(
        world.storage.master_lists(&"other".into()).await.expect("readable")[0].rows,
        0,
        "another book's are others"
    );
}

pub(crate) async fn a_reading_that_failed_leaves_what_was_shown_before(base: Base) {
    let mut world = World::on(base).await;
    is_read(&world, MasterKind::Items, &[item(1, "A", "a")]).await;
    let read_at = world.clock.now();
    world.advance(60);
    let reading = begins(&world, MasterKind::Items).await;
    world.storage.add_masters(&reading, &[item(2, "B", "b")], 2).await.expect("written");
    let failure = ListFailure::CallFailed("no \0 answer".to_owned());
    let again_at = world.clock.now() + SignedDuration::from_mins(10);
    assert!(world.storage.fail_master_reading(&reading, &failure, again_at).await.expect("written"));
    let failed = list(&world, MasterKind::Items).await;
    let kept = Some(ListFailure::CallFailed("no \u{fffd} answer".to_owned()));
    assert_eq!((failed.rows, failed.read_at, failed.reading, failed.failure), (1, Some(read_at), None, kept));
    assert_eq!(failed.next_at, again_at);
    assert_eq!(shown(&world).await, [1]);
    // The next reading begins without what the failed one left, and a success ends the failure.
    is_read(&world, MasterKind::Items, &[item(2, "B", "b")]).await;
    assert_eq!(shown(&world).await, [2]);
    assert_eq!(list(&world, MasterKind::Items).await.failure, None);
}

pub(crate) async fn a_late_reader_changes_nothing(base: Base) {
    let world = World::on(base).await;
    let (late, current) = (begins(&world, MasterKind::Items).await, begins(&world, MasterKind::Items).await);
    let (storage, now) = (&world.storage, world.clock.now());
    assert!(storage.add_masters(&current, &[item(1, "A", "a")], 1).await.expect("written"));
    assert!(!storage.add_masters(&late, &[item(2, "B", "b")], 1).await.expect("written"));
    assert_eq!(storage.clear_master_reading(&late, 100).await.expect("written"), 0);
    assert!(!storage.finish_master_reading(&late, now).await.expect("written"));
    assert!(!storage.fail_master_reading(&late, &ListFailure::Changed, now).await.expect("written"));
    assert!(storage.finish_master_reading(&current, now).await.expect("written"));
    assert!(!storage.finish_master_reading(&current, now).await.expect("written"), "a reading ends once");
    assert_eq!(shown(&world).await, [1]);
}

pub(crate) async fn rows_are_found_by_any_part_of_number_or_name(base: Base) {
    let world = World::on(base).await;
    let rows = [
        item(1, "AAA2002", "Sepatu Formal"),
        item(2, "KAOS-M", "Kaos Polos M"),
        item(3, "KAOS-L", "Kaos Polos L"),
        item(4, "XKAOS-S", "Celana 50% wol"),
        item(5, "Z_9", "É́tui"),
    ];
    is_read(&world, MasterKind::Items, &rows).await;
    for (text, ids) in [
        ("kaos", vec![3, 2, 4]),
        ("KAOS-M", vec![2]),
        ("polos m", vec![2]),
        ("sepatu", vec![1]),
        ("2002", vec![1]),
        ("  kaos-l ", vec![3]),
        ("%", vec![4]),
        ("_", vec![5]),
        ("!", vec![]),
        ("é", vec![5]),
        ("' OR 1=1 --", vec![]),
        ("\0", vec![]),
        ("", vec![1, 3, 2, 4, 5]),
    ] {
        let search = MasterSearch { text: text.to_owned(), limit: 10, ..MasterSearch::default() };
        assert_eq!(found(&world, &search).await, Some(ids), "{text:?}");
    }
    let first = MasterSearch { limit: 1, ..MasterSearch::default() };
    let rows = world.storage.masters(BOOK, MasterKind::Items, &first).await.expect("readable");
    assert_eq!(rows, Some(vec![item(1, "AAA2002", "Sepatu Formal")]));
}

pub(crate) async fn pages_of_a_list_show_every_row_once(base: Base) {
    let world = World::on(base).await;
    let names = ["kaos", "polos", "kaos polos", "sepatu"];
    let row = |id: i64| item(id, &format!("{}-{}", ["KA", "AKA"][id as usize % 2], id % 7), names[id as usize % 4]);
    let rows: Vec<_> = (1..=60).map(row).collect();
    is_read(&world, MasterKind::Items, &rows).await;
    for (text, expected) in [("", 60), ("ka", 60), ("ka-", 60), ("kaos", 30), ("aka-3", 5)] {
        for limit in [1, 7, 30] {
            let mut search = MasterSearch { text: text.to_owned(), limit, ..MasterSearch::default() };
            let mut seen = Vec::new();
            loop {
                let page = found(&world, &search).await.expect("the row is there");
                search.after = page.last().copied();
                seen.extend(&page);
                if page.is_empty() {
                    break;
                }
            }
            let in_one =
                found(&world, &MasterSearch { text: text.to_owned(), limit: 100, ..MasterSearch::default() }).await;
            assert_eq!(Some(&seen), in_one.as_ref(), "{text:?} by {limit}");
            seen.sort_unstable();
            seen.dedup();
            assert_eq!(seen.len(), expected, "{text:?} by {limit}");
        }
    }
    let gone = MasterSearch { after: Some(99), limit: 10, ..MasterSearch::default() };
    assert_eq!(found(&world, &gone).await, None, "there is no such row");
}

pub(crate) async fn values_are_found_exactly_and_rows_by_type_however_long_a_list_is(base: Base) {
    let world = World::on(base).await;
    let mut accounts: Vec<_> = (1..=400).map(|id| item(id, &format!("{}", 100_000 + id), "Beban")).collect();
    "CASH_BANK".clone_into(&mut accounts[399].kind);
    "CASH_BANK".clone_into(&mut accounts[398].kind);
    accounts[398].suspended = true;
    is_read(&world, MasterKind::Accounts, &accounts).await;
    let branches = [item(1, "", "Utama"), item(2, "", "Utama Timur")];
    is_read(&world, MasterKind::Branches, &branches).await;
    let named = async |kind, values: &[&str]| {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        let found = world.storage.masters_named(BOOK, kind, &values).await.expect("readable");
        found.iter().map(|row| row.id).collect::<Vec<_>>()
    };
    assert_eq!(named(MasterKind::Accounts, &["100399", "1003", "nothing", "", "100001"]).await, [1, 399]);
    assert_eq!(named(MasterKind::Branches, &["Utama", "utama timur"]).await, [1], "upper and lower case differ");
    let banks = async |is_active| {
        let of_type = "CASH_BANK".to_owned();
        let search = MasterSearch { text: "beban".to_owned(), limit: 5, of_type, is_active, after: None };
        let found = world.storage.masters(BOOK, MasterKind::Accounts, &search).await.expect("readable");
        found.expect("from the beginning").iter().map(|row| row.id).collect::<Vec<_>>()
    };
    assert_eq!((banks(true).await, banks(false).await), (vec![400], vec![399, 400]));
}

pub(crate) async fn a_request_has_a_list_read_and_a_blocked_order_not_too_often(base: Base) {
    let mut world = World::on(base).await;
    let now = world.clock.now();
    world.storage.request_master_list(BOOK, MasterKind::Terms, now).await.expect("written");
    assert_eq!(list(&world, MasterKind::Terms).await.next_at, now, "also a list that was never read");
    is_read(&world, MasterKind::Items, &[item(1, "A", "a")]).await;
    assert_eq!(list(&world, MasterKind::Items).await.next_at, now + DAY);
    world.forstok_sends(order("1").ready_to_ship().sku("BARU-01")).await;
    world.run_until_idle().await;
    assert_eq!(world.state("1").await, "blocked: item_not_found");
    let soon = now + SignedDuration::from_mins(5);
    assert_eq!(list(&world, MasterKind::Items).await.next_at, soon, "five minutes after the reading began");
    world.advance(3_600);
    world.forstok_sends(order("2").ready_to_ship().sku("BARU-02")).await;
    world.run_until_idle().await;
    assert_eq!(list(&world, MasterKind::Items).await.next_at, soon, "it is due already");
    is_read(&world, MasterKind::Items, &[item(1, "A", "a")]).await;
    let now = world.clock.now();
    world.storage.request_master_list(BOOK, MasterKind::Items, now).await.expect("written");
    assert_eq!(list(&world, MasterKind::Items).await.next_at, now, "a person need not wait");
}
