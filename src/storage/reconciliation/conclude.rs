//! The end of a part: its sums, its findings, and what is no longer a difference, in one commit.

use jiff::Timestamp;
use serde_json::json;

use super::{compared, findings::no_longer_found, forstok::CLASSES, listed, runs};
use crate::{
    domain::{
        ids::BookName,
        reconciliation::{Facts, Finding, sums::Count},
    },
    storage::{
        Conclusion, Result, RunPart,
        dialect::{Columns, Dialect},
        rows::{json as to_json, micros, storable},
    },
};

pub(in crate::storage) async fn conclude<T: Dialect>(
    db: &mut T,
    part: &RunPart,
    conclusion: &Conclusion,
    now: Timestamp,
) -> Result<()> {
    let mut total = conclusion.sums.total();
    if conclusion.incomplete.is_some() && total.accurate == Count::default() {
        // What was read of the list is a lower bound.
        for (_, count) in listed::by_day(db, part.id, part.period).await? {
            total.accurate += count;
        }
    }
    let sql = "UPDATE reconciled_books SET ended_at = $2, failure = $3, failure_detail = $4, ledger_count = $5,
                   ledger_total = $6, accurate_count = $7, accurate_total = $8, explained = $9, changes_left = $10
               WHERE id = $1 AND ended_at IS NULL RETURNING run";
    let (code, detail) = conclusion.incomplete.as_ref().map_or(("", String::new()), |why| (why.code(), why.detail()));
    let detail = storable(&detail);
    let changes_left = conclusion.changes.as_ref().map_or(0, |changes| i64::try_from(changes.left).unwrap_or(i64::MAX));
    let values = [
        part.id.into(),
        now.into(),
        code.into(),
        (&*detail).into(),
        total.ledger.count.into(),
        total.ledger.total.into(),
        total.accurate.count.into(),
        total.accurate.total.into(),
        total.explained.into(),
        changes_left.into(),
    ];
    let rows = db.fetch(sql, &values).await?;
    // Another replica has ended it.
    let Some(run) = rows.first().map(|row| row.number("run")).transpose()? else { return Ok(()) };
    db.execute("DELETE FROM asked_orders WHERE part = $1", &[part.id.into()]).await?;
    write_findings(db, &part.book, run, &conclusion.findings, now).await?;
    write_days(db, part, run, conclusion, now).await?;
    compared::note(db, part.book.as_str(), part.period, conclusion.incomplete.as_ref()).await?;
    if let (None, Some(changes)) = (&conclusion.incomplete, &conclusion.changes) {
        runs::set_change_reading(db, &part.book, &changes.reading).await?;
    }
    if conclusion.incomplete.is_none() {
        keep_closed::<T>(db, part, run, conclusion).await?;
        let of_these_days = format!("book = $1 AND run <> $2 AND day >= $3 AND day <= $4 AND class NOT IN ({CLASSES})");
        let sql = no_longer_found(&of_these_days);
        let (from, to) = (part.period.from.to_string(), part.period.to.to_string());
        db.execute(sql, &[(&part.book).into(), run.into(), (&from).into(), (&to).into()]).await?;
        if part.is_nightly {
            let of_earlier_days = "class = 'not_settled' AND state IN ('open', 'closed') AND book = $1 AND run <> $2
                AND day < $3";
            let sql = no_longer_found(of_earlier_days);
            db.execute(sql, &[(&part.book).into(), run.into(), (&from).into()]).await?;
        }
    }
    runs::end_if_done(db, run, now).await
}

/// What a person has closed about an order that could not be judged in this run is as it was.
async fn keep_closed<T: Dialect>(db: &mut T, part: &RunPart, run: i64, conclusion: &Conclusion) -> Result<()> {
    if conclusion.undetermined.is_empty() {
        return Ok(());
    }
    let orders: Vec<_> = conclusion.undetermined.iter().map(|id| [id]).collect();
    let sql = format!(
        "UPDATE findings SET run = $2 WHERE book = $3 AND state = 'closed'
             AND order_id IN (SELECT v.value ->> 0 FROM {})",
        T::ROWS
    );
    db.execute(sql, &[(&to_json(&orders)).into(), run.into(), (&part.book).into()]).await.map(drop)
}

/// A finding that is found again opens if it was gone, and also if it has changed or disappeared since a person closed
/// it.
pub(in crate::storage) async fn write_findings<T: Dialect>(
    db: &mut T,
    book: &BookName,
    run: i64,
    findings: &[Finding],
    now: Timestamp,
) -> Result<()> {
    let row = |finding: &Finding| {
        let side = finding.ledger.as_ref().or(finding.accurate.as_ref());
        let number = side.map(|side| storable(side.number.as_str())).unwrap_or_default();
        let total = |side: Option<&crate::domain::reconciliation::Side>| side.map(|side| side.total);
        Some(json!({
            "subject": finding.subject.key(), "class": finding.class.as_str(), "shape": storable(&finding.shape()),
            "order_id": finding.order_id, "store_id": finding.store_id, "day": finding.day()?,
            "other_day": finding.other_day(),
            "accurate_id": finding.accurate_id, "number": number, "facts": to_json(&Facts::of(finding)),
            "ledger_total": total(finding.ledger.as_ref()), "accurate_total": total(finding.accurate.as_ref()),
        }))
    };
    let rows: Vec<_> = findings.iter().filter_map(row).collect();
    for rows in rows.chunks(500) {
        let sql = format!(
            "INSERT INTO findings AS f (book, subject, class, state, shape, order_id, store_id, day, other_day, accurate_id,
                                   number, ledger_total, accurate_total, facts, run, first_at, opened_at, seen_at,
                                   changed_at)
             SELECT $2, v.value ->> 'subject', v.value ->> 'class', 'open', v.value ->> 'shape',
                    COALESCE(v.value ->> 'order_id', ''), v.value ->> 'store_id', v.value ->> 'day',
                    COALESCE(v.value ->> 'other_day', ''),
                    CAST(v.value ->> 'accurate_id' AS BIGINT), v.value ->> 'number',
                    CAST(v.value ->> 'ledger_total' AS BIGINT), CAST(v.value ->> 'accurate_total' AS BIGINT),
                    v.value ->> 'facts', CAST($3 AS BIGINT), CAST($4 AS BIGINT), CAST($4 AS BIGINT), CAST($4 AS BIGINT),
                    CAST($4 AS BIGINT)
             FROM {} WHERE true
             ON CONFLICT (book, subject) DO UPDATE SET
                 state = CASE WHEN f.state = 'closed' AND f.shape = excluded.shape THEN 'closed' ELSE 'open' END,
                 opened_at = CASE WHEN f.state = 'open' OR (f.state = 'closed' AND f.shape = excluded.shape)
                                  THEN f.opened_at ELSE excluded.opened_at END,
                 changed_at = CASE WHEN f.shape = excluded.shape THEN f.changed_at ELSE excluded.changed_at END,
                 class = excluded.class, shape = excluded.shape, order_id = excluded.order_id,
                 store_id = excluded.store_id, day = excluded.day, other_day = excluded.other_day,
                 accurate_id = excluded.accurate_id,
                 number = excluded.number, ledger_total = excluded.ledger_total,
                 accurate_total = excluded.accurate_total, facts = excluded.facts, run = excluded.run,
                 seen_at = excluded.seen_at",
            T::ROWS
        );
        db.execute(sql, &[(&to_json(&rows)).into(), book.into(), run.into(), now.into()]).await?;
    }
    Ok(())
}

async fn write_days<T: Dialect>(
    db: &mut T,
    part: &RunPart,
    run: i64,
    conclusion: &Conclusion,
    now: Timestamp,
) -> Result<()> {
    let (from, to) = (part.period.from.to_string(), part.period.to.to_string());
    if conclusion.incomplete.is_some() {
        // What an earlier run has seen stays; that it is not certain any more is said.
        let sql = "UPDATE reconciled_days SET complete = 0 WHERE book = $1 AND day >= $2 AND day <= $3";
        db.execute(sql, &[(&part.book).into(), (&from).into(), (&to).into()]).await?;
    } else {
        let sql = "DELETE FROM reconciled_days WHERE book = $1 AND day >= $2 AND day <= $3";
        db.execute(sql, &[(&part.book).into(), (&from).into(), (&to).into()]).await?;
    }
    let rows: Vec<_> = conclusion
        .sums
        .iter()
        .map(|(store_id, day, sums)| {
            let (ledger, accurate) = (sums.ledger, sums.accurate);
            json!([day, store_id, ledger.count, ledger.total, accurate.count, accurate.total, sums.explained])
        })
        .collect();
    for rows in rows.chunks(500) {
        let sql = format!(
            "INSERT INTO reconciled_days (day, store_id, book, run, at, complete, ledger_count, ledger_total,
                                          accurate_count, accurate_total, explained)
             SELECT v.value ->> 0, v.value ->> 1, $2, CAST($3 AS BIGINT), CAST($4 AS BIGINT), CAST($5 AS BIGINT),
                    CAST(v.value ->> 2 AS BIGINT), CAST(v.value ->> 3 AS BIGINT), CAST(v.value ->> 4 AS BIGINT),
                    CAST(v.value ->> 5 AS BIGINT), CAST(v.value ->> 6 AS BIGINT)
             FROM {} WHERE true ON CONFLICT (day, store_id, book) DO NOTHING",
            T::ROWS
        );
        let complete = i64::from(conclusion.incomplete.is_none());
        let rows = to_json(&rows);
        let values = [(&rows).into(), (&part.book).into(), run.into(), micros(now).into(), complete.into()];
        db.execute(sql, &values).await?;
    }
    Ok(())
}
