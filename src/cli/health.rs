//! `health`: asks a running service whether it is alive, so that an image needs neither shell nor curl.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use anyhow::Context;

use super::{Failure, output::say};
use crate::settings;

/// How long the service may take to answer.
const LONGEST_WAIT: Duration = Duration::from_secs(3);

pub(super) async fn health(file: Option<PathBuf>) -> Result<ExitCode, Failure> {
    // All other settings are ignored: an error that a running service has not loaded does not make it unhealthy.
    let mut address = settings::load_listen(file.as_deref(), settings::environment())?;
    if address.ip().is_unspecified() {
        address.set_ip([127, 0, 0, 1].into());
    }
    // Fails if one is already installed, which is fine.
    let _ = rustls::crypto::ring::default_provider().install_default();
    // The service is on this machine, where a proxy from the environment could not reach it.
    let client = reqwest::Client::builder().no_proxy().timeout(LONGEST_WAIT).build().context("the HTTP client")?;
    let url = format!("http://{address}/healthz");
    let response = client.get(url).send().await.context("the service does not answer")?;
    let healthy = response.status().is_success();
    say!("{}", response.text().await.context("the service's answer broke off")?);
    Ok(if healthy { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
