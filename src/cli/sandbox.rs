//! `sandbox`: runs only the sandbox, for trying settings and a mapping.

use std::{convert::Infallible, net::SocketAddr, process::ExitCode, time::Duration};

use anyhow::Context;
use http::Method;
use reqwest::Url;

use super::{Failure, output::say};
use crate::{
    sandbox::{Options, Sandbox},
    service::{asked_to_stop, cannot_listen},
    wire::{HttpWire, Wire, WireRequest},
};

/// How soon after a change its webhook is sent.
const SEND_EVERY: Duration = Duration::from_secs(1);

/// How long sending a webhook may take.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);

pub(super) async fn sandbox(listen: SocketAddr, webhooks_to: Option<Url>) -> Result<ExitCode, Failure> {
    let asked_to_stop = asked_to_stop()?;
    let options = Options::with_sample_masters();
    let (token, secret) = (options.api_token.clone(), options.signature_secret.clone());
    let running =
        Sandbox::new(options).start(listen).await.map_err(|error| cannot_listen("--listen", listen, &error))?;
    if webhooks_to.is_some() {
        running.sandbox().register_webhooks();
    }
    let url = running.url();
    say!("The sandbox simulates Accurate at {url}. Settings for a book in it:\n");
    say!("[books.main]\naccount_url = \"{url}\"\napi_token = \"{token}\"\nsignature_secret = \"{secret}\"\n");
    say!("Its data and controls: {url}/sandbox   Press Ctrl-C to stop.");
    match webhooks_to {
        None => asked_to_stop.await,
        Some(to) => {
            let wire = HttpWire::new().context("the HTTP client could not be made")?;
            tokio::select! {
                () = asked_to_stop => {}
                never = send_webhooks(running.sandbox(), &to, &wire) => match never {},
            }
        }
    }
    running.stop().await;
    Ok(ExitCode::SUCCESS)
}

/// Sends a webhook for each change of an invoice, for seven days unless they are renewed.
async fn send_webhooks(sandbox: &Sandbox, to: &Url, wire: &HttpWire) -> Infallible {
    loop {
        for body in sandbox.take_webhooks() {
            let headers = vec![("content-type", "application/json".to_owned())];
            let body = Some(body.into());
            let request = WireRequest { method: Method::POST, url: to.clone(), headers, body, timeout: SEND_TIMEOUT };
            // One that does not arrive is lost; the history still shows it.
            let _ = wire.send(request).await;
        }
        tokio::time::sleep(SEND_EVERY).await;
    }
}
