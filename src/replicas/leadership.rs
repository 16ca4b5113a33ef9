//! Leader election, for several replicas on one database.
//!
//! One replica at a time makes a book's calls, so that all replicas together stay within Accurate's limits. One replica
//! decides, so that no work is done twice. A leader renews its leadership five times in each [`Term`]. If it has not
//! done so for a whole term, another replica takes over. Correctness does not depend on the old leader noticing this:
//! it sends no call after its leadership has ended, and a late write names an attempt that is no longer current.

use std::sync::Arc;

use crate::{
    clock::{Monotonic, SharedClock},
    signals::Signals,
    storage::{Leadership, Replicas, Result, Term},
    supervisor::Progress,
};

/// Number of failed renewals in a row after which a warning is logged.
const WORTH_A_WARNING: u32 = 3;

/// A task that only one replica at a time may do.
#[async_trait::async_trait]
pub trait Duty: Send + Sync {
    /// The duty's name, the same on all replicas.
    fn name(&self) -> &str;

    /// Whether this replica leads the duty now.
    fn is_ours(&self) -> bool;

    /// Sets until when this replica leads the duty.
    fn set_ours_until(&self, until: Monotonic);

    /// A report from the leader to the other replicas.
    fn report(&self) -> Option<String> {
        None
    }

    /// A report from the replica that leads.
    fn take_report(&self, _report: Option<&str>) {}

    /// Continues the work of the previous leader, or of the previous process.
    async fn take_over(&self) -> Result<()> {
        Ok(())
    }
}

/// The duty of deciding, which belongs to no book.
pub struct LeadingDecisions(pub Arc<Signals>);

impl Duty for LeadingDecisions {
    /// The name of a book is never empty, so this name is unique.
    fn name(&self) -> &'static str {
        ""
    }

    fn is_ours(&self) -> bool {
        self.0.decides()
    }

    fn set_ours_until(&self, until: Monotonic) {
        self.0.decide_until(until);
    }
}

/// This process, as one of the replicas that share a database.
pub struct Replica {
    storage: Arc<dyn Replicas>,
    clock: SharedClock,
    signals: Arc<Signals>,
    name: String,
    term: Term,
}

impl Replica {
    /// A replica with a unique name.
    pub fn new(
        storage: Arc<dyn Replicas>,
        clock: SharedClock,
        signals: Arc<Signals>,
        name: String,
        term: Term,
    ) -> Self {
        Self { storage, clock, signals, name, term }
    }

    /// The same replica with another term.
    #[must_use]
    pub fn leading_for(&self, term: Term) -> Self {
        let (storage, clock, signals) = (self.storage.clone(), self.clock.clone(), self.signals.clone());
        Self { storage, clock, signals, name: self.name.clone(), term }
    }

    /// Leads a duty, or keeps trying to become its leader; returns only if there can be no other replica.
    pub async fn lead_always(self: Arc<Self>, duty: Arc<dyn Duty>, progress: Progress) {
        duty.set_ours_until(Monotonic::MIN);
        let (mut failures, mut has_taken_over) = (0, false);
        loop {
            progress.report();
            let led = self.lead(duty.as_ref(), &mut has_taken_over).await;
            failures = if led.is_err() { failures + 1 } else { 0 };
            if let (Err(error), WORTH_A_WARNING) = (&led, failures) {
                let duty = duty.name();
                tracing::warn!(duty, "it is unknown whether this process still leads {duty:?}: {error}");
            }
            match led {
                Ok(Leadership::Sole) => return,
                Ok(Leadership::Another { .. }) => self.clock.sleep(self.term.between_checks()).await,
                Ok(_) | Err(_) => self.clock.sleep(self.term.between_renewals()).await,
            }
        }
    }

    /// Renews the leadership of a duty, or tries to get it, once.
    async fn lead(&self, duty: &dyn Duty, has_taken_over: &mut bool) -> Result<Leadership> {
        // Measured from before the query, because the reply may take long.
        let end = self.clock.monotonic() + self.term.until_last_call();
        if !duty.is_ours() {
            // Another replica may have led in the meantime, and the reply that would say so may be lost.
            *has_taken_over = false;
        }
        let led = self.storage.lead(duty.name(), &self.name, self.term.length(), duty.report().as_deref()).await?;
        match &led {
            Leadership::Another { report } => duty.take_report(report.as_deref()),
            Leadership::Won => *has_taken_over = false,
            Leadership::Sole | Leadership::Renewed => {}
        }
        let until = match led {
            Leadership::Sole => Monotonic::MAX,
            Leadership::Renewed | Leadership::Won => end,
            Leadership::Another { .. } => Monotonic::MIN,
        };
        if until > Monotonic::MIN && !*has_taken_over {
            // A takeover that failed halfway is repeated until it is complete; no call is sent before that.
            duty.take_over().await?;
            *has_taken_over = true;
        }
        duty.set_ours_until(until);
        Ok(led)
    }

    /// Releases this replica's leaderships, so that another replica can take over immediately.
    pub async fn resign(&self) {
        let resigned = async {
            self.storage.resign(&self.name).await?;
            self.storage.notify_others().await
        };
        if let Err(error) = resigned.await {
            tracing::debug!("other replicas have to wait until our leaderships end: {error}");
        }
    }

    /// Notifies the other replicas when there is work for them.
    pub async fn notify_others_always(self: Arc<Self>, progress: Progress) {
        loop {
            progress.wait_for(self.signals.others()).await;
            if let Err(error) = self.storage.notify_others().await {
                // They also check without a notification, but later.
                tracing::debug!("other replicas could not be notified: {error}");
            }
        }
    }

    /// Wakes this process when another replica has work for it.
    pub async fn hear_others_always(self: Arc<Self>, progress: Progress) {
        loop {
            progress.wait_for(self.storage.notified()).await;
            self.signals.wake_here();
        }
    }
}
