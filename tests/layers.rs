//! The modules of `src/` depend only on modules below them (ARCHITECTURE.md), and no function of theirs takes a `bool`.

use std::{collections::BTreeSet, fs, path::Path};

/// The modules from top to bottom. A module may use those below it; modules on one line may not use each other.
const LAYERS: &[&[&str]] = &[
    &["main"],
    &["cli"],
    &["reload"],
    &["service"],
    &["web"],
    &["http"],
    &["skus"],
    &["export"],
    &["engine"],
    &["importing"],
    &["inbox", "deciding", "posting", "masters", "shadow", "reconciling"],
    &["replicas", "housekeeping", "check"],
    &["telemetry", "setup"],
    &["settings"],
    &["accurate", "forstok", "notices", "storage", "sandbox"],
    &["signals"],
    &["domain"],
    &["traces"],
    &["supervisor", "live", "signing", "spreadsheet", "wire"],
    &["clock", "version"],
];

/// Crates that only these modules may use.
const AT_THE_EDGE: &[(&str, &[&str])] = &[
    ("axum", &["http", "web", "export", "sandbox"]),
    ("utoipa", &["http"]),
    ("askama", &["web"]),
    ("clap", &["cli"]),
    ("lettre", &["notices", "settings"]),
    ("reqwest", &["accurate", "forstok", "notices", "wire", "settings", "http", "cli", "sandbox", "traces"]),
    ("rusqlite", &["storage"]),
    ("sqlx", &["storage"]),
];

/// Functions that take a `bool`, by file and name, and why.
const MAY_TAKE_A_BOOL: &[(&str, &str)] = &[
    // Its parameter is a value, the default of a flag: `flag("enabled", true)`.
    ("domain/toml_text.rs", "flag"),
    // The caller's variable has the same name, and only part of the settings is read without it.
    ("settings/sections.rs", "read"),
    // A method of `tracing`.
    ("traces/recorder.rs", "record_bool"),
];

/// Everything that a file names after `crate::`, and the other crates that it names.
fn names_used(code: &str) -> BTreeSet<String> {
    let code = product_code(code);
    let mut names = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            Some(list) => names.extend(first_names(list).map(|name| format!("crate::{name}"))),
            None => drop(names.insert(format!("crate::{}", word(rest)))),
        }
    }
    for (at, _) in code.match_indices("::") {
        let before = &code[..at];
        let name = &before[before.rfind(|letter: char| !is_of_word(letter)).map_or(0, |end| end + 1)..];
        if !before[..at - name.len()].ends_with(':') {
            names.insert(name.to_owned());
        }
    }
    names
}

/// Without comments and without what only tests see.
fn product_code(code: &str) -> String {
    let mut lines = code.lines();
    let mut product = String::new();
    while let Some(line) = lines.next() {
        if line.starts_with("#[cfg(test)]") {
            // An item ends with a semicolon, or with a brace at the margin.
            lines.by_ref().find(|line| line.starts_with('}') || (!line.starts_with([' ', '#']) && line.ends_with(';')));
        } else if !line.trim_start().starts_with("//") {
            product.extend([line, "\n"]);
        }
    }
    product
}

/// The first words of the parts of a list in braces, without the opening brace.
fn first_names(list: &str) -> impl Iterator<Item = String> {
    let (mut depth, mut names, mut is_first) = (0, Vec::new(), true);
    for (at, letter) in list.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => is_first = true,
            letter if is_first && (letter.is_ascii_alphanumeric() || letter == '_') => {
                names.push(word(&list[at..]).to_owned());
                is_first = false;
            }
            _ => {}
        }
    }
    names.into_iter()
}

fn word(text: &str) -> &str {
    &text[..text.find(|letter| !is_of_word(letter)).unwrap_or(text.len())]
}

fn is_of_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}

/// The functions with a parameter that is a `bool`. A caller's `true` says nothing; an enum or a second function does.
fn take_a_bool(code: &str) -> Vec<String> {
    let code = product_code(code);
    let functions = code.split_inclusive([' ', '\n']).scan(0, |end, part| {
        *end += part.len();
        Some((*end, part))
    });
    let functions = functions.filter(|(_, part)| *part == "fn ").map(|(end, _)| &code[end..]);
    let takes_one = |function: &&str| {
        let parameters = parameters(function);
        [": bool", ": Option<bool>"].into_iter().any(|kind| {
            parameters.match_indices(kind).any(|(at, _)| !parameters[at + kind.len()..].starts_with(is_of_word))
        })
    };
    functions.filter(takes_one).map(|function| word(function).to_owned()).collect()
}

/// What stands between a function's parentheses.
fn parameters(function: &str) -> &str {
    let start = function.find('(').unwrap_or(function.len());
    let mut depth = 0;
    let end = function[start..].find(|letter| {
        depth += i32::from(letter == '(') - i32::from(letter == ')');
        depth == 0
    });
    &function[start..end.map_or(function.len(), |end| start + end)]
}

/// Each file of `src/` with its module.
fn files() -> Vec<(String, String, String)> {
    fn visit(folder: &Path, files: &mut Vec<std::path::PathBuf>) {
        for entry in fs::read_dir(folder).expect("src/ can be read") {
            let path = entry.expect("src/ can be read").path();
            if path.is_dir() {
                visit(&path, files);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    visit(&src, &mut paths);
    let file = |path: std::path::PathBuf| {
        let name = path.strip_prefix(&src).expect("it is in src/").display().to_string();
        let room = word(name.split('/').next().unwrap_or_default()).to_owned();
        (name, room, fs::read_to_string(&path).expect("it can be read"))
    };
    paths.into_iter().map(file).filter(|(_, room, _)| room != "lib").collect()
}

fn layer(room: &str) -> Option<usize> {
    LAYERS.iter().position(|rooms| rooms.contains(&room))
}

#[test]
fn every_room_has_its_place() {
    let rooms: BTreeSet<_> = files().into_iter().map(|(_, room, _)| room).collect();
    let known: BTreeSet<_> = LAYERS.iter().flat_map(|rooms| rooms.iter().map(ToString::to_string)).collect();
    assert_eq!(rooms, known);
}

#[test]
fn rooms_use_only_what_is_below_them() {
    let mut upward = Vec::new();
    for (file, room, code) in files() {
        for name in names_used(&code) {
            let Some(used) = name.strip_prefix("crate::") else { continue };
            if used == room || room == "main" {
                continue;
            }
            match (layer(&room), layer(used)) {
                (Some(above), Some(below)) if above < below => {}
                (Some(_), Some(_)) => upward.push(format!("{file} uses {used}")),
                _ => upward.push(format!("{file} uses {used}, which has no place")),
            }
        }
    }
    assert_eq!(upward, Vec::<String>::new());
}

#[test]
fn what_belongs_at_the_edge_stays_there() {
    let mut strayed = Vec::new();
    for (file, room, code) in files() {
        let names = names_used(&code);
        for (name, rooms) in AT_THE_EDGE {
            if names.contains(*name) && !rooms.contains(&&*room) {
                strayed.push(format!("{file} uses {name}"));
            }
        }
    }
    assert_eq!(strayed, Vec::<String>::new());
}

#[test]
fn no_caller_passes_true_or_false() {
    let is_of_tests = |file: &str| file.ends_with("tests.rs") || file.contains("/tests/");
    let mut found = BTreeSet::new();
    for (file, _, code) in files().into_iter().filter(|(file, ..)| !is_of_tests(file)) {
        found.extend(take_a_bool(&code).into_iter().map(|name| (file.clone(), name)));
    }
    let allowed = MAY_TAKE_A_BOOL.iter().map(|(file, name)| ((*file).to_owned(), (*name).to_owned())).collect();
    assert_eq!(found, allowed);
}

#[test]
fn a_bool_parameter_is_seen_and_a_predicate_is_none() {
    let code = "pub fn one(\n    &self,\n    works: bool,\n) {}\nasync fn two(only: Option<bool>) {}\n\
                fn predicate(fits: impl Fn(&str) -> bool, stopped: Receiver<bool>) -> bool {}\n\
                fn inner() {\n    let is_open: bool = true;\n}\n// fn said(is_not: bool)\n\
                #[cfg(test)]\nmod tests {\n    fn helper(is_new: bool) {}\n}\n";
    assert_eq!(take_a_bool(code), ["one", "two"]);
}

#[test]
fn an_arrow_that_points_upward_is_seen() {
    let code = "use crate::{\n    domain::{order::OrderId, state::State},\n    web,\n};\n#[cfg(test)]\nmod tests;\n\
                use axum::Router;\n// crate::cli\nlet url = reqwest::Url::parse(text);\n\
                #[cfg(test)]\nmod tests {\n    use clap::Parser;\n}\n";
    let names = names_used(code);
    for name in ["crate::domain", "crate::web", "axum", "reqwest"] {
        assert!(names.contains(name), "{name} in {names:?}");
    }
    for name in ["crate::cli", "clap", "Url"] {
        assert!(!names.contains(name), "{name} in {names:?}");
    }
}
