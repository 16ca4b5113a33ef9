//! A bare axum handler in a separate process: the upper limit for any service on axum.

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, ExitCode, Stdio},
};

use axum::{Router, body::Bytes, http::header, response::IntoResponse, routing::post};

/// The answer, of the same length as the real one.
const ANSWER: &str =
    r#"{"message":"Success","order_id":"300000000","delivery":"accepted","state":"received","invoice":null}"#;

/// Another process of this executable, in a different role. It prints its address, and is killed when this is dropped.
pub(crate) struct Beside {
    child: Child,
    pub(crate) address: String,
}

impl Beside {
    /// Starts this executable with the argument `--{role}`.
    pub(crate) fn start(role: &str) -> Self {
        Self::start_with(role, "")
    }

    /// Starts this executable with the arguments `--{role} {value}`.
    pub(crate) fn start_with(role: &str, value: &str) -> Self {
        let this = std::env::current_exe().expect("this executable has a path");
        let mut child = Command::new(this)
            .arg(format!("--{role}"))
            .arg(value)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this executable starts again");
        let mut line = String::new();
        let printed = child.stdout.take().expect("standard output is piped");
        BufReader::new(printed).read_line(&mut line).expect("it prints its address");
        Self { child, address: line.trim().to_owned() }
    }

    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        // Both fail if the process has already ended, which is fine.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The bare handler.
pub(crate) struct Bare(Beside);

impl Bare {
    /// The argument with which this executable runs as the bare handler.
    pub(crate) const ROLE: &str = "bare";

    pub(crate) fn start() -> Self {
        Self(Beside::start(Self::ROLE))
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.0.address.parse().expect("it prints its address")
    }

    /// Reads each body and answers with a constant, until it is killed.
    pub(crate) fn serve() -> ExitCode {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime can be made");
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a port is free");
            println!("{}", listener.local_addr().expect("it listens"));
            let routes = Router::new().route("/webhooks/forstok", post(read_only));
            axum::serve(listener, routes).await.expect("it serves until it is killed");
        });
        ExitCode::SUCCESS
    }
}

async fn read_only(body: Bytes) -> impl IntoResponse {
    assert!(!body.is_empty());
    ([(header::CONTENT_TYPE, "application/json")], ANSWER)
}
