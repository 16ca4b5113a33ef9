//! The points at which activities stop, and how one of them continues while all others wait.
//!
//! Everything that happens concurrently in the service is one [`Activity`] here. An activity runs until it reaches a
//! gate, sleeps, waits for a lock, or ends. Only one activity runs at a time, and the seed chooses which. This makes
//! every interleaving possible, and each one reproducible.

use std::{
    collections::BTreeMap,
    future::{Future, poll_fn},
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use jiff::Timestamp;

/// Where an activity stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Park {
    /// At a step of its own; it may continue at any time.
    Gate(&'static str),
    /// Until this true time.
    Sleep(Timestamp),
    /// Until the named activity wakes it.
    Called(&'static str),
    /// It continues immediately, with a waker that nothing before has seen.
    Turn,
}

impl Park {
    fn may_be_left(self, now: Timestamp) -> bool {
        match self {
            Self::Gate(_) | Self::Turn => true,
            Self::Sleep(until) => until <= now,
            Self::Called(_) => false,
        }
    }

    fn place(self) -> &'static str {
        match self {
            Self::Gate(name) | Self::Called(name) => name,
            Self::Sleep(_) => "asleep",
            Self::Turn => "waiting for another",
        }
    }
}

/// The gates of one world.
#[derive(Debug, Default)]
pub(crate) struct Gates(Mutex<Standing>);

#[derive(Debug, Default)]
struct Standing {
    /// The stopped activities, in the order in which they stopped. An activity that does several things concurrently
    /// can stop at several places.
    parked: BTreeMap<u64, Parked>,
    /// The activity that ran last.
    going: u64,
    /// The last number that was given to an activity or a place.
    numbers: u64,
    /// Storage works on threads and a server of its own: what is pending now is not a place to stop.
    in_store: bool,
}

#[derive(Debug)]
struct Parked {
    activity: u64,
    park: Park,
    /// It may continue.
    granted: bool,
    waker: Waker,
}

impl Standing {
    fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }
}

/// A place to stop, until it is passed or abandoned.
struct Place<'a> {
    gates: &'a Gates,
    number: Option<u64>,
}

impl Place<'_> {
    fn stand(&mut self, park: Park, cx: &Context<'_>) -> Poll<()> {
        let mut standing = self.gates.lock();
        let waker = cx.waker().clone();
        let Some(parked) = self.number.and_then(|number| standing.parked.get_mut(&number)) else {
            let number = standing.number();
            let activity = standing.going;
            standing.parked.insert(number, Parked { activity, park, granted: false, waker });
            self.number = Some(number);
            return Poll::Pending;
        };
        parked.waker = waker;
        if parked.granted { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            self.gates.lock().parked.remove(&number);
        }
    }
}

impl Gates {
    fn lock(&self) -> MutexGuard<'_, Standing> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn park(&self, park: Park) {
        let mut place = Place { gates: self, number: None };
        poll_fn(|cx| place.stand(park, cx)).await;
    }

    /// Stops until the seed lets it continue.
    pub(crate) async fn pass(&self, name: &'static str) {
        self.park(Park::Gate(name)).await;
    }

    /// Stops until this true time, and then until the seed lets it continue.
    pub(crate) async fn sleep(&self, until: Timestamp) {
        self.park(Park::Sleep(until)).await;
    }

    /// Waits for the result of another activity.
    pub(crate) async fn called<T>(&self, by: &'static str, call: impl Future<Output = T>) -> T {
        let mut call = std::pin::pin!(call);
        let mut place = Place { gates: self, number: None };
        poll_fn(|cx| {
            let end = call.as_mut().poll(cx);
            if end.is_pending() {
                let _ = place.stand(Park::Called(by), cx);
            }
            end
        })
        .await
    }

    /// Runs a storage operation to its end, whatever it waits for. It must not stop in between, because other
    /// activities may wait for its connection.
    pub(crate) async fn in_store<T>(&self, call: impl Future<Output = T>) -> T {
        self.lock().in_store = true;
        let result = call.await;
        self.lock().in_store = false;
        // SQLite's thread may still wake the previous waker; a lock that follows must not be affected.
        self.park(Park::Turn).await;
        result
    }

    /// Lets the activity at this place continue.
    fn grant(&self, number: u64) {
        let mut standing = self.lock();
        let Some(parked) = standing.parked.get_mut(&number) else { return };
        parked.granted = true;
        let waker = parked.waker.clone();
        drop(standing);
        waker.wake();
    }
}

/// Something that runs step by step.
pub(crate) struct Activity<T> {
    /// Its name in the story.
    pub(crate) name: String,
    future: Pin<Box<dyn Future<Output = T>>>,
    number: u64,
    /// Where it stopped; `None` while it waits for a lock.
    parks: Vec<(u64, Park)>,
    woken: Arc<Woken>,
}

/// Whether an activity that waits for a lock was woken.
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
        Self { name: name.into(), future: Box::pin(future), number: 0, parks: Vec::new(), woken }
    }

    /// Where it stopped, in words; the first of several places.
    pub(crate) fn place(&self) -> &'static str {
        self.parks.first().map_or("waiting for another", |(_, park)| park.place())
    }

    /// Whether it has also stopped at that place.
    pub(crate) fn stands_at(&self, place: &str) -> bool {
        self.parks.iter().any(|(_, park)| park.place() == place)
    }

    /// Whether it could make progress now.
    pub(crate) fn can_go_on(&self, now: Timestamp) -> bool {
        self.woken.called.load(Ordering::SeqCst) || self.parks.iter().any(|(_, park)| park.may_be_left(now))
    }

    /// When it wakes up, if it sleeps.
    pub(crate) fn wakes_at(&self) -> Option<Timestamp> {
        let sleeps = self.parks.iter().filter_map(|(_, park)| match park {
            Park::Sleep(until) => Some(*until),
            _ => None,
        });
        sleeps.min()
    }

    /// Runs it to the next place where it stops; returns its result if it has ended.
    pub(crate) async fn go_on(&mut self, gates: &Gates, now: Timestamp) -> Option<T> {
        let mut leaves = self.parks.iter().find(|(_, park)| park.may_be_left(now)).map(|(number, _)| *number);
        loop {
            let end = poll_fn(|cx| {
                self.woken = Arc::new(Woken { called: AtomicBool::new(false), outer: cx.waker().clone() });
                if let Some(number) = leaves.take() {
                    gates.grant(number);
                }
                {
                    let mut standing = gates.lock();
                    if self.number == 0 {
                        self.number = standing.number();
                    }
                    standing.going = self.number;
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
            let standing = gates.lock();
            let ours = standing.parked.iter().filter(|(_, parked)| parked.activity == self.number);
            self.parks = ours.map(|(number, parked)| (*number, parked.park)).collect();
            leaves = self.parks.iter().find(|(_, park)| *park == Park::Turn).map(|(number, _)| *number);
            leaves?;
        }
    }
}
