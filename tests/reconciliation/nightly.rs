//! What a nightly run could not read is read again every hour, until everything is read or the next night begins.

use forstok_accurate::{
    domain::reconciliation::Class,
    sandbox::{Action, Fault, ForstokFault, ForstokSandbox},
    storage::Run,
};
use jiff::{Timestamp, civil::date};

use super::{
    adds_up,
    forstok::{REPORT, order_by_order},
    found, open,
};
use crate::world::{BOOK, Base, World, order};

const AN_HOUR: i64 = 3_600;

pub(super) fn moves_to(world: &mut World, moment: &str) {
    let moment: Timestamp = moment.parse().expect("a time");
    world.advance(moment.duration_since(world.clock_now()).as_secs());
}

/// The run that the clock requests now, once it is carried out; `None` if it requests none.
pub(super) async fn nightly(world: &World) -> Option<Run> {
    let newest = async || world.storage.runs(None, 1).await.expect("readable").into_iter().next();
    let before = newest().await.map(|run| run.id);
    world.engine.request_nightly_reconciliation().await.expect("written");
    world.engine.request_nightly_reconciliation().await.expect("written");
    let run = newest().await.filter(|run| Some(run.id) != before)?;
    assert!(before.is_none_or(|before| run.id == before + 1), "it is requested once");
    while world.engine.reconcile(BOOK).await.expect("stored") {}
    while world.engine.reconcile_forstok().await.expect("stored") {}
    newest().await
}

pub(super) async fn an_incomplete_night_is_repeated_every_hour(base: Base) {
    let mut world = World::on(base).await;
    for id in ["1", "2"] {
        world.forstok_sends(order(id).ready_to_ship().updated_at("2024-01-30T10:12:00+07:00")).await;
    }
    world.run_until_settled().await;
    assert!(world.accurate.remove_invoice("INV-1"));
    moves_to(&mut world, "2024-02-02T02:31:00+07:00");
    world.accurate.next(Action::InvoiceList, Fault::ListEmpty, 100_000);
    let night = nightly(&world).await.expect("its time has come");
    assert!(!night.is_complete(), "{night:?}");

    world.advance(AN_HOUR - 60);
    assert_eq!(nightly(&world).await, None, "not within the hour");
    world.advance(60);
    let again = nightly(&world).await.expect("an hour later");
    assert_eq!((again.period, &*again.who, again.is_complete()), (night.period, "", false));
    assert_eq!(open(&world).await, []);

    world.accurate.clear_faults();
    world.advance(AN_HOUR);
    let again = nightly(&world).await.expect("another hour later");
    assert!(again.is_complete());
    adds_up(&again);
    assert_eq!(open(&world).await, [found(Class::MissingInAccurate, "INV-1", "1")]);
    world.advance(2 * AN_HOUR);
    assert_eq!(nightly(&world).await, None, "everything is read");

    // The next night has its own run, whatever the one before it could not read.
    for night in ["2024-02-03", "2024-02-04"] {
        moves_to(&mut world, &format!("{night}T02:31:00+07:00"));
        world.accurate.next(Action::InvoiceList, Fault::ListEmpty, 100_000);
        let run = nightly(&world).await.expect("its time has come");
        assert_eq!((run.period.to.to_string(), run.is_complete()), (night.to_owned(), false));
    }
}

pub(super) async fn only_what_was_not_read_is_read_again(base: Base) {
    let forstok = ForstokSandbox::default();
    let mut world = World::on(base).await.asking_forstok(&forstok, order_by_order(), REPORT);
    for id in ["1", "2"] {
        forstok.lists(&order(id).ready_to_ship().updated_at("2024-01-30T10:12:00+07:00").body_json());
    }
    world.forstok_sends(order("1").ready_to_ship().updated_at("2024-01-30T10:12:00+07:00")).await;
    world.run_until_settled().await;
    moves_to(&mut world, "2024-02-02T02:31:00+07:00");
    forstok.fails_next(&[ForstokFault::Error; 4]);
    let night = nightly(&world).await.expect("its time has come");
    assert_eq!((night.parts[0].is_complete(), night.is_complete()), (true, false));
    let of_day = async |world: &World| {
        let days = world.storage.compared_days(night.period).await.expect("readable");
        days.into_iter().filter(|one| one.day == date(2024, 1, 30)).map(|one| one.complete).collect::<Vec<_>>()
    };
    assert_eq!(of_day(&world).await, [false, true], "Forstok's orders, then the book");

    let calls = world.accurate.call_count(Action::InvoiceList);
    world.advance(AN_HOUR);
    let again = nightly(&world).await.expect("an hour later");
    assert!(again.is_complete() && again.parts.is_empty(), "{again:?}");
    assert_eq!(world.accurate.call_count(Action::InvoiceList), calls, "Accurate is not asked again");
    assert_eq!(
        (of_day(&world).await, open(&world).await),
        (vec![true, true], vec![found(Class::MissedWebhook, "", "2")])
    );
    world.advance(AN_HOUR);
    assert_eq!(nightly(&world).await, None);
}
