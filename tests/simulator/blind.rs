//! Replies as a service sees them that does not check what matters; for the switches.

use std::collections::BTreeMap;

use axum::body::Bytes;
use forstok_accurate::accurate::wire::WireRequest;
use serde_json::{Value, json};

use super::storage::Switch;

/// Replaces replies by what such a service would see.
#[derive(Debug, Default)]
pub(crate) struct Blinkers {
    /// The invoices that were sent, by number.
    sent: BTreeMap<String, Value>,
}

impl Blinkers {
    /// A call is sent.
    pub(crate) fn sends(&mut self, request: &WireRequest) {
        let body: Value = request.body.as_ref().and_then(|body| serde_json::from_slice(body).ok()).unwrap_or_default();
        let many = body["data"].as_array().cloned().unwrap_or_else(|| vec![body]);
        for one in many {
            if let Some(number) = one["number"].as_str() {
                self.sent.insert(number.to_owned(), one.clone());
            }
        }
    }

    /// The reply to a call with this path and query, as the service sees it.
    pub(crate) fn seen(&self, switch: Switch, path: &str, query: &str, reply: Bytes) -> Bytes {
        let Ok(mut body) = serde_json::from_slice::<Value>(&reply) else { return reply };
        match switch {
            Switch::NoSearch if path.ends_with("sales-invoice/list.do") && query.contains("transDate") => {
                body =
                    json!({ "s": true, "d": [], "sp": { "page": 1, "pageSize": 100, "pageCount": 0, "rowCount": 0 } });
            }
            Switch::NothingCompared if path.ends_with("sales-invoice/detail.do") => self.make_as_sent(&mut body["d"]),
            Switch::NothingCompared if path.ends_with("sales-invoice/list.do") => {
                body["d"].as_array_mut().into_iter().flatten().for_each(|row| self.make_as_sent(row));
            }
            Switch::NothingReadBack if query.contains("filter.id") => body = all_exist(query),
            _ => return reply,
        }
        body.to_string().into()
    }

    fn make_as_sent(&self, record: &mut Value) {
        let Some(sent) = record["number"].as_str().and_then(|number| self.sent.get(number)) else { return };
        record["description"] = sent["description"].clone();
        record["customer"] = json!({ "customerNo": sent["customerNo"] });
        record["totalAmount"] = json!(total(sent));
    }
}

/// As though every id of the range that is asked for had its invoice.
fn all_exist(query: &str) -> Value {
    let id = |name: &str| {
        let parts = query.split('&').filter_map(|part| part.split_once('='));
        let value = parts.into_iter().find(|(key, _)| key.contains(name)).map(|(_, value)| value.to_owned());
        value.and_then(|value| value.parse::<i64>().ok()).unwrap_or_default()
    };
    let count = id("%5B1%5D") - id("%5B0%5D") + 1;
    json!({ "s": true, "d": [], "sp": { "page": 1, "pageSize": 1, "pageCount": count, "rowCount": count } })
}

/// Whole rupiah, like the amounts of all orders in the simulator.
fn total(sent: &Value) -> i64 {
    let amount = |value: &Value| value.as_i64().unwrap_or_default();
    let lists = |name: &str| sent[name].as_array().cloned().unwrap_or_default();
    let lines: i64 =
        lists("detailItem").iter().map(|line| amount(&line["quantity"]) * amount(&line["unitPrice"])).sum();
    let expenses: i64 = lists("detailExpense").iter().map(|one| amount(&one["expenseAmount"])).sum();
    lines - amount(&sent["cashDiscount"]) + expenses
}
