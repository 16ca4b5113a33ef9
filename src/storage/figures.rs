//! Figures per day and store, from what the triggers count: no order is read for them.

use jiff::{SignedDuration, Timestamp};

use super::{
    DayOf, Days, Grouping, Result, StorageError, Sums, Total, day_of_number,
    dialect::{Columns, Dialect},
    list::Binds,
    rows::state,
};
use crate::domain::notice::Arrivals;

/// Orders that are counted to see how fast invoices are created.
const MOST_COUNTED: i64 = 20_000;

/// How many orders there are per store, day and state, and what they are worth; `limit` rows at most.
pub(super) async fn totals(db: &mut impl Dialect, days: &Days, grouping: Grouping, limit: i64) -> Result<Vec<Total>> {
    let mut binds = Binds::default();
    let all_days = days.from.is_none() && days.to.is_none();
    let (table, conditions) = if all_days && !grouping.by_day && days.by != DayOf::Invoiced {
        ("order_counts", String::new())
    } else {
        let (first, last) = days.as_numbers();
        let kind = binds.text(days.by.as_str());
        let (first, last) = (binds.number(first), binds.number(last));
        ("day_counts", format!(" AND kind = {kind} AND day >= {first} AND day <= {last}"))
    };
    let groups: Vec<_> = [(grouping.by_day, "day"), (grouping.by_store, "store_id"), (true, "state")]
        .into_iter()
        .filter_map(|(wanted, column)| wanted.then_some(column))
        .collect();
    let groups = groups.join(", ");
    let sql = format!(
        "SELECT {groups}, CAST(SUM(n) AS BIGINT) AS n, CAST(SUM(total) AS BIGINT) AS total FROM {table}
         WHERE n > 0{conditions} GROUP BY {groups} ORDER BY {groups} LIMIT {}",
        binds.number(limit)
    );
    let rows = db.fetch(sql, &binds.values()).await?;
    let total = |row: &_| read_total(row, grouping);
    rows.iter().map(total).collect()
}

fn read_total(row: &impl Columns, grouping: Grouping) -> Result<Total> {
    Ok(Total {
        store_id: if grouping.by_store { Some(row.text("store_id")?.to_owned()) } else { None },
        day: if grouping.by_day { Some(day_of_number(row.number("day")?)) } else { None },
        state: state(row)?,
        sums: Sums { orders: row.number("n")?, hundredths: row.number("total")?, exact: true },
    })
}

/// How many invoices were created since a moment; counted up to a limit.
pub(super) async fn invoiced_since(db: &mut impl Dialect, since: Timestamp) -> Result<i64> {
    let sql = "SELECT COUNT(*) AS n FROM (SELECT id FROM orders WHERE invoiced_at >= $1
                                          ORDER BY invoiced_at DESC LIMIT $2) AS recent";
    let rows = db.fetch(sql, &[since.into(), MOST_COUNTED.into()]).await?;
    rows.first().map_or(Ok(0), |row| row.number("n"))
}

/// When orders arrived between two moments. With only the first, PostgreSQL would read all orders before it has
/// statistics.
pub(super) async fn arrivals(db: &mut impl Dialect, since: Timestamp, until: Timestamp) -> Result<Arrivals> {
    let sql = "SELECT MAX(at) - MIN(at) AS span, MAX(gap) AS gap
               FROM (SELECT created_at AS at, created_at - LAG(created_at) OVER (ORDER BY created_at) AS gap
                     FROM orders WHERE created_at >= $1 AND created_at <= $2) AS gaps";
    let rows = db.fetch(sql, &[since.into(), until.into()]).await?;
    let Some(row) = rows.first() else { return Ok(Arrivals::default()) };
    let length = |column| Ok::<_, StorageError>(SignedDuration::from_micros(row.number_if_any(column)?.unwrap_or(0)));
    Ok(Arrivals { over: length("span")?, longest_gap: length("gap")? })
}
