//! `payout import FILE` records the payouts of a file; `payout profiles` lists what the columns of files can be.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use clap::Subcommand;

use super::{
    Failure, counted, language,
    output::{complain, say},
};
use crate::{
    clock::{Clock, SystemClock},
    deciding::mapping,
    domain::{
        day_in_wib,
        import::columns::Choice,
        payout::{Payout, RowOutcome},
        payout_file::{
            Content, Made, Summary,
            profile::{DAY_ORDERS, NOTATIONS},
            summary::Sum,
        },
        reason::Language,
        toml_text::Problem,
        unreadable_file,
    },
    export::{Headers, outcomes::Outcomes},
    importing::payouts::{Counts, Opened, PayoutFile, Problems, profiles, record, record_all},
    settings,
    spreadsheet::Unreadable,
    storage::{self, Storage},
};

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Read the payouts of a file (CSV, XLSX)
    Import(Import),
    /// List the profiles, or print one to copy and edit it
    Profiles {
        /// Which one to print
        name: Option<String>,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct Import {
    /// The file
    file: PathBuf,
    /// What its columns contain: a name that `payout profiles` lists, or a file that ends with .toml
    #[arg(long, value_name = "NAME")]
    profile: String,
    /// Show what the file contains and record nothing
    #[arg(long)]
    dry_run: bool,
    /// Write how each payout was recorded into this CSV
    #[arg(long, value_name = "FILE", conflicts_with = "dry_run")]
    outcome: Option<PathBuf>,
    /// What a column contains, as `net="Dana Masuk"`; may be repeated, and is remembered for files with these headings
    #[arg(long = "column", value_name = "CONTENT=HEADING", value_parser = column)]
    columns: Vec<(String, String)>,
    /// How numbers are written: id (12.000,50) or en (12,000.50)
    #[arg(long, value_name = "id|en", value_parser = NOTATIONS.map(|(word, _)| word))]
    numbers: Option<String>,
    /// How dates are written: dmy (05/11/2026 is in November) or mdy
    #[arg(long, value_name = "dmy|mdy", value_parser = DAY_ORDERS.map(|(word, _)| word))]
    dates: Option<String>,
    /// Where the payouts of this file come from, instead of the profile's source
    #[arg(long)]
    source: Option<String>,
    /// Forstok's id of the store that all rows belong to
    #[arg(long, value_name = "STORE_ID")]
    store: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Exit code for a file that was recorded in part.
const NOT_FINISHED: u8 = 3;

/// `net=Dana Masuk`.
fn column(text: &str) -> Result<(String, String), String> {
    let (name, heading) = text.split_once('=').ok_or("write it as net=HEADING")?;
    let (name, heading) = (name.trim(), heading.trim());
    let is_amount = ["amount.", "taken."].iter().any(|sign| name.strip_prefix(sign).is_some_and(|fee| !fee.is_empty()));
    let known = Content::ALL.map(Content::as_str);
    if !is_amount && !known.contains(&name) {
        return Err(format!("{name:?} is none of {}, amount.NAME, taken.NAME", known.join(", ")));
    }
    if heading.is_empty() {
        Err("the heading is missing".to_owned())
    } else {
        Ok((name.to_owned(), heading.to_owned()))
    }
}

pub(super) async fn run(config: Option<PathBuf>, action: Action) -> Result<ExitCode, Failure> {
    let folder = config.as_deref().and_then(Path::parent).unwrap_or(Path::new("")).to_owned();
    match action {
        Action::Profiles { name } => show_profiles(name.as_deref(), &folder),
        Action::Import(arguments) => {
            let offline = settings::load_offline(config.as_deref(), settings::environment())?;
            let storage = storage::open_beside(&offline.database).await.map_err(anyhow::Error::from)?;
            let result = import(storage.as_ref(), &folder, &arguments).await;
            storage.close().await;
            result
        }
    }
}

fn show_profiles(name: Option<&str>, folder: &Path) -> Result<ExitCode, Failure> {
    if let Some(name) = name {
        let found = profile(name, folder)?;
        let text = match &found.file {
            Some(file) => {
                std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?
            }
            None => profiles::built_in(name).unwrap_or_default().to_owned(),
        };
        say!("{}", text.trim_end());
        return Ok(ExitCode::SUCCESS);
    }
    for name in profiles::names(folder) {
        let found = profile(&name, folder)?;
        say!("{name:<18}{}{}", found.profile.title, origin(&found));
    }
    Ok(ExitCode::SUCCESS)
}

/// Where a profile is from, and whether it is a guess.
fn origin(found: &profiles::Found) -> String {
    let file = found.file.as_ref().map(|file| file.display().to_string());
    match (file, found.profile.is_proven) {
        (None, true) => String::new(),
        (None, false) => " (unproven: its headings are a guess)".to_owned(),
        (Some(file), true) => format!(" ({file})"),
        (Some(file), false) => format!(" ({file}; unproven: its headings are a guess)"),
    }
}

fn profile(name: &str, folder: &Path) -> Result<profiles::Found, Failure> {
    profiles::find(name, folder).map_err(|error| {
        let value = Some(name.to_owned());
        let mut problems = vec![Problem { key: "profile".to_owned(), value, remedy: error.to_string() }];
        if let profiles::NotFound::Wrong(_, errors) = error {
            problems.extend(errors);
        }
        Failure::Arguments(problems)
    })
}

async fn import(storage: &dyn Storage, folder: &Path, arguments: &Import) -> Result<ExitCode, Failure> {
    let found = profile(&arguments.profile, folder)?;
    let shown = arguments.file.display();
    let source = File::open(&arguments.file).with_context(|| format!("{shown} cannot be read"))?;
    if source.metadata().is_ok_and(|metadata| metadata.is_dir()) {
        complain!("Nothing was recorded: {shown} is a folder; name a file.");
        return Ok(ExitCode::FAILURE);
    }
    let opened = match blocking(move || Opened::open(source)).await? {
        Ok(opened) => opened,
        Err(why) => return Ok(unreadable(&arguments.file, why)),
    };
    let Some(Table { mut file, chosen }) = find_table(storage, opened, &found, folder, arguments).await? else {
        return Ok(ExitCode::FAILURE);
    };
    let checked = blocking(move || {
        let checked = file.check(day_in_wib(SystemClock.now()));
        (file, checked)
    });
    let (file, checked) = checked.await?;
    let mut summary = match checked {
        Ok(Ok(summary)) => summary,
        Ok(Err(problems)) => return Ok(complain_of(&arguments.file, &problems)),
        Err(why) => return Ok(unreadable(&arguments.file, why)),
    };
    let mapping = mapping::current(storage).await.map_err(anyhow::Error::from)?;
    summary.compare(&mapping.mapping);
    if summary.rows == 0 {
        complain!("Nothing was recorded: {shown} has headings but no rows below them.");
        return Ok(ExitCode::FAILURE);
    }
    if arguments.json {
        say!("{}", serde_json::to_string_pretty(&summary).context("the summary as JSON")?);
    } else {
        say!("{shown}, read with the profile {}{}", found.name, origin(&found));
        print_summary(&summary)?;
        if arguments.dry_run {
            say!("Nothing was recorded: this was a dry run.");
        }
    }
    if arguments.dry_run {
        return Ok(ExitCode::SUCCESS);
    }
    store(storage, Table { file, chosen }, arguments).await
}

/// Records the payouts of a file that was checked, and remembers what was chosen for it.
async fn store(storage: &dyn Storage, table: Table, arguments: &Import) -> Result<ExitCode, Failure> {
    let Table { file, chosen } = table;
    let mut outcomes = match &arguments.outcome {
        None => None,
        Some(path) => {
            let named = || format!("{} cannot be written to", path.display());
            let file = File::create(path).with_context(named)?;
            Some(Outcomes::new(file, Headers::Stable).with_context(named)?)
        }
    };
    let mut counts = Counts::default();
    let store = async |payouts: Vec<Payout>| record_all(storage, payouts, SystemClock.now(), language()).await;
    let tell = |made: &Made, outcome: &RowOutcome| {
        if let Some(problem) = &outcome.problem {
            complain!("line {}: refused: {problem}", made.line);
        }
        outcomes.as_mut().map_or(Ok(()), |outcomes| outcomes.add(made, outcome))
    };
    let recorded = record(file, &mut counts, store, tell).await;
    let ended = outcomes.map_or(Ok(()), Outcomes::end);
    let Counts { accepted, repeat, corrected, refused } = counts;
    if !arguments.json {
        say!("Recorded: {accepted} accepted, {repeat} known already, {corrected} corrected, {refused} refused");
    }
    if let Err(error) = recorded {
        complain!("Recording was interrupted: {error}. Import the file again; nothing is recorded twice.");
        return Ok(ExitCode::from(NOT_FINISHED));
    }
    if let Some((key, choice)) = chosen {
        let remembered = storage.remember_import_columns(&key, &choice, "command line", SystemClock.now()).await;
        remembered.map_err(anyhow::Error::from)?;
    }
    ended.context("the outcomes cannot be written")?;
    Ok(if refused > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The table of a file.
struct Table {
    file: PayoutFile,
    /// What was chosen for it now, with the headings for which it is remembered; `None` if nothing was.
    chosen: Option<(String, Choice)>,
}

/// Finds the table with the columns that were chosen, now or earlier.
async fn find_table(
    storage: &dyn Storage,
    opened: Opened,
    found: &profiles::Found,
    folder: &Path,
    arguments: &Import,
) -> Result<Option<Table>, Failure> {
    let mut choice = Choice::new();
    for key in opened.keys(&found.name) {
        if let Some(remembered) = storage.import_columns(&key).await.map_err(anyhow::Error::from)? {
            choice = remembered;
            break;
        }
    }
    // What was remembered names all amounts of the file.
    let has_remembered = choice.keys().any(|name| name.contains('.'));
    // Another file with these headings may come from elsewhere.
    choice.remove("source");
    let mut chosen: Choice = arguments.columns.iter().cloned().collect();
    for (key, word) in [("numbers", &arguments.numbers), ("dates", &arguments.dates)] {
        chosen.extend(word.iter().map(|word| (key.to_owned(), word.clone())));
    }
    let is_chosen = !chosen.is_empty();
    // What is named now replaces what was remembered for the same amount or the same column.
    let fee = |key: &str| key.split_once('.').map(|(_, fee)| fee.to_owned());
    choice.retain(|key, heading| {
        let is_replaced = |(now, of): (&String, &String)| fee(key).is_some() && (fee(now) == fee(key) || of == heading);
        !chosen.iter().any(is_replaced)
    });
    choice.extend(chosen);
    let mut profile =
        if has_remembered { found.profile.clone().with(&choice) } else { found.profile.clone().with_more(&choice) };
    if arguments.numbers.is_none() && choice.contains_key("numbers") {
        profile = profile.with_numbers_of_before();
    }
    if let Some(source) = &arguments.source {
        source.clone_into(&mut profile.source);
    }
    if let Some(store) = &arguments.store {
        store.clone_into(&mut profile.store_id);
    }
    let resembling = profiles::resembling(&opened, &profile, folder);
    let missing = match opened.find(profile) {
        Ok(file) => {
            let names = arguments.columns.iter().map(|(_, heading)| heading);
            let absent: Vec<_> = names.filter(|heading| !file.has_heading(heading)).cloned().collect();
            if !absent.is_empty() {
                let headings = file.headings().join(", ");
                complain!("Nothing was recorded: no heading is {}. The headings are: {headings}", absent.join(", "));
                return Ok(None);
            }
            let whole = file.choice().into_iter().chain(choice).collect();
            let chosen = is_chosen.then(|| (file.key(&found.name), whole));
            return Ok(Some(Table { file, chosen }));
        }
        Err(missing) => missing,
    };
    if missing.headings.is_empty() {
        complain!("Nothing was recorded: {} is empty.", arguments.file.display());
        return Ok(None);
    }
    if let Some(other) = resembling {
        let (file, found, other) = (arguments.file.display(), &found.name, &other.name);
        complain!("Nothing was recorded: {file} has the headings of the profile {other}, not of {found}.");
        return Ok(None);
    }
    let contents: Vec<_> = missing.missing.iter().map(|content| content.as_str()).collect();
    complain!(
        "Nothing was recorded: no row of {} has the headings of the profile {}. It lacks {}. Name the columns with \
         --column CONTENT=HEADING, or edit a copy of the profile. The headings are: {}",
        arguments.file.display(),
        found.name,
        contents.join(", "),
        missing.headings.join(", ")
    );
    Ok(None)
}

fn unreadable(file: &Path, why: Unreadable) -> ExitCode {
    let why = match why {
        Unreadable::TooLarge => "it is too large; a file may have 64 MiB, and a workbook's texts 24 MiB unpacked",
        other => unreadable_file::in_words(other, Language::English),
    };
    complain!("Nothing was recorded: {} cannot be read: {why}.", file.display());
    ExitCode::FAILURE
}

fn complain_of(file: &Path, problems: &Problems) -> ExitCode {
    let count = counted(usize::try_from(problems.count).unwrap_or(usize::MAX), "problem");
    complain!("Nothing was recorded: {} has {count}.", file.display());
    for wrong in &problems.named {
        complain!("  - {}", wrong.in_words(language()));
    }
    if problems.count > problems.named.len() as u64 {
        complain!("  … only the first {} are listed", problems.named.len());
    }
    ExitCode::FAILURE
}

fn print_summary(summary: &Summary) -> Result<(), Failure> {
    let count = |count: u64, what| counted(usize::try_from(count).unwrap_or(usize::MAX), what);
    let days = summary.days.map(|(first, last)| format!(", {first} to {last}")).unwrap_or_default();
    say!(
        "{}: {} for {}{days}, {} in total",
        count(summary.rows, "row"),
        count(summary.payouts.count, "payout"),
        count(summary.orders, "order"),
        summary.payouts.sum.in_words()
    );
    for (fee, sum) in &summary.amounts {
        let unknown = if summary.unknown_fees.contains_key(fee) { "  not in the mapping" } else { "" };
        say!("  {:>9}  {:>18}  {fee}{unknown}", sum.count, sum.sum.in_words());
    }
    let of = |sum: &Sum, what: &str| format!("{} {what} ({})", sum.count, sum.sum.in_words());
    let mut notes = Vec::new();
    if summary.without_order.count > 0 {
        notes.push(of(&summary.without_order, "without an order: a person must book this money"));
    }
    if summary.negative.count > 0 {
        notes.push(of(&summary.negative, "below 0"));
    }
    if let Some(line) = summary.first_uneven {
        let what = format!("whose amounts do not add up to their money, the first in line {line}: check the signs");
        notes.push(of(&summary.uneven, &what));
    }
    if let Some(line) = summary.first_repeat {
        let what = format!("repeating the transaction of an earlier row, the first in line {line}: counted once");
        notes.push(of(&summary.repeats, &what));
    }
    if !summary.unknown_fees.is_empty() {
        let what = "not in the mapping: add them under [payout.kinds]; until then their payouts are blocked";
        notes.push(format!("{} {what}", count(summary.unknown_fees.len() as u64, "fee name")));
    }
    let stores = summary.unknown_stores.iter();
    notes.extend(stores.map(|(store, sum)| of(sum, &format!("of store {store:?}, which is not in the mapping"))));
    notes.extend(summary.skipped.iter().map(|(kind, sum)| of(sum, &format!("{kind:?} skipped, as the profile says"))));
    let unknown = summary.unknown_columns.iter();
    notes.extend(unknown.map(|(heading, rows)| {
        format!("column {heading:?} has numbers in {} and is not in the profile: not imported", count(*rows, "row"))
    }));
    notes.extend(summary.totals.iter().map(|line| format!("line {line} adds up other rows: not imported")));
    notes.extend(
        summary.other_sheets.iter().map(|sheet| format!("sheet {sheet:?} has these headings too: not imported")),
    );
    for note in notes {
        say!("  {note}");
    }
    Ok(())
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> anyhow::Result<T> {
    tokio::task::spawn_blocking(work).await.context("the file could not be read")
}
