//! Recording rows of payouts and returns.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use jiff::Timestamp;
use serde_json::json;

use super::{
    MarkedByHand, marked,
    matching::{order_of, orders},
    parts, rows_of, transactions,
};
use crate::{
    domain::{
        document::Kind,
        money::Rupiah,
        payout::{PaidDay, Payout, RowState},
    },
    storage::{
        Result, RowContent, RowRecorded,
        dialect::{Columns, Dialect},
        rows::{from_json, hundredths, json as to_json, micros, storable},
    },
};

/// What is stored of a row that arrives again.
pub(super) struct Known {
    pub(super) content: String,
    /// Empty if no order has its number.
    pub(super) order_id: String,
    /// When it was sent, in microseconds.
    delivered_at: i64,
    /// Its receipt may exist, or a person has booked it.
    pub(super) is_closed: bool,
    /// It has no order, and nobody has approved or marked it.
    pub(super) is_untouched: bool,
}

/// What is stored, by source and id.
pub(super) type AllKnown = HashMap<(String, String), Known>;

/// When rows are recorded, and when they were sent.
#[derive(Clone, Copy)]
struct Times {
    now: Timestamp,
    delivered_at: Timestamp,
}

/// Records rows of one kind, in this order. The same key again is a repeat, or a correction if the content differs.
pub(in crate::storage) async fn record<T: Dialect>(
    db: &mut T,
    rows: &[RowContent],
    now: Timestamp,
) -> Result<Vec<RowRecorded>> {
    let mut known = known(db, &keys_of(rows)).await?;
    parts::load(db, rows, &mut known).await?;
    record_over(db, rows, known, Times { now, delivered_at: now }).await
}

/// Records the payouts of one webhook. A webhook that has just arrived always counts, even if the clock of the replica
/// that received an earlier one was ahead. Of a webhook kept since `kept_since`, a row counts only if nothing newer is
/// stored for it. If a row has no day but that of its arrival, the day that is already stored stays.
pub(in crate::storage) async fn record_delivered<T: Dialect>(
    db: &mut T,
    payouts: &[Payout],
    day: PaidDay,
    kept_since: Option<Timestamp>,
    now: Timestamp,
) -> Result<Vec<RowRecorded>> {
    let mut rows: Vec<_> = payouts.iter().cloned().map(RowContent::Payout).collect();
    let mut known = known(db, &keys_of(&rows)).await?;
    for row in &mut rows {
        let RowContent::Payout(payout) = row else { continue };
        let Some(before) = known.get(&(payout.key.source.clone(), payout.key.id.clone())) else { continue };
        // Content that cannot be read is replaced.
        let Ok(content) = from_json::<Payout>(&before.content) else { continue };
        if kept_since.is_some_and(|kept_since| before.delivered_at > micros(kept_since)) {
            *payout = content;
        } else if day == PaidDay::Arrival {
            payout.paid_at = content.paid_at;
        }
    }
    parts::load(db, &rows, &mut known).await?;
    let delivered_at = kept_since.unwrap_or(now);
    let recorded = record_over(db, &rows, known, Times { now, delivered_at }).await?;
    let repeats = rows.iter().zip(&recorded).filter(|(_, recorded)| **recorded == RowRecorded::Repeat);
    sent_again(db, repeats.map(|(row, _)| row), delivered_at).await?;
    Ok(recorded)
}

/// The same content was sent again: what was kept before that must not replace it.
async fn sent_again<'a, T: Dialect>(
    db: &mut T,
    rows: impl Iterator<Item = &'a RowContent>,
    delivered_at: Timestamp,
) -> Result<()> {
    let keys: BTreeSet<_> = rows.map(|row| (rows_of(row.kind()), row.key())).collect();
    if keys.is_empty() {
        return Ok(());
    }
    let keys: Vec<_> = keys.into_iter().map(|(kind, (source, id))| [kind, source, id]).collect();
    let sql = format!(
        "UPDATE settlement_rows SET delivered_at = CAST($2 AS BIGINT) FROM {}
         WHERE kind = v.value ->> 0 AND source = v.value ->> 1 AND row_id = v.value ->> 2
           AND delivered_at < CAST($2 AS BIGINT)",
        T::ROWS
    );
    db.execute(sql, &[(&to_json(&keys)).into(), delivered_at.into()]).await?;
    Ok(())
}

async fn record_over<T: Dialect>(
    db: &mut T,
    rows: &[RowContent],
    mut known: AllKnown,
    times: Times,
) -> Result<Vec<RowRecorded>> {
    let orders = orders(db, rows).await?;
    let mut recorded = Vec::with_capacity(rows.len());
    let (mut new, mut changed, mut with_lines) = (Vec::new(), Vec::new(), Vec::new());
    let mut fees = Fees::default();
    let mut unsettled = HashSet::new();
    for sent in rows {
        let parts: Vec<_> = match sent {
            RowContent::Payout(payout) => match parts::changed(payout, &known) {
                Ok(parts) => parts.into_iter().map(RowContent::Payout).collect(),
                Err(refused) => {
                    recorded.push(refused);
                    continue;
                }
            },
            RowContent::Return(_) => vec![sent.clone()],
        };
        let mut outcome = RowRecorded::Repeat;
        for row in &parts {
            let (source, id) = row.key();
            let key = (source.to_owned(), id.to_owned());
            let content = content_of(row);
            let order_id = order_of(row, &orders).map_or_else(String::new, |id| id.as_str().to_owned());
            let is_closed = match known.get(&key) {
                Some(before) if before.content == content => continue,
                Some(before) => {
                    fees.take_off(row.kind(), source, &before.content);
                    unsettled.extend([before.order_id.clone()]);
                    changed.push(values(row, &content, &order_id));
                    outcome = RowRecorded::Corrected;
                    before.is_closed
                }
                None => {
                    new.push(values(row, &content, &order_id));
                    if outcome == RowRecorded::Repeat {
                        outcome = RowRecorded::Accepted;
                    }
                    false
                }
            };
            fees.add(row);
            if let RowContent::Payout(payout) = row {
                with_lines.extend((!payout.lines.is_empty()).then(|| payout.clone()));
            }
            unsettled.extend([order_id.clone()]);
            let (delivered_at, is_untouched) = (micros(times.delivered_at), order_id.is_empty() && !is_closed);
            known.insert(key, Known { content, order_id, delivered_at, is_closed, is_untouched });
        }
        recorded.push(outcome);
    }
    insert(db, &new, times).await?;
    correct(db, &changed, times).await?;
    transactions::remember(db, &with_lines).await?;
    fees.write(db, times.now).await?;
    unsettled.remove("");
    unsettle(db, unsettled.iter().map(String::as_str)).await?;
    Ok(recorded)
}

/// Has these orders decided again.
pub(in crate::storage) async fn unsettle<T: Dialect>(db: &mut T, orders: impl Iterator<Item = &str>) -> Result<()> {
    // PostgreSQL refuses to change a row twice in one statement.
    let orders: BTreeSet<_> = orders.collect();
    let rows: Vec<_> = orders.into_iter().map(|order_id| [order_id]).collect();
    if rows.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "INSERT INTO unsettled (order_id) SELECT v.value ->> 0 FROM {} WHERE true
         ON CONFLICT (order_id) DO UPDATE SET revision = unsettled.revision + 1, due_at = 0",
        T::ROWS
    );
    db.execute(sql, &[(&to_json(&rows)).into()]).await?;
    Ok(())
}

fn keys_of(rows: &[RowContent]) -> Vec<(Kind, (&str, &str))> {
    rows.iter().map(|row| (row.kind(), row.key())).collect()
}

/// What is stored under these keys.
pub(super) async fn known<T: Dialect>(db: &mut T, keys: &[(Kind, (&str, &str))]) -> Result<AllKnown> {
    let keys: Vec<_> = keys.iter().map(|(kind, (source, id))| [rows_of(*kind), *source, *id]).collect();
    let sql = format!(
        "SELECT source, row_id, content, settlement_rows.order_id, delivered_at,
                CAST(CASE WHEN by_hand IS NOT NULL OR {MAY_BE_BOOKED} THEN 1 ELSE 0 END AS BIGINT) AS is_closed,
                CAST(CASE WHEN settlement_rows.order_id = '' AND by_hand IS NULL AND approved_at IS NULL
                          THEN 1 ELSE 0 END AS BIGINT) AS is_untouched
             FROM {} {} settlement_rows ON settlement_rows.kind = v.value ->> 0
                  AND settlement_rows.source = v.value ->> 1 AND settlement_rows.row_id = v.value ->> 2",
        T::ROWS,
        T::THEN_JOIN
    );
    let rows = db.fetch(sql, &[(&to_json(&keys)).into()]).await?;
    let one = |row: &T::Row| {
        let text = |column| row.text(column).map(str::to_owned);
        let (content, order_id, delivered_at) = (text("content")?, text("order_id")?, row.number("delivered_at")?);
        let (is_closed, is_untouched) = (row.number("is_closed")? != 0, row.number("is_untouched")? != 0);
        let known = Known { content, order_id, delivered_at, is_closed, is_untouched };
        Ok(((text("source")?, text("row_id")?), known))
    };
    rows.iter().map(one).collect()
}

fn content_of(row: &RowContent) -> String {
    match row {
        RowContent::Payout(payout) => to_json(payout),
        RowContent::Return(record) => to_json(record),
    }
}

fn values(row: &RowContent, content: &str, order_id: &str) -> serde_json::Value {
    let ((source, id), (store_id, number)) = (row.key(), row.order());
    let amount = match row {
        RowContent::Payout(payout) => Some(payout.net),
        RowContent::Return(record) => record.refund,
    };
    let state = if order_id.is_empty() { RowState::Unmatched } else { RowState::Waiting };
    json!({
        "kind": rows_of(row.kind()), "source": source, "row_id": id, "store_id": storable(store_id),
        "channel_order_id": storable(number), "order_id": order_id, "content": content,
        "amount": amount.map(hundredths),
        "day": row.day().map(|day| day.to_string()).unwrap_or_default(), "state": state.as_str(),
    })
}

async fn insert<T: Dialect>(db: &mut T, rows: &[serde_json::Value], times: Times) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    // The same key may stand twice in one request: the later one is a correction.
    let sql = format!(
        "INSERT INTO settlement_rows (kind, source, row_id, store_id, channel_order_id, order_id, content, amount, day, state,
                                      arrived_at, content_at, delivered_at)
         SELECT v.value ->> 'kind', v.value ->> 'source', v.value ->> 'row_id', v.value ->> 'store_id',
                v.value ->> 'channel_order_id', v.value ->> 'order_id', v.value ->> 'content',
                CAST(v.value ->> 'amount' AS BIGINT), v.value ->> 'day', v.value ->> 'state',
                CAST($2 AS BIGINT), CAST($2 AS BIGINT), CAST($3 AS BIGINT)
         FROM {} WHERE true",
        T::ROWS
    );
    db.execute(sql, &[(&to_json(&rows)).into(), times.now.into(), times.delivered_at.into()]).await?;
    Ok(())
}

/// Whether the document of a row exists in Accurate, or may exist: its row then stays with its order.
pub(super) const MAY_BE_BOOKED: &str = "EXISTS (SELECT 1 FROM documents d
     WHERE d.order_id = settlement_rows.order_id AND d.part = settlement_rows.part
       AND d.kind = CASE settlement_rows.kind WHEN 'return' THEN 'return' ELSE 'receipt' END AND d.state <> 'gone'
       AND (d.accurate_id IS NOT NULL OR d.doubt_since <> 0))";

/// Whether a row stays with its order whatever a correction says: what books it is on that order's invoice, or a person
/// has said so.
fn stays() -> String {
    format!("({MAY_BE_BOOKED} OR (settlement_rows.by_hand IS NOT NULL AND settlement_rows.order_id <> ''))")
}

/// A correction replaces the content and takes the approval away; a person's mark that the row is booked by hand stays,
/// with what the row said then. One that names another order moves the row there, unless it may be booked already.
async fn correct<T: Dialect>(db: &mut T, rows: &[serde_json::Value], times: Times) -> Result<()> {
    let sql = format!(
        "UPDATE settlement_rows SET store_id = v.value ->> 'store_id',
             channel_order_id = v.value ->> 'channel_order_id', content = v.value ->> 'content',
             order_id = CASE WHEN {stays} THEN settlement_rows.order_id ELSE v.value ->> 'order_id' END,
             part = CASE WHEN {stays} OR settlement_rows.order_id = v.value ->> 'order_id'
                         THEN settlement_rows.part END,
             state = CASE WHEN {stays} THEN settlement_rows.state ELSE v.value ->> 'state' END,
             reason = CASE WHEN {stays} THEN settlement_rows.reason ELSE '' END,
             amount = CAST(v.value ->> 'amount' AS BIGINT), day = v.value ->> 'day',
             content_at = {greatest}(CAST($2 AS BIGINT), arrived_at + 1),
             delivered_at = $3,
             waits_for = NULL, waits = '', approved_at = NULL, approved_by = ''
         FROM {} WHERE kind = v.value ->> 'kind' AND source = v.value ->> 'source' AND row_id = v.value ->> 'row_id'",
        T::ROWS,
        // Later than its arrival, also where another replica's clock is behind: that says that it was corrected.
        greatest = T::GREATEST,
        stays = stays()
    );
    // One by one and in order: a key may be corrected twice in one request.
    for row in rows {
        let row = to_json(&[row]);
        keep_what_was_booked_by_hand(db, &row).await?;
        db.execute(sql.clone(), &[(&row).into(), times.now.into(), times.delivered_at.into()]).await?;
    }
    Ok(())
}

/// A person has booked what a row said before its first correction: until they say what is booked now, that counts.
async fn keep_what_was_booked_by_hand<T: Dialect>(db: &mut T, corrected: &str) -> Result<()> {
    let join = T::THEN_JOIN;
    let sql = format!(
        "SELECT r.id, r.by_hand, r.content FROM {} {join} settlement_rows r ON r.kind = v.value ->> 'kind'
             AND r.source = v.value ->> 'source' AND r.row_id = v.value ->> 'row_id'
         WHERE r.by_hand IS NOT NULL",
        T::ROWS
    );
    for row in &db.fetch(sql, &[corrected.into()]).await? {
        let Some(marked) = marked(row)?.filter(|marked| marked.was.is_none()) else { continue };
        let marked = MarkedByHand { was: Some(row.text("content")?.to_owned()), ..marked };
        let sql = "UPDATE settlement_rows SET by_hand = $2 WHERE id = $1";
        db.execute(sql, &[row.number("id")?.into(), (&to_json(&marked)).into()]).await?;
    }
    Ok(())
}

/// What is added to the counts of the names that payouts use.
#[derive(Default)]
struct Fees(BTreeMap<(String, String), (i64, i64)>);

impl Fees {
    fn add(&mut self, row: &RowContent) {
        if let RowContent::Payout(payout) = row {
            self.change(&payout.key.source, &payout.amounts, 1);
        }
    }

    /// Takes off what a content counted that is corrected.
    fn take_off(&mut self, kind: Kind, source: &str, content: &str) {
        if kind == Kind::Receipt
            && let Ok(before) = serde_json::from_str::<Payout>(content)
        {
            self.change(source, &before.amounts, -1);
        }
    }

    fn change(&mut self, source: &str, amounts: &BTreeMap<String, Rupiah>, by: i64) {
        for (name, amount) in amounts {
            let (count, total) = self.0.entry((source.to_owned(), name.clone())).or_default();
            *count += by;
            *total += by * hundredths(*amount);
        }
    }

    async fn write<T: Dialect>(self, db: &mut T, now: Timestamp) -> Result<()> {
        let rows: Vec<_> =
            self.0.into_iter().map(|((source, name), (n, total))| json!([source, name, n, total])).collect();
        if rows.is_empty() {
            return Ok(());
        }
        let sql = format!(
            "INSERT INTO fee_kinds (source, name, n, total, first_at)
             SELECT v.value ->> 0, v.value ->> 1, CAST(v.value ->> 2 AS BIGINT), CAST(v.value ->> 3 AS BIGINT),
                    CAST($2 AS BIGINT)
             FROM {} WHERE true
             ON CONFLICT (source, name) DO UPDATE SET n = fee_kinds.n + excluded.n,
                 total = fee_kinds.total + excluded.total",
            T::ROWS
        );
        db.execute(sql, &[(&to_json(&rows)).into(), now.into()]).await?;
        Ok(())
    }
}
