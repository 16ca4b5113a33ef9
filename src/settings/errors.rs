//! The errors in the settings, separate from those in the mapping file.

use std::path::{Path, PathBuf};

use crate::domain::toml_text::Problem;

/// All errors that were found. When used as an error, at least one list is not empty.
#[derive(Debug)]
pub struct SettingsErrors {
    /// The settings file; `None` if all settings came from the environment.
    pub file: Option<PathBuf>,
    /// Errors in the settings.
    pub settings: Vec<Problem>,
    /// The mapping file, and the errors in it.
    pub mapping: Option<(PathBuf, Vec<Problem>)>,
}

impl SettingsErrors {
    /// These errors in the settings, and none in the mapping.
    pub fn in_settings(file: Option<&Path>, settings: Vec<Problem>) -> Self {
        Self { file: file.map(Path::to_path_buf), settings, mapping: None }
    }

    /// Whether there are no errors.
    pub(super) fn is_empty(&self) -> bool {
        self.settings.is_empty() && self.mapping.is_none()
    }
}

impl From<SettingsErrors> for Vec<Problem> {
    /// All of them; an error in the mapping has the file's name before the key.
    fn from(errors: SettingsErrors) -> Self {
        let (path, in_mapping) = errors.mapping.unwrap_or_default();
        let named = |problem: Problem| Problem { key: format!("{}: {}", path.display(), problem.key), ..problem };
        errors.settings.into_iter().chain(in_mapping.into_iter().map(named)).collect()
    }
}
