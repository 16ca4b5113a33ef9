//! The traits of storage that reconciliation uses; the simulator does nothing about it.

use std::collections::{HashMap, HashSet};

use forstok_accurate::{
    domain::{
        ids::BookName,
        order::OrderId,
        reconciliation::{Action, Class, FindingState, Held, Listed, Period, Settling, Shown, Unpaid, sums::Count},
    },
    storage::{
        Acted, Answer, ChangeReading, ClosedFindings, Closing, ComparedDay, Conclusion, FindingFilter, FindingRecord,
        ForstokConclusion, HeldAt, IncompleteNight, Receivable, ReconciledDay, Reconciliations, Result, Run, RunPart,
        SeenOf, Sources, UnpaidOf,
    },
};
use jiff::{Timestamp, civil::Date};

use super::SimStore;

#[async_trait::async_trait]
impl Reconciliations for SimStore {
    async fn request_reconciliation(
        &self,
        period: Period,
        who: &str,
        sources: Sources<'_>,
        now: Timestamp,
    ) -> Result<i64> {
        self.gates.in_store(self.inner.request_reconciliation(period, who, sources, now)).await
    }

    async fn request_nightly(&self, period: Period, sources: Sources<'_>, now: Timestamp) -> Result<Option<i64>> {
        self.gates.in_store(self.inner.request_nightly(period, sources, now)).await
    }

    async fn incomplete_night(&self) -> Result<Option<IncompleteNight>> {
        self.gates.in_store(self.inner.incomplete_night()).await
    }

    async fn repeat_night(&self, night: &IncompleteNight, now: Timestamp) -> Result<Option<i64>> {
        self.gates.in_store(self.inner.repeat_night(night, now)).await
    }

    async fn last_night(&self) -> Result<Option<Date>> {
        self.gates.in_store(self.inner.last_night()).await
    }

    async fn next_part(&self, book: &BookName) -> Result<Option<RunPart>> {
        self.gates.in_store(self.inner.next_part(book)).await
    }

    async fn begin_listing(&self, part: i64, now: Timestamp) -> Result<()> {
        self.gates.in_store(self.inner.begin_listing(part, now)).await
    }

    async fn listed_ids(&self, part: i64) -> Result<HashSet<i64>> {
        self.gates.in_store(self.inner.listed_ids(part)).await
    }

    async fn add_listed(&self, part: &RunPart, rows: &[Listed], rows_expected: i64) -> Result<()> {
        self.gates.in_store(self.inner.add_listed(part, rows, rows_expected)).await
    }

    async fn finish_listing(&self, part: i64) -> Result<()> {
        self.gates.in_store(self.inner.finish_listing(part)).await
    }

    async fn answer(&self, part: &RunPart, answer: &Answer) -> Result<()> {
        self.gates.in_store(self.inner.answer(part, answer)).await
    }

    async fn held_in_period(
        &self,
        book: &BookName,
        period: Period,
        after: Option<(Date, i64)>,
        now: Timestamp,
        limit: i64,
    ) -> Result<Vec<HeldAt>> {
        self.gates.in_store(self.inner.held_in_period(book, period, after, now, limit)).await
    }

    async fn held_of(&self, book: &BookName, orders: &[OrderId], now: Timestamp) -> Result<HashMap<OrderId, Held>> {
        self.gates.in_store(self.inner.held_of(book, orders, now)).await
    }

    async fn seen_of(&self, part: i64, orders: &[OrderId]) -> Result<SeenOf> {
        self.gates.in_store(self.inner.seen_of(part, orders)).await
    }

    async fn settling_of(&self, book: &BookName, order: &OrderId) -> Result<Vec<Settling>> {
        self.gates.in_store(self.inner.settling_of(book, order)).await
    }

    async fn cancelled_of(&self, orders: &[OrderId]) -> Result<HashSet<OrderId>> {
        self.gates.in_store(self.inner.cancelled_of(orders)).await
    }

    async fn other_invoices(&self, part: &RunPart, after: i64, limit: i64) -> Result<Vec<(Shown, Option<OrderId>)>> {
        self.gates.in_store(self.inner.other_invoices(part, after, limit)).await
    }

    async fn listed_by_day(&self, part: &RunPart) -> Result<Vec<(Date, Count)>> {
        self.gates.in_store(self.inner.listed_by_day(part)).await
    }

    async fn conclude(&self, part: &RunPart, conclusion: &Conclusion, now: Timestamp) -> Result<()> {
        self.gates.in_store(self.inner.conclude(part, conclusion, now)).await
    }

    async fn forget_listed(&self, part: i64, step: i64) -> Result<u64> {
        self.gates.in_store(self.inner.forget_listed(part, step)).await
    }

    async fn runs(&self, before: Option<i64>, limit: i64) -> Result<Vec<Run>> {
        self.gates.in_store(self.inner.runs(before, limit)).await
    }

    async fn run(&self, id: i64) -> Result<Option<Run>> {
        self.gates.in_store(self.inner.run(id)).await
    }

    async fn unpaid(
        &self,
        of: UnpaidOf<'_>,
        after: Option<&OrderId>,
        limit: i64,
    ) -> Result<(Vec<Unpaid>, Option<OrderId>)> {
        self.gates.in_store(self.inner.unpaid(of, after, limit)).await
    }

    async fn receivables(&self) -> Result<Vec<Receivable>> {
        self.inner.receivables().await
    }

    async fn next_forstok_part(&self) -> Result<Option<(i64, Period)>> {
        self.gates.in_store(self.inner.next_forstok_part()).await
    }

    async fn conclude_forstok(&self, run: i64, conclusion: &ForstokConclusion, now: Timestamp) -> Result<()> {
        self.gates.in_store(self.inner.conclude_forstok(run, conclusion, now)).await
    }

    async fn note_import(&self, id: i64, actor: &str, reason: &str, now: Timestamp) -> Result<Acted> {
        self.gates.in_store(self.inner.note_import(id, actor, reason, now)).await
    }

    async fn findings(&self, filter: &FindingFilter, before: Option<i64>, limit: i64) -> Result<Vec<FindingRecord>> {
        self.gates.in_store(self.inner.findings(filter, before, limit)).await
    }

    async fn finding(&self, id: i64) -> Result<Option<FindingRecord>> {
        self.gates.in_store(self.inner.finding(id)).await
    }

    async fn finding_counts(&self) -> Result<Vec<(Class, FindingState, i64)>> {
        self.gates.in_store(self.inner.finding_counts()).await
    }

    async fn oldest_open_finding(&self) -> Result<Option<Timestamp>> {
        self.gates.in_store(self.inner.oldest_open_finding()).await
    }

    async fn earliest_open_day(&self) -> Result<Option<Date>> {
        self.gates.in_store(self.inner.earliest_open_day()).await
    }

    async fn change_reading(&self, book: &BookName) -> Result<Option<ChangeReading>> {
        self.gates.in_store(self.inner.change_reading(book)).await
    }

    async fn close_findings(
        &self,
        which: Closing<'_>,
        actor: &str,
        reason: &str,
        now: Timestamp,
        step: i64,
    ) -> Result<ClosedFindings> {
        self.gates.in_store(self.inner.close_findings(which, actor, reason, now, step)).await
    }

    async fn findings_changed_since(&self, filter: &FindingFilter, seen: Timestamp) -> Result<Vec<i64>> {
        self.gates.in_store(self.inner.findings_changed_since(filter, seen)).await
    }

    async fn count_open_findings(&self, filter: &FindingFilter) -> Result<i64> {
        self.gates.in_store(self.inner.count_open_findings(filter)).await
    }

    async fn close_finding(&self, id: i64, actor: &str, reason: &str, now: Timestamp) -> Result<Acted> {
        self.gates.in_store(self.inner.close_finding(id, actor, reason, now)).await
    }

    async fn act_on_finding(
        &self,
        id: i64,
        action: Action,
        actor: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<Acted> {
        self.gates.in_store(self.inner.act_on_finding(id, action, actor, reason, now)).await
    }

    async fn reconciled_days(&self, period: Period) -> Result<Vec<ReconciledDay>> {
        self.gates.in_store(self.inner.reconciled_days(period)).await
    }

    async fn compared_days(&self, period: Period) -> Result<Vec<ComparedDay>> {
        self.gates.in_store(self.inner.compared_days(period)).await
    }

    async fn last_reconciliation(&self, book: &BookName) -> Result<Option<Timestamp>> {
        self.gates.in_store(self.inner.last_reconciliation(book)).await
    }

    async fn unexplained(&self, book: &BookName) -> Result<i64> {
        self.gates.in_store(self.inner.unexplained(book)).await
    }
}
