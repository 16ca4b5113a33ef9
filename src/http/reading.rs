//! The bodies of webhooks, read within limits of size, time and memory.
//!
//! While a body is arriving, nothing proves yet that Forstok sends it, so strangers must not be able to fill the memory
//! with incomplete large bodies. A small body is always read. All larger bodies share a fixed number of bytes; while
//! these are in use, a large body waits until others are complete, fail or exceed their time limit.

use std::{sync::Arc, time::Duration};

use axum::body::{Body, Bytes, HttpBody};
use http_body_util::BodyExt;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout_at},
};

use super::problem::Problem;

/// Largest body that is accepted, in bytes.
///
/// An order of 2,200 pieces, each on its own line, has slightly more than 1 MiB.
pub(super) const LARGEST: usize = 4 * 1024 * 1024;

/// How much of a body that is too large is read and discarded, in bytes, so that its sender receives the answer instead
/// of a broken pipe.
const MOST_DISCARDED: usize = 12 * 1024 * 1024;

/// The limits of all bodies.
#[derive(Clone, Copy, Debug)]
struct Limits {
    /// Bytes of a body that are always read. Together with the number of connections this limits the memory for small
    /// bodies.
    small: usize,
    /// Bytes that all larger bodies may use together; at least [`LARGEST`].
    shared: usize,
    /// How long a body may take to arrive, including the time that a large one waits for memory.
    time: Duration,
}

const LIMITS: Limits = Limits { small: 8 * 1024, shared: 16 * 1024 * 1024, time: Duration::from_secs(10) };

/// Reads bodies.
#[derive(Debug)]
pub(super) struct Reading {
    limits: Limits,
    shared: Arc<Semaphore>,
}

impl Reading {
    pub(super) fn new() -> Self {
        Self::within(LIMITS)
    }

    fn within(limits: Limits) -> Self {
        Self { limits, shared: Arc::new(Semaphore::new(limits.shared)) }
    }

    /// Reads a whole body. `announced` is its `Content-Length`, if present.
    pub(super) async fn read(&self, announced: Option<usize>, mut body: Body) -> Result<Bytes, Problem> {
        if announced.is_some_and(|length| length > LARGEST) {
            return self.discard(announced, 0, body).await;
        }
        let until = Instant::now() + self.limits.time;
        let whole = announced.unwrap_or(LARGEST);
        let (mut collected, mut part) = (Vec::new(), None);
        while let Some(chunk) = next_chunk(&mut body, until).await? {
            if collected.is_empty() && body.is_end_stream() && chunk.len() <= LARGEST {
                // Like most bodies, it arrived in one piece, so nothing has to be copied.
                return Ok(chunk);
            }
            let length = collected.len() + chunk.len();
            if length > LARGEST {
                drop((collected, part));
                return self.discard(announced, length - LARGEST, body).await;
            }
            if part.is_none() && length > self.limits.small {
                part = Some(self.part_of_memory(whole, until).await?);
            }
            if length > collected.capacity() {
                // Grows with the bytes that have arrived, up to the announced length.
                let capacity = length.next_power_of_two().min(whole).max(length);
                collected.reserve_exact(capacity - collected.len());
            }
            collected.extend_from_slice(&chunk);
        }
        Ok(collected.into())
    }

    /// Reserves memory for a whole body at once, because bodies that grow step by step could wait for each other
    /// forever.
    async fn part_of_memory(&self, length: usize, until: Instant) -> Result<OwnedSemaphorePermit, Problem> {
        let bytes = u32::try_from(length).map_err(|_| Problem::Crowded)?;
        let part = timeout_at(until, self.shared.clone().acquire_many_owned(bytes)).await;
        part.map_err(|_| Problem::Crowded)?.map_err(|_| Problem::Crowded)
    }

    /// Continues to read a body that is too large, of which `discarded` bytes were already discarded.
    async fn discard(&self, announced: Option<usize>, mut discarded: usize, mut body: Body) -> Result<Bytes, Problem> {
        let until = Instant::now() + self.limits.time;
        if announced.is_none_or(|length| length <= LARGEST + MOST_DISCARDED) {
            while discarded <= MOST_DISCARDED {
                match next_chunk(&mut body, until).await {
                    Ok(Some(chunk)) => discarded += chunk.len(),
                    Ok(None) | Err(_) => break,
                }
            }
        }
        Err(Problem::TooLarge(LARGEST))
    }
}

/// The next bytes of a body; `None` at its end.
async fn next_chunk(body: &mut Body, until: Instant) -> Result<Option<Bytes>, Problem> {
    let frame = timeout_at(until, body.frame()).await.map_err(|_| Problem::TooSlow)?;
    // If the sender has disconnected, the answer does not matter. Trailers are not part of the body.
    let chunk = frame.transpose().map_err(|_| Problem::TooSlow)?;
    Ok(chunk.map(|frame| frame.into_data().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    const LIMITS: Limits = Limits { small: 10, shared: LARGEST, time: Duration::from_millis(300) };

    /// A body that sends these pieces and then nothing more, but does not end.
    fn endless(pieces: &[usize]) -> Body {
        let pieces: Vec<_> = pieces.iter().map(|length| Ok::<_, std::io::Error>(vec![b' '; *length])).collect();
        Body::from_stream(futures_util::StreamExt::chain(stream::iter(pieces), stream::pending()))
    }

    /// A body in two pieces.
    fn body(length: usize) -> Body {
        Body::from_stream(stream::iter([length - 1, 1].map(|length| Ok::<_, std::io::Error>(vec![b' '; length]))))
    }

    /// Polls once, so that a body takes its part of the memory.
    fn begun<T>(mut reading: impl Future<Output = T> + Unpin) -> impl Future<Output = T> {
        assert!(futures_util::FutureExt::now_or_never(&mut reading).is_none(), "it waits for more");
        reading
    }

    #[tokio::test]
    async fn a_small_body_is_read_whatever_large_ones_hold() {
        let reading = Reading::within(LIMITS);
        let stuck = begun(Box::pin(reading.read(None, endless(&[1_000]))));
        assert_eq!(reading.read(Some(10), body(10)).await.map(|body| body.len()), Ok(10));
        assert_eq!(stuck.await, Err(Problem::TooSlow));
    }

    #[tokio::test]
    async fn a_large_body_waits_for_its_part_of_the_memory_and_is_refused_when_it_gets_none() {
        let reading = Reading::within(LIMITS);
        let held = reading.part_of_memory(LARGEST, Instant::now()).await.expect("all of it is free");
        let waiting = begun(Box::pin(reading.read(Some(1_000), body(1_000))));
        assert_eq!(reading.read(Some(1_000), body(1_000)).await, Err(Problem::Crowded));
        assert_eq!(waiting.await, Err(Problem::Crowded));
        let waiting = begun(Box::pin(reading.read(Some(1_000), body(1_000))));
        drop(held);
        assert_eq!(waiting.await.map(|body| body.len()), Ok(1_000));
        assert_eq!(reading.shared.available_permits(), LARGEST, "what it held is free again");
    }

    #[tokio::test]
    async fn a_body_that_is_too_large_is_read_on_and_holds_nothing() {
        let reading = Reading::within(LIMITS);
        for announced in [None, Some(LARGEST + 1), Some(usize::MAX)] {
            let read = reading.read(announced, body(LARGEST + 1)).await;
            assert_eq!(read, Err(Problem::TooLarge(LARGEST)), "{announced:?}");
        }
        assert_eq!(reading.shared.available_permits(), LARGEST);
    }
}
