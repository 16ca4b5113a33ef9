//! Who makes a book's calls: one row a book, with an end by the server's clock, so that no replica's clock counts.

use std::time::Duration;

use super::session::Session;
use crate::store::{
    Hold, Result,
    talk::{Columns, Talk, Value},
};

/// A hold that would last for more than ten minutes, and none is longer than seconds, was written before the server's
/// clock was set back. When it is another's, that one's pause is read; nothing is found when that one took it at this very moment.
const HOLD: &str = "
    WITH mine AS (
        INSERT INTO book_holds AS h (book, holder, until, pause)
        VALUES ($1, $2, clock_timestamp() + $3 * interval '1 microsecond', NULLIF($4, ''))
        ON CONFLICT (book) DO UPDATE SET
            kept = CASE WHEN h.holder = excluded.holder AND h.until > clock_timestamp() THEN 1 ELSE 0 END,
            holder = excluded.holder, until = excluded.until, pause = excluded.pause
        WHERE h.holder = excluded.holder OR h.until <= clock_timestamp()
           OR h.until > clock_timestamp() + interval '10 minutes'
        RETURNING kept
    )
    SELECT kept, NULL AS pause FROM mine
    UNION ALL
    SELECT NULL, pause FROM book_holds WHERE book = $1 AND NOT EXISTS (SELECT 1 FROM mine)";

pub(super) async fn hold(
    session: &mut Session,
    book: &str,
    holder: &str,
    lease: Duration,
    pause: Option<&str>,
) -> Result<Hold> {
    let lease = i64::try_from(lease.as_micros()).unwrap_or(i64::MAX);
    let values: [Value<'_>; 4] = [book.into(), holder.into(), lease.into(), pause.unwrap_or_default().into()];
    let rows = session.fetch(HOLD, &values).await?;
    let Some(row) = rows.first() else { return Ok(Hold::Anothers { pause: None }) };
    Ok(match row.number_if_any("kept")? {
        Some(0) => Hold::Taken,
        Some(_) => Hold::Kept,
        None => Hold::Anothers { pause: row.text_if_any("pause")?.map(str::to_owned) },
    })
}

pub(super) async fn let_go(session: &mut Session, holder: &str) -> Result<()> {
    session.execute("DELETE FROM book_holds WHERE holder = $1", &[holder.into()]).await?;
    Ok(())
}
