//! The beginning and the end of a connection, which hyper does not see.
//!
//! At the beginning: hyper uses several KiB for each connection, and most connections from strangers never send a
//! complete head. So the first head is collected in a small buffer, and hyper gets only connections that have sent one.
//!
//! At the end: if a socket is closed while bytes from its sender are unread, the connection is reset, and the sender
//! may never receive the answer, for example that its headers are too large. So after the last answer a little more is
//! read and discarded, like nginx's `lingering_close`.

use std::{
    io,
    pin::{Pin, pin},
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::Sleep,
};

/// Initial size of the buffer for a head, in bytes; most heads fit.
const USUAL_HEAD: usize = 512;

/// How long bytes are read after the last answer.
const LONGEST: Duration = Duration::from_secs(2);

/// How many bytes are discarded at most: more than a head or a body may have.
const MOST: usize = 8 * 1024 * 1024;

/// How many bytes are read at once.
const AT_ONCE: usize = 4096;

/// A connection whose first head has arrived.
pub(super) struct Stream {
    socket: TcpStream,
    /// The first head, and how much of it hyper has read.
    head: io::Cursor<Vec<u8>>,
    /// After the last answer: until when bytes are still read, and how many.
    remaining: Option<(Pin<Box<Sleep>>, usize)>,
}

impl Stream {
    /// Waits for the first head, or for as many bytes as a head may have; `None` if the sender disconnects before that.
    pub(super) async fn after_first_head(mut socket: TcpStream, largest: usize) -> Option<Self> {
        // No memory is used for a silent sender.
        socket.peek(&mut [0]).await.ok()?;
        let mut head = Vec::with_capacity(USUAL_HEAD);
        let mut searched = 0;
        while !ends_a_head(&head, searched) && head.len() < largest {
            // The end of the head may begin in the previous bytes.
            searched = head.len().saturating_sub(3);
            if socket.read_buf(&mut head).await.ok()? == 0 {
                return None;
            }
        }
        Some(Self { socket, head: io::Cursor::new(head), remaining: None })
    }
}

/// Whether a head ends in these bytes, from here on. Bytes that do not begin like a head are passed on at once.
fn ends_a_head(bytes: &[u8], from: usize) -> bool {
    let begins = bytes.first().is_none_or(|first| first.is_ascii_uppercase() || b"\r\n".contains(first));
    !begins
        || bytes[from..].windows(3).any(|end| end.starts_with(b"\n\n") || end == b"\n\r\n")
        || bytes.ends_with(b"\n\n")
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.head.get_ref().is_empty() {
            return Pin::new(&mut self.socket).poll_read(cx, buffer);
        }
        let handed_on = Pin::new(&mut self.head).poll_read(cx, buffer);
        if self.head.position() as usize == self.head.get_ref().len() {
            self.head = io::Cursor::default();
        }
        handed_on
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { socket, remaining, .. } = &mut *self;
        if remaining.is_none() {
            ready!(Pin::new(&mut *socket).poll_shutdown(cx))?;
        }
        let (until, more) = remaining.get_or_insert_with(|| (Box::pin(tokio::time::sleep(LONGEST)), MOST));
        let mut thrown_away = [0; AT_ONCE];
        while *more > 0 && until.as_mut().poll(cx).is_pending() {
            let mut buffer = ReadBuf::new(&mut thrown_away);
            // An error ends the connection too; nothing more is sent to this sender.
            let is_read = ready!(pin!(&mut *socket).poll_read(cx, &mut buffer)).is_ok();
            let bytes = buffer.filled().len();
            if !is_read || bytes == 0 {
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
    fn the_end_of_a_head_is_found_wherever_the_head_was_cut() {
        for head in ["GET / HTTP/1.1\r\na: b\r\n\r\n", "GET / HTTP/1.1\na: b\n\n"] {
            for cut in 0..head.len() {
                let bytes = head.as_bytes();
                assert!(!ends_a_head(&bytes[..cut], 0), "{:?}", &head[..cut]);
                assert!(ends_a_head(bytes, cut.saturating_sub(3)));
            }
        }
        assert!(ends_a_head(b"\x16\x03\x01", 0), "TLS is not spoken here, which hyper answers at once");
    }
}
