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

    /// What a look-up shows without delay.
    pub(super) fn as_it_is(&self) -> Shown<'_, T> {
        self.before([])
    }

    /// What a look-up shows that does not see these changes, newest first: the id of each record, and its previous state
    /// if it existed.
    pub(super) fn before<'a>(&'a self, unseen: impl IntoIterator<Item = (i64, Option<&'a T>)>) -> Shown<'a, T> {
        Shown { register: self, before: unseen.into_iter().collect() }
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

/// The records of a register, some of them as they were before. The register itself is not copied: there may be a
/// hundred thousand records in it.
pub(super) struct Shown<'a, T> {
    register: &'a Register<T>,
    /// By id; `None` if the record did not exist.
    before: BTreeMap<i64, Option<&'a T>>,
}

impl<'a, T: Record> Shown<'a, T> {
    pub(super) fn with_id(&self, id: i64) -> Option<&'a T> {
        self.before.get(&id).copied().unwrap_or_else(|| self.register.with_id(id))
    }

    pub(super) fn get(&self, key: &str) -> Option<&'a T> {
        let is_it = |record: &&T| record.key() == key || self.register.ignores_case && same(record.key(), key);
        let unchanged = self.register.id_of(key).filter(|id| !self.before.contains_key(id));
        let unchanged = unchanged.and_then(|id| self.register.with_id(id));
        unchanged.or_else(|| self.before.values().flatten().copied().find(is_it))
    }

    /// All records by id.
    pub(super) fn all(&self) -> Box<dyn DoubleEndedIterator<Item = &'a T> + 'a> {
        self.between(i64::MIN, i64::MAX)
    }

    /// Those with ids from the first to the last of these.
    pub(super) fn between(&self, first: i64, last: i64) -> Box<dyn DoubleEndedIterator<Item = &'a T> + 'a> {
        if last < first {
            return Box::new(std::iter::empty());
        }
        let now = self.register.by_id.range(first..=last);
        if self.before.is_empty() {
            return Box::new(now.map(|(_, record)| record));
        }
        let mut shown: BTreeMap<_, _> = now.map(|(id, record)| (*id, record)).collect();
        for (id, before) in self.before.range(first..=last) {
            match before {
                Some(record) => shown.insert(*id, record),
                None => shown.remove(id),
            };
        }
        Box::new(shown.into_values())
    }
}

fn same(key: &str, other: &str) -> bool {
    key.to_lowercase() == other.to_lowercase()
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

    #[test]
    fn a_look_up_that_does_not_see_changes_shows_what_was_there_before_them() {
        let mut register = Register::new();
        for key in ["a", "b", "c"] {
            register.add(|_| key);
        }
        // The second is renamed, and renamed again; the third is deleted; a fourth is added.
        register.put(2, "x");
        register.put(2, "y");
        register.remove(3);
        register.add(|_| "d");
        assert_eq!(register.as_it_is().all().collect::<Vec<_>>(), [&"a", &"y", &"d"]);

        let unseen = [(4, None), (3, Some(&"c")), (2, Some(&"x")), (2, Some(&"b"))];
        let shown = register.before(unseen);
        assert_eq!(shown.all().collect::<Vec<_>>(), [&"a", &"b", &"c"]);
        assert_eq!(shown.all().rev().collect::<Vec<_>>(), [&"c", &"b", &"a"]);
        assert_eq!(shown.between(2, 4).collect::<Vec<_>>(), [&"b", &"c"]);
        assert_eq!(shown.between(4, 2).count(), 0);
        assert_eq!(["a", "b", "c"].map(|key| shown.get(key)), [Some(&"a"), Some(&"b"), Some(&"c")]);
        assert_eq!(["x", "y", "d", "B"].map(|key| shown.get(key)), [None; 4]);
        assert_eq!([1, 2, 3, 4].map(|id| shown.with_id(id)), [Some(&"a"), Some(&"b"), Some(&"c"), None]);

        register.ignores_case = true;
        assert_eq!(register.before(unseen).get("B"), Some(&"b"));
    }
}
