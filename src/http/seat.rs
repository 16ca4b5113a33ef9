//! One connection's place among all: it notes whether we wait for its sender or he for us.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{Router, body::Body, extract::Request, response::Response};
use hyper::{
    body::{Body as HttpBody, Bytes, Frame, Incoming, SizeHint},
    service::Service,
};
use hyper_util::service::TowerToHyperService;

use super::{origin::Peer, patience::Patient};

/// Serves one request, and notes whose turn it is: the sender's until the request is there as a whole, and again
/// once it is answered.
pub(super) async fn serve(
    router: Router,
    sender: Arc<Patient>,
    peer: Peer,
    request: Request<Incoming>,
) -> hyper::Result<Response> {
    let mut request = request.map(|body| Body::new(Noted::new(body, sender.clone())));
    request.extensions_mut().insert(peer);
    let response = TowerToHyperService::new(router).call(request).await;
    sender.is_waited_for();
    Ok(response.unwrap_or_else(|never| match never {}))
}

/// A body that notes when it has arrived.
struct Noted {
    body: Incoming,
    sender: Arc<Patient>,
}

impl Noted {
    fn new(body: Incoming, sender: Arc<Patient>) -> Self {
        if body.is_end_stream() {
            sender.waits();
        } else {
            sender.is_waited_for();
        }
        Self { body, sender }
    }
}

impl HttpBody for Noted {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        // A body in one piece is not asked for its end.
        if polled.is_ready() && self.body.is_end_stream() {
            self.sender.waits();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
