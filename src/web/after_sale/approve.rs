//! *Approve*: a person lets payouts become receipts, and return records become returns.

use axum::{
    Form,
    extract::{Query, State},
    response::{IntoResponse, Redirect, Response},
};
use jiff::Timestamp;
use serde::Deserialize;

use super::{
    super::{
        order_line::rupiah,
        page::{Page, address},
    },
    payouts, returns,
    shown::{Asked, Sum},
};
use crate::{
    domain::{after_sale::Waits, document::Kind, operator::Actor},
    http::{App, auth::By, problem::Problem},
    storage::{Approving, RowFilter},
};

/// What can be approved at once.
pub(super) struct Approval {
    /// How many there are and their sum, if there are any.
    pub(super) sentence: Option<String>,
    /// What happens then; shown in the form.
    pub(super) consequence: &'static str,
    /// The form is open.
    pub(super) is_asked: bool,
    /// The moment of this page: what arrives later is not approved.
    pub(super) seen: i64,
}

impl Approval {
    pub(super) fn new(kind: Kind, to_approve: Sum, asked: &Asked, page: &Page) -> Self {
        let Sum { count, hundredths, .. } = to_approve;
        let counted = match kind {
            Kind::Return => page.counted(count, "return waits", "returns wait", "retur menunggu"),
            Kind::Invoice | Kind::Receipt => page.counted(count, "payout waits", "payouts wait", "pencairan menunggu"),
        };
        let unknown = match to_approve.unknown_in_words(page) {
            none if none.is_empty() => none,
            some => page.t(", not counting {}", ", belum termasuk {}").replace("{}", &some),
        };
        let sentence = page
            .t("{rows} for approval, {sum} in total{unknown}.", "{rows} persetujuan, total {sum}{unknown}.")
            .replace("{unknown}", &unknown)
            .replace("{rows}", &counted)
            .replace("{sum}", &rupiah(hundredths));
        let consequence = match kind {
            Kind::Return => page.t(
                "Each becomes a sales return in Accurate. Once booked, it can only be undone order by order.",
                "Masing-masing menjadi Retur Penjualan di Accurate. Yang sudah dibukukan hanya dapat dibatalkan per pesanan.",
            ),
            Kind::Invoice | Kind::Receipt => page.t(
                "Each becomes a sales receipt in Accurate, which reduces what is owed on its invoice. Once booked, it can only be undone order by order.",
                "Masing-masing menjadi Penerimaan Penjualan di Accurate, yang mengurangi sisa tagihan fakturnya. Yang sudah dibukukan hanya dapat dibatalkan per pesanan.",
            ),
        };
        Self {
            sentence: (count > 0).then_some(sentence),
            consequence,
            is_asked: count > 0 && page.may_work() && asked.form.as_deref() == Some("approve_all"),
            seen: page.now.as_microsecond(),
        }
    }
}

/// One row, as its button names it.
#[derive(Debug, Default, Deserialize)]
pub(in crate::web) struct Only {
    only: Option<String>,
}

/// `POST /payouts/approve`: the chosen rows, or the one whose button was pressed.
pub(in crate::web) async fn payouts(
    State(app): State<App>,
    By(actor): By,
    Query(only): Query<Only>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    chosen(&app, Kind::Receipt, &actor, only, &fields).await
}

/// `POST /returns/approve`.
pub(in crate::web) async fn returns(
    State(app): State<App>,
    By(actor): By,
    Query(only): Query<Only>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    chosen(&app, Kind::Return, &actor, only, &fields).await
}

/// `POST /payouts/approve-all`: everything that waited when the page was made.
pub(in crate::web) async fn all_payouts(
    State(app): State<App>,
    By(actor): By,
    Form(all): Form<All>,
) -> Result<Response, Problem> {
    everything(&app, Kind::Receipt, &actor, &all).await
}

/// `POST /returns/approve-all`.
pub(in crate::web) async fn all_returns(
    State(app): State<App>,
    By(actor): By,
    Form(all): Form<All>,
) -> Result<Response, Problem> {
    everything(&app, Kind::Return, &actor, &all).await
}

/// The moment of the page.
#[derive(Debug, Deserialize)]
pub(in crate::web) struct All {
    seen: i64,
}

async fn chosen(
    app: &App,
    kind: Kind,
    actor: &Actor,
    only: Only,
    fields: &[(String, String)],
) -> Result<Response, Problem> {
    let ticked = fields.iter().filter(|(name, _)| name == "row").map(|(_, value)| value.as_str());
    let chosen: Vec<_> = match &only.only {
        Some(only) => vec![only.as_str()],
        None => ticked.collect(),
    };
    let show = fields.iter().find(|(name, _)| name == "show").map_or("", |(_, show)| show.as_str());
    if chosen.is_empty() {
        return Ok(done(kind, show, "none_chosen", 0));
    }
    let rows = chosen.into_iter().map(read_seen).collect::<Result<Vec<_>, _>>()?;
    approve(app, kind, actor, Approving::Seen(&rows), show).await
}

async fn everything(app: &App, kind: Kind, actor: &Actor, all: &All) -> Result<Response, Problem> {
    let until = Timestamp::from_microsecond(all.seen).map_err(|_| not_as_it_was_made())?;
    let filter = RowFilter { waits: Some(Waits::Approval), content_until: Some(until), ..RowFilter::default() };
    approve(app, kind, actor, Approving::Shown(&filter), "").await
}

async fn approve(app: &App, kind: Kind, actor: &Actor, which: Approving<'_>, show: &str) -> Result<Response, Problem> {
    let approved = app.engine.approve_rows(kind, which, actor).await.map_err(|error| Problem::not_stored(&error))?;
    let what = if kind == Kind::Return { "approved_returns" } else { "approved_payouts" };
    Ok(done(kind, show, what, approved))
}

fn done(kind: Kind, show: &str, what: &str, count: u64) -> Response {
    let path = if kind == Kind::Return { returns::PATH } else { payouts::PATH };
    let count = count.to_string();
    let mut query = vec![("done", what), ("count", count.as_str())];
    query.extend((!show.is_empty()).then_some(("show", show)));
    Redirect::to(&address(path, &query)).into_response()
}

/// A row's number and the moment of its content, as a page writes them.
pub(in crate::web) fn read_seen(text: &str) -> Result<(i64, Timestamp), Problem> {
    let read = || {
        let (id, at) = text.split_once(':')?;
        Some((id.parse().ok()?, Timestamp::from_microsecond(at.parse().ok()?).ok()?))
    };
    read().ok_or_else(not_as_it_was_made)
}

pub(in crate::web) fn not_as_it_was_made() -> Problem {
    Problem::BadRequest("the form is incomplete; reload the page and send it again".to_owned())
}
