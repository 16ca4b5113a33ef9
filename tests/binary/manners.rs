//! What a command line owes its users: settings found alike by every command, help, completions, manual pages, and the
//! settings checked and shown without a network.

use std::process::Output;

use serde_json::Value;

use crate::{
    forstok::order,
    service::{Home, binary},
};

/// Settings that are complete and need no other file.
const COMPLETE: &str = "[server]\nlisten = \"127.0.0.1:0\"\noperator_token = \"hush-operator\"\n[database]\nurl = \
                        \"sqlite://data/orders.db\"\n[forstok.webhook]\nsecrets = [\"hush-key\"]\n[books.main]\n\
                        account_url = \"http://127.0.0.1:9\"\napi_token = \"hush-token\"\nsignature_secret = \
                        \"hush-secret\"\n[mapping]\nfile = \"mapping.toml\"\n";

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", said(output)))
}

/// A folder with complete settings and a mapping with one store.
fn complete() -> Home {
    let home = Home::with_settings(COMPLETE);
    home.write("mapping.toml", "[stores.\"8277\"]\ncustomer_no = \"C.1\"\n");
    home
}

#[test]
fn every_command_finds_the_settings_by_flag_then_variable_then_in_the_working_directory() {
    let commands: &[&[&str]] = &[
        &["serve"],
        &["check"],
        &["preview", "-"],
        &["mapping", "show"],
        &["orders", "import", "-"],
        &["reconcile"],
        &["store", "backup", "copy.db"],
        &["health"],
        &["config", "check"],
        &["config", "dump"],
    ];
    let folder = tempfile::tempdir().expect("a folder");
    // Each file is wrong in its own way, so that the complaint says which one was read.
    for name in ["flag", "variable", "settings"] {
        std::fs::write(folder.path().join(format!("{name}.toml")), format!("{name} =")).expect("written");
    }
    for arguments in commands {
        let run = |arguments: &[&str], variable: Option<&str>| {
            let mut command = binary(arguments);
            command.current_dir(folder.path()).env_remove("FORSTOK_ACCURATE_CONFIG");
            if let Some(file) = variable {
                command.env("FORSTOK_ACCURATE_CONFIG", file);
            }
            let output = command.stdin(std::process::Stdio::null()).output().expect("it runs");
            assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", said(&output));
            said(&output)
        };
        let with_flag = [*arguments, &["--config", "flag.toml"]].concat();
        for (said, read) in [
            (run(&with_flag, Some("variable.toml")), "flag.toml"),
            (run(arguments, Some("variable.toml")), "variable.toml"),
            (run(arguments, None), "settings.toml"),
        ] {
            assert!(said.contains(read), "{arguments:?} did not read {read}: {said}");
        }
    }
}

#[test]
fn config_check_accepts_good_settings_and_says_what_it_read() {
    let home = complete();
    let output = home.command(&["config", "check"]).output().expect("it runs");
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let shown = said(&output);
    for part in ["settings.toml", "mapping.toml, 1 store", "orders.db", "0 errors, 0 warnings"] {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }
    assert!(!home.path("data").exists(), "it makes no database");
}

#[test]
fn config_check_reports_every_error_in_settings_and_mapping_at_once() {
    let home = complete();
    home.write(
        "settings.toml",
        &COMPLETE.replace("127.0.0.1:0", "8080").replace("[mapping]", "[log]\nformat = \"xml\"\n[mapping]"),
    );
    home.write("mapping.toml", "bundels = \"parent\"\n");
    let check = |arguments: &[&str]| home.command(arguments).output().expect("it runs");
    let output = check(&["config", "check"]);
    assert_eq!(output.status.code(), Some(2));
    let shown = said(&output);
    for part in ["server.listen", "\"8080\"", "log.format", "\"xml\"", "bundels", "mapping.toml", "3 errors"] {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }
    let output = check(&["config", "check", "--json"]);
    assert_eq!(output.status.code(), Some(2));
    let found = json(&output);
    assert_eq!(found["errors"], 3, "{found}");
    let keys: Vec<_> = found["findings"].as_array().into_iter().flatten().map(|found| found["key"].clone()).collect();
    assert!(keys.contains(&"server.listen".into()) && keys.contains(&"bundels".into()), "{keys:?}");
    assert!(found["findings"].as_array().into_iter().flatten().all(|found| found["remedy"].is_string()), "{found}");
    assert!(!shown.contains("hush"), "a secret is shown: {shown}");
}

#[test]
fn config_check_refuses_a_log_filter_that_serve_would_refuse() {
    let home = complete();
    home.write("settings.toml", &format!("{COMPLETE}[log]\nfilter = \"a=b=c\"\n"));
    let output = home.command(&["config", "check"]).output().expect("it runs");
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("log.filter"), "{}", said(&output));
}

#[test]
fn config_check_exits_with_1_while_a_person_must_still_enter_secrets() {
    let home = complete();
    home.write("settings.toml", "[server]\noperator_token = \"0123456789abcdef\"\n");
    let output = home.command(&["config", "check"]).output().expect("it runs");
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let shown = said(&output);
    for part in ["forstok.webhook.secrets", "books.main.api_token", "/setup", "0 errors, 2 warnings"] {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }
}

#[test]
fn config_dump_shows_each_value_with_its_source_and_hides_secrets() {
    let home = complete();
    let dump = |arguments: &[&str]| {
        let mut command = home.command(arguments);
        command.env("FORSTOK_ACCURATE_LOG__FILTER", "debug");
        command.output().expect("it runs")
    };
    let output = dump(&["config", "dump"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let shown = said(&output);
    let line = |key: &str| shown.lines().find(|line| line.starts_with(&format!("{key} = "))).unwrap_or_default();
    assert!(
        line("log.filter").contains("\"debug\"") && line("log.filter").contains("FORSTOK_ACCURATE_LOG__FILTER"),
        "{shown}"
    );
    assert!(line("log.format").ends_with("# default"), "{shown}");
    assert!(line("books.main.api_token").contains("********"), "{shown}");
    assert!(line("books.main.api_token").contains("settings.toml"), "{shown}");
    assert!(!shown.contains("hush"), "a secret is shown: {shown}");
    let settings = json(&dump(&["config", "dump", "--json"]))["settings"].clone();
    let found = settings.as_array().into_iter().flatten().find(|setting| setting["key"] == "log.filter");
    let found = found.expect("it is listed");
    assert_eq!((&found["source"], &found["from"]), (&"environment".into(), &"FORSTOK_ACCURATE_LOG__FILTER".into()));
}

#[test]
fn preview_reads_an_order_from_standard_input() {
    let home = complete();
    let order_file = home.path("order.json");
    std::fs::write(&order_file, order(1).to_string()).expect("written");
    let run = |name: &str| {
        let mut command = home.command(&["preview", "--json", name]);
        command.stdin(std::fs::File::open(&order_file).expect("it is there"));
        let output = command.output().expect("it runs");
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        json(&output)
    };
    assert_eq!(run("-"), run(&order_file.display().to_string()));
}

#[test]
fn completions_and_manual_pages_know_every_command() {
    for (shell, part) in [("bash", "complete -F "), ("zsh", "#compdef"), ("fish", "complete -c forstok-accurate")] {
        let output = binary(&["completions", shell]).output().expect("it runs");
        assert_eq!(output.status.code(), Some(0), "{shell}");
        let script = said(&output);
        assert!(script.contains(part) && script.contains("reconcile"), "{shell}: {script}");
    }
    let page = said(&binary(&["man"]).output().expect("it runs"));
    assert!(page.contains(".TH") && page.contains("reconcile"), "{page}");
    let folder = tempfile::tempdir().expect("a folder");
    let pages = folder.path().join("man1");
    let output = binary(&["man", "--folder", &pages.display().to_string()]).output().expect("it runs");
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    for name in ["forstok-accurate", "forstok-accurate-serve", "forstok-accurate-config-dump"] {
        let page = std::fs::read_to_string(pages.join(format!("{name}.1"))).expect(name);
        assert!(page.contains("Exit codes"), "{name}: {page}");
    }
}

#[test]
fn help_documents_the_exit_codes() {
    let output = binary(&["--help"]).env("COLUMNS", "80").output().expect("it runs");
    let help = said(&output);
    for code in ["0  success", "1  a finding or a failure", "2  wrong settings", "3  not finished"] {
        assert!(help.contains(code), "{code} is not in {help}");
    }
}
