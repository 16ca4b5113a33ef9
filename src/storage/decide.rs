//! Orders with news, and what was decided about them.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use serde_json::json;

use super::{
    ByHand, Filter, News, Result, Saves, State, Undecided, UnreadableOrder, Verdict, after_sale,
    dialect::{Columns, Dialect},
    fold::{BODY_BYTES, LARGEST_READ, first_by_size},
    list::{Binds, conditions},
    mappings::is_shadowed,
    order_recheck, restored,
    rows::{
        hundredths, json as to_json, json_column, micros, moment, optional_json, order_id, reason, state, storable,
        subject_of, timestamp,
    },
    settle::lawful,
    timeline::append,
};
use crate::domain::{
    decision::Booked,
    document::{self, invoice_in},
    ids::DocumentNumber,
    order::OrderId,
    reason::Reason,
    timeline::Event,
};

/// Nobody works on the documents of order `o`, and none may exist that is not known; `$1` or `$2` is the moment.
pub(super) fn is_free(now: &str) -> String {
    // PostgreSQL may answer NOT EXISTS by reading all documents, but this by reading those of the order only.
    format!(
        "(SELECT MIN(busy.id) FROM documents busy WHERE busy.order_id = o.order_id AND
             (busy.lease_until > {now} OR (busy.state = 'due' AND busy.wanted = 'exist' AND busy.doubt_since <> 0))) IS NULL"
    )
}

/// The number of a document of order `o` of this kind that exists, or may exist; NULL if there is none.
macro_rules! follow_up {
    ($kind:literal) => {
        concat!(
            "(SELECT MIN(f.number) FROM documents f WHERE f.order_id = o.order_id AND f.kind = '",
            $kind,
            "' AND f.state <> 'gone' AND (f.accurate_id IS NOT NULL OR f.doubt_since <> 0))"
        )
    };
}

/// A person's mark that a row of order `o` of this kind is booked by hand; NULL if there is none that takes anything
/// off. One that was made only now may do so until its order is decided: it may be about a document of ours.
macro_rules! by_hand {
    ($rows:literal) => {
        concat!(
            "(SELECT MIN(r.by_hand) FROM settlement_rows r WHERE r.order_id = o.order_id AND r.order_id <> '' AND r.kind = '",
            $rows,
            "' AND (r.settles > 0 OR (r.by_hand LIKE '%\"document\":%' AND EXISTS (SELECT 1 FROM unsettled u
                                      WHERE u.order_id = r.order_id AND u.due_at = 0))))"
        )
    };
}

/// What an order is decided from; `o` is the order and `i` its invoice.
pub(super) const DECIDED_FROM: &str = concat!("
    o.order_id, o.revision, o.state, o.history, o.received_at, o.reason, o.findings, o.warnings, o.store_id, o.ordered_at,
    o.decision, i.draft, COALESCE(i.deletion_tried, 0) AS deletion_tried, COALESCE(i.doubt_since, 0) AS doubt_since,
    COALESCE(i.attempt, 0) AS attempt,
    ", follow_up!("receipt"), " AS receipt, ", by_hand!("payout"), " AS receipt_by_hand,
    ", follow_up!("return"), " AS sales_return, ", by_hand!("return"), " AS return_by_hand,
    (SELECT d.body FROM deliveries d WHERE d.id = o.latest_delivery) AS body,
    (SELECT d.received_at FROM deliveries d WHERE d.id = o.latest_delivery) AS body_received_at,
    CASE WHEN o.invoice_id IS NOT NULL AND o.state <> 'voided' THEN o.invoice_id END AS standing");

/// Joins the invoice of order `o` as `i`.
pub(super) const AND_ITS_INVOICE: &str =
    "LEFT JOIN documents i ON i.order_id = o.order_id AND i.kind = 'invoice' AND i.part = 0";

pub(super) async fn undecided<T: Dialect>(db: &mut T, now: Timestamp, limit: i64) -> Result<News> {
    // The body is looked up for each order that is given; joined, all deliveries might be read for it.
    let sizes = format!(
        "SELECT o.id, (SELECT {BODY_BYTES} FROM deliveries d WHERE d.id = o.latest_delivery) AS bytes FROM orders o
         WHERE o.undecided = 1 AND {} ORDER BY o.id LIMIT $2",
        is_free("$1")
    );
    let rows = db.fetch(sizes, &[now.into(), limit.into()]).await?;
    let ids = first_by_size(&rows, LARGEST_READ)?;
    let sql = format!(
        "SELECT {DECIDED_FROM} FROM {} {} orders o ON o.id = CAST(v.value ->> 0 AS BIGINT) {AND_ITS_INVOICE}
         WHERE o.undecided = 1 AND {}
         ORDER BY o.id",
        T::ROWS,
        T::THEN_JOIN,
        is_free("$2")
    );
    let mut news = News::default();
    for row in &db.fetch(sql, &[(&to_json(&ids)).into(), now.into()]).await? {
        // One order that cannot be read must not keep all others from being decided.
        match read_undecided(row) {
            Ok(order) => news.orders.push(order),
            Err(problem) => news.unreadable.push(UnreadableOrder {
                order_id: order_id(row)?,
                revision: row.number("revision")?,
                problem: problem.to_string(),
            }),
        }
    }
    Ok(news)
}

pub(super) fn read_undecided(row: &impl Columns) -> Result<Undecided> {
    let invoice_exists = row.number_if_any("standing")?.is_some();
    Ok(Undecided {
        order_id: order_id(row)?,
        revision: row.number("revision")?,
        state: state(row)?,
        history: json_column(row, "history")?,
        body: row.bytes_if_any("body")?,
        store_id: row.text("store_id")?.to_owned(),
        ordered_at: moment(row, "ordered_at")?,
        received_at: timestamp(row.number("received_at")?)?,
        body_received_at: moment(row, "body_received_at")?,
        deletion_tried: row.number("deletion_tried")? == 1,
        draft: match optional_json(row, "draft") {
            // As long as no invoice exists, a new draft replaces one that cannot be read.
            Err(_) if !invoice_exists => None,
            draft => draft?,
        },
        reason: reason(row)?,
        findings: json_column(row, "findings")?,
        invoice_exists,
        booked: Booked {
            receipt: booked(row, "receipt", "receipt_by_hand")?,
            sales_return: booked(row, "sales_return", "return_by_hand")?,
        },
        saves: match (row.number("doubt_since")?, row.number("attempt")?) {
            (0, 0) => Saves::NoneSent,
            (0, _) => Saves::AccountedFor,
            _ => Saves::InDoubt,
        },
        warnings: json_column(row, "warnings")?,
        manual: optional_json(row, "decision")?,
    })
}

/// The number of a document that this service, or a person, has booked.
fn booked(row: &impl Columns, ours: &str, by_hand: &str) -> Result<Option<DocumentNumber>> {
    if let Some(number) = row.text_if_any(ours)? {
        return Ok(Some(number.into()));
    }
    Ok(optional_json::<ByHand>(row, by_hand)?.and_then(|by_hand| by_hand.document).map(DocumentNumber::from))
}

pub(super) async fn decide<T: Dialect>(db: &mut T, verdicts: &[Verdict], now: Timestamp) -> Result<HashSet<OrderId>> {
    let before = current(db, verdicts, now).await?;
    let current: Vec<_> = verdicts.iter().filter(|verdict| before.contains_key(&verdict.order_id)).collect();
    for verdict in &current {
        lawful(&verdict.order_id, before[&verdict.order_id], verdict.state)?;
    }
    if current.is_empty() {
        return Ok(HashSet::new());
    }
    write(db, &current, now).await?;
    let unsettled = current.iter().filter(|verdict| verdict.settlement_decides);
    after_sale::record::unsettle(db, unsettled.map(|verdict| verdict.order_id.as_str())).await?;
    Ok(before.into_keys().collect())
}

/// Writes lawful decisions that are based on the newest news.
pub(super) async fn write<T: Dialect>(db: &mut T, verdicts: &[&Verdict], now: Timestamp) -> Result<()> {
    write_orders(db, verdicts, now).await?;
    write_documents(db, verdicts, now).await?;
    append(db, verdicts.iter().map(|verdict| (&verdict.order_id, verdict.events.as_slice())), now).await
}

/// The orders whose verdict is about the newest news and by the active mapping, with the state that they are in.
async fn current<T: Dialect>(db: &mut T, verdicts: &[Verdict], now: Timestamp) -> Result<HashMap<OrderId, State>> {
    let rows: Vec<_> =
        verdicts.iter().map(|verdict| json!([verdict.order_id, verdict.revision, verdict.mapping_revision])).collect();
    let sql = format!(
        "SELECT o.order_id, o.state FROM {} {} orders o
             ON o.order_id = v.value ->> 0 AND o.revision = CAST(v.value ->> 1 AS BIGINT)
         WHERE o.undecided = 1 AND {}
           AND CAST(v.value ->> 2 AS BIGINT) = (SELECT COALESCE(MAX(revision), 0) FROM mappings)",
        T::ROWS,
        T::THEN_JOIN,
        is_free("$2")
    );
    let rows = db.fetch(sql, &[(&to_json(&rows)).into(), now.into()]).await?;
    rows.iter().map(|row| Ok((order_id(row)?, state(row)?))).collect()
}

async fn write_orders<T: Dialect>(db: &mut T, verdicts: &[&Verdict], now: Timestamp) -> Result<()> {
    let rows: Vec<_> = verdicts
        .iter()
        .map(|verdict| {
            json!([
                verdict.order_id,
                verdict.state.as_str(),
                verdict.reason.map_or("", Reason::code),
                to_json(&verdict.findings),
                to_json(&verdict.warnings),
                verdict.mapping_revision,
                subject_of(&verdict.findings),
                verdict.draft.as_ref().map(|draft| hundredths(draft.total)),
                i64::from(verdict.look_up_first),
            ])
        })
        .collect();
    let sql = format!(
        "UPDATE orders SET
             state = v.value ->> 1, reason = v.value ->> 2, findings = v.value ->> 3, warnings = v.value ->> 4,
             mapping_revision = CAST(v.value ->> 5 AS BIGINT), subject = v.value ->> 6,
             amount = COALESCE(CAST(v.value ->> 7 AS BIGINT), amount),
             undecided = CAST(v.value ->> 8 AS BIGINT), changed_at = $2,
             invoice_number = {kept} invoice_number END, invoice_id = {kept} invoice_id END,
             invoice_total = {kept} invoice_total END, invoiced_at = {kept} invoiced_at END
         FROM {rows} WHERE orders.order_id = v.value ->> 0",
        rows = T::ROWS,
        // A deleted invoice is forgotten by an order that continues.
        kept = "CASE WHEN state <> 'voided' OR v.value ->> 1 = 'voided' THEN",
    );
    db.execute(sql, &[(&to_json(&rows)).into(), now.into()]).await?;
    Ok(())
}

/// What a decision changes about a document, whether it brings a new draft or not. `$2` is the moment.
const CHANGES: &str = "
    lease_until = 0, failures = 0, recheck_at = 0,
    wanted = COALESCE({wanted}, documents.wanted), state = {state},
    doubt_since = CASE WHEN {look_up} = 1 AND documents.doubt_since = 0 THEN 1 ELSE documents.doubt_since END,
    waits_for = CASE WHEN {state} = 'blocked' THEN '' ELSE documents.waits_for END,
    deletion_tried = CASE WHEN documents.wanted = 'gone' AND documents.state = 'due' THEN documents.deletion_tried
                          ELSE 0 END,
    due_since = CASE WHEN {state} <> 'due' OR {wanted} <> 'exist' THEN NULL
                     WHEN documents.state = 'due' AND documents.wanted = 'exist' THEN documents.due_since
                     ELSE CAST($2 AS BIGINT) END,
    next_attempt_at = CASE WHEN {state} <> 'due' THEN 0
                           WHEN documents.state = 'due' AND documents.wanted = {wanted} THEN documents.next_attempt_at
                           ELSE CAST($2 AS BIGINT) END,
    accurate_id = {kept} documents.accurate_id END, total = {kept} documents.total END,
    shown_at = CASE WHEN documents.state = 'gone' AND {state} <> 'gone' THEN 0 ELSE documents.shown_at END";

fn changes(wanted: &str, state: &str, look_up: &str) -> String {
    // A deleted document is forgotten when another one is wanted in its place.
    let kept = format!("CASE WHEN documents.state <> 'gone' OR {state} = 'gone' THEN");
    CHANGES.replace("{kept}", &kept).replace("{wanted}", wanted).replace("{state}", state).replace("{look_up}", look_up)
}

async fn write_documents<T: Dialect>(db: &mut T, verdicts: &[&Verdict], now: Timestamp) -> Result<()> {
    let (drafted, others): (Vec<&Verdict>, Vec<&Verdict>) =
        verdicts.iter().partition(|verdict| verdict.draft.is_some());
    let rows: Vec<_> = drafted
        .iter()
        .filter_map(|verdict| {
            let draft = verdict.draft.as_ref()?;
            let (wanted, progress) = invoice_in(verdict.state);
            let wanted = wanted.unwrap_or(document::Wanted::Exist).as_str();
            let number = storable(draft.body.number.as_str());
            let (day, customer_no) = (draft.body.trans_date, storable(&draft.body.customer_no));
            let row = json!([
                verdict.order_id,
                draft.book,
                number,
                to_json(draft),
                wanted,
                progress.as_str(),
                day,
                customer_no
            ]);
            Some(row)
        })
        .collect();
    if !rows.is_empty() {
        let sql = format!(
            "INSERT INTO documents (order_id, kind, part, book, number, draft, wanted, state, due_since, next_attempt_at,
                                    shadowed, day, customer_no, {})
             SELECT v.value ->> 0, 'invoice', 0, v.value ->> 1, v.value ->> 2, v.value ->> 3, v.value ->> 4,
                    v.value ->> 5, CAST($2 AS BIGINT), CAST($2 AS BIGINT), {},
                    v.value ->> 6, v.value ->> 7, {}
             FROM {} WHERE true
             ON CONFLICT (order_id, kind, part) DO UPDATE SET
                 book = excluded.book, number = excluded.number, draft = excluded.draft, shadowed = excluded.shadowed,
                 day = excluded.day, customer_no = excluded.customer_no,
                 failed_checks = CASE WHEN excluded.draft <> documents.draft THEN 0 ELSE documents.failed_checks END, {}",
            restored::COLUMNS,
            is_shadowed("(SELECT o.created_at FROM orders o WHERE o.order_id = v.value ->> 0)"),
            restored::values("v.value ->> 0", "v.value ->> 5", "v.value ->> 4"),
            T::ROWS,
            changes("excluded.wanted", "excluded.state", "0")
        );
        db.execute(sql, &[(&to_json(&rows)).into(), now.into()]).await?;
    }
    let rows: Vec<_> = others
        .iter()
        .map(|verdict| {
            let (wanted, progress) = invoice_in(verdict.state);
            let wanted = wanted.map(document::Wanted::as_str);
            json!([verdict.order_id, wanted, progress.as_str(), i64::from(verdict.look_up_first)])
        })
        .collect();
    if !rows.is_empty() {
        let sql = format!(
            "UPDATE documents SET {}
             FROM {} WHERE documents.order_id = v.value ->> 0 AND documents.kind = 'invoice' AND documents.part = 0",
            changes("(v.value ->> 1)", "(v.value ->> 2)", "CAST(v.value ->> 3 AS BIGINT)"),
            T::ROWS
        );
        db.execute(sql, &[(&to_json(&rows)).into(), now.into()]).await?;
    }
    Ok(())
}

/// Blocked orders are decided again; what is due is attempted now. Nothing under a lease is touched.
const REARM: &str = "UPDATE orders SET
        undecided = CASE WHEN state = 'blocked' THEN 1 ELSE undecided END, revision = revision + 1
     WHERE state IN ('blocked', 'due', 'void_due')
       AND (SELECT MIN(d.id) FROM documents d WHERE d.order_id = orders.order_id AND d.lease_until > $1) IS NULL";

/// Where only a person could look for a document under another number, the retry says that there is none.
const REARMED: &str = "RETURNING order_id, CAST(CASE WHEN findings LIKE '%\"kind\":\"not_searchable\"%' THEN 1 ELSE 0 END AS BIGINT) AS none_exists";

/// The documents of rearmed orders, and the entries.
async fn rearm_documents<T: Dialect>(db: &mut T, orders: &[T::Row], actor: &str, now: Timestamp) -> Result<()> {
    let ids = orders.iter().map(order_id).collect::<Result<Vec<_>>>()?;
    let nothing = orders.iter().map(|row| row.number("none_exists")).collect::<Result<Vec<_>>>()?;
    let rows: Vec<_> = ids.iter().zip(nothing).collect();
    let sql = format!(
        "UPDATE documents SET failures = 0,
             next_attempt_at = CASE WHEN state = 'due' THEN $2 ELSE next_attempt_at END,
             doubt_since = CASE WHEN state = 'blocked' AND CAST(v.value ->> 1 AS BIGINT) = 1 THEN 0 ELSE doubt_since END
         FROM {} WHERE documents.order_id = v.value ->> 0 AND documents.state IN ('due', 'blocked')",
        T::ROWS
    );
    db.execute(sql, &[(&to_json(&rows)).into(), now.into()]).await?;
    let events = [Event::Rearmed { actor: actor.to_owned() }];
    append(db, ids.iter().map(|id| (id, events.as_slice())), now).await
}

pub(super) async fn rearm<T: Dialect>(db: &mut T, filter: &Filter, actor: &str, now: Timestamp) -> Result<u64> {
    let mut binds = Binds::default();
    binds.number(micros(now));
    let Some(conditions) = conditions(db, filter, &mut binds).await? else { return Ok(0) };
    let rows = db.fetch(format!("{REARM} AND {conditions} {REARMED}"), &binds.values()).await?;
    rearm_documents(db, &rows, actor, now).await?;
    let rearmed = rows.iter().map(order_id).collect::<Result<HashSet<_>>>()?;
    let mut others = order_recheck::retry_matching(db, filter, now).await?;
    others.retain(|order_id| !rearmed.contains(order_id));
    let events = [Event::Rearmed { actor: actor.to_owned() }];
    append(db, others.iter().map(|id| (id, events.as_slice())), now).await?;
    Ok((rearmed.len() + others.len()) as u64)
}

pub(super) async fn rearm_one<T: Dialect>(
    db: &mut T,
    order_id: &OrderId,
    actor: &str,
    now: Timestamp,
) -> Result<Option<u64>> {
    let known = db.fetch("SELECT order_id FROM orders WHERE order_id = $1", &[order_id.into()]).await?;
    if known.is_empty() {
        return Ok(None);
    }
    let rows = db.fetch(format!("{REARM} AND order_id = $2 {REARMED}"), &[now.into(), order_id.into()]).await?;
    rearm_documents(db, &rows, actor, now).await?;
    let others = order_recheck::retry_all(db, order_id, now).await?;
    let others = others + u64::from(after_sale::unreadable::retry(db, order_id).await?);
    if rows.is_empty() && others > 0 {
        let events = [Event::Rearmed { actor: actor.to_owned() }];
        append(db, std::iter::once((order_id, events.as_slice())), now).await?;
    }
    Ok(Some((rows.len() as u64).max(u64::from(others > 0))))
}
