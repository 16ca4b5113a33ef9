//! The walkthrough of docs/trying.md works when it is pasted, line by line, without additional pauses.

use std::{
    os::unix::{fs::symlink, process::CommandExt},
    path::Path,
    process::{Command, Stdio},
};

use crate::service::binary;

const GUIDE: &str = include_str!("../../docs/trying.md");

/// Long enough for the slowest machine.
const LONGEST_SECONDS: &str = "240";

/// The shell blocks of the walkthrough, in order.
fn blocks() -> Vec<&'static str> {
    GUIDE.split("```sh\n").skip(1).filter_map(|block| block.split("```").next()).collect()
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.local_addr().expect("it has an address").port()
}

/// The walkthrough as one script: commands for separate terminals run in the background.
fn script(service: u16, sandbox: u16) -> String {
    let program = env!("CARGO_BIN_EXE_forstok-accurate");
    let commands = blocks().into_iter().filter(|block| !block.starts_with("cargo ")).map(|block| {
        let block = block.replace("target/release/forstok-accurate", program);
        let block = block.replace("127.0.0.1:8080", &format!("127.0.0.1:{service}"));
        let block = block.replace("127.0.0.1:9090", &format!("127.0.0.1:{sandbox}"));
        match block.trim_end() {
            serve if serve.contains(" serve ") => {
                format!("{serve} > service.out 2> service.log &\nRUNNING=\"$RUNNING $!\"")
            }
            // Its port is an argument here and the default in the guide.
            sandbox_alone if sandbox_alone.ends_with(" sandbox") => {
                format!("{sandbox_alone} --listen 127.0.0.1:{sandbox} > sandbox.log &\nRUNNING=\"$RUNNING $!\"")
            }
            other => format!("{other}\necho"),
        }
    });
    let commands: Vec<_> = commands.collect();
    let listen = format!("export FORSTOK_ACCURATE_SERVER__LISTEN=127.0.0.1:{service}");
    format!("set -eu\nRUNNING=''\ntrap 'kill $RUNNING' EXIT\n{listen}\n{}\n", commands.join("\n"))
}

#[test]
fn the_walkthrough_works_when_it_is_pasted() {
    let folder = tempfile::tempdir().expect("a folder");
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in ["src", "mapping.example.toml"] {
        symlink(repository.join(name), folder.path().join(name)).expect("the folder takes links");
    }
    let script = script(free_port(), free_port());
    let mut shell = Command::new("timeout");
    for (name, value) in binary(&[]).get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    let output = shell
        .args([LONGEST_SECONDS, "sh", "-c", &script])
        .env("no_proxy", "127.0.0.1")
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .process_group(0)
        .output()
        .expect("it runs");
    let log = std::fs::read_to_string(folder.path().join("service.log")).unwrap_or_default();
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}\n{shown}\n{log}\n{script}", output.status);
    for part in [
        r#"{"message":"Success","order_id":"138163394","delivery":"accepted","state":"received","invoice":null}"#,
        r#""delivery":"repeat","state":"invoiced","invoice":{"number":"231127PECAFY4J","id":1}}"#,
        r#""code":"token_refused""#,
        r#""order_id":"125490219""#,
    ] {
        assert!(shown.contains(part), "{part} is not in\n{shown}\n{log}");
    }
    assert_eq!(GUIDE.matches(r#""delivery":"repeat","state":"invoiced""#).count(), 1, "the guide shows what comes");
}
