//! What blocked orders wait for in Accurate, and when it is looked at again.

use jiff::Timestamp;
use sqlx::{AssertSqlSafe, Connection, Row, SqliteConnection, SqlitePool};

use super::{
    decide::append,
    rows::{micros, order_id, timestamp},
};
use crate::{
    domain::{timeline::Event, waiting::Subject},
    store::{Result, StoreError, Wait},
};

pub(super) async fn due(readers: &SqlitePool, book: &str, now: Timestamp) -> Result<Option<Wait>> {
    let row =
        sqlx::query("SELECT subject, looks FROM waits WHERE book = $1 AND next_at <= $2 ORDER BY next_at LIMIT 1")
            .bind(book)
            .bind(micros(now))
            .fetch_optional(readers)
            .await?;
    let Some(row) = row else { return Ok(None) };
    let text: &str = row.try_get("subject")?;
    let subject = Subject::parse(text).ok_or_else(|| StoreError::Unreadable(format!("waiting for {text:?}")))?;
    Ok(Some(Wait { subject, looks: row.try_get("looks")? }))
}

pub(super) async fn next_look_at(readers: &SqlitePool, book: &str) -> Result<Option<Timestamp>> {
    let row = sqlx::query("SELECT MIN(next_at) AS at FROM waits WHERE book = $1").bind(book).fetch_one(readers).await?;
    row.try_get::<Option<i64>, _>("at")?.map(timestamp).transpose()
}

pub(super) async fn wait_on(
    connection: &mut SqliteConnection,
    book: &str,
    subject: &Subject,
    until: Timestamp,
) -> Result<()> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    sqlx::query("UPDATE waits SET next_at = $3, looks = looks + 1 WHERE book = $1 AND subject = $2")
        .bind(book)
        .bind(subject.to_string())
        .bind(micros(until))
        .execute(&mut *transaction)
        .await?;
    // Whoever waited may have been cancelled or mapped elsewhere: a look for nobody is not made again.
    sqlx::query(
        "DELETE FROM waits WHERE book = $1 AND subject = $2 AND NOT EXISTS
             (SELECT 1 FROM orders WHERE book = $1 AND waits_for = $2 AND waits_for <> '' AND state = 'blocked')",
    )
    .bind(book)
    .bind(subject.to_string())
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(())
}

pub(super) async fn end(
    connection: &mut SqliteConnection,
    book: &str,
    subject: &Subject,
    now: Timestamp,
) -> Result<u64> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    sqlx::query("DELETE FROM waits WHERE book = $1 AND subject = $2")
        .bind(book)
        .bind(subject.to_string())
        .execute(&mut *transaction)
        .await?;
    let orders = decide_anew(&mut transaction, "", book, subject, now).await?;
    transaction.commit().await?;
    Ok(orders)
}

pub(super) async fn try_one(
    connection: &mut SqliteConnection,
    book: &str,
    subject: &Subject,
    now: Timestamp,
) -> Result<u64> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let oldest = " AND id = (SELECT MIN(id) FROM orders
                             WHERE book = $1 AND waits_for = $2 AND waits_for <> '' AND state = 'blocked')";
    let orders = decide_anew(&mut transaction, oldest, book, subject, now).await?;
    transaction.commit().await?;
    Ok(orders)
}

async fn decide_anew(
    connection: &mut SqliteConnection,
    which: &'static str,
    book: &str,
    subject: &Subject,
    now: Timestamp,
) -> Result<u64> {
    let sql = format!(
        "UPDATE orders SET undecided = 1, revision = revision + 1, failures = 0
         WHERE book = $1 AND waits_for = $2 AND waits_for <> '' AND state = 'blocked'{which} RETURNING order_id"
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(book).bind(subject.to_string()).fetch_all(&mut *connection).await?;
    let ids = rows.iter().map(order_id).collect::<Result<Vec<_>>>()?;
    let events = [Event::LookedAgain { subject: subject.to_string() }];
    append(connection, ids.iter().map(|id| (id, events.as_slice())), now).await?;
    Ok(ids.len() as u64)
}
