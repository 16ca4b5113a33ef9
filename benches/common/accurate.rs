//! The sandbox, with its limits on: in this process or beside it.

use std::{
    io::{Read, Write},
    net::TcpStream,
    process::ExitCode,
};

use forstok_accurate::sandbox::{Options, Running, Sandbox};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

use super::bare::Beside;

/// The sandbox, on a thread of its own.
pub(crate) struct Accurate {
    running: Running,
    _runtime: Runtime,
}

impl Accurate {
    /// All masters of the sample orders, 8 calls a second, 8 in flight, no delay.
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

/// The same in a process of its own, so that its work is not the load generator's.
pub(crate) struct AccurateBeside(Beside);

impl AccurateBeside {
    /// The role that this executable plays when it is started as this process.
    pub(crate) const ROLE: &str = "accurate";

    pub(crate) fn start() -> Self {
        Self(Beside::start(Self::ROLE))
    }

    pub(crate) fn url(&self) -> &str {
        &self.0.address
    }

    /// How many invoices there are.
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

    /// Is the sandbox until it is killed.
    pub(crate) fn serve() -> ExitCode {
        let accurate = Accurate::start();
        println!("{}", accurate.url());
        loop {
            std::thread::park();
        }
    }
}
