//! What is wrong with the settings, apart from what is wrong with the mapping file that they name.

use std::path::{Path, PathBuf};

use crate::domain::document::Problem;

/// Every mistake that was found. As an error, at least one list is not empty.
#[derive(Debug)]
pub struct Mistakes {
    /// The settings file; `None` when all settings came from the environment.
    pub file: Option<PathBuf>,
    /// In the settings.
    pub settings: Vec<Problem>,
    /// The mapping file, and what is wrong with it.
    pub mapping: Option<(PathBuf, Vec<Problem>)>,
}

impl Mistakes {
    /// These in the settings, none in the mapping.
    pub fn in_settings(file: Option<&Path>, settings: Vec<Problem>) -> Self {
        Self { file: file.map(Path::to_path_buf), settings, mapping: None }
    }

    /// Whether nothing is wrong.
    pub(super) fn is_empty(&self) -> bool {
        self.settings.is_empty() && self.mapping.is_none()
    }
}

impl From<Mistakes> for Vec<Problem> {
    /// All of them, each one of the mapping with its file before the key.
    fn from(mistakes: Mistakes) -> Self {
        let (path, in_mapping) = mistakes.mapping.unwrap_or_default();
        let named = |problem: Problem| Problem { key: format!("{}: {}", path.display(), problem.key), ..problem };
        mistakes.settings.into_iter().chain(in_mapping.into_iter().map(named)).collect()
    }
}
