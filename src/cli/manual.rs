//! `completions` and `man`: what a package installs beside the program, written by the program itself.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use clap::Command;
use clap_complete::Shell;

use super::{Failure, output::say};

/// Prints the completions for a shell.
pub(super) fn completions(mut command: Command, shell: Shell) -> Result<ExitCode, Failure> {
    let mut script = Vec::new();
    let name = command.get_name().to_owned();
    clap_complete::generate(shell, &mut command, name, &mut script);
    print(&script)
}

/// Prints the program's manual page, or writes one page for each command into a folder.
pub(super) fn pages(command: Command, folder: Option<PathBuf>) -> Result<ExitCode, Failure> {
    let Some(folder) = folder else {
        let mut page = Vec::new();
        clap_mangen::Man::new(command).render(&mut page).context("the manual page")?;
        return print(&page);
    };
    write(command, &folder).with_context(|| format!("the manual pages cannot be written to {}", folder.display()))?;
    Ok(ExitCode::SUCCESS)
}

fn write(command: Command, folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    clap_mangen::generate_to(command.disable_help_subcommand(true), folder)
}

fn print(text: &[u8]) -> Result<ExitCode, Failure> {
    say!("{}", String::from_utf8_lossy(text).trim_end());
    Ok(ExitCode::SUCCESS)
}
