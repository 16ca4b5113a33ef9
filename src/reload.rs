//! SIGHUP: reads the settings again, and a running service applies what it can. A reload is all-or-nothing: with an
//! error anywhere, nothing changes. Secrets that an admin enters on the setup page are applied in the same way.

use std::{convert::Infallible, path::PathBuf};

use tokio::signal::unix::Signal;

use crate::{
    domain::toml_text::Problem,
    service::Service,
    settings::{self, Config, SettingsErrors, changes, unknown_books},
    setup::{Change, Refused},
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

    /// Reads them again whenever this process is asked to, and changes secrets whenever somebody requests it; never
    /// returns.
    pub async fn read_at(mut self, mut hangup: Signal, service: &Service) -> Infallible {
        loop {
            tokio::select! {
                heard = hangup.recv() => match heard {
                    Some(()) => self.read_reporting(service).await,
                    None => std::future::pending().await,
                },
                request = service.next_change() => {
                    let answer = self.change(request.change.clone(), &request.who, service);
                    request.answer(answer);
                }
            }
        }
    }

    async fn read_reporting(&mut self, service: &Service) {
        if let Err(problems) = self.read_again(service).await {
            for problem in &problems {
                tracing::error!(key = problem.key, "settings: {problem}");
            }
            let errors = problems.len();
            tracing::error!(errors, "the settings were read again and cannot be used; nothing was changed");
        }
    }

    /// Writes a secret that was entered, and applies it.
    fn change(&mut self, change: Change, who: &str, service: &Service) -> Result<(), Refused> {
        let secrets = &self.running.secrets;
        let Some(path) = secrets.file.clone().filter(|_| !change.is_overridden(secrets)) else {
            return Err(Refused::BySettings);
        };
        let wrong = |errors: SettingsErrors| Refused::Wrong(errors.into());
        let entered = settings::entered(&self.running).map_err(|problem| Refused::Wrong(vec![problem]))?;
        let what = change.what();
        let entered = change.onto(entered, &self.running, service.engine.now());
        let new = settings::load_with(entered.clone(), self.file.as_deref(), settings::environment()).map_err(wrong)?;
        entered.write(&path).map_err(|error| {
            tracing::error!("{} cannot be written: {error}", path.display());
            Refused::NotWritten(format!("{}: {error}", path.display()))
        })?;
        self.running = self.running.clone().taking_secrets(new);
        service.replace_secrets(&self.running);
        tracing::info!(actor = who, "changed on the setup page by {who}: {what}");
        Ok(())
    }

    async fn read_again(&mut self, service: &Service) -> Result<(), Vec<Problem>> {
        let new = settings::load_again(&self.running, self.file.as_deref(), settings::environment())?;
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
