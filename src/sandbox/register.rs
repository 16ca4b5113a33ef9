//! Records of one kind, found by id and by number or name.

use std::collections::{BTreeMap, HashMap};

/// A record in a register.
pub(super) trait Record {
    /// Its number or name; unique in its register.
    fn key(&self) -> &str;
}

/// Records of one kind. The time to find one does not depend on their number.
#[derive(Debug, Clone)]
pub(super) struct Register<T> {
    by_id: BTreeMap<i64, T>,
    /// By key in lower case.
    ids: HashMap<String, Vec<i64>>,
    /// Ids are never reused, even after a deletion.
    pub(super) last_id: i64,
    /// Whether keys that differ only in case are the same key.
    pub(super) ignores_case: bool,
}

impl<T: Record> Register<T> {
    pub(super) fn new() -> Self {
        Self { by_id: BTreeMap::new(), ids: HashMap::new(), last_id: 0, ignores_case: false }
    }

    /// Adds a record, built with the next id; a record with the same key is replaced.
    pub(super) fn add(&mut self, make: impl FnOnce(i64) -> T) -> &T {
        self.last_id += 1;
        let id = self.last_id;
        let record = make(id);
        if let Some(replaced) = self.id_of(record.key()) {
            self.remove(replaced);
        }
        self.put(id, record)
    }

    /// Inserts a record under its own id; a record with that id is replaced.
    pub(super) fn put(&mut self, id: i64, record: T) -> &T {
        self.remove(id);
        self.ids.entry(record.key().to_lowercase()).or_default().push(id);
        self.by_id.entry(id).or_insert(record)
    }

    fn id_of(&self, key: &str) -> Option<i64> {
        let is_it = |id: &i64| self.ignores_case || self.by_id.get(id).is_some_and(|record| record.key() == key);
        self.ids.get(&key.to_lowercase())?.iter().copied().find(is_it)
    }

    pub(super) fn get(&self, key: &str) -> Option<&T> {
        self.by_id.get(&self.id_of(key)?)
    }

    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut T> {
        self.by_id.get_mut(&self.id_of(key)?)
    }

    /// Those with ids from the first to the last of these.
    pub(super) fn between(&self, first: i64, last: i64) -> impl Iterator<Item = &T> {
        self.by_id.range(first..=last.max(first)).map(|(_, record)| record).filter(move |_| first <= last)
    }

    pub(super) fn with_id(&self, id: i64) -> Option<&T> {
        self.by_id.get(&id)
    }

    pub(super) fn remove(&mut self, id: i64) -> Option<T> {
        let removed = self.by_id.remove(&id)?;
        let key = removed.key().to_lowercase();
        if let Some(ids) = self.ids.get_mut(&key) {
            ids.retain(|known| *known != id);
            if ids.is_empty() {
                self.ids.remove(&key);
            }
        }
        Some(removed)
    }

    pub(super) fn holds(&self, key: &str) -> bool {
        self.id_of(key).is_some()
    }

    /// All records by id.
    pub(super) fn all(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.by_id.values()
    }

    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Record for &str {
        fn key(&self) -> &str {
            self
        }
    }

    #[test]
    fn letter_case_tells_keys_apart_unless_it_is_ignored() {
        let mut register = Register::new();
        register.add(|_| "tok-1");
        register.add(|_| "TOK-1");
        assert_eq!((register.get("TOK-1"), register.get("Tok-1")), (Some(&"TOK-1"), None));
        register.ignores_case = true;
        assert_eq!(register.get("Tok-1"), Some(&"tok-1"));
        register.remove(1);
        assert_eq!(register.get("Tok-1"), Some(&"TOK-1"));
        register.add(|_| "Tok-1");
        assert_eq!(register.all().collect::<Vec<_>>(), [&"Tok-1"], "the same key is replaced");
    }
}
