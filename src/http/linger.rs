//! A connection that hears its sender out before it closes.
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
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::Sleep,
};

/// How long a sender is heard out.
const LONGEST: Duration = Duration::from_secs(2);

/// How many bytes are thrown away: more than a head or a body may have, so that who sends too much hears so.
const MOST: usize = 4 * 1024 * 1024;

/// How much is read at once.
const AT_ONCE: usize = 4096;

/// A connection that hears its sender out before it closes.
pub(super) struct Lingering {
    stream: TcpStream,
    /// Once everything is said: until when, and how much more.
    hearing_out: Option<(Pin<Box<Sleep>>, usize)>,
}

impl Lingering {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self { stream, hearing_out: None }
    }
}

impl AsyncRead for Lingering {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
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
        let Self { stream, hearing_out } = &mut *self;
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
