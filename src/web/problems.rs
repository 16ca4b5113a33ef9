//! `/problems`: blocked orders grouped by cause, warnings that nobody has acknowledged, webhooks that cannot be read.

use askama::Template;
use axum::{
    Form,
    extract::{Query, State},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use super::{
    order_line::{OrderLine, rupiah},
    page::{Page, address, html, own_path},
    to_do::ToDo,
    webhooks::Unreadable,
};
use crate::{
    domain::{
        cause,
        order::OrderId,
        reason::{Language, Reason, Warning},
    },
    http::{
        App,
        auth::By,
        paging::{Page as Unreadables, read_cursor},
        params,
        problem::Problem,
        v1::{acknowledge_warning, list_unreadable_webhooks},
    },
    storage::{Cause, Filter, OrderRecord, State as OrderState},
};

/// Groups that are shown; those with the most orders.
const MOST_GROUPS: i64 = 100;

/// Groups whose orders are shown on the page.
const MOST_OPENED: usize = 12;

/// Orders that are shown of each.
const SHOWN: i64 = 5;

/// Orders whose progress is shown after they were tried again.
const MOST_WATCHED: usize = 20;

/// Newest webhooks that could not be read that are shown.
const UNREADABLE_SHOWN: i64 = 20;

#[derive(Template)]
#[template(path = "problems.html")]
struct Problems {
    page: Page,
    /// Orders that were just tried again.
    watched: Option<Watched>,
    /// What all blocked orders are worth.
    total: String,
    groups: Vec<Group>,
    /// What else a person must act on.
    to_do: ToDo,
    warnings: Vec<WarningGroup>,
    /// Webhooks that could not be read: how many, and the newest.
    unreadable: i64,
    newest: Vec<Unreadable>,
    /// Where older ones are.
    older: Option<String>,
}

/// The progress of orders that were just tried again.
struct Watched {
    orders: Vec<OrderLine>,
    /// How many of them have their invoice.
    sentence: String,
    /// Not all are finished, so the page updates itself.
    is_moving: bool,
}

/// Blocked orders with one cause.
struct Group {
    /// Number of the group, for the id of its heading.
    place: usize,
    reason: &'static str,
    subject: String,
    sentence: String,
    total: String,
    oldest: String,
    remedy: &'static str,
    /// Accurate's own words, where it refused.
    words: Option<String>,
    /// Where to fix it.
    link: Option<(&'static str, &'static str)>,
    /// Its newest orders, for the first groups.
    orders: Vec<OrderLine>,
    /// Their ids.
    ids: String,
    /// How many more there are.
    more: i64,
    list: String,
}

/// Orders with a warning that nobody has acknowledged.
struct WarningGroup {
    code: &'static str,
    count: i64,
    sentence: &'static str,
    remedy: &'static str,
    orders: Vec<(OrderLine, String)>,
    more: i64,
    /// The newest order with it, by its place in the database.
    newest: i64,
    list: String,
}

/// What else is shown.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Shown {
    /// Where the list of unreadable webhooks begins: the last one of the page before.
    before: Option<String>,
    /// Ids of orders that were just tried again.
    watch: Option<String>,
}

/// `GET /problems`.
pub(super) async fn show(
    State(app): State<App>,
    page: Page,
    Query(Shown { before, watch }): Query<Shown>,
) -> Result<Response, Problem> {
    let storage = app.engine.storage();
    let causes = storage.causes(MOST_GROUPS).await?;
    let hundredths = causes.iter().map(|cause| cause.sums.hundredths).sum();
    let mut groups = Vec::with_capacity(causes.len());
    for (place, cause) in causes.into_iter().enumerate() {
        let filter = Filter {
            state: Some(OrderState::Blocked),
            reason: Some(cause.reason),
            subject: Some(cause.subject.clone()),
            ..Filter::default()
        };
        let orders = if place < MOST_OPENED { storage.orders(&filter, None, SHOWN).await? } else { Vec::new() };
        let orders = orders.iter().map(|order| OrderLine::new(order, &page)).collect();
        groups.push(Group::new(place, cause, orders, &page));
    }
    let mut warnings = Vec::new();
    for open in storage.open_warnings().await? {
        let filter = Filter { warning: Some(open.warning), acknowledged: Some(false), ..Filter::default() };
        let orders = storage.orders(&filter, None, SHOWN).await?;
        let about = |order: &OrderRecord| {
            let notice = order.warnings.iter().find(|notice| notice.warning == open.warning);
            notice.map(|notice| notice.about.in_words(page.language)).unwrap_or_default()
        };
        let newest = orders.first().map_or(0, |order| order.id);
        let orders: Vec<_> = orders.iter().map(|order| (OrderLine::new(order, &page), about(order))).collect();
        warnings.push(WarningGroup { newest, ..WarningGroup::new(open.warning, open.orders, orders, page.language) });
    }
    let unreadable = storage.unreadable_count().await?;
    let before = read_cursor("before", before.as_deref(), |id| id.parse().ok())?;
    let Unreadables { rows, next } = list_unreadable_webhooks::page(&app, before, UNREADABLE_SHOWN).await?;
    let older = next.map(|id| format!("/problems?before={id}#webhooks"));
    let newest = rows.into_iter().map(|delivery| Unreadable::new(delivery, page.language)).collect();
    let watched = Watched::of(&app, &ids(watch.as_deref().unwrap_or_default()), &page).await?;
    let to_do = ToDo::read(&app, &page).await?;
    html(&Problems { watched, total: rupiah(hundredths), groups, to_do, warnings, unreadable, newest, older, page })
}

/// The order ids of a list with commas, at most [`MOST_WATCHED`].
fn ids(text: &str) -> Vec<OrderId> {
    text.split(',').filter_map(OrderId::parse).take(MOST_WATCHED).collect()
}

impl Watched {
    async fn of(app: &App, ids: &[OrderId], page: &Page) -> Result<Option<Self>, Problem> {
        let (mut orders, mut invoiced, mut is_moving) = (Vec::new(), 0, false);
        for id in ids {
            app.engine.fold_order(id).await?;
            let Some(order) = app.engine.storage().order(id).await? else { continue };
            invoiced += i64::from(order.state == OrderState::Invoiced);
            is_moving |= !matches!(order.state, OrderState::Invoiced | OrderState::Ignored | OrderState::Voided);
            orders.push(OrderLine::new(&order, page));
        }
        let sentence = page.t("{} invoiced", "{} sudah difakturkan");
        let of_all = format!("{invoiced} {} {}", page.t("of", "dari"), page.orders(orders.len() as i64));
        let sentence = sentence.replace("{}", &of_all);
        Ok((!orders.is_empty()).then_some(Self { orders, sentence, is_moving }))
    }
}

impl Group {
    fn new(place: usize, cause: Cause, orders: Vec<OrderLine>, page: &Page) -> Self {
        let Cause { reason, subject, about, oldest, sums } = cause;
        let shown = orders.len() as i64;
        let ids: Vec<_> = orders.iter().map(|order| order.order_id.as_str()).collect();
        let query = [("state", "blocked"), ("reason", reason.code()), ("subject", &subject)];
        Self {
            place,
            reason: reason.code(),
            sentence: cause::sentence(reason, &about, sums.orders, page.language),
            total: rupiah(sums.hundredths),
            oldest: page.since(oldest),
            remedy: reason.remedy(page.language),
            words: about.words_of_accurate().map(str::to_owned),
            link: where_to_act(reason, page),
            more: if shown == 0 { 0 } else { sums.orders - shown },
            ids: ids.join(","),
            orders,
            list: address("/orders", &query),
            subject,
        }
    }
}

impl WarningGroup {
    fn new(warning: Warning, count: i64, orders: Vec<(OrderLine, String)>, language: Language) -> Self {
        Self {
            code: warning.code(),
            count,
            sentence: warning.sentence(language),
            remedy: warning.remedy(language),
            more: count - orders.len() as i64,
            newest: 0,
            orders,
            list: address("/orders", &[("warning", warning.code()), ("acknowledged", "no")]),
        }
    }
}

/// The part of the mapping that fixes it, if there is one.
pub(super) fn where_to_act(reason: Reason, page: &Page) -> Option<(&'static str, &'static str)> {
    Some(match reason {
        Reason::StoreUnmapped | Reason::CustomerNotFound | Reason::BranchRequired => {
            ("/mapping#stores", page.t("See the stores in the mapping", "Lihat toko di pemetaan"))
        }
        Reason::WarehouseUnmapped => {
            ("/mapping#warehouses", page.t("See the warehouses in the mapping", "Lihat gudang di pemetaan"))
        }
        Reason::SkuEmpty | Reason::ItemNotFound => {
            ("/mapping#items", page.t("See the items in the mapping", "Lihat barang di pemetaan"))
        }
        Reason::AccountUnmapped | Reason::AccountInactive => {
            ("/mapping#accounts", page.t("See the accounts in the mapping", "Lihat akun di pemetaan"))
        }
        Reason::FeeKindUnmapped => ("/payouts#fees", page.t("Choose the category", "Pilih kategorinya")),
        _ => return None,
    })
}

/// Which group is to be tried again.
#[derive(Debug, Deserialize)]
pub(super) struct Which {
    reason: String,
    #[serde(default)]
    subject: String,
    /// The orders that the page showed; their progress is shown next.
    #[serde(default)]
    orders: String,
}

/// `POST /problems/retry`.
pub(super) async fn retry_all(
    State(app): State<App>,
    By(actor): By,
    Form(Which { reason, subject, orders }): Form<Which>,
) -> Result<Response, Problem> {
    let reason = Reason::from_code(&reason).ok_or_else(|| Problem::BadRequest(format!("reason: {reason:?}")))?;
    let filter =
        Filter { state: Some(OrderState::Blocked), reason: Some(reason), subject: Some(subject), ..Filter::default() };
    let mut watched = ids(&orders);
    for order in app.engine.storage().orders(&filter, None, MOST_WATCHED as i64).await? {
        if watched.len() < MOST_WATCHED && !watched.contains(&order.order_id) {
            watched.push(order.order_id);
        }
    }
    let watch = watched.iter().map(OrderId::as_str).collect::<Vec<_>>().join(",");
    let count = app.engine.retry_all(&filter, &actor).await?.to_string();
    let query = [("done", "retried_all"), ("count", &count), ("watch", &watch)];
    Ok(Redirect::to(&address("/problems", &query)).into_response())
}

/// Which warning is acknowledged.
#[derive(Debug, Deserialize)]
pub(super) struct Acknowledged {
    order_id: String,
    warning: String,
    #[serde(default)]
    next: String,
}

/// `POST /problems/acknowledge`: also from an order's page.
pub(super) async fn acknowledge(
    State(app): State<App>,
    By(actor): By,
    Form(Acknowledged { order_id, warning, next }): Form<Acknowledged>,
) -> Result<Response, Problem> {
    acknowledge_warning::acknowledge(&app, &params::order_id(&order_id)?, &warning, &actor).await?;
    let next = own_path(&next).split('?').next().unwrap_or("/problems").to_owned();
    Ok(Redirect::to(&format!("{next}?done=acknowledged")).into_response())
}

/// Which warning is acknowledged on all orders.
#[derive(Debug, Deserialize)]
pub(super) struct AcknowledgedOnAll {
    warning: String,
    /// The newest order with it that the page showed; later ones were not seen.
    newest: i64,
}

/// `POST /problems/acknowledge-all`.
pub(super) async fn acknowledge_all(
    State(app): State<App>,
    By(actor): By,
    Form(AcknowledgedOnAll { warning, newest }): Form<AcknowledgedOnAll>,
) -> Result<Response, Problem> {
    let warning = Warning::from_code(&warning).ok_or(Problem::UnknownRoute)?;
    let orders = app.engine.acknowledge_all(warning, newest, &actor).await?;
    Ok(Redirect::to(&format!("/problems?done=acknowledged_all&count={orders}")).into_response())
}
