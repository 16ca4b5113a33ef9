//! What is killed, and how it starts again.

use std::{sync::atomic::Ordering::Relaxed, time::Duration};

use forstok_accurate::sandbox::Sandbox;

use super::{
    BETWEEN_LOOKS, BETWEEN_TRIES, LATENCY, LOOKS_BEFORE_MINUTES_PASS, MINUTES_OF_A_DOUBT, MOST_CALLS, MOST_PASSINGS,
    SLOW, World,
};
use crate::{
    binary::{minutes::minutes_pass, server::OwnServer},
    service::{Home, Service, within_minutes},
};

/// What is killed.
pub(super) struct Killed {
    pub(super) home: Home,
    pub(super) services: Vec<Service>,
    pub(super) server: Option<OwnServer>,
    /// How many orders were being processed at the kills, according to the processes that took them over.
    pub(super) in_work: usize,
    /// How often the server was killed.
    pub(super) servers: usize,
    /// Whether the test waits in real time until lost saves have expired.
    pub(super) in_real_time: bool,
}

impl Killed {
    /// Kills and restarts a process this many times, each time at a random moment.
    pub(super) async fn kill(&mut self, kills: usize, sandbox: &Sandbox, world: &World, chance: &mut fastrand::Rng) {
        for _ in 0..kills {
            let calls = || sandbox.call_counts().values().sum::<u64>();
            let last_call = calls() + chance.u64(..=MOST_CALLS);
            within_minutes(5, "it makes its calls", async || (calls() >= last_call).then_some(())).await;
            tokio::time::sleep(Duration::from_millis(chance.u64(..LATENCY))).await;
            let nth = chance.usize(..self.services.len() + usize::from(self.server.is_some()));
            if let (Some(server), None) = (&self.server, self.services.get(nth)) {
                println!("{} the server is killed", sandbox.now());
                server.kill().await;
                // A process that starts without its server exits, and would have to be restarted.
                server.is_there().await;
                self.servers += 1;
                continue;
            }
            self.in_work += taken_up(&self.services[nth]);
            println!("{} replica {nth} is killed", sandbox.now());
            self.services[nth].kill();
            // At least one kill is noticed by a sender: the process starts again only when a sending has failed.
            let failed_once = async || (world.failed_sendings.load(Relaxed) > 0).then_some(());
            within_minutes(5, "a sending fails", failed_once).await;
            self.services[nth] = self.home.serve().await;
            world.moves_to(nth, self.services[nth].address);
        }
        self.in_work += self.services.iter().map(taken_up).sum::<usize>();
    }

    /// Waits until a condition holds. An order can wait minutes for its next attempt, or until a lost save has expired.
    pub(super) async fn until(&mut self, what: &str, world: &World, holds: impl AsyncFn(&Service) -> bool) {
        if self.in_real_time {
            let service = &self.services[0];
            let look = async || {
                // A look may read thousands of rows.
                tokio::time::sleep(10 * BETWEEN_LOOKS).await;
                holds(service).await.then_some(())
            };
            return within_minutes(15, what, look).await;
        }
        for _ in 0..MOST_PASSINGS {
            for _ in 0..LOOKS_BEFORE_MINUTES_PASS {
                if holds(&self.services[0]).await {
                    return;
                }
                tokio::time::sleep(BETWEEN_TRIES).await;
            }
            self.let_minutes_pass(world).await;
        }
        let mut states = Vec::new();
        for state in ["due", "invoiced", "blocked", "ignored", "void_due", "voided"] {
            states.push((state, self.services[0].count(state).await));
        }
        panic!("it never came to this: {what}; orders by state: {states:?}");
    }

    /// Kills all processes, lets minutes pass, and starts all again.
    pub(super) async fn let_minutes_pass(&mut self, world: &World) {
        for service in &mut self.services {
            service.kill();
        }
        // For Accurate only these seconds pass: every call that it is still processing ends in them.
        tokio::time::sleep(2 * SLOW).await;
        minutes_pass(MINUTES_OF_A_DOUBT, &self.home, self.server.as_ref()).await;
        for (nth, service) in self.services.iter_mut().enumerate() {
            *service = self.home.serve().await;
            world.moves_to(nth, service.address);
        }
    }
}

/// How many orders were being processed when this process took over.
pub(super) fn taken_up(service: &Service) -> usize {
    let number = |before: &str| before.rsplit(' ').next().and_then(|number| number.parse::<usize>().ok());
    let text = service.log.text();
    let taken = text.lines().filter_map(|line| line.split_once(" attempts of its predecessor were ended"));
    taken.map(|(before, _)| number(before).expect("a number stands before it")).sum()
}
