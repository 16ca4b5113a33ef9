//! Bodies that are arriving: how much memory all of them take together.
//!
//! Nobody has proved anything yet while his body arrives, so strangers by the thousand could make us hold a
//! few mebibytes for each. All share one room. When it is full, the body that has been arriving longest makes place:
//! an honest one is there within milliseconds.

use std::{future::poll_fn, pin::Pin, sync::Arc, task::Poll};

use axum::body::{Body, Bytes, HttpBody};
use http_body_util::BodyExt;
use hyper::body::Frame;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    patience::{Patience, Patient},
    problem::Problem,
};

/// Bytes of all bodies that are arriving.
const ROOM: usize = 16 * 1024 * 1024;

/// The first piece of room that a body takes; each further one doubles what it has.
const FIRST_PIECE: usize = 4 * 1024;

/// What a look at a body came to: another piece of it, its end, or the sender's.
type Polled = Option<Result<Frame<Bytes>, axum::Error>>;

/// Bodies that are arriving.
#[derive(Debug)]
pub(super) struct Reading {
    room: Arc<Semaphore>,
    patience: Arc<Patience>,
}

impl Reading {
    pub(super) fn new() -> Self {
        Self { room: Arc::new(Semaphore::new(ROOM)), patience: Arc::default() }
    }

    /// The body, when it has at most `largest` bytes. Of a larger one so many more are read and thrown away.
    pub(super) async fn read(&self, body: Body, largest: usize, waste: usize) -> Result<Bytes, Problem> {
        let mut body = body;
        let first = poll_fn(|context| Poll::Ready(Pin::new(&mut body).poll_frame(context))).await;
        if let Poll::Ready(Some(Ok(frame))) = &first
            && let Some(chunk) = frame.data_ref().filter(|chunk| chunk.len() <= largest && body.is_end_stream())
        {
            // All of it is here in one piece, as with most: nothing to gather, nobody to wait for.
            return Ok(chunk.clone());
        }
        let first = match first {
            Poll::Ready(first) => Some(first),
            Poll::Pending => None,
        };
        let sender = Patient::new(&self.patience);
        sender.is_waited_for();
        tokio::select! {
            read = self.collect(&sender, first, body, largest, waste) => read,
            () = sender.sent_away() => Err(Problem::Crowded),
        }
    }

    async fn collect(
        &self,
        sender: &Patient,
        first: Option<Polled>,
        mut body: Body,
        largest: usize,
        waste: usize,
    ) -> Result<Bytes, Problem> {
        let mut collected = Vec::new();
        let mut place = None;
        let mut thrown_away = 0;
        let mut next = match first {
            Some(first) => first,
            None => body.frame().await,
        };
        while let Some(frame) = next {
            // When the sender hung up, nobody will read the answer; trailers are not part of the body.
            let chunk = frame.map_err(|_| Problem::TooSlow)?.into_data().unwrap_or_default();
            let length = collected.len() + chunk.len();
            if thrown_away > 0 || length > largest {
                thrown_away += chunk.len();
                (collected, place) = (Vec::new(), None);
                sender.holds(0);
                if thrown_away > waste {
                    break;
                }
            } else {
                if length > collected.capacity() {
                    let wanted = length.next_power_of_two().clamp(FIRST_PIECE, largest.max(FIRST_PIECE));
                    self.take_place(&mut place, wanted - collected.capacity()).await?;
                    sender.holds(wanted);
                    collected.reserve_exact(wanted - collected.len());
                }
                collected.extend_from_slice(&chunk);
            }
            next = body.frame().await;
        }
        drop(place);
        if thrown_away > 0 { Err(Problem::TooLarge(largest)) } else { Ok(collected.into()) }
    }

    /// Takes so many more bytes of the room, from those who are slow when there are no others.
    async fn take_place(&self, place: &mut Option<OwnedSemaphorePermit>, bytes: usize) -> Result<(), Problem> {
        let bytes = u32::try_from(bytes).map_err(|_| Problem::Crowded)?;
        let more = if let Ok(more) = self.room.clone().try_acquire_many_owned(bytes) {
            more
        } else {
            self.make_room(bytes as usize);
            self.room.clone().acquire_many_owned(bytes).await.map_err(|_| Problem::Crowded)?
        };
        match place {
            Some(place) => place.merge(more),
            None => *place = Some(more),
        }
        Ok(())
    }

    /// Sends as many away as hold so much together, and no more: however busy this machine is, they will go.
    fn make_room(&self, wanted: usize) {
        let mut freed = 0;
        while freed < wanted {
            let Some(holds) = self.patience.lose() else { return };
            freed += holds;
        }
    }
}
