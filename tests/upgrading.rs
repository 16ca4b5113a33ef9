//! Upgrades: a database of the last release is migrated and goes on, an older program works beside a newer one, and a
//! migration that fails leaves the older program able to start.
//!
//! `upgrading/orders.sql` contains the rows of a shop in the schema of the first migration, which stands for the last
//! release. `RENEW_FIXTURE=1 cargo test --test all upgrading::` writes it again; after a release it must not change.

mod fixture;
mod servers;

use forstok_accurate::{
    settings::Database,
    storage::{self, Sqlite, Storage},
};

use self::fixture::{FIXTURE, file_of_the_release, rows_of};
use crate::{
    copy::a_shop,
    world::{World, order},
};

#[tokio::test]
async fn the_rows_of_the_last_release_are_those_of_a_shop_with_everything() {
    let world = a_shop().await;
    let rows = rows_of(&world.database());
    if std::env::var_os("RENEW_FIXTURE").is_some() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/upgrading/orders.sql"), &rows).expect("written");
    }
    let tables = |sql: &str| -> std::collections::BTreeSet<String> {
        sql.lines().filter_map(|line| line.split_whitespace().nth(2).map(str::to_owned)).collect()
    };
    assert!(tables(FIXTURE).len() > 30, "{:?}", tables(FIXTURE));
}

#[tokio::test]
async fn a_database_of_the_last_release_is_migrated_and_its_orders_go_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("orders.db");
    file_of_the_release(&file);
    Sqlite::open(&file).await.expect("it is brought up to date").close().await;
    let verified = storage::verify(&file).await.expect("it can be read");
    assert_eq!(verified.problems, Vec::<String>::new());
    let held = verified.held.expect("it is whole");
    assert!(held.orders >= 10 && held.invoices > 0, "{held:?}");

    // Accurate is a new sandbox: it lacks the item of order 2. The ids 1 and 2 belong to earlier invoices.
    let world = World::new().await;
    for number in ["EARLIER-1", "EARLIER-2"] {
        world.accurate.add_invoice(number, "8277", "", rust_decimal::Decimal::ONE);
    }
    let mut world = world.dies_and_meanwhile(async |_| Database::Sqlite(file)).await;
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
    assert_eq!(orders.len() as i64, held.orders + 1);
}
