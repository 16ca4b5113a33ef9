//! Replicas of two versions on one PostgreSQL database. The newer version is played by its migration: sqlx runs it
//! after the migrations of this version, as a newer program would.

use std::path::Path;

use forstok_accurate::sandbox::Running;
use sqlx::{
    Connection, PgConnection, SqlSafeStr,
    migrate::{Migration, MigrationType, Migrator},
};

use crate::{
    binary::server::{url_of_empty_database, url_of_new_database},
    forstok::order,
    service::{Home, Service, accurate},
};

/// What the start of the version after this one does to the schema.
pub(super) async fn newer_version_migrates(url: &str, sql: &'static str) -> Result<(), sqlx::migrate::MigrateError> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/postgres");
    let known = Migrator::new(Path::new(folder)).await.expect("our own files");
    let newest = known.iter().map(|migration| migration.version).max().unwrap_or_default();
    let next = Migration::new(newest + 1, "next".into(), MigrationType::Simple, sql.into_sql_str(), false);
    let all = Migrator::with_migrations(known.iter().cloned().chain([next]).collect());
    let mut connection = PgConnection::connect(url).await.expect("the server is there");
    let result = all.run(&mut connection).await;
    connection.close().await.expect("closed");
    result
}

async fn all_are_invoiced(service: &Service, accurate: &Running, orders: u64) {
    service.get_until("/v1/summary", |summary| summary["by_state"]["invoiced"] == orders).await;
    assert_eq!(accurate.sandbox().invoice_count() as u64, orders);
}

/// The service exits with 1; returns its message.
fn refuses_to_start(home: &Home) -> String {
    let output = home.command(&["serve"]).output().expect("it runs");
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{words}");
    words
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_replica_works_on_and_starts_again_beside_a_newer_one() {
    let accurate = accurate().await;
    let url = url_of_empty_database("older_and_newer").await;
    let home = Home::on(&accurate, &url);
    let older = home.serve().await;
    for id in 1..=5 {
        assert_eq!(older.send(&order(id)).await.status, 200);
    }
    let additions =
        "ALTER TABLE orders ADD COLUMN note TEXT NOT NULL DEFAULT ''; CREATE TABLE notes (id BIGINT PRIMARY KEY)";
    newer_version_migrates(&url, additions).await.expect("it only adds");
    for id in 6..=10 {
        assert_eq!(older.send(&order(id)).await.status, 200);
    }
    all_are_invoiced(&older, &accurate, 10).await;
    let other = home.serve().await;
    assert_eq!(other.send(&order(11)).await.status, 200);
    all_are_invoiced(&other, &accurate, 11).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_database_that_needs_a_newer_version_is_refused_and_says_what_to_do() {
    let accurate = accurate().await;
    let url = url_of_empty_database("needs_newer").await;
    let home = Home::on(&accurate, &url);
    drop(home.serve().await);
    let change = "ALTER TABLE stores RENAME TO shops; UPDATE compatibility SET needs = 2";
    newer_version_migrates(&url, change).await.expect("run");
    let words = refuses_to_start(&home);
    assert!(words.contains("needs schema 2, this version knows 1"), "{words}");
    assert!(words.contains("install the newer version again, or restore the backup"), "{words}");
    let listed = home.command(&["mapping", "show"]).output().expect("it runs");
    assert!(String::from_utf8_lossy(&listed.stderr).contains("needs schema 2"), "{listed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_fails_leaves_the_older_version_able_to_start() {
    let accurate = accurate().await;
    let url = url_of_new_database().await;
    let home = Home::on(&accurate, &url);
    let fails = "ALTER TABLE orders RENAME COLUMN state TO progress; CREATE TABLE stores (id BIGINT)";
    newer_version_migrates(&url, fails).await.expect_err("the table is there already");
    let service = home.serve().await;
    assert_eq!(service.send(&order(1)).await.status, 200);
    all_are_invoiced(&service, &accurate, 1).await;
}
