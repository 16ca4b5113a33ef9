//! Table statistics, from which the server plans statements.
//!
//! The server caches the plans of a connection's statements until a table is analysed. A plan made while a table was
//! small reads the whole table. Autovacuum analyses at most once a minute, which is too late in the first minute of a
//! busy service, and never if it is off.

use super::session::Session;
use crate::storage::{
    Result,
    dialect::{Columns, Dialect},
};

/// The tables that have grown by half since they were last analysed. Tables of 160 MB or more are left to autovacuum:
/// reading a whole one is so expensive that no plan does it.
const GROWN: &str = "
    SELECT CAST(relname AS TEXT) AS name FROM pg_class
    WHERE oid IN (CAST('deliveries' AS REGCLASS), CAST('unfolded' AS REGCLASS), CAST('orders' AS REGCLASS),
                  CAST('order_terms' AS REGCLASS), CAST('order_warnings' AS REGCLASS), CAST('documents' AS REGCLASS),
                  CAST('timeline' AS REGCLASS), CAST('kept_bodies' AS REGCLASS), CAST('masters' AS REGCLASS),
                  CAST('seen_skus' AS REGCLASS), CAST('seen_sku_stores' AS REGCLASS))
      AND relpages < 20000
      AND pg_relation_size(oid) / CAST(current_setting('block_size') AS BIGINT) > relpages * 3 / 2 + 16";

/// Analyses the tables that have grown. A table that is already being analysed is skipped.
pub(super) async fn refresh(session: &mut Session) -> Result<()> {
    let grown = session.fetch(GROWN, &[]).await?;
    let names = grown.iter().map(|row| row.text("name")).collect::<Result<Vec<_>>>()?;
    if !names.is_empty() {
        session.execute(format!("ANALYZE (SKIP_LOCKED) {}", names.join(", ")), &[]).await?;
    }
    Ok(())
}
