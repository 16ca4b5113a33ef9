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

#[tokio::test(flavor = "multi_thread")]
async fn every_question_can_be_answered_by_an_argument() {
    let accurate = accurate().await;
    let folder = folder();
    fs::write(folder.path().join("key"), "the-key-that-forstok-has-already\n").expect("written");
    let url = accurate.url();
    let output = init(
        folder.path(),
        &[
            ["--folder", "service"],
            ["--listen", "127.0.0.1:8123"],
            ["--public-url", "https://books.example.com"],
            ["--database", "sqlite://data/mine.db"],
            ["--account-url", &url],
            ["--token-file", "token"],
            ["--secret-file", "secret"],
            ["--webhook-key-file", "key"],
            ["--first-day", "2026-12-01"],
            ["--store", "8277"],
            ["--store", "7600"],
            ["--customer", "7600=TOKPED-JKT"],
            ["--bank-account", "8277=110102"],
            ["--bank-account", "7600 = 110103"],
            ["--shipping-account", "700101"],
            ["--branch", "Kantor Pusat"],
            ["--payment-term", "Net 7"],
            ["--warehouse", "834=Utama"],
            ["--warehouse", "0835=Gudang B"],
        ]
        .concat(),
    );
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
    let read = |name: &str| fs::read_to_string(folder.path().join("service").join(name)).expect("it was written");
    let settings: toml::Table = read("settings.toml").parse().expect("TOML");
    let text = |table: &str, key: &str| settings[table][key].as_str().map(str::to_owned);
    assert_eq!(text("server", "listen").as_deref(), Some("127.0.0.1:8123"));
    assert_eq!(text("server", "public_url").as_deref(), Some("https://books.example.com"));
    assert_eq!(text("database", "url").as_deref(), Some("sqlite://data/mine.db"));
    assert!(read("settings.toml").contains("secrets = [\"the-key-that-forstok-has-already\"]"));
    let mapping = forstok_accurate::domain::mapping::Mapping::parse("mapping.toml", &read("mapping.toml"));
    let mapping = mapping.expect("valid").to_table();
    assert_eq!(mapping["orders_from"].as_str(), Some("2026-12-01"));
    assert_eq!(mapping["accounts"], "shipping = '700101'".parse::<toml::Table>().expect("TOML").into());
    assert_eq!(mapping["warehouses"], "834 = 'Utama'\n835 = 'Gudang B'".parse::<toml::Table>().expect("TOML").into());
    let stores: toml::Table = r#"
        [7600]
        book = "main"
        enabled = true
        customer_no = "TOKPED-JKT"
        branch = "Kantor Pusat"
        payment_term = "Net 7"
        bank_account = "110103"
        [8277]
        book = "main"
        enabled = true
        branch = "Kantor Pusat"
        payment_term = "Net 7"
        bank_account = "110102"
    "#
    .parse()
    .expect("TOML");
    assert_eq!(mapping["stores"], stores.into());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_value_is_refused_with_its_argument_and_a_remedy_and_nothing_is_written() {
    let accurate = accurate().await;
    let folder = folder();
    let complete = complete(&accurate);
    let refused = |arguments: &[&str]| {
        let arguments: Vec<_> = complete.iter().map(String::as_str).chain(arguments.iter().copied()).collect();
        let output = init(folder.path(), &arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(!folder.path().join("service/settings.toml").exists(), "{arguments:?}");
        said
    };
    // All mistakes of one kind at once.
    let said = refused(&[
        "--store",
        " ",
        "--customer",
        "8277",
        "--customer",
        "9=X",
        "--bank-account",
        "8277=",
        "--warehouse",
        "834=Utama",
        "--warehouse",
        "0834=Gudang B",
        "--database",
        "mysql://somewhere",
    ]);
    for words in [
        "--store =  : is not an id: give Forstok's id of the store, such as 8277",
        "--customer = 8277: must be a store's id and a customer's number: 8277=TOKO-1",
        "--customer = 9=X: is about a store that is not given: add --store 9",
        "--bank-account = 8277=: must be a store's id and an account's number: 8277=110102",
        "--warehouse = 0834=Gudang B: is given twice for 834: give it once",
        "--database:",
    ] {
        assert!(said.contains(words), "{words:?} is missing:\n{said}");
    }
    let said = refused(&["--payment-term", "Net 99", "--warehouse", "834=Gudang Z", "--bank-account", "8277=999"]);
    for words in [
        "--payment-term = Net 99: is not an active payment term in Accurate: choose Net 7",
        "--warehouse = 834=Gudang Z: is not an active warehouse in Accurate: choose one of Utama, Gudang B",
        "--bank-account = 8277=999: is not an active account in Accurate: choose one of 110101, 110102, 110103",
    ] {
        assert!(said.contains(words), "{words:?} is missing:\n{said}");
    }
    for (argument, value, words) in [
        ("--branch", "Timur", "--branch = Timur: is not an active branch in Accurate: choose Kantor Pusat"),
        ("--shipping-account", "1", "--shipping-account = 1: is not an active account in Accurate: choose one of 70"),
        ("--public-url", "nowhere", "public_url"),
    ] {
        let mut arguments: Vec<_> = complete.iter().map(String::as_str).collect();
        match arguments.iter().position(|one| *one == argument) {
            Some(place) => arguments[place + 1] = value,
            None => arguments.extend([argument, value]),
        }
        let output = init(folder.path(), &arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{argument}: {said}");
        assert!(said.contains(words), "{words:?} is missing:\n{said}");
        assert!(!folder.path().join("service/settings.toml").exists());
    }
    // The parser of the command line refuses these.
    for (argument, value) in [("--listen", "nonsense"), ("--first-day", "soon")] {
        let arguments = ["--yes", argument, value];
        let output = init(folder.path(), &arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(value) && said.contains(argument), "{said}");
    }
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
