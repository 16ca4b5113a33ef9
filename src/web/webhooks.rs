//! Webhooks that could not be read: the list on `/problems`, a page for each with its body, and reading one again.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};

use super::{
    format,
    page::{Page, html},
};
use crate::{
    domain::{ids::DeliveryId, reason::Language},
    forstok::payload,
    http::{App, auth::By, problem::Problem},
    storage::UnreadableDelivery,
};

/// Characters of a body that are shown; browsers are slow with more, and nobody reads that far.
const MOST_SHOWN: usize = 100_000;

/// One webhook that could not be read.
pub(super) struct Unreadable {
    pub(super) id: i64,
    pub(super) at: String,
    pub(super) last: String,
    pub(super) times: i64,
    /// What is wrong with it.
    pub(super) problem: String,
    /// The order that it names.
    pub(super) order_id: Option<String>,
    /// Whether its body is still kept, so that it can be shown and read again.
    pub(super) kept: bool,
}

impl Unreadable {
    pub(super) fn new(delivery: UnreadableDelivery, language: Language) -> Self {
        Self {
            id: delivery.id.0,
            at: format::moment(delivery.received_at),
            last: format::moment(delivery.last_at),
            times: delivery.times,
            problem: in_words(&delivery.problem, language),
            order_id: delivery.order_id.map(|id| id.to_string()),
            kept: delivery.bytes > 0,
        }
    }
}

#[derive(Template)]
#[template(path = "webhook.html")]
struct Webhook {
    page: Page,
    one: Unreadable,
    bytes: String,
    body: Option<Body>,
}

struct Body {
    text: String,
    /// Whether only its beginning is shown.
    is_cut: bool,
}

/// `GET /problems/webhooks/{id}`.
pub(super) async fn show(State(app): State<App>, page: Page, Path(id): Path<String>) -> Result<Response, Problem> {
    let id = id.parse().map(DeliveryId).map_err(|_| Problem::UnknownRoute)?;
    let (delivery, body) = app.engine.storage().unreadable_one(id).await?.ok_or(Problem::UnknownRoute)?;
    let body = body.map(|body| {
        let all = format::indented(&body);
        let text: String = all.chars().take(MOST_SHOWN).collect();
        Body { is_cut: text.len() < all.len(), text }
    });
    let bytes = format::count(delivery.bytes);
    html(&Webhook { one: Unreadable::new(delivery, page.language), bytes, body, page })
}

/// `POST /problems/webhooks/{id}/retry`.
pub(super) async fn retry(State(app): State<App>, By(actor): By, Path(id): Path<String>) -> Result<Response, Problem> {
    let id = id.parse().map(DeliveryId).map_err(|_| Problem::UnknownRoute)?;
    tracing::info!(actor = actor.name, delivery = id.0, "webhook {id} is read again at the request of {actor}");
    let body = app.engine.storage().unreadable_one(id).await?.and_then(|(_, body)| body);
    let to = match app.engine.reread(id).await? {
        None => "/problems?done=webhook_gone".to_owned(),
        Some(false) => format!("/problems/webhooks/{id}?done=still_unreadable"),
        Some(true) => match body.and_then(|body| payload::read(&body).ok()) {
            Some(payload) => format!("/orders/{}?done=read", payload.order.id),
            None => "/problems?done=read".to_owned(),
        },
    };
    Ok(Redirect::to(&to).into_response())
}

/// What [`payload::read`] did not understand, as a sentence.
pub(super) fn in_words(problem: &str, language: Language) -> String {
    let t = |english: &str, indonesian: &str| match language {
        Language::English => english.to_owned(),
        Language::Indonesian => indonesian.to_owned(),
    };
    let (place, what) = problem.split_once(": ").unwrap_or(("", problem));
    match (place, what) {
        ("body", what) if what.starts_with("is not JSON") => {
            t("The data is cut short or damaged (not JSON).", "Datanya terpotong atau rusak (bukan JSON).")
        }
        ("body", _) => t("The data is not an order.", "Datanya bukan pesanan."),
        ("event", what) => {
            let event = what.split(" is not one about").next().unwrap_or(what);
            t("The webhook is about {}, not about an order.", "Webhook ini tentang {}, bukan tentang pesanan.")
                .replace("{}", event)
        }
        ("order", "is missing") => t("The order is missing in the data.", "Pesanan tidak ada di dalam data."),
        ("order", _) => t("The order in the data is damaged.", "Pesanan di dalam data rusak."),
        ("order.id", "is missing") => t("The order has no id.", "Pesanan ini tidak memiliki ID."),
        ("order.id", what) => {
            let id = what.split(" is not an order id").next().unwrap_or(what);
            t("The order's id {} is not a number.", "ID pesanan {} bukan angka.").replace("{}", id)
        }
        _ => t(&format::sentence(problem), "Datanya tidak dapat dikenali sebagai pesanan."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_of_the_reader_is_a_sentence_in_both_languages() {
        let bodies: [&[u8]; 9] = [
            b"null",
            b"{",
            br#"{"event":"products/update","order":{"id":1}}"#,
            br#"{"event":"orders/update"}"#,
            br#"{"order":7}"#,
            br#"{"order":{"status":"Open"}}"#,
            br#"{"order":{"id":"12a"}}"#,
            br#"{"order":{"id":[]}}"#,
            br#"{"order":{"id":1,"note":"it is cut"#,
        ];
        for body in bodies {
            let problem = payload::read(body).expect_err("unreadable").problem;
            let (english, indonesian) =
                (in_words(&problem, Language::English), in_words(&problem, Language::Indonesian));
            assert_ne!(english, format::sentence(&problem), "{problem} has no sentence of its own");
            assert!(!indonesian.contains(" is ") && !indonesian.contains("missing"), "{indonesian}");
        }
    }
}
