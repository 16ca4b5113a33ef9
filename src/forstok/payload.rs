//! From a webhook's raw body to an order's snapshot (forstok.md §2, §3).
//!
//! Reading is lenient: numbers as texts, nulls, missing parts, unknown fields and bytes that are not quite JSON are
//! all seen in the wild. An order is what names its id. What else cannot be read is noted in the snapshot, so that
//! the decision can report it where it matters: a cancellation counts whatever amounts are beside it.

mod fields;
mod order;
mod time;

use std::{borrow::Cow, fmt};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use self::{
    fields::{order_id, text},
    order::{Order, read_order},
};
use super::json::{Expected, Fields, Json, object, order_id_in, repaired, repaired_surrogates, unescaped};
use crate::domain::order::{OrderId, Snapshot};

/// What is known at once of a body that is an order: enough to keep and to answer it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// For example `orders/update`.
    pub event: String,
    /// Which order.
    pub order_id: OrderId,
    /// The status as it was written.
    pub status_text: String,
    /// The same for every body that says the same, however it is written.
    pub fingerprint: [u8; 32],
}

/// A body that is an order.
#[derive(Clone, Debug)]
pub struct Payload {
    /// For example `orders/update`.
    pub event: String,
    /// The order.
    pub order: Snapshot,
}

/// A body that is not an order that can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// What was not understood, for example `order.id: is missing`.
    pub problem: String,
    /// The order that the body still names, for example if the body was cut off in the middle.
    pub order_id: Option<OrderId>,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problem)
    }
}

/// Which order a webhook's body is about, and what distinguishes this body from others.
pub fn identify(body: &[u8]) -> Result<Identity, Unreadable> {
    understood(body, |body| {
        let (event, fields) = match parts::<Fields<'_>>(body)? {
            Ok(parts) => parts,
            Err(problem) => return Ok(Err(problem)),
        };
        let order_id = match order_id(fields.get("id")) {
            Ok(order_id) => order_id,
            Err(problem) => return Ok(Err(problem)),
        };
        let status_text = fields.get("status").and_then(text).unwrap_or_default();
        let fingerprint = fields.fingerprint()?;
        Ok(Ok(Identity { event, order_id, status_text, fingerprint }))
    })
}

/// Reads a webhook's body.
pub fn read(body: &[u8]) -> Result<Payload, Unreadable> {
    understood(body, |body| {
        let read = parts::<Order<'_>>(body)?;
        Ok(read.and_then(|(event, order)| Ok(Payload { event, order: read_order(&order)? })))
    })
}

/// The body of a webhook about an order that stands alone, as files and Forstok's order API have it; `None` if it is
/// not an object.
pub fn enveloped(order: &[u8]) -> Option<Vec<u8>> {
    let order = order.trim_ascii();
    order.starts_with(b"{").then(|| [br#"{"event":"orders/update","order":"#, order, b"}"].concat())
}

/// The fingerprint of a body that is not an order.
pub fn fingerprint_of_raw(body: &[u8]) -> [u8; 32] {
    Sha256::digest(body).into()
}

/// Result of reading what may not be JSON, of what may not be an order.
type Read<T> = serde_json::Result<Result<T, String>>;

/// What `read` makes of the body as it came, else of what can be made of it.
fn understood<T>(body: &[u8], read: impl Fn(&str) -> Read<T>) -> Result<T, Unreadable> {
    // Some senders put a byte order mark first; a name in another encoding must not cost the order.
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    let body = str::from_utf8(body).map_or_else(|_| String::from_utf8_lossy(body), Cow::Borrowed);
    let body = repaired_surrogates(body);
    let unreadable = |problem: String| Unreadable { problem, order_id: None };
    let (second_try, error) = match read(&body) {
        Ok(result) => return result.map_err(unreadable),
        Err(error) => (repaired(&body), error),
    };
    match read(&second_try) {
        Ok(result) => result.map_err(unreadable),
        Err(_) => {
            Err(Unreadable { problem: format!("body: is not JSON: {error}"), order_id: order_id_in(&second_try) })
        }
    }
}

object! {
    /// What every webhook is wrapped in.
    Envelope { event, order }
}

/// Event and order of a webhook's body.
fn parts<'a, O: Deserialize<'a>>(body: &'a str) -> Read<(String, O)> {
    // Nearly every body is as it should be, and is read through once.
    if let Ok(Expected { event, order: Some(order) }) = serde_json::from_str(body)
        && let Ok(event) = about_orders(event)?
    {
        return Ok(Ok((event, order)));
    }
    let envelope: Envelope<'_> = match serde_json::from_str(body) {
        Ok(envelope) => envelope,
        Err(error) if error.is_data() => {
            let other: Json<'_> = serde_json::from_str(body)?;
            return Ok(Err(format!("body: is {}, not an object with \"event\" and \"order\"", other.kind())));
        }
        Err(error) => return Err(error),
    };
    let event = match about_orders(envelope.event)? {
        Ok(event) => event,
        Err(problem) => return Ok(Err(problem)),
    };
    match envelope.order {
        Json::Object(order) => Ok(Ok((event, serde_json::from_str(order)?))),
        Json::Null => Ok(Err("order: is missing".to_owned())),
        other => Ok(Err(format!("order: is {}, not an object", other.kind()))),
    }
}

/// The event, which may be missing; another one than about orders is a problem.
fn about_orders(event: Json<'_>) -> Read<String> {
    let event = match event {
        Json::Text(event) => unescaped(event)?,
        _ => Cow::default(),
    };
    let event = event.trim();
    if !event.is_empty() && !event.starts_with("orders/") {
        return Ok(Err(format!("event: {} is not one about orders (orders/…)", quoted(event))));
    }
    Ok(Ok(event.to_owned()))
}

/// A value in quotes, cut so that a hostile one does not fill the answer.
fn quoted(text: &str) -> String {
    let cut: String = text.chars().take(60).collect();
    if cut.len() < text.len() { format!("{cut:?}…") } else { format!("{cut:?}") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::status::Status;

    fn order(fields: &Value) -> Result<Snapshot, Unreadable> {
        read(json!({"event": "orders/update", "order": fields}).to_string().as_bytes()).map(|payload| payload.order)
    }

    fn problem(body: &str) -> String {
        read(body.as_bytes()).expect_err("unreadable").to_string()
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        insta::assert_snapshot!(
            [
                "null",
                "[]",
                "{",
                "5",
                r#"{"event":"products/update","order":{"id":1}}"#,
                r#"{"event":"orders/update"}"#,
                r#"{"order":{"status":"Open"}}"#,
                r#"{"order":{"id":"12a"}}"#,
                r#"{"order":{"id":[],"item_lines":"none"}}"#,
                r#"{"order":{"id":1,"note":"it is cut"#,
            ]
            .map(problem)
            .join("\n")
        );
    }

    /// Everything that is noted about an order, its lines and their parts.
    fn unread(order: &Snapshot) -> Vec<String> {
        let of_lines = order.lines.iter().flat_map(|line| &line.unread);
        let of_parts = order.lines.iter().flat_map(|line| &line.bundle).flat_map(|part| &part.unread);
        order.unread.iter().chain(of_lines).chain(of_parts).map(|unread| unread.problem.to_string()).collect()
    }

    #[test]
    fn what_cannot_be_read_beside_the_id_is_noted() {
        let order = order(&json!({
            "id": 1, "status": "Cancelled", "total_price": "Rp 5", "shipping_price": "10.000", "updated_at": "yesterday",
            "ordered_at": {}, "item_lines": [{"price": [], "bundle_info": [{"qty": 0.5}, {"subtotal": "-"}]}, 7, {"quantity": -1}],
        }));
        let order = order.expect("an order");
        assert_eq!(order.status, Some(Status::Cancelled));
        insta::assert_snapshot!(unread(&order).join("\n"));
        assert_eq!(super::read(br#"{"event":7,"order":{"id":1}}"#).expect("an order").event, "");
    }

    #[test]
    fn who_pays_the_courier_is_read_leniently_and_noted_when_it_cannot_be_read() {
        let cashless = |value: Value| order(&json!({"id": 1, "cashless": value})).expect("readable");
        for (value, read) in [
            (json!(true), Some(true)),
            (json!("False"), Some(false)),
            (json!(1), Some(true)),
            (json!("0"), Some(false)),
            (json!(1.0), Some(true)),
            (json!(null), None),
            (json!(""), None),
        ] {
            let order = cashless(value.clone());
            assert_eq!((order.cashless, unread(&order)), (read, vec![]), "{value}");
        }
        for (value, noted) in [
            (json!("maybe"), "order.cashless: \"maybe\" is neither true nor false"),
            (json!(2), "order.cashless: \"2\" is neither true nor false"),
            (json!({}), "order.cashless: \"an object\" is neither true nor false"),
        ] {
            let order = cashless(value);
            assert_eq!((order.cashless, unread(&order)), (None, vec![noted.to_owned()]));
        }
    }

    #[test]
    fn ids_may_be_written_as_floats() {
        for id in [json!(8277), json!("8277"), json!(8277.0), json!("8277.0"), json!("08277.00")] {
            let order = order(&json!({"id": id, "store_id": id, "warehouse_id": id})).expect("readable");
            assert_eq!((order.id.as_str(), &*order.store_id), ("8277", "8277"), "{id}");
            assert_eq!(order.warehouse_id.as_deref(), Some("8277"), "{id}");
        }
        let order = order(&json!({"id": 1, "store_id": "8277.5", "local_id": 577.0, "local_name": "577.0"}));
        let order = order.expect("readable");
        assert_eq!((&*order.store_id, order.local_id.as_deref()), ("8277.5", Some("577")));
        assert_eq!(order.local_name.as_deref(), Some("577.0"), "a text is as the seller wrote it");
    }

    #[test]
    fn bytes_that_are_not_quite_json_still_make_an_order() {
        for body in [
            &b"\xEF\xBB\xBF{\"order\":{\"id\":1,\"status\":\"Open\"}}"[..],
            b"{\"order\":{\"id\":1,\"status\":\"Open\",\"note\":\"\\ud83d\"}}",
            b"{\"order\":{\"id\":1,\"status\":\"Open\",\"note\":\"caf\xE9\"}}",
            b"{\"order\":{\"id\":1,\"status\":\"Open\",\"note\":\"a\nb\",\"tax_price\":NaN}}",
        ] {
            let order = read(body).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(body))).order;
            assert_eq!((order.id.as_str(), order.status), ("1", Some(Status::Open)));
        }
    }

    #[test]
    fn numbers_come_as_numbers_or_texts() {
        let one = order(&json!({"id": 138, "store_id": 5, "total_price": 24500.5})).expect("readable");
        let other = order(&json!({"id": "138", "store_id": "05", "total_price": "24500.50"})).expect("readable");
        assert_eq!(one, other);
    }

    #[test]
    fn odd_times_are_read_leniently() {
        let times = |text: &str| order(&json!({"id": 1, "updated_at": text})).expect("readable").updated_at;
        assert_eq!(times("2024-01-12T02:15:00"), times("2024-01-12T02:15:00+07:00"));
        assert_eq!(times("2024-01-12 02:15:00"), times("2024-01-11T19:15:00Z"));
        assert!(times("2024-01-11T19:15:00Z").is_some());
        assert_eq!(times("0001-01-01T00:00:00Z"), None);
        assert_eq!(times("yesterday"), None);
    }

    #[test]
    fn the_same_order_written_differently_is_the_same_delivery() {
        let one = identify(br#"{"event":"orders/create","order":{"id":1,"status":"Open"}}"#).expect("readable");
        let other = identify(br#"{ "order": {"status": "Open", "id": 1}, "event": "orders/update" }"#);
        let other = other.expect("readable");
        assert_eq!(one.fingerprint, other.fingerprint);
    }

    proptest! {
        #[test]
        fn no_input_makes_the_reader_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert_eq!(identify(&body).map(|identity| identity.order_id), read(&body).map(|payload| payload.order.id));
        }

        #[test]
        fn no_order_makes_the_reader_panic(fields in prop::collection::btree_map(
            prop::sample::select(vec!["id", "status", "item_lines", "total_price", "updated_at", "cashless", "store_id"]),
            prop_oneof![Just(json!(null)), any::<i64>().prop_map(|n| json!(n)), any::<f64>().prop_map(|n| json!(n)),
                ".{0,20}".prop_map(|text| json!(text)), Just(json!([{"bundle_info": [{"qty": 1e9}], "price": 1e300}]))],
            0..7,
        )) {
            let _ = order(&json!(fields));
        }
    }
}
