//! Every name of an amount that a payout ever used, and the category that it goes to. A new name holds up its orders
//! until an admin gives it one: that is a revision of the mapping like any other.

use std::collections::{BTreeMap, BTreeSet};

use axum::{
    Form,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};

use super::{
    super::{
        format,
        mapping::words::category,
        order_line::rupiah,
        page::{Page, address},
    },
    payouts::{PATH, render},
    shown::Asked,
};
use crate::{
    deciding::mapping::{Applied, Author, current},
    domain::{
        mapping::{
            Mapping, SERVICE_FEE, TAX_WITHHELD,
            after_sale::{SUBTOTAL, payout_categories},
        },
        matching::spelling::written_out,
    },
    http::{App, auth::By, problem::Problem, v1::check_mapping::document_of, wrong_field::storable},
    importing::payouts::profiles,
    storage::FeeKind,
};

/// Before the name of a fee in the name of its field.
const FIELD: &str = "fee:";

/// Names of an amount in files that are shown: the Indonesian and the English one.
const NAMES_IN_FILES: usize = 2;

/// What was chosen: the category of each name; empty for none.
type Chosen = BTreeMap<String, String>;

/// All names that payouts have used.
pub(in crate::web) struct Fees {
    /// The revision of the mapping that this was made from.
    pub(super) revision: i64,
    pub(super) unknown: Vec<Fee>,
    pub(super) known: Vec<Fee>,
    /// Categories of fees at present for which no account is chosen.
    pub(super) without_account: Vec<String>,
    pub(super) note: String,
    /// Why it was not saved.
    pub(super) refusal: Option<String>,
}

/// One name.
pub(super) struct Fee {
    /// With everything invisible written out: two names that differ only in that are two names.
    pub(super) name: String,
    /// What files call it; empty if they call it so.
    pub(super) written: String,
    pub(super) field: String,
    /// Its place among all names, for the id of its field.
    pub(super) place: usize,
    /// Where it was met.
    pub(super) places: Vec<Place>,
    /// Where it goes.
    pub(super) category: String,
    /// Categories to choose from: value, words, whether it is chosen. None for a name that is a category itself.
    pub(super) options: Vec<(&'static str, String, bool)>,
}

/// A name at one marketplace.
pub(super) struct Place {
    pub(super) source: String,
    pub(super) count: String,
    pub(super) sum: String,
    pub(super) first: String,
}

impl Fees {
    pub(super) async fn read(app: &App, page: &Page) -> Result<Self, Problem> {
        let active = app.engine.mapping();
        let kinds = app.engine.storage().fee_kinds().await?;
        Ok(Self::of(&kinds, &active.mapping, active.revision, &Chosen::new(), page).with_names_in_files(app))
    }

    fn of(kinds: &[FeeKind], mapping: &Mapping, revision: i64, chosen: &Chosen, page: &Page) -> Self {
        let mut names = BTreeMap::<&str, Vec<&FeeKind>>::new();
        for kind in kinds {
            names.entry(kind.name.trim()).or_default().push(kind);
        }
        let (mut unknown, mut known) = (Vec::new(), Vec::new());
        for (place, (name, kinds)) in names.into_iter().enumerate() {
            // A name that corrections have removed from all payouts needs no category.
            let is_unknown = is_used(&kinds) && mapping.payout.category(name).is_none();
            let fee = Fee { place, ..Fee::new(name, &kinds, mapping, chosen, page) };
            if is_unknown { unknown.push(fee) } else { known.push(fee) }
        }
        let used = kinds.iter().filter(|kind| kind.count > 0);
        let used: BTreeSet<_> = used.filter_map(|kind| mapping.payout.category(&kind.name)).collect();
        let without_account = used.into_iter().filter(|to| lacks_account(to, mapping));
        let without_account = without_account.map(|to| category(to, page)).collect();
        Self { revision, unknown, known, without_account, note: String::new(), refusal: None }
    }
}

impl Fees {
    /// With the names that the files use.
    fn with_names_in_files(mut self, app: &App) -> Self {
        let names = profiles::names_of_amounts(&app.profiles);
        for fee in self.unknown.iter_mut().chain(&mut self.known) {
            let written = fee.places.iter().filter_map(|place| names.get(&(place.source.clone(), fee.name.clone())));
            let written = written.flatten().take(NAMES_IN_FILES).map(|name| format!("“{name}”"));
            fee.written = written.collect::<Vec<_>>().join(", ");
        }
        self
    }
}

/// Whether a payout has an amount of this name at present.
fn is_used(kinds: &[&FeeKind]) -> bool {
    kinds.iter().any(|kind| kind.count > 0)
}

impl Fee {
    fn new(name: &str, kinds: &[&FeeKind], mapping: &Mapping, chosen: &Chosen, page: &Page) -> Self {
        let place = |kind: &&FeeKind| Place {
            source: kind.source.clone(),
            count: format::count(kind.count),
            sum: rupiah(kind.hundredths),
            first: format::moment(kind.first_at),
        };
        let now = mapping.payout.category(name);
        let is_category = now == Some(name) && !mapping.payout.kinds.contains_key(name);
        let wanted = chosen.get(name).map(String::as_str).or(now).unwrap_or_default();
        let option = |to: &'static str| (to, in_words(to, mapping, page), to == wanted);
        Self {
            name: written_out(name),
            written: String::new(),
            field: format!("{FIELD}{name}"),
            place: 0,
            places: kinds.iter().map(place).collect(),
            category: now.map_or_else(String::new, |to| in_words(to, mapping, page)),
            options: if is_category { Vec::new() } else { payout_categories().map(option).collect() },
        }
    }
}

/// A category with the account that it goes to.
fn in_words(to: &str, mapping: &Mapping, page: &Page) -> String {
    let words = category(to, page);
    match mapping.accounts.get(to) {
        _ if to == SUBTOTAL => words,
        Some(account) => format!("{words} · {account}"),
        // As part of the service fee, it is booked on the account of that.
        None if to == TAX_WITHHELD => {
            format!("{words} · {} {}", page.t("booked as", "dibukukan sebagai"), in_words(SERVICE_FEE, mapping, page))
        }
        None => format!("{words} · {}", page.t("no account yet", "belum ada akun")),
    }
}

/// Whether no account is chosen for a category, neither for all stores nor for one, although its amounts need one.
fn lacks_account(to: &str, mapping: &Mapping) -> bool {
    ![SUBTOTAL, TAX_WITHHELD].contains(&to)
        && !mapping.accounts.contains_key(to)
        && mapping.stores.values().all(|store| mapping.account(store, to).is_none())
}

/// `POST /payouts/fees`.
pub(in crate::web) async fn save(
    State(app): State<App>,
    By(actor): By,
    page: Page,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let value = |name: &str| fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.clone());
    let revision = value("revision").and_then(|revision| revision.parse().ok()).unwrap_or(-1);
    let note = value("note").unwrap_or_default();
    let chosen: Chosen =
        fields.iter().filter_map(|(field, to)| Some((field.strip_prefix(FIELD)?.to_owned(), to.clone()))).collect();
    let active = app.engine.mapping();
    let mut mapping = active.mapping.clone();
    for (name, to) in &chosen {
        if to.is_empty() {
            mapping.payout.kinds.remove(name);
        } else if mapping.payout.category(name) != Some(to.as_str()) {
            mapping.payout.kinds.insert(name.clone(), to.clone());
        }
    }
    let meanwhile = page.t(
        "Another person has changed the mapping. Check your choice again, then save.",
        "Pemetaan sudah diubah orang lain. Periksa lagi pilihan Anda, lalu simpan.",
    );
    let refusal = if revision == active.revision {
        match document_of(&app, &mapping.to_table()) {
            Err(mistakes) => mistakes.first().map_or_else(String::new, |mistake| format::sentence(&mistake.remedy)),
            Ok(document) => {
                let author = Author { who: &actor.name, note: storable("note", &note)? };
                match app.engine.apply_mapping(document, author, Some(revision)).await? {
                    Applied::Equal(_) => return Ok(to("mapping_same")),
                    Applied::Changed(..) => {
                        let is_lacking = chosen.values().any(|to| !to.is_empty() && lacks_account(to, &mapping));
                        return Ok(to(if is_lacking { "fees_lack_account" } else { "fees_saved" }));
                    }
                    Applied::Stale(_) => {
                        // Another replica may have applied it.
                        app.engine.set_mapping(current(app.engine.storage().as_ref()).await?);
                        meanwhile.to_owned()
                    }
                }
            }
        }
    } else {
        meanwhile.to_owned()
    };
    let active = app.engine.mapping();
    let kinds = app.engine.storage().fee_kinds().await?;
    let fees = Fees::of(&kinds, &active.mapping, active.revision, &chosen, &page).with_names_in_files(&app);
    let shown = render(&app, page, &Asked::default(), Fees { note, refusal: Some(refusal), ..fees }).await?;
    Ok((StatusCode::CONFLICT, shown).into_response())
}

fn to(done: &str) -> Response {
    Redirect::to(&address(PATH, &[("done", done)])).into_response()
}
