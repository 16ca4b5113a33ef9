//! Which column of a payout file contains what: chosen once, and remembered for files with these headings.

use std::collections::BTreeMap;

use axum::{
    Form,
    extract::State,
    response::{IntoResponse, Redirect, Response},
};

use super::{
    super::{
        mapping::words::category,
        page::{Page, address, html},
    },
    import::Import,
    import_form::Sent,
};
use crate::{
    domain::{
        import::columns::Choice,
        mapping::after_sale::payout_categories,
        payout_file::{
            Content,
            profile::{DAY_ORDERS, NOTATIONS},
        },
    },
    http::{App, auth::By, problem::Problem},
};

/// The contents that a person can choose a column for.
const CONTENTS: [Content; 5] = [Content::Order, Content::PaidAt, Content::Net, Content::Transaction, Content::Store];

/// What a choice says about how values are written.
const WRITTEN: [&str; 2] = ["numbers", "dates"];

/// The form for the columns.
pub(super) struct Choosing {
    pub(super) profile: String,
    /// Under what the choice is remembered, as JSON.
    pub(super) keys: String,
    /// The headings, as JSON.
    pub(super) headings: String,
    pub(super) fields: Vec<Field>,
    /// How numbers and dates are written, if a person has said so: it is remembered with the columns.
    pub(super) notation: Vec<(&'static str, String)>,
    /// Columns that can be imported as fees under their own names, and whether they are.
    pub(super) fees: Vec<(String, bool)>,
    /// Whether the file writes what was taken as a positive number.
    pub(super) is_reversed: bool,
}

/// A choice of one column: its name, its words, and the headings with the chosen one.
pub(super) struct Field {
    pub(super) name: String,
    pub(super) label: String,
    pub(super) options: Vec<(String, bool)>,
}

impl Choosing {
    /// For a file with these headings, of which `others` have amounts that are not imported yet.
    pub(super) fn new(
        profile: &str,
        keys: &[String],
        headings: &[String],
        others: impl Iterator<Item = String>,
        choice: &Choice,
        page: &Page,
    ) -> Self {
        let field = |name: String, label: String, chosen: Option<&String>| {
            let options = headings.iter().map(|heading| (heading.clone(), chosen == Some(heading))).collect();
            Field { name, label, options }
        };
        let content = |content: Content| {
            let name = content.as_str();
            field(name.to_owned(), label(content, page).to_owned(), choice.get(name))
        };
        let amount = |to: &str| {
            let chosen = choice.get(&format!("amount.{to}")).or_else(|| choice.get(&format!("taken.{to}")));
            field(format!("amount.{to}"), category(to, page), chosen)
        };
        let fields = CONTENTS.into_iter().map(content).chain(payout_categories().map(amount)).collect();
        let is_category = |heading: &String| payout_categories().any(|category| category == heading);
        let is_fee = |heading: &String| {
            !is_category(heading) && ["amount", "taken"].iter().any(|sign| choice.contains_key(&fee(sign, heading)))
        };
        let mut fees: Vec<_> = others.map(|heading| (heading, false)).collect();
        fees.extend(headings.iter().filter(|heading| is_fee(heading)).map(|heading| (heading.clone(), true)));
        let json = |texts: &[String]| serde_json::Value::from(texts.to_vec()).to_string();
        Self {
            profile: profile.to_owned(),
            keys: json(keys),
            headings: json(headings),
            fields,
            fees,
            notation: WRITTEN.iter().filter_map(|name| Some((*name, choice.get(*name)?.clone()))).collect(),
            is_reversed: choice.keys().any(|name| name.starts_with("taken.")),
        }
    }
}

pub(super) fn label(content: Content, page: &Page) -> &'static str {
    match content {
        Content::Order => page.t("Marketplace order number", "Nomor pesanan marketplace"),
        Content::PaidAt => page.t("Day of the payout", "Tanggal pencairan"),
        Content::Net => page.t("Money that arrived", "Dana yang diterima"),
        Content::Transaction => page.t("Id of the row, if it has one", "ID baris, jika ada"),
        Content::Store => page.t("Forstok's store id, if it has one", "ID toko Forstok, jika ada"),
        Content::Fee => page.t("Name of the fee", "Nama biaya"),
        Content::Kind => page.t("Kind of the row", "Jenis baris"),
        Content::Statement => page.t("Statement", "Laporan"),
    }
}

/// The name in a choice of an amount, with its sign.
fn fee(sign: &str, name: &str) -> String {
    format!("{sign}.{name}")
}

/// What was chosen for files like one with these keys.
pub(super) async fn remembered(app: &App, keys: &[String]) -> Result<Choice, Problem> {
    for key in keys {
        if let Some(remembered) = app.engine.storage().import_columns(key).await? {
            return Ok(remembered);
        }
    }
    Ok(Choice::new())
}

/// `POST /payouts/import/columns`.
pub(in crate::web) async fn choose(
    State(app): State<App>,
    By(actor): By,
    page: Page,
    Form(form): Form<BTreeMap<String, String>>,
) -> Result<Response, Problem> {
    let texts = |name: &str| -> Result<Vec<String>, Problem> {
        let text = form.get(name).map_or("", String::as_str);
        serde_json::from_str(text)
            .map_err(|_| Problem::BadRequest("the form is incomplete; reload the page and send it again".to_owned()))
    };
    let (keys, headings) = (texts("keys")?, texts("headings")?);
    let profile = form.get("profile").map_or("", String::as_str);
    let is_reversed = form.get("signs").is_some_and(|signs| signs == "taken");
    let names: Vec<_> = CONTENTS.iter().map(|content| content.as_str().to_owned()).collect();
    let is_word =
        |word: &&String| NOTATIONS.iter().any(|(one, _)| one == word) || DAY_ORDERS.iter().any(|(one, _)| one == word);
    let written =
        WRITTEN.iter().filter_map(|name| Some(((*name).to_owned(), form.get(*name).filter(is_word)?.clone())));
    let mut choice: Choice = written.collect();
    for name in names {
        choice.extend(form.get(&name).filter(|heading| headings.contains(heading)).map(|one| (name, one.clone())));
    }
    for to in payout_categories() {
        let heading = form.get(&format!("amount.{to}")).filter(|heading| headings.contains(heading));
        // What a product costs is never taken.
        let sign = if is_reversed && is_a_fee(to) { "taken" } else { "amount" };
        choice.extend(heading.map(|heading| (format!("{sign}.{to}"), heading.clone())));
    }
    let sign = if is_reversed { "taken" } else { "amount" };
    let fees: Vec<_> = headings.iter().filter(|heading| form.contains_key(&fee("fee", heading))).cloned().collect();
    choice.extend(fees.into_iter().map(|heading| (fee(sign, &heading), heading)));
    let has = |content: Content| choice.contains_key(content.as_str());
    if !has(Content::Order) || !has(Content::PaidAt) || !has(Content::Net) {
        let refusal = page.t(
            "Choose at least the columns with the order number, the day and the money.",
            "Pilih setidaknya kolom nomor pesanan, tanggal, dan dana yang diterima.",
        );
        let choosing = Choosing::new(profile, &keys, &headings, std::iter::empty(), &choice, &page);
        let sent = Sent { profile: profile.to_owned(), ..Sent::default() };
        return html(&Import::empty(&app, page, &sent).await?.with_choice(choosing, refusal.to_owned()));
    }
    for key in &keys {
        app.engine.storage().remember_import_columns(key, &choice, &actor.name, app.engine.now()).await?;
    }
    let query = [("columns", "chosen"), ("profile", profile)];
    Ok(Redirect::to(&address("/payouts/import", &query)).into_response())
}

/// Whether an amount of this category is usually taken from the seller.
fn is_a_fee(category: &str) -> bool {
    !matches!(category, "subtotal" | "shipping" | "platform_rebate")
}
