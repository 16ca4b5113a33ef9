//! The commands beside `serve`.

use forstok_accurate::sandbox::samples::SAMPLES;

use super::{
    forstok::id_of,
    service::{Home, accurate, binary},
};

#[test]
fn the_demo_shows_what_became_of_every_sample_and_ends_well() {
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
        "openapi.yaml is not what the code says; make it anew: cargo run -- openapi > openapi.yaml"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_health_command_asks_the_running_service() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let mut service = home.serve().await;
    let health = |address: String| {
        let mut command = home.command(&["health"]);
        // A proxy of the machine is none of a health check's business.
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
    assert!(binary(&["--version"]).output().expect("it runs").status.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_check_tells_what_is_wrong_as_table_and_json_and_by_its_exit_code() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let check = |arguments: &[&str]| {
        let output = home.command(&[&["check"], arguments].concat()).output().expect("it runs");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (code, shown) = check(&[]);
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("0 errors, 0 warnings"), "{shown}");
    accurate.sandbox().suspend_account("700101");
    let (code, shown) = check(&[]);
    assert_eq!(code, Some(1), "{shown}");
    assert!(shown.contains("ERROR") && shown.contains("account 700101"), "{shown}");
    let (code, shown) = check(&["--json"]);
    let json: serde_json::Value = serde_json::from_str(&shown).expect("JSON");
    assert_eq!(code, Some(1));
    assert_eq!(json["errors"], 1);
    let finding = json["findings"].as_array().expect("a list").iter().find(|finding| finding["severity"] == "error");
    let finding = finding.expect("the error");
    assert_eq!(finding["part"], "accounts.shipping");
    assert!(finding["remedy"].as_str().is_some_and(|remedy| remedy.contains("activate")), "{finding}");
}
