//! The form of `/payouts/import`: what it offers, and what it sends.

use std::collections::BTreeMap;

use axum::{body::Bytes, extract::multipart::MultipartError};

use super::super::{page::Page, upload::Upload};
use crate::{
    domain::{
        import::columns::Choice,
        payout_file::profile::{DAY_ORDERS, NOTATIONS},
    },
    http::{App, problem::Problem, v1::import_orders::LARGEST},
    importing::payouts::profiles,
    storage::StoreName,
};

/// A choice of a list: its value, its words, whether it is chosen.
type Choices = Vec<(String, String, bool)>;

/// What the form offers, with what was chosen last.
pub(super) struct Form {
    pub(super) profiles: Choices,
    pub(super) store: String,
    /// Stores to choose from: Forstok's id and the name.
    pub(super) stores: Vec<(String, String)>,
    pub(super) numbers: Choices,
    pub(super) dates: Choices,
}

/// What the form sends.
#[derive(Default)]
pub(super) struct Sent {
    pub(super) profile: String,
    pub(super) store: String,
    pub(super) numbers: String,
    pub(super) dates: String,
    /// *Import* was pressed, not *Check the file*.
    pub(super) records: bool,
    pub(super) file: Bytes,
}

impl Form {
    /// The form with what was sent.
    pub(super) fn new(sent: &Sent, app: &App, stores: Vec<StoreName>, page: &Page) -> Self {
        let profile = |name: String| {
            let found = profiles::find(&name, &app.profiles).ok()?;
            let guess = if found.profile.is_proven {
                ""
            } else {
                page.t(" (its headings are a guess)", " (judul kolomnya masih perkiraan)")
            };
            let title = format!("{}{guess}", found.profile.title_in(page.language));
            let is_chosen = name == sent.profile;
            Some((name, title, is_chosen))
        };
        let of = |choices: &[(&str, &str)], chosen: &str| {
            let choice = |(value, words): &(&str, &str)| ((*value).to_owned(), (*words).to_owned(), *value == chosen);
            choices.iter().map(choice).collect()
        };
        let numbers = [
            ("", page.t("Recognise from the file", "Kenali dari berkas")),
            ("id", page.t("Indonesian: 1.000,00", "Indonesia: 1.000,00")),
            ("en", page.t("English: 1,000.00", "Inggris: 1,000.00")),
        ];
        let dates = [
            ("", page.t("As usual for this kind of file", "Sesuai jenis berkas")),
            ("dmy", page.t("Day first: 05/11 is 5 November", "Tanggal dulu: 05/11 berarti 5 November")),
            ("mdy", page.t("Month first: 05/11 is 11 May", "Bulan dulu: 05/11 berarti 11 Mei")),
        ];
        Self {
            profiles: profiles::names(&app.profiles).into_iter().filter_map(profile).collect(),
            store: sent.store.clone(),
            stores: offered(app, stores),
            numbers: of(&numbers, &sent.numbers),
            dates: of(&dates, &sent.dates),
        }
    }
}

/// The stores of the mapping, and those with orders.
fn offered(app: &App, known: Vec<StoreName>) -> Vec<(String, String)> {
    let active = app.engine.mapping();
    let mut stores: BTreeMap<_, _> = active.mapping.stores.keys().map(|id| (id.clone(), String::new())).collect();
    for StoreName { id, name, channel } in known {
        stores.insert(id, if name.is_empty() { channel } else { name });
    }
    stores.into_iter().collect()
}

impl Sent {
    /// Reads the form.
    pub(super) async fn read(Upload(mut parts): Upload) -> Result<Self, Problem> {
        let broken = |error: MultipartError| match error.status().as_u16() {
            413 => Problem::TooLarge(LARGEST),
            _ => Problem::BadRequest(error.body_text()),
        };
        let mut sent = Self::default();
        while let Some(part) = parts.next_field().await.map_err(broken)? {
            let name = part.name().unwrap_or_default().to_owned();
            if name == "file" {
                sent.file = part.bytes().await.map_err(broken)?;
                continue;
            }
            let text = part.text().await.map_err(broken)?.trim().to_owned();
            match name.as_str() {
                "profile" => sent.profile = text,
                "store" => sent.store = text,
                "numbers" => sent.numbers = text,
                "dates" => sent.dates = text,
                "record" => sent.records = true,
                _ => {}
            }
        }
        Ok(sent)
    }

    /// How numbers and dates are written, if a person says so.
    pub(super) fn notation(&self) -> Choice {
        let numbers = NOTATIONS.iter().find(|(word, _)| *word == self.numbers);
        let dates = DAY_ORDERS.iter().find(|(word, _)| *word == self.dates);
        let numbers = numbers.map(|(word, _)| ("numbers".to_owned(), (*word).to_owned()));
        numbers.into_iter().chain(dates.map(|(word, _)| ("dates".to_owned(), (*word).to_owned()))).collect()
    }
}
