//! The HTTP shell around the core.

use std::{io, net::SocketAddr, time::Duration};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{ConnectInfo, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use tokio::task::JoinHandle;

use super::{
    Acted, Admission, Answer, Host, Plan, Request, Sandbox, Ticket, control, forstok,
    socket::{Connections, Cut, CuttableListener},
};

/// Largest body that is read, in bytes: a bulk of a hundred long invoices is far below.
const LARGEST_BODY: usize = 32 * 1024 * 1024;

/// A sandbox that listens. It stops when this value is dropped.
#[derive(Debug)]
pub struct Running {
    sandbox: Sandbox,
    first: SocketAddr,
    second: SocketAddr,
    connections: Connections,
    serving: Vec<JoinHandle<()>>,
}

impl Running {
    /// Its address, such as `http://127.0.0.1:4000`: discovery, control routes, and at first the database.
    pub fn url(&self) -> String {
        format!("http://{}", self.first)
    }

    /// The address of the database after a move.
    pub fn moved_url(&self) -> String {
        format!("http://{}", self.second)
    }

    /// The socket address of [`Running::url`].
    pub fn address(&self) -> SocketAddr {
        self.first
    }

    /// The sandbox.
    pub fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// Closes all connections and both ports; the ports are free when this returns.
    pub async fn stop(mut self) {
        let serving = std::mem::take(&mut self.serving);
        for task in &serving {
            task.abort();
        }
        for task in serving {
            // The only possible error is that the task was aborted, as intended.
            let _ = task.await;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        for task in &self.serving {
            task.abort();
        }
        self.connections.cut_all();
    }
}

pub(super) async fn start(sandbox: Sandbox, listen: SocketAddr) -> io::Result<Running> {
    let connections = Connections::default();
    let bind = |address| CuttableListener::bind(address, connections.clone(), sandbox.refusing());
    let first = bind(listen).await?;
    let second = bind(SocketAddr::new(listen.ip(), 0)).await?;
    let mut running = Running {
        first: first.address(),
        second: second.address(),
        connections: connections.clone(),
        serving: Vec::new(),
        sandbox: sandbox.clone(),
    };
    sandbox.core().set_urls(running.url(), running.moved_url());
    for (listener, host) in [(first, Host::First), (second, Host::Second)] {
        running.serving.push(tokio::spawn(serve(listener, Door { sandbox: sandbox.clone(), host })));
    }
    Ok(running)
}

/// One of the two addresses.
#[derive(Debug, Clone)]
struct Door {
    sandbox: Sandbox,
    host: Host,
}

async fn serve(listener: CuttableListener, door: Door) {
    let routes = Router::new()
        .nest("/sandbox", control::routes(door.sandbox.clone()))
        .nest("/forstok", forstok::routes(door.sandbox.forstok().clone()))
        .fallback(call)
        .with_state(door)
        .into_make_service_with_connect_info::<Cut>();
    // The server ends only by being aborted; errors of single connections are handled where they are accepted.
    let _ = axum::serve(listener, routes).await;
}

/// Handles any call to Accurate.
async fn call(
    State(door): State<Door>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    incoming: axum::extract::Request,
) -> Response {
    let (parts, body) = incoming.into_parts();
    let Ok(body) = to_bytes(body, LARGEST_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let request = Request {
        host: door.host,
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        body,
    };
    let Admission { ticket, plan } = door.sandbox.begin(&request, door.sandbox.now());
    let _in_flight = InFlight { sandbox: door.sandbox.clone(), ticket: Some(ticket) };
    let acted = act(&door.sandbox, plan, request).await;
    if !acted.delay.is_zero() {
        tokio::time::sleep(acted.delay).await;
    }
    match acted.answer {
        Answer::Reply { status, headers, body } => {
            let mut response = Response::new(Body::from(body));
            *response.status_mut() = status;
            *response.headers_mut() = headers;
            response
        }
        Answer::Dropped => {
            cut.cut();
            // Hyper tries to write this and finds the connection closed.
            StatusCode::OK.into_response()
        }
    }
}

/// Carries out the call when its time has come. A delayed call has a task of its own, because it is carried out even if
/// the caller disconnects, which drops this handler.
async fn act(sandbox: &Sandbox, plan: Plan, request: Request) -> Acted {
    if plan.wait.is_zero() {
        return sandbox.act(&plan, &request, sandbox.now());
    }
    let own = sandbox.clone();
    let work = tokio::spawn(async move {
        tokio::time::sleep(plan.wait).await;
        own.act(&plan, &request, own.now())
    });
    work.await.unwrap_or_else(|_| {
        tracing::error!("the sandbox panicked while it handled a call; the call's connection is closed");
        Acted { answer: Answer::Dropped, delay: Duration::ZERO, changed: false }
    })
}

/// A call is in flight until its reply is delivered or its caller disconnects; in both cases this value is dropped.
struct InFlight {
    sandbox: Sandbox,
    ticket: Option<Ticket>,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.sandbox.finish(ticket);
        }
    }
}
