//! The webhooks in a reply about Forstok's log of webhooks.

use std::borrow::Cow;

use bytes::Bytes;

use super::{
    super::json::{Fields, Json, unescaped},
    list::{Row, list_in, row},
};

/// How deep a webhook's body may be inside an entry of the log.
const DEEPEST: usize = 3;

/// What is said about a webhook that is not about an order.
const OF_NO_ORDER: &str = "contains no order";

impl Row {
    /// Whether this is an entry of the log without an order: other webhooks are in it as well.
    pub(super) fn is_of_no_order(&self) -> bool {
        self.order.as_ref().is_err_and(|problem| problem == OF_NO_ORDER)
    }
}

/// The entries of a log. How an entry looks is not known (backfill.md §1): a webhook's body is recognised by its key
/// `order`, and may itself be a text.
pub(super) fn entries(reply: &[u8]) -> Result<Vec<Row>, String> {
    let text = str::from_utf8(reply).map_err(|_| "it is not UTF-8".to_owned())?;
    let whole: Json<'_> = serde_json::from_str(text).map_err(|error| format!("it is not JSON ({error})"))?;
    let list = list_in(whole).ok_or_else(|| "there is no list in it".to_owned())?;
    Ok(list.entries().into_iter().map(entry).collect())
}

fn entry(entry: Json<'_>) -> Row {
    let written = match entry {
        Json::Object(written) => written,
        _ => "",
    };
    let body = webhook_in(entry, DEEPEST);
    let read = body.and_then(|body| Some(row(serde_json::from_str(&body).ok()?)));
    read.unwrap_or_else(|| Row { body: Bytes::copy_from_slice(written.as_bytes()), order: Err(OF_NO_ORDER.to_owned()) })
}

/// The first object with an `order`, as an object or as the text of one.
fn webhook_in(json: Json<'_>, deepest: usize) -> Option<Cow<'_, str>> {
    match json {
        Json::Object(written) => {
            let fields: Fields<'_> = serde_json::from_str(written).ok()?;
            if matches!(fields.get("order"), Some(Json::Object(_))) {
                return Some(Cow::Borrowed(written));
            }
            let deeper = deepest.checked_sub(1)?;
            fields.values().find_map(|value| webhook_in(value, deeper))
        }
        Json::Text(text) => {
            let text = unescaped(text).ok().filter(|text| text.trim_start().starts_with('{'))?;
            let inner: Json<'_> = serde_json::from_str(&text).ok()?;
            webhook_in(inner, deepest.checked_sub(1)?).map(|body| Cow::Owned(body.into_owned()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ids(reply: &serde_json::Value) -> Vec<String> {
        let rows = entries(reply.to_string().as_bytes()).expect("a list");
        rows.into_iter().map(|row| row.order.map_or_else(|problem| problem, |order| order.id.to_string())).collect()
    }

    #[test]
    fn a_webhook_is_found_wherever_it_is_in_an_entry() {
        let body = json!({"event": "orders/update", "order": {"id": 7, "status": "Open"}});
        for entry in [
            body.clone(),
            json!({"id": 1, "sent_at": "2026-11-01", "payload": body}),
            json!({"id": 1, "request": {"headers": {}, "body": body.to_string()}}),
            json!({"data": json!({"payload": body}).to_string()}),
        ] {
            assert_eq!(ids(&json!({"data": {"logs": [entry]}})), ["7"], "{entry}");
        }
    }

    #[test]
    fn webhooks_about_something_else_are_no_orders_and_no_errors() {
        let rows = entries(br#"[{"event":"items/update","payload":{"item":{"id":1}}},{"order":{"name":"x"}}]"#);
        let rows = rows.expect("a list");
        assert!(rows[0].is_of_no_order());
        assert!(!rows[1].is_of_no_order() && rows[1].order.is_err(), "an order that cannot be read is reported");
        assert!(entries(b"<html>").is_err() && entries(b"{}").is_err());
    }
}
