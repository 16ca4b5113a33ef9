//! A process for one test: where it measures or changes what belongs to the whole process.

use std::process::Command;

/// Says to a test that its process is its own.
const ALONE: &str = "TEST_ALONE";

/// Whether this process runs nothing but this test. Where it does not, the test is run in a process that does, and must
/// pass there.
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
