//! What people approve.

use jiff::Timestamp;
use serde_json::json;

use super::{list::conditions, record::unsettle};
use crate::{
    domain::{document::Kind, order::OrderId, timeline::Event},
    storage::{
        Result, RowFilter,
        dialect::{Columns, Dialect},
        list::Binds,
        rows::{json as to_json, micros, order_id},
        timeline::append,
    },
};

/// Approved rows whose timelines are written together: a month's rows together would need tens of megabytes.
const AT_ONCE: usize = 500;

/// Which rows are approved.
#[derive(Clone, Copy, Debug)]
pub enum Approving<'a> {
    /// Those with these sources and ids.
    Keys(&'a [(String, String)]),
    /// Those with these ids, if their content is still the one that arrived at this time, which the person saw.
    Seen(&'a [(i64, Timestamp)]),
    /// All that a filter shows.
    Shown(&'a RowFilter),
}

/// Approves the present content of rows that wait for it; returns how many there were.
pub(in crate::storage) async fn approve<T: Dialect>(
    db: &mut T,
    kind: Kind,
    which: Approving<'_>,
    actor: &str,
    now: Timestamp,
) -> Result<u64> {
    // What a person books in Accurate is not approved here; nor is a payout whose return record is not known yet,
    // because nobody can have seen what its receipt will contain.
    const AWAITS: &str = "state = 'waiting' AND approved_at IS NULL AND order_id <> ''
                          AND waits NOT IN ('person', 'return_record')";
    const CHANGED: &str = "RETURNING order_id, source, row_id";
    let rows = super::rows_of(kind);
    let approved = match which {
        Approving::Keys(keys) => {
            let keys: Vec<_> = keys.iter().map(|(source, id)| json!([source, id])).collect();
            let sql = format!(
                "UPDATE settlement_rows SET approved_at = $2, approved_by = $3
                 FROM {} WHERE kind = $4 AND source = v.value ->> 0 AND row_id = v.value ->> 1 AND {AWAITS} {CHANGED}",
                T::ROWS
            );
            db.fetch(sql, &[(&to_json(&keys)).into(), now.into(), actor.into(), rows.into()]).await?
        }
        Approving::Seen(seen) => {
            let seen: Vec<_> = seen.iter().map(|(id, content_at)| json!([id, micros(*content_at)])).collect();
            let sql = format!(
                "UPDATE settlement_rows SET approved_at = $2, approved_by = $3
                 FROM {} WHERE kind = $4 AND settlement_rows.id = CAST(v.value ->> 0 AS BIGINT)
                   AND content_at = CAST(v.value ->> 1 AS BIGINT) AND {AWAITS} {CHANGED}",
                T::ROWS
            );
            db.fetch(sql, &[(&to_json(&seen)).into(), now.into(), actor.into(), rows.into()]).await?
        }
        Approving::Shown(filter) => {
            let mut binds = Binds::default();
            let (at, by) = (binds.number(micros(now)), binds.text(actor));
            let conditions = conditions(kind, filter, &mut binds);
            let sql = format!(
                "UPDATE settlement_rows AS r SET approved_at = {at}, approved_by = {by}
                 WHERE {conditions} AND {AWAITS} {CHANGED}"
            );
            db.fetch(sql, &binds.values()).await?
        }
    };
    for some in approved.chunks(AT_ONCE) {
        let ids = some.iter().map(order_id).collect::<Result<Vec<OrderId>>>()?;
        unsettle(db, ids.iter().map(OrderId::as_str)).await?;
        let mut events = Vec::with_capacity(some.len());
        for row in some {
            let (source, id) = (row.text("source")?.to_owned(), row.text("row_id")?.to_owned());
            events.push([Event::Approved { document: kind, source, id, actor: actor.to_owned() }]);
        }
        append(db, ids.iter().zip(events.iter().map(<[Event; 1]>::as_slice)), now).await?;
    }
    Ok(approved.len() as u64)
}
