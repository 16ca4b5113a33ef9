//! `init`, unattended, and `serve` with the files that it writes.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Output, Stdio},
};

use forstok_accurate::sandbox::Running;
use reqwest::Method;

use crate::{
    forstok::order,
    service::{Home, Service, accurate, binary},
};

/// A folder with the credentials of the sandbox in files.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("token"), "sandbox-token\n").expect("written");
    fs::write(folder.path().join("secret"), "sandbox-secret\n").expect("written");
    folder
}

fn init(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = binary(&["init"]);
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    command.output().expect("it runs")
}

fn complete(accurate: &Running) -> Vec<String> {
    let url = accurate.url();
    let arguments = [
        "--folder",
        "service",
        "--listen",
        "127.0.0.1:0",
        "--account-url",
        &url,
        "--token-file",
        "token",
        "--secret-file",
        "secret",
        "--first-day",
        "2023-01-01",
        "--store",
        "8277",
        "--branch",
        "Kantor Pusat",
        "--shipping-account",
        "700101",
    ];
    arguments.map(str::to_owned).to_vec()
}

/// The value that stands after a word in what was printed.
fn printed<'a>(said: &'a str, word: &str) -> &'a str {
    let (_, after) = said.split_once(word).unwrap_or_else(|| panic!("{word} is not in\n{said}"));
    after.split_whitespace().next().expect("a value")
}

#[tokio::test(flavor = "multi_thread")]
async fn its_files_start_a_service_that_creates_the_first_invoice() {
    let accurate = accurate().await;
    let folder = folder();
    let arguments = complete(&accurate);
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let output = init(folder.path(), &arguments);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let longest = said.lines().filter(|line| !line.contains('/')).map(|line| line.chars().count()).max();
    assert!(longest.is_some_and(|longest| longest <= 80), "{said}");
    assert!(!said.contains("sandbox-token") && !said.contains("sandbox-secret"), "{said}");
    let settings = folder.path().join("service/settings.toml");
    assert_eq!(fs::metadata(&settings).expect("it is there").permissions().mode() & 0o777, 0o600);

    let home = Home::with_settings(&fs::read_to_string(&settings).expect("readable"));
    home.write("mapping.toml", &fs::read_to_string(folder.path().join("service/mapping.toml")).expect("readable"));
    let check = home.command(&["check"]).output().expect("it runs");
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stdout));
    let service = home.serve().await;
    let key = printed(&said, "Key").to_owned();
    let token = printed(&said, "with this token:").to_owned();
    let answer = service.send_with(&[("key", key)], order(1).to_string().into_bytes()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    reaches(&service, &token, "due").await;
    assert_eq!(accurate.sandbox().invoice_count(), 0, "nothing is created before the switch");
    let headers = [("authorization", format!("Bearer {token}"))];
    // The client follows the redirect to the page.
    assert_eq!(service.ask(Method::POST, "/setup/start", &headers, Vec::new()).await.status, 200);
    reaches(&service, &token, "invoiced").await;
    assert_eq!(accurate.sandbox().invoice_count(), 1);
}

/// Waits until the order is in this state, as the operator of this token.
async fn reaches(service: &Service, token: &str, state: &str) {
    crate::service::eventually(&format!("the order is {state}"), async || {
        let headers = [("authorization", format!("Bearer {token}"))];
        let answer = service.ask(Method::GET, "/v1/orders/1", &headers, Vec::new()).await;
        (answer.status == 200 && answer.json()["state"] == state).then_some(())
    })
    .await;
}

#[test]
fn without_a_terminal_every_missing_answer_is_named_at_once() {
    let folder = folder();
    let output = init(folder.path(), &[]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    for argument in ["--token-file", "--secret-file", "--first-day"] {
        assert!(said.contains(&format!("{argument}: is missing")), "{said}");
    }
    assert!(!folder.path().join("settings.toml").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn existing_files_are_replaced_only_by_force() {
    let accurate = accurate().await;
    let folder = folder();
    let arguments = complete(&accurate);
    let mut arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    fs::create_dir(folder.path().join("service")).expect("a folder");
    let mapping = folder.path().join("service/mapping.toml");
    fs::write(&mapping, "# mine\n").expect("written");
    let refused = init(folder.path(), &arguments);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("mapping.toml: exists already"));
    assert_eq!(fs::read_to_string(&mapping).expect("readable"), "# mine\n");
    assert!(!folder.path().join("service/settings.toml").exists());
    arguments.push("--force");
    assert!(init(folder.path(), &arguments).status.success());
    assert_ne!(fs::read_to_string(&mapping).expect("readable"), "# mine\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_that_accurate_refuses_write_nothing() {
    let accurate = accurate().await;
    let folder = folder();
    fs::write(folder.path().join("token"), "of-somebody-else").expect("written");
    let arguments = complete(&accurate);
    let mut arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let refused = init(folder.path(), &arguments);
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("nothing was written") && !said.contains("of-somebody-else"), "{said}");
    assert!(!folder.path().join("service/settings.toml").exists());
    arguments.push("--without-test");
    assert!(init(folder.path(), &arguments).status.success());
}
