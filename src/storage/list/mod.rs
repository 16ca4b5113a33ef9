//! Lists of orders, newest first: which index is walked, what is tested on the way, and when the walk ends.
//!
//! Several filters can be set at once, and no index serves all of them. The walk goes along the one index that, by the
//! counts, holds the fewest orders, and tests the rest order by order. It does so in windows: an answer never reads
//! more than [`MOST_TESTED`] orders. If they do not fill the page, the page is short and its `next` says where to go
//! on.

mod binds;
mod conditions;
mod drive;
mod text;

pub(super) use self::{binds::Binds, conditions::bounds};
use self::{conditions::Tests, drive::Plan, text::Matches};
use super::{
    Filter, Page, Position, Result, Sums,
    dialect::{Columns, Dialect},
    rows::{ORDER_COLUMNS, order_record},
};

/// Orders that one answer reads at most to find those that match.
const MOST_TESTED: i64 = 12_000;

/// Orders in the first window when something is left to be tested; each further window is four times as large.
const FIRST_WINDOW: i64 = 400;

/// Matching orders that are counted and summed one by one, where no counter knows the sum.
const MOST_SUMMED: i64 = 5_000;

/// A page of the orders that match, beginning below `before`.
pub(super) async fn page<T: Dialect>(
    db: &mut T,
    filter: &Filter,
    before: Option<Position>,
    limit: i64,
) -> Result<Page> {
    let mut page = Page { orders: Vec::new(), next: None };
    let Some(plan) = Plan::make(db, filter).await? else { return Ok(page) };
    let (mut before, mut tested) = (before, 0);
    let mut window = if plan.tests_something() { FIRST_WINDOW.max(limit + 1) } else { limit + 1 };
    loop {
        // One more than asked for tells whether there is another page.
        let wanted = limit + 1 - page.orders.len() as i64;
        let mut binds = Binds::default();
        let walk = plan.walk::<T>(&mut binds, before, window);
        let tests = plan.tests.sql::<T>(&mut binds);
        let below = plan.below(&mut binds, before);
        let key = plan.sort.key();
        let sql = format!(
            "SELECT {ORDER_COLUMNS} FROM ({walk}) AS walked {join} orders ON id = walked_id
             WHERE {tests}{below} ORDER BY {key} DESC, id DESC LIMIT {limit}",
            join = T::THEN_JOIN,
            limit = binds.number(wanted),
        );
        for row in &db.fetch(sql, &binds.values()).await? {
            page.orders.push(order_record(row)?);
        }
        if page.orders.len() as i64 > limit {
            page.orders.truncate(limit as usize);
            page.next = page.orders.last().map(|order| plan.sort.position(order));
            return Ok(page);
        }
        if !plan.tests_something() {
            return Ok(page);
        }
        tested += window;
        before = plan.end_of_walk(db, before, window).await?;
        page.next = before;
        if before.is_none() || tested >= MOST_TESTED {
            return Ok(page);
        }
        window = (window.max(FIRST_WINDOW) * 4).min(MOST_TESTED - tested).max(1);
    }
}

/// How many orders match, and what they are worth; exact where counters know it or there are not too many.
pub(super) async fn sums<T: Dialect>(db: &mut T, filter: &Filter) -> Result<Sums> {
    if let Some(sums) = drive::counted(db, filter).await? {
        return Ok(sums);
    }
    let Some(plan) = Plan::make(db, filter).await? else { return Ok(Sums::default()) };
    let mut binds = Binds::default();
    let walk = plan.walk::<T>(&mut binds, None, MOST_SUMMED);
    let tests = plan.tests.sql::<T>(&mut binds);
    let sql = format!(
        "SELECT COUNT(*) AS n, CAST(COALESCE(SUM(amount), 0) AS BIGINT) AS total
         FROM ({walk}) AS walked {join} orders ON id = walked_id WHERE {tests}",
        join = T::THEN_JOIN
    );
    let rows = db.fetch(sql, &binds.values()).await?;
    let Some(row) = rows.first() else { return Ok(Sums::default()) };
    let more = plan.end_of_walk(db, None, MOST_SUMMED).await?.is_some();
    Ok(Sums { orders: row.number("n")?, hundredths: row.number("total")?, exact: !more })
}

/// ` AND …` for a change of all orders that match, with its values numbered behind those that are there.
pub(super) async fn conditions<T: Dialect>(db: &mut T, filter: &Filter, binds: &mut Binds) -> Result<Option<String>> {
    let matches = match &filter.text {
        Some(text) => match Matches::of(db, text).await? {
            Some(matches) => Some(matches),
            None => return Ok(None),
        },
        None => None,
    };
    let tests = Tests::all(filter, matches.as_ref());
    Ok(Some(tests.sql::<T>(binds)))
}
