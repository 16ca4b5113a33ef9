//! [`Reconciliations`] and its implementation.

use std::collections::{HashMap, HashSet};

use jiff::{Timestamp, civil::Date};

use crate::{
    domain::{
        ids::BookName,
        order::OrderId,
        reconciliation::{Action, Class, FindingState, Held, Listed, Period, Settling, Shown, Unpaid, sums::Count},
    },
    storage::{
        Acted, Answer, ChangeReading, ClosedFindings, Closing, ComparedDay, Conclusion, FindingFilter, FindingRecord,
        ForstokConclusion, HeldAt, IncompleteNight, Receivable, ReconciledDay, Result, Run, RunPart, SeenOf, Sources,
        UnpaidOf,
        reconciliation::{closing, compared, conclude, findings, forstok, ledger, listed, runs, unpaid},
        sql::{Base, Sql, read, write},
    },
};

/// Reconciliation: runs, what Accurate showed, findings, and the sums of days.
#[async_trait::async_trait]
pub trait Reconciliations: Send + Sync {
    /// Requests a run over these sources; returns its number.
    async fn request_reconciliation(
        &self,
        period: Period,
        who: &str,
        sources: Sources<'_>,
        now: Timestamp,
    ) -> Result<i64>;

    /// Requests the run of the night of the period's last day. `None`: it was requested before.
    async fn request_nightly(&self, period: Period, sources: Sources<'_>, now: Timestamp) -> Result<Option<i64>>;

    /// The latest nightly run or repetition, if it has ended and could not read everything.
    async fn incomplete_night(&self) -> Result<Option<IncompleteNight>>;

    /// Requests what an incomplete nightly run could not read again; returns the number of the new run. `None`: that
    /// was requested before.
    async fn repeat_night(&self, night: &IncompleteNight, now: Timestamp) -> Result<Option<i64>>;

    /// The day of the latest nightly run.
    async fn last_night(&self) -> Result<Option<Date>>;

    /// The oldest part of a book that has not ended: a later run waits for an earlier one.
    async fn next_part(&self, book: &BookName) -> Result<Option<RunPart>>;

    /// The list of a part is read from its first page; what was read of it is forgotten.
    async fn begin_listing(&self, part: i64, now: Timestamp) -> Result<()>;

    /// The ids of the rows of a list that were read.
    async fn listed_ids(&self, part: i64) -> Result<HashSet<i64>>;

    /// Adds rows of a list that has `rows_expected` rows.
    async fn add_listed(&self, part: &RunPart, rows: &[Listed], rows_expected: i64) -> Result<()>;

    /// The whole list of a part was read.
    async fn finish_listing(&self, part: i64) -> Result<()>;

    /// Writes what an answer says in place of what was shown before.
    async fn answer(&self, part: &RunPart, answer: &Answer) -> Result<()>;

    /// Invoices of these days in our ledger, in the order of days, behind a place.
    async fn held_in_period(
        &self,
        book: &BookName,
        period: Period,
        after: Option<(Date, i64)>,
        now: Timestamp,
        limit: i64,
    ) -> Result<Vec<HeldAt>>;

    /// What our ledger holds of these orders' invoices.
    async fn held_of(&self, book: &BookName, orders: &[OrderId], now: Timestamp) -> Result<HashMap<OrderId, Held>>;

    /// The receipts and returns of an order that exist.
    async fn settling_of(&self, book: &BookName, order: &OrderId) -> Result<Vec<Settling>>;

    /// Which of these orders are cancelled and need no invoice.
    async fn cancelled_of(&self, orders: &[OrderId]) -> Result<HashSet<OrderId>>;

    /// What Accurate showed for these orders.
    async fn seen_of(&self, part: i64, orders: &[OrderId]) -> Result<SeenOf>;

    /// Invoices that belong to no order whose invoice our ledger books in the period, by id, behind `after`.
    async fn other_invoices(&self, part: &RunPart, after: i64, limit: i64) -> Result<Vec<(Shown, Option<OrderId>)>>;

    /// How many invoices Accurate showed for each day of a part, and their sum.
    async fn listed_by_day(&self, part: &RunPart) -> Result<Vec<(Date, Count)>>;

    /// How far the invoices that were changed in a book were looked at; `None` before the first time.
    async fn change_reading(&self, book: &BookName) -> Result<Option<ChangeReading>>;

    /// Writes the result of a part, and ends it.
    async fn conclude(&self, part: &RunPart, conclusion: &Conclusion, now: Timestamp) -> Result<()>;

    /// The next `limit` orders of a store, behind one, on which money is owed, with their invoices as far as they are
    /// among those asked for; the last of these orders, if there is any.
    async fn unpaid(
        &self,
        of: UnpaidOf<'_>,
        after: Option<&OrderId>,
        limit: i64,
    ) -> Result<(Vec<Unpaid>, Option<OrderId>)>;

    /// What marketplaces still owe, by store: those whose payouts are booked here.
    async fn receivables(&self) -> Result<Vec<Receivable>>;

    /// The oldest run whose comparison with Forstok's orders has not ended, with its days.
    async fn next_forstok_part(&self) -> Result<Option<(i64, Period)>>;

    /// Writes the result of comparing Forstok's orders, and ends that part of a run.
    async fn conclude_forstok(&self, run: i64, conclusion: &ForstokConclusion, now: Timestamp) -> Result<()>;

    /// Deletes what an ended part was shown, `step` rows at most; returns how many.
    async fn forget_listed(&self, part: i64, step: i64) -> Result<u64>;

    /// Runs with numbers below `before`, newest first.
    async fn runs(&self, before: Option<i64>, limit: i64) -> Result<Vec<Run>>;

    /// The run with this number.
    async fn run(&self, id: i64) -> Result<Option<Run>>;

    /// Findings with ids below `before`, newest first.
    async fn findings(&self, filter: &FindingFilter, before: Option<i64>, limit: i64) -> Result<Vec<FindingRecord>>;

    /// The finding with this number.
    async fn finding(&self, id: i64) -> Result<Option<FindingRecord>>;

    /// How many findings there are, by class and state.
    async fn finding_counts(&self) -> Result<Vec<(Class, FindingState, i64)>>;

    /// When the finding that has been open for longest was opened.
    async fn oldest_open_finding(&self) -> Result<Option<Timestamp>>;

    /// The earliest day that an open finding about an invoice is about.
    async fn earliest_open_day(&self) -> Result<Option<Date>>;

    /// A person has dealt with a finding.
    async fn close_finding(&self, id: i64, actor: &str, reason: &str, now: Timestamp) -> Result<Acted>;

    /// A person has dealt with many open findings; of those that a filter shows, `step` are closed at most.
    async fn close_findings(
        &self,
        which: Closing<'_>,
        actor: &str,
        reason: &str,
        now: Timestamp,
        step: i64,
    ) -> Result<ClosedFindings>;

    /// Open findings that a filter shows now, and that have changed since `seen`: a hundred at most.
    async fn findings_changed_since(&self, filter: &FindingFilter, seen: Timestamp) -> Result<Vec<i64>>;

    /// How many open findings a filter shows.
    async fn count_open_findings(&self, filter: &FindingFilter) -> Result<i64>;

    /// Carries out what a person wants done about an open finding, and closes it.
    async fn act_on_finding(&self, id: i64, action: Action, actor: &str, reason: &str, now: Timestamp)
    -> Result<Acted>;

    /// The order of a finding has been imported at a person's request.
    async fn note_import(&self, id: i64, actor: &str, reason: &str, now: Timestamp) -> Result<Acted>;

    /// The latest comparison of each store's days.
    async fn reconciled_days(&self, period: Period) -> Result<Vec<ReconciledDay>>;

    /// Which of these days were compared, by day and book.
    async fn compared_days(&self, period: Period) -> Result<Vec<ComparedDay>>;

    /// When a book was last compared completely.
    async fn last_reconciliation(&self, book: &BookName) -> Result<Option<Timestamp>>;

    /// What no finding explains of a book's sums, in hundredths of a rupiah, of all days: the open findings that say so.
    async fn unexplained(&self, book: &BookName) -> Result<i64>;
}

#[async_trait::async_trait]
impl<B: Base> Reconciliations for Sql<B> {
    async fn request_reconciliation(
        &self,
        period: Period,
        who: &str,
        sources: Sources<'_>,
        now: Timestamp,
    ) -> Result<i64> {
        write!(self, Small, db => runs::request(db, period, who, sources, now))
    }

    async fn request_nightly(&self, period: Period, sources: Sources<'_>, now: Timestamp) -> Result<Option<i64>> {
        write!(self, Small, db => runs::request_nightly(db, period, sources, now))
    }

    async fn incomplete_night(&self) -> Result<Option<IncompleteNight>> {
        read!(self, db => runs::incomplete_night(db))
    }

    async fn repeat_night(&self, night: &IncompleteNight, now: Timestamp) -> Result<Option<i64>> {
        write!(self, Small, db => runs::repeat_night(db, night, now))
    }

    async fn last_night(&self) -> Result<Option<Date>> {
        read!(self, db => runs::last_night(db))
    }

    async fn next_part(&self, book: &BookName) -> Result<Option<RunPart>> {
        read!(self, db => runs::next_part(db, book))
    }

    async fn begin_listing(&self, part: i64, now: Timestamp) -> Result<()> {
        write!(self, Large, db => runs::begin_reading(db, part, now))
    }

    async fn listed_ids(&self, part: i64) -> Result<HashSet<i64>> {
        read!(self, db => listed::ids(db, part))
    }

    async fn add_listed(&self, part: &RunPart, rows: &[Listed], rows_expected: i64) -> Result<()> {
        write!(self, Derived, db => listed::add(db, part.id, &part.book, rows, rows_expected))
    }

    async fn finish_listing(&self, part: i64) -> Result<()> {
        write!(self, Derived, db => runs::finish_reading(db, part))
    }

    async fn answer(&self, part: &RunPart, answer: &Answer) -> Result<()> {
        write!(self, Derived, db => listed::answer(db, part.id, &part.book, answer))
    }

    async fn held_in_period(
        &self,
        book: &BookName,
        period: Period,
        after: Option<(Date, i64)>,
        now: Timestamp,
        limit: i64,
    ) -> Result<Vec<HeldAt>> {
        read!(self, db => ledger::of_period(db, book, period, after, now, limit))
    }

    async fn held_of(&self, book: &BookName, orders: &[OrderId], now: Timestamp) -> Result<HashMap<OrderId, Held>> {
        read!(self, db => ledger::of_orders(db, book, orders, now))
    }

    async fn settling_of(&self, book: &BookName, order: &OrderId) -> Result<Vec<Settling>> {
        read!(self, db => ledger::settling(db, book, order))
    }

    async fn cancelled_of(&self, orders: &[OrderId]) -> Result<HashSet<OrderId>> {
        read!(self, db => ledger::cancelled(db, orders))
    }

    async fn seen_of(&self, part: i64, orders: &[OrderId]) -> Result<SeenOf> {
        read!(self, db => listed::of_orders(db, part, orders))
    }

    async fn other_invoices(&self, part: &RunPart, after: i64, limit: i64) -> Result<Vec<(Shown, Option<OrderId>)>> {
        read!(self, db => listed::others(db, part.id, &part.book, part.period, after, limit))
    }

    async fn listed_by_day(&self, part: &RunPart) -> Result<Vec<(Date, Count)>> {
        read!(self, db => listed::by_day(db, part.id, part.period))
    }

    async fn conclude(&self, part: &RunPart, conclusion: &Conclusion, now: Timestamp) -> Result<()> {
        write!(self, Large, db => conclude::conclude(db, part, conclusion, now))
    }

    async fn change_reading(&self, book: &BookName) -> Result<Option<ChangeReading>> {
        read!(self, db => runs::change_reading(db, book))
    }

    async fn unpaid(
        &self,
        of: UnpaidOf<'_>,
        after: Option<&OrderId>,
        limit: i64,
    ) -> Result<(Vec<Unpaid>, Option<OrderId>)> {
        read!(self, db => unpaid::of_store(db, of, after, limit))
    }

    async fn receivables(&self) -> Result<Vec<Receivable>> {
        read!(self, db => unpaid::by_store(db))
    }

    async fn next_forstok_part(&self) -> Result<Option<(i64, Period)>> {
        read!(self, db => forstok::next_part(db))
    }

    async fn conclude_forstok(&self, run: i64, conclusion: &ForstokConclusion, now: Timestamp) -> Result<()> {
        write!(self, Large, db => forstok::conclude(db, run, conclusion, now))
    }

    async fn forget_listed(&self, part: i64, step: i64) -> Result<u64> {
        write!(self, Derived, db => listed::forget(db, part, step))
    }

    async fn runs(&self, before: Option<i64>, limit: i64) -> Result<Vec<Run>> {
        read!(self, db => runs::list(db, before, limit))
    }

    async fn run(&self, id: i64) -> Result<Option<Run>> {
        read!(self, db => runs::one(db, id))
    }

    async fn findings(&self, filter: &FindingFilter, before: Option<i64>, limit: i64) -> Result<Vec<FindingRecord>> {
        read!(self, db => findings::list(db, filter, before, limit))
    }

    async fn finding(&self, id: i64) -> Result<Option<FindingRecord>> {
        read!(self, db => findings::one(db, id))
    }

    async fn finding_counts(&self) -> Result<Vec<(Class, FindingState, i64)>> {
        read!(self, db => findings::counts(db))
    }

    async fn oldest_open_finding(&self) -> Result<Option<Timestamp>> {
        read!(self, db => findings::oldest_open(db))
    }

    async fn earliest_open_day(&self) -> Result<Option<Date>> {
        read!(self, db => findings::earliest_open_day(db))
    }

    async fn close_finding(&self, id: i64, actor: &str, reason: &str, now: Timestamp) -> Result<Acted> {
        write!(self, Small, db => closing::close(db, id, actor, reason, now))
    }

    async fn close_findings(
        &self,
        which: Closing<'_>,
        actor: &str,
        reason: &str,
        now: Timestamp,
        step: i64,
    ) -> Result<ClosedFindings> {
        write!(self, Small, db => closing::close_many(db, which, actor, reason, now, step))
    }

    async fn findings_changed_since(&self, filter: &FindingFilter, seen: Timestamp) -> Result<Vec<i64>> {
        read!(self, db => closing::changed_since(db, filter, seen))
    }

    async fn count_open_findings(&self, filter: &FindingFilter) -> Result<i64> {
        read!(self, db => closing::count(db, filter))
    }

    async fn act_on_finding(
        &self,
        id: i64,
        action: Action,
        actor: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<Acted> {
        write!(self, Small, db => findings::act(db, id, action, actor, reason, now))
    }

    async fn note_import(&self, id: i64, actor: &str, reason: &str, now: Timestamp) -> Result<Acted> {
        write!(self, Small, db => forstok::note_import(db, id, actor, reason, now))
    }

    async fn reconciled_days(&self, period: Period) -> Result<Vec<ReconciledDay>> {
        read!(self, db => findings::days(db, period))
    }

    async fn compared_days(&self, period: Period) -> Result<Vec<ComparedDay>> {
        read!(self, db => compared::days(db, period))
    }

    async fn last_reconciliation(&self, book: &BookName) -> Result<Option<Timestamp>> {
        read!(self, db => runs::last_complete(db, book))
    }

    async fn unexplained(&self, book: &BookName) -> Result<i64> {
        read!(self, db => findings::unexplained(db, book))
    }
}
