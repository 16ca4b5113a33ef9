//! Clearing the bodies of old deliveries, a few at a time.
//!
//! Ids are in order of arrival, so a cursor finds what has become old without reading what was cleared before.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};

use super::{
    Cleared, Result,
    dialect::{Columns, Dialect},
    rows::{json as to_json, micros},
};

/// When a body that was still needed is looked at again.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_hours(24);

/// How far the clocks of replicas may be apart.
const OTHER_CLOCKS: SignedDuration = SignedDuration::from_mins(1);

/// A decision may still want the body of delivery `d`.
const NEEDED: &str = "(EXISTS (SELECT 1 FROM unfolded u WHERE u.delivery = d.id)
     OR EXISTS (SELECT 1 FROM orders o WHERE o.order_id = d.order_id AND o.latest_delivery = d.id
                AND (o.undecided = 1 OR o.state IN ('received', 'watching', 'due', 'blocked', 'void_due')))
     OR (SELECT COUNT(*) FROM settlement_rows r
         WHERE r.order_id = d.order_id AND r.order_id <> '' AND r.kind = 'return'
           AND r.state IN ('waiting', 'due', 'blocked')
           AND (SELECT o.latest_delivery FROM orders o WHERE o.order_id = r.order_id) = d.id) > 0)";

/// Some deliveries that came before a moment.
pub(super) struct Old {
    ids: Vec<i64>,
    not_needed: Vec<[i64; 1]>,
    cursor: Option<i64>,
}

/// Finds the next of them without writing: what must come from the disk is in memory when the writer is held.
pub(super) async fn find(db: &mut impl Dialect, older_than: Timestamp, now: Timestamp, step: i64) -> Result<Old> {
    let mut old = Old { ids: Vec::new(), not_needed: Vec::new(), cursor: None };
    // The setting may have been raised since they were kept. Joined, all deliveries might be read for it.
    let kept = |due: &str| {
        format!(
            "SELECT k.delivery AS id,
                    (SELECT CASE WHEN d.received_at < $3 AND NOT {NEEDED} THEN d.id END
                     FROM deliveries d WHERE d.id = k.delivery) AS not_needed
             FROM kept_bodies k WHERE k.check_at {due} $1 ORDER BY k.check_at LIMIT $2"
        )
    };
    // One that is to wait for longer than a day was put off by a clock that was ahead.
    for (due, moment) in [("<=", now), (">", now + LOOK_AGAIN + OTHER_CLOCKS)] {
        for row in db.fetch(kept(due), &[moment.into(), step.into(), older_than.into()]).await? {
            old.add(&row)?;
        }
    }
    let new = format!(
        "SELECT d.id, d.received_at, CASE WHEN NOT {NEEDED} THEN d.id END AS not_needed FROM deliveries d
         WHERE d.id > (SELECT delivery FROM cleared_up_to WHERE id = 1) ORDER BY d.id LIMIT $1"
    );
    for row in db.fetch(new, &[(step - old.ids.len() as i64).max(0).into()]).await? {
        let received_at = row.number("received_at")?;
        if received_at > micros(now + OTHER_CLOCKS) {
            // It came while the clock was ahead. It is kept until that time has passed, and holds no later one up.
            let id = row.number("id")?;
            old.ids.push(id);
            old.cursor = Some(id);
            continue;
        }
        if received_at >= micros(older_than) {
            break;
        }
        old.cursor = Some(old.add(&row)?);
    }
    Ok(old)
}

impl Old {
    fn add(&mut self, row: &impl Columns) -> Result<i64> {
        let id = row.number("id")?;
        self.ids.push(id);
        self.not_needed.extend(row.number_if_any("not_needed")?.map(|id| [id]));
        Ok(id)
    }

    /// How many were found.
    pub(super) fn count(&self) -> u64 {
        self.ids.len() as u64
    }
}

/// Clears those that are not needed, and notes the others for another look.
pub(super) async fn clear<T: Dialect>(db: &mut T, old: &Old, now: Timestamp) -> Result<Cleared> {
    // What is not held any more is not known to be the same when it comes again: it is taken as new then, which
    // brings its body back for an order that lacks it and changes nothing for any other.
    let clear = format!(
        "UPDATE deliveries AS d SET body = NULL, fingerprint = {}
         FROM (SELECT id AS old FROM deliveries WHERE id IN (SELECT CAST(v.value ->> 0 AS BIGINT) FROM {}){}) AS o
         WHERE d.id = o.old AND NOT {NEEDED} RETURNING id",
        T::ID_IN_BYTES,
        T::ROWS,
        T::UNLESS_LOCKED
    );
    let cleared = db.fetch(clear, &[(&to_json(&old.not_needed)).into()]).await?;
    let cleared = cleared.iter().map(|row| row.number("id")).collect::<Result<HashSet<_>>>()?;
    let forget =
        format!("DELETE FROM kept_bodies WHERE delivery IN (SELECT CAST(v.value ->> 0 AS BIGINT) FROM {})", T::ROWS);
    let rows: Vec<_> = cleared.iter().map(|id| [id]).collect();
    db.execute(forget, &[(&to_json(&rows)).into()]).await?;
    let keep = format!(
        "INSERT INTO kept_bodies (delivery, check_at) SELECT CAST(v.value ->> 0 AS BIGINT), $2 FROM {} WHERE true
         ON CONFLICT (delivery) DO UPDATE SET check_at = excluded.check_at",
        T::ROWS
    );
    let rows: Vec<_> = old.ids.iter().filter(|id| !cleared.contains(id)).map(|id| [id]).collect();
    db.execute(keep, &[(&to_json(&rows)).into(), (now + LOOK_AGAIN).into()]).await?;
    if let Some(cursor) = old.cursor {
        // Another replica may be further already.
        let further = format!("UPDATE cleared_up_to SET delivery = {}(delivery, $1) WHERE id = 1", T::GREATEST);
        db.execute(further, &[cursor.into()]).await?;
    }
    Ok(Cleared { bodies: cleared.len() as u64, examined: old.count() })
}
