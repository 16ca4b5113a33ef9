//! A return record as programs send it.

use serde_json::Value;

use super::{Goods, Piece, ReturnKey, ReturnRecord};
use crate::domain::row_fields::{Fields, LONGEST_ID, LONGEST_NAME, Unusable, check_text, is_possible, pieces, shown};

/// Most different products of one return.
const MOST_PIECES: usize = 1_000;

/// The fields of a row.
const FIELDS: [&str; 9] =
    ["source", "id", "store_id", "channel_order_id", "accepted_at", "received_at", "goods", "refund", "pieces"];

impl ReturnRecord {
    /// Reads a row of `POST /v1/returns`. Unknown fields are refused. However its values are written, equal rows become
    /// equal records.
    ///
    /// # Errors
    ///
    /// What is wrong with the row, naming the field.
    pub fn read(row: &Value) -> Result<Self, String> {
        let fields = Fields::of(row)?.only(&FIELDS)?;
        let record = Self {
            key: ReturnKey { source: fields.text("source")?, id: fields.text("id")? },
            store_id: fields.text("store_id")?,
            channel_order_id: fields.text("channel_order_id")?,
            accepted_at: fields.day("accepted_at")?,
            received_at: fields.day("received_at")?,
            goods: goods(&fields.text("goods")?)?,
            refund: fields.amount("refund")?,
            pieces: fields.list("pieces")?.iter().enumerate().map(piece).collect::<Result<_, _>>()?,
        };
        check(&record)?;
        Ok(record)
    }
}

fn goods(word: &str) -> Result<Goods, String> {
    match word {
        "returned" => Ok(Goods::Returned),
        "kept" => Ok(Goods::Kept),
        "" => Err("goods is missing: \"returned\" or \"kept\"".to_owned()),
        other => Err(format!("goods: {} is neither \"returned\" nor \"kept\"", shown(&other.into()))),
    }
}

fn piece((place, value): (usize, &Value)) -> Result<Piece, String> {
    let within = |problem: String| format!("pieces[{place}].{problem}");
    let fields = Fields::of(value).map_err(|_| format!("pieces[{place}]: {} is not an object", shown(value)))?;
    let fields = fields.only(&["sku", "quantity"]).map_err(within)?;
    let sku = fields.text("sku").map_err(within)?;
    if sku.is_empty() {
        return Err(within("sku is empty".to_owned()));
    }
    check_text("sku", &sku, LONGEST_ID).map_err(|unusable| within(unusable.into()))?;
    Ok(Piece { sku, quantity: pieces("quantity", fields.value("quantity")).map_err(within)? })
}

/// What is wrong with a record that nothing could be done with.
fn check(record: &ReturnRecord) -> Result<(), String> {
    let ReturnRecord { key, store_id, channel_order_id, accepted_at, received_at, refund, pieces, .. } = record;
    for (name, text) in [("source", &key.source), ("id", &key.id), ("channel_order_id", channel_order_id)] {
        if text.is_empty() {
            return Err(format!("{name} is empty"));
        }
    }
    check_text("source", &key.source, LONGEST_NAME)?;
    for (name, text) in [("id", &key.id), ("store_id", store_id), ("channel_order_id", channel_order_id)] {
        check_text(name, text, LONGEST_ID)?;
    }
    for (name, day) in [("accepted_at", accepted_at), ("received_at", received_at)] {
        if let Some(day) = day.filter(|day| !is_possible(*day)) {
            return Err(Unusable::ImpossibleDay(name, day).into());
        }
    }
    if refund.is_some_and(|refund| !refund.is_zero() && !refund.is_positive()) {
        return Err("refund is below 0; give what the buyer got back as a positive amount".to_owned());
    }
    if pieces.len() > MOST_PIECES {
        return Err(format!("it has more than {MOST_PIECES} pieces"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use rust_decimal::Decimal;
    use serde_json::json;

    use super::*;
    use crate::domain::money::Rupiah;

    fn row() -> Value {
        json!({
            "source": "shopee", "id": "R-1", "store_id": "8277", "channel_order_id": "231127PECAFY4J",
            "accepted_at": "2026-11-05", "received_at": "2026-11-07", "goods": "returned", "refund": 75_000,
            "pieces": [{"sku": "AAA2002", "quantity": 1}],
        })
    }

    fn with(name: &str, value: Value) -> Value {
        let mut row = row();
        row[name] = value;
        row
    }

    #[test]
    fn the_same_return_in_another_notation_is_the_same_record() {
        let record = ReturnRecord::read(&row()).expect("a row of the contract");
        assert_eq!((record.received_at, record.refund), (Some(date(2026, 11, 7)), Some(Rupiah::whole(75_000))));
        assert_eq!(record.pieces, [Piece { sku: "AAA2002".to_owned(), quantity: Decimal::ONE }]);
        for same in [
            with("refund", json!("75000")),
            with("accepted_at", json!("2026-11-04T18:00:00Z")),
            with("pieces", json!([{"sku": " AAA2002", "quantity": "1.0"}])),
        ] {
            assert_eq!(ReturnRecord::read(&same).as_ref(), Ok(&record), "{same}");
        }
    }

    #[test]
    fn days_refund_and_pieces_may_be_unknown() {
        let mut whole = with("goods", json!("kept"));
        for name in ["accepted_at", "received_at", "refund", "pieces"] {
            whole[name] = Value::Null;
        }
        let record = ReturnRecord::read(&whole).expect("the whole order");
        assert_eq!((record.goods, record.accepted_at, record.refund), (Goods::Kept, None, None));
        assert_eq!(record.pieces, []);
    }

    #[test]
    fn a_return_that_says_too_little_or_the_impossible_is_refused_with_the_field() {
        for (row, words) in [
            (with("goods", Value::Null), "goods is missing"),
            (with("goods", json!("lost")), "goods: \"lost\" is neither"),
            (with("channel_order_id", json!("")), "channel_order_id is empty"),
            (with("refund", json!(-1)), "refund is below 0"),
            (with("refund", json!("75.000")), "refund: \"75.000\" is ambiguous"),
            (with("refund", json!("75000.0000001")), "refund: \"75000.0000001\" has more than 6 decimal places"),
            (with("received_at", json!(5)), "received_at: \"5\" is not a day"),
            (with("received_at", json!("0001-01-01")), "received_at is 0001-01-01"),
            (with("pieces", json!("AAA2002")), "pieces: \"AAA2002\" is not a list"),
            (with("pieces", json!(["AAA2002"])), "pieces[0]: \"AAA2002\" is not an object"),
            (with("pieces", json!([{"sku": "A", "quantity": 0}])), "pieces[0].quantity: 0 is not above 0"),
            (with("pieces", json!([{"sku": "A"}])), "pieces[0].quantity is missing"),
            (
                with("pieces", json!([{"sku": "A", "quantity": "0.1234567"}])),
                "pieces[0].quantity: \"0.1234567\" has more than 6 decimal places",
            ),
            (with("pieces", json!([{"sku": "A", "qty": 1}])), "pieces[0].\"qty\" is not a known field"),
            (with("piece", json!([])), "\"piece\" is not a known field — did you mean \"pieces\"?"),
            (with("pieces", json!([{"sku": " ", "quantity": 1}])), "pieces[0].sku is empty"),
        ] {
            let problem = ReturnRecord::read(&row).expect_err(words);
            assert!(problem.starts_with(words), "{problem}");
        }
    }
}
