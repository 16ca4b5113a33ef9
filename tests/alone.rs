//! Runs one test in a process of its own, for tests that measure or change state of the whole process.

use std::process::Command;

/// Tells a test that it runs alone in its process.
const ALONE: &str = "TEST_ALONE";

/// Whether this process runs only this test. Otherwise the test is run in such a process, and must pass there.
pub(crate) fn is_alone(test: &str) -> bool {
    if std::env::var_os(ALONE).is_some() {
        return true;
    }
    let this = std::env::current_exe().expect("every process has a program");
    let output = Command::new(this).args(["--exact", test, "--nocapture"]).env(ALONE, "1").output();
    let output = output.expect("a program that runs can be run again");
    let (said, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    println!("{said}{errors}");
    assert!(output.status.success(), "{test} failed in a process of its own, see above");
    assert!(said.contains("1 passed"), "no test is named {test}");
    false
}
