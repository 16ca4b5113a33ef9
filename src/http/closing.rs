//! A connection whose sender still gets its last answer.
//!
//! A socket that is closed while bytes of its sender are unread is reset, and the sender may never see the answer that
//! says why, for example that its headers are too large. So after the last answer a little more is read and thrown
//! away, as nginx does with `lingering_close`.

use std::{
    io,
    pin::{Pin, pin},
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::Sleep,
};

/// How long bytes are read after the last answer.
const LONGEST: Duration = Duration::from_secs(2);

/// How many bytes are thrown away at most: more than a head or a body may have.
const MOST: usize = 8 * 1024 * 1024;

/// How many bytes are read at once.
const AT_ONCE: usize = 4096;

/// A connection that reads on for a moment before it closes.
pub(super) struct ReadsOn {
    stream: TcpStream,
    /// Once the last answer was written: until when bytes are read, and how many more.
    remaining: Option<(Pin<Box<Sleep>>, usize)>,
}

impl ReadsOn {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream, remaining: None }
    }
}

impl AsyncRead for ReadsOn {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for ReadsOn {
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
        let Self { stream, remaining } = &mut *self;
        if remaining.is_none() {
            ready!(Pin::new(&mut *stream).poll_shutdown(cx))?;
        }
        let (until, more) = remaining.get_or_insert_with(|| (Box::pin(tokio::time::sleep(LONGEST)), MOST));
        let mut thrown_away = [0; AT_ONCE];
        while *more > 0 && until.as_mut().poll(cx).is_pending() {
            let mut buffer = ReadBuf::new(&mut thrown_away);
            // An error is an end like any other: nothing is owed to this sender any more.
            let is_read = ready!(pin!(&mut *stream).poll_read(cx, &mut buffer)).is_ok();
            let bytes = buffer.filled().len();
            if !is_read || bytes == 0 {
                break;
            }
            *more = more.saturating_sub(bytes);
        }
        Poll::Ready(Ok(()))
    }
}
