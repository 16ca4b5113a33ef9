//! Processes start and die.

use std::sync::Arc;

use forstok_accurate::{
    clock::Clock,
    deciding::mapping::current as active_mapping,
    settings::Database,
    storage::{self, Storage},
};
use jiff::SignedDuration;

use super::{
    checks::Violation,
    clock::TrueClock,
    process::{BOOK, Process},
    storage::SimStore,
    wire::Door,
    world::{Life, World},
};

impl World {
    /// Several workers share a file, which its lock would prevent: only the first start opens the file as a service
    /// does.
    async fn open(&self) -> storage::Result<Arc<dyn Storage>> {
        let shared = matches!(&self.place, Database::Sqlite(_)) && self.terms.workers > 1;
        if !shared {
            return storage::open_by(&self.place, Arc::new(TrueClock(self.clock.clone()))).await;
        }
        if matches!(&self.place, Database::Sqlite(path) if !path.exists()) {
            storage::open(&self.place).await?.close().await;
        }
        storage::open_beside(&self.place).await
    }

    pub(crate) async fn start(&mut self, at: usize) {
        if self.database.is_none() {
            self.database = Some(self.open().await.expect("the database can be opened"));
        }
        let database = self.database.clone().expect("it was just opened");
        let skew = self.terms.skews.get(at).copied().unwrap_or_default();
        let clock = Arc::new(self.clock.skewed(SignedDuration::from_secs(skew)));
        // Only a process that is alone, or leads the book, may assume that the owner of every lease has died.
        let makes_calls = !self.terms.is_held || self.caller == at;
        if self.terms.workers == 1 || (self.terms.is_held && makes_calls) {
            database.end_leases(BOOK, clock.now()).await.expect("written");
        }
        let mapping = active_mapping(database.as_ref()).await.expect("readable");
        let chance = self.rng.fork();
        let storage = SimStore::new(database, self.gates.clone(), self.watch.clone(), self.switch, chance);
        storage.set_busy(self.troubles.busy);
        let seed = self.rng.u64(..);
        let door = Arc::new(Door::new(self.wire.clone(), !makes_calls, self.switch));
        let asks = (self.terms.bulk, self.terms.check_owed);
        let process = Process::start(Arc::new(storage), door, clock, mapping, asks, seed);
        self.lives[at] = Life::Alive(Box::new(process));
        if makes_calls && !self.is_heaping {
            // The first action of the service: delays that a wrong clock has made too long are shortened.
            self.process(at).fetch();
        }
        self.tell(&format!("p{at} starts"));
    }

    /// A replica leads the book from now on; the last calls of the previous leader are still in flight.
    pub(crate) async fn take_over(&mut self, at: usize) -> Result<(), Violation> {
        for (other, life) in self.lives.iter().enumerate() {
            if let Life::Alive(process) = life {
                process.door.set_closed(other != at);
            }
        }
        self.caller = at;
        let now = self.process(at).clock.now();
        self.process(at).begins_a_term();
        let database = self.database.clone().expect("open while a process lives");
        database.end_leases(BOOK, now).await.expect("written");
        self.process(at).storage.set_wrote();
        self.happened("a replica takes over");
        self.look().await
    }

    /// `kill -9`, wherever its activities have stopped.
    pub(crate) fn crash(&mut self, at: usize) {
        let wait = *self.rng.choice(&[0, 0, 3, 200, 600]).unwrap_or(&0);
        let until = self.clock.truth() + SignedDuration::from_secs(wait);
        let Life::Alive(process) = std::mem::replace(&mut self.lives[at], Life::Dead { until }) else { return };
        let places: Vec<_> =
            process.activities.iter().map(|(_, one)| format!("{} ({})", one.name, one.place())).collect();
        self.tell(&format!("p{at} dies: {}", places.join(", ")));
        for (_, activity) in &process.activities {
            self.coverage.meet("crash", activity.place());
        }
        let (delivering, errands) = (process.delivering.clone(), process.errands.clone());
        drop(process);
        for errand in errands {
            self.errand_ended(errand, None);
        }
        for waiting in delivering {
            self.send_again(waiting, "no answer: the process died");
        }
        // Opening the database again takes longest, and is not needed every time.
        if self.terms.workers == 1 && self.rng.u8(..4) == 0 {
            self.database = None;
            self.coverage.meet("happening", "the database is opened anew");
        }
    }
}
