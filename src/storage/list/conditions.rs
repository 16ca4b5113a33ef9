//! What is tested of each order on the way.

use super::{Binds, Matches};
use crate::{
    domain::WIB,
    storage::{
        DayOf, Days, Filter, State,
        dialect::Dialect,
        rows::{json, micros},
    },
};

/// One filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Test {
    State(State),
    Reason(&'static str),
    Subject(String),
    Store(String),
    Warning(&'static str, Acknowledged),
    Days(Days),
    Text(Matches),
}

/// Which warnings count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Acknowledged {
    Any,
    Yes,
    No,
}

impl Acknowledged {
    pub(super) fn of(filter: &Filter) -> Self {
        match filter.acknowledged {
            None => Self::Any,
            Some(true) => Self::Yes,
            Some(false) => Self::No,
        }
    }

    /// ` AND …`, or nothing.
    pub(super) fn sql(self) -> &'static str {
        match self {
            Self::Any => "",
            Self::No => " AND open = 1",
            Self::Yes => " AND open = 0",
        }
    }
}

/// All that must hold.
#[derive(Clone, Debug, Default)]
pub(super) struct Tests(pub(super) Vec<Test>);

impl Tests {
    pub(super) fn all(filter: &Filter, matches: Option<&Matches>) -> Self {
        let mut tests = Vec::new();
        tests.extend(filter.state.map(Test::State));
        tests.extend(filter.reason.map(|reason| Test::Reason(reason.code())));
        tests.extend(filter.subject.clone().map(Test::Subject));
        tests.extend(filter.store_id.clone().map(Test::Store));
        tests.extend(filter.warning.map(|warning| Test::Warning(warning.code(), Acknowledged::of(filter))));
        tests.extend(filter.days.filter(|days| days.from.is_some() || days.to.is_some()).map(Test::Days));
        tests.extend(matches.cloned().map(Test::Text));
        Self(tests)
    }

    /// A condition that may be empty, but is always one.
    pub(super) fn sql<T: Dialect>(&self, binds: &mut Binds) -> String {
        let each: Vec<_> = self.0.iter().map(|test| test.sql::<T>(binds)).collect();
        if each.is_empty() { "true".to_owned() } else { each.join(" AND ") }
    }
}

impl Test {
    fn sql<T: Dialect>(&self, binds: &mut Binds) -> String {
        match self {
            Self::State(state) => format!("state = {}", binds.text(state.as_str())),
            Self::Reason(code) => format!("(reason = {} AND reason <> '')", binds.text(code)),
            Self::Subject(subject) => format!("(state = 'blocked' AND subject = {})", binds.text(subject)),
            Self::Store(store_id) => format!("store_id = {}", binds.text(store_id)),
            Self::Warning(code, acknowledged) => format!(
                "EXISTS (SELECT 1 FROM order_warnings AS w WHERE w.warning = {} AND w.id = orders.id{})",
                binds.text(code),
                acknowledged.sql()
            ),
            Self::Days(days) => days_sql(days, binds),
            Self::Text(matches) => matches.test::<T>(binds),
        }
    }
}

/// The column that says on which day an order counts; word for word the expression of its index.
pub(super) fn column(by: DayOf) -> &'static str {
    match by {
        DayOf::Ordered => "COALESCE(ordered_at, created_at)",
        DayOf::Received => "created_at",
        DayOf::Invoiced => "invoiced_at",
    }
}

/// From the first day's first moment to the last day's last one, in Jakarta.
pub(super) fn days_sql(days: &Days, binds: &mut Binds) -> String {
    let column = column(days.by);
    let (first, end) = bounds(days);
    format!("({column} >= {} AND {column} < {})", binds.number(first), binds.number(end))
}

/// The first microsecond, and the first that is past the end.
pub(in crate::storage) fn bounds(days: &Days) -> (i64, i64) {
    let moment = |day: jiff::civil::Date| WIB.to_timestamp(day.at(0, 0, 0, 0)).ok().map(micros);
    let first = days.from.and_then(moment).unwrap_or(i64::MIN);
    let end = days.to.and_then(|day| day.tomorrow().ok()).and_then(moment).unwrap_or(i64::MAX);
    (first, end)
}

/// Numbers as the rows that [`Dialect::ROWS`] reads.
pub(super) fn rows_of(numbers: &[i64]) -> String {
    json(&numbers.iter().map(|number| [number]).collect::<Vec<_>>())
}
