//! Findings for people, what people do about one of them, and the sums of days.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Date};

use super::{day, unpaid::OF_OTHER_SOURCES};
use crate::{
    domain::{
        ids::BookName,
        manual::{Manual, ManualDecision},
        money::Rupiah,
        order::OrderId,
        reconciliation::{
            Action, Class, FindingState, Period, Side,
            sums::{Count, Sums},
        },
        state::State,
        timeline::Event,
    },
    storage::{
        Acted, ClosedBy, FindingCounts, FindingFilter, FindingRecord, ReconciledDay, Result, StorageError,
        after_sale::record::unsettle,
        dialect::{Columns, Dialect},
        list::Binds,
        rows::{json as to_json, json_column, micros, moment, order_id, timestamp},
        settle::lawful,
        timeline::append,
    },
};

const FINDING: &str =
    "id, book, class, state, order_id, store_id, day, accurate_id, number, ledger_total, accurate_total,
    facts, first_at, seen_at, changed_at, closed_at, closed_by, closed_reason";

fn finding(row: &impl Columns) -> Result<FindingRecord> {
    let word = |column| Ok::<_, StorageError>((row.text(column)?, column));
    let unknown = |(word, column)| StorageError::Unreadable(format!("{column} of a finding {word:?}"));
    let (class, state) = (word("class")?, word("state")?);
    let closed = match moment(row, "closed_at")? {
        Some(at) => Some(ClosedBy {
            at,
            actor: row.text("closed_by")?.to_owned(),
            reason: row.text("closed_reason")?.to_owned(),
        }),
        None => None,
    };
    Ok(FindingRecord {
        id: row.number("id")?,
        book: row.text("book")?.into(),
        class: Class::parse(class.0).ok_or_else(|| unknown(class))?,
        state: FindingState::parse(state.0).ok_or_else(|| unknown(state))?,
        order_id: if row.text("order_id")?.is_empty() { None } else { Some(order_id(row)?) },
        store_id: row.text("store_id")?.to_owned(),
        day: day(row, "day")?,
        accurate_id: row.number_if_any("accurate_id")?,
        number: row.text("number")?.into(),
        ledger_total: row.number_if_any("ledger_total")?,
        accurate_total: row.number_if_any("accurate_total")?,
        facts: json_column(row, "facts")?,
        first_at: timestamp(row.number("first_at")?)?,
        seen_at: timestamp(row.number("seen_at")?)?,
        changed_at: timestamp(row.number("changed_at")?)?,
        closed,
    })
}

/// Findings with ids below `before`, newest first.
pub(in crate::storage) async fn list<T: Dialect>(
    db: &mut T,
    filter: &FindingFilter,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<FindingRecord>> {
    let mut binds = Binds::default();
    let mut conditions = conditions(filter, &mut binds);
    conditions.push(format!("id < {}", binds.number(before.unwrap_or(i64::MAX))));
    let limit = binds.number(limit);
    let conditions = conditions.join(" AND ");
    let sql = format!("SELECT {FINDING} FROM findings WHERE {conditions} ORDER BY id DESC LIMIT {limit}");
    db.fetch(sql, &binds.values()).await?.iter().map(finding).collect()
}

/// What is true of the findings that a filter shows.
pub(super) fn conditions(filter: &FindingFilter, binds: &mut Binds) -> Vec<String> {
    let texts = [
        ("class =", filter.class.map(|class| class.as_str().to_owned())),
        ("state =", filter.state.map(|state| state.as_str().to_owned())),
        ("order_id =", filter.order_id.as_ref().map(ToString::to_string)),
        ("store_id =", filter.store_id.clone()),
    ];
    let mut conditions = Vec::new();
    for (is, text) in texts {
        conditions.extend(text.map(|text| format!("{is} {}", binds.text(&text))));
    }
    if filter.from.is_some() || filter.to.is_some() {
        let from = binds.text(&filter.from.unwrap_or(Date::MIN).to_string());
        let to = binds.text(&filter.to.unwrap_or(Date::MAX).to_string());
        conditions.push(of_days(&from, &to));
    }
    conditions.extend(filter.unchanged_since.map(|at| format!("changed_at <= {}", binds.number(micros(at)))));
    conditions
}

/// What becomes of a finding that is not found any more. One that a person closed stays closed, but if it is found
/// again, it opens, even with the same shape: the reason was given for a difference that has disappeared.
pub(in crate::storage) fn no_longer_found(which: &str) -> String {
    format!(
        "UPDATE findings SET state = CASE WHEN state = 'open' THEN 'gone' ELSE state END,
             shape = CASE WHEN state = 'closed' THEN '' ELSE shape END
         WHERE {which} AND (state = 'open' OR (state = 'closed' AND shape <> ''))"
    )
}

/// Whether a finding is about one of these days: an invoice that was moved to another day is about both.
fn of_days(from: &str, to: &str) -> String {
    format!("(day >= {from} AND day <= {to} OR other_day <> '' AND other_day >= {from} AND other_day <= {to})")
}

/// The finding with this number.
pub(in crate::storage) async fn one(db: &mut impl Dialect, id: i64) -> Result<Option<FindingRecord>> {
    let sql = format!("SELECT {FINDING} FROM findings WHERE id = $1");
    db.fetch(sql, &[id.into()]).await?.first().map(finding).transpose()
}

/// How many findings there are, by class and state.
pub(in crate::storage) async fn counts(db: &mut impl Dialect) -> Result<Vec<(Class, FindingState, i64)>> {
    let rows = db.fetch("SELECT class, state, n FROM finding_counts", &[]).await?;
    let count = |row| {
        let (class, state) = (Columns::text(row, "class")?, Columns::text(row, "state")?);
        match (Class::parse(class), FindingState::parse(state)) {
            (Some(class), Some(state)) => Ok((class, state, Columns::number(row, "n")?)),
            _ => Err(StorageError::Unreadable(format!("findings of class {class:?} in state {state:?}"))),
        }
    };
    rows.iter().map(count).collect()
}

/// How many findings there are about these days.
pub(in crate::storage) async fn counts_of_days(db: &mut impl Dialect, period: Period) -> Result<FindingCounts> {
    let sql = format!(
        "SELECT state, COUNT(*) AS n, SUM(CASE class WHEN 'not_settled' THEN 1 ELSE 0 END) AS unpaid FROM findings
         WHERE {} GROUP BY state",
        of_days("$1", "$2")
    );
    let (from, to) = (period.from.to_string(), period.to.to_string());
    let mut counts = FindingCounts::default();
    for row in &db.fetch(sql, &[(&from).into(), (&to).into()]).await? {
        let n = row.number("n")?;
        match FindingState::parse(row.text("state")?) {
            Some(FindingState::Open) => (counts.open, counts.unpaid) = (n, row.number("unpaid")?),
            Some(FindingState::Gone) => counts.gone = n,
            Some(FindingState::Closed) => counts.closed = n,
            None => {}
        }
    }
    Ok(counts)
}

/// When the finding that has been open for longest was opened.
pub(in crate::storage) async fn oldest_open(db: &mut impl Dialect) -> Result<Option<Timestamp>> {
    let rows = db.fetch("SELECT MIN(opened_at) AS at FROM findings WHERE state = 'open'", &[]).await?;
    rows.first().map(|row| moment(row, "at")).transpose().map(Option::flatten)
}

/// The earliest day that an open finding about an invoice is about.
pub(in crate::storage) async fn earliest_open_day(db: &mut impl Dialect) -> Result<Option<Date>> {
    // A comparison with Accurate tells nothing about what Forstok lists or what marketplaces pay.
    let sql = format!(
        "SELECT day FROM findings WHERE state = 'open' AND class NOT IN ({OF_OTHER_SOURCES}) ORDER BY day LIMIT 1"
    );
    let rows = db.fetch(sql, &[]).await?;
    rows.first().map(|row| day(row, "day")).transpose()
}

/// Carries out what a person wants done about an open finding, and closes it.
pub(in crate::storage) async fn act<T: Dialect>(
    db: &mut T,
    id: i64,
    action: Action,
    actor: &str,
    reason: &str,
    now: Timestamp,
) -> Result<Acted> {
    let Some(finding) = one(db, id).await? else { return Ok(Acted::Unknown) };
    let Some(order_id) = finding.order_id.clone() else { return Ok(Acted::NoLongerFits) };
    if finding.state != FindingState::Open || !finding.facts.actions(finding.class).contains(&action) {
        return Ok(Acted::NoLongerFits);
    }
    // Only while the order is as the finding says: its invoice exists, and nobody works on it.
    let sql = "SELECT o.state FROM orders o JOIN documents d ON d.order_id = o.order_id
               WHERE o.order_id = $1 AND o.state = 'invoiced' AND d.kind = 'invoice' AND d.part = 0
                 AND d.state = 'exists' AND d.lease_until = 0";
    if db.fetch(sql, &[(&order_id).into()]).await?.is_empty() {
        return Ok(Acted::NoLongerFits);
    }
    match (action, &finding.facts.accurate, finding.accurate_id) {
        (Action::CreateAgain, ..) => {
            let again = ManualDecision {
                decision: Manual::Again,
                reason: Some(reason.to_owned()).filter(|reason| !reason.is_empty()),
                document: None,
                actor: actor.to_owned(),
                at: now,
            };
            forget_invoice(db, &order_id, &to_json(&again), now).await?;
            forget_what_follows(db, &order_id).await?;
        }
        (Action::AcceptDeleted, ..) => forget_invoice(db, &order_id, "", now).await?,
        (Action::Adopt, Some(accurate), Some(accurate_id)) => adopt(db, &order_id, accurate_id, accurate, now).await?,
        (Action::Adopt | Action::ImportOrder, ..) => return Ok(Acted::NoLongerFits),
    }
    let events =
        [Event::FindingActed { class: finding.class, action, actor: actor.to_owned(), reason: reason.to_owned() }];
    append(db, std::iter::once((&order_id, events.as_slice())), now).await?;
    let reason = if reason.is_empty() { action.as_str() } else { reason };
    let sql = "UPDATE findings SET state = 'closed', closed_at = $2, closed_by = $3, closed_reason = $4 WHERE id = $1";
    db.execute(sql, &[id.into(), now.into(), actor.into(), reason.into()]).await?;
    Ok(Acted::Done)
}

/// The order's invoice is gone, as after a deletion; with a decision the order is decided again.
async fn forget_invoice(db: &mut impl Dialect, order_id: &OrderId, decision: &str, now: Timestamp) -> Result<()> {
    lawful(order_id, State::Invoiced, State::Voided)?;
    let sql = "UPDATE orders SET state = 'voided', reason = '', findings = '[]', subject = '', changed_at = $2,
                   revision = revision + 1, decision = CASE WHEN $3 = '' THEN decision ELSE $3 END,
                   undecided = CASE WHEN $3 = '' THEN undecided ELSE 1 END
               WHERE order_id = $1";
    db.execute(sql, &[order_id.into(), now.into(), decision.into()]).await?;
    let sql =
        "UPDATE documents SET state = 'gone', wanted = 'gone', recheck_at = 0, next_attempt_at = 0, due_since = NULL
               WHERE order_id = $1 AND kind = 'invoice' AND part = 0";
    db.execute(sql, &[order_id.into()]).await?;
    Ok(())
}

/// Accurate deletes no invoice on which a receipt or a return is booked, so these are gone with it. If they are still
/// wanted, they are looked up and created again.
async fn forget_what_follows(db: &mut impl Dialect, order_id: &OrderId) -> Result<()> {
    let sql =
        "UPDATE documents SET state = 'gone', wanted = 'gone', recheck_at = 0, next_attempt_at = 0, due_since = NULL
               WHERE order_id = $1 AND kind <> 'invoice' AND state = 'exists'";
    db.execute(sql, &[order_id.into()]).await.map(drop)
}

/// The order's invoice is the one that Accurate has now.
async fn adopt<T: Dialect>(
    db: &mut T,
    order_id: &OrderId,
    accurate_id: i64,
    accurate: &Side,
    now: Timestamp,
) -> Result<()> {
    let sql = "SELECT 1 FROM documents WHERE order_id = $1 AND kind = 'invoice' AND part = 0 AND accurate_id = $2";
    if db.fetch(sql, &[order_id.into(), accurate_id.into()]).await?.is_empty() {
        // A person has entered the invoice again.
        forget_what_follows(db, order_id).await?;
    }
    let total = Rupiah::from_hundredths(accurate.total).to_string();
    let day = accurate.day.to_string();
    let sql = "UPDATE documents SET number = $2, accurate_id = $3, total = $4, day = $5, customer_no = $6, amount = $7
               WHERE order_id = $1 AND kind = 'invoice' AND part = 0";
    let values = [
        order_id.into(),
        (&accurate.number).into(),
        accurate_id.into(),
        (&total).into(),
        (&day).into(),
        (&accurate.customer_no).into(),
        accurate.total.into(),
    ];
    db.execute(sql, &values).await?;
    let sql = "UPDATE orders SET invoice_number = $2, invoice_id = $3, invoice_total = $4, amount = $5, changed_at = $6
               WHERE order_id = $1";
    let values = [
        order_id.into(),
        (&accurate.number).into(),
        accurate_id.into(),
        (&total).into(),
        accurate.total.into(),
        now.into(),
    ];
    db.execute(sql, &values).await?;
    // Receipts and returns name their invoice and its customer.
    unsettle(db, std::iter::once(order_id.as_str())).await
}

/// The latest comparison of each store's days, with the number of open findings.
pub(in crate::storage) async fn days<T: Dialect>(db: &mut T, period: Period) -> Result<Vec<ReconciledDay>> {
    let (from, to) = (period.from.to_string(), period.to.to_string());
    let sql = "SELECT day, store_id, MIN(book) AS book, MAX(seen_at) AS at,
                   SUM(CASE class WHEN 'not_settled' THEN 0 ELSE 1 END) AS n,
                   SUM(CASE class WHEN 'not_settled' THEN 1 ELSE 0 END) AS unpaid
               FROM (SELECT day, store_id, book, seen_at, class FROM findings
                     WHERE day >= $1 AND day <= $2 AND state = 'open'
                     UNION ALL
                     SELECT other_day, store_id, book, seen_at, class FROM findings
                     WHERE other_day <> '' AND other_day >= $1 AND other_day <= $2 AND state = 'open') AS open
               GROUP BY day, store_id";
    let mut open = BTreeMap::<(Date, String), ReconciledDay>::new();
    for row in &db.fetch(sql, &[(&from).into(), (&to).into()]).await? {
        let (day, store_id) = (day(row, "day")?, row.text("store_id")?.to_owned());
        let alone = ReconciledDay {
            at: timestamp(row.number("at")?)?,
            book: row.text("book")?.into(),
            complete: true,
            sums: Sums::default(),
            open: row.number("n")?,
            unpaid: row.number("unpaid")?,
            day,
            store_id: store_id.clone(),
        };
        open.insert((day, store_id), alone);
    }
    let sql = "SELECT day, store_id, book, at, complete, ledger_count, ledger_total, accurate_count, accurate_total, explained
               FROM reconciled_days WHERE day >= $1 AND day <= $2 ORDER BY day, store_id, book";
    let one = |row: &T::Row| {
        let (day, store_id) = (day(row, "day")?, row.text("store_id")?.to_owned());
        let count =
            |count, total| Ok::<_, StorageError>(Count { count: row.number(count)?, total: row.number(total)? });
        let alone = open.get(&(day, store_id.clone()));
        Ok(ReconciledDay {
            at: timestamp(row.number("at")?)?,
            book: row.text("book")?.into(),
            complete: row.number("complete")? == 1,
            sums: Sums {
                ledger: count("ledger_count", "ledger_total")?,
                accurate: count("accurate_count", "accurate_total")?,
                explained: row.number("explained")?,
            },
            open: alone.map_or(0, |alone| alone.open),
            unpaid: alone.map_or(0, |alone| alone.unpaid),
            day,
            store_id,
        })
    };
    let rows = db.fetch(sql, &[(&from).into(), (&to).into()]).await?;
    let mut days = rows.iter().map(one).collect::<Result<Vec<_>>>()?;
    // Days on which neither side has an invoice, for example of a store whose orders never arrived.
    for known in &days {
        open.remove(&(known.day, known.store_id.clone()));
    }
    days.extend(open.into_values());
    days.sort_by(|one, other| (one.day, &one.store_id, &one.book).cmp(&(other.day, &other.store_id, &other.book)));
    Ok(days)
}

/// What no finding explains of a book's sums, in hundredths of a rupiah: the open findings that say so, of all days. A
/// later run ends them only for the days that it compares completely.
pub(in crate::storage) async fn unexplained(db: &mut impl Dialect, book: &BookName) -> Result<i64> {
    let sql = "SELECT CAST(COALESCE(SUM(COALESCE(ledger_total, 0) - COALESCE(accurate_total, 0)), 0) AS BIGINT) AS rest
               FROM findings WHERE class = $2 AND state = 'open' AND book = $1";
    let rows = db.fetch(sql, &[book.into(), Class::Unexplained.as_str().into()]).await?;
    rows.first().map_or(Ok(0), |row| row.number("rest"))
}
