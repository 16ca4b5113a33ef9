//! Statistics of a server's tables, which decide how it plans.

use forstok_accurate::{clock::Clock, inbox::record::delivery};
use sqlx::Row;

use super::replicas::beside;
use crate::world::{Base, World, order};

#[tokio::test]
async fn a_table_that_has_grown_is_analysed() {
    let world = World::on(Base::Postgres).await;
    let mut connection = beside(&world.place).await;
    sqlx::raw_sql("ALTER TABLE deliveries SET (autovacuum_enabled = off); ANALYZE deliveries")
        .execute(&mut connection)
        .await
        .expect("the tables are ours");
    let now = world.clock.now();
    let deliveries: Vec<_> = (1..=400).map(|id| delivery(order(&id.to_string()).body(), now)).collect();
    for analysed in [0.0, 400.0] {
        let rows = sqlx::query("SELECT reltuples FROM pg_class WHERE relname = 'deliveries'");
        let rows: f32 = rows.fetch_one(&mut connection).await.expect("readable").get(0);
        assert!((rows - analysed).abs() < 1.0, "{rows} rows are known instead of {analysed}");
        world.storage.record(&deliveries).await.expect("recorded");
        world.storage.refresh_statistics().await.expect("refreshed");
    }
}
