//! What `--help` adds to the descriptions of the arguments: examples, exit codes, and where the settings are.

use clap::Command;

/// Below the list of all commands.
pub(super) const OF_ALL: &str = "\
Settings are read from the file given with --config, else from the file that FORSTOK_ACCURATE_CONFIG names, else from ./settings.toml if it exists. Environment variables override the file. Relative paths in the settings are resolved from the folder of the settings file.

Exit codes:
  0  success
  1  a finding or a failure
  2  wrong settings, mapping or arguments; nothing was done
  3  not finished: run it again

`help COMMAND`, or `COMMAND --help`, shows examples. All documents are at
https://github.com/forstok-accurate/forstok-accurate";

/// Below each command.
const EXIT_CODES: &str =
    "Exit codes: 0 success, 1 a finding or a failure, 2 wrong settings or arguments, 3 not finished: run it again.";

/// What `--config` means, in every command that has it.
const CONFIG: &str = "\
Settings file. By default the file that FORSTOK_ACCURATE_CONFIG names, else ./settings.toml if it exists. Environment variables override the file";

/// The examples of each command, and what its exit codes mean if that needs saying. A line of an example fits into 80
/// columns; the terminal breaks the others.
const EXAMPLES: &[(&str, &str)] = &[
    (
        "serve",
        "\
  forstok-accurate serve --config /etc/forstok-accurate/settings.toml
  FORSTOK_ACCURATE_SERVER__LISTEN=0.0.0.0:8080 forstok-accurate serve

SIGTERM and Ctrl-C stop the service once its running calls have ended; SIGHUP reads the settings again.",
    ),
    (
        "init",
        "\
  forstok-accurate init --folder /etc/forstok-accurate
  forstok-accurate init --yes --token-file token --secret-file secret",
    ),
    (
        "check",
        "\
  forstok-accurate check
  forstok-accurate check --try-rights --json

Exits with 1 if anything would prevent invoices. `config check` makes no call and needs no network.",
    ),
    (
        "preview",
        "\
  forstok-accurate preview order.json
  forstok-accurate preview --json - < order.json",
    ),
    (
        "mapping show",
        "\
  forstok-accurate mapping show > mapping.toml
  forstok-accurate mapping show --revision 3",
    ),
    (
        "mapping apply",
        "\
  forstok-accurate mapping apply mapping.toml --dry-run
  forstok-accurate mapping apply mapping.toml --dry-run --from 2026-11-01 --to 2026-11-30
  forstok-accurate mapping apply mapping.toml --note \"new store\"

With --dry-run, exits with 1 if orders that get an invoice today would be blocked.",
    ),
    ("mapping restore", "  forstok-accurate mapping restore 3"),
    ("mapping history", "  forstok-accurate mapping history"),
    (
        "orders import",
        "\
  forstok-accurate orders import webhooks.jsonl             show what is missing
  forstok-accurate orders import webhooks.jsonl --ingest    take it in

Each line of webhooks.jsonl is the body of one webhook, or one order alone:
  {\"event\":\"orders/update\",\"order\":{\"id\":138163394,\"status\":\"Open\",…}}

Rows of an export are only compared: they contain too little for an invoice. Exits with 1 if anything is missing here, out of date or cannot be read, unless it was taken in.",
    ),
    (
        "orders backfill",
        "\
  forstok-accurate orders backfill                 since the last reading
  forstok-accurate orders backfill --from 2026-11-01 --to 2026-11-30
  forstok-accurate orders backfill --from 2026-11-01 --to 2026-11-30 --ingest

Exits with 1 if anything is missing here, unless it was taken in, and with 3 if Forstok could not be read to the end or another reading is under way.",
    ),
    (
        "payout import",
        "\
  forstok-accurate payout import income.xlsx --profile shopee-income --dry-run
  forstok-accurate payout import income.xlsx --profile shopee-income \\
      --outcome outcome.csv
  forstok-accurate payout import own.csv --profile generic \\
      --column order=Pesanan --column net=Dana --column paid_at=Tanggal \\
      --column taken.service_fee=Biaya

CONTENT is order, transaction, statement, kind, paid_at, net, store, fee, amount.NAME for an amount with the seller's sign, or taken.NAME for one that the file writes as a positive number although it was taken.

A file is read completely or not at all. Exits with 1 if any row cannot be read.",
    ),
    (
        "payout profiles",
        "\
  forstok-accurate payout profiles
  forstok-accurate payout profiles shopee-income > own.toml",
    ),
    (
        "reconcile",
        "\
  forstok-accurate reconcile
  forstok-accurate reconcile --from 2026-11-01 --to 2026-11-30 --json

Exits with 0 if no finding is open, 1 if one is, 3 if not everything could be read.",
    ),
    ("store backup", "  forstok-accurate store backup /backup/$(date +%F).db"),
    ("store verify", "  forstok-accurate store verify /backup/2026-11-30.db"),
    (
        "store restore",
        "\
  forstok-accurate store restore /backup/2026-11-30.db
  forstok-accurate store restore /backup/2026-11-30.db --keep-aside

Stop the service first. Afterwards every order from before the restore is looked up in Accurate before anything is saved.",
    ),
    (
        "store copy",
        "\
  PGPASSWORD=… forstok-accurate store copy \\
      --from sqlite:///data/forstok-accurate.db --to postgres://user@host/name

Exits with 3 if a service still works on the source: stop it, then run this again.",
    ),
    (
        "config check",
        "\
  forstok-accurate config check --config /etc/forstok-accurate/settings.toml
  forstok-accurate config check --json

Exits with 0 if the service can start and work, 1 if it starts but lacks something that only a person can add (secrets that are entered on the page, or an operator who can sign in), 2 if anything is wrong.",
    ),
    (
        "config dump",
        "\
  forstok-accurate config dump
  forstok-accurate config dump --json | jq '.settings[] | select(.source!=\"default\")'

A secret that is set is shown as \"********\".",
    ),
    (
        "demo",
        "\
  forstok-accurate demo
  forstok-accurate demo --once",
    ),
    (
        "sandbox",
        "\
  forstok-accurate sandbox
  forstok-accurate sandbox --listen 127.0.0.1:9191",
    ),
    ("health", "  forstok-accurate health --config /etc/forstok-accurate/settings.toml"),
    ("openapi", "  forstok-accurate openapi > openapi.yaml"),
    (
        "completions",
        "\
  forstok-accurate completions bash \\
      > /usr/share/bash-completion/completions/forstok-accurate
  forstok-accurate completions zsh > ~/.zfunc/_forstok-accurate
  forstok-accurate completions fish \\
      > ~/.config/fish/completions/forstok-accurate.fish",
    ),
    (
        "man",
        "\
  forstok-accurate man | man -l -
  forstok-accurate man --folder /usr/local/share/man/man1",
    ),
];

/// The whole command line with examples and exit codes in each command's long help.
pub(super) fn completed(command: Command) -> Command {
    below(command, "")
}

/// `path` is the command's path with a space behind each word.
fn below(command: Command, path: &str) -> Command {
    command.mut_subcommands(|command| {
        let own = format!("{path}{}", command.get_name());
        let has_config = command.get_arguments().any(|argument| argument.get_id() == "config");
        let command =
            if has_config { command.mut_arg("config", |argument| argument.long_help(CONFIG)) } else { command };
        if command.has_subcommands() {
            return below(command, &format!("{own} "));
        }
        let examples = EXAMPLES.iter().find(|(name, _)| *name == own).map_or("", |(_, examples)| examples);
        let heading = if examples.trim_end().lines().count() > 1 { "Examples" } else { "Example" };
        command.after_long_help(format!("{heading}:\n  {}\n\n{EXIT_CODES}", examples.trim_start()))
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::Arguments;

    /// Each command without further commands, with its path.
    fn leaves(command: &Command, path: &str, found: &mut Vec<(String, Command)>) {
        for command in command.get_subcommands() {
            let own = format!("{path}{}", command.get_name());
            if command.has_subcommands() {
                leaves(command, &format!("{own} "), found);
            } else {
                found.push((own, command.clone()));
            }
        }
    }

    fn all() -> Vec<(String, Command)> {
        let mut found = Vec::new();
        leaves(&completed(Arguments::command()), "", &mut found);
        found
    }

    #[test]
    fn every_command_shows_an_example_that_names_it_and_its_exit_codes() {
        let all = all();
        for (path, command) in &all {
            let help = command.clone().render_long_help().to_string();
            let example = format!("forstok-accurate {path}");
            assert!(help.lines().any(|line| line.contains(&example) && !line.contains("Usage:")), "{path}: {help}");
            assert!(help.contains("Exit codes: 0"), "{path}: {help}");
        }
        let unknown: Vec<_> =
            EXAMPLES.iter().map(|(name, _)| *name).filter(|name| !all.iter().any(|(path, _)| path == name)).collect();
        assert_eq!(unknown, Vec::<&str>::new(), "examples of commands that do not exist");
    }

    #[test]
    fn help_fits_into_80_columns() {
        let root = ("forstok-accurate".to_owned(), completed(Arguments::command()));
        for (path, command) in all().into_iter().chain([root]) {
            let command = command.term_width(80);
            for help in [command.clone().render_help(), command.clone().render_long_help()] {
                let help = help.to_string();
                let too_long = help.lines().find(|line| line.chars().count() > 80);
                assert_eq!(too_long, None, "{path}");
            }
        }
    }
}
