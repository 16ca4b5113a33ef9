//! `/orders/{order_id}`: one order beside its invoice, what happened, and what a person can do.

use askama::Template;
use axum::{
    Form,
    extract::{Path, Query, State},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use super::{
    after_sale::statement::{ChangedInAccurate, Statement},
    comparison::Comparison,
    format,
    order_line::OrderLine,
    page::{Page, html},
    problems::where_to_act,
    shadow_order::ShadowOrder,
    words::{StateShown, state_of},
};
use crate::{
    domain::{
        ids::BookName,
        manual::Manual,
        money::Rupiah,
        order::Snapshot,
        origin::Origin,
        reason::{Finding, OrderWarning},
        reconciliation::{Class, FindingState},
    },
    forstok::payload,
    http::{
        App,
        auth::By,
        params,
        problem::Problem,
        v1::{
            decide_order::{self, DecisionRequest},
            retry_order,
        },
    },
    storage::{FindingFilter, FindingRecord, OrderRecord, SnapshotRecord, State as OrderState},
};

/// Open findings that are shown.
const FINDINGS_SHOWN: i64 = 10;

/// Newest snapshots that are shown.
const SNAPSHOTS_SHOWN: i64 = 50;

#[derive(Template)]
#[template(path = "order.html")]
struct Order {
    page: Page,
    line: OrderLine,
    forstok_id: String,
    status: String,
    book: Option<BookName>,
    state: StateShown,
    /// The order's total in Forstok, which differs from its invoice's.
    total_in_forstok: Option<String>,
    /// The invoice as Accurate has it.
    invoice: Option<Invoice>,
    next_attempt: Option<String>,
    findings: Vec<Blocked>,
    decision: Option<Decided>,
    notices: Vec<Warned>,
    actions: Actions,
    /// The form that is open.
    form: Option<&'static str>,
    /// The order is being processed, or its reader has just changed it: the page updates itself.
    is_live: bool,
    comparison: Option<Comparison>,
    /// What was paid and returned, and what is left.
    statement: Option<Statement>,
    /// Open findings of the reconciliation: number, class and sentence.
    differences: Vec<(i64, &'static str, String)>,
    /// In shadow mode, its draft beside the invoice of another integration.
    shadow: Option<ShadowOrder>,
    /// By a rule or a person's decision it gets no invoice.
    is_ignored: bool,
    timeline: Vec<Happened>,
    snapshots: Vec<SnapshotShown>,
}

struct Invoice {
    number: String,
    total: String,
    at: Option<String>,
    /// What somebody did to it in Accurate.
    changed: Option<ChangedInAccurate>,
}

/// What blocks the order.
struct Blocked {
    sentence: &'static str,
    about: String,
    remedy: &'static str,
    link: Option<(&'static str, &'static str)>,
}

/// What a person decided.
struct Decided {
    what: &'static str,
    who: String,
    at: String,
    reason: Option<String>,
    document: Option<String>,
}

/// A warning, and who has acknowledged it.
struct Warned {
    code: &'static str,
    sentence: &'static str,
    about: String,
    remedy: &'static str,
    acknowledged: Option<String>,
}

/// The buttons that the reader gets.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "one for each button")]
struct Actions {
    retry: bool,
    by_hand: bool,
    never: bool,
    now: bool,
    again: bool,
    take_back: bool,
    undo: bool,
}

struct Happened {
    at: String,
    what: String,
}

struct SnapshotShown {
    at: String,
    times: i64,
    last: String,
    status: String,
    event: String,
    /// How it came; empty if Forstok sent it.
    origin: &'static str,
    /// Indented; `None` once it was cleared.
    body: Option<String>,
    counts: bool,
}

/// Which form is open.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Open {
    form: Option<String>,
}

/// `GET /orders/{order_id}`.
pub(super) async fn show(
    State(app): State<App>,
    page: Page,
    Path(order_id): Path<String>,
    Query(open): Query<Open>,
) -> Result<Response, Problem> {
    let id = params::order_id(&order_id)?;
    app.engine.fold_order(&id).await?;
    let storage = app.engine.storage();
    let order = storage.order(&id).await?.ok_or(Problem::UnknownOrder(order_id))?;
    let mut timeline: Vec<_> = storage
        .timeline(&id)
        .await?
        .iter()
        .map(|entry| Happened {
            at: format::moment_to_the_second(entry.at),
            what: format::sentence(&entry.in_words(page.language)),
        })
        .collect();
    timeline.reverse();
    let snapshots = storage.snapshots(&id, SNAPSHOTS_SHOWN).await?;
    let sent = snapshots.iter().find(|snapshot| snapshot.counts).and_then(|snapshot| snapshot.body.as_deref());
    let sent = sent.and_then(|body| payload::read(body).ok()).map(|payload| payload.order);
    let total_in_forstok = sent.as_ref().and_then(|sent| other_total(sent, &order));
    let comparison = sent.map(|sent| Comparison::new(&sent, &order, &page));
    let mut actions = if page.may_work() { actions(&order) } else { Actions::default() };
    // Nothing is sent, so there is nothing to try again.
    actions.retry &= !page.is_in_shadow || order.state == OrderState::Blocked;
    let of_order = FindingFilter { order_id: Some(id.clone()), state: Some(FindingState::Open), ..<_>::default() };
    let findings = storage.findings(&of_order, None, FINDINGS_SHOWN).await?;
    // Somebody deleted it in Accurate.
    actions.again |= page.may_work() && findings.iter().any(|finding| finding.class == Class::MissingInAccurate);
    let form = match open.form.as_deref() {
        Some("by_hand") if actions.by_hand => Some("by_hand"),
        Some("never") if actions.never => Some("never"),
        Some("undo") if actions.undo => Some("undo"),
        _ => None,
    };
    let changed = findings.iter().find_map(|finding| ChangedInAccurate::of(finding, &page));
    let statement = Statement::of(&app, &order, changed.as_ref(), &page).await?;
    let is_draft = page.is_in_shadow && order.state == OrderState::Due;
    let compared = storage.comparison(&id).await?.zip(order.draft.as_ref());
    let shadow = compared.map(|(comparison, draft)| ShadowOrder::new(draft, &comparison, &page));
    let is_moving =
        !page.is_in_shadow && matches!(order.state, OrderState::Received | OrderState::Due | OrderState::VoidDue);
    html(&Order {
        is_live: form.is_none() && (is_moving || page.done.is_some()),
        line: OrderLine::new(&order, &page),
        forstok_id: order.order_id.to_string(),
        status: order.status.clone(),
        book: order.book.clone(),
        state: state_of(&order, &page),
        total_in_forstok,
        invoice: invoice(&order, changed),
        next_attempt: order.next_attempt_at.filter(|_| order.state == OrderState::Due && !is_draft).map(format::moment),
        findings: order.findings.iter().map(|finding| Blocked::new(finding, &page)).collect(),
        decision: decided(&order, &page),
        notices: notices(&order, &page),
        actions,
        form,
        comparison,
        statement,
        differences: findings.iter().map(|one| found(one, &page)).collect(),
        shadow,
        is_ignored: order.state == OrderState::Ignored,
        timeline,
        snapshots: snapshots.into_iter().map(|one| SnapshotShown::new(one, &page)).collect(),
        page,
    })
}

fn invoice(order: &OrderRecord, changed: Option<ChangedInAccurate>) -> Option<Invoice> {
    let invoice = order.standing_invoice()?;
    Some(Invoice {
        number: invoice.number.to_string(),
        total: Rupiah::from_decimal(invoice.total).in_words(),
        at: order.invoiced_at.map(format::moment),
        changed,
    })
}

/// The order's total in Forstok, if its invoice has another one.
fn other_total(sent: &Snapshot, order: &OrderRecord) -> Option<String> {
    let invoice = order.standing_invoice()?;
    let total = sent.total_price.filter(|total| *total != Rupiah::from_decimal(invoice.total))?;
    Some(total.in_words())
}

fn found(finding: &FindingRecord, page: &Page) -> (i64, &'static str, String) {
    (finding.id, finding.class.name(page.language), finding.facts.in_words(finding.class, page.language))
}

fn decided(order: &OrderRecord, page: &Page) -> Option<Decided> {
    let manual = order.manual.as_ref()?;
    let what = match manual.decision {
        Manual::ByHand => page.t("Marked as done by hand", "Ditandai sudah dibuat manual"),
        Manual::Never => page.t("Never to be invoiced", "Tidak akan dibuatkan faktur"),
        Manual::Now => page.t(
            "To be invoiced now, before the chosen status",
            "Dibuatkan faktur sekarang, sebelum mencapai status yang dipilih",
        ),
        Manual::Again => page.t("Decided: create the invoice again", "Keputusan: buat ulang faktur"),
        Manual::Undo => page.t("Decided: delete from Accurate", "Keputusan: hapus dari Accurate"),
    };
    Some(Decided {
        what,
        who: manual.actor.clone(),
        at: format::moment(manual.at),
        reason: manual.reason.clone(),
        document: manual.document.clone(),
    })
}

fn notices(order: &OrderRecord, page: &Page) -> Vec<Warned> {
    let warned = |one: &OrderWarning| Warned {
        code: one.warning.code(),
        sentence: one.warning.sentence(page.language),
        about: format::sentence(&one.about.in_words(page.language)),
        remedy: one.warning.remedy(page.language),
        acknowledged: order.acknowledgement(one).map(|known| format!("{}, {}", known.actor, format::moment(known.at))),
    };
    order.warnings.iter().map(warned).collect()
}

/// The actions that make sense in an order's state; one that is refused anyway is answered with the reason.
fn actions(order: &OrderRecord) -> Actions {
    let waits = matches!(order.state, OrderState::Blocked | OrderState::Due | OrderState::Watching);
    let without_invoice = order.invoice.is_none();
    let manual = order.manual.is_some();
    Actions {
        retry: matches!(order.state, OrderState::Blocked | OrderState::Due | OrderState::VoidDue),
        by_hand: waits && without_invoice && !manual,
        never: waits && without_invoice && !manual,
        now: order.state == OrderState::Watching && !manual,
        // A deletion that a person wanted cannot be taken back; the invoice is created again instead.
        again: order.state == OrderState::Voided,
        // Once the invoice exists, a decision to create it cannot be taken back.
        take_back: manual && !matches!(order.state, OrderState::Invoiced | OrderState::VoidDue | OrderState::Voided),
        undo: matches!(order.state, OrderState::Invoiced | OrderState::Blocked)
            && !without_invoice
            && !order.manual.as_ref().is_some_and(|manual| manual.decision == Manual::Undo),
    }
}

impl Blocked {
    fn new(finding: &Finding, page: &Page) -> Self {
        Self {
            sentence: finding.reason.sentence(page.language),
            about: format::sentence(&finding.about.in_words(page.language)),
            remedy: finding.reason.remedy(page.language),
            link: where_to_act(finding.reason, page),
        }
    }
}

impl SnapshotShown {
    fn new(snapshot: SnapshotRecord, page: &Page) -> Self {
        let origin = match snapshot.origin {
            Origin::Webhook => "",
            Origin::Import => page.t("imported from a file", "diimpor dari berkas"),
            Origin::Backfill => page.t("fetched from Forstok", "diambil dari Forstok"),
        };
        Self {
            origin,
            at: format::moment_to_the_second(snapshot.received_at),
            times: snapshot.times,
            last: format::moment_to_the_second(snapshot.last_at),
            status: snapshot.status,
            event: snapshot.event,
            body: snapshot.body.as_deref().map(format::indented),
            counts: snapshot.counts,
        }
    }
}

/// `POST /orders/{order_id}/retry`.
pub(super) async fn retry(
    State(app): State<App>,
    By(actor): By,
    Path(order_id): Path<String>,
) -> Result<Response, Problem> {
    let id = params::order_id(&order_id)?;
    retry_order::retry(&app, &id, &actor).await?;
    Ok(Redirect::to(&format!("/orders/{id}?done=retried")).into_response())
}

/// A decision as the forms send it.
#[derive(Debug, Deserialize)]
pub(super) struct DecisionForm {
    decision: String,
    reason: Option<String>,
    document: Option<String>,
}

/// `POST /orders/{order_id}/decision`.
pub(super) async fn decide(
    State(app): State<App>,
    By(actor): By,
    Path(order_id): Path<String>,
    Form(DecisionForm { decision, reason, document }): Form<DecisionForm>,
) -> Result<Response, Problem> {
    let id = params::order_id(&order_id)?;
    let is_blank = |text: &Option<String>| text.as_deref().is_none_or(|text| text.trim().is_empty());
    if let Some(wanted) = Manual::parse(&decision)
        && ((wanted.needs_reason() && is_blank(&reason)) || (wanted.needs_document() && is_blank(&document)))
    {
        // The form is shown again, with its fields marked as required.
        return Ok(Redirect::to(&format!("/orders/{id}?form={wanted}")).into_response());
    }
    let request = DecisionRequest { decision, reason, document };
    let decided = decide_order::decide(&app, &id, request, actor).await?;
    let done = decided.map_or("none", Manual::as_str);
    Ok(Redirect::to(&format!("/orders/{id}?done={done}")).into_response())
}
