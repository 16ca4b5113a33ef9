//! Documents that Accurate's own webhooks named, what reading them again led to, and until when the webhooks come.

use jiff::Timestamp;
use serde_json::json;

use super::{
    AccurateWebhook, Followed, Result, StoredHint,
    dialect::{Columns, Dialect},
    reconciliation::{conclude::write_findings, findings::no_longer_found},
    rows::{json as to_json, micros, moment, order_id, storable, timestamp},
};
use crate::domain::{
    hint::Hint,
    ids::BookName,
    reconciliation::{Class, Subject},
};

/// At most this many hints of one book may wait. The next nightly run finds what is left out.
const MOST_WAITING: usize = 10_000;

/// The run of a finding that came from a hint, until a run finds it too.
const NO_RUN: i64 = 0;

pub(super) async fn add<T: Dialect>(
    db: &mut T,
    book: &BookName,
    hints: &[Hint],
    now: Timestamp,
    due_at: Timestamp,
) -> Result<usize> {
    let rows = db.fetch("SELECT COUNT(*) AS n FROM hints WHERE book = $1", &[book.into()]).await?;
    let waiting = rows.first().map(|row| row.number("n")).transpose()?.unwrap_or_default();
    let room = MOST_WAITING.saturating_sub(usize::try_from(waiting).unwrap_or(MOST_WAITING));
    let cells = |hint: &Hint| {
        let heard_at = micros(hint.at.map_or(now, |at| at.min(now)));
        json!([storable(&hint.document()), hint.id, storable(hint.number.as_str()), heard_at])
    };
    let rows: Vec<_> = hints.iter().take(room).map(cells).collect();
    let sql = format!(
        "INSERT INTO hints AS h (book, document, accurate_id, number, heard_at, due_at)
         SELECT $2, v.value ->> 0, CAST(v.value ->> 1 AS BIGINT), v.value ->> 2, CAST(v.value ->> 3 AS BIGINT),
                CAST($4 AS BIGINT)
         FROM {} WHERE true
         ON CONFLICT (book, document) DO UPDATE SET tries = 0, heard_at = {}(h.heard_at, excluded.heard_at),
             number = CASE WHEN excluded.number = '' THEN h.number ELSE excluded.number END,
             due_at = CASE WHEN h.due_at <= $3 THEN excluded.due_at ELSE h.due_at END",
        T::ROWS,
        T::GREATEST
    );
    db.execute(sql, &[(&to_json(&rows)).into(), book.into(), now.into(), due_at.into()]).await?;
    Ok(hints.len() - rows.len())
}

/// The order comes from our ledger, by Accurate's id or by number, else from a finding about the invoice.
pub(super) async fn due<T: Dialect>(
    db: &mut T,
    book: &BookName,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<StoredHint>> {
    let sql = "SELECT h.accurate_id, h.number, h.heard_at, h.tries, h.order_id,
            (SELECT CASE WHEN d.state = 'gone' THEN o.changed_at ELSE d.shown_at END
             FROM documents d JOIN orders o ON o.order_id = d.order_id
             WHERE d.order_id = h.order_id AND d.kind = 'invoice' AND d.part = 0
                 AND (d.accurate_id = h.accurate_id OR d.number = h.number)) AS ours_at
        FROM (SELECT w.accurate_id, w.number, w.heard_at, w.tries, w.due_at, COALESCE(
                (SELECT d.order_id FROM documents d WHERE d.book = w.book AND d.kind = 'invoice'
                     AND d.accurate_id = w.accurate_id AND d.accurate_id IS NOT NULL AND d.state <> 'gone'),
                (SELECT d.order_id FROM documents d WHERE d.book = w.book AND d.number = w.number
                     AND d.kind = 'invoice' LIMIT 1),
                (SELECT f.order_id FROM findings f WHERE f.book = w.book AND f.subject = 'invoice:' || w.accurate_id),
                '') AS order_id
              FROM hints w WHERE w.book = $1 AND w.due_at <= $2 ORDER BY w.due_at LIMIT $3) AS h
        ORDER BY h.due_at";
    let one = |row: &T::Row| {
        let heard_at = timestamp(row.number("heard_at")?)?;
        let hint =
            Hint { id: row.number_if_any("accurate_id")?, number: row.text("number")?.into(), at: Some(heard_at) };
        Ok(StoredHint {
            hint,
            heard_at,
            tries: row.number("tries")?,
            order_id: if row.text("order_id")?.is_empty() { None } else { Some(order_id(row)?) },
            ours_at: moment(row, "ours_at")?,
        })
    };
    db.fetch(sql, &[book.into(), now.into(), limit.into()]).await?.iter().map(one).collect()
}

pub(super) async fn postpone(
    db: &mut impl Dialect,
    book: &BookName,
    hint: &StoredHint,
    until: Timestamp,
) -> Result<()> {
    let sql = "UPDATE hints SET due_at = $4, tries = tries + 1 WHERE book = $1 AND document = $2 AND heard_at = $3";
    let document = hint.hint.document();
    let values = [book.into(), (&document).into(), hint.heard_at.into(), until.into()];
    db.execute(sql, &values).await.map(drop)
}

pub(super) async fn forget(db: &mut impl Dialect, book: &BookName, hints: &[StoredHint]) -> Result<()> {
    for hint in hints {
        let sql = "DELETE FROM hints WHERE book = $1 AND document = $2 AND heard_at = $3";
        let document = hint.hint.document();
        db.execute(sql, &[book.into(), (&document).into(), hint.heard_at.into()]).await?;
    }
    Ok(())
}

/// Writes the findings; open ones about anything else that was examined are gone.
pub(super) async fn end<T: Dialect>(
    db: &mut T,
    book: &BookName,
    hint: &StoredHint,
    followed: &Followed,
    now: Timestamp,
) -> Result<()> {
    write_findings(db, book, NO_RUN, &followed.findings, now).await?;
    let of_invoices: Vec<_> = Class::ALL.into_iter().filter(|class| class.is_about_an_invoice()).collect();
    let classes = of_invoices.iter().map(|class| format!("'{class}'")).collect::<Vec<_>>().join(", ");
    let is_found = |subject: &Subject| followed.findings.iter().any(|finding| finding.subject == *subject);
    for subject in followed.examined.iter().filter(|subject| !is_found(subject)) {
        let sql = no_longer_found(&format!("book = $1 AND subject = $2 AND class IN ({classes})"));
        db.execute(sql, &[book.into(), (&subject.key()).into()]).await?;
    }
    forget(db, book, std::slice::from_ref(hint)).await
}

pub(super) async fn webhook(db: &mut impl Dialect, book: &BookName) -> Result<AccurateWebhook> {
    let sql = "SELECT ends_at, renew_at, read_until, read_at, failures, failure FROM accurate_webhooks WHERE book = $1";
    let rows = db.fetch(sql, &[book.into()]).await?;
    let Some(row) = rows.first() else { return Ok(AccurateWebhook::default()) };
    Ok(AccurateWebhook {
        ends_at: moment(row, "ends_at")?,
        renew_at: moment(row, "renew_at")?,
        read_until: moment(row, "read_until")?,
        read_at: moment(row, "read_at")?,
        failures: row.number("failures")?,
        failure: row.text("failure")?.to_owned(),
    })
}

pub(super) async fn set_webhook(db: &mut impl Dialect, book: &BookName, webhook: &AccurateWebhook) -> Result<()> {
    let sql = "INSERT INTO accurate_webhooks (book, ends_at, renew_at, read_until, read_at, failures, failure)
               VALUES ($1, $2, $3, $4, $5, $6, $7)
               ON CONFLICT (book) DO UPDATE SET ends_at = excluded.ends_at, renew_at = excluded.renew_at,
                   read_until = excluded.read_until, read_at = excluded.read_at, failures = excluded.failures,
                   failure = excluded.failure";
    let moments = [webhook.ends_at, webhook.renew_at, webhook.read_until, webhook.read_at];
    let [ends_at, renew_at, read_until, read_at] = moments.map(|at| at.map_or(0, micros));
    let failure = storable(&webhook.failure);
    let values = [
        book.into(),
        ends_at.into(),
        renew_at.into(),
        read_until.into(),
        read_at.into(),
        webhook.failures.into(),
        (&*failure).into(),
    ];
    db.execute(sql, &values).await.map(drop)
}
