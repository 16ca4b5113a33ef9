//! Sessions, and other data that the pages need besides orders.

use forstok_accurate::{
    deciding::mapping::{self, Author, Document},
    domain::{
        day_in_wib, document::Kind, manual::Manual, notice::Arrivals, payout::Payout, reconciliation::FindingState,
    },
    storage::{
        Acted, Approving, ByHand, DayOf, FindingFilter, ManualChange, Marked, RowContent, SessionRecord, Written,
    },
};
use jiff::SignedDuration;
use serde_json::json;

use crate::{
    reconciliation::reconcile,
    world::{Base, World, order, order_id},
};

pub(crate) async fn a_session_lasts_until_its_end_or_until_it_is_ended(base: Base) {
    let world = World::on(base).await;
    let (storage, now) = (world.storage.clone(), forstok_accurate::clock::Clock::now(world.clock.as_ref()));
    let session = |digest: &str, hours| SessionRecord {
        digest: digest.to_owned(),
        operator: "ani".to_owned(),
        proof: "proof".to_owned(),
        until: now + SignedDuration::from_hours(hours),
    };
    for one in [session("short", 1), session("long", 12)] {
        storage.open_session(&one, now).await.expect("written");
    }
    assert_eq!(storage.session("long", now).await.expect("readable"), Some(session("long", 12)));
    assert_eq!(storage.session("other", now).await.expect("readable"), None);
    storage.open_session(&session("ahead", 48), now).await.expect("written");
    assert_eq!(storage.session("ahead", now).await.expect("readable"), None, "it was opened by a clock that was ahead");
    let later = now + SignedDuration::from_hours(1);
    assert_eq!(storage.session("short", later).await.expect("readable"), None, "its time is over");
    storage.open_session(&session("third", 12), later).await.expect("written");
    assert_eq!(storage.session("short", now).await.expect("readable"), None, "it was swept up");
    storage.end_session("long").await.expect("written");
    assert_eq!(storage.session("long", now).await.expect("readable"), None);
    assert!(storage.session("third", later).await.expect("readable").is_some());
}

pub(crate) async fn days_stores_and_snapshots_are_those_of_the_orders(base: Base) {
    let mut world = World::on(base).await;
    let today = day_in_wib(forstok_accurate::clock::Clock::now(world.clock.as_ref()));
    let storage = world.storage.clone();
    assert_eq!(storage.newest_webhook().await.expect("readable"), None);
    assert_eq!(storage.days(DayOf::Received, today).await.expect("readable"), []);
    world.forstok_sends(order("1").open()).await;
    world.forstok_sends(order("1").ready_to_ship()).await;
    world.forstok_sends(order("1").ready_to_ship()).await;
    world.forstok_sends(order("2").open()).await;
    world.run_until_settled().await;

    let received = storage.days(DayOf::Received, today).await.expect("readable");
    assert_eq!(received.iter().map(|day| (day.day, day.orders)).collect::<Vec<_>>(), [(today, 2)]);
    let invoiced = storage.days(DayOf::Invoiced, today).await.expect("readable");
    assert_eq!(invoiced.iter().map(|day| (day.day, day.orders)).collect::<Vec<_>>(), [(today, 1)]);
    assert!(invoiced[0].hundredths > 0);
    let tomorrow = today.tomorrow().expect("a day");
    assert_eq!(storage.days(DayOf::Received, tomorrow).await.expect("readable"), []);

    let snapshots = storage.snapshots(&order_id("1"), 10).await.expect("readable");
    let shown: Vec<_> = snapshots.iter().map(|one| (one.status.as_str(), one.times, one.counts)).collect();
    assert_eq!(shown, [("Ready to Ship", 2, true), ("Open", 1, false)]);
    assert!(snapshots.iter().all(|one| one.body.as_ref().is_some_and(|body| body.starts_with(b"{"))));
    assert_eq!(storage.stores().await.expect("readable").len(), 1);
    assert!(storage.newest_webhook().await.expect("readable").is_some());
}

pub(crate) async fn the_times_between_new_orders_are_known(base: Base) {
    let mut world = World::on(base).await;
    let (storage, began) = (world.storage.clone(), world.clock_now());
    assert_eq!(storage.arrivals(began, began).await.expect("readable"), Arrivals::default());
    for (id, minutes_before) in [("1", 0), ("2", 90), ("3", 30), ("4", 60)] {
        world.advance(minutes_before * 60);
        world.forstok_sends(order(id).open()).await;
    }
    // News about a known order is no new order.
    world.advance(600);
    world.forstok_sends(order("4").ready_to_ship()).await;
    let minutes = SignedDuration::from_mins;
    let now = world.clock_now();
    let all = Arrivals { over: minutes(180), longest_gap: minutes(90) };
    assert_eq!(storage.arrivals(began, now).await.expect("readable"), all);
    let later = Arrivals { over: minutes(90), longest_gap: minutes(60) };
    assert_eq!(storage.arrivals(began + minutes(60), now).await.expect("readable"), later, "only what came since then");
}

/// The pages and the API refuse it; what reaches the storage by another way must not fail on one database only.
pub(crate) async fn a_text_with_nul_is_stored_wherever_a_person_can_send_one(base: Base) {
    let mut world = World::on(base).await;
    world.forstok_sends(order("1").ready_to_ship()).await;
    world.forstok_sends(order("2").open()).await;
    world.forstok_sends(order("3").ready_to_ship()).await;
    world.run_until_settled().await;
    let (storage, now) = (world.storage.clone(), world.clock_now());
    let (typed, kept) = ("a\0b".to_owned(), "a\u{fffd}b");

    let never = ManualChange {
        decision: Some(Manual::Never),
        reason: Some(typed.clone()),
        document: Some(typed.clone()),
        actor: typed.clone(),
    };
    assert_eq!(storage.decide_manually(&order_id("2"), &never, now).await.expect("written"), Written::Changed);
    let decided = world.order("2").await.manual.expect("a person decided");
    assert_eq!((decided.reason.as_deref(), decided.actor.as_str()), (Some(kept), kept));

    assert!(world.accurate.remove_invoice("INV-1"));
    reconcile(&world).await;
    let found = storage.findings(&FindingFilter::default(), None, 1).await.expect("readable").remove(0);
    assert_eq!(storage.close_finding(found.id, &typed, &typed, now).await.expect("written"), Acted::Done);
    let closed = storage.findings(&FindingFilter::default(), None, 1).await.expect("readable").remove(0);
    assert_eq!(closed.state, FindingState::Closed);
    assert_eq!(closed.closed.map(|by| (by.actor, by.reason)), Some((kept.to_owned(), kept.to_owned())));

    let payout: Payout = serde_json::from_value(json!({
        "source": "shopee", "id": "p", "store_id": "8277", "channel_order_id": "INV-9", "paid_at": "2024-01-31", "net": 1,
        "amounts": {},
    }))
    .expect("a payout");
    storage.record_rows(&[RowContent::Payout(payout)], now).await.expect("recorded");
    let by_hand =
        ByHand { document: Some(typed.clone()), amount: None, reason: typed.clone(), actor: typed.clone(), at: now };
    let mark = async |id| storage.mark_by_hand(Kind::Receipt, ("shopee", id), Some(&by_hand), &typed, now).await;
    assert_eq!(mark("p").await.expect("written"), Marked::Done);
    assert_eq!(mark("p\0").await.expect("readable"), Marked::Unknown);
    let keys = [(typed.clone(), typed.clone())];
    assert_eq!(storage.approve_rows(Kind::Receipt, Approving::Keys(&keys), &typed, now).await.expect("written"), 0);

    let before = storage.mapping().await.expect("readable").expect("there is one");
    let changed = format!("{}\n[returns]\nmode = \"approve\"\n", before.document);
    let document = Document::from_toml("mapping.toml", &changed).expect("valid");
    let author = Author { who: &typed, note: &typed };
    mapping::apply(storage.as_ref(), world.clock.as_ref(), document, author, None).await.expect("written");
    let after = storage.mapping().await.expect("readable").expect("there is one");
    assert_eq!((after.who.as_str(), after.note.as_str()), (kept, kept));
}
