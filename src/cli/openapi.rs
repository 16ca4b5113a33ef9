//! `openapi`: prints the document that `openapi.yaml` holds.

use std::process::ExitCode;

use anyhow::Context;

use super::{Failure, output::say};

pub(super) fn openapi() -> Result<ExitCode, Failure> {
    let yaml = crate::http::document().to_yaml().context("the document cannot be written as YAML")?;
    say!("{}", yaml.trim_end_matches('\n'));
    Ok(ExitCode::SUCCESS)
}
