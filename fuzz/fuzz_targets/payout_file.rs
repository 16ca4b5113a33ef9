//! No file makes the reader of payouts panic, under any of the built-in profiles; what it reads is reported in words.

#![no_main]

use std::{io::Cursor, path::Path, sync::LazyLock};

use forstok_accurate::{
    domain::{payout_file::Profile, reason::Language},
    importing::payouts::{Opened, profiles},
};
use jiff::civil::{Date, date};
use libfuzzer_sys::fuzz_target;

const TODAY: Date = date(2026, 11, 28);

static PROFILES: LazyLock<Vec<Profile>> = LazyLock::new(|| {
    let names = ["shopee-income", "shopee-wallet", "tiktok-tokopedia", "lazada", "forstok", "generic"];
    names.map(|name| profiles::find(name, Path::new("/nonexistent")).expect("built in").profile).into()
});

fuzz_target!(|file: &[u8]| {
    for profile in PROFILES.iter() {
        // A CSV or a workbook, by its content.
        let Ok(opened) = Opened::open(Cursor::new(file.to_vec())) else { return };
        let Ok(mut table) = opened.find(profile.clone()) else { continue };
        if let Ok(Err(problems)) = table.check(TODAY) {
            assert!(problems.count >= problems.named.len() as u64);
            for wrong in &problems.named {
                assert!(!wrong.in_words(Language::Indonesian).is_empty());
            }
        }
    }
});
