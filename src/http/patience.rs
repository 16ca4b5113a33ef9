//! Those who keep us waiting, the longest first. Where room runs out, the one who took longest makes room:
//! an honest sender is done in milliseconds, so the longest wait is hardly ever his.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use tokio::sync::Notify;

/// Those who keep us waiting, in the order in which they began to.
#[derive(Debug, Default)]
pub(super) struct Patience(Mutex<Line>);

#[derive(Debug, Default)]
struct Line {
    /// Whose turn it is to begin waiting; a number is enough, no time is needed.
    next: u64,
    waited_for: BTreeMap<u64, Arc<Waited>>,
}

/// What the others may know of one who is waited for.
#[derive(Debug, Default)]
struct Waited {
    away: Notify,
    holds: AtomicUsize,
}

impl Patience {
    fn line(&self) -> MutexGuard<'_, Line> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends the one away who has kept us waiting longest; how much he holds. `None` when nobody keeps us waiting.
    pub(super) fn lose(&self) -> Option<usize> {
        let (_, longest) = self.line().waited_for.pop_first()?;
        longest.away.notify_one();
        Some(longest.holds.load(Relaxed))
    }
}

/// One who may keep us waiting.
#[derive(Debug)]
pub(super) struct Patient {
    patience: Arc<Patience>,
    turn: Mutex<Option<u64>>,
    waited: Arc<Waited>,
}

impl Patient {
    /// Somebody who does not keep us waiting yet.
    pub(super) fn new(patience: &Arc<Patience>) -> Self {
        Self { patience: patience.clone(), turn: Mutex::default(), waited: Arc::default() }
    }

    fn turn(&self) -> MutexGuard<'_, Option<u64>> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on we wait for him.
    pub(super) fn is_waited_for(&self) {
        let mut turn = self.turn();
        let mut line = self.patience.line();
        if let Some(turn) = *turn {
            line.waited_for.remove(&turn);
        }
        line.next += 1;
        let new = line.next;
        line.waited_for.insert(new, self.waited.clone());
        *turn = Some(new);
    }

    /// From now on he waits for us.
    pub(super) fn waits(&self) {
        if let Some(turn) = self.turn().take() {
            self.patience.line().waited_for.remove(&turn);
        }
    }

    /// Ends when he is to go.
    pub(super) async fn sent_away(&self) {
        self.waited.away.notified().await;
    }

    /// He holds so much now.
    pub(super) fn holds(&self, much: usize) {
        self.waited.holds.store(much, Relaxed);
    }
}

impl Drop for Patient {
    fn drop(&mut self) {
        self.waits();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_keeps_us_waiting_longest_goes_first_and_who_waits_for_us_stays() {
        let patience = Arc::new(Patience::default());
        let [first, second, third] = [(); 3].map(|()| Patient::new(&patience));
        for patient in [&first, &second, &third] {
            patient.is_waited_for();
        }
        first.waits();
        second.holds(7);
        assert_eq!(patience.lose(), Some(7));
        second.sent_away().await;
        // What he has done meanwhile counts: his waiting begins anew.
        first.is_waited_for();
        assert_eq!(patience.lose(), Some(0));
        third.sent_away().await;
        drop(first);
        assert_eq!(patience.lose(), None, "nobody is left");
    }
}
