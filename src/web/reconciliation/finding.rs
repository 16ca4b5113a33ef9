//! `/reconciliation/findings/{id}`: one finding, both sides beside what would be sent now, and what can be done.

use std::collections::BTreeMap;

use askama::Template;
use axum::{
    Form,
    extract::{Path, Query, State},
    response::{IntoResponse, Redirect, Response},
};
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::Deserialize;

use super::{
    super::{
        format,
        order_line::rupiah,
        page::{Page, address, html},
    },
    month::{month_word, store_words},
};
use crate::{
    accurate::booked::{by_id, by_number_in_background},
    deciding::preview::preview,
    domain::{
        invoice::InvoiceBody,
        money::Rupiah,
        reason::Language,
        reconciliation::{Action, FindingState, Period},
        shadow::Booked,
    },
    http::{
        App,
        auth::By,
        problem::Problem,
        v1::{
            act_on_finding::{ActionRequest, act},
            close_finding::close,
            get_finding::finding,
        },
    },
    storage::FindingRecord,
};

#[derive(Template)]
#[template(path = "finding.html")]
struct FindingPage {
    page: Page,
    id: i64,
    class: &'static str,
    state: &'static str,
    kind: &'static str,
    is_open: bool,
    sentence: String,
    /// Of the invoice, or of what Forstok lists.
    day_of: &'static str,
    day: String,
    /// 2026-11-05.
    iso_day: String,
    number: String,
    store: String,
    /// How much of the difference it explains.
    effect: Option<String>,
    remedy: &'static str,
    /// The month that it belongs to.
    back: String,
    first: String,
    seen: String,
    order_id: Option<String>,
    /// Whether there is a page about the order.
    is_known: bool,
    closed: Option<String>,
    actions: Vec<ActionShown>,
    compared: Option<Compared>,
    /// The form for a reason is open: for this action, or to close the finding.
    form: Option<FormShown>,
    may_compare: bool,
}

/// A button and what it does.
struct ActionShown {
    word: &'static str,
    name: &'static str,
    consequence: &'static str,
}

struct FormShown {
    word: &'static str,
    name: &'static str,
    consequence: &'static str,
    is_required: bool,
}

/// Sent, in Accurate, computed now: field by field, then line by line.
struct Compared {
    rows: Vec<Row>,
    lines: Vec<Row>,
    /// Why Accurate could not be asked.
    failure: Option<String>,
}

struct Row {
    what: String,
    sent: String,
    accurate: String,
    now: String,
    differs: bool,
}

/// What the address asks for.
#[derive(Debug, Default, Deserialize)]
pub(in crate::web) struct Asked {
    form: Option<String>,
    compare: Option<String>,
}

/// The part of the difference that a finding explains. An invoice that was moved explains a part on both days.
fn effect(record: &FindingRecord, page: &Page) -> Option<String> {
    let sides = [&record.facts.ledger, &record.facts.accurate];
    let mut days: Vec<_> = sides.into_iter().flatten().map(|side| side.day).collect();
    days.dedup();
    let on = |day: Date| {
        let effect = record.facts.effect(record.class, Period { from: day, to: day })?;
        Some(match days.len() {
            1 => rupiah(effect),
            _ => format!("{} {} {}", rupiah(effect), page.t("on", "pada"), format::day(day)),
        })
    };
    let effects = days.iter().map(|day| on(*day)).collect::<Option<Vec<_>>>()?;
    (!effects.is_empty()).then(|| effects.join(" · "))
}

/// `GET /reconciliation/findings/{id}`.
pub(in crate::web) async fn show(
    State(app): State<App>,
    page: Page,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Problem> {
    let record = finding(&app, &id).await?;
    let is_open = record.state == FindingState::Open;
    let language = page.language;
    let actions = if is_open && page.may_work() { record.facts.actions(record.class) } else { &[] };
    let form = asked.form.as_deref().filter(|_| page.may_work());
    let form = form.and_then(|word| form_of(word, actions, &record, &page));
    let may_compare =
        record.facts.concerns_the_invoice() && (record.order_id.is_some() || record.accurate_id.is_some());
    let compared = match asked.compare {
        Some(_) if may_compare => Some(compare(&app, &record, &page).await?),
        _ => None,
    };
    let closed = record.closed.as_ref().filter(|_| record.state == FindingState::Closed);
    let is_known = match &record.order_id {
        Some(id) => app.engine.storage().order(id).await?.is_some(),
        None => false,
    };
    html(&FindingPage {
        id: record.id,
        class: record.class.name(language),
        state: record.state.in_words(language),
        kind: match record.state {
            FindingState::Open => "bad",
            FindingState::Gone => "good",
            FindingState::Closed => "",
        },
        is_open,
        sentence: record.facts.in_words(record.class, language),
        day_of: if record.facts.forstok.is_some() {
            page.t("Last change in Forstok", "Perubahan terakhir di Forstok")
        } else {
            page.t("Date of the invoice", "Tanggal faktur")
        },
        day: format::day(record.day),
        iso_day: record.day.to_string(),
        number: record.number.to_string(),
        store: store_words(&record.store_id, &app.engine.storage().stores().await?, &page),
        effect: effect(&record, &page),
        remedy: record.facts.remedy(record.class, language),
        back: format!("{}#findings", address("/reconciliation", &[("month", &month_word(record.day))])),
        first: page.moment(record.first_at),
        seen: page.moment(record.seen_at),
        order_id: record.order_id.as_ref().map(ToString::to_string),
        is_known,
        closed: closed.map(|closed| {
            let reason = Action::or_reason(&closed.reason, language);
            format!("{}, {}: {reason}", closed.actor, page.moment(closed.at))
        }),
        actions: actions.iter().map(|action| ActionShown::new(*action, language)).collect(),
        may_compare,
        compared,
        form,
        page,
    })
}

impl ActionShown {
    fn new(action: Action, language: Language) -> Self {
        Self { word: action.as_str(), name: action.name(language), consequence: action.consequence(language) }
    }
}

fn form_of(word: &str, actions: &[Action], record: &FindingRecord, page: &Page) -> Option<FormShown> {
    if word == "close" && record.state != FindingState::Closed {
        return Some(FormShown {
            word: "close",
            name: page.t("Close", "Tutup"),
            consequence: page.t(
                "The finding is closed with your reason. Nothing is changed, here or in Accurate. It opens again if the difference changes.",
                "Temuan ditutup dengan alasan Anda. Tidak ada yang diubah, baik di sini maupun di Accurate. Temuan terbuka lagi jika perbedaannya berubah.",
            ),
            is_required: true,
        });
    }
    let action = Action::parse(word).filter(|action| actions.contains(action))?;
    let ActionShown { word, name, consequence } = ActionShown::new(action, page.language);
    Some(FormShown { word, name, consequence, is_required: false })
}

/// Compares the body that was sent with the invoice in Accurate now, and with the body that the active mapping gives.
async fn compare(app: &App, record: &FindingRecord, page: &Page) -> Result<Compared, Problem> {
    let storage = app.engine.storage();
    let order = match &record.order_id {
        Some(id) => storage.order(id).await?,
        None => None,
    };
    let sent = order.as_ref().and_then(|order| order.draft.as_ref()).map(|draft| &draft.body);
    let (booked, failure) = match read_now(app, record).await {
        Ok(booked) => (booked, None),
        Err(words) => (None, Some(words)),
    };
    let snapshots = match &record.order_id {
        Some(id) => storage.snapshots(id, 20).await?,
        None => Vec::new(),
    };
    let body = snapshots.iter().find(|snapshot| snapshot.counts).and_then(|snapshot| snapshot.body.as_deref());
    let now = body.and_then(|body| preview(body, &app.engine.mapping(), app.engine.now(), page.language).ok());
    let now = now.and_then(|preview| preview.body);
    let rows = fields(page)
        .into_iter()
        .map(|(what, of_body, of_booked)| {
            let text = |body: Option<&InvoiceBody>| body.map(of_body).unwrap_or_default();
            let (sent, now) = (text(sent), text(now.as_ref()));
            let accurate = booked.as_ref().map(of_booked).unwrap_or_default();
            let differs = !sent.is_empty() && !accurate.is_empty() && sent != accurate;
            Row { what: what.to_owned(), sent, accurate, now, differs }
        })
        .collect();
    let lines = lines(sent, booked.as_ref(), now.as_ref());
    Ok(Compared { rows, lines, failure })
}

/// A field's name, and how it is read from a body and from what Accurate shows.
type FieldOf = (&'static str, fn(&InvoiceBody) -> String, fn(&Booked) -> String);

fn fields(page: &Page) -> [FieldOf; 4] {
    [
        (page.t("Number", "Nomor"), |body| body.number.to_string(), |booked| booked.number.to_string()),
        (page.t("Date", "Tanggal"), |body| format::day(body.trans_date), |booked| format::day(booked.day)),
        (page.t("Customer", "Pelanggan"), |body| body.customer_no.clone(), |booked| booked.customer_no.clone()),
        (page.t("Total", "Total"), |body| body.total().in_words(), |booked| booked.total.in_words()),
    ]
}

/// Reads the invoice as Accurate has it now; an error says why that was not possible.
async fn read_now(app: &App, record: &FindingRecord) -> Result<Option<Booked>, String> {
    let Some(session) = app.engine.session(&record.book).filter(|session| session.has_credentials()) else {
        return Err(record.book.to_string());
    };
    let found = match record.accurate_id {
        Some(id) => by_id(session, id).await,
        None => Ok(None),
    };
    let found = match found {
        Ok(None) if !record.number.is_empty() => by_number_in_background(session, &record.number).await,
        found => found,
    };
    found.map_err(|failure| failure.words().to_owned())
}

/// Line by line: pieces and price of each item.
fn lines(sent: Option<&InvoiceBody>, booked: Option<&Booked>, now: Option<&InvoiceBody>) -> Vec<Row> {
    let mut rows = BTreeMap::<String, [Vec<String>; 3]>::new();
    let words = |quantity: Decimal, price: Rupiah| format!("{} × {}", quantity.normalize(), price.in_words());
    for (place, body) in [(0, sent), (2, now)] {
        for line in body.iter().flat_map(|body| &body.detail_item) {
            rows.entry(line.item_no.clone()).or_default()[place].push(words(line.quantity, line.unit_price));
        }
    }
    for line in booked.iter().flat_map(|booked| &booked.lines) {
        let name = if line.item_no.is_empty() { &line.name } else { &line.item_no };
        rows.entry(name.clone()).or_default()[1].push(words(line.quantity, line.unit_price));
    }
    let row = |(what, prices): (String, [Vec<String>; 3])| {
        let [sent, accurate, now] = prices.map(|prices| prices.join(", "));
        Row { differs: booked.is_some() && sent != accurate, what, sent, accurate, now }
    };
    rows.into_iter().map(row).collect()
}

/// A reason as the form sends it.
#[derive(Debug, Deserialize)]
pub(in crate::web) struct ReasonForm {
    action: String,
    reason: Option<String>,
}

/// `POST /reconciliation/findings/{id}`.
pub(in crate::web) async fn do_it(
    State(app): State<App>,
    By(actor): By,
    Path(id): Path<String>,
    Form(ReasonForm { action, reason }): Form<ReasonForm>,
) -> Result<Response, Problem> {
    let here = format!("/reconciliation/findings/{}", finding(&app, &id).await?.id);
    if action != "close" {
        act(&app, &id, &ActionRequest { action: action.clone(), reason }, &actor).await?;
        return Ok(Redirect::to(&address(&here, &[("done", &action)])).into_response());
    }
    let reason = reason.unwrap_or_default();
    if reason.trim().is_empty() {
        // The form is shown again, with its field marked as required.
        return Ok(Redirect::to(&address(&here, &[("form", "close")])).into_response());
    }
    close(&app, &id, &reason, &actor).await?;
    Ok(Redirect::to(&address(&here, &[("done", "finding_closed")])).into_response())
}
