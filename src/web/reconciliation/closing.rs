//! *Close*: a person closes many findings with one reason.

use axum::{
    Form,
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use jiff::Timestamp;

use super::{
    super::{
        after_sale::approve::{not_as_it_was_made, read_seen},
        format,
        page::{Page, address},
    },
    Asked, FindingLine, filter_params,
    month::{month_of, store_words},
};
use crate::{
    domain::{
        day_in_wib,
        reconciliation::{Class, FindingState, Period},
    },
    http::{
        App,
        auth::By,
        problem::Problem,
        v1::{
            close_findings::{close_seen, close_shown},
            list_findings::filter_of,
        },
    },
    storage::{ClosedFindings, StoreName},
};

/// Findings that are named although they were not closed.
const MOST_NAMED: usize = 20;

/// The form in which a person says why.
pub(super) struct Closing {
    /// Close 12 findings.
    pub(super) title: String,
    /// The name of the button that led here, and of the one that sends the form.
    pub(super) button: String,
    /// What is closed, if not one by one.
    pub(super) about: Option<String>,
    /// The chosen findings.
    pub(super) lines: Vec<FindingLine>,
    /// What the form sends besides the reason.
    pub(super) hidden: Vec<(&'static str, String)>,
    pub(super) cancel: String,
}

/// What a list of findings offers.
pub(super) struct Offer {
    /// Close all 200.
    pub(super) all: String,
    /// What the form sends, so that the same list is shown again.
    pub(super) hidden: Vec<(&'static str, String)>,
    /// *Close the ticked ones* was pressed with nothing ticked.
    pub(super) is_none_chosen: bool,
}

/// What the list offers below open findings, and the form if it was asked for.
pub(super) async fn offer(
    app: &App,
    page: &Page,
    asked: &Asked,
    (period, month): (Period, &str),
    chosen: &[String],
    names: &[StoreName],
) -> Result<(Option<Offer>, Option<Closing>), Problem> {
    let is_open = asked.state.as_deref().is_none_or(|state| state.is_empty() || state == FindingState::Open.as_str());
    if !page.may_work() || !is_open {
        return Ok((None, None));
    }
    let filter = filter_of(&filter_params(asked, period, FindingState::Open))?;
    let count = app.engine.storage().count_open_findings(&filter).await?;
    if count == 0 {
        return Ok((None, None));
    }
    let hidden = || {
        let fields = [("class", &asked.class), ("store", &asked.store), ("day", &asked.day)];
        let fields = fields.into_iter().filter_map(|(key, value)| Some((key, value.clone()?)));
        let month = (!asked.spans_all_days()).then(|| ("month", month.to_owned()));
        fields.chain(month).collect::<Vec<_>>()
    };
    let all = page.t("Close all {}", "Tutup semua ({})").replace("{}", &format::count(count));
    let is_form = |word| asked.form.as_deref() == Some(word);
    let is_none_chosen = is_form("close_chosen") && chosen.is_empty();
    let offered = Offer { all: all.clone(), hidden: hidden(), is_none_chosen };
    let title = |count: i64| {
        let findings = page.counted(count, "finding", "findings", "temuan");
        page.t("Close {}", "Tutup {}").replace("{}", &findings)
    };
    let query = hidden();
    let query: Vec<_> = query.iter().map(|(key, value)| (*key, value.as_str())).collect();
    let cancel = format!("{}#findings", address("/reconciliation", &query));
    if is_form("close_all") {
        let mut hidden = hidden();
        hidden.push(("seen", page.now.as_microsecond().to_string()));
        let about = Some(in_words(asked, period, names, page));
        let closing = Closing { title: title(count), button: all, about, lines: Vec::new(), hidden, cancel };
        return Ok((None, Some(closing)));
    }
    if is_form("close_chosen") && !chosen.is_empty() {
        let mut lines = Vec::with_capacity(chosen.len());
        for (id, _) in chosen.iter().map(|one| read_seen(one)).collect::<Result<Vec<_>, _>>()? {
            let finding = app.engine.storage().finding(id).await?;
            lines.extend(finding.map(|finding| FindingLine::new(&finding, names, asked.days_shown(period), page)));
        }
        let mut hidden = hidden();
        hidden.extend(chosen.iter().map(|one| ("finding", one.clone())));
        let button = page.t("Close the ticked ones", "Tutup yang dicentang").to_owned();
        let closing = Closing { title: title(chosen.len() as i64), button, about: None, lines, hidden, cancel };
        return Ok((None, Some(closing)));
    }
    Ok((Some(offered), None))
}

/// What a filter shows, for people.
fn in_words(asked: &Asked, period: Period, names: &[StoreName], page: &Page) -> String {
    let class = asked.class.as_deref().and_then(Class::parse).map(|class| class.name(page.language).to_owned());
    let class = class.unwrap_or_else(|| page.t("All kinds", "Semua jenis").to_owned());
    let days = match &asked.day {
        Some(day) => day.parse().map(format::day).unwrap_or_default(),
        None if asked.spans_all_days() => page.t("all days", "semua tanggal").to_owned(),
        None => format::month(period.from, page.language),
    };
    let store = asked.store.as_ref().map(|id| store_words(id, names, page));
    [Some(class), store, Some(days)].into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// Findings that were to be closed and are not, because they have changed meanwhile.
pub(super) async fn changed(
    app: &App,
    asked: &Asked,
    period: Period,
    names: &[StoreName],
    page: &Page,
) -> Result<Vec<FindingLine>, Problem> {
    let mut lines = Vec::new();
    for id in asked.changed.iter().flat_map(|ids| ids.split('.')).filter_map(|id| id.parse().ok()).take(MOST_NAMED) {
        let finding = app.engine.storage().finding(id).await?;
        lines.extend(finding.map(|finding| FindingLine::new(&finding, names, asked.days_shown(period), page)));
    }
    Ok(lines)
}

/// `POST /reconciliation/close`.
pub(in crate::web) async fn close(
    State(app): State<App>,
    page: Page,
    By(actor): By,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Problem> {
    let value = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    let field = |name: &str| value(name).filter(|value| !value.is_empty());
    let asked = Asked {
        month: field("month"),
        class: field("class"),
        store: field("store"),
        day: field("day"),
        ..Asked::default()
    };
    let reason = field("reason").unwrap_or_default();
    let ClosedFindings { closed, changed, .. } = if let Some(seen) = field("seen") {
        let seen = seen.parse().ok().and_then(|seen| Timestamp::from_microsecond(seen).ok());
        let seen = seen.ok_or_else(not_as_it_was_made)?;
        let period = month_of(asked.month.as_ref(), day_in_wib(page.now))?;
        let filter = filter_of(&filter_params(&asked, period, FindingState::Open))?;
        close_shown(&app, filter, seen, &reason, &actor).await?
    } else {
        let seen = fields.iter().filter(|(key, _)| key == "finding").map(|(_, one)| read_seen(one));
        let seen = seen.collect::<Result<Vec<_>, _>>()?;
        close_seen(&app, &seen, &reason, &actor).await?
    };
    let count = closed.to_string();
    let changed = changed.iter().take(MOST_NAMED).map(ToString::to_string).collect::<Vec<_>>().join(".");
    let mut query = vec![("done", "findings_closed"), ("count", &*count)];
    for (key, value) in [("month", &asked.month), ("class", &asked.class), ("store", &asked.store), ("day", &asked.day)]
    {
        query.extend(value.as_deref().map(|value| (key, value)));
    }
    query.extend((!changed.is_empty()).then_some(("changed", &*changed)));
    Ok(Redirect::to(&address("/reconciliation", &query)).into_response())
}
