//! Upgrades: a database of the last release is migrated and goes on, this version works on what the next one has
//! migrated, an older program works beside a newer one, and a migration that fails leaves the older program able to
//! start.
//!
//! `upgrading/orders.sql` contains the rows of a shop in the schema of the first migration, which stands for the last
//! release; `upgrading/year.zip` contains a year of a larger shop. `RENEW_FIXTURE=1 cargo test --test all upgrading::`
//! writes both again; after a release they must not change.

mod fixture;
mod servers;
mod year;

use forstok_accurate::{
    settings::Database,
    storage::{self, Sqlite, Storage},
};

use self::fixture::{FIXTURE, database_of_the_release, rows_of, tables, tables_of_the_release};
use crate::{
    copy::a_shop,
    world::{Base, World, order},
};

/// Tables that are empty in a shop where nobody is signed in, no columns were chosen, and no webhook waits.
const EMPTY: [&str; 3] = ["import_columns", "sessions", "unfolded"];

#[tokio::test]
async fn the_rows_of_the_last_release_are_those_of_a_shop_with_everything() {
    let world = a_shop().await;
    let rows = rows_of(&world.database());
    if std::env::var_os("RENEW_FIXTURE").is_some() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/upgrading/orders.sql"), &rows).expect("written");
    }
    let released = tables_of_the_release();
    let filled: Vec<_> = released.iter().map(String::as_str).filter(|table| !EMPTY.contains(table)).collect();
    assert_eq!(tables(FIXTURE).into_iter().collect::<Vec<_>>(), filled);
    // Whatever the shop has by now, in the tables of that release.
    let now: Vec<_> = tables(&rows).into_iter().filter(|table| released.contains(*table)).collect();
    assert_eq!(now, filled, "before the release, run this with RENEW_FIXTURE=1");
}

#[tokio::test]
async fn a_file_of_the_last_release_is_intact_after_it_is_migrated() {
    let folder = tempfile::tempdir().expect("a folder");
    let Database::Sqlite(file) = database_of_the_release(Base::Sqlite, folder.path(), FIXTURE, false).await else {
        unreachable!("it is a file")
    };
    Sqlite::open(&file).await.expect("it is brought up to date").close().await;
    let verified = storage::verify(&file).await.expect("it can be read");
    assert_eq!(verified.problems, Vec::<String>::new());
    let held = verified.held.expect("it is whole");
    assert!(held.orders >= 10 && held.invoices > 0, "{held:?}");
}

#[tokio::test]
async fn a_file_of_the_last_release_is_migrated_and_its_orders_go_on() {
    orders_go_on(Base::Sqlite, false).await;
}

#[tokio::test]
async fn a_server_database_of_the_last_release_is_migrated_and_its_orders_go_on() {
    orders_go_on(Base::Postgres, false).await;
}

#[tokio::test]
async fn the_orders_of_a_file_that_the_next_release_has_migrated_go_on_with_this_one() {
    orders_go_on(Base::Sqlite, true).await;
}

#[tokio::test]
async fn the_orders_of_a_server_database_that_the_next_release_has_migrated_go_on_with_this_one() {
    orders_go_on(Base::Postgres, true).await;
}

async fn orders_go_on(base: Base, next: bool) {
    // Accurate is a new sandbox: it lacks the item of order 2. The ids 1 and 2 belong to earlier invoices.
    let world = World::new().await;
    for number in ["EARLIER-1", "EARLIER-2"] {
        world.accurate.add_invoice(number, "8277", "", rust_decimal::Decimal::ONE);
    }
    let folder = tempfile::tempdir().expect("a folder");
    let mut world =
        world.dies_and_meanwhile(async |_| database_of_the_release(base, folder.path(), FIXTURE, next).await).await;
    let before = world.storage.orders(&<_>::default(), None, 1_000).await.expect("readable").len();
    world.advance(3 * 86_400);
    world.forstok_sends(order("4").ready_to_ship()).await;
    world.forstok_sends(order("77").ready_to_ship()).await;
    world.run_until_settled().await;
    world.advance(3_600);
    world.run_until_settled().await;
    for (id, state) in [
        ("1", "invoiced"),
        ("2", "blocked: item_not_found"),
        ("3", "voided"),
        ("4", "invoiced"),
        ("5", "ignored: cancelled"),
        ("6", "blocked: sku_empty"),
        ("7", "invoiced"),
        ("8", "invoiced"),
        ("77", "invoiced"),
    ] {
        assert_eq!(world.state(id).await, state, "order {id}");
    }
    let described: Vec<_> = world.accurate.invoices().into_iter().map(|invoice| invoice.description).collect();
    assert!(!described.contains(&"1".to_owned()) && !described.contains(&"3".to_owned()), "{described:?}");
    let orders = world.storage.orders(&<_>::default(), None, 1_000).await.expect("readable");
    assert_eq!(orders.len(), before + 1);
}
