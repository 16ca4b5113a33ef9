//! What a restore from a backup means for new documents: one that the backup does not know may exist in Accurate.

/// The columns that make the first attempt of a new document look it up.
pub(super) const COLUMNS: &str = "tries, doubt_since";

/// Forstok's time of an order may be wrong by its zone, and is believed up to a day ahead (design.md §4).
const MARGIN_MICROS: i64 = 86_400_000_000;

/// Their values, for a document of this order in this state. An order that the buyer placed before the database was
/// restored may have had its document saved at any time until then; any other order is newer than the backup.
pub(super) fn values(order_id: &str, state: &str, wanted: &str) -> String {
    let ordered_at = format!("COALESCE((SELECT o.ordered_at FROM orders o WHERE o.order_id = {order_id}), 0)");
    let restored =
        |what: &str| format!("(SELECT {what} FROM restores WHERE restores.at + {MARGIN_MICROS} > {ordered_at})");
    format!(
        "CASE WHEN {restored_at} IS NULL THEN 0 ELSE 1 END,
         CASE WHEN {state} = 'due' AND {wanted} = 'exist' THEN COALESCE({restored_at}, 0) ELSE 0 END",
        restored_at = restored("MAX(restores.at)")
    )
}
