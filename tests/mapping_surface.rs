//! The mapping and the preview in commands and routes of the real binary.

mod api;
mod commands;
mod preview;
mod running;
mod trying;

use std::process::{Command, Output};

use forstok_accurate::sandbox::samples::MAPPING;

use crate::service::Home;

/// The sample mapping with one more store.
fn with_store(id: &str) -> String {
    format!("{MAPPING}\n[stores.\"{id}\"]\nbranch = \"Kantor Pusat\"\n")
}

/// The result of a command: its exit code and its output.
struct Said {
    code: Option<i32>,
    out: String,
    errors: String,
}

fn run(command: &mut Command) -> Said {
    let Output { status, stdout, stderr } = command.output().expect("it runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Said { code: status.code(), out: text(stdout), errors: text(stderr) }
}

/// `mapping apply` of this document on the command line.
fn apply(home: &Home, document: &str) -> Said {
    let file = home.path("other.toml");
    std::fs::write(&file, document).expect("the folder takes files");
    run(home.command(&["mapping", "apply"]).arg(file).env("USER", "budi").env_remove("SUDO_USER"))
}
