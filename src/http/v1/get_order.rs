//! `GET /v1/orders/{order_id}`: one order with all that happened to it.

use axum::{
    Json,
    extract::{Path, State},
};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::order_with_timeline::{OrderWithTimeline, USUAL_ENTRIES, show_part};
use crate::{
    http::{
        App,
        language::Preferred,
        paging::{PageSize, read_cursor},
        params::{Params, order_id},
        problem::Problem,
        responses::OperatorErrors,
    },
    storage::TimelinePlace,
};

/// Entries of a timeline in one answer.
const ENTRIES: PageSize = PageSize { usual: USUAL_ENTRIES, most: 1_000 };

/// Which part of the timeline.
#[derive(Clone, Debug, Default, Deserialize, IntoParams, ToSchema)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TimelineParams {
    /// Number of timeline entries, 1 to 1000; the newest 200 by default.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 1000)]
    timeline_limit: Option<String>,
    /// `timeline_next_cursor` of the answer before.
    #[param(pattern = "^([0-9]{1,17}-[01]-[0-9]{1,17})?$")]
    timeline_cursor: Option<String>,
}

impl TimelineParams {
    /// How many entries, and before which one.
    fn read(&self) -> Result<(i64, Option<TimelinePlace>), Problem> {
        let limit = ENTRIES.read("timeline_limit", self.timeline_limit.as_deref())?;
        let before = read_cursor("timeline_cursor", self.timeline_cursor.as_deref(), TimelinePlace::parse)?;
        Ok((limit, before))
    }
}

/// Shows one order with its documents, its timeline and what Forstok sent.
#[utoipa::path(
    get,
    path = "/v1/orders/{order_id}",
    operation_id = "getOrder",
    tag = "operators",
    params(("order_id" = String, Path, description = "Forstok's order id", example = "138163394"), TimelineParams),
    responses(
        (status = 200, description = "The order", body = OrderWithTimeline),
        (status = 400, description = "A parameter cannot be used, or the address is not UTF-8"),
        (status = 404, description = "No such order"),
        OperatorErrors,
    ),
    security(("operator_token" = []))
)]
pub(crate) async fn handler(
    State(app): State<App>,
    Preferred(language): Preferred,
    Path(id): Path<String>,
    Params(params): Params<TimelineParams>,
) -> Result<Json<OrderWithTimeline>, Problem> {
    let id = order_id(&id)?;
    let (limit, before) = params.read()?;
    show_part(&app, &id, language, limit, before).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(limit: Option<&str>, cursor: &str) -> Result<(i64, Option<TimelinePlace>), Problem> {
        TimelineParams { timeline_limit: limit.map(str::to_owned), timeline_cursor: Some(cursor.to_owned()) }.read()
    }

    #[test]
    fn the_newest_two_hundred_entries_are_shown_unless_asked_otherwise() {
        assert_eq!(read(None, ""), Ok((200, None)));
        assert_eq!(read(Some("1000"), ""), Ok((1_000, None)));
        assert_eq!(
            read(Some("1001"), "").expect_err("too many").to_string(),
            "timeline_limit: \"1001\" is not a whole number from 1 to 1000"
        );
    }

    #[test]
    fn a_place_in_the_timeline_is_read_as_it_was_given() {
        let place = "1700000000000000-1-7";
        let (_, before) = read(None, place).expect("it was given by an answer");
        assert_eq!(before.map(|place| place.to_string()).as_deref(), Some(place));
        assert!(read(None, "7").is_err());
    }
}
