//! Group commit: deliveries that wait together share one commit.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use super::Inbox;
use crate::{
    forstok::payload::{self, Payload, Unreadable},
    storage::{Content, Delivery, Fold, OrderFacts, Receipt, hundredths, terms_of},
    supervisor::{Progress, Supervisor},
};

/// Most deliveries in one commit; bounds the memory and the time of one.
const LARGEST_BATCH: usize = 256;

/// Most bytes of bodies in one commit; one larger body goes alone.
const LARGEST_COMMIT: usize = 8 * 1024 * 1024;

/// Deliveries in one commit that are folded into their orders at once; with more the answers go first.
const FOLDED_AT_ONCE: usize = 16;

/// Most deliveries that wait. Beyond it the sender hears 503 at once rather than waiting in vain.
const LONGEST_QUEUE: usize = 4096;

/// Why a delivery was not recorded. Nothing of it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotRecorded {
    /// Too many wait already.
    #[error("too many deliveries wait to be stored; send it again a little later")]
    Busy,
    /// The database failed.
    #[error("the delivery could not be stored; send it again a little later")]
    Failed,
    /// The program is stopping.
    #[error("the service is stopping; send it again a little later")]
    Stopping,
}

/// What an authentic body is to the store: an order, or something to be kept and shown.
pub fn delivery(body: Bytes, received_at: Timestamp) -> Delivery {
    match payload::read(&body) {
        Ok(Payload { event, order, fingerprint }) => {
            let order = order.arrived(received_at);
            let facts = OrderFacts {
                event,
                hundredths: order.total_price.map_or(0, hundredths),
                terms: terms_of(order.channel_order_id(), order.skus()),
                unread_time: order.unread_update_time().map(|problem| problem.value.clone()),
                store_name: order.store_name_or_channel().to_owned(),
                channel_order_id: order.channel_order_id().to_owned(),
                order_id: order.id,
                status_text: order.status_text,
                status: order.status,
                updated_at: order.updated_at,
                store_id: order.store_id,
                channel: order.channel,
                ordered_at: order.ordered_at,
            };
            Delivery { received_at, fingerprint, body, content: Content::Order(Box::new(facts)) }
        }
        Err(Unreadable { problem, order_id }) => {
            let fingerprint = payload::fingerprint_of_raw(&body);
            Delivery { received_at, fingerprint, body, content: Content::Unreadable { problem, order_id } }
        }
    }
}

/// Most bytes of bodies that wait: what bounds the memory when bodies are large.
const LARGEST_WAITING: usize = 64 * 1024 * 1024;

/// A delivery, its place among those that wait, and who is to be answered.
type Waiting = (Delivery, OwnedSemaphorePermit, oneshot::Sender<Result<Receipt, NotRecorded>>);

/// Hands deliveries to the one task that commits them.
#[derive(Clone, Debug)]
pub struct Recorder {
    waiting: mpsc::Sender<Waiting>,
    room: Arc<Semaphore>,
}

impl Recorder {
    /// Starts the task, watched by a supervisor; it ends when all recorders are gone.
    pub fn start(inbox: &Arc<Inbox>, supervisor: &Arc<Supervisor>) -> (Self, tokio::task::JoinHandle<()>) {
        let (recorder, receiver) = Self::new();
        // Outside the task, so that what waits survives a panic in it.
        let receiver = Arc::new(Mutex::new(receiver));
        let committing = inbox.clone();
        let recording = supervisor.keep_running("recording", move |progress| {
            let (inbox, receiver) = (committing.clone(), receiver.clone());
            async move { commit_what_waits(inbox, &mut *receiver.lock().await, Some(progress)).await }
        });
        (recorder, recording)
    }

    /// As [`Recorder::start`], with the task in the caller's hands and nobody to watch it.
    pub fn unstarted(inbox: Arc<Inbox>) -> (Self, impl Future<Output = ()> + Send) {
        let (recorder, mut receiver) = Self::new();
        (recorder, async move { commit_what_waits(inbox, &mut receiver, None).await })
    }

    fn new() -> (Self, mpsc::Receiver<Waiting>) {
        let (sender, receiver) = mpsc::channel(LONGEST_QUEUE);
        (Self { waiting: sender, room: Arc::new(Semaphore::new(LARGEST_WAITING)) }, receiver)
    }

    /// Returns when the delivery is on disk.
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

async fn commit_what_waits(inbox: Arc<Inbox>, receiver: &mut mpsc::Receiver<Waiting>, progress: Option<Progress>) {
    let mut waiting = Vec::with_capacity(LARGEST_BATCH);
    loop {
        let next = receiver.recv_many(&mut waiting, LARGEST_BATCH);
        let came = match &progress {
            Some(progress) => progress.wait_for(next).await,
            None => next.await,
        };
        if came == 0 {
            return;
        }
        while !waiting.is_empty() {
            if let Some(progress) = &progress {
                progress.report();
            }
            let batch: Vec<_> = waiting.drain(..first_by_size(&waiting)).collect();
            if !commit(&inbox, batch).await {
                // Those who came meanwhile would wait as long for the same: better that they learn it now.
                while let Ok(one) = receiver.try_recv() {
                    waiting.push(one);
                }
                for (_, place, answer) in waiting.drain(..) {
                    let _ = answer.send(Err(NotRecorded::Failed));
                    drop(place);
                }
            }
        }
    }
}

/// How many of those that wait go into one commit.
fn first_by_size(waiting: &[Waiting]) -> usize {
    let mut room = LARGEST_COMMIT;
    let fit = waiting.iter().take_while(|(delivery, ..)| {
        let left = room.checked_sub(delivery.body.len());
        room = left.unwrap_or_default();
        left.is_some()
    });
    fit.count().max(1)
}

/// Commits deliveries and answers their senders; false when they could not be stored.
async fn commit(inbox: &Inbox, batch: Vec<Waiting>) -> bool {
    let mut deliveries = Vec::with_capacity(batch.len());
    let mut answers = Vec::with_capacity(batch.len());
    let mut places = Vec::with_capacity(batch.len());
    for (delivery, place, answer) in batch {
        deliveries.push(delivery);
        places.push(place);
        answers.push(answer);
    }
    if deliveries.len() > FOLDED_AT_ONCE {
        inbox.signals.many_webhooks_came();
    }
    let fold = if inbox.signals.webhooks_are_many() { Fold::Later } else { Fold::Now };
    match inbox.storage.record(&deliveries, fold).await {
        Ok(receipts) => {
            for (answer, receipt) in answers.into_iter().zip(receipts) {
                // The sender may have hung up; what it sent is stored anyway.
                let _ = answer.send(Ok(receipt));
            }
            inbox.signals.news_came();
            true
        }
        Err(error) => {
            tracing::error!(deliveries = deliveries.len(), "deliveries could not be stored: {error}");
            for answer in answers {
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
        let waiting = async |bytes: usize| -> Waiting {
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
