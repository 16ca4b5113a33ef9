//! The tasks that drive the engine until they are told to stop.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use tokio::{
    sync::watch,
    task::{JoinError, JoinHandle, JoinSet},
};

use super::{
    Engine,
    holding::{call_others_always, hear_others_always, hold_always},
    supervisor::Progress,
    tidy::STEP,
};
use crate::clock::until;

/// Orders of one book that are worked on at once: more than Accurate takes in flight would only wait.
const AT_ONCE: usize = 8;

/// How often is looked even if nobody called: leases that ended, orders that another replica recorded.
const LOOK_ANYWAY: Duration = Duration::from_secs(5);

/// Shortest time between two looks for something to do that nobody called for.
const SHORTEST_WAIT: Duration = Duration::from_millis(50);

/// How soon a mapping is taken over that another process (the command line) put in force.
const LOOK_AT_MAPPING: Duration = Duration::from_secs(1);

/// While webhooks are many, deciding pauses for so long after each batch: senders wait for the same writer, and
/// fewer than one in a hundred is to meet it.
const STAND_BACK: Duration = Duration::from_secs(1);

/// How often is looked whether bodies have become old.
const LOOK_FOR_OLD: Duration = Duration::from_hours(1);

/// Between two steps, clearing pauses for so many times the time that the last one took.
const REST: u32 = 10;

/// How long is waited after the store failed, so that a broken disk is not hammered.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// Running tasks and the way to stop them.
pub struct Running {
    engine: Arc<Engine>,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
    /// What keeps our place among other replicas; it goes on until the last call has ended.
    behind: Vec<JoinHandle<()>>,
}

impl Running {
    /// Starts deciding, and posting for each book. Bodies are cleared when they are older than `keep_bodies`.
    pub fn start(engine: &Arc<Engine>, keep_bodies: Option<SignedDuration>) -> Self {
        let (stop, stopped) = watch::channel(false);
        let supervisor = engine.supervisor();
        let (at_work, until) = (engine.clone(), stopped.clone());
        let deciding = move |progress| decide_always(at_work.clone(), until.clone(), progress);
        let mut tasks = vec![supervisor.keep_running("deciding", deciding)];
        let (leading, calling, hearing) = (engine.clone(), engine.clone(), engine.clone());
        let mut behind = vec![
            supervisor
                .keep_running("leadership of deciding", move |progress| hold_always(leading.clone(), None, progress)),
            supervisor.keep_running("calling replicas", move |progress| call_others_always(calling.clone(), progress)),
            supervisor.keep_running("hearing replicas", move |progress| hear_others_always(hearing.clone(), progress)),
        ];
        for book in engine.books.keys() {
            let (leading, name) = (engine.clone(), book.clone());
            let leading = move |progress| hold_always(leading.clone(), Some(name.clone()), progress);
            behind.push(supervisor.keep_running(format!("leadership of {book}"), leading));
            let (at_work, name, until) = (engine.clone(), book.clone(), stopped.clone());
            let posting = move |progress| post_always(at_work.clone(), name.clone(), until.clone(), progress);
            tasks.push(supervisor.keep_running(format!("posting to {book}"), posting));
        }
        if let Some(keep) = keep_bodies {
            let at_work = engine.clone();
            let clearing = move |progress| tidy_always(at_work.clone(), keep, stopped.clone(), progress);
            tasks.push(supervisor.keep_running("clearing bodies", clearing));
        }
        Self { engine: engine.clone(), stop, tasks, behind }
    }

    /// Takes no new work and lets calls in flight end; false when the deadline passed first.
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
        self.engine.let_go().await;
        in_time
    }
}

async fn decide_always(engine: Arc<Engine>, mut stopped: watch::Receiver<bool>, progress: Progress) {
    // This version may understand what the one before did not.
    if let Err(error) = engine.reread_reporting(|| progress.report()).await {
        tracing::error!("webhooks that could not be read could not be read again: {error}");
    }
    while !*stopped.borrow() {
        progress.report();
        match engine.decide_some().await {
            // More may wait behind a full batch; while webhooks are many, their answers go first.
            Ok(decided) if decided > 0 => {
                if engine.webhooks_are_many() {
                    engine.clock.sleep(STAND_BACK).await;
                }
                continue;
            }
            Ok(_) => {}
            Err(error) => {
                tracing::error!("orders could not be decided: {error}");
                tokio::time::sleep(AFTER_FAILURE).await;
            }
        }
        let something_comes = async {
            tokio::select! {
                () = engine.news.notified() => {}
                () = engine.clock.sleep(LOOK_AT_MAPPING) => {}
                _ = stopped.changed() => {}
            }
        };
        progress.wait_for(something_comes).await;
    }
}

async fn post_always(engine: Arc<Engine>, book: String, mut stopped: watch::Receiver<bool>, progress: Progress) {
    let Some(known) = engine.books.get(&book) else { return };
    let mut working = JoinSet::new();
    while !*stopped.borrow() {
        progress.report();
        while let Some(ended) = working.try_join_next() {
            report_panic(&book, ended);
        }
        let probing = known.lock_circuit().pause().is_some();
        // A probe goes alone: what is in flight may answer its question.
        let ours = known.is_ours();
        let room = if !ours || (probing && !working.is_empty()) { 0 } else { AT_ONCE - working.len() };
        let next = if room == 0 { Ok(Vec::new()) } else { engine.next_work(&book, room).await };
        let wake_at = match next {
            Ok(works) if !works.is_empty() => {
                for work in works {
                    let (engine, book) = (engine.clone(), book.clone());
                    working.spawn(async move {
                        if let Err(error) = engine.work(&book, work).await {
                            // The lease ends by itself and the next attempt looks the number up.
                            tracing::error!("work could not be brought to its end: {error}");
                        }
                    });
                }
                // There may be room for other kinds of work.
                continue;
            }
            Ok(_) if !ours => None,
            Ok(_) => next_moment(&engine, &book).await,
            Err(error) => {
                tracing::error!("orders could not be claimed: {error}");
                tokio::time::sleep(AFTER_FAILURE).await;
                None
            }
        };
        // With no room for another, or with a probe under way, only an end of work can change anything.
        let full = working.len() == AT_ONCE || (probing && !working.is_empty());
        // What is due may not be claimable yet (its news waits for its decision, which will call): no spinning.
        let wait = wake_at.map_or(LOOK_ANYWAY, |at| until(engine.now(), at).clamp(SHORTEST_WAIT, LOOK_ANYWAY));
        let something_comes = async {
            tokio::select! {
                () = known.due.notified(), if !full => {}
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

/// A piece of work that panicked leaves its leases: once they end, the next attempt looks the numbers up.
fn report_panic(book: &str, ended: Result<(), JoinError>) {
    if ended.is_err_and(|error| error.is_panic()) {
        let task = format!("work on {book}");
        tracing::error!(book, "a piece of work on {book} panicked; its orders are tried again when their leases end");
        metrics::counter!("forstok_accurate_task_panics_total", "task" => task).increment(1);
    }
}

async fn tidy_always(
    engine: Arc<Engine>,
    keep: SignedDuration,
    mut stopped: watch::Receiver<bool>,
    progress: Progress,
) {
    let mut bodies = 0;
    while !*stopped.borrow() {
        progress.report();
        let began = engine.monotonic();
        // While webhooks are many, their answers go first. Of several replicas the one that decides does it.
        let is_our_turn = engine.decides() && !engine.webhooks_are_many();
        let cleared = if is_our_turn { Some(engine.tidy_some(keep).await) } else { None };
        let wait = match cleared {
            None => AFTER_FAILURE,
            Some(Ok(cleared)) if cleared.looked_at == STEP as u64 => {
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
                LOOK_FOR_OLD
            }
            Some(Err(error)) => {
                tracing::error!("bodies of old webhooks could not be cleared: {error}");
                LOOK_FOR_OLD
            }
        };
        let time_passes = async {
            tokio::select! {
                () = engine.clock.sleep(wait) => {}
                _ = stopped.changed() => {}
            }
        };
        progress.wait_for(time_passes).await;
    }
}

/// When there is something to do again: an order may be claimed, or what blocked orders wait for be looked at.
async fn next_moment(engine: &Engine, book: &str) -> Option<Timestamp> {
    let attempt_at = engine.store.next_attempt_at(book).await.ok()?;
    let look_at = engine.store.next_look_at(book).await.ok()?;
    let (probe_at, lane_probe_at) = {
        let circuit = engine.books.get(book)?.lock_circuit();
        (circuit.pause().map(|pause| pause.next_probe_at), circuit.next_lane_probe_at())
    };
    // What is due, and was not claimed just now, waits for a missing right.
    let attempt_at = attempt_at.map(|at| if at <= engine.now() { lane_probe_at.unwrap_or(at).max(at) } else { at });
    let moments = match probe_at {
        // A paused book makes one attempt at a time, and a look only when there is no order to send.
        Some(probe_at) => [attempt_at.map(|_| probe_at), look_at.map(|at| at.max(probe_at))],
        None => [attempt_at, look_at],
    };
    moments.into_iter().flatten().min()
}
