//! Files with payouts: made by hand in the shape of each profile, with odd rows and no real data
//! (`tests/payout_files/`).

mod commands;
mod ledger;
mod odd;
mod profiles;
mod workbooks;

use std::{io::Cursor, path::Path};

use jiff::civil::{Date, date};

use forstok_accurate::{
    domain::{
        payout::Payout,
        payout_file::{Profile, Summary},
        reason::Language,
    },
    importing::payouts::{Opened, PayoutFile, Problems, profiles as named},
};

use self::ledger::Ledger;

const TODAY: Date = date(2026, 11, 28);

fn example(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/payout_files");
    std::fs::read(folder.join(name)).expect("it is there")
}

fn profile(name: &str) -> Profile {
    named::find(name, Path::new("/nonexistent")).expect("built in").profile
}

fn table(file: &[u8], profile: Profile) -> PayoutFile {
    let opened = Opened::open(Cursor::new(file.to_vec())).expect("a table");
    opened.find(profile).unwrap_or_else(|missing| panic!("{missing:?}"))
}

fn checked(file: &[u8], profile: Profile) -> Result<Summary, Problems> {
    table(file, profile).check(TODAY).expect("readable")
}

/// What is wrong with a file, in words.
fn problems(file: &[u8], profile: Profile) -> Vec<String> {
    let problems = checked(file, profile).expect_err("something is wrong");
    assert_eq!(problems.count, problems.named.len() as u64);
    problems.named.iter().map(|wrong| wrong.in_words(Language::English)).collect()
}

/// The payouts of a file as they are recorded.
async fn payouts(file: &[u8], profile: Profile) -> Vec<Payout> {
    let mut ledger = Ledger::default();
    ledger.import(file, profile).await;
    ledger.in_order
}

/// `order net {amount: …}`.
fn in_short(payout: &Payout) -> String {
    let amounts: Vec<_> = payout.amounts.iter().map(|(fee, amount)| format!("{fee} {amount}")).collect();
    let order = if payout.channel_order_id.is_empty() { "-" } else { &payout.channel_order_id };
    format!("{order} {} {}: {}", payout.paid_at, payout.net, amounts.join(", "))
}
