//! Finds the settings file, and resolves the relative paths in it.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

/// Name of the settings file in the working directory, for commands without `--config`.
const USUAL: &str = "settings.toml";

/// The environment variable that names the settings file if `--config` does not.
pub const CONFIG_VARIABLE: &str = "FORSTOK_ACCURATE_CONFIG";

/// The settings file: the one given with `--config`, else the one named by [`CONFIG_VARIABLE`], else `settings.toml` in
/// the working directory if it exists. `None`: all settings come from the environment.
pub fn settings_file(given: Option<PathBuf>, variable: Option<OsString>) -> Option<PathBuf> {
    let named = given.or_else(|| variable.filter(|path| !path.is_empty()).map(PathBuf::from));
    let file = named.or_else(|| Some(PathBuf::from(USUAL)).filter(|path| path.exists()))?;
    // SIGHUP reads the file again, and messages name it: both need a path that does not depend on the working
    // directory.
    Some(absolute(file))
}

/// Resolves a path in the settings. Relative paths are resolved only from the settings file's folder, so that a file in
/// the working directory can never be used instead.
pub(super) fn beside_settings(folder: Option<&Path>, written: &str) -> PathBuf {
    absolute(folder.unwrap_or(Path::new("")).join(written))
}

/// The same as an absolute path.
pub fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn config_overrides_the_variable() {
        let file = |given: Option<&str>, variable: Option<&str>| {
            settings_file(given.map(PathBuf::from), variable.map(OsString::from))
        };
        assert_eq!(file(Some("/a.toml"), Some("/b.toml")), Some("/a.toml".into()));
        assert_eq!(file(None, Some("/b.toml")), Some("/b.toml".into()));
        let here = std::env::current_dir().expect("there is one");
        assert_eq!(file(Some("a.toml"), None), Some(here.join("a.toml")));
        // The repository has no settings.toml.
        assert_eq!(file(None, Some("")), None);
    }

    #[test]
    fn relative_paths_count_from_the_settings_folder() {
        assert_eq!(beside_settings(Some(Path::new("/etc/x")), "data/y.db"), Path::new("/etc/x/data/y.db"));
        assert_eq!(beside_settings(Some(Path::new("/etc/x")), "/var/y.db"), Path::new("/var/y.db"));
    }
}
