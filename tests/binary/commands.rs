//! The commands other than `serve`.

use std::{
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    process::{Command, Stdio},
};

use forstok_accurate::{
    sandbox::{Action, samples::SAMPLES},
    storage::{Sqlite, Storage},
};
use serde_json::json;

use crate::{
    forstok::{id_of, order},
    service::{Home, accurate, binary, eventually},
};

#[test]
fn the_demo_shows_the_outcome_of_every_sample_and_exits_with_success() {
    let output = binary(&["demo", "--once", "--listen", "127.0.0.1:0"]).output().expect("it runs");
    let (shown, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{shown}\n{errors}");
    for sample in SAMPLES {
        let id = id_of(&sample.json());
        assert!(shown.lines().any(|line| line.contains(&id)), "{} ({id}) is not in the table:\n{shown}", sample.name);
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn the_committed_openapi_document_is_fresh() {
    let output = binary(&["openapi"]).output().expect("it runs");
    assert!(output.status.success());
    let committed = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.yaml")).expect("it is committed");
    assert!(
        committed == output.stdout,
        "openapi.yaml is not what the code says; renew it: cargo run -- openapi > openapi.yaml"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_health_command_asks_the_running_service() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let mut service = home.serve().await;
    let health = |address: String| {
        let mut command = home.command(&["health"]);
        // The health check ignores this machine's proxy.
        command.env("FORSTOK_ACCURATE_SERVER__LISTEN", address).env("http_proxy", "http://127.0.0.1:9");
        command.output().expect("it runs")
    };
    let address = service.address.to_string();
    let port = service.address.port();
    for listen in [address.clone(), format!("0.0.0.0:{port}")] {
        let output = health(listen);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{errors}");
        assert!(String::from_utf8_lossy(&output.stdout).contains("\"ok\""));
    }
    service.kill();
    let output = health(address);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("does not answer"));
}

#[test]
fn unknown_commands_and_arguments_are_refused() {
    assert_eq!(binary(&["serv"]).output().expect("it runs").status.code(), Some(2));
    assert_eq!(binary(&["serve", "--confg", "x"]).output().expect("it runs").status.code(), Some(2));
}

/// What the build script tells the compiler, with these variables.
fn build_script(variables: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let (script, program) = (concat!(env!("CARGO_MANIFEST_DIR"), "/build.rs"), folder.path().join("build"));
    let mut compile = Command::new("rustc");
    compile.args(["--edition", "2024", script, "-o"]).arg(&program).env("CARGO_PKG_VERSION", "1.2.3");
    assert!(compile.status().expect("the compiler is installed").success());
    let mut run = Command::new(program);
    run.current_dir(folder.path()).env_remove("FORSTOK_ACCURATE_COMMIT").env_remove("SOURCE_DATE_EPOCH");
    let output = run.env("PROFILE", "release").envs(variables.iter().copied()).output().expect("it runs");
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn a_build_that_is_given_its_commit_and_time_names_both() {
    let given = [("FORSTOK_ACCURATE_COMMIT", "0123456789abcdef"), ("SOURCE_DATE_EPOCH", "1767225600")];
    let told = build_script(&given);
    for line in ["VERSION=1.2.3 (0123456789 2026-01-01)", "COMMIT=0123456789", "COMMIT_DATE=2026-01-01"] {
        assert!(told.lines().any(|told| told == format!("cargo::rustc-env={line}")), "{line}: {told}");
    }
    let told = build_script(&[]);
    assert!(told.lines().any(|line| line == "cargo::rustc-env=VERSION=1.2.3"), "without a repository: {told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_version_and_the_metric_show_what_the_build_script_found_out() {
    let output = binary(&["--version"]).output().expect("it runs");
    assert_eq!(String::from_utf8_lossy(&output.stdout), concat!("forstok-accurate ", env!("VERSION"), "\n"));
    let service = Home::new(&accurate().await).serve().await;
    let metrics = service.get("/metrics").await.text;
    let labels = format!(
        "version=\"{}\",commit=\"{}\",date=\"{}\"",
        env!("CARGO_PKG_VERSION"),
        env!("COMMIT"),
        env!("COMMIT_DATE")
    );
    assert!(metrics.contains(&format!("forstok_accurate_build_info{{{labels}}} 1")), "{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_check_reports_problems_as_table_as_json_and_by_its_exit_code() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let check = |arguments: &[&str]| {
        let output = home.command(&[&["check"], arguments].concat()).output().expect("it runs");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (code, shown) = check(&[]);
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("0 errors, 0 warnings"), "{shown}");
    assert!(shown.contains(&format!("{} does not exist yet", home.path("data/orders.db").display())), "{shown}");
    assert!(!home.path("data").exists(), "a check makes no database");
    accurate.sandbox().suspend_account("700101");
    let (code, shown) = check(&[]);
    assert_eq!(code, Some(1), "{shown}");
    assert!(shown.contains("ERROR") && shown.contains("account 700101"), "{shown}");
    assert!(shown.contains("1 error, 0 warnings"), "{shown}");
    let (code, shown) = check(&["--json"]);
    let json: serde_json::Value = serde_json::from_str(&shown).expect("JSON");
    assert_eq!(code, Some(1));
    assert_eq!(json["errors"], 1);
    let finding = json["findings"].as_array().expect("a list").iter().find(|finding| finding["severity"] == "error");
    let finding = finding.expect("the error");
    assert_eq!(finding["part"], "accounts.shipping");
    assert!(finding["remedy"].as_str().is_some_and(|remedy| remedy.contains("activate")), "{finding}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_check_names_what_waiting_orders_show_and_leaves_everything_as_it_was() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let mut service = home.serve().await;
    let mut unmapped = order(1);
    unmapped["order"]["store_id"] = json!(4711);
    let mut elsewhere = order(2);
    elsewhere["order"]["warehouse_id"] = json!(999);
    let mut nameless = order(3);
    nameless["order"]["item_lines"][0]["sku"] = json!("");
    for body in [&unmapped, &elsewhere, &nameless] {
        service.send(body).await;
    }
    for id in ["1", "2", "3"] {
        service.order_once(id, "blocked").await;
    }
    let files = || {
        let mut files: Vec<_> = std::fs::read_dir(home.path("data"))
            .expect("readable")
            .map(|file| file.expect("readable").file_name().into_string().expect("UTF-8"))
            .collect();
        files.sort();
        files
    };
    for runs in [true, false] {
        if !runs {
            service.terminate();
            assert_eq!(service.exit_code().await, Some(0));
        }
        let (before, saves) = (files(), accurate.sandbox().call_count(Action::InvoiceSave));
        let output = home.command(&["check"]).output().expect("it runs");
        let shown = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(1), "{shown}");
        for lacking in ["stores.\"4711\"", "warehouses.\"999\"", "product without SKU"] {
            assert!(shown.contains(lacking), "{lacking} is not named:\n{shown}");
        }
        assert_eq!(files(), before, "a check leaves no file behind");
        assert_eq!(accurate.sandbox().call_count(Action::InvoiceSave), saves, "a check saves nothing");
    }
    let output = home.command(&["check", "--try-rights"]).output().expect("it runs");
    assert!(String::from_utf8_lossy(&output.stdout).contains("rights to write: sales-invoice/save"), "it is asked to");
    assert_eq!(accurate.sandbox().invoice_count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn databases_and_backups_are_their_owners_alone_whatever_the_umask() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let service = home.serve_by("umask 000; exec \"$0\" \"$@\"").await;
    service.send(&order(1)).await;
    let backup = home.command(&["store", "backup", "copy.db"]).output().expect("it runs");
    assert!(backup.status.success(), "{}", String::from_utf8_lossy(&backup.stderr));
    for name in ["data/orders.db", "data/orders.db-wal", "data/orders.db-shm", "data/orders.db.lock", "copy.db"] {
        let mode = std::fs::metadata(home.path(name)).expect(name).permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{name}: {mode:o}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_readable_by_everybody_is_made_private_at_start() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    std::fs::create_dir(home.path("data")).expect("the folder takes folders");
    let path = home.path("data/orders.db");
    Sqlite::open(&path).await.expect("a database can be made").close().await;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("it is ours");
    let service = home.serve().await;
    assert_eq!(std::fs::metadata(&path).expect("it is there").permissions().mode() & 0o777, 0o640);
    assert!(service.log.text().contains("every user of this machine could read"), "{}", service.log.text());
}

#[test]
fn a_command_does_not_panic_when_its_reader_stops_reading() {
    for arguments in
        [&["openapi"][..], &["demo", "--once", "--listen", "localhost:0"], &["sandbox", "--listen", "localhost:0"]]
    {
        let mut child = binary(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        // The pipe is closed from the start.
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("it ends");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            !said.contains("panicked") && output.status.code() == Some(0),
            "{arguments:?}: {}\n{said}",
            output.status
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_before_the_table_ends_the_demo_at_once() {
    let mut child = binary(&["demo", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
    lines.next().expect("it says what it does").expect("UTF-8");
    let kill = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("it runs");
    assert!(kill.success());
    let status = eventually("the demo ends", async || child.try_wait().expect("our own child")).await;
    assert_eq!(status.code(), Some(1));
    assert!(lines.map_while(Result::ok).all(|line| !line.contains('│')), "no table is shown any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_beside_a_busy_service_keeps_to_what_accurate_allows_for_both() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let settings = std::fs::read_to_string(home.path("settings.toml")).expect("the settings of this test");
    let one_by_one = settings.replace("[mapping]", "bulk = \"off\"\n[mapping]");
    std::fs::write(home.path("settings.toml"), one_by_one).expect("the folder takes files");
    let service = home.serve().await;
    for id in 1..=150 {
        service.send(&order(id)).await;
    }
    for _ in 0..2 {
        let mut check = home.command(&["check"]);
        let output = tokio::task::spawn_blocking(move || check.output().expect("it runs")).await.expect("no panic");
        let shown = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{shown}");
        assert!(shown.contains("Accurate accepts the credentials"), "{shown}");
    }
    assert!(service.count("invoiced").await < 150, "the service was busy all the time");
    service.get_until("/v1/summary", |summary| summary["by_state"]["invoiced"] == 150).await;
    let sandbox = accurate.sandbox();
    assert_eq!(sandbox.breach_count(), 0, "{:?}", sandbox.breaches());
    assert!(sandbox.max_in_any_second() <= 8);
}
