//! A database restored from a backup: what Accurate has and the backup does not know is found, never created twice.

use forstok_accurate::{
    clock::Clock,
    domain::reconciliation::Action::Adopt,
    sandbox::{Action, Numbering},
    settings::Database,
    storage::{self, Acted, Existing, Restored},
};
use secrecy::ExposeSecret;
use sqlx::{Connection, PgConnection};

use super::calls;
use crate::{
    reconciliation::{acting::act, reconcile},
    world::{Base, World, order},
};

/// A backup as `store backup` makes it.
async fn back_up(world: &World) -> std::path::PathBuf {
    let backup = world.database().with_extension("backup");
    storage::backup(&world.database(), &backup).await.expect("it is copied");
    backup
}

/// The service ends, and `store restore --keep-aside` puts the backup in place.
async fn restored(world: World, backup: &std::path::Path) -> World {
    let now = world.clock.now();
    world
        .dies_and_meanwhile(async |place| {
            let Database::Sqlite(target) = &place else { panic!("it is a file") };
            let restored = storage::restore(backup, target, Existing::KeepAside, now).await.expect("restored");
            assert!(matches!(restored, Restored::Done(_, Some(_))), "{restored:?}");
            place
        })
        .await
}

#[tokio::test]
async fn after_a_restore_no_invoice_is_created_twice_no_matter_who_numbers_them() {
    for numbering in [Numbering::Sent, Numbering::Automatic] {
        let mut world = World::new().await;
        world.accurate.change_settings(|settings| settings.numbering = numbering);
        world.forstok_sends(order("1").open()).await;
        world.forstok_sends(order("2").ready_to_ship()).await;
        world.decide_all().await;
        let backup = back_up(&world).await;
        // None of this is in the backup: the invoices of orders 1 and 2, and all of order 3, whose time in Jakarta is
        // written as if it were UTC.
        let ahead = (world.clock_now() + jiff::SignedDuration::from_hours(7)).to_string();
        let third = || order("3").ready_to_ship().with("ordered_at", ahead.clone().into());
        world.forstok_sends(order("1").ready_to_ship()).await;
        world.forstok_sends(third()).await;
        world.run_until_settled().await;
        assert_eq!(world.accurate.invoice_count(), 3);

        let mut world = restored(world, &backup).await;
        assert_eq!((world.state("1").await, world.state("2").await), ("watching".to_owned(), "due".to_owned()));
        for id in ["1", "2"] {
            world.forstok_sends(order(id).ready_to_ship()).await;
        }
        world.forstok_sends(third()).await;
        world.run_until_settled().await;
        for id in ["1", "2", "3"] {
            assert_eq!(world.state(id).await, "invoiced", "order {id}, {numbering:?}");
        }
        assert_eq!(world.accurate.invoice_count(), 3, "{numbering:?}");
    }
}

#[tokio::test]
async fn an_order_cancelled_after_a_restore_leaves_no_invoice_that_the_backup_does_not_know() {
    let mut world = World::new().await;
    world.forstok_sends(order("1").ready_to_ship()).await;
    world.decide_all().await;
    let backup = back_up(&world).await;
    world.run_until_settled().await;
    assert_eq!(world.accurate.invoice_count(), 1);
    let mut world = restored(world, &backup).await;
    world.forstok_sends(order("1").cancelled()).await;
    world.run_until_settled().await;
    world.advance(600);
    world.run_until_settled().await;
    assert_eq!((world.state("1").await.as_str(), world.accurate.invoice_count()), ("voided", 0));
}

#[tokio::test]
async fn orders_that_are_newer_than_the_restore_are_saved_without_a_look_up() {
    let mut world = World::new().await;
    world.forstok_sends(order("1").ready_to_ship()).await;
    world.run_until_settled().await;
    let backup = back_up(&world).await;
    let mut world = restored(world, &backup).await;
    // Forstok's times are believed up to a day ahead.
    world.advance(25 * 3600);
    let now = world.clock_now();
    let looked_up = calls(&world, Action::InvoiceList).len() + calls(&world, Action::InvoiceDetail).len();
    world.forstok_sends(order("2").ready_to_ship().with("ordered_at", now.to_string().into())).await;
    world.run_until_settled().await;
    assert_eq!((world.state("2").await.as_str(), world.accurate.invoice_count()), ("invoiced", 2));
    let after = calls(&world, Action::InvoiceList).len() + calls(&world, Action::InvoiceDetail).len();
    assert_eq!(after, looked_up);
}

#[tokio::test]
async fn an_invoice_that_a_person_renumbered_and_adopted_delays_nothing_after_a_restore() {
    let mut world = World::new().await;
    for id in ["1", "2"] {
        world.forstok_sends(order(id).ready_to_ship()).await;
    }
    world.run_until_settled().await;
    world.accurate.renumber_invoice("INV-1", "SI-2024-1").expect("it is there");
    reconcile(&world).await;
    assert_eq!(act(&world, "1", Adopt).await, Acted::Done);
    let backup = back_up(&world).await;
    let mut world = restored(world, &backup).await;
    // It was ordered before the restore, so it is looked up first. Accurate kept every number that it was sent, so the
    // answer is certain.
    world.forstok_sends(order("3").ready_to_ship()).await;
    world.run_until_idle().await;
    assert_eq!(world.state("3").await, "invoiced", "{}", world.timeline("3").await);
    assert_eq!(world.accurate.invoice_count(), 3);
}

#[tokio::test]
async fn a_server_that_was_restored_looks_up_what_waits_before_it_saves() {
    let mut world = World::on(Base::Postgres).await;
    world.forstok_sends(order("1").ready_to_ship()).await;
    world.decide_all().await;
    let Database::Postgres(url) = &world.place else { panic!("it is a server's") };
    let mut connection = PgConnection::connect(url.expose_secret()).await.expect("the server is there");
    sqlx::raw_sql("SELECT restored_from_backup()").execute(&mut connection).await.expect("as the runbook says");
    connection.close().await.expect("closed");
    world.forstok_sends(order("2").ready_to_ship()).await;
    world.run_until_settled().await;
    world.advance(600);
    world.run_until_settled().await;
    assert_eq!((world.state("1").await.as_str(), world.state("2").await.as_str()), ("invoiced", "invoiced"));
    assert_eq!(world.accurate.invoice_count(), 2);
    for id in ["1", "2"] {
        let timeline = world.timeline(id).await;
        let (looked_up, saved) = (timeline.find("Look up the invoice"), timeline.find("Create the invoice: saved"));
        assert!(looked_up.is_some() && looked_up < saved, "{timeline}");
    }
}
