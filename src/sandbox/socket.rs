//! Connections that can be closed without a reply, and a listener that can refuse connections.
//!
//! Hyper writes whatever a handler returns. To send nothing at all, the socket itself must fail. Therefore each
//! connection has a switch that the handler can reach. Once it is thrown, reading and writing report a reset
//! connection, hyper drops the connection, and the peer sees it closed without a reply.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use axum::{
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// The switch of one connection.
#[derive(Debug, Clone, Default)]
pub(super) struct Cut(Arc<Switch>);

#[derive(Debug, Default)]
struct Switch {
    thrown: AtomicBool,
    /// Hyper waits for more data from the peer; without waking it, a thrown switch would go unnoticed.
    reader: Mutex<Option<Waker>>,
}

impl Cut {
    /// Closes the connection without sending another byte.
    pub(super) fn cut(&self) {
        self.0.throw();
    }

    fn check(&self) -> io::Result<()> {
        if self.0.thrown.load(Ordering::SeqCst) { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(()) }
    }
}

impl Switch {
    fn throw(&self) {
        self.thrown.store(true, Ordering::SeqCst);
        let waker = self.reader.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Connected<IncomingStream<'_, CuttableListener>> for Cut {
    fn connect_info(stream: IncomingStream<'_, CuttableListener>) -> Self {
        stream.io().cut.clone()
    }
}

/// A connection with its switch.
#[derive(Debug)]
pub(super) struct Socket {
    stream: TcpStream,
    cut: Cut,
}

impl AsyncRead for Socket {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        // The waker is registered before the switch is checked, so that a throw in between is not missed.
        *self.cut.0.reader.lock().unwrap_or_else(PoisonError::into_inner) = Some(cx.waker().clone());
        self.cut.check()?;
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.cut.check()?;
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.cut.check()?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// All open connections, so that they can be closed together.
#[derive(Debug, Clone, Default)]
pub(super) struct Connections(Arc<Mutex<Vec<Weak<Switch>>>>);

impl Connections {
    pub(super) fn cut_all(&self) {
        let open = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        for switch in open.iter().filter_map(Weak::upgrade) {
            switch.throw();
        }
    }

    fn add(&self, cut: &Cut) {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Closed connections are removed only when the list is about to grow, which keeps this cheap for many short
        // connections.
        if open.len() == open.capacity() {
            open.retain(|switch| switch.strong_count() > 0);
        }
        open.push(Arc::downgrade(&cut.0));
    }
}

/// Accepts connections, except while it refuses them: then its port is closed.
#[derive(Debug)]
pub(super) struct CuttableListener {
    /// `None` while connections are refused.
    inner: Option<TcpListener>,
    address: SocketAddr,
    connections: Connections,
    refusing: watch::Receiver<bool>,
}

impl CuttableListener {
    pub(super) async fn bind(
        address: SocketAddr,
        connections: Connections,
        refusing: watch::Receiver<bool>,
    ) -> io::Result<Self> {
        let inner = TcpListener::bind(address).await?;
        Ok(Self { address: inner.local_addr()?, inner: Some(inner), connections, refusing })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The open port: immediately, or once refusing ends.
    async fn open(&mut self) -> &TcpListener {
        loop {
            if *self.refusing.borrow_and_update() {
                self.inner = None;
                self.connections.cut_all();
                // An error means that the sandbox is gone, so nobody can end the refusal.
                let _ = self.refusing.wait_for(|refusing| !refusing).await;
            }
            if self.inner.is_none() {
                self.inner = TcpListener::bind(self.address).await.ok();
            }
            if self.inner.is_some() {
                break;
            }
            // Another process has taken the port in the meantime.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.inner.as_ref().expect("the loop above ends only when it is there")
    }
}

impl Listener for CuttableListener {
    type Io = Socket;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Socket, SocketAddr) {
        loop {
            let mut refusing = self.refusing.clone();
            let accepted = tokio::select! {
                accepted = async { self.open().await.accept().await } => accepted,
                _ = refusing.changed() => continue,
            };
            match accepted {
                Ok((stream, peer)) => {
                    // Small replies must not wait for the acknowledgement of earlier ones (Nagle's algorithm).
                    let _ = stream.set_nodelay(true);
                    let cut = Cut::default();
                    self.connections.add(&cut);
                    return (Socket { stream, cut }, peer);
                }
                Err(error) => {
                    tracing::debug!(%error, "the sandbox could not accept a connection");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}
