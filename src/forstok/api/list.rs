//! The orders in a reply.

use bytes::Bytes;

use super::super::{
    json::{Fields, Json},
    payload::{self, Payload, Unreadable},
};
use crate::domain::order::Snapshot;

/// How deep a list may be inside a reply.
const DEEPEST: usize = 4;

/// One row of a list.
#[derive(Clone, Debug)]
pub struct Row {
    /// The body of a webhook that says the same.
    pub body: Bytes,
    /// The order, or what cannot be read.
    pub order: Result<Snapshot, String>,
}

/// The rows of a list. `key` says where the list is, for example `data.orders`.
pub(super) fn rows(reply: &[u8], key: Option<&str>) -> Result<Vec<Row>, String> {
    let text = str::from_utf8(reply).map_err(|_| "it is not UTF-8".to_owned())?;
    let whole: Json<'_> = serde_json::from_str(text).map_err(|error| format!("it is not JSON ({error})"))?;
    let list = match key {
        Some(key) => at(whole, key).filter(|list| matches!(list, Json::List(_))),
        None => list_in(whole),
    };
    let list = list.ok_or_else(|| match key {
        Some(key) => format!("there is no list at {key:?}"),
        None => "there is no list in it".to_owned(),
    })?;
    Ok(list.entries().into_iter().map(row).collect())
}

/// The order of a reply about one order: alone, in `order`, or in `data`.
pub(super) fn one(reply: &[u8]) -> Result<Row, String> {
    let text = str::from_utf8(reply).map_err(|_| "it is not UTF-8".to_owned())?;
    let whole: Json<'_> = serde_json::from_str(text).map_err(|error| format!("it is not JSON ({error})"))?;
    let places = ["data.order", "order", "data"].into_iter().filter_map(|key| at(whole, key));
    let rows = places.chain([whole]).map(row);
    let mut problem = "there is no order in it".to_owned();
    for row in rows {
        match row.order {
            Ok(_) => return Ok(row),
            Err(why) => problem = why,
        }
    }
    Err(problem)
}

/// The value at a path of keys.
fn at<'a>(json: Json<'a>, key: &str) -> Option<Json<'a>> {
    key.split('.').try_fold(json, |json, key| match json {
        Json::Object(written) => serde_json::from_str::<Fields<'a>>(written).ok()?.get(key),
        _ => None,
    })
}

/// The first list of objects in a reply.
pub(super) fn list_in(whole: Json<'_>) -> Option<Json<'_>> {
    first_list(whole, DEEPEST)
}

/// The first list of objects; an empty list only if there is no other.
fn first_list(json: Json<'_>, deepest: usize) -> Option<Json<'_>> {
    if let Json::List(_) = json {
        let holds_objects = json.entries().iter().all(|entry| matches!(entry, Json::Object(_)));
        return holds_objects.then_some(json);
    }
    let Json::Object(written) = json else { return None };
    if deepest == 0 {
        return None;
    }
    let fields: Fields<'_> = serde_json::from_str(written).ok()?;
    let lists: Vec<_> = fields.values().filter_map(|value| first_list(value, deepest - 1)).collect();
    lists.iter().find(|list| !list.entries().is_empty()).or(lists.first()).copied()
}

pub(super) fn row(entry: Json<'_>) -> Row {
    let Json::Object(written) = entry else {
        return Row { body: Bytes::new(), order: Err(format!("is {}, not an order", entry.kind())) };
    };
    let is_webhook = at(entry, "order").is_some_and(|order| matches!(order, Json::Object(_)));
    let body = if is_webhook { Some(written.as_bytes().to_vec()) } else { payload::enveloped(written.as_bytes()) };
    let body = Bytes::from(body.unwrap_or_default());
    let order = payload::read(&body).map(|Payload { order, .. }| order).map_err(|Unreadable { problem, .. }| problem);
    Row { body, order }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(reply: &str, key: Option<&str>) -> Result<Vec<String>, String> {
        let rows = rows(reply.as_bytes(), key)?;
        Ok(rows.into_iter().map(|row| row.order.map_or_else(|problem| problem, |order| order.id.to_string())).collect())
    }

    #[test]
    fn orders_are_found_wherever_they_are() {
        for reply in [
            r#"[{"id":1},{"id":"2"}]"#,
            r#"{"data":[{"id":1},{"order":{"id":2}}]}"#,
            r#"{"errors":[],"messages":["ok"],"data":{"page":1,"orders":[{"id":1},{"id":2}]}}"#,
        ] {
            assert_eq!(ids(reply, None), Ok(vec!["1".to_owned(), "2".to_owned()]), "{reply}");
        }
        let two = r#"{"items":[{"id":7}],"data":{"list":[{"id":1}]}}"#;
        assert_eq!(ids(two, Some("data.list")), Ok(vec!["1".to_owned()]));
        assert_eq!(ids(r#"{"data":{"orders":[]}}"#, None), Ok(vec![]));
    }

    #[test]
    fn a_reply_without_a_list_is_not_an_empty_list() {
        for reply in ["{}", "<html>", r#"{"data":{"orders":{}}}"#, r#"{"data":[{"id":1}"#, r#"["a"]"#] {
            assert!(ids(reply, None).is_err(), "{reply}");
        }
        assert!(ids(r#"{"data":[]}"#, Some("data.orders")).is_err());
        assert_eq!(ids(r#"{"data":[{"name":"x"}]}"#, None), Ok(vec!["order.id: is missing".to_owned()]));
    }

    #[test]
    fn one_order_is_found_alone_or_in_its_envelope() {
        for reply in [r#"{"id":5}"#, r#"{"order":{"id":5}}"#, r#"{"data":{"id":5}}"#, r#"{"data":{"order":{"id":5}}}"#]
        {
            let row = one(reply.as_bytes()).unwrap_or_else(|problem| panic!("{reply}: {problem}"));
            assert_eq!(row.order.expect("an order").id.as_str(), "5");
        }
        assert!(one(b"{}").is_err() && one(b"not found").is_err());
    }
}
