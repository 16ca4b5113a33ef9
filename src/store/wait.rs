//! What blocked orders wait for in Accurate, and when it is looked at again.

use jiff::Timestamp;

use super::{
    Result, StoreError, Wait, recheck,
    rows::{order_id, timestamp},
    talk::{Columns, Talk},
    timeline::append,
};
use crate::domain::{timeline::Event, waiting::Subject};

pub(super) async fn due(talk: &mut impl Talk, book: &str, now: Timestamp) -> Result<Option<Wait>> {
    let sql = "SELECT subject, looks FROM waits WHERE book = $1 AND next_at <= $2 ORDER BY next_at LIMIT 1";
    let rows = talk.fetch(sql, &[book.into(), now.into()]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let text = row.text("subject")?;
    let subject = Subject::parse(text).ok_or_else(|| StoreError::Unreadable(format!("waiting for {text:?}")))?;
    Ok(Some(Wait { subject, looks: row.number("looks")? }))
}

pub(super) async fn next_look_at(talk: &mut impl Talk, book: &str) -> Result<Option<Timestamp>> {
    let rows = talk.fetch("SELECT MIN(next_at) AS at FROM waits WHERE book = $1", &[book.into()]).await?;
    let at = rows.first().map(|row| row.number_if_any("at")).transpose()?.flatten();
    let recheck_at = recheck::next_at(talk, book).await?;
    at.into_iter().chain(recheck_at).min().map(timestamp).transpose()
}

pub(super) async fn wait_on(talk: &mut impl Talk, book: &str, subject: &Subject, until: Timestamp) -> Result<()> {
    let subject = subject.to_string();
    let sql = "UPDATE waits SET next_at = $3, looks = looks + 1 WHERE book = $1 AND subject = $2";
    talk.execute(sql, &[book.into(), (&subject).into(), until.into()]).await?;
    // Whoever waited may have been cancelled or mapped elsewhere: a look for nobody is not made again.
    let sql = "DELETE FROM waits WHERE book = $1 AND subject = $2 AND NOT EXISTS
                   (SELECT 1 FROM orders WHERE book = $1 AND waits_for = $2 AND waits_for <> '' AND state = 'blocked')";
    talk.execute(sql, &[book.into(), (&subject).into()]).await?;
    Ok(())
}

pub(super) async fn end(talk: &mut impl Talk, book: &str, subject: &Subject, now: Timestamp) -> Result<u64> {
    let name = subject.to_string();
    talk.execute("DELETE FROM waits WHERE book = $1 AND subject = $2", &[book.into(), (&name).into()]).await?;
    decide_anew(talk, "", book, subject, now).await
}

pub(super) async fn try_one(talk: &mut impl Talk, book: &str, subject: &Subject, now: Timestamp) -> Result<u64> {
    let oldest = " AND id = (SELECT MIN(id) FROM orders
                             WHERE book = $1 AND waits_for = $2 AND waits_for <> '' AND state = 'blocked')";
    decide_anew(talk, oldest, book, subject, now).await
}

async fn decide_anew(
    talk: &mut impl Talk,
    which: &'static str,
    book: &str,
    subject: &Subject,
    now: Timestamp,
) -> Result<u64> {
    let sql = format!(
        "UPDATE orders SET undecided = 1, revision = revision + 1, failures = 0
         WHERE book = $1 AND waits_for = $2 AND waits_for <> '' AND state = 'blocked'{which} RETURNING order_id"
    );
    let name = subject.to_string();
    let rows = talk.fetch(sql, &[book.into(), (&name).into()]).await?;
    let ids = rows.iter().map(order_id).collect::<Result<Vec<_>>>()?;
    let events = [Event::LookedAgain { subject: subject.clone() }];
    append(talk, ids.iter().map(|id| (id, events.as_slice())), now).await?;
    Ok(ids.len() as u64)
}
