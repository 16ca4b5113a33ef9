//! Mappings, books, and whether storage is available.

use std::time::Duration;

use forstok_accurate::{
    clock::Clock,
    domain::mapping::PostingMode,
    storage::{Leadership, NewMapping, State, Superseded},
};

use super::{a_world_with_every_state, all, undecided};
use crate::world::{BOOK, Base, World, order};

const LEASE: Duration = Duration::from_mins(1);

fn new_mapping(world_document: &str, replaces: i64) -> NewMapping {
    let changes = vec!["invoice_date: \"reached\" → \"ordered\"".to_owned()];
    let (document, who) = (world_document.to_owned(), "test".to_owned());
    NewMapping { document, who, note: String::new(), changes, posting: PostingMode::On, replaces }
}

pub(super) async fn a_mapping_replaces_the_one_it_was_made_for_and_no_other(base: Base) {
    let world = World::on(base).await;
    let storage = &world.storage;
    let first = storage.mapping().await.expect("readable").expect("the world's own");
    assert_eq!((first.revision, storage.mapping_revision().await.expect("readable")), (1, 1));
    let (now, new) = (world.clock.now(), new_mapping(&format!("{}\n# anew", first.document), 1));
    let second = storage.put_mapping(&new, now).await.expect("written").expect("nobody was faster");
    assert_eq!((second.revision, second.at, &second.who), (2, now, &new.who));
    let late = storage.put_mapping(&new, now).await.expect("written");
    assert_eq!(late, Err(Superseded { active: 2 }), "somebody was");
    assert_eq!(storage.mapping().await.expect("readable"), Some(second.clone()));
    let next = new_mapping(&first.document, 2);
    let third = storage.put_mapping(&next, now).await.expect("written").expect("nobody was faster");
    let late = storage.put_mapping(&new, now).await.expect("written");
    assert_eq!(late, Err(Superseded { active: 3 }), "the active revision is named, not the next one");
    let history = storage.mapping_history(10).await.expect("readable");
    assert_eq!(history, [third, second, first], "newest first");
    assert_eq!(storage.mapping_history(1).await.expect("readable").len(), 1);
}

pub(super) async fn a_mapping_has_all_orders_decided_again_that_it_may_change(base: Base) {
    let world = a_world_with_every_state(base).await;
    world.decide_all().await;
    assert!(undecided(&world).await.is_empty());
    let before = world.storage.mapping().await.expect("readable").expect("there is one");
    let new = new_mapping(&before.document, before.revision);
    world.storage.put_mapping(&new, world.clock.now()).await.expect("written").expect("nobody was faster");
    let anew: Vec<_> = undecided(&world).await.into_iter().map(|order| order.state).collect();
    let may_change = |state| matches!(state, State::Watching | State::Blocked | State::Due);
    let expected = all(&world).await.into_iter().filter(|order| may_change(order.state)).count();
    // The order whose save may have arrived is looked up first.
    assert!(anew.len() >= expected - 2 && anew.iter().all(|state| may_change(*state)), "{anew:?} of {expected}");
}

pub(super) async fn a_verdict_by_another_mapping_changes_nothing(base: Base) {
    let mut world = World::on(base).await;
    world.forstok_sends(order("1").ready_to_ship()).await;
    let before = world.storage.mapping().await.expect("readable").expect("there is one");
    let new = new_mapping(&before.document, 1);
    world.storage.put_mapping(&new, world.clock.now()).await.expect("written").expect("nobody else applies one");
    let waiting = undecided(&world).await.remove(0);
    assert_eq!(super::decide(&world, super::ignoring(&waiting)).await, 0);
    let by_the_new = super::Verdict { mapping_revision: 2, ..super::ignoring(&waiting) };
    assert_eq!(super::decide(&world, by_the_new).await, 1);
}

pub(super) async fn a_book_is_taken_once_and_then_kept(base: Base) {
    let world = World::on(base).await;
    let hold = async |book| world.storage.lead(book, "one", LEASE, None).await.expect("written");
    // Without other processes, there is nothing to remember.
    let (taken, kept) = match hold(BOOK.as_str()).await {
        Leadership::Sole => (Leadership::Sole, Leadership::Sole),
        first => (first, Leadership::Renewed),
    };
    assert!([Leadership::Sole, Leadership::Won].contains(&taken), "{taken:?}");
    assert_eq!(hold(BOOK.as_str()).await, kept);
    assert_eq!(hold("another").await, taken, "each book on its own");
    assert_eq!(hold(BOOK.as_str()).await, kept);
    world.storage.resign("one").await.expect("written");
    assert_eq!(hold(BOOK.as_str()).await, taken);
    world.storage.notify_others().await.expect("called");
}

pub(super) async fn a_store_that_can_be_written_to_says_so_as_often_as_it_is_asked(base: Base) {
    let world = World::on(base).await;
    for _ in 0..3 {
        world.storage.ping().await.expect("it is there");
    }
    world.storage.close().await;
}
