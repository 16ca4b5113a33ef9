//! How time passes in a world: from one event to the next.

use jiff::{SignedDuration, Timestamp};

use super::world::{Life, World};

/// How long to wait for something that is due and not available; the service's own loop checks at this interval.
const LOOK_ANYWAY: SignedDuration = SignedDuration::from_secs(5);

impl World {
    pub(crate) fn something_changed(&mut self) {
        for life in &mut self.lives {
            if let Life::Alive(process) = life {
                process.fetched_in_vain = false;
                process.decided_in_vain = false;
            }
        }
    }

    /// Time passes up to the next event; returns false if there will never be one.
    pub(crate) fn let_time_pass(&mut self) -> bool {
        let Some(next) = self.next_moment() else { return false };
        self.reach(next);
        true
    }

    /// Lets time pass; calls in the sandbox that become due are carried out.
    pub(crate) fn reach(&mut self, moment: Timestamp) {
        while let Some(at) = self.wire.next_work().filter(|at| *at <= moment) {
            self.clock.reach(at);
            if let Some(done) = self.wire.do_work() {
                self.tell(&done);
            }
        }
        self.clock.reach(moment);
        self.something_changed();
    }

    pub(crate) fn next_moment(&self) -> Option<Timestamp> {
        let now = self.clock.truth();
        let mut moments: Vec<Timestamp> = self.waiting.iter().map(|waiting| waiting.at).collect();
        moments.extend(self.after.errands.iter().map(|errand| errand.at));
        moments.extend(self.wire.next_work());
        for (at, life) in self.lives.iter().enumerate() {
            let process = match life {
                Life::Dead { until } => {
                    moments.push(*until);
                    continue;
                }
                Life::Alive(process) => process,
            };
            let awake_at = process.asleep_until.unwrap_or(now).max(now);
            let sleepers = process.activities.iter().filter_map(|(_, activity)| activity.wakes_at());
            moments.extend(sleepers.map(|at| at.max(awake_at)));
            let news = self.view.news();
            let is_caller = !self.terms.is_held || at == self.caller;
            let shown = news.chain(process.next_work(&self.view)).filter(|_| is_caller);
            // Something that is due and was not available may be available a little later.
            let later = now + LOOK_ANYWAY;
            let due = |shown: Timestamp| Some(process.clock.truth_of(shown)).filter(|at| *at > now).unwrap_or(later);
            moments.extend(shown.map(due).map(|at| at.max(awake_at)));
            moments.extend(process.asleep_until.filter(|until| *until > now));
        }
        moments.into_iter().filter(|at| *at > now).min()
    }
}
