//! `openapi`: prints the content of `openapi.yaml`.

use std::process::ExitCode;

use super::{Failure, output::say};

pub(super) fn openapi() -> Result<ExitCode, Failure> {
    let yaml = crate::http::document_as_yaml().map_err(anyhow::Error::msg)?;
    say!("{}", yaml.trim_end_matches('\n'));
    Ok(ExitCode::SUCCESS)
}
