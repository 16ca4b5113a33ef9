//! A payout row as programs send it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Payout, PayoutKey, check};
use crate::domain::{
    money::Rupiah,
    row_fields::{Fields, amount, shown},
};

/// The fields of a row.
const FIELDS: [&str; 7] = ["source", "id", "store_id", "channel_order_id", "paid_at", "net", "amounts"];

impl Payout {
    /// Reads a row of `POST /v1/payouts`. Unknown fields are refused. Equal rows become equal payouts, however their
    /// values are written.
    ///
    /// # Errors
    ///
    /// What is wrong with the row, naming the field.
    pub fn read(row: &Value) -> Result<Self, String> {
        let fields = Fields::of(row)?.only(&FIELDS)?;
        let payout = Self {
            key: PayoutKey { source: fields.text("source")?, id: fields.text("id")? },
            store_id: fields.text("store_id")?,
            channel_order_id: fields.text("channel_order_id")?,
            paid_at: fields.day("paid_at")?.ok_or("paid_at is missing")?,
            net: fields.amount("net")?.ok_or("net is missing")?,
            amounts: amounts(fields.value("amounts"))?,
            lines: Vec::new(),
        };
        check(&payout)?;
        Ok(payout)
    }
}

/// The amounts of a row by their names. Spaces around a name do not count.
fn amounts(value: Option<&Value>) -> Result<BTreeMap<String, Rupiah>, String> {
    let given = match value {
        None => return Ok(BTreeMap::new()),
        Some(Value::Object(amounts)) => amounts,
        Some(other) => return Err(format!("amounts: {} is not an object", shown(other))),
    };
    let mut amounts = BTreeMap::new();
    for (name, value) in given.iter().filter(|(_, value)| !value.is_null()) {
        let name = name.trim();
        let sum: &mut Rupiah = amounts.entry(name.to_owned()).or_default();
        *sum = *sum + amount(name, value)?;
    }
    Ok(amounts)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use serde_json::json;

    use super::*;

    fn row() -> Value {
        json!({
            "source": "shopee", "id": "row-1", "store_id": "8277", "channel_order_id": "231127PECAFY4J",
            "paid_at": "2026-11-05", "net": 138_000, "amounts": {"subtotal": 150_000, "service_fee": -12_000},
        })
    }

    fn with(name: &str, value: Value) -> Value {
        let mut row = row();
        row[name] = value;
        row
    }

    #[test]
    fn the_same_row_in_another_notation_is_the_same_payout() {
        let payout = Payout::read(&row()).expect("a row of the contract");
        assert_eq!((payout.paid_at, payout.net), (date(2026, 11, 5), Rupiah::whole(138_000)));
        for same in [
            with("store_id", json!(8277)),
            with("net", json!("138000.00")),
            with("net", serde_json::from_str("1.38e5").expect("a number")),
            with("paid_at", json!("2026-11-04T17:30:00Z")),
            with("paid_at", json!("2026-11-05T09:00:00")),
            with("amounts", json!({"service_fee ": "-12000", " subtotal": 150_000.0, "voucher": null})),
            with("id", json!(" row-1 ")),
        ] {
            assert_eq!(Payout::read(&same).as_ref(), Ok(&payout), "{same}");
        }
    }

    #[test]
    fn fee_names_that_differ_only_in_blanks_are_added_up() {
        let payout = Payout::read(&with("amounts", json!({"fee": -1000, "fee ": -500}))).expect("readable");
        assert_eq!(payout.amounts, BTreeMap::from([("fee".to_owned(), Rupiah::whole(-1500))]));
    }

    #[test]
    fn a_row_that_could_be_read_in_two_ways_or_not_at_all_is_refused_with_the_field() {
        for (row, words) in [
            (with("net", json!("138.000")), "net: \"138.000\" is ambiguous"),
            (with("net", json!(true)), "net: true is not a number"),
            (with("net", Value::Null), "net is missing"),
            (with("paid_at", Value::Null), "paid_at is missing"),
            (with("paid_at", json!("05/11/2026")), "paid_at: \"05/11/2026\" is not a day such as 2026-11-05"),
            (with("paid_at", json!("0001-01-01T00:00:00Z")), "paid_at is 0001-01-01"),
            (with("source", json!(" ")), "source is empty"),
            (with("amount", json!({"fee": -1})), "\"amount\" is not a known field — did you mean \"amounts\"?"),
            (with("foo", Value::Null), "\"foo\" is not a known field"),
            (with("id", json!(["x"])), "id: [\"x\"] is not a text"),
            (with("amounts", json!([1])), "amounts: [1] is not an object"),
            (with("amounts", json!({"fee": "12.000"})), "fee: \"12.000\" is ambiguous"),
            (
                with("net", serde_json::from_str("138000.1234567").expect("a number")),
                "net: 138000.1234567 has more than 6 decimal places; round it to at most 6",
            ),
            (with("amounts", json!({"fee": "-0.0000001"})), "fee: \"-0.0000001\" has more than 6 decimal places"),
            (json!([1]), "the row is not an object"),
        ] {
            let problem = Payout::read(&row).expect_err(words);
            assert!(problem.starts_with(words), "{problem}");
        }
    }
}
