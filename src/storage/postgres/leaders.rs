//! Which replica makes a book's calls: one row per book, which expires by the server's clock, so that the replicas'
//! clocks do not matter.

use std::time::Duration;

use super::session::Session;
use crate::storage::{
    Leadership, Result,
    dialect::{Columns, Dialect, Value},
};

/// A leadership lasts seconds. One that ends more than ten minutes from now was written before the server's clock was
/// set back, and counts as expired. If another replica leads, the row contains its report; there is no row if it won
/// at this very moment.
const LEAD: &str = "
    WITH mine AS (
        INSERT INTO leaders AS l (book, leader, until, report)
        VALUES ($1, $2, clock_timestamp() + $3 * interval '1 microsecond', NULLIF($4, ''))
        ON CONFLICT (book) DO UPDATE SET
            renewed = CASE WHEN l.leader = excluded.leader AND l.until > clock_timestamp() THEN 1 ELSE 0 END,
            leader = excluded.leader, until = excluded.until, report = excluded.report
        WHERE l.leader = excluded.leader OR l.until <= clock_timestamp()
           OR l.until > clock_timestamp() + interval '10 minutes'
        RETURNING renewed
    )
    SELECT renewed, NULL AS report FROM mine
    UNION ALL
    SELECT NULL, report FROM leaders WHERE book = $1 AND NOT EXISTS (SELECT 1 FROM mine)";

pub(super) async fn lead(
    session: &mut Session,
    book: &str,
    leader: &str,
    lease: Duration,
    report: Option<&str>,
) -> Result<Leadership> {
    let lease = i64::try_from(lease.as_micros()).unwrap_or(i64::MAX);
    let values: [Value<'_>; 4] = [book.into(), leader.into(), lease.into(), report.unwrap_or_default().into()];
    let rows = session.fetch(LEAD, &values).await?;
    let Some(row) = rows.first() else { return Ok(Leadership::Another { report: None }) };
    Ok(match row.number_if_any("renewed")? {
        Some(0) => Leadership::Won,
        Some(_) => Leadership::Renewed,
        None => Leadership::Another { report: row.text_if_any("report")?.map(str::to_owned) },
    })
}

pub(super) async fn resign(session: &mut Session, leader: &str) -> Result<()> {
    session.execute("DELETE FROM leaders WHERE leader = $1", &[leader.into()]).await?;
    Ok(())
}
