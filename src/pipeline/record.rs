//! Group commit: deliveries that wait together share one commit.

use std::sync::Arc;

use axum::body::Bytes;
use jiff::Timestamp;
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use super::{Engine, supervisor::Progress};
use crate::{
    forstok::payload::{self, Payload},
    store::{Content, Delivery, Fold, OrderFacts, Receipt, hundredths, terms_of},
};

/// Most deliveries in one commit; bounds the memory and the time of one.
const LARGEST_BATCH: usize = 256;

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
            let facts = OrderFacts {
                event,
                hundredths: order.total_price.map_or(0, hundredths),
                terms: terms_of(order.channel_order_id(), order.skus()),
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
        Err(problem) => {
            let fingerprint = payload::fingerprint_of_raw(&body);
            Delivery { received_at, fingerprint, body, content: Content::Unreadable(problem.to_string()) }
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
    /// Starts the task, watched by the engine's supervisor; it ends when all recorders are gone.
    pub fn start(engine: &Arc<Engine>) -> (Self, tokio::task::JoinHandle<()>) {
        let (recorder, receiver) = Self::new();
        // Outside the task, so that what waits survives a panic in it.
        let receiver = Arc::new(Mutex::new(receiver));
        let committing = engine.clone();
        let recording = engine.supervisor().keep_running("recording", move |progress| {
            let (engine, receiver) = (committing.clone(), receiver.clone());
            async move { commit_what_waits(engine, &mut *receiver.lock().await, Some(progress)).await }
        });
        (recorder, recording)
    }

    /// As [`Recorder::start`], with the task in the caller's hands and nobody to watch it.
    pub fn unstarted(engine: Arc<Engine>) -> (Self, impl Future<Output = ()> + Send) {
        let (recorder, mut receiver) = Self::new();
        (recorder, async move { commit_what_waits(engine, &mut receiver, None).await })
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

async fn commit_what_waits(engine: Arc<Engine>, receiver: &mut mpsc::Receiver<Waiting>, progress: Option<Progress>) {
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
        let mut deliveries = Vec::with_capacity(waiting.len());
        let mut answers = Vec::with_capacity(waiting.len());
        let mut places = Vec::with_capacity(waiting.len());
        for (delivery, place, answer) in waiting.drain(..) {
            deliveries.push(delivery);
            places.push(place);
            answers.push(answer);
        }
        if deliveries.len() > FOLDED_AT_ONCE {
            engine.many_webhooks_came();
        }
        let fold = if engine.webhooks_are_many() { Fold::Later } else { Fold::Now };
        match engine.store().record(&deliveries, fold).await {
            Ok(receipts) => {
                for (answer, receipt) in answers.into_iter().zip(receipts) {
                    // The sender may have hung up; what it sent is stored all the same.
                    let _ = answer.send(Ok(receipt));
                }
                engine.news_came();
            }
            Err(error) => {
                tracing::error!(deliveries = deliveries.len(), "deliveries could not be stored: {error}");
                // Those who came meanwhile would wait as long for the same: better that they hear it now.
                while let Ok((_, place, answer)) = receiver.try_recv() {
                    answers.push(answer);
                    places.push(place);
                }
                for answer in answers {
                    let _ = answer.send(Err(NotRecorded::Failed));
                }
            }
        }
        drop(places);
    }
}
