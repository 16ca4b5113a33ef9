//! A rest that no finding explains is itself a finding.

use std::time::Duration;

use forstok_accurate::{
    domain::reconciliation::{Class, FindingState, Period},
    sandbox::{Action, Fault},
};
use jiff::civil::date;
use rusqlite::Connection;

use super::{PERIOD, adds_up, ani, findings, invoiced, open, reconcile, reconcile_period, run};
use crate::world::{BOOK, Base, World};

/// The ledger's day of the first order's invoice, which is the first that is compared.
fn set_day(world: &World, day: &str) {
    let database = Connection::open(world.database()).expect("the file is there");
    let changed = database.execute("UPDATE documents SET day = $1 WHERE order_id = '1'", [day]);
    assert_eq!(changed.expect("nobody else writes now"), 1);
}

#[tokio::test]
async fn what_nothing_explains_is_a_finding_of_its_day_until_it_adds_up() {
    let world = invoiced(Base::Sqlite, 1..=2).await;
    let number = world.order("2").await.invoice.expect("invoiced").number.to_string();
    assert!(world.accurate.remove_invoice(&number));
    let id = world.engine.request_reconciliation(PERIOD, &ani()).await.expect("written");
    let before = world.accurate.call_count(Action::InvoiceDetail);
    world.accurate.next(Action::InvoiceDetail, Fault::Slow(Duration::from_secs(5)), 1);
    // While Accurate is asked for the second, the ledger moves the first to a day outside the run: its invoice is met
    // again as one that the ledger does not account for, and counts twice.
    let moving = async {
        while world.accurate.call_count(Action::InvoiceDetail) == before {
            tokio::task::yield_now().await;
        }
        set_day(&world, "2020-01-01");
    };
    let (reconciled, ()) = tokio::join!(world.engine.reconcile(BOOK), moving);
    assert!(reconciled.expect("stored"));
    let of_run = run(&world, id).await;
    assert_ne!(of_run.parts[0].sums.unexplained(), 0, "{of_run:?}");
    let rest = findings(&world, FindingState::Open).await.into_iter().find(|one| one.class == Class::Unexplained);
    let rest = rest.expect("the rest is a finding");
    assert_eq!((rest.day.to_string(), rest.order_id), ("2023-11-27".to_owned(), None));
    let unexplained = world.storage.unexplained(BOOK).await.expect("readable");
    assert_eq!(unexplained, of_run.parts[0].sums.unexplained(), "the metric and its alert show it");
    // A run over another day says nothing about this one.
    let other_day = Period { from: date(2024, 2, 1), to: date(2024, 2, 1) };
    adds_up(&reconcile_period(&world, other_day).await);
    assert_eq!(world.storage.unexplained(BOOK).await.expect("readable"), unexplained, "they show it until it is gone");

    set_day(&world, "2023-11-27");
    adds_up(&reconcile(&world).await);
    assert!(open(&world).await.iter().all(|(class, ..)| *class != Class::Unexplained), "it is gone");
    assert_eq!(world.storage.unexplained(BOOK).await.expect("readable"), 0);
}
