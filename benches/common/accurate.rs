//! The sandbox with its limits on, in this process or in a separate one.

use std::{
    io::{Read, Write},
    net::TcpStream,
    process::ExitCode,
};

use forstok_accurate::sandbox::{Options, Running, Sandbox};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

use super::bare::Beside;

/// The sandbox, on its own thread.
pub(crate) struct Accurate {
    running: Running,
    _runtime: Runtime,
}

impl Accurate {
    /// Starts the sandbox with all masters of the sample orders, 8 calls per second, 8 in flight, and no delay.
    pub(crate) fn start() -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime can be made");
        let sandbox = Sandbox::new(Options::with_sample_masters());
        let running = runtime.block_on(sandbox.start(([127, 0, 0, 1], 0).into())).expect("a port is free");
        Self { running, _runtime: runtime }
    }

    pub(crate) fn url(&self) -> String {
        self.running.url()
    }

    pub(crate) fn sandbox(&self) -> &Sandbox {
        self.running.sandbox()
    }
}

/// The sandbox in a separate process, so that it does not slow the load generator.
pub(crate) struct AccurateBeside(Beside);

impl AccurateBeside {
    /// The argument with which this executable runs as the sandbox.
    pub(crate) const ROLE: &str = "accurate";

    pub(crate) fn start() -> Self {
        Self(Beside::start(Self::ROLE))
    }

    pub(crate) fn url(&self) -> &str {
        &self.0.address
    }

    /// The number of invoices.
    pub(crate) fn invoices(&self) -> f64 {
        let address = self.url().trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).expect("it listens");
        let head = "GET /sandbox/stats HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        let mut answer = String::new();
        stream.write_all(head.as_bytes()).and_then(|()| stream.read_to_string(&mut answer)).expect("it answers");
        let (_, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
        let stats: Value = serde_json::from_str(body).expect("JSON");
        stats["invoices"].as_f64().expect("it counts them")
    }

    /// Runs the sandbox until this process is killed.
    pub(crate) fn serve() -> ExitCode {
        let accurate = Accurate::start();
        println!("{}", accurate.url());
        loop {
            std::thread::park();
        }
    }
}
