//! Which index a walk goes along.

use super::{
    Binds, Matches,
    conditions::{Acknowledged, Test, Tests, bounds, column, rows_of},
};
use crate::storage::{
    DayOf, Days, Filter, OrderRecord, Position, Result, State, Sums,
    dialect::{Columns, Dialect},
    rows::micros,
};

/// Orders of a group that are read whole to sort them by day.
const FEW: i64 = 2_000;

/// By what a list is sorted, the greatest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// The order of first sight.
    Id,
    /// The moment that the days of the filter are about.
    Days(DayOf),
}

/// An index with the orders of one group, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Driver {
    All,
    Tests(Vec<Test>),
    Warning(&'static str, Acknowledged),
    Text(Matches),
    /// Orders of some days, and of a state that has an index of its own by day.
    Days(Days, Option<State>),
}

/// How orders are found.
pub(super) struct Plan {
    pub(super) sort: Sort,
    driver: Driver,
    /// What is left to be tested.
    pub(super) tests: Tests,
    /// The whole group is read at once and sorted.
    gathers: bool,
}

impl Sort {
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Days(by) => column(by),
        }
    }

    /// Where an order stands.
    pub(super) fn position(self, order: &OrderRecord) -> Position {
        let at = match self {
            Self::Id => None,
            Self::Days(DayOf::Ordered) => Some(order.ordered_at.unwrap_or(order.created_at)),
            Self::Days(DayOf::Received) => Some(order.created_at),
            Self::Days(DayOf::Invoiced) => order.invoiced_at,
        };
        Position { key: at.map_or(order.id, micros), id: order.id }
    }
}

impl Plan {
    /// `None` when nothing can match.
    pub(super) async fn make<T: Dialect>(db: &mut T, filter: &Filter) -> Result<Option<Self>> {
        let matches = match &filter.text {
            Some(text) => match Matches::of(db, text).await? {
                Some(matches) => Some(matches),
                None => return Ok(None),
            },
            None => None,
        };
        let tests = Tests::all(filter, matches.as_ref());
        let days = tests.0.iter().find_map(|test| match test {
            Test::Days(days) => Some(*days),
            _ => None,
        });
        let sort = days.map_or(Sort::Id, |days| Sort::Days(days.by));
        let (driver, size) = smallest(db, filter, matches).await?;
        let mut plan = match days {
            Some(days) if size > FEW => {
                let state = filter.state.filter(|state| is_indexed_by_day(*state, days.by));
                Self { sort, driver: Driver::Days(days, state), tests, gathers: false }
            }
            Some(_) => Self { sort, driver, tests, gathers: true },
            None => Self { sort, driver, tests, gathers: false },
        };
        plan.tests.0.retain(|test| !plan.driver.holds(test));
        Ok(Some(plan))
    }

    pub(super) fn tests_something(&self) -> bool {
        !self.tests.0.is_empty() || self.gathers
    }

    /// The next `window` orders of the group as `walked` and `walked_id`, greatest first.
    pub(super) fn walk<T: Dialect>(&self, binds: &mut Binds, before: Option<Position>, window: i64) -> String {
        let (before, window) = if self.gathers { (None, FEW + 1) } else { (before, window) };
        self.driver.sql::<T>(binds, before, window)
    }

    /// ` AND …` for the orders that the walk leads to: below this place.
    pub(super) fn below(&self, binds: &mut Binds, before: Option<Position>) -> String {
        match (self.sort, before) {
            // The walk begins there. It is said again for PostgreSQL, which may look the orders up by reading their
            // index from here on.
            (Sort::Id, before) => format!(" AND id < {}", binds.number(before.map_or(i64::MAX, |place| place.id))),
            (Sort::Days(_), Some(place)) if self.gathers => {
                format!(" AND {}", behind(self.sort.key(), place, binds))
            }
            (Sort::Days(_), _) => String::new(),
        }
    }

    /// The place of the last order of a walk; `None` when there are no more behind it.
    pub(super) async fn end_of_walk<T: Dialect>(
        &self,
        db: &mut T,
        before: Option<Position>,
        window: i64,
    ) -> Result<Option<Position>> {
        if self.gathers {
            return Ok(None);
        }
        let mut binds = Binds::default();
        let walk = self.walk::<T>(&mut binds, before, window);
        let sql = format!(
            "SELECT walked_key, walked_id, (SELECT COUNT(*) FROM ({walk}) AS counted) AS n FROM ({walk}) AS walked
             ORDER BY walked_key, walked_id LIMIT 1"
        );
        let rows = db.fetch(sql, &binds.values()).await?;
        let Some(row) = rows.first().filter(|row| row.number("n").is_ok_and(|n| n >= window)) else { return Ok(None) };
        Ok(Some(Position { key: row.number("walked_key")?, id: row.number("walked_id")? }))
    }
}

impl Driver {
    /// Whether all of its orders pass this test.
    fn holds(&self, test: &Test) -> bool {
        match self {
            Self::All => false,
            Self::Tests(tests) => tests.contains(test),
            Self::Warning(code, acknowledged) => *test == Test::Warning(code, *acknowledged),
            Self::Text(matches) => matches!(test, Test::Text(tested) if tested == matches),
            Self::Days(days, state) => {
                *test == Test::Days(*days) || state.is_some_and(|state| *test == Test::State(state))
            }
        }
    }

    fn sql<T: Dialect>(&self, binds: &mut Binds, before: Option<Position>, window: i64) -> String {
        let below = before.map_or(i64::MAX, |position| position.id);
        let walked = |from: &str, conditions: &str, below: &str, window: &str| {
            format!(
                "SELECT id AS walked_key, id AS walked_id FROM {from} WHERE {conditions} AND id < {below}
                 ORDER BY id DESC LIMIT {window}"
            )
        };
        match self {
            Self::All => walked("orders", "true", &binds.number(below), &binds.number(window)),
            Self::Tests(tests) => {
                let conditions = Tests(tests.clone()).sql::<T>(binds);
                walked("orders", &conditions, &binds.number(below), &binds.number(window))
            }
            Self::Warning(code, acknowledged) => {
                let conditions = format!("warning = {}{}", binds.text(code), acknowledged.sql());
                walked("order_warnings", &conditions, &binds.number(below), &binds.number(window))
            }
            Self::Text(matches) => {
                let (below, window) = (binds.number(below), binds.number(window));
                let mut streams = Vec::new();
                if !matches.ids.is_empty() {
                    let rows = T::ROWS.replace("$1", &binds.text(&rows_of(&matches.ids)));
                    streams.push(format!(
                        "SELECT id FROM (SELECT CAST(v.value ->> 0 AS BIGINT) AS id FROM {rows}) AS given WHERE id < {below}"
                    ));
                }
                for term in &matches.terms {
                    let of_term = format!("term = {}", binds.text(term));
                    let stream = walked("order_terms", &of_term, &below, &window);
                    streams.push(format!("SELECT walked_id AS id FROM ({stream}) AS part{}", streams.len()));
                }
                for store_id in &matches.stores {
                    let of_store = format!("store_id = {}", binds.text(store_id));
                    let stream = walked("orders", &of_store, &below, &window);
                    streams.push(format!("SELECT walked_id AS id FROM ({stream}) AS part{}", streams.len()));
                }
                let all = streams.join(" UNION ");
                format!(
                    "SELECT found.id AS walked_key, found.id AS walked_id
                     FROM ({all}) AS found ORDER BY found.id DESC LIMIT {window}"
                )
            }
            Self::Days(days, state) => {
                // Written out, since only then the database sees that the index of these states will do.
                let of_state = state.map_or(String::new(), |state| format!("state = '{}' AND ", state.as_str()));
                let key = column(days.by);
                let (first, end) = bounds(days);
                let (first, end) = (binds.number(first), binds.number(end));
                let rest = before.map_or(String::new(), |position| format!(" AND {}", behind(key, position, binds)));
                let window = binds.number(window);
                format!(
                    "SELECT {key} AS walked_key, id AS walked_id FROM orders
                     WHERE {of_state}{key} >= {first} AND {key} < {end}{rest} ORDER BY {key} DESC, id DESC LIMIT {window}"
                )
            }
        }
    }
}

/// Whether there is an index of these orders by the day (`orders_by_state_and_…`).
fn is_indexed_by_day(state: State, by: DayOf) -> bool {
    matches!(state, State::Blocked | State::Ignored | State::Voided) && by != DayOf::Invoiced
}

fn behind(key: &str, Position { key: at, id }: Position, binds: &mut Binds) -> String {
    let (at, id) = (binds.number(at), binds.number(id));
    format!("{key} <= {at} AND ({key} < {at} OR id < {id})")
}

/// The smallest group that all matching orders are in, and how many it holds at most.
async fn smallest<T: Dialect>(db: &mut T, filter: &Filter, matches: Option<Matches>) -> Result<(Driver, i64)> {
    let mut smallest = (Driver::All, i64::MAX);
    let mut offer = |driver, size| {
        if size < smallest.1 {
            smallest = (driver, size);
        }
    };
    let state = filter.state.map(Test::State);
    let store = filter.store_id.clone().map(Test::Store);
    let reason = filter.reason.map(|reason| Test::Reason(reason.code()));
    let subject = filter.subject.clone().map(Test::Subject);
    if state.is_some() || store.is_some() || reason.is_some() {
        let counts = order_counts(db, filter).await?;
        let groups = [state.iter().chain(&store).cloned().collect(), reason.iter().cloned().collect::<Vec<_>>()];
        let sizes = [counts.of_state_and_store, counts.of_reason];
        for (group, size) in groups.into_iter().zip(sizes).filter(|(group, _)| !group.is_empty()) {
            offer(Driver::Tests(group), size);
        }
    }
    if let (Some(reason), Some(subject)) = (reason, subject) {
        // Of equal size with its reason alone at most, and its own index.
        offer(Driver::Tests(vec![reason, subject]), cause_size(db, filter).await?);
    }
    if let Some(warning) = filter.warning {
        let rows = db.fetch("SELECT n FROM warning_counts WHERE warning = $1", &[warning.code().into()]).await?;
        let size = rows.first().map_or(Ok(0), |row| row.number("n"))?;
        offer(Driver::Warning(warning.code(), Acknowledged::of(filter)), size);
    }
    if let Some(matches) = matches {
        let size = if matches.are_all_listed() { matches.ids.len() as i64 } else { FEW + 1 };
        offer(Driver::Text(matches), size);
    }
    Ok(smallest)
}

struct Sizes {
    of_state_and_store: i64,
    of_reason: i64,
}

async fn order_counts(db: &mut impl Dialect, filter: &Filter) -> Result<Sizes> {
    let mut sizes = Sizes { of_state_and_store: 0, of_reason: 0 };
    for row in &db.fetch("SELECT state, reason, store_id, n FROM order_counts WHERE n > 0", &[]).await? {
        let n = row.number("n")?;
        let is_state = filter.state.is_none_or(|state| row.text("state").is_ok_and(|word| word == state.as_str()));
        let is_store =
            filter.store_id.as_ref().is_none_or(|id| row.text("store_id").is_ok_and(|store_id| store_id == id));
        if is_state && is_store {
            sizes.of_state_and_store += n;
        }
        if filter.reason.is_some_and(|reason| row.text("reason").is_ok_and(|code| code == reason.code())) {
            sizes.of_reason += n;
        }
    }
    Ok(sizes)
}

async fn cause_size(db: &mut impl Dialect, filter: &Filter) -> Result<i64> {
    let (reason, subject) = (filter.reason.map_or("", |reason| reason.code()), filter.subject.as_deref());
    let sql = "SELECT n FROM cause_counts WHERE reason = $1 AND subject = $2";
    let rows = db.fetch(sql, &[reason.into(), subject.unwrap_or_default().into()]).await?;
    rows.first().map_or(Ok(0), |row| row.number("n"))
}

/// What the counters know without looking at any order; `None` when they do not know it.
pub(super) async fn counted<T: Dialect>(db: &mut T, filter: &Filter) -> Result<Option<Sums>> {
    if filter.warning.is_some() || filter.text.is_some() {
        return Ok(None);
    }
    let days = filter.days.filter(|days| days.from.is_some() || days.to.is_some());
    let mut binds = Binds::default();
    let mut conditions = vec!["n > 0".to_owned()];
    conditions.extend(filter.state.map(|state| format!("state = {}", binds.text(state.as_str()))));
    conditions.extend(filter.store_id.as_ref().map(|id| format!("store_id = {}", binds.text(id))));
    let table = match (filter.reason, &filter.subject, days) {
        (Some(reason), Some(subject), None) if filter.state.is_none() && filter.store_id.is_none() => {
            conditions.push(format!("reason = {}", binds.text(reason.code())));
            conditions.push(format!("subject = {}", binds.text(subject)));
            "cause_counts"
        }
        (reason, None, None) => {
            conditions.extend(reason.map(|reason| format!("reason = {}", binds.text(reason.code()))));
            "order_counts"
        }
        (None, None, Some(days)) => {
            let (first, end) = days.as_numbers();
            let kind = binds.text(days.by.as_str());
            let (first, end) = (binds.number(first), binds.number(end));
            conditions.push(format!("kind = {kind} AND day >= {first} AND day <= {end}"));
            "day_counts"
        }
        _ => return Ok(None),
    };
    let sql = format!(
        "SELECT CAST(COALESCE(SUM(n), 0) AS BIGINT) AS n, CAST(COALESCE(SUM(total), 0) AS BIGINT) AS total
         FROM {table} WHERE {}",
        conditions.join(" AND ")
    );
    let rows = db.fetch(sql, &binds.values()).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(Some(Sums { orders: row.number("n")?, hundredths: row.number("total")?, exact: true }))
}
