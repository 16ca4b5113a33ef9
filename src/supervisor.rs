//! Watches the tasks that must never end: each reports its progress, and a task that panics is restarted.
//!
//! Otherwise a process could continue to answer 200 after the task that decides or posts has died. If a task makes no
//! progress for longer than its work can take, or panics repeatedly, `/healthz` and `/readyz` answer 503 with its name.

use std::{
    collections::BTreeMap,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::task::{JoinHandle, JoinSet};

use crate::clock::{Monotonic, SharedClock};

/// How often a task that waits for work reports that it still runs.
const WHILE_WAITING: Duration = Duration::from_secs(5);

/// How long a task may go without reporting progress. No step between two reports takes as long: the longest database
/// statement takes 30 seconds.
const LONGEST_STANDSTILL: Duration = Duration::from_mins(2);

/// Number of panics in a row after which the task counts as failed. Before that, a restart may have been enough.
const PANICS_UNTIL_FAILED: u32 = 3;

/// A task that has run for this long since its last panic has recovered.
const RECOVERED_AFTER: Duration = Duration::from_mins(1);

/// Longest delay before a task that panicked is restarted.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// All watched tasks of this process.
pub struct Supervisor {
    clock: SharedClock,
    tasks: Mutex<BTreeMap<String, Task>>,
}

/// What is known about one task.
struct Task {
    progress_at: Monotonic,
    panicked_at: Option<Monotonic>,
    panics_in_a_row: u32,
}

/// A task that is stuck or keeps panicking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standstill {
    /// Its name, for example `deciding` or `posting to main`.
    pub task: String,
    /// What is wrong, in one sentence.
    pub what: String,
}

impl Supervisor {
    /// Watches no task yet.
    pub fn new(clock: SharedClock) -> Arc<Self> {
        Arc::new(Self { clock, tasks: Mutex::default() })
    }

    /// The tasks that are stuck or keep panicking; empty if there are none.
    pub fn standstills(&self) -> Vec<Standstill> {
        let now = self.clock.monotonic();
        let standstill = |(name, task): (&String, &Task)| {
            let silence = now.since(task.progress_at);
            let what = if task.panics_in_a_row >= PANICS_UNTIL_FAILED {
                format!("it panicked {} times in a row; the log says where", task.panics_in_a_row)
            } else if silence > LONGEST_STANDSTILL {
                format!("it has made no progress for {} seconds", silence.as_secs())
            } else {
                return None;
            };
            Some(Standstill { task: name.clone(), what })
        };
        self.tasks().iter().filter_map(standstill).collect()
    }

    /// Runs a task until it ends without a panic; after a panic it is restarted.
    pub fn keep_running<F>(
        self: &Arc<Self>,
        name: impl Into<String>,
        start: impl Fn(Progress) -> F + Send + 'static,
    ) -> JoinHandle<()>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (supervisor, name) = (self.clone(), name.into());
        supervisor.report(&name);
        tokio::spawn(async move {
            loop {
                let progress = Progress { supervisor: supervisor.clone(), name: name.clone() };
                progress.report();
                // In a set, so that aborting this task also aborts the inner one.
                let mut task = JoinSet::new();
                task.spawn(start(progress));
                match task.join_next().await {
                    Some(Err(error)) if error.is_panic() => {
                        let (panics, pause) = supervisor.panicked(&name);
                        metrics::counter!("forstok_accurate_task_panics_total", "task" => name.clone()).increment(1);
                        tracing::error!(
                            task = name,
                            panics,
                            "task {name} panicked; it is started again in {} seconds",
                            pause.as_secs()
                        );
                        supervisor.clock.sleep(pause).await;
                    }
                    _ => break,
                }
            }
            supervisor.tasks().remove(&name);
        })
    }

    fn report(&self, name: &str) {
        let now = self.clock.monotonic();
        let mut tasks = self.tasks();
        if let Some(task) = tasks.get_mut(name) {
            task.progress_at = now;
            if task.panicked_at.is_some_and(|at| now.since(at) >= RECOVERED_AFTER) {
                (task.panicked_at, task.panics_in_a_row) = (None, 0);
            }
        } else {
            let task = Task { progress_at: now, panicked_at: None, panics_in_a_row: 0 };
            tasks.insert(name.to_owned(), task);
        }
    }

    /// Counts a panic; returns the number of panics in a row and the delay before the restart.
    fn panicked(&self, name: &str) -> (u32, Duration) {
        let now = self.clock.monotonic();
        let mut tasks = self.tasks();
        let Some(task) = tasks.get_mut(name) else { return (1, LONGEST_PAUSE) };
        task.progress_at = now;
        task.panicked_at = Some(now);
        task.panics_in_a_row = task.panics_in_a_row.saturating_add(1);
        let pause = Duration::from_secs(1 << task.panics_in_a_row.saturating_sub(1).min(5)).min(LONGEST_PAUSE);
        (task.panics_in_a_row, pause)
    }

    fn tasks(&self) -> MutexGuard<'_, BTreeMap<String, Task>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets a task report its progress.
pub struct Progress {
    supervisor: Arc<Supervisor>,
    name: String,
}

impl Progress {
    /// Reports that the task has just finished a step, or is about to start one.
    pub fn report(&self) {
        self.supervisor.report(&self.name);
    }

    /// Waits for an event that may never occur; waiting does not count as being stuck.
    pub async fn wait_for<T>(&self, event: impl Future<Output = T>) -> T {
        let mut event = pin!(event);
        loop {
            self.report();
            tokio::select! {
                value = &mut event => {
                    self.report();
                    return value;
                }
                () = self.supervisor.clock.sleep(WHILE_WAITING) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use tokio::sync::Notify;

    use super::*;
    use crate::clock::Clock;

    /// A clock that a test controls.
    #[derive(Default)]
    struct ByHand(Mutex<Duration>);

    impl ByHand {
        fn passes(&self, duration: Duration) {
            *self.0.lock().expect("not poisoned") += duration;
        }
    }

    impl Clock for ByHand {
        fn now(&self) -> Timestamp {
            Timestamp::UNIX_EPOCH
        }

        fn monotonic(&self) -> Monotonic {
            Monotonic::after_beginning(*self.0.lock().expect("not poisoned"))
        }

        fn sleep(&self, duration: Duration) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send + '_>> {
            self.passes(duration);
            Box::pin(tokio::task::yield_now())
        }
    }

    #[tokio::test]
    async fn a_task_that_makes_no_progress_is_named() {
        let clock = Arc::new(ByHand::default());
        let supervisor = Supervisor::new(clock.clone());
        let go_on = Arc::new(Notify::new());
        let going_on = go_on.clone();
        let task = supervisor.keep_running("deciding", move |progress| {
            let going_on = going_on.clone();
            async move {
                going_on.notified().await;
                progress.report();
                going_on.notified().await;
            }
        });
        clock.passes(LONGEST_STANDSTILL);
        assert_eq!(supervisor.standstills(), []);
        clock.passes(Duration::from_secs(1));
        let named = supervisor.standstills();
        assert_eq!(named.len(), 1);
        assert_eq!((&*named[0].task, &*named[0].what), ("deciding", "it has made no progress for 121 seconds"));
        go_on.notify_one();
        while !supervisor.standstills().is_empty() {
            tokio::task::yield_now().await;
        }
        go_on.notify_one();
        task.await.expect("it ends");
        clock.passes(LONGEST_STANDSTILL * 2);
        assert_eq!(supervisor.standstills(), [], "a task that has ended is no longer watched");
    }

    #[tokio::test]
    async fn a_task_that_panics_is_started_again_and_named_when_it_keeps_panicking() {
        let clock = Arc::new(ByHand::default());
        let supervisor = Supervisor::new(clock.clone());
        let started = Arc::new(Mutex::new(0));
        let counted = started.clone();
        let task = supervisor.keep_running("posting main", move |_| {
            *counted.lock().expect("not poisoned") += 1;
            async { panic!("on purpose") }
        });
        let named = loop {
            if let Some(named) = supervisor.standstills().pop() {
                break named;
            }
            tokio::task::yield_now().await;
        };
        task.abort();
        clock.passes(RECOVERED_AFTER);
        supervisor.report("posting main");
        assert_eq!(supervisor.standstills(), [], "it has run long enough since");
        assert!(*started.lock().expect("not poisoned") >= PANICS_UNTIL_FAILED, "one panic need not be the last");
        assert_eq!(named.task, "posting main");
        assert!(named.what.contains("times in a row; the log says where"), "{}", named.what);
    }
}
