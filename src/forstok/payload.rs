//! From a webhook's raw body to an order's snapshot (forstok.md §2, §3).
//!
//! Reading is lenient: numbers as texts, nulls, missing parts and unknown fields are all seen in the wild.
//! It is strict in one thing: an amount or a quantity that cannot be read makes the whole body unreadable,
//! for a wrong invoice is worse than a late one.

use std::{borrow::Cow, fmt};

use jiff::{Timestamp, civil::DateTime};
use rust_decimal::{Decimal, prelude::ToPrimitive};
use sha2::{Digest, Sha256};

use super::json::{Json, Object};
use crate::domain::{
    WIB,
    mapping::canonical_id,
    money::Rupiah,
    order::{BundlePart, OrderId, OrderLine, Snapshot},
    status::Status,
};

/// Most pieces that one line or bundle part may stand for.
const MOST_PIECES: u32 = 1_000_000;

/// A body that is an order.
#[derive(Clone, Debug)]
pub struct Payload {
    /// For example `orders/update`.
    pub event: String,
    /// The order.
    pub order: Snapshot,
    /// The same for every body that says the same, however it is written.
    pub fingerprint: [u8; 32],
}

/// What was not understood, one entry a field: `order.item_lines[0].price: "abc" is not a number …`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable(pub Vec<String>);

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("; "))
    }
}

/// Reads a webhook's body.
pub fn read(body: &[u8]) -> Result<Payload, Unreadable> {
    let unreadable = |what: String| Unreadable(vec![what]);
    let json = Json::parse(body).map_err(|error| unreadable(format!("body: is not JSON: {error}")))?;
    let Json::Object(envelope) = json else {
        return Err(unreadable(format!("body: is {}, not an object with \"event\" and \"order\"", json.kind())));
    };
    let event = match envelope.get("event") {
        None | Some(Json::Null) => "",
        Some(Json::Text(event)) => event.trim(),
        Some(other) => return Err(unreadable(format!("event: is {}, not a text such as orders/update", other.kind()))),
    };
    if !event.is_empty() && !event.starts_with("orders/") {
        return Err(unreadable(format!("event: {} is not one about orders (orders/…)", quoted(event))));
    }
    let order = match envelope.get("order") {
        Some(Json::Object(order)) => order,
        None => return Err(unreadable("order: is missing".to_owned())),
        Some(other) => return Err(unreadable(format!("order: is {}, not an object", other.kind()))),
    };
    Ok(Payload { event: event.to_owned(), order: read_order(order)?, fingerprint: order.fingerprint() })
}

/// The fingerprint of a body that is no order.
pub fn fingerprint_of_raw(body: &[u8]) -> [u8; 32] {
    Sha256::digest(body).into()
}

fn read_order(order: &Object<'_>) -> Result<Snapshot, Unreadable> {
    let mut problems = Vec::new();
    let mut fields = Fields { path: Path::Order, object: order, problems: &mut problems };
    let id = fields.order_id();
    let status_text = fields.text("status").unwrap_or_default();
    let snapshot = |id| Snapshot {
        id,
        status: Status::parse(&status_text),
        status_text,
        channel: fields.text("channel").unwrap_or_default(),
        store_id: fields.text("store_id").and_then(|id| canonical_id(&id)).unwrap_or_default(),
        store_name: fields.text("store_name"),
        local_id: fields.text("local_id"),
        local_name: fields.text("local_name"),
        ordered_at: fields.time("ordered_at").or_else(|| fields.time("created_at")),
        updated_at: fields.time("updated_at"),
        lines: fields.list("item_lines", read_line),
        shipping_price: fields.amount("shipping_price").unwrap_or_default(),
        cashless: fields.flag("cashless"),
        discount_amount: fields.amount("discount_amount").unwrap_or_default(),
        voucher_amount: fields.amount("voucher_amount").unwrap_or_default(),
        voucher_seller: fields.amount("voucher_seller").unwrap_or_default(),
        total_price: fields.amount("total_price"),
        warehouse_id: fields.text("warehouse_id").and_then(|id| canonical_id(&id)),
    };
    // Without an id there is nothing to be idempotent about; the rest is read all the same to report it all.
    let known = id.is_some();
    let snapshot = snapshot(id.unwrap_or_else(|| OrderId::parse("1").expect("a digit")));
    if known && problems.is_empty() { Ok(snapshot) } else { Err(Unreadable(problems)) }
}

fn read_line(fields: &mut Fields<'_>) -> OrderLine {
    OrderLine {
        sku: fields.text("sku").unwrap_or_default(),
        name: fields.text("name").unwrap_or_default(),
        variant_name: fields.text("variant_name").unwrap_or_default(),
        variant_id: fields.text("variant_id"),
        line_id: fields.text("id"),
        price: fields.amount("price"),
        sale_price: fields.amount("sale_price"),
        voucher_seller: fields.amount("voucher_seller").unwrap_or_default(),
        quantity: fields.pieces("quantity"),
        bundle: fields.list("bundle_info", read_part),
    }
}

fn read_part(fields: &mut Fields<'_>) -> BundlePart {
    let pieces = fields.pieces("qty");
    if !pieces.is_integer() {
        fields.problem("qty", &pieces.to_string(), "is not a whole number of pieces");
    }
    let subtotal = fields.amount("subtotal").unwrap_or_else(|| {
        let subtotal = fields.amount("item_price").unwrap_or_default() * pieces;
        // A product of two readable numbers can still be beyond what amounts are reckoned with.
        Rupiah::parse(&subtotal.to_string()).unwrap_or_else(|why| {
            fields.problem("item_price", &format!("{subtotal} for all pieces"), &why.to_string());
            Rupiah::ZERO
        })
    });
    BundlePart {
        sku: fields.text("sku").unwrap_or_default(),
        name: fields.text("name").unwrap_or_default(),
        quantity: pieces.to_u32().unwrap_or_default(),
        subtotal,
    }
}

/// Where an object stands; put into words only when there is a problem to report.
enum Path<'a> {
    Order,
    Entry { of: &'a Path<'a>, list: &'a str, position: usize },
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Order => f.write_str("order"),
            Self::Entry { of, list, position } => write!(f, "{of}.{list}[{position}]"),
        }
    }
}

/// One JSON object being read, with the path that problems are reported at.
struct Fields<'a> {
    path: Path<'a>,
    object: &'a Object<'a>,
    problems: &'a mut Vec<String>,
}

impl<'a> Fields<'a> {
    fn problem(&mut self, key: &str, value: &str, what: &str) {
        self.problems.push(format!("{}.{key}: {} {what}", self.path, quoted(value)));
    }

    fn order_id(&mut self) -> Option<OrderId> {
        let text = match self.object.get("id") {
            None | Some(Json::Null) => {
                self.problems.push(format!("{}.id: is missing", self.path));
                return None;
            }
            Some(Json::Text(text)) => Cow::Borrowed(&**text),
            Some(Json::Whole(number)) => Cow::Owned(number.to_string()),
            // 138163394.0 is what some languages make of an integer.
            Some(Json::Number(digits)) => {
                let decimal = digits.parse::<Decimal>().ok().filter(Decimal::is_integer);
                decimal.map_or(Cow::Borrowed(&**digits), |decimal| Cow::Owned(decimal.normalize().to_string()))
            }
            Some(other) => Cow::Borrowed(other.kind()),
        };
        let id = OrderId::parse(&text);
        if id.is_none() {
            self.problem("id", &text, "is not an order id (digits)");
        }
        id
    }

    fn text(&self, key: &str) -> Option<String> {
        self.borrowed(key).map(Cow::into_owned)
    }

    /// A text, or a number or flag as text; null, missing and blank are `None`.
    fn borrowed(&self, key: &str) -> Option<Cow<'a, str>> {
        let text = match self.object.get(key)? {
            Json::Text(text) => text.trim(),
            Json::Whole(number) => return Some(Cow::Owned(number.to_string())),
            Json::Number(digits) => digits,
            Json::Bool(true) => "true",
            Json::Bool(false) => "false",
            Json::Null | Json::List(_) | Json::Object(_) => return None,
        };
        (!text.is_empty()).then_some(Cow::Borrowed(text))
    }

    fn flag(&self, key: &str) -> Option<bool> {
        match self.borrowed(key)?.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" => Some(true),
            "false" | "0" | "no" => Some(false),
            _ => None,
        }
    }

    fn amount(&mut self, key: &str) -> Option<Rupiah> {
        let text = self.number_text(key)?;
        match Rupiah::parse(&text) {
            Ok(amount) => Some(amount),
            Err(why) => {
                self.problem(key, &text, &why.to_string());
                None
            }
        }
    }

    /// Pieces: 1 when nothing is said (forstok.md §3).
    fn pieces(&mut self, key: &str) -> Decimal {
        let Some(text) = self.number_text(key) else { return Decimal::ONE };
        let pieces = Rupiah::parse(&text).map_or(Decimal::NEGATIVE_ONE, Rupiah::decimal);
        if pieces < Decimal::ZERO || pieces > Decimal::from(MOST_PIECES) {
            self.problem(key, &text, "is not a number of pieces");
            return Decimal::ONE;
        }
        pieces
    }

    /// The text of a number that may be written as text.
    fn number_text(&mut self, key: &str) -> Option<Cow<'a, str>> {
        match self.object.get(key)? {
            other @ (Json::List(_) | Json::Object(_) | Json::Bool(_)) => {
                self.problem(key, other.kind(), "is not a number");
                None
            }
            _ => self.borrowed(key),
        }
    }

    /// A moment; without a zone it is WIB, and years before 2000 mean "not known" (forstok.md §3).
    fn time(&self, key: &str) -> Option<Timestamp> {
        let text = self.borrowed(key)?;
        let moment =
            text.parse::<Timestamp>().ok().or_else(|| WIB.to_timestamp(text.parse::<DateTime>().ok()?).ok())?;
        (WIB.to_datetime(moment).year() >= 2000).then_some(moment)
    }

    fn list<T>(&mut self, key: &str, read: impl Fn(&mut Fields<'_>) -> T) -> Vec<T> {
        let entries = match self.object.get(key) {
            None | Some(Json::Null) => return Vec::new(),
            Some(Json::List(entries)) => entries,
            Some(other) => {
                self.problem(key, other.kind(), "is not a list");
                return Vec::new();
            }
        };
        let mut list = Vec::with_capacity(entries.len());
        for (position, entry) in entries.iter().enumerate() {
            let path = Path::Entry { of: &self.path, list: key, position };
            match entry {
                Json::Object(object) => {
                    list.push(read(&mut Fields { path, object, problems: &mut *self.problems }));
                }
                Json::Null => {}
                other => self.problems.push(format!("{path}: is {}, not an object", other.kind())),
            }
        }
        list
    }
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
                r#"{"event":7,"order":{"id":1}}"#,
                r#"{"order":{"status":"Open"}}"#,
                r#"{"order":{"id":"12a"}}"#,
                r#"{"order":{"id":1,"total_price":"Rp 5","item_lines":[{"price":[]},7,{"quantity":-1}]}}"#,
                r#"{"order":{"id":[],"item_lines":"none"}}"#,
            ]
            .map(problem)
            .join("\n")
        );
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
        let one = read(br#"{"event":"orders/create","order":{"id":1,"status":"Open"}}"#).expect("readable");
        let other = read(br#"{ "order": {"status": "Open", "id": 1}, "event": "orders/update" }"#).expect("readable");
        assert_eq!(one.fingerprint, other.fingerprint);
    }

    proptest! {
        #[test]
        fn no_input_makes_the_reader_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&body);
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
