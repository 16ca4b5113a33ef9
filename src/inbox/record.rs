//! Group commit: deliveries that wait at the same time share one commit.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use tokio::{
    sync::{Mutex, OwnedSemaphorePermit, Semaphore, mpsc, oneshot},
    task::JoinHandle,
};

use super::Inbox;
use crate::{
    domain::origin::Origin,
    forstok::payload::{self, Identity, Unreadable},
    storage::{Content, Delivery, Receipt},
    supervisor::{Progress, Supervisor},
};

/// Most deliveries in one commit, which limits its memory and time.
const LARGEST_BATCH: usize = 256;

/// Most bytes of bodies in one commit; a larger body is committed alone.
const LARGEST_COMMIT: usize = 8 * 1024 * 1024;

/// Concurrent commits: while one is synced to the disk, the next is written.
const COMMITS: usize = 2;

/// A commit of more deliveries than this counts as a flood: other writers then pause, so that answers come first.
const MANY: usize = 16;

/// Most waiting deliveries. Beyond this number, a sender gets 503 immediately.
const LONGEST_QUEUE: usize = 4096;

/// Why a delivery was not recorded. Nothing of it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRecorded {
    /// Too many deliveries, or too many bytes, are waiting already.
    #[error("too many deliveries wait to be stored; send it again a little later")]
    Busy,
    /// The database failed.
    #[error("the delivery could not be stored; send it again a little later")]
    Failed,
    /// The program is stopping.
    #[error("the service is stopping; send it again a little later")]
    Stopping,
}

/// A delivery of an authentic webhook body, which is stored even if it cannot be read as an order.
pub fn delivery(body: Bytes, received_at: Timestamp) -> Delivery {
    delivery_by(Origin::Webhook, body, received_at)
}

/// As [`delivery`], for a body of any origin.
pub fn delivery_by(origin: Origin, body: Bytes, received_at: Timestamp) -> Delivery {
    let (fingerprint, content) = match payload::identify(&body) {
        Ok(Identity { event, order_id, status_text, fingerprint }) => {
            (fingerprint, Content::Order { order_id, event, status_text })
        }
        Err(Unreadable { problem, order_id }) => {
            (payload::fingerprint_of_raw(&body), Content::Unreadable { problem, order_id })
        }
    };
    Delivery { received_at, fingerprint, origin, body, content }
}

/// Most bytes of waiting bodies, which limits the memory.
const LARGEST_WAITING: usize = 64 * 1024 * 1024;

/// A delivery, its share of [`LARGEST_WAITING`], and the channel for its receipt.
type Pending = (Delivery, OwnedSemaphorePermit, oneshot::Sender<Result<Receipt, NotRecorded>>);

/// Hands deliveries to the tasks that commit them.
#[derive(Clone, Debug)]
pub struct Recorder {
    waiting: mpsc::Sender<Pending>,
    room: Arc<Semaphore>,
}

impl Recorder {
    /// Starts the tasks under a supervisor; they end when all recorders are dropped.
    pub fn start(inbox: &Arc<Inbox>, supervisor: &Arc<Supervisor>) -> (Self, Vec<JoinHandle<()>>) {
        let (recorder, queue) = Self::new();
        // Outside the tasks, so that waiting deliveries survive a panic in one of them.
        let queue = Arc::new(Mutex::new(queue));
        let commits = (1..=COMMITS).map(|nth| {
            let (committing, queue) = (inbox.clone(), queue.clone());
            supervisor.keep_running(format!("recording {nth}"), move |progress| {
                let (inbox, queue) = (committing.clone(), queue.clone());
                async move { commit_all(&inbox, &queue, Some(progress)).await }
            })
        });
        (recorder, commits.collect())
    }

    /// As [`Recorder::start`], but returns a single task, for the caller to run without a supervisor.
    pub fn unstarted(inbox: Arc<Inbox>) -> (Self, impl Future<Output = ()> + Send) {
        let (recorder, queue) = Self::new();
        (recorder, async move { commit_all(&inbox, &Mutex::new(queue), None).await })
    }

    fn new() -> (Self, Queue) {
        let (sender, receiver) = mpsc::channel(LONGEST_QUEUE);
        let recorder = Self { waiting: sender, room: Arc::new(Semaphore::new(LARGEST_WAITING)) };
        (recorder, Queue { receiver, next: Vec::new() })
    }

    /// Queues the delivery; returns once it is on disk, or fails without waiting if the queue is full.
    pub async fn record(&self, delivery: Delivery) -> Result<Receipt, NotRecorded> {
        let (answer, receipt) = oneshot::channel();
        let bytes = u32::try_from(delivery.body.len()).map_err(|_| NotRecorded::Busy)?;
        let place = self.room.clone().try_acquire_many_owned(bytes).map_err(|_| NotRecorded::Busy)?;
        self.waiting.try_send((delivery, place, answer)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => NotRecorded::Busy,
            mpsc::error::TrySendError::Closed(_) => NotRecorded::Stopping,
        })?;
        receipt.await.unwrap_or(Err(NotRecorded::Stopping))
    }
}

/// The waiting deliveries.
struct Queue {
    receiver: mpsc::Receiver<Pending>,
    /// Received from the channel, but not part of a commit yet.
    next: Vec<Pending>,
}

impl Queue {
    /// Waits for deliveries and returns those of the next commit; empty once all recorders are dropped.
    async fn batch(&mut self) -> Vec<Pending> {
        if self.next.is_empty() {
            self.receiver.recv_many(&mut self.next, LARGEST_BATCH).await;
        }
        self.next.drain(..first_by_size(&self.next)).collect()
    }

    /// Answers all waiting deliveries with [`NotRecorded::Failed`].
    fn refuse_all(&mut self) {
        let rest = std::iter::from_fn(|| self.receiver.try_recv().ok());
        for (.., answer) in self.next.drain(..).chain(rest) {
            let _ = answer.send(Err(NotRecorded::Failed));
        }
    }
}

async fn commit_all(inbox: &Inbox, queue: &Mutex<Queue>, progress: Option<Progress>) {
    loop {
        let next = async { queue.lock().await.batch().await };
        let batch = match &progress {
            Some(progress) => progress.wait_for(next).await,
            None => next.await,
        };
        if batch.is_empty() {
            return;
        }
        if !commit(inbox, batch).await {
            // Deliveries that arrived in the meantime would wait just as long to fail, so they fail now. If the other
            // task has the queue locked, it is waiting for deliveries, so there are none to refuse.
            if let Ok(mut queue) = queue.try_lock() {
                queue.refuse_all();
            }
        }
    }
}

/// How many of the waiting deliveries fit into one commit; at least one if there are any.
fn first_by_size(waiting: &[Pending]) -> usize {
    let mut room = LARGEST_COMMIT;
    let fit = waiting.iter().take_while(|(delivery, ..)| {
        let left = room.checked_sub(delivery.body.len());
        room = left.unwrap_or_default();
        left.is_some()
    });
    fit.count().max(1).min(waiting.len())
}

/// Commits deliveries and answers their senders; returns whether they were stored.
async fn commit(inbox: &Inbox, batch: Vec<Pending>) -> bool {
    let (mut deliveries, mut senders) = (Vec::with_capacity(batch.len()), Vec::with_capacity(batch.len()));
    for (delivery, place, answer) in batch {
        deliveries.push(delivery);
        senders.push((place, answer));
    }
    if deliveries.len() > MANY {
        inbox.signals.many_webhooks_came();
    }
    match inbox.storage.record(&deliveries).await {
        Ok(receipts) => {
            for ((_place, answer), receipt) in senders.into_iter().zip(receipts) {
                // The sender may have disconnected; its delivery is stored anyway.
                let _ = answer.send(Ok(receipt));
            }
            inbox.signals.news_came();
            true
        }
        Err(error) => {
            tracing::error!(deliveries = deliveries.len(), "deliveries could not be stored: {error}");
            for (_place, answer) in senders {
                let _ = answer.send(Err(NotRecorded::Failed));
            }
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_commit_is_bounded_by_bytes_and_holds_one_delivery_at_least() {
        let room = Arc::new(Semaphore::new(1_000));
        let waiting = async |bytes: usize| -> Pending {
            let body = Bytes::from(vec![b' '; bytes]);
            let place = room.clone().acquire_owned().await.expect("there is room");
            (delivery(body, Timestamp::UNIX_EPOCH), place, oneshot::channel().0)
        };
        let mib = 1024 * 1024;
        let mut all = Vec::new();
        for bytes in [9 * mib, 4 * mib, 4 * mib, 1, mib] {
            all.push(waiting(bytes).await);
        }
        assert_eq!(first_by_size(&all), 1, "one that is larger goes alone");
        assert_eq!(first_by_size(&all[1..]), 2);
        assert_eq!(first_by_size(&all[3..]), 2);
    }
}
