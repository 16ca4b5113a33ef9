//! The output of commands. Nothing here panics if the reader closes the pipe, which is normal: `forstok-accurate check
//! | head`.

use std::{
    fmt,
    io::{ErrorKind, Write},
};

use super::Failure;

/// How a command prints what it found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// For people.
    Words,
    /// For programs.
    Json,
}

/// Prints a line to standard output; the command ends if the reader has closed the pipe.
macro_rules! say {
    () => { $crate::cli::output::line(format_args!(""))? };
    ($($words:tt)*) => { $crate::cli::output::line(format_args!($($words)*))? };
}

/// Prints a line to standard error.
macro_rules! complain {
    ($($words:tt)*) => { $crate::cli::output::complaint(format_args!($($words)*)) };
}

pub(super) use {complain, say};

pub(super) fn line(words: fmt::Arguments<'_>) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{words}").and_then(|()| out.flush()).map_err(|error| match error.kind() {
        ErrorKind::BrokenPipe => Failure::NobodyReads,
        _ => Failure::Broken(anyhow::Error::new(error).context("standard output cannot be written to")),
    })
}

pub(super) fn complaint(words: fmt::Arguments<'_>) {
    // There is nowhere left to report the failure.
    let _ = writeln!(std::io::stderr().lock(), "{words}");
}

/// A paragraph after its lead, wrapped at spaces to the terminal's width; not wrapped without a terminal.
pub(super) fn paragraph(lead: &str, words: &str) -> String {
    paragraph_at(terminal_width().unwrap_or(usize::MAX), lead, words)
}

/// Width of the terminal of standard output, in columns.
pub(super) fn terminal_width() -> Option<usize> {
    comfy_table::Table::new().width().map(usize::from)
}

fn paragraph_at(width: usize, lead: &str, words: &str) -> String {
    let indent = lead.chars().count();
    let mut shown = lead.to_owned();
    let mut column = indent;
    for word in words.split_whitespace() {
        let length = word.chars().count();
        if column > indent && column + 1 + length > width {
            shown.push('\n');
            shown.push_str(&" ".repeat(indent));
            column = indent;
        } else if column > indent {
            shown.push(' ');
            column += 1;
        }
        shown.push_str(word);
        column += length;
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paragraph_is_broken_at_spaces_and_continued_under_its_first_word() {
        assert_eq!(paragraph_at(14, "ok   ", "one two three"), "ok   one two\n     three");
        assert_eq!(paragraph_at(8, "  → ", "a-long-word b"), "  → a-long-word\n    b");
        assert_eq!(paragraph_at(usize::MAX, "→ ", "one two"), "→ one two");
    }
}
