//! An open load: requests are due at fixed times, whether or not earlier ones were answered, as if independent senders
//! sent them. A latency counts from the time at which a request was due, so it includes waiting for a free connection.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use super::{
    load::{LONGEST_ANSWER, is_whole},
    report::millis,
};

/// Threads with one connection each: more than ever wait for an answer at the same time.
const CONNECTIONS: usize = 64;

/// Sends every request once, at this rate; returns the latencies in milliseconds. Panics at an answer that is not HTTP
/// 200 for a new delivery.
pub(crate) fn run(address: SocketAddr, per_second: f64, requests: &[Box<[u8]>]) -> Vec<f64> {
    let next = AtomicUsize::new(0);
    let streams: Vec<_> = (0..CONNECTIONS).map(|_| connect(address)).collect();
    let started = Instant::now();
    let due = |nth: usize| started + Duration::from_secs_f64(nth as f64 / per_second);
    std::thread::scope(|scope| {
        let send = |mut stream: TcpStream| {
            let next = &next;
            scope.spawn(move || {
                let mut latencies = Vec::new();
                loop {
                    let nth = next.fetch_add(1, Ordering::Relaxed);
                    let Some(request) = requests.get(nth) else { return latencies };
                    std::thread::sleep(due(nth).saturating_duration_since(Instant::now()));
                    let answer = exchange(&mut stream, request).expect("the connection holds");
                    latencies.push(millis(due(nth).elapsed()));
                    let is_right = answer.starts_with("HTTP/1.1 200 ") && answer.contains(r#""delivery":"accepted""#);
                    assert!(is_right, "request {nth} was answered: {answer}");
                }
            })
        };
        let sending: Vec<_> = streams.into_iter().map(send).collect();
        sending.into_iter().flat_map(|thread| thread.join().expect("every answer is as it must be")).collect()
    })
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("it listens");
    stream.set_nodelay(true).expect("a connection takes the option");
    stream
}

fn exchange(stream: &mut TcpStream, request: &[u8]) -> io::Result<String> {
    stream.write_all(request)?;
    let (mut answer, mut piece) = (Vec::new(), [0; LONGEST_ANSWER]);
    while !is_whole(&answer) {
        match stream.read(&mut piece)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            length => answer.extend_from_slice(&piece[..length]),
        }
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
