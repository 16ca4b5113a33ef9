//! `sandbox`: runs only the sandbox, for trying settings and a mapping.

use std::{net::SocketAddr, process::ExitCode};

use super::{Failure, output::say};
use crate::{
    sandbox::{Options, Sandbox},
    service::{asked_to_stop, cannot_listen},
};

pub(super) async fn sandbox(listen: SocketAddr) -> Result<ExitCode, Failure> {
    let asked_to_stop = asked_to_stop()?;
    let options = Options::with_sample_masters();
    let (token, secret) = (options.api_token.clone(), options.signature_secret.clone());
    let running =
        Sandbox::new(options).start(listen).await.map_err(|error| cannot_listen("--listen", listen, &error))?;
    let url = running.url();
    say!("The sandbox simulates Accurate at {url}. Settings for a book in it:\n");
    say!("[books.main]\naccount_url = \"{url}\"\napi_token = \"{token}\"\nsignature_secret = \"{secret}\"\n");
    say!("Its data and controls: {url}/sandbox   Press Ctrl-C to stop.");
    asked_to_stop.await;
    running.stop().await;
    Ok(ExitCode::SUCCESS)
}
