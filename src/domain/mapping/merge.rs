//! Merges the changes of two people who edited the same mapping.

use toml::{Table, Value};

/// Two edits of one mapping, merged.
#[derive(Clone, Debug, PartialEq)]
pub struct Merged {
    /// Their mapping with my changes.
    pub table: Table,
    /// Settings that both changed, differently. The merged table has my value.
    pub conflicts: Vec<Conflict>,
}

/// A setting that both changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The path of its key, part by part.
    pub path: Vec<String>,
    /// Their value; empty if they removed it.
    pub theirs: String,
}

/// Applies what `mine` changed in `base` to `theirs`.
pub fn merge(base: &Table, theirs: &Table, mine: &Table) -> Merged {
    let mut merged = Merged { table: theirs.clone(), conflicts: Vec::new() };
    merge_at(&mut Vec::new(), (base, theirs, mine), &mut merged);
    merged
}

fn merge_at(path: &mut Vec<String>, (base, theirs, mine): (&Table, &Table, &Table), merged: &mut Merged) {
    let empty = Table::new();
    let mut keys: Vec<_> = base.keys().chain(mine.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    for key in keys {
        let (old, other, new) = (base.get(key), theirs.get(key), mine.get(key));
        if old == new {
            continue;
        }
        path.push(key.clone());
        if [old, other, new].into_iter().flatten().any(Value::is_table) && new.is_some() {
            let table = |value: Option<&Value>| value.and_then(Value::as_table).unwrap_or(&empty).clone();
            let (old, other, new) = (table(old), table(other), table(new));
            set(&mut merged.table, path, |parent, key| {
                parent.entry(key).or_insert_with(|| Value::Table(Table::new()));
            });
            merge_at(path, (&old, &other, &new), merged);
        } else {
            if other != old && other != new {
                let theirs = other.map(shown).unwrap_or_default();
                merged.conflicts.push(Conflict { path: path.clone(), theirs });
            }
            set(&mut merged.table, path, |parent, key| {
                match new {
                    Some(value) => parent.insert(key.to_owned(), value.clone()),
                    None => parent.remove(key),
                };
            });
        }
        path.pop();
    }
}

/// Changes what the table at the end of a path holds under its last key; tables on the way are added.
fn set(table: &mut Table, path: &[String], change: impl FnOnce(&mut Table, &str)) {
    match path {
        [] => {}
        [key] => change(table, key),
        [key, rest @ ..] => {
            let inner = table.entry(key.clone()).or_insert_with(|| Value::Table(Table::new()));
            if let Some(inner) = inner.as_table_mut() {
                set(inner, rest, change);
            }
        }
    }
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Table {
        text.parse().expect("TOML")
    }

    const BASE: &str = "
        bundles = 'parent'
        [accounts]
        shipping = '1'
        [stores.7]
        branch = 'A'
        [stores.8]
        branch = 'B'
    ";

    #[test]
    fn changes_of_different_settings_are_both_kept() {
        let theirs = table(&BASE.replace("'A'", "'A2'").replace("shipping = '1'", "voucher_seller = '9'"));
        let mine = table(&BASE.replace("'B'", "'B2'").replace("'parent'", "'children'"));
        let merged = merge(&table(BASE), &theirs, &mine);
        assert_eq!(merged.conflicts, []);
        let both = BASE.replace("'A'", "'A2'").replace("'B'", "'B2'").replace("'parent'", "'children'");
        assert_eq!(merged.table, table(&both.replace("shipping = '1'", "voucher_seller = '9'")));
    }

    #[test]
    fn a_setting_that_both_changed_differently_is_named_and_mine_stays() {
        let theirs = table(&BASE.replace("'A'", "'A2'").replace("'1'", "'2'"));
        let mine = table(&BASE.replace("'A'", "'A3'").replace("'1'", "'2'"));
        let merged = merge(&table(BASE), &theirs, &mine);
        let path = ["stores", "7", "branch"].map(str::to_owned).to_vec();
        assert_eq!(merged.conflicts, [Conflict { path, theirs: "A2".to_owned() }], "the same change is no conflict");
        assert_eq!(merged.table["stores"]["7"]["branch"].as_str(), Some("A3"));
    }

    #[test]
    fn a_store_that_they_added_stays_and_one_that_i_removed_goes() {
        let theirs = table(&format!("{BASE}\n[stores.9]\nbranch = 'C'"));
        let mine = table(&BASE.replace("[stores.8]\n        branch = 'B'", ""));
        let merged = merge(&table(BASE), &theirs, &mine);
        let stores: Vec<_> = merged.table["stores"].as_table().expect("stores").keys().cloned().collect();
        assert_eq!((stores, merged.conflicts), (vec!["7".to_owned(), "9".to_owned()], vec![]));
    }

    #[test]
    fn a_store_that_they_changed_and_i_removed_is_a_conflict() {
        let theirs = table(&BASE.replace("'B'", "'B2'"));
        let mine = table(&BASE.replace("[stores.8]\n        branch = 'B'", ""));
        let merged = merge(&table(BASE), &theirs, &mine);
        assert_eq!(merged.conflicts.len(), 1);
        assert_eq!(merged.conflicts[0].path, ["stores", "8"]);
    }
}
