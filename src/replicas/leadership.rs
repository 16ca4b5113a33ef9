//! Which replica does what, when several work on one database.
//!
//! One replica at a time makes a book's calls, so that Accurate's limits hold over all of them, and one decides, so
//! that they do not all decide the same. A leader renews its leadership every second. Once it has not done so for
//! [`LEASE`], another replica takes over. Correctness does not depend on the leader noticing: its last call leaves
//! [`MARGIN`] before its leadership ends, and what it writes later names attempts that are no longer current.

use std::{sync::Arc, time::Duration};

use crate::{
    clock::{Monotonic, SharedClock},
    signals::Signals,
    storage::{Leadership, Result, Storage},
    supervisor::Progress,
};

/// How long a leadership lasts after it was last renewed.
const LEASE: Duration = Duration::from_secs(5);

/// How long before its end the last call leaves: clocks drift, and a call needs time to arrive.
const MARGIN: Duration = Duration::from_secs(1);

/// How often the leader renews.
const RENEW: Duration = Duration::from_secs(1);

/// How often the other replicas check whether there is still a leader.
const CHECK: Duration = Duration::from_millis(500);

/// How often in a row a renewal may fail before a person should hear of it.
const WORTH_A_WARNING: u32 = 3;

/// Something that one replica at a time may do.
#[async_trait::async_trait]
pub trait Duty: Send + Sync {
    /// Its name, the same on all replicas.
    fn name(&self) -> &str;

    /// Whether this replica may do it now.
    fn is_ours(&self) -> bool;

    /// This replica may do it until then.
    fn set_ours_until(&self, until: Monotonic);

    /// What the leader lets other replicas know.
    fn report(&self) -> Option<String> {
        None
    }

    /// What another replica that leads let us know.
    fn take_report(&self, _report: Option<&str>) {}

    /// Continues where another replica, or the process before this one, stopped.
    async fn take_over(&self) -> Result<()> {
        Ok(())
    }
}

/// Deciding about orders, a duty with no book.
pub struct LeadingDecisions(pub Arc<Signals>);

impl Duty for LeadingDecisions {
    fn name(&self) -> &'static str {
        // A book's name is never empty.
        ""
    }

    fn is_ours(&self) -> bool {
        self.0.decides()
    }

    fn set_ours_until(&self, until: Monotonic) {
        self.0.decide_until(until);
    }
}

/// This process among all that work on the same database.
pub struct Replica {
    storage: Arc<dyn Storage>,
    clock: SharedClock,
    signals: Arc<Signals>,
    name: String,
}

impl Replica {
    /// With a name that no other replica has.
    pub fn new(storage: Arc<dyn Storage>, clock: SharedClock, signals: Arc<Signals>, name: String) -> Self {
        Self { storage, clock, signals, name }
    }

    /// Keeps leading a duty, or tries to become its leader.
    pub async fn lead_always(self: Arc<Self>, duty: Arc<dyn Duty>, progress: Progress) {
        duty.set_ours_until(Monotonic::MIN);
        let (mut failures, mut has_taken_over) = (0, false);
        loop {
            progress.report();
            let led = self.lead(duty.as_ref(), &mut has_taken_over).await;
            failures = if led.is_err() { failures + 1 } else { 0 };
            if let (Err(error), WORTH_A_WARNING) = (&led, failures) {
                tracing::warn!(duty = duty.name(), "it is unknown whether this process still leads: {error}");
            }
            match led {
                Ok(Leadership::Sole) => return,
                Ok(Leadership::Another { .. }) => self.clock.sleep(CHECK).await,
                Ok(_) | Err(_) => self.clock.sleep(RENEW).await,
            }
        }
    }

    /// Renews a leadership, or tries to get it.
    async fn lead(&self, duty: &dyn Duty, has_taken_over: &mut bool) -> Result<Leadership> {
        // Counted from before the question: the answer may have been on its way for long.
        let end = self.clock.monotonic() + LEASE.saturating_sub(MARGIN);
        if !duty.is_ours() {
            // Another replica may have done it since. The answer that would say so may get lost.
            *has_taken_over = false;
        }
        let led = self.storage.lead(duty.name(), &self.name, LEASE, duty.report().as_deref()).await?;
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
            // A takeover that failed halfway is repeated until it is complete; until then no call leaves.
            duty.take_over().await?;
            *has_taken_over = true;
        }
        duty.set_ours_until(until);
        Ok(led)
    }

    /// Lets other replicas lead at once what this one led.
    pub async fn resign(&self) {
        let resigned = async {
            self.storage.resign(&self.name).await?;
            self.storage.notify_others().await
        };
        if let Err(error) = resigned.await {
            tracing::debug!("other replicas have to wait until our leaderships end: {error}");
        }
    }

    /// Notifies the other replicas whenever there is something for them to do.
    pub async fn notify_others_always(self: Arc<Self>, progress: Progress) {
        loop {
            progress.wait_for(self.signals.others()).await;
            if let Err(error) = self.storage.notify_others().await {
                // They also look by themselves, only later.
                tracing::debug!("other replicas could not be notified: {error}");
            }
        }
    }

    /// Wakes this process whenever another replica has something for it to do.
    pub async fn hear_others_always(self: Arc<Self>, progress: Progress) {
        loop {
            progress.wait_for(self.storage.notified()).await;
            self.signals.wake_here();
        }
    }
}
