//! Processes come to life and die.

use std::sync::Arc;

use forstok_accurate::{
    clock::Clock,
    config::Database,
    pipeline::mapping::in_force,
    store::{self, Store},
};
use jiff::SignedDuration;

use super::{
    clock::TrueClock,
    process::{BOOK, Process},
    store::SimStore,
    world::{Life, World},
};

impl World {
    /// Several workers share a file, which its lock would forbid: only the first start opens it as a service does.
    async fn open(&self) -> store::Result<Arc<dyn Store>> {
        let shared = matches!(&self.place, Database::Sqlite(_)) && self.terms.workers > 1;
        if !shared {
            return store::open_by(&self.place, Arc::new(TrueClock(self.clock.clone()))).await;
        }
        if matches!(&self.place, Database::Sqlite(path) if !path.exists()) {
            store::open(&self.place).await?.close().await;
        }
        store::open_beside(&self.place).await
    }

    pub(crate) async fn start(&mut self, at: usize) {
        if self.database.is_none() {
            self.database = Some(self.open().await.expect("the database can be opened"));
        }
        let database = self.database.clone().expect("it was just opened");
        // Only one that is alone may take it that whoever held a lease has died.
        if self.terms.workers == 1 {
            database.end_leases(BOOK, self.clock.now()).await.expect("written");
        }
        let mapping = in_force(database.as_ref()).await.expect("readable");
        let chance = self.rng.fork();
        let store = SimStore::new(database, self.gates.clone(), self.watch.clone(), self.switch, chance);
        store.set_busy(self.troubles.busy);
        let seed = self.rng.u64(..);
        let process = Process::start(Arc::new(store), &self.wire, &self.clock, mapping, self.terms.bulk, seed);
        self.lives[at] = Life::Alive(Box::new(process));
        self.tell(&format!("p{at} starts"));
    }

    /// `kill -9`, wherever its activities are.
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
        let delivering = process.delivering.clone();
        drop(process);
        for waiting in delivering {
            self.send_again(waiting, "no answer: the process died");
        }
        // Opening the database anew takes longest, and is not needed each time.
        if self.terms.workers == 1 && self.rng.u8(..4) == 0 {
            self.database = None;
            self.coverage.meet("happening", "the database is opened anew");
        }
    }
}
