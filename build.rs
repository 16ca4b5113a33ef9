//! Tells the program from which commit it is built: `VERSION`, `COMMIT` and `COMMIT_DATE`, without a commit if none is
//! known.
//!
//! A package names the commit with `FORSTOK_ACCURATE_COMMIT` and `SOURCE_DATE_EPOCH`; otherwise git is asked, if this
//! folder is a repository. Only a release build asks git: it would otherwise have to run again, and with it the
//! compiler, after each commit of a developer.

use std::{env, path::Path, process::Command};

/// Digits of a commit that are shown.
const DIGITS: usize = 10;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    for variable in ["FORSTOK_ACCURATE_COMMIT", "SOURCE_DATE_EPOCH"] {
        println!("cargo::rerun-if-env-changed={variable}");
    }
    let is_release = env::var("PROFILE").is_ok_and(|profile| profile == "release");
    let asks_git = is_release && Path::new(".git").exists();
    if asks_git {
        run_again_after_a_commit();
    }
    let from_git = |arguments: &[&str]| if asks_git { git(arguments) } else { None };
    let commit = given("FORSTOK_ACCURATE_COMMIT").or_else(|| from_git(&["rev-parse", "HEAD"])).unwrap_or_default();
    let day = given("SOURCE_DATE_EPOCH").and_then(|seconds| day_of(seconds.parse().ok()?));
    let day = day.or_else(|| from_git(&["show", "--no-patch", "--format=%cs", "HEAD"])).unwrap_or_default();
    let commit: String = commit.chars().take(DIGITS).collect();
    let origin = [commit.as_str(), day.as_str()].join(" ");
    let version = env!("CARGO_PKG_VERSION");
    let version = if origin.trim().is_empty() { version.to_owned() } else { format!("{version} ({})", origin.trim()) };
    println!("cargo::rustc-env=VERSION={version}");
    println!("cargo::rustc-env=COMMIT={commit}");
    println!("cargo::rustc-env=COMMIT_DATE={day}");
}

/// An environment variable that is not empty.
fn given(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// The output of git, in one line; `None` if git is missing or fails.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// The files that a commit, or a change of the branch, writes. In a worktree they are elsewhere than in `.git`.
fn run_again_after_a_commit() {
    let branch = git(&["symbolic-ref", "--quiet", "HEAD"]);
    for name in ["HEAD"].into_iter().chain(branch.as_deref()).chain(["packed-refs"]) {
        // A file that does not exist would make every build run this again.
        if let Some(path) = git(&["rev-parse", "--git-path", name]).filter(|path| Path::new(path).exists()) {
            println!("cargo::rerun-if-changed={path}");
        }
    }
}

/// The day of a Unix time as `2026-11-26`, by the days of the civil calendar; `None` before 1970.
fn day_of(seconds: i64) -> Option<String> {
    let mut days = u64::try_from(seconds).ok()? / 86_400;
    let is_leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let mut year = 1970;
    while days >= if is_leap(year) { 366 } else { 365 } {
        days -= if is_leap(year) { 366 } else { 365 };
        year += 1;
    }
    let february = if is_leap(year) { 29 } else { 28 };
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    Some(format!("{year:04}-{month:02}-{:02}", days + 1))
}
