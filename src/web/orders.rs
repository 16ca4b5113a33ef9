//! `/orders`: finding orders by any number, name or amount, with totals and an export.

use std::collections::BTreeMap;

use askama::Template;
use axum::{extract::State, response::Response};

use super::{
    order_line::{OrderLine, rupiah},
    page::{Page, address, html},
    words::{StateShown, state_shown},
};
use crate::{
    domain::reason::{Reason, Warning},
    http::{
        App,
        filter::{FilterParams, cursor},
        params::Params,
        problem::Problem,
    },
    storage::{Count, DayOf, Days, Filter, Grouping, State as OrderState, StoreName, Sums},
};

#[derive(Template)]
#[template(path = "orders.html")]
struct Orders {
    page: Page,
    params: Fields,
    states: Vec<Choice>,
    stores: Vec<Choice>,
    reasons: Vec<Choice>,
    warnings: Vec<Choice>,
    days: Vec<Choice>,
    /// Whether more than the search is set, so that the other fields are open.
    is_narrowed: bool,
    found: Vec<OrderLine>,
    /// The first day is after the last one, so that nothing can be found.
    is_reversed: bool,
    /// How many match, and what they are worth.
    count: String,
    total: String,
    /// The same for each state, if there are counters for it.
    shares: Vec<Share>,
    /// The filters, for the export.
    hidden: Vec<(&'static str, String)>,
    /// The next page, and the first one where this is another.
    next: Option<String>,
    first: Option<String>,
}

/// The fields as they were filled in.
struct Fields {
    q: String,
    from: String,
    to: String,
}

/// Orders of one state among those that match.
struct Share {
    state: StateShown,
    count: String,
    total: String,
    link: String,
}

/// One of a list to choose from.
struct Choice {
    value: String,
    text: String,
    chosen: bool,
}

impl Choice {
    fn new(value: &str, text: impl Into<String>, chosen: Option<&String>) -> Self {
        let chosen = chosen.is_some_and(|chosen| chosen == value);
        Self { value: value.to_owned(), text: text.into(), chosen }
    }
}

/// `GET /orders`.
pub(super) async fn show(
    State(app): State<App>,
    page: Page,
    Params(params): Params<FilterParams>,
) -> Result<Response, Problem> {
    let (filter, storage) = (params.filter_as_given()?, app.engine.storage());
    let found = storage.page(&filter, params.before()?, params.limit()?).await?;
    let sums = storage.sums(&filter).await?;
    let at_least = if sums.exact { "" } else { page.t("at least ", "sedikitnya ") };
    let filters = filters(&params);
    let as_list = |more: Option<(&'static str, String)>| {
        let all: Vec<_> = filters.iter().cloned().chain(more).collect();
        let query: Vec<_> = all.iter().map(|(key, value)| (*key, value.as_str())).collect();
        address("/orders", &query)
    };
    let next = found.next.map(|next| as_list(Some(("cursor", cursor(next)))));
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    html(&Orders {
        states: states(&params, &page),
        stores: stores(&params, &storage.counts().await?, storage.stores().await?),
        reasons: reasons(&params, &page),
        warnings: warnings(&params, &page),
        days: days(&params, &page),
        is_narrowed: filters.iter().any(|(key, _)| *key != "q"),
        is_reversed: filter.days.is_some_and(|days| days.from.zip(days.to).is_some_and(|(from, to)| from > to)),
        found: found.orders.iter().map(|order| OrderLine::new(order, &page)).collect(),
        count: format!("{at_least}{}", page.orders(sums.orders)),
        total: rupiah(sums.hundredths),
        shares: shares(&app, &filter, &filters, &page).await?,
        next,
        first: params.cursor.as_ref().filter(|cursor| !cursor.is_empty()).map(|_| as_list(None)),
        hidden: filters.clone(),
        params: Fields { q: text(&params.q), from: text(&params.from), to: text(&params.to) },
        page,
    })
}

/// Rows of counters that are read at most: each store has one for each state.
const MOST_COUNTERS: i64 = 5_000;

/// The states of all orders of some days, of one store or of all; nothing for filters without counters.
async fn shares(
    app: &App,
    filter: &Filter,
    filters: &[(&'static str, String)],
    page: &Page,
) -> Result<Vec<Share>, Problem> {
    if filters.iter().any(|(key, _)| !["store", "by", "from", "to"].contains(key)) {
        return Ok(Vec::new());
    }
    let days = filter.days.unwrap_or(Days { by: DayOf::Ordered, from: None, to: None });
    let grouping = Grouping { by_store: filter.store_id.is_some(), by_day: false };
    let mut sums: BTreeMap<OrderState, Sums> = BTreeMap::new();
    for total in app.engine.storage().totals(&days, grouping, MOST_COUNTERS).await? {
        if total.store_id == filter.store_id {
            let of_state = sums.entry(total.state).or_default();
            of_state.orders += total.sums.orders;
            of_state.hundredths += total.sums.hundredths;
        }
    }
    let share = |(state, sums): (OrderState, Sums)| {
        let state_filter = ("state", state.as_str().to_owned());
        let query: Vec<_> = filters.iter().chain([&state_filter]).map(|(key, value)| (*key, value.as_str())).collect();
        Share {
            state: state_shown(state, page),
            count: page.orders(sums.orders),
            total: rupiah(sums.hundredths),
            link: address("/orders", &query),
        }
    };
    Ok(sums.into_iter().filter(|(_, sums)| sums.orders > 0).map(share).collect())
}

/// The filters that are set, as they go into an address.
fn filters(params: &FilterParams) -> Vec<(&'static str, String)> {
    let all = [
        ("q", &params.q),
        ("state", &params.state),
        ("store", &params.store),
        ("reason", &params.reason),
        ("subject", &params.subject),
        ("warning", &params.warning),
        ("acknowledged", &params.acknowledged),
        ("by", &params.by),
        ("from", &params.from),
        ("to", &params.to),
    ];
    let set = all.into_iter().filter_map(|(key, value)| Some((key, value.clone()?)));
    set.filter(|(_, value)| !value.trim().is_empty()).collect()
}

fn states(params: &FilterParams, page: &Page) -> Vec<Choice> {
    let choice = |state: OrderState| Choice::new(state.as_str(), state_shown(state, page).text, params.state.as_ref());
    OrderState::ALL.into_iter().map(choice).collect()
}

fn stores(params: &FilterParams, counts: &[Count], known: Vec<StoreName>) -> Vec<Choice> {
    let orders = |id: &str| counts.iter().filter(|count| count.store_id == id).map(|count| count.orders).sum::<i64>();
    let mut choices: Vec<_> = known
        .into_iter()
        .map(|store| {
            let name = if store.name.is_empty() { store.channel } else { store.name };
            (orders(&store.id), Choice::new(&store.id, format!("{name} ({})", store.id), params.store.as_ref()))
        })
        .collect();
    choices.sort_by_key(|(orders, _)| -orders);
    choices.into_iter().map(|(_, choice)| choice).collect()
}

fn reasons(params: &FilterParams, page: &Page) -> Vec<Choice> {
    let choice = |reason: &Reason| {
        Choice::new(reason.code(), reason.sentence(page.language).trim_end_matches('.'), params.reason.as_ref())
    };
    Reason::ALL.iter().map(choice).collect()
}

fn warnings(params: &FilterParams, page: &Page) -> Vec<Choice> {
    let choice = |warning: &Warning| {
        Choice::new(warning.code(), warning.sentence(page.language).trim_end_matches('.'), params.warning.as_ref())
    };
    Warning::ALL.iter().map(choice).collect()
}

fn days(params: &FilterParams, page: &Page) -> Vec<Choice> {
    let text = |day| match day {
        DayOf::Ordered => page.t("ordered", "dipesan"),
        DayOf::Received => page.t("received", "diterima"),
        DayOf::Invoiced => page.t("invoiced", "difakturkan"),
    };
    DayOf::ALL.into_iter().map(|day| Choice::new(day.as_str(), text(day), params.by.as_ref())).collect()
}
