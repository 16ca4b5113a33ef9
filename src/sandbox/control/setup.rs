//! The setup of the database: `POST /sandbox/settings` and `/sandbox/rights`.

use std::time::Duration;

use axum::{Json, body::Bytes, extract::State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answered, BadInput, read};
use crate::sandbox::{
    Action, Branches, BulkReply, BulkRule, CustomerNames, Emoji, FilterValues, IdRanges, LetterCase, NegativeExpenses,
    Numbering, Overpayment, Sandbox, Settings, Sorting, SuspendedItems,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SettingsOrder {
    numbering: Option<Numbering>,
    letter_case: Option<LetterCase>,
    detail_lag_seconds: Option<f64>,
    list_lag_seconds: Option<f64>,
    emoji: Option<Emoji>,
    suspended_items: Option<SuspendedItems>,
    customer_names: Option<CustomerNames>,
    branches: Option<Branches>,
    bulk: Option<BulkRule>,
    filter_values: Option<FilterValues>,
    id_ranges: Option<IdRanges>,
    sorting: Option<Sorting>,
    bulk_reply: Option<BulkReply>,
    negative_expenses: Option<NegativeExpenses>,
    overpayment: Option<Overpayment>,
}

pub(super) async fn settings(State(sandbox): State<Sandbox>, body: Bytes) -> Answered {
    let order: SettingsOrder = read(&body)?;
    let detail_lag = order.detail_lag_seconds.map(|seconds| lag("detail_lag_seconds", seconds)).transpose()?;
    let list_lag = order.list_lag_seconds.map(|seconds| lag("list_lag_seconds", seconds)).transpose()?;
    sandbox.change_settings(|settings| {
        set(&mut settings.numbering, order.numbering);
        set(&mut settings.letter_case, order.letter_case);
        set(&mut settings.detail_lag, detail_lag);
        set(&mut settings.list_lag, list_lag);
        set(&mut settings.emoji, order.emoji);
        set(&mut settings.suspended_items, order.suspended_items);
        set(&mut settings.customer_names, order.customer_names);
        set(&mut settings.branches, order.branches);
        set(&mut settings.bulk, order.bulk);
        set(&mut settings.filter_values, order.filter_values);
        set(&mut settings.id_ranges, order.id_ranges);
        set(&mut settings.sorting, order.sorting);
        set(&mut settings.bulk_reply, order.bulk_reply);
        set(&mut settings.negative_expenses, order.negative_expenses);
        set(&mut settings.overpayment, order.overpayment);
    });
    Ok(Json(shown(&sandbox.core().books.settings)))
}

fn set<T>(setting: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *setting = value;
    }
}

fn lag(field: &str, seconds: f64) -> Result<Duration, BadInput> {
    Duration::try_from_secs_f64(seconds)
        .map_err(|_| BadInput(format!("{field}: {seconds} is not a time; give seconds from 0")))
}

fn shown(settings: &Settings) -> Value {
    json!({
        "numbering": settings.numbering,
        "letter_case": settings.letter_case,
        "detail_lag_seconds": settings.detail_lag.as_secs_f64(),
        "list_lag_seconds": settings.list_lag.as_secs_f64(),
        "emoji": settings.emoji,
        "suspended_items": settings.suspended_items,
        "customer_names": settings.customer_names,
        "branches": settings.branches,
        "bulk": settings.bulk,
        "filter_values": settings.filter_values,
        "id_ranges": settings.id_ranges,
        "sorting": settings.sorting,
        "bulk_reply": settings.bulk_reply,
        "negative_expenses": settings.negative_expenses,
        "overpayment": settings.overpayment,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RightsOrder {
    #[serde(default)]
    withhold: Vec<String>,
    #[serde(default)]
    grant: Vec<String>,
}

pub(super) async fn rights(State(sandbox): State<Sandbox>, body: Bytes) -> Answered {
    let order: RightsOrder = read(&body)?;
    let (taken, given) = (calls("withhold", &order.withhold)?, calls("grant", &order.grant)?);
    for action in taken {
        sandbox.withhold_right(action);
    }
    for action in given {
        sandbox.grant_right(action);
    }
    let missing: Vec<&str> = sandbox.core().books.withheld.iter().map(|action| action.name()).collect();
    Ok(Json(json!({ "withheld": missing })))
}

/// Calls by name, or by the kind of document that they write, such as `sales-invoice`.
fn calls(field: &str, names: &[String]) -> Result<Vec<Action>, BadInput> {
    let mut calls = Vec::new();
    for (at, name) in names.iter().enumerate() {
        let is_of_kind = |action: &Action| action.name().split_once('/').is_some_and(|(kind, _)| kind == name);
        let is_meant = |action: &Action| action.name() == name || (action.writes() && is_of_kind(action));
        let meant = Action::ALL.into_iter().filter(is_meant);
        let before = calls.len();
        calls.extend(meant);
        if calls.len() == before {
            let known = Action::ALL.map(Action::name).join(", ");
            return Err(BadInput(format!(
                "{field}[{at}]: {name:?} is not a call; use sales-invoice, sales-receipt, sales-return, customer, or one of {known}"
            )));
        }
    }
    Ok(calls)
}
