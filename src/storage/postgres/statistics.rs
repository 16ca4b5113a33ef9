//! Statistics of tables, from which the server plans statements.
//!
//! The server keeps the plans of a connection's statements until a table is analysed. A plan that was made while a
//! table was small reads the whole table. Autovacuum analyses once a minute at most; in the first minute of a busy
//! service, or without autovacuum, that is too late.

use super::session::Session;
use crate::storage::{
    Result,
    dialect::{Columns, Dialect},
};

/// The tables that have grown by half since they were analysed. From 160 MB on they are left to autovacuum: reading one
/// is so expensive that no plan does it.
const GROWN: &str = "
    SELECT CAST(relname AS TEXT) AS name FROM pg_class
    WHERE oid IN (CAST('deliveries' AS REGCLASS), CAST('unfolded' AS REGCLASS), CAST('orders' AS REGCLASS),
                  CAST('order_terms' AS REGCLASS), CAST('order_warnings' AS REGCLASS), CAST('documents' AS REGCLASS),
                  CAST('timeline' AS REGCLASS), CAST('kept_bodies' AS REGCLASS), CAST('masters' AS REGCLASS),
                  CAST('seen_skus' AS REGCLASS), CAST('seen_sku_stores' AS REGCLASS))
      AND relpages < 20000
      AND pg_relation_size(oid) / CAST(current_setting('block_size') AS BIGINT) > relpages * 3 / 2 + 16";

/// Analyses tables that have grown much. A table that is being analysed already is left out.
pub(super) async fn refresh(session: &mut Session) -> Result<()> {
    let grown = session.fetch(GROWN, &[]).await?;
    let names = grown.iter().map(|row| row.text("name")).collect::<Result<Vec<_>>>()?;
    if !names.is_empty() {
        session.execute(format!("ANALYZE (SKIP_LOCKED) {}", names.join(", ")), &[]).await?;
    }
    Ok(())
}
