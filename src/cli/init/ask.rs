//! Questions in a terminal.

use std::io::IsTerminal;

use console::Term;
use secrecy::SecretString;

use super::choices::Choices;
use crate::{
    cli::{
        Failure,
        output::{complain, paragraph},
    },
    domain::toml_text::Problem,
};

/// Choices that are listed; a longer list would scroll the question away.
const MOST_LISTED: usize = 15;

/// Asks, if there is a terminal and somebody wants to be asked.
pub(super) struct Asker(Option<Term>);

impl Asker {
    /// Asks at the terminal, if there is one.
    pub(super) fn at_terminal() -> Self {
        let can_ask = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        Self(can_ask.then(Term::stderr))
    }

    /// Asks nothing: every default is right.
    pub(super) fn with_defaults() -> Self {
        Self(None)
    }

    pub(super) fn asks(&self) -> bool {
        self.0.is_some()
    }

    /// Says something to the person who is asked.
    pub(super) fn tell(&self, words: &str) {
        if self.asks() {
            complain!("{}", paragraph("", words));
        }
    }

    /// The given answer, else the person's, else the default. A given answer that cannot be used is an error; a person
    /// is asked again.
    pub(super) fn ask(
        &self,
        given: Option<String>,
        question: &str,
        default: &str,
        read: impl Fn(&str) -> Result<String, String>,
    ) -> Result<String, Failure> {
        self.ask_with(given, question, default, &[], read)
    }

    /// The same with choices, which are listed below the question. An empty answer without a default is taken. What was
    /// given has been examined before.
    pub(super) fn choose(
        &self,
        given: Option<String>,
        question: &str,
        default: &str,
        choices: &Choices,
    ) -> Result<String, Failure> {
        if let Some(given) = given {
            return Ok(given);
        }
        self.ask_with(None, question, default, &choices.offered, |text| match text {
            "" => Ok(String::new()),
            text => choices.examine(text).map(|()| text.to_owned()),
        })
    }

    fn ask_with(
        &self,
        given: Option<String>,
        question: &str,
        default: &str,
        choices: &[(String, String)],
        read: impl Fn(&str) -> Result<String, String>,
    ) -> Result<String, Failure> {
        let wrong = |value: &str, remedy| {
            Failure::Arguments(vec![Problem { key: question.to_owned(), value: Some(value.to_owned()), remedy }])
        };
        if let Some(given) = given {
            return read(&given).map_err(|remedy| wrong(&given, remedy));
        }
        let Some(term) = &self.0 else { return read(default).map_err(|remedy| wrong(default, remedy)) };
        loop {
            let shown = if default.is_empty() { String::new() } else { format!(" [{default}]") };
            complain!("");
            complain!("{}", paragraph("", &format!("{question}{shown}:")));
            for (value, name) in choices.iter().take(MOST_LISTED) {
                complain!("  {value}  {name}");
            }
            if choices.len() > MOST_LISTED {
                complain!("  … and {} more", choices.len() - MOST_LISTED);
            }
            let answer = term.read_line().map_err(anyhow::Error::from)?;
            let answer = match answer.trim() {
                "" => default,
                answer => answer,
            };
            match read(answer) {
                Ok(answer) => return Ok(answer),
                Err(remedy) => complain!("{}", paragraph("", &format!("This {remedy}."))),
            }
        }
    }

    /// A secret, which is not shown while it is typed. It has no default.
    pub(super) fn ask_secret(&self, question: &str) -> Result<SecretString, Failure> {
        let Some(term) = &self.0 else {
            let remedy = "is missing: give it in a file".to_owned();
            return Err(Failure::Arguments(vec![Problem { key: question.to_owned(), value: None, remedy }]));
        };
        loop {
            complain!("");
            complain!("{}", paragraph("", &format!("{question}:")));
            let secret = term.read_secure_line().map_err(anyhow::Error::from)?;
            if !secret.trim().is_empty() {
                return Ok(secret.trim().into());
            }
        }
    }
}
