//! The last steps: the first day, and the switch, beside an invoice exactly as it will be created.

use axum::{
    Form,
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use jiff::{ToSpan, civil::Date};
use serde::Deserialize;

use crate::{
    deciding::mapping::{self, Applied, Document},
    domain::{day_in_wib, mapping::Mapping, operator::Actor},
    forstok::payload,
    http::{App, auth::By, problem::Problem, wrong_field::WrongField},
    storage::{Filter, OrderRecord, State as OrderState},
    web::{comparison::Comparison, format, order_line::OrderLine, page::Page, shadow},
};

/// How often a change of the mapping is tried while others change it at the same moment.
const TRIES: usize = 5;

pub(super) struct Start {
    /// The first day as the field has it: the mapping's, else tomorrow; empty if there are invoices already.
    pub(super) day: String,
    /// The first day in words, if the mapping has one.
    pub(super) first_day: Option<String>,
    /// The newest invoice that waits.
    pub(super) example: Option<Example>,
    /// What the switch does at once, and to how many orders, payouts and returns.
    pub(super) consequences: Vec<String>,
    /// Orders below the chosen status.
    pub(super) watching: i64,
    /// Invoices are created.
    pub(super) is_on: bool,
}

/// An order beside the invoice that it gets.
pub(super) struct Example {
    pub(super) line: OrderLine,
    pub(super) id: String,
    pub(super) comparison: Comparison,
    /// The invoice exists already.
    pub(super) exists: bool,
}

impl Start {
    pub(super) async fn new(app: &App, page: &Page) -> Result<Self, Problem> {
        let first = app.engine.mapping().mapping.orders_from;
        let tomorrow = day_in_wib(page.now).saturating_add(1.day());
        let storage = app.engine.storage();
        let (counts, sums) = (storage.counts().await?, storage.shadow_sums().await?);
        let in_state = |state| counts.iter().filter(|count| count.state == state).map(|count| count.orders).sum();
        let has_invoices = counts.iter().any(|count| count.state == OrderState::Invoiced && count.orders > 0);
        Ok(Self {
            day: first.or(Some(tomorrow).filter(|_| !has_invoices)).map(|day| day.to_string()).unwrap_or_default(),
            first_day: first.map(format::day),
            example: Example::newest(app, page).await?,
            consequences: shadow::consequences(app, &sums, page).await?,
            watching: in_state(OrderState::Watching),
            is_on: !app.engine.is_in_shadow(),
        })
    }
}

impl Example {
    /// The newest order whose invoice waits, else the newest one that has an invoice.
    async fn newest(app: &App, page: &Page) -> Result<Option<Self>, Problem> {
        for state in [OrderState::Due, OrderState::Invoiced] {
            let filter = Filter { state: Some(state), ..Filter::default() };
            for order in app.engine.storage().orders(&filter, None, 1).await? {
                if let Some(example) = Self::of(app, &order, page).await? {
                    return Ok(Some(example));
                }
            }
        }
        Ok(None)
    }

    async fn of(app: &App, order: &OrderRecord, page: &Page) -> Result<Option<Self>, Problem> {
        let snapshots = app.engine.storage().snapshots(&order.order_id, 20).await?;
        let sent = snapshots.iter().find(|snapshot| snapshot.counts).and_then(|snapshot| snapshot.body.as_deref());
        let sent = sent.and_then(|body| payload::read(body).ok()).map(|payload| payload.order);
        Ok(sent.filter(|_| order.draft.is_some()).map(|sent| Self {
            line: OrderLine::new(order, page),
            id: order.order_id.to_string(),
            comparison: Comparison::new(&sent, order, page),
            exists: order.invoice.is_some(),
        }))
    }
}

/// The first day.
#[derive(Deserialize)]
pub(super) struct FirstDayForm {
    day: String,
}

/// `POST /setup/first-day`.
pub(super) async fn set_first_day(
    State(app): State<App>,
    By(actor): By,
    Form(FirstDayForm { day }): Form<FirstDayForm>,
) -> Result<Response, Problem> {
    // The page is outdated. *Mapping* shows what another day would change.
    if !app.engine.is_in_shadow() {
        return Ok(Redirect::to("/mapping").into_response());
    }
    let not_a_day = || Problem::WrongField(WrongField::NotADay { name: "day", word: day.clone() });
    let day: Date = day.trim().parse().map_err(|_| not_a_day())?;
    change_mapping(&app, &actor, |mapping| mapping.orders_from = Some(day)).await?;
    Ok(Redirect::to("/setup?done=first_day_saved#step-4").into_response())
}

/// `POST /setup/start`.
pub(super) async fn start(State(app): State<App>, By(actor): By) -> Result<Response, Problem> {
    app.engine.start_creating_invoices(&actor).await?;
    Ok(Redirect::to("/setup?done=setup_started#step-5").into_response())
}

/// Changes the active mapping, whatever others change at the same moment.
async fn change_mapping(app: &App, actor: &Actor, change: impl Fn(&mut Mapping)) -> Result<(), Problem> {
    let storage = app.engine.storage().as_ref();
    let mut newest = 0;
    for _ in 0..TRIES {
        let active = mapping::current(storage).await?;
        let mut rules = active.mapping;
        change(&mut rules);
        let document = Document::from_table(&rules.to_table()).map_err(Problem::MappingWrong)?;
        match app.engine.apply_mapping(document, actor.name.as_str(), Some(active.revision)).await? {
            Applied::Equal(_) | Applied::Changed(..) => return Ok(()),
            Applied::Stale(revision) => newest = revision,
        }
    }
    Err(Problem::MappingStale(newest))
}
