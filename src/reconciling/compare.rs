//! Compares our ledger with what Accurate listed, and looks up each invoice that is not as expected.
//!
//! The list may be older than the ledger, so it is never the only proof of a difference: the order's invoices are read
//! one by one, half a minute after the order last changed, and replace the rows of the list.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::{OurCustomers, Permission, Reconciling, Stop};
use crate::{
    accurate::{
        client::Session,
        period::{ByKey, one},
    },
    domain::{
        day_in_wib,
        ids::DocumentNumber,
        masters::ListFailure,
        order::OrderId,
        reconciliation::{
            Class, Finding, Held, Judgement, Listed, Named, Period, Seen, Shown, Side, Standing, Subject, judge,
            stranger, sums::SumsByDay,
        },
    },
    storage::{self, Answer, Conclusion, HeldAt, Receivable, RunPart, UnpaidOf},
};

/// Orders that are compared at a time.
const BATCH: i64 = 500;

/// How often an order that changes during the comparison is read again before it is left to the next run.
const MOST_QUESTIONS: u32 = 3;

/// What was compared so far.
#[derive(Default)]
struct Comparison {
    sums: SumsByDay,
    findings: Vec<Finding>,
    /// The total of the invoices of each day that Accurate showed but that count on neither side: invoices of others,
    /// and those that are being created or deleted. In hundredths of a rupiah.
    left_out: BTreeMap<Date, i64>,
    /// Orders whose invoices were being created or deleted, so that nothing is said about them.
    undetermined: Vec<OrderId>,
    /// Why not all invoices could be looked up.
    unanswered: Option<ListFailure>,
}

impl Comparison {
    fn leave_out(&mut self, shown: &[Shown], part: &RunPart) {
        for one in shown.iter().filter(|one| part.period.contains(one.day)) {
            *self.left_out.entry(one.day).or_default() += one.total;
        }
    }
}

impl Reconciling {
    /// Compares everything. `delay_days` is how long after its payout money is booked.
    pub(super) async fn compare(
        &self,
        session: &Session,
        part: &RunPart,
        ours: &OurCustomers,
        delay_days: i32,
        permission: Permission<'_>,
    ) -> Result<Conclusion, Stop> {
        let mut all = Comparison::default();
        let mut after = None;
        loop {
            let page = self.storage.held_in_period(&part.book, part.period, after, self.clock.now(), BATCH).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.place);
            let held: Vec<_> = page.into_iter().map(|HeldAt { held, .. }| held).collect();
            self.compare_orders(session, part, held, permission, &mut all).await?;
        }
        self.compare_others(session, part, ours, permission, &mut all).await?;
        if all.unanswered.is_none() {
            self.check_sums(part, &mut all).await?;
        }
        all.findings.extend(self.overdue(part, delay_days).await?);
        let Comparison { sums, findings, undetermined, unanswered: incomplete, .. } = all;
        Ok(Conclusion { incomplete, sums, findings, undetermined, changes: None })
    }

    /// Invoices that are not paid in time. A nightly run finds all of them, however old they are.
    async fn overdue(&self, part: &RunPart, delay_days: i32) -> storage::Result<Vec<Finding>> {
        let today = day_in_wib(self.clock.now());
        let from = if part.is_nightly { Date::MIN } else { part.period.from };
        let period = Period { from, ..part.period };
        let mut findings = Vec::new();
        for Receivable { store_id, .. } in &self.storage.receivables().await? {
            let of = UnpaidOf { book: &part.book, store_id, period };
            let mut after = None;
            loop {
                let (unpaid, last) = self.storage.unpaid(of, after.as_ref(), BATCH).await?;
                findings.extend(unpaid.into_iter().filter_map(|unpaid| unpaid.finding(delay_days, today)));
                after = last;
                if after.is_none() {
                    break;
                }
            }
        }
        Ok(findings)
    }

    /// Whether our ledger holds an invoice of these days that Accurate should list.
    pub(super) async fn ledger_holds_any(&self, part: &RunPart) -> storage::Result<bool> {
        let mut after = None;
        loop {
            let page = self.storage.held_in_period(&part.book, part.period, after, self.clock.now(), BATCH).await?;
            let Some(last) = page.last() else { return Ok(false) };
            after = Some(last.place);
            if page.iter().any(|one| one.held.standing == Standing::Exists) {
                return Ok(true);
            }
        }
    }

    /// What our ledger counts, when Accurate's list could not be read.
    pub(super) async fn ledger_alone(&self, part: &RunPart, why: ListFailure) -> storage::Result<Conclusion> {
        let mut sums = SumsByDay::default();
        let mut after = None;
        loop {
            let page = self.storage.held_in_period(&part.book, part.period, after, self.clock.now(), BATCH).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.place);
            for HeldAt { held, .. } in page.iter().filter(|one| one.held.standing.is_counted()) {
                sums.add_ledger(&held.store_id, held.day, held.total);
            }
        }
        Ok(Conclusion { incomplete: Some(why), sums, ..Conclusion::default() })
    }

    async fn compare_orders(
        &self,
        session: &Session,
        part: &RunPart,
        held: Vec<Held>,
        permission: Permission<'_>,
        all: &mut Comparison,
    ) -> Result<(), Stop> {
        let ids: Vec<_> = held.iter().map(|held| held.order_id.clone()).collect();
        let mut seen_of = self.storage.seen_of(part.id, &ids).await?;
        for held in held {
            let seen = seen_of.remove(&held.order_id).unwrap_or_default();
            self.compare_one(session, part, (held, seen), permission, all).await?;
        }
        Ok(())
    }

    async fn compare_one(
        &self,
        session: &Session,
        part: &RunPart,
        (mut held, mut seen): (Held, Seen),
        permission: Permission<'_>,
        all: &mut Comparison,
    ) -> Result<(), Stop> {
        for _ in 0..=MOST_QUESTIONS {
            match judge(&held, &seen, part.period) {
                Judgement::Known(mut known) => {
                    match self.name_lost(session, &mut known.findings, permission).await {
                        Err(Stop::Incomplete(why)) => {
                            all.unanswered = Some(why);
                            break;
                        }
                        named => named?,
                    }
                    all.sums.add(&held.store_id, &known, part.period);
                    all.findings.extend(known.findings);
                    return Ok(());
                }
                Judgement::UnderWay => break,
                // What could not be asked of one order is not asked of the others: each would take its minute.
                Judgement::Ask if all.unanswered.is_some() => break,
                Judgement::Ask => match self.ask(session, part, (&held, &seen), permission).await {
                    Err(Stop::Incomplete(why)) => {
                        all.unanswered = Some(why);
                        break;
                    }
                    asked => asked?,
                },
            }
            let order = [held.order_id.clone()];
            seen = self.storage.seen_of(part.id, &order).await?.remove(&order[0]).unwrap_or_default();
            let again = self.storage.held_of(&part.book, &order, self.clock.now()).await?.remove(&order[0]);
            let Some(again) = again else { break };
            held = again;
        }
        all.leave_out(&seen.shown, part);
        all.undetermined.push(held.order_id);
        Ok(())
    }

    /// Asks Accurate for an order's invoices one by one: by id, and by number if the id is gone.
    async fn ask(
        &self,
        session: &Session,
        part: &RunPart,
        (held, Seen { shown, asked_at, .. }): (&Held, &Seen),
        permission: Permission<'_>,
    ) -> Result<(), Stop> {
        // Accurate may show a change late. Orders that changed a moment ago are few.
        let is_first = asked_at.is_none_or(|at| at < held.changed_at);
        if !is_first && let Ok(wait) = held.certain_from().duration_since(self.clock.now()).try_into() {
            self.clock.sleep(wait).await;
        }
        let at = self.clock.now();
        let mut ids: Vec<_> = held.accurate_id.into_iter().collect();
        if held.standing != Standing::Exists || !shown.iter().any(|one| Some(one.id) == held.accurate_id) {
            ids.extend(shown.iter().map(|one| one.id));
            ids.sort_unstable();
            ids.dedup();
        }
        let (mut found, mut absent) = (Vec::new(), Vec::new());
        for id in ids {
            match self.read_one(session, ByKey::Id(id), permission).await? {
                Some(listed) => found.push(listed),
                None => absent.push(id),
            }
        }
        let mut numbered = None;
        if found.is_empty() {
            let listed = self.read_one(session, ByKey::Number(&held.number), permission).await?;
            numbered = listed.as_ref().map(|listed| listed.shown.id);
            found.extend(listed);
        }
        let answer = Answer { order_id: held.order_id.clone(), at, found, absent, numbered };
        Ok(self.storage.answer(part, &answer).await?)
    }

    pub(super) async fn read_one(
        &self,
        session: &Session,
        key: ByKey<'_>,
        permission: Permission<'_>,
    ) -> Result<Option<Listed>, Stop> {
        let patience = self.patience();
        loop {
            self.wait_for_permission(&patience, permission).await?;
            match one(session, key).await {
                Ok(found) => return Ok(found),
                Err(failure) => self.wait_after(&failure, &patience, permission).await?,
            }
        }
    }

    /// Invoices that belong to no order whose invoice our ledger books in the period.
    async fn compare_others(
        &self,
        session: &Session,
        part: &RunPart,
        ours: &OurCustomers,
        permission: Permission<'_>,
        all: &mut Comparison,
    ) -> Result<(), Stop> {
        let mut after = i64::MIN;
        loop {
            let page = self.storage.other_invoices(part, after, BATCH).await?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            after = last.id;
            let orders: Vec<OrderId> = page.iter().filter_map(|(_, order)| order.clone()).collect();
            let mut held = self.storage.held_of(&part.book, &orders, self.clock.now()).await?;
            let seen_of = self.storage.seen_of(part.id, &orders).await?;
            let cancelled = self.storage.cancelled_of(&orders).await?;
            for (shown, order) in page {
                let Some(order) = order else {
                    Self::compare_stranger(part, ours, &shown, None, all);
                    continue;
                };
                // All invoices of an order are compared together, with the first of them.
                let Some(seen) = seen_of.get(&order).cloned() else { continue };
                if seen.shown.first().is_some_and(|first| first.id != shown.id) {
                    continue;
                }
                let Some(held) = held.remove(&order) else {
                    let named = Named { is_cancelled: cancelled.contains(&order), order_id: order };
                    for shown in &seen.shown {
                        Self::compare_stranger(part, ours, shown, Some(&named), all);
                    }
                    continue;
                };
                self.compare_one(session, part, (held, seen), permission, all).await?;
            }
        }
    }

    /// An invoice that no order's document accounts for; it counts only if it is one of our customers'.
    fn compare_stranger(
        part: &RunPart,
        ours: &OurCustomers,
        shown: &Shown,
        named: Option<&Named>,
        all: &mut Comparison,
    ) {
        let Some(store_id) = ours.store_of(&shown.customer_no) else {
            return all.leave_out(std::slice::from_ref(shown), part);
        };
        let known = stranger(shown, store_id, named, part.period);
        all.sums.add(store_id, &known, part.period);
        all.findings.extend(known.findings);
    }

    /// Checks that every invoice that Accurate listed for a day was counted exactly once; any remaining difference
    /// becomes an `unexplained` finding of that day.
    async fn check_sums(&self, part: &RunPart, all: &mut Comparison) -> storage::Result<()> {
        let counted = all.sums.by_day();
        for (day, listed) in self.storage.listed_by_day(part).await? {
            let counted = counted.get(&day).map_or(0, |sums| sums.accurate.total);
            let rest = listed.total - all.left_out.get(&day).copied().unwrap_or_default() - counted;
            if rest != 0 {
                all.sums.add_rest(day, rest);
                all.findings.push(unexplained(day, rest));
            }
        }
        Ok(())
    }
}

/// A difference that no other finding explains; `rest` is in hundredths of a rupiah.
fn unexplained(day: Date, rest: i64) -> Finding {
    Finding {
        class: Class::Unexplained,
        subject: Subject::Day(day),
        order_id: None,
        store_id: String::new(),
        accurate_id: None,
        ledger: None,
        accurate: Some(Side { number: DocumentNumber::default(), customer_no: String::new(), day, total: rest }),
        forstok: None,
        owed: None,
        namesake: None,
        unsettled: None,
        fields: Vec::new(),
        is_draft: false,
    }
}
