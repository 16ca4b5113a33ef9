//! The effect of a fault on the answer.

use axum::http::{HeaderName, HeaderValue, StatusCode};
use serde_json::{Value, json};

use super::{
    Action, Answer, Core, Deed, Fault, Request, messages,
    reply::{error_answer, html_answer, json_answer, padded, refusal, text_answer},
};
use crate::domain::document::Kind;

/// Bytes of the largest replies.
const HUGE: usize = 16 * 1024 * 1024;

impl Core {
    pub(super) fn spoilt(&mut self, fault: Option<Fault>, action: Action, request: &Request, answer: Answer) -> Answer {
        let Some(fault) = fault else { return answer };
        let business_error = |message: String| json_answer(StatusCode::OK, &refusal(&[message]));
        match fault {
            Fault::Slow(_)
            | Fault::Late(_)
            | Fault::TotalOff
            | Fault::NotSaved
            | Fault::NotDeleted
            | Fault::ListRepeats
            | Fault::ListCountOff
            | Fault::ListCutOff
            | Fault::ListEmpty
            | Fault::ListUnfiltered
            | Fault::ListGrows => answer,
            Fault::DroppedBefore | Fault::DroppedAfter => Answer::Dropped,
            Fault::Error5xxBefore | Fault::Error5xxAfter => {
                let status = self.faults.pick([
                    StatusCode::INTERNAL_SERVER_ERROR,
                    StatusCode::BAD_GATEWAY,
                    StatusCode::SERVICE_UNAVAILABLE,
                    StatusCode::GATEWAY_TIMEOUT,
                ]);
                text_answer(status, status.canonical_reason().unwrap_or_default())
            }
            Fault::HtmlBefore | Fault::HtmlAfter => {
                let (ok, bad_gateway) = (StatusCode::OK, StatusCode::BAD_GATEWAY);
                html_answer(self.faults.pick([ok, bad_gateway, ok, bad_gateway]))
            }
            Fault::UpsssBefore | Fault::UpsssAfter => business_error(self.books.own_error()),
            Fault::DatabaseTrouble => business_error(messages::DATABASE_TROUBLE.to_owned()),
            Fault::Limit429 => {
                let empty = self.faults.pick([true, false, true, false]);
                let body = json!({ "s": false, "d": [messages::TOO_MANY_IN_A_SECOND] });
                if empty {
                    text_answer(StatusCode::TOO_MANY_REQUESTS, "")
                } else {
                    error_answer(&request.headers, StatusCode::TOO_MANY_REQUESTS, &body)
                }
            }
            Fault::LimitMessage => {
                let (per_second, in_flight) = (messages::TOO_MANY_IN_A_SECOND, messages::TOO_MANY_IN_FLIGHT);
                business_error(self.faults.pick([per_second, in_flight, per_second, in_flight]).to_owned())
            }
            Fault::DeniedBefore | Fault::DeniedAfter => self.denied(request),
            Fault::UnknownTextBefore | Fault::UnknownTextAfter => {
                business_error(self.faults.pick(messages::UNKNOWN).to_owned())
            }
            Fault::EchoedBefore | Fault::EchoedAfter => {
                let status = self.faults.pick([
                    StatusCode::INTERNAL_SERVER_ERROR,
                    StatusCode::BAD_GATEWAY,
                    StatusCode::SERVICE_UNAVAILABLE,
                    StatusCode::OK,
                ]);
                text_answer(status, &echo(status, request))
            }
            Fault::Huge => rewritten(answer, |body| padded(&body, HUGE)),
            Fault::Deep => rewritten(answer, |_| deep()),
            Fault::WrongCustomer
            | Fault::WrongDescription
            | Fault::WrongTotal
            | Fault::NoRecord
            | Fault::UnreadableTotal => self.misreported(fault, action, answer),
        }
    }

    /// The pages and errors with which a proxy rejects a call.
    fn denied(&mut self, request: &Request) -> Answer {
        let (unauthorized, forbidden) = (StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN);
        let error = |status, code: &str| error_answer(&request.headers, status, &json!({ "error": code }));
        match self.faults.pick([0, 1, 2, 3]) {
            0 => html_answer(unauthorized),
            1 => html_answer(forbidden),
            2 => error(unauthorized, "invalid_token"),
            _ => error(forbidden, "insufficient_scope"),
        }
    }

    /// The answer with content that differs from the data.
    fn misreported(&mut self, fault: Fault, action: Action, answer: Answer) -> Answer {
        let unreadable = self.faults.pick([0, 1, 2, 3]);
        let is_receipt = action.on_documents().is_some_and(|(kind, _)| kind == Kind::Receipt);
        let total = if is_receipt { "chequeAmount" } else { "totalAmount" };
        rewritten(answer, |body| {
            let Ok(mut body) = serde_json::from_str::<Value>(&body) else { return body };
            for record in records(action, &mut body) {
                match fault {
                    Fault::WrongCustomer if record["customer"].is_object() => {
                        record["customer"] = json!({ "customerNo": "LAIN-1", "name": "Pelanggan lain" });
                    }
                    Fault::WrongDescription => record["description"] = json!("bukan pesanan ini"),
                    Fault::WrongTotal => record[total] = json!(1),
                    Fault::NoRecord => *record = Value::Null,
                    Fault::UnreadableTotal => {
                        let forms = [Value::Null, json!("delapan puluh ribu"), json!({}), json!("")];
                        record[total] = forms[unreadable].clone();
                    }
                    _ => {}
                }
            }
            body.to_string()
        })
    }
}

/// The records in a reply.
fn records(action: Action, body: &mut Value) -> Vec<&mut Value> {
    let found: Vec<&mut Value> = match (action.on_documents().map(|(_, deed)| deed), body) {
        (Some(Deed::Save), body) => body.get_mut("r").into_iter().collect(),
        (Some(Deed::BulkSave), body) => {
            body["d"].as_array_mut().into_iter().flatten().filter_map(|element| element.get_mut("r")).collect()
        }
        (Some(Deed::List), body) => body["d"].as_array_mut().into_iter().flatten().collect(),
        (_, body) => body.get_mut("d").into_iter().collect(),
    };
    found.into_iter().filter(|record| record.is_object()).collect()
}

fn rewritten(answer: Answer, rewrite: impl FnOnce(String) -> String) -> Answer {
    match answer {
        Answer::Reply { status, headers, body } => {
            let body = rewrite(String::from_utf8_lossy(&body).into_owned()).into();
            Answer::Reply { status, headers, body }
        }
        Answer::Dropped => Answer::Dropped,
    }
}

/// The complete request, which some servers show when they fail.
fn echo(status: StatusCode, request: &Request) -> String {
    let Request { method, path, query, headers, body, .. } = request;
    let header =
        |(name, value): (&HeaderName, &HeaderValue)| format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes()));
    let headers: String = headers.iter().map(header).collect();
    let body = String::from_utf8_lossy(body);
    format!("{status}\n\n{method} {path}?{query} HTTP/1.1\n{headers}\n{body}")
}

/// Nested lists, as many as fit.
fn deep() -> String {
    let (before, after) = (r#"{"s":true, "d":"#, "}");
    let levels = (HUGE - before.len() - after.len()) / 2;
    [before, &"[".repeat(levels), &"]".repeat(levels), after].concat()
}
