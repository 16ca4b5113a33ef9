//! Where activities stand still, and how one of them is let go on while all others wait.
//!
//! Everything that happens at the same time in the service is one [`Activity`] here. An activity runs until it
//! comes to a gate, sleeps, waits for a lock that another one holds, or ends. Only one is ever let go on, and the
//! seed says which: that makes every interleaving possible and each one repeatable.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use jiff::Timestamp;

/// Where an activity stands still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Park {
    /// At a step of its own; it may go on at any time.
    Gate(&'static str),
    /// Until this moment of true time.
    Sleep(Timestamp),
    /// Until somebody else calls it, who is this.
    Called(&'static str),
    /// It goes on at once, by a waker that nothing before this has seen.
    Turn,
}

/// The gates of one world.
#[derive(Debug, Default)]
pub(crate) struct Gates(Mutex<Standing>);

#[derive(Debug, Default)]
struct Standing {
    /// Where the activity that was let go on last has come to.
    parked: Option<Park>,
    /// The activity that goes on may pass the gate it stands at.
    granted: bool,
    /// The store works on threads and a server of its own: what is pending now is not a place to stop at.
    in_store: bool,
}

impl Gates {
    fn lock(&self) -> MutexGuard<'_, Standing> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn park(&self, park: Park) {
        let mut came = false;
        poll_fn(|_| {
            let mut standing = self.lock();
            if came && standing.granted {
                standing.granted = false;
                return Poll::Ready(());
            }
            came = true;
            standing.parked = Some(park);
            Poll::Pending
        })
        .await;
    }

    /// Stands still until the seed says to go on.
    pub(crate) async fn pass(&self, name: &'static str) {
        self.park(Park::Gate(name)).await;
    }

    /// Stands still until this moment of true time, and until the seed says to go on.
    pub(crate) async fn sleep(&self, until: Timestamp) {
        self.park(Park::Sleep(until)).await;
    }

    /// Waits for what another brings.
    pub(crate) async fn called<T>(&self, by: &'static str, call: impl Future<Output = T>) -> T {
        let mut call = std::pin::pin!(call);
        poll_fn(|cx| {
            let end = call.as_mut().poll(cx);
            if end.is_pending() {
                self.lock().parked = Some(Park::Called(by));
            }
            end
        })
        .await
    }

    /// Runs something of the store to its end, whatever it waits for: that is no place to stop at, for who holds a
    /// connection, or is next to have one, must not stand still while others wait for it.
    pub(crate) async fn in_store<T>(&self, call: impl Future<Output = T>) -> T {
        self.lock().in_store = true;
        let result = call.await;
        self.lock().in_store = false;
        // SQLite's thread may still wake the waker that it was given; a lock that comes next must not hear that.
        self.park(Park::Turn).await;
        result
    }
}

/// Something that goes on step by step.
pub(crate) struct Activity<T> {
    /// For the story.
    pub(crate) name: String,
    future: Pin<Box<dyn Future<Output = T>>>,
    park: Option<Park>,
    woken: Arc<Woken>,
}

/// Whether an activity that waits for a lock was called.
struct Woken {
    called: AtomicBool,
    outer: Waker,
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.called.store(true, Ordering::SeqCst);
        self.outer.wake_by_ref();
    }
}

impl<T> Activity<T> {
    pub(crate) fn new(name: impl Into<String>, future: impl Future<Output = T> + 'static) -> Self {
        let woken = Arc::new(Woken { called: AtomicBool::new(true), outer: Waker::noop().clone() });
        Self { name: name.into(), future: Box::pin(future), park: None, woken }
    }

    /// Where it stands, in words.
    pub(crate) fn place(&self) -> &'static str {
        match self.park {
            Some(Park::Gate(name) | Park::Called(name)) => name,
            Some(Park::Sleep(_)) => "asleep",
            Some(Park::Turn) | None => "waiting for another",
        }
    }

    /// Whether it would get anywhere now.
    pub(crate) fn can_go_on(&self, now: Timestamp) -> bool {
        match self.park {
            Some(Park::Sleep(until)) => until <= now,
            Some(Park::Gate(_) | Park::Turn) => true,
            Some(Park::Called(_)) | None => self.woken.called.load(Ordering::SeqCst),
        }
    }

    /// When it wakes up, if it sleeps.
    pub(crate) fn wakes_at(&self) -> Option<Timestamp> {
        match self.park {
            Some(Park::Sleep(until)) => Some(until),
            _ => None,
        }
    }

    /// Lets it go on to the next place where it stands still; what it came to, if it ended.
    pub(crate) async fn go_on(&mut self, gates: &Gates) -> Option<T> {
        let mut granted = matches!(self.park.take(), Some(Park::Gate(_) | Park::Sleep(_)));
        loop {
            let end = poll_fn(|cx| {
                self.woken = Arc::new(Woken { called: AtomicBool::new(false), outer: cx.waker().clone() });
                {
                    let mut standing = gates.lock();
                    standing.granted |= std::mem::take(&mut granted);
                    standing.parked = None;
                }
                let waker = Waker::from(self.woken.clone());
                match self.future.as_mut().poll(&mut Context::from_waker(&waker)) {
                    Poll::Ready(end) => Poll::Ready(Some(end)),
                    Poll::Pending if gates.lock().in_store => Poll::Pending,
                    Poll::Pending => Poll::Ready(None),
                }
            })
            .await;
            if end.is_some() {
                return end;
            }
            self.park = gates.lock().parked.take();
            if self.park != Some(Park::Turn) {
                return None;
            }
            granted = true;
        }
    }
}
