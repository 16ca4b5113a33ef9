//! SIGHUP: reads the settings again, and a running service applies what it can. A reload is all-or-nothing: with an
//! error anywhere, nothing changes.

use std::{convert::Infallible, path::PathBuf};

use tokio::signal::unix::Signal;

use crate::{
    domain::toml_text::Problem,
    service::Service,
    settings::{self, Config, changes, unknown_books},
    telemetry::{self, Log},
};

/// The settings of a running service, and where they came from.
pub struct Settings {
    file: Option<PathBuf>,
    log: Log,
    /// The active settings: those at startup, with all changes applied since.
    running: Config,
}

impl Settings {
    /// The settings with which the service was started.
    pub fn new(file: Option<PathBuf>, log: Log, running: Config) -> Self {
        Self { file, log, running }
    }

    /// Reads them again whenever this process is asked to; never returns.
    pub async fn read_at(mut self, mut hangup: Signal, service: &Service) -> Infallible {
        loop {
            if hangup.recv().await.is_none() {
                std::future::pending::<()>().await;
            }
            if let Err(problems) = self.read_again(service).await {
                for problem in &problems {
                    tracing::error!(key = problem.key, "settings: {problem}");
                }
                let mistakes = problems.len();
                tracing::error!(mistakes, "the settings were read again and cannot be used; nothing was changed");
            }
        }
    }

    async fn read_again(&mut self, service: &Service) -> Result<(), Vec<Problem>> {
        let new = settings::load(self.file.as_deref(), settings::environment())?;
        let filter = telemetry::filter(&new.log).map_err(|problem| vec![problem])?;
        if let Some(file) = &new.mapping {
            let known: Vec<_> = self.running.books.keys().cloned().collect();
            let unknown = unknown_books(&file.mapping, &known);
            if !unknown.is_empty() {
                return Err(unknown.into_iter().map(after_a_restart).collect());
            }
            // The only step that can fail, so it comes first.
            service.read_mapping_again(file).await.map_err(|error| {
                let (key, value) = ("mapping.file".to_owned(), Some(format!("\"{}\"", file.path.display())));
                vec![Problem { key, value, remedy: format!("{error:#}") }]
            })?;
        }
        for waiting in changes::after_restart(&self.running, &new) {
            tracing::warn!("settings: {waiting} takes effect at the next start");
        }
        let changed = changes::at_once(&self.running, &new);
        self.running = self.running.clone().taking_over(new);
        service.replace_secrets(&self.running);
        // Logged once, under whichever of the two filters lets it through.
        let heard = tracing::enabled!(tracing::Level::INFO);
        tell(&changed);
        self.log.set(filter);
        if !heard {
            tell(&changed);
        }
        Ok(())
    }
}

/// The book is in the settings now, but was not when the service started.
fn after_a_restart(problem: Problem) -> Problem {
    Problem { remedy: format!("{}; a new book takes effect at the next start", problem.remedy), ..problem }
}

fn tell(changed: &[String]) {
    let changed = changed.join(", ");
    if changed.is_empty() {
        tracing::info!("the settings were read again; none of them differs");
    } else {
        tracing::info!(changed, "the settings were read again; changed: {changed}");
    }
}
