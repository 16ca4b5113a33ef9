//! `serve`: receives webhooks and creates invoices until it is asked to stop.

use std::{net::SocketAddr, path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::Context;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

use super::Failure;
use crate::{
    clock::{SharedClock, SystemClock},
    reload::Settings,
    service::{Listeners, Service, asked_to_stop, cannot_listen},
    settings::{self, SettingsErrors},
    telemetry,
    traces::{Destination, Exporter, Recorder},
};

/// `SIGXFSZ` on Linux: a file exceeded the size limit (`ulimit -f`).
const FILE_TOO_LARGE: i32 = 25;

pub(super) async fn serve(file: Option<PathBuf>) -> Result<ExitCode, Failure> {
    let config = settings::load_to_serve(file.as_deref(), settings::environment())?;
    let clock: SharedClock = Arc::new(SystemClock);
    // Traces are for whoever watches the service: an error in their variables must not stop it.
    let (destination, no_traces) = match Destination::of(settings::environment()) {
        Ok(destination) => (destination, None),
        Err(problem) => (None, Some(problem)),
    };
    let collector = destination.as_ref().map(Destination::host);
    let (recorder, exporter) = match destination {
        Some(destination) => {
            let (recorder, exporter) = destination.open(clock);
            (recorder, Some(exporter))
        }
        None => (Recorder::handing_on(clock), None),
    };
    let log = telemetry::log(&config.log, recorder)
        .map_err(|problem| SettingsErrors::in_settings(file.as_deref(), vec![problem]))?;
    let sending = exporter.map(Exporter::start).transpose().map_err(anyhow::Error::msg)?;
    if let Some(problem) = no_traces {
        tracing::warn!("no traces are sent: {problem}");
    }
    if let Some(collector) = collector {
        tracing::info!(%collector, "traces are sent to {collector}");
    }
    let metrics = telemetry::metrics().map_err(anyhow::Error::msg)?;
    let asked_to_stop = asked_to_stop()?;
    // From here on SIGHUP no longer ends the process; a signal that arrives before the service runs is handled
    // afterwards.
    let hangup = signal(SignalKind::hangup()).context("the handler for SIGHUP cannot be installed")?;
    // A file that may not grow further is a failed write, answered with 503, not the end of the process.
    let _ = signal(SignalKind::from_raw(FILE_TOO_LARGE));
    let public = listen("server.listen", config.listen).await?;
    let address = public.local_addr().context("the listening address is not known")?;
    let operators = match config.operator_listen {
        Some(address) => Some(listen("server.operator_listen", address).await?),
        None => None,
    };
    let pages = operators.as_ref().unwrap_or(&public).local_addr().context("the listening address is not known")?;
    if config.operator_token.is_none() && config.operators.is_empty() {
        tracing::warn!("neither server.operator_token nor [operators] is set: the pages and /v1 are closed");
    }
    let shown = file.as_ref().map_or("the environment".to_owned(), |file| file.display().to_string());
    tracing::info!(settings = shown, database = %config.database, "settings {shown}, database {}", config.database);
    let must_be_set_up = config.lacks_secrets();
    let settings = Settings::new(file, log, config.clone());
    let service = Service::start(config, Listeners { public, operators }, metrics).await?;
    tracing::info!(%address, "webhooks are accepted at http://{address}/webhooks/forstok");
    tracing::info!(address = %pages, "the pages and /v1 are at http://{pages}/");
    if must_be_set_up {
        tracing::warn!("secrets are missing: sign in at http://{pages}/setup to set the service up");
    }
    tokio::select! {
        () = asked_to_stop => {}
        never = settings.read_at(hangup, &service) => match never {},
    }
    tracing::info!("asked to stop: no new work is accepted, calls in flight end");
    service.stop().await;
    if let Some(sending) = sending {
        sending.stop().await;
    }
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

async fn listen(key: &str, address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| cannot_listen(key, address, &error))
}
