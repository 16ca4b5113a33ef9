//! A cheap load generator, because it shares the processor with the service. All requests are prepared and signed
//! before the clock starts; each connection writes one, reads the answer, and writes the next.

use std::{
    cell::{Cell, RefCell},
    io,
    net::SocketAddr,
    rc::Rc,
    time::{Duration, Instant},
};

use tokio::{net::TcpStream, task::LocalSet};

use super::report::millis;

/// Larger than any answer to a webhook.
pub(super) const LONGEST_ANSWER: usize = 4_096;

/// A load to generate.
#[derive(Clone)]
pub(crate) struct Load {
    /// The connections are distributed over these.
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) connections: usize,
    pub(crate) time: Duration,
    /// Each is sent once; posting ends when all were sent.
    pub(crate) requests: Rc<Vec<Box<[u8]>>>,
    /// A text that every answer must contain.
    pub(crate) answer_holds: &'static str,
}

/// The result of a load.
pub(crate) struct Measured {
    pub(crate) answered: usize,
    pub(crate) time: Duration,
    /// The latency of each request, in milliseconds.
    pub(crate) latencies: Vec<f64>,
}

impl Measured {
    /// Answers per second.
    pub(crate) fn rate(&self) -> f64 {
        self.answered as f64 / self.time.as_secs_f64()
    }
}

/// What all connections share.
struct Shared {
    load: Load,
    next: Cell<usize>,
    /// When to stop sending; `None` if only once all requests were sent.
    end: Option<Instant>,
    last_answer: Cell<Instant>,
    latencies: RefCell<Vec<f64>>,
}

impl Load {
    /// Posts over all connections, from one thread, until the time is over or all requests were sent. Panics at an
    /// answer that is not HTTP 200 or lacks `answer_holds`.
    pub(crate) fn run(&self) -> Measured {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        LocalSet::new().block_on(&runtime, self.post())
    }

    async fn post(&self) -> Measured {
        let mut streams = Vec::new();
        for address in self.addresses.iter().cycle().take(self.connections) {
            let stream = TcpStream::connect(address).await.expect("it listens");
            stream.set_nodelay(true).expect("a connection takes the option");
            streams.push(stream);
        }
        let started = Instant::now();
        let shared = Rc::new(Shared {
            load: self.clone(),
            next: Cell::new(0),
            end: started.checked_add(self.time),
            last_answer: Cell::new(started),
            latencies: RefCell::new(Vec::with_capacity(self.requests.len())),
        });
        let posting: Vec<_> = streams
            .into_iter()
            .map(|stream| {
                let shared = shared.clone();
                tokio::task::spawn_local(async move { shared.post_over(&stream).await })
            })
            .collect();
        for task in posting {
            task.await.expect("every answer is as it must be").expect("the connection holds");
        }
        let latencies = shared.latencies.take();
        Measured { answered: latencies.len(), time: shared.last_answer.get() - started, latencies }
    }
}

impl Shared {
    async fn post_over(&self, stream: &TcpStream) -> io::Result<()> {
        let mut answer = Vec::with_capacity(LONGEST_ANSWER);
        loop {
            let nth = self.next.get();
            let started = Instant::now();
            let Some(request) = self.load.requests.get(nth).filter(|_| self.end.is_none_or(|end| started < end)) else {
                return Ok(());
            };
            self.next.set(nth + 1);
            write(stream, request).await?;
            read(stream, &mut answer).await?;
            let answered = Instant::now();
            self.last_answer.set(answered);
            self.latencies.borrow_mut().push(millis(answered - started));
            let text = str::from_utf8(&answer).unwrap_or_default();
            let right = text.starts_with("HTTP/1.1 200 ") && text.contains(self.load.answer_holds);
            assert!(right, "request {nth} was answered: {text}");
        }
    }
}

async fn write(stream: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match stream.try_write(bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => stream.writable().await?,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Reads one whole answer.
async fn read(stream: &TcpStream, answer: &mut Vec<u8>) -> io::Result<()> {
    answer.clear();
    while !is_whole(answer) {
        stream.readable().await?;
        match stream.try_read_buf(answer) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Whether the answer is complete according to its `content-length`.
pub(super) fn is_whole(answer: &[u8]) -> bool {
    const LENGTH: &[u8] = b"content-length: ";
    let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else { return false };
    let head = &answer[..end];
    let from = head.windows(LENGTH.len()).position(|some| some == LENGTH).expect("the answer says its length");
    let digits = head[from + LENGTH.len()..].iter().take_while(|byte| byte.is_ascii_digit());
    let length = digits.fold(0, |length, digit| length * 10 + usize::from(digit - b'0'));
    answer.len() >= end + 4 + length
}
