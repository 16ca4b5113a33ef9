//! The tasks that run the engine until they are asked to stop.

use std::{sync::Arc, time::Duration};

use jiff::SignedDuration;
use tokio::{
    sync::watch,
    task::{JoinError, JoinHandle, JoinSet},
};

use super::{
    Engine, drafts::compare_always, forstok::ask_always, forstok_reconciliation::reconcile_forstok_always,
    lists::read_always, notices::notify_always, reconciliation::reconcile_always, rereading::Rereading,
};
use crate::{
    clock::until,
    domain::ids::BookName,
    housekeeping::retention::{STEP, clear_some},
    posting::{BookStatus, LeadingBook},
    replicas::{Duty, Replica, leadership::LeadingDecisions},
    supervisor::Progress,
};

/// Number of orders of one book that are processed at a time. More would exceed Accurate's limit of calls in flight.
const AT_ONCE: usize = 8;

/// How often the loops check for work without a signal: expired leases, and orders that another replica recorded.
const CHECK_ANYWAY: Duration = Duration::from_secs(5);

/// Shortest time between two checks without a signal.
const SHORTEST_WAIT: Duration = Duration::from_millis(50);

/// How often the statistics of the database are checked; in this time, a busy service records some thousands of
/// webhooks.
const CHECK_STATISTICS: Duration = Duration::from_secs(5);

/// How often the service checks whether another process (the command line) has applied a mapping.
const CHECK_MAPPING: Duration = Duration::from_secs(1);

/// Pause of the deciding loop after each batch while there are many webhooks. Webhooks wait for the same writer, and
/// fewer than one in a hundred should be delayed.
const STAND_BACK: Duration = Duration::from_secs(1);

/// How often the service checks for bodies that are old enough to be cleared.
const BETWEEN_CLEARINGS: Duration = Duration::from_hours(1);

/// Between two steps, clearing pauses for this many times the duration of the last step.
const REST: u32 = 10;

/// Delay after a storage error, so that a broken disk is not overloaded.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// The running tasks, and how to stop them.
pub struct Running {
    engine: Arc<Engine>,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
    /// Keeps this replica's leaderships; runs until the last call has ended.
    behind: Vec<JoinHandle<()>>,
}

impl Running {
    /// Starts all tasks: deciding; posting, reading lists, comparing drafts and reconciling for each book; and, if they
    /// are on, asking Forstok for orders and sending notices. Bodies older than `keep_bodies` are cleared; with `None`,
    /// never.
    pub fn start(engine: &Arc<Engine>, keep_bodies: Option<SignedDuration>) -> Self {
        let mut running = Self::of(engine);
        running.run("deciding", decide_always);
        running.lead("deciding", Arc::new(LeadingDecisions(engine.signals.clone())));
        running.keep("notifying replicas", Replica::notify_others_always);
        running.keep("hearing replicas", Replica::hear_others_always);
        for BookStatus { name: book, .. } in engine.books() {
            running.lead_book(&book);
            running.run_for(&book, "posting to", post_always);
            running.run_for(&book, "reading lists of", read_always);
            running.run_for(&book, "comparing drafts of", compare_always);
            running.run_for(&book, "reconciling", reconcile_always);
        }
        running.run("refreshing statistics", refresh_statistics_always);
        if engine.forstok.is_some() {
            running.run("asking Forstok for orders", ask_always);
        }
        running.run("reconciling with Forstok", reconcile_forstok_always);
        if engine.notices.is_some() {
            running.run("sending notices", notify_always);
        }
        if let Some(keep) = keep_bodies {
            running
                .run("clearing bodies", move |engine, stopped, progress| clear_always(engine, keep, stopped, progress));
        }
        running
    }

    /// Only leads the books and carries out reconciliations, for a command without a service.
    pub fn start_reconciling(engine: &Arc<Engine>) -> Self {
        let mut running = Self::of(engine);
        running.run("reconciling with Forstok", reconcile_forstok_always);
        for BookStatus { name: book, .. } in engine.books() {
            running.lead_book(&book);
            running.run_for(&book, "reconciling", reconcile_always);
        }
        running
    }

    fn of(engine: &Arc<Engine>) -> Self {
        Self { engine: engine.clone(), stop: watch::Sender::new(false), tasks: Vec::new(), behind: Vec::new() }
    }

    /// Runs a task until all of them are stopped.
    fn run<F>(
        &mut self,
        name: impl Into<String>,
        task: impl Fn(Arc<Engine>, watch::Receiver<bool>, Progress) -> F + Send + 'static,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let (engine, stopped) = (self.engine.clone(), self.stop.subscribe());
        let start = move |progress| task(engine.clone(), stopped.clone(), progress);
        self.tasks.push(self.engine.supervisor().keep_running(name, start));
    }

    /// Runs the task of one book until all of them are stopped.
    fn run_for<F>(
        &mut self,
        book: &BookName,
        doing: &str,
        task: impl Fn(Arc<Engine>, BookName, watch::Receiver<bool>, Progress) -> F + Send + 'static,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let name = book.clone();
        self.run(format!("{doing} {book}"), move |engine, stopped, progress| {
            task(engine, name.clone(), stopped, progress)
        });
    }

    /// Keeps one of this replica's leaderships.
    fn lead(&mut self, what: &str, duty: Arc<dyn Duty>) {
        self.keep(format!("leadership of {what}"), move |replica, progress| {
            replica.lead_always(duty.clone(), progress)
        });
    }

    fn lead_book(&mut self, book: &BookName) {
        self.lead(book.as_str(), Arc::new(LeadingBook::new(self.engine.posting.clone(), book)));
    }

    /// Runs a task of this replica until the last call has ended.
    fn keep<F>(&mut self, name: impl Into<String>, task: impl Fn(Arc<Replica>, Progress) -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let replica = self.engine.replica.clone();
        self.behind.push(self.engine.supervisor().keep_running(name, move |progress| task(replica.clone(), progress)));
    }

    /// Accepts no new work and waits for calls in flight; returns false if the deadline passes first.
    pub async fn stop(mut self, deadline: Duration) -> bool {
        let _ = self.stop.send(true);
        let all = async {
            for task in &mut self.tasks {
                let _ = task.await;
            }
        };
        let in_time = tokio::time::timeout(deadline, all).await.is_ok();
        for task in &self.behind {
            task.abort();
        }
        self.engine.replica.resign().await;
        in_time
    }
}

async fn decide_always(engine: Arc<Engine>, mut stopped: watch::Receiver<bool>, progress: Progress) {
    let mut rereading = Rereading::default();
    while !*stopped.borrow() {
        progress.report();
        let more_is_kept = rereading.take_some(&engine, &progress).await;
        match engine.decide_some().await {
            // A full batch means that more may wait; while there are many webhooks, answers come first.
            Ok(decided) if decided > 0 || more_is_kept => {
                if engine.signals.webhooks_are_many() {
                    engine.clock.sleep(STAND_BACK).await;
                }
                continue;
            }
            Ok(_) => {}
            Err(error) => {
                tracing::error!("orders could not be decided: {error}");
                engine.clock.sleep(AFTER_FAILURE).await;
            }
        }
        let something_comes = async {
            tokio::select! {
                () = engine.signals.news() => {}
                () = engine.clock.sleep(CHECK_MAPPING) => {}
                _ = stopped.changed() => {}
            }
        };
        progress.wait_for(something_comes).await;
    }
}

async fn post_always(engine: Arc<Engine>, book: BookName, mut stopped: watch::Receiver<bool>, progress: Progress) {
    let mut working = JoinSet::new();
    // How often in a row nothing could be claimed although something was due.
    let mut unclaimable = 0;
    while !*stopped.borrow() {
        progress.report();
        while let Some(ended) = working.try_join_next() {
            report_panic(&book, ended);
        }
        let probing = engine.posting.pause(&book).is_some();
        // A probe runs alone, because the outcome of a call in flight may make it unnecessary.
        let ours = engine.posting.leads(&book);
        let busy = working.len().saturating_sub(engine.posting.reading_back(&book));
        let room = if !ours || (probing && !working.is_empty()) { 0 } else { AT_ONCE.saturating_sub(busy) };
        let next = if room == 0 { Ok(Vec::new()) } else { engine.next_work(&book, room).await };
        let wake_at = match next {
            Ok(works) if !works.is_empty() => {
                unclaimable = 0;
                for work in works {
                    let (engine, book) = (engine.clone(), book.clone());
                    working.spawn(async move {
                        if let Err(error) = engine.work(&book, work).await {
                            // The lease expires, and the next attempt looks the number up.
                            tracing::error!("book {book}: work failed and is repeated after its lease: {error}");
                        }
                    });
                }
                // There may be capacity for other kinds of work.
                continue;
            }
            Ok(_) if !ours || room == 0 => None,
            Ok(_) => engine.posting.next_moment(&book).await,
            Err(error) => {
                tracing::error!("orders could not be claimed: {error}");
                engine.clock.sleep(AFTER_FAILURE).await;
                None
            }
        };
        // If there is no capacity, or a probe is in flight, only work that ends or begins to wait for a read-back
        // (which raises a signal) can change anything.
        let full = busy >= AT_ONCE || (probing && !working.is_empty());
        let wait = wake_at.map_or(CHECK_ANYWAY, |at| until(engine.now(), at));
        // What is due may not be claimable yet: a new webhook for the order waits for its decision, which raises a
        // signal, or a deletion waits for a receipt, which may take days.
        unclaimable = if wait.is_zero() { unclaimable + 1 } else { 0 };
        let wait = wait.clamp(shortest_wait(unclaimable), CHECK_ANYWAY);
        let something_comes = async {
            tokio::select! {
                () = engine.signals.due(&book) => {}
                () = engine.clock.sleep(wait), if !full => {}
                Some(ended) = working.join_next(), if !working.is_empty() => report_panic(&book, ended),
                _ = stopped.changed() => {}
            }
        };
        progress.wait_for(something_comes).await;
    }
    while let Some(ended) = progress.wait_for(working.join_next()).await {
        report_panic(&book, ended);
    }
}

/// The least wait after something was due so many times in a row without being claimable.
fn shortest_wait(unclaimable: u32) -> Duration {
    SHORTEST_WAIT.saturating_mul(2_u32.saturating_pow(unclaimable.saturating_sub(1))).min(CHECK_ANYWAY)
}

/// A piece of work that panicked keeps its leases until they expire; then the next attempt looks the numbers up.
fn report_panic(book: &BookName, ended: Result<(), JoinError>) {
    if ended.is_err_and(|error| error.is_panic()) {
        let task = format!("work on {book}");
        tracing::error!(
            book = book.as_str(),
            "a piece of work on {book} panicked; its orders are tried again when their leases end"
        );
        metrics::counter!("forstok_accurate_task_panics_total", "task" => task).increment(1);
    }
}

async fn clear_always(
    engine: Arc<Engine>,
    keep: SignedDuration,
    mut stopped: watch::Receiver<bool>,
    progress: Progress,
) {
    let mut bodies = 0;
    while !*stopped.borrow() {
        progress.report();
        let began = engine.monotonic();
        // While there are many webhooks, answers come first. Only the replica that decides does this.
        let is_our_turn = engine.signals.decides() && !engine.signals.webhooks_are_many();
        let cleared =
            if is_our_turn { Some(clear_some(engine.storage.as_ref(), keep, engine.now()).await) } else { None };
        let wait = match cleared {
            None => AFTER_FAILURE,
            Some(Ok(cleared)) if cleared.examined == STEP as u64 => {
                bodies += cleared.bodies;
                (engine.monotonic().since(began) * REST).clamp(SHORTEST_WAIT, AFTER_FAILURE)
            }
            Some(Ok(cleared)) => {
                bodies += cleared.bodies;
                if bodies > 0 {
                    let days = keep.as_hours() / 24;
                    tracing::info!(bodies, "{bodies} bodies of webhooks older than {days} days were cleared");
                }
                bodies = 0;
                BETWEEN_CLEARINGS
            }
            Some(Err(error)) => {
                tracing::error!("bodies of old webhooks could not be cleared: {error}");
                BETWEEN_CLEARINGS
            }
        };
        progress.wait_for(sleep_unless_stopped(&engine, wait, &mut stopped)).await;
    }
}

/// Only the replica that decides does this; statistics are shared.
async fn refresh_statistics_always(engine: Arc<Engine>, mut stopped: watch::Receiver<bool>, progress: Progress) {
    while !*stopped.borrow() {
        progress.report();
        if engine.signals.decides()
            && let Err(error) = engine.storage.refresh_statistics().await
        {
            // Statements then take longer than they need to.
            tracing::debug!("the statistics of the database could not be refreshed: {error}");
        }
        progress.wait_for(sleep_unless_stopped(&engine, CHECK_STATISTICS, &mut stopped)).await;
    }
}

async fn sleep_unless_stopped(engine: &Engine, time: Duration, stopped: &mut watch::Receiver<bool>) {
    tokio::select! {
        () = engine.clock.sleep(time) => {}
        _ = stopped.changed() => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_claimed_is_tried_ever_more_rarely() {
        let waits = [0, 1, 2, 3, 7, 8, 40, u32::MAX].map(|times| shortest_wait(times).as_millis());
        assert_eq!(waits, [50, 50, 100, 200, 3200, 5000, 5000, 5000]);
    }
}
