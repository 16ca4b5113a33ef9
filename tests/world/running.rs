//! Runs the pipeline: a test decides, claims and posts step by step, or lets the world run.

use forstok_accurate::{clock::Clock, posting::Work, storage::Claim};
use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinSet;

use super::{BOOK, World};

/// As many orders as the service itself processes at a time.
const AT_ONCE: usize = 8;

/// More rounds than any test needs; a test that exceeds them is in an endless loop.
const MOST_ROUNDS: usize = 2_000;

/// Longest real time of [`World::eventually`]; long enough for the slowest machine.
const LONGEST_TEST: std::time::Duration = std::time::Duration::from_mins(5);

/// How many times faster than real time the service's own loops may run.
const PACE_OF_LOOPS: u32 = 300;

impl World {
    /// Takes the next pieces of work, as the service does when nothing is in flight.
    pub(crate) async fn next_works(&self) -> Vec<Work> {
        let mut works = Vec::new();
        // A probe runs alone.
        while works.is_empty() || (works.len() < AT_ONCE && self.pause().is_none()) {
            let more = self.engine.next_work(BOOK, AT_ONCE - works.len()).await.expect("claimed");
            if more.is_empty() {
                break;
            }
            works.extend(more);
        }
        works
    }

    /// Claims due orders.
    pub(crate) async fn claims(&self) -> Vec<Claim> {
        let claims = |work| match work {
            Work::One(claim) => vec![*claim],
            Work::Many(claims) => claims,
            Work::Recheck => Vec::new(),
        };
        self.next_works().await.into_iter().flat_map(claims).collect()
    }

    /// Decides, and claims the only order that is due.
    pub(crate) async fn only_claim(&self) -> Claim {
        self.decide_all().await;
        let mut claims = self.claims().await;
        assert_eq!(claims.len(), 1, "one order must be due");
        claims.remove(0)
    }

    pub(crate) async fn decide_all(&self) -> bool {
        let mut decided = false;
        while self.engine.decide_some().await.expect("decided") > 0 {
            decided = true;
        }
        decided
    }

    /// Processes a claim to its end.
    pub(crate) async fn attempt(&self, claim: Claim) {
        self.engine.posting().attempt(BOOK, claim).await.expect("settled");
    }

    /// Decides and posts, one piece of work after the other, until nothing is left to do at this time.
    pub(crate) async fn run_until_idle(&mut self) {
        for _ in 0..MOST_ROUNDS {
            let decided = self.decide_all().await;
            let works = self.next_works().await;
            if !decided && works.is_empty() {
                return;
            }
            for work in works {
                self.engine.work(BOOK, work).await.expect("settled");
            }
        }
        panic!("the pipeline goes in circles");
    }

    /// Like [`World::run_until_idle`], with all work done concurrently.
    pub(crate) async fn run_at_once_until_idle(&mut self) {
        for _ in 0..MOST_ROUNDS {
            let decided = self.decide_all().await;
            let works = self.next_works().await;
            if !decided && works.is_empty() {
                return;
            }
            let mut working = JoinSet::new();
            for work in works {
                let engine = self.engine.clone();
                working.spawn(async move { engine.work(BOOK, work).await });
            }
            while let Some(worked) = working.join_next().await {
                worked.expect("no attempt panics").expect("settled");
            }
        }
        panic!("the pipeline goes in circles");
    }

    /// Runs and lets time pass until no order waits for an attempt. Orders may still wait for something in Accurate.
    pub(crate) async fn run_until_settled(&mut self) {
        for _ in 0..MOST_ROUNDS {
            self.run_at_once_until_idle().await;
            let Some(next) = self.next_moment().await else { return };
            self.clock.reach(next);
            self.wire.catch_up();
        }
        panic!("some order waits for ever");
    }

    /// Runs and lets time pass until no recheck is left, because everything that orders waited for exists.
    pub(crate) async fn run_until_recovered(&mut self) {
        for _ in 0..MOST_ROUNDS {
            self.run_at_once_until_idle().await;
            let Some(next) = self.next_moment_or_recheck().await else { return };
            self.clock.reach(next);
            self.wire.catch_up();
        }
        panic!("what some order waits for never comes");
    }

    /// Runs for this many seconds.
    pub(crate) async fn run_for(&mut self, seconds: i64) {
        let end = self.clock.now() + SignedDuration::from_secs(seconds);
        loop {
            self.run_at_once_until_idle().await;
            let next = self.next_moment_or_recheck().await.unwrap_or(end).min(end);
            self.clock.reach(next);
            self.wire.catch_up();
            if next >= end {
                return;
            }
        }
    }

    /// When the next attempt, or the probe of the paused book, is due.
    async fn next_moment(&self) -> Option<Timestamp> {
        let due = self.storage.next_attempt_at(BOOK).await.expect("readable")?;
        let Some(pause) = self.engine.books().into_iter().find_map(|book| book.pause) else { return Some(due) };
        if pause.code != "right_missing" {
            return Some(pause.next_probe_at);
        }
        // Only orders that need this right wait for its probe. If due orders need another right, the time of that
        // right's probe is not known.
        let now = self.clock.now();
        let later = [due, pause.next_probe_at].into_iter().filter(|at| *at > now).min();
        Some(later.unwrap_or(now + SignedDuration::from_secs(1)))
    }

    /// As [`World::next_moment`], including rechecks; a paused book makes one only as its probe.
    async fn next_moment_or_recheck(&self) -> Option<Timestamp> {
        let probe = self.engine.books().into_iter().find_map(|book| book.pause).map(|pause| pause.next_probe_at);
        let recheck = self.storage.next_recheck_at(BOOK).await.expect("readable");
        let recheck = recheck.map(|at| probe.map_or(at, |probe| at.max(probe)));
        [self.next_moment().await, recheck].into_iter().flatten().min()
    }

    /// Lets the service's own loops, which the test started, run until a condition holds.
    pub(crate) async fn eventually(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        self.clock.keeps_pace(PACE_OF_LOOPS);
        let came = async {
            while !holds(self) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(LONGEST_TEST, came).await.unwrap_or_else(|_| panic!("it never came to this: {what}"));
    }
}
