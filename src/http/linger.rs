//! A connection's bytes: its first head is gathered before anything else is made for it, and its sender is heard
//! out before it closes.
//!
//! Most of what strangers open never says a whole head, so nothing but a few bytes is held for those.
//!
//! A socket that is closed while bytes of its sender are still unread is reset, and the sender may never see the
//! answer that tells him why. So after the last answer a little more is read and thrown away.

use std::{
    io,
    pin::{Pin, pin},
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Sleep, timeout},
};

/// How long a sender is heard out.
const LONGEST: Duration = Duration::from_secs(2);

/// How many bytes are thrown away: more than a head or a body may have, so that who sends too much hears so.
const MOST: usize = 8 * 1024 * 1024;

/// How much is read at once.
const AT_ONCE: usize = 4096;

/// What is held for a head at first; most heads fit.
const USUAL_HEAD: usize = 512;

/// A connection whose first head is there.
pub(super) struct Lingering {
    stream: TcpStream,
    /// What was read ahead and not yet handed on.
    ahead: Vec<u8>,
    handed_on: usize,
    /// Once everything is said: until when, and how much more.
    hearing_out: Option<(Pin<Box<Sleep>>, usize)>,
}

impl Lingering {
    /// Waits for the first head, or for so much that it is none; `None` when the sender leaves before, says nothing
    /// for `idle`, or takes longer than `head` from the first byte on.
    pub(super) async fn after_first_head(
        stream: TcpStream,
        largest: usize,
        idle: Duration,
        head: Duration,
    ) -> Option<Self> {
        // Not `readable`, which may say so before there is anything.
        timeout(idle, stream.peek(&mut [0])).await.ok()?.ok()?;
        timeout(head, Self::first_head(stream, largest)).await.ok()?
    }

    async fn first_head(mut stream: TcpStream, largest: usize) -> Option<Self> {
        let mut ahead = Vec::with_capacity(USUAL_HEAD);
        let mut looked_at = 0;
        while !ends_a_head(&ahead, looked_at) && ahead.len() < largest {
            // The end may begin in what was there already.
            looked_at = ahead.len().saturating_sub(3);
            if stream.read_buf(&mut ahead).await.ok()? == 0 {
                return None;
            }
        }
        Some(Self { stream, ahead, handed_on: 0, hearing_out: None })
    }
}

/// Whether a head ends in these bytes, from here on; what does not begin like one is answered at once.
fn ends_a_head(bytes: &[u8], from: usize) -> bool {
    let begins = bytes.first().is_none_or(|first| first.is_ascii_uppercase() || b"\r\n".contains(first));
    !begins
        || bytes[from..].windows(3).any(|end| end.starts_with(b"\n\n") || end == b"\n\r\n")
        || bytes.ends_with(b"\n\n")
}

impl AsyncRead for Lingering {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.handed_on < self.ahead.len() {
            let part = buffer.remaining().min(self.ahead.len() - self.handed_on);
            buffer.put_slice(&self.ahead[self.handed_on..self.handed_on + part]);
            self.handed_on += part;
            if self.handed_on == self.ahead.len() {
                self.ahead = Vec::new();
                self.handed_on = 0;
            }
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Lingering {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { stream, hearing_out, .. } = &mut *self;
        if hearing_out.is_none() {
            ready!(Pin::new(&mut *stream).poll_shutdown(cx))?;
        }
        let (until, more) = hearing_out.get_or_insert_with(|| (Box::pin(tokio::time::sleep(LONGEST)), MOST));
        let mut thrown_away = [0; AT_ONCE];
        while *more > 0 && until.as_mut().poll(cx).is_pending() {
            let mut buffer = ReadBuf::new(&mut thrown_away);
            // An error is an end like any other: nothing is owed to this sender any more.
            let heard = ready!(pin!(&mut *stream).poll_read(cx, &mut buffer)).is_ok();
            let bytes = buffer.filled().len();
            if !heard || bytes == 0 {
                break;
            }
            *more = more.saturating_sub(bytes);
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_head_is_seen_wherever_it_was_cut() {
        for head in ["GET / HTTP/1.1\r\na: b\r\n\r\n", "GET / HTTP/1.1\na: b\n\n"] {
            for cut in 0..head.len() {
                let bytes = head.as_bytes();
                assert!(!ends_a_head(&bytes[..cut], 0), "{:?}", &head[..cut]);
                assert!(ends_a_head(bytes, cut.saturating_sub(3)));
            }
        }
        assert!(ends_a_head(b"\x16\x03\x01", 0), "TLS is told at once that it is not spoken here");
    }
}
