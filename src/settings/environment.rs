//! Settings from environment variables, with the variable that each setting came from.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::ENV_PREFIX;
use crate::domain::toml_text::{Problem, Problems, path_within};

/// The environment variable of each key that was set by one.
#[derive(Debug, Default)]
pub(super) struct Origins {
    /// Keys with a value.
    keys: BTreeMap<String, String>,
    /// Sections that contain only variables, with the first of these variables.
    sections: BTreeMap<String, String>,
}

impl Origins {
    /// The variable that a key's value came from.
    pub(super) fn variable(&self, key: &str) -> Option<&str> {
        self.keys.get(key).map(String::as_str)
    }

    /// The same error with the name of the variable that the value came from, because the key is not in the file.
    pub(super) fn named(&self, problem: Problem) -> Problem {
        match self.keys.get(&problem.key).or_else(|| self.sections.get(&problem.key)) {
            Some(variable) => Problem { key: variable.clone(), ..problem },
            None => problem,
        }
    }
}

/// The environment variables of this process. A variable that is not Unicode cannot be a setting.
pub fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

/// Overrides `database.url` with `FORSTOK_ACCURATE_DATABASE__URL=…`.
pub(super) fn overlay(
    table: &mut Table,
    environment: impl IntoIterator<Item = (String, String)>,
    problems: &Problems,
) -> Origins {
    // Every setting is in a section, so its variable contains `__`; Kubernetes sets variables such as
    // FORSTOK_ACCURATE_SERVICE_HOST.
    let setting = |name: &str| name.strip_prefix(ENV_PREFIX).filter(|path| path.contains("__")).map(str::to_lowercase);
    let given = environment.into_iter().filter_map(|(name, value)| Some((setting(&name)?, (name, value))));
    let given: BTreeMap<_, _> = given.collect();
    let mut origins = Origins::default();
    'variables: for (path, (name, value)) in &given {
        let mut parts: Vec<_> = path.split("__").collect();
        let Some(last) = parts.pop() else { continue };
        let mut place = &mut *table;
        let mut section = String::new();
        for part in parts {
            let key = spelled_as_in(place, part);
            section = path_within(&section, &key);
            let next = place.entry(key).or_insert_with(|| {
                origins.sections.insert(section.clone(), name.clone());
                Value::Table(Table::new())
            });
            let Some(inner) = next.as_table_mut() else {
                problems.add(name, None, format!("{part} is a value in the settings file, not a table"));
                continue 'variables;
            };
            place = inner;
        }
        // A secret from the environment overrides one in the file, whether given directly or as a file.
        if !given.contains_key(&format!("{path}_file")) {
            place.remove(&format!("{last}_file"));
        }
        if let (Some(secret), Some(path)) = (last.strip_suffix("_file"), path.strip_suffix("_file"))
            && !given.contains_key(path)
        {
            place.remove(secret);
        }
        let key = spelled_as_in(place, last);
        origins.keys.insert(path_within(&section, &key), name.clone());
        place.insert(key, Value::String(value.clone()));
    }
    origins
}

/// Names of books may contain capitals, which an environment variable cannot express.
fn spelled_as_in(table: &Table, key: &str) -> String {
    table.keys().find(|known| known.to_lowercase() == key).cloned().unwrap_or_else(|| key.to_owned())
}
