//! `health`: asks a running service whether it is alive, so that an image needs neither shell nor curl.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use anyhow::Context;
use axum::http::Method;

use super::Failure;
use crate::{
    accurate::wire::{HttpWire, Wire, WireRequest},
    config,
};

const PATIENCE: Duration = Duration::from_secs(3);

pub(super) async fn health(file: Option<PathBuf>) -> Result<ExitCode, Failure> {
    let mut address = config::load(file.as_deref(), std::env::vars())?.listen;
    if address.ip().is_unspecified() {
        address.set_ip([127, 0, 0, 1].into());
    }
    let url = format!("http://{address}/healthz").parse().context("the address of the service")?;
    let request = WireRequest { method: Method::GET, url, headers: Vec::new(), body: None, timeout: PATIENCE };
    let reply =
        HttpWire::new().context("the HTTP client")?.send(request).await.context("the service does not answer")?;
    println!("{}", String::from_utf8_lossy(&reply.body));
    Ok(if reply.status == 200 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
