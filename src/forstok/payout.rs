//! Forstok's own payload of a payout, as its integration sends it on to an accounting system (payout.md §1, B): one
//! payout with the invoices that it pays. Whether sellers receive it as a webhook is not known.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde_json::Value;

use crate::domain::{
    mapping::PayoutRules,
    money::Rupiah,
    payout::{PaidDay, Payout, PayoutKey, check},
    row_fields::{Fields, is_possible, read_json},
};

/// Where rows of this payload come from.
const SOURCE: &str = "forstok";

/// The amounts of an invoice: category, field, and whether it is taken from the seller. Forstok writes all of them
/// without a sign.
const AMOUNTS: [(&str, &[&str], Sign); 6] = [
    ("platform_rebate", &["platform_rebate"], Sign::Paid),
    ("shipping", &["shipping_price"], Sign::Paid),
    ("voucher_seller", &["voucher_seller"], Sign::Taken),
    ("shipping_difference", &["cashless_shipping_difference"], Sign::Taken),
    ("fulfillment_fee", &["fulfillment_fee", "platform_fulfilment_fee"], Sign::Taken),
    ("service_fee", &["service_fee"], Sign::Taken),
];

/// The fields that may be the price of the products; which of them is not known, so the sums decide.
const SUBTOTALS: [&str; 2] = ["balance_due", "total"];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    Paid,
    Taken,
}

/// An invoice of the payload.
struct Invoice {
    id: String,
    number: String,
    store_id: String,
    amounts: BTreeMap<String, Rupiah>,
    /// What each of [`SUBTOTALS`] says.
    subtotals: [Option<Rupiah>; 2],
}

/// Whether a body is a payout rather than an order, under the names of the mapping.
pub fn is_one(body: &[u8], rules: &PayoutRules) -> bool {
    let Ok(Value::Object(payload)) = serde_json::from_slice::<Value>(body) else { return false };
    let has = |field| payload.contains_key(rules.field(field));
    has("invoices") && has("amount_receive")
}

/// The rows of a payout, one for each invoice. A payout whose day is not known was made on the day of its arrival.
///
/// # Errors
///
/// What cannot be read, naming the field, or what does not add up.
pub fn read(body: &[u8], rules: &PayoutRules, arrived: Date) -> Result<(Vec<Payout>, PaidDay), String> {
    let payload: Value = serde_json::from_slice(body).map_err(|error| format!("body: is not JSON: {error}"))?;
    // Of a name that occurs twice, only the last value would count.
    read_json(&String::from_utf8_lossy(body))?;
    let payload = Fields::of(&payload)?;
    let net = payload.calculated_amount(rules.field("amount_receive"))?.ok_or("amount_receive: is missing")?;
    let reference = payload.text(rules.field("reference"))?;
    let (paid_at, paid_day) = match day(payload, rules)? {
        Some(day) => (day, PaidDay::Named),
        None => (arrived, PaidDay::Arrival),
    };
    let orders = payload.list(rules.field("order_id"))?;
    let invoices = payload.list(rules.field("invoices"))?;
    let named = |at: usize| orders.get(at).filter(|_| orders.len() == invoices.len());
    let invoices: Vec<_> = invoices
        .iter()
        .enumerate()
        .map(|(at, one)| invoice(one, named(at), rules).map_err(|problem| format!("invoices[{at}]: {problem}")))
        .collect::<Result<_, _>>()?;
    if invoices.is_empty() {
        return Err("invoices: is empty".to_owned());
    }
    let mut ids = BTreeSet::new();
    if let Some(twice) = invoices.iter().find(|one| !ids.insert(&one.id)) {
        return Err(format!("invoices: id {:?} occurs twice; each row is recognised by it", twice.id));
    }
    let subtotals = subtotals(&invoices, net)?;
    let is_single = invoices.len() == 1;
    let id = |of: &str| if reference.is_empty() { of.to_owned() } else { format!("{reference}/{of}") };
    let row = |(one, subtotal): (&Invoice, Rupiah)| {
        let mut amounts = one.amounts.clone();
        amounts.insert("subtotal".to_owned(), subtotal);
        let own = amounts.values().copied().sum();
        Payout {
            key: PayoutKey { source: SOURCE.to_owned(), id: id(&one.id) },
            store_id: one.store_id.clone(),
            channel_order_id: one.number.clone(),
            paid_at,
            // Of a single order, the money is known; what its amounts do not explain is the rest of the row.
            net: if is_single { net } else { own },
            amounts,
            lines: Vec::new(),
        }
    };
    let rows: Vec<_> = invoices.iter().zip(subtotals).map(row).collect();
    rows.iter().try_for_each(check)?;
    Ok((rows, paid_day))
}

/// The price of the products of each invoice: by the field that explains the money. Of several orders, none else may be
/// used, because nobody could tell which of them received the difference.
fn subtotals(invoices: &[Invoice], net: Rupiah) -> Result<Vec<Rupiah>, String> {
    let by = |which: usize| invoices.iter().map(|one| one.subtotals[which]).collect::<Option<Vec<_>>>();
    let known: Vec<_> = SUBTOTALS.iter().enumerate().filter_map(|(which, field)| Some((*field, by(which)?))).collect();
    let others: Rupiah = invoices.iter().flat_map(|one| one.amounts.values().copied()).sum();
    let sum = |subtotals: &[Rupiah]| subtotals.iter().copied().sum::<Rupiah>() + others;
    if let Some((_, exact)) = known.iter().find(|(_, subtotals)| sum(subtotals) == net) {
        return Ok(exact.clone());
    }
    let is_likely = |subtotals: &[Rupiah]| subtotals.iter().any(|subtotal| !subtotal.is_zero());
    match known.iter().find(|(_, subtotals)| is_likely(subtotals)).or(known.first()) {
        None => Err("invoices: neither balance_due nor total is known of all of them".to_owned()),
        Some((_, likely)) if invoices.len() == 1 => Ok(likely.clone()),
        Some(_) => {
            let sums: Vec<_> =
                known.iter().map(|(field, subtotals)| format!("{} with {field}", sum(subtotals))).collect();
            Err(format!("invoices: they add up to {}, but amount_receive is {net}", sums.join(" or ")))
        }
    }
}

/// The day of the payout; the year 1 means that it is unknown.
fn day(payload: Fields<'_>, rules: &PayoutRules) -> Result<Option<Date>, String> {
    let day = payload.day(rules.field("paid_at"))?;
    Ok(day.filter(|day| is_possible(*day)))
}

fn invoice(value: &Value, named: Option<&Value>, rules: &PayoutRules) -> Result<Invoice, String> {
    let fields = Fields::of(value)?;
    let nothing = Value::Object(serde_json::Map::new());
    let order = Fields::of(fields.value(rules.field("order")).unwrap_or(&nothing))?;
    let amount_of = |field: &str| fields.calculated_amount(rules.field(field));
    let mut amounts = BTreeMap::new();
    for (category, names, sign) in AMOUNTS {
        let mut amount = None;
        for name in names {
            let found = amount_of(name)?;
            // Subtracted, it would become money that was paid.
            if let Some(negative) = found.filter(|found| !found.is_zero() && !found.is_positive()) {
                return Err(format!("{name}: {negative} is negative; amounts are expected without a sign"));
            }
            amount = amount.or(found);
        }
        let amount = amount.unwrap_or_default();
        if !amount.is_zero() {
            let signed = if sign == Sign::Taken { Rupiah::ZERO - amount } else { amount };
            amounts.insert(category.to_owned(), signed);
        }
    }
    let id = fields.text(rules.field("id"))?;
    if id.is_empty() {
        return Err("id: is missing; the payout is recognised by it".to_owned());
    }
    let text_of = |fields: Fields<'_>, field: &str| fields.text(rules.field(field));
    let named = named.map(|id| id.as_str().map_or_else(|| id.to_string(), str::to_owned)).unwrap_or_default();
    let numbers = [text_of(order, "local_name")?, text_of(order, "local_id")?, text_of(order, "id")?, named];
    Ok(Invoice {
        id,
        number: numbers.into_iter().find(|number| !number.is_empty()).unwrap_or_default(),
        store_id: text_of(fields, "store_id")?,
        amounts,
        subtotals: [amount_of(SUBTOTALS[0])?, amount_of(SUBTOTALS[1])?],
    })
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use serde_json::json;

    use super::*;

    const ARRIVED: Date = date(2026, 11, 26);

    fn of_one() -> Value {
        json!({
            "profile_id": 7, "order_id": [138_163_394], "amount_receive": 138_000, "reference": "PAY-1",
            "payment_method": "wallet", "balance_due": 150_000, "paid_at": "2026-11-05T03:00:00Z",
            "invoices": [{
                "id": 91, "channel_id": 3, "invoice_reference": "INV/1", "platform_rebate": 5000, "shipping_price": 0,
                "voucher_seller": 0, "cashless_shipping_difference": 2000, "platform_fulfilment_fee": 3000,
                "service_fee": "12000", "balance_due": 150_000, "total": 150_000, "status": "paid",
                "order": {"id": 138_163_394, "local_name": "231127PECAFY4J", "local_id": "1"}
            }]
        })
    }

    fn rows(payload: &Value) -> Vec<Payout> {
        let body = payload.to_string();
        assert!(is_one(body.as_bytes(), &PayoutRules::default()));
        read(body.as_bytes(), &PayoutRules::default(), ARRIVED).expect("readable").0
    }

    /// What is wrong with a payload.
    fn problem(payload: &Value) -> String {
        read(payload.to_string().as_bytes(), &PayoutRules::default(), ARRIVED).expect_err("unreadable")
    }

    /// A payout of two orders that adds up.
    fn of_two() -> Value {
        let mut payload = of_one();
        let mut other = payload["invoices"][0].clone();
        other["id"] = json!(92);
        other["balance_due"] = json!(50_000);
        other["order"] = json!({"id": 9});
        payload["invoices"].as_array_mut().expect("a list").push(other);
        payload["amount_receive"] = json!(176_000);
        payload
    }

    fn in_short(row: &Payout) -> String {
        let amounts: Vec<_> = row.amounts.iter().map(|(name, amount)| format!("{name} {amount}")).collect();
        let Payout { key, channel_order_id, paid_at, net, .. } = row;
        format!("{} {channel_order_id} {paid_at} {net}: {}", key.id, amounts.join(", "))
    }

    #[test]
    fn the_amounts_of_a_payout_have_the_sellers_sign() {
        let rows = rows(&of_one());
        assert_eq!(
            rows.iter().map(in_short).collect::<Vec<_>>(),
            ["PAY-1/91 231127PECAFY4J 2026-11-05 138000: fulfillment_fee -3000, platform_rebate 5000, service_fee \
                 -12000, shipping_difference -2000, subtotal 150000"]
        );
    }

    #[test]
    fn a_payout_of_several_orders_becomes_a_row_for_each() {
        let rows = rows(&of_two());
        let nets: Vec<_> = rows.iter().map(|row| format!("{}={}", row.channel_order_id, row.net)).collect();
        assert_eq!(nets, ["231127PECAFY4J=138000", "9=38000"]);
    }

    #[test]
    fn a_payout_of_several_orders_that_does_not_add_up_is_refused_with_its_sums() {
        let mut payload = of_two();
        payload["amount_receive"] = json!(175_000);
        let sums = "176000 with balance_due or 276000 with total";
        assert_eq!(problem(&payload), format!("invoices: they add up to {sums}, but amount_receive is 175000"));
    }

    #[test]
    fn a_payout_that_names_a_fee_twice_is_refused() {
        let body = of_two().to_string().replacen("\"service_fee\":", "\"service_fee\":1,\"service_fee\":", 1);
        let read = read(body.as_bytes(), &PayoutRules::default(), ARRIVED);
        let problem = "\"service_fee\" occurs twice in one object; give it once";
        assert_eq!(read.map(|_| ()), Err(problem.to_owned()), "one of the two would be lost");
    }

    #[test]
    fn a_payout_that_names_an_invoice_twice_is_refused_with_its_id() {
        let mut payload = of_two();
        payload["invoices"][1]["id"] = json!("91");
        assert_eq!(problem(&payload), "invoices: id \"91\" occurs twice; each row is recognised by it");
    }

    #[test]
    fn an_amount_that_is_unexpectedly_negative_never_changes_its_sign() {
        for (field, value) in [("service_fee", json!(-12_000)), ("platform_fulfilment_fee", json!("-3000"))] {
            let mut payload = of_one();
            payload["invoices"][0][field] = value.clone();
            let amount = value.to_string().replace('"', "");
            let expected = format!("invoices[0]: {field}: {amount} is negative; amounts are expected without a sign");
            assert_eq!(problem(&payload), expected);
        }
    }

    #[test]
    fn an_unknown_day_is_the_day_of_arrival() {
        let mut payload = of_one();
        for unknown in [json!("0001-01-01T00:00:00Z"), Value::Null] {
            payload["paid_at"] = unknown;
            let (rows, day) = read(payload.to_string().as_bytes(), &PayoutRules::default(), ARRIVED).expect("readable");
            assert_eq!((rows[0].paid_at, day), (ARRIVED, PaidDay::Arrival));
        }
    }

    #[test]
    fn a_balance_of_0_is_not_the_price_even_if_the_total_does_not_add_up() {
        let mut payload = of_one();
        payload["invoices"][0]["balance_due"] = json!(0);
        for received in [138_000, 137_500] {
            payload["amount_receive"] = json!(received);
            let rows = rows(&payload);
            assert_eq!((rows[0].net, rows[0].amounts["subtotal"]), (Rupiah::whole(received), Rupiah::whole(150_000)));
        }
    }

    #[test]
    fn what_cannot_be_read_is_named_and_names_of_fields_can_be_changed() {
        let wrong = |change: fn(&mut Value), words: &str| {
            let mut payload = of_one();
            change(&mut payload);
            let problem = problem(&payload);
            assert!(problem.contains(words), "{problem}");
        };
        wrong(|payload| payload["invoices"][0]["service_fee"] = json!("many"), "invoices[0]: service_fee");
        wrong(|payload| payload["amount_receive"] = Value::Null, "amount_receive: is missing");
        wrong(|payload| payload["invoices"] = json!([]), "invoices: is empty");
        wrong(|payload| payload["invoices"][0]["id"] = Value::Null, "invoices[0]: id: is missing");
        let rules = PayoutRules { fields: [("reference".to_owned(), "payout_no".to_owned())].into(), ..<_>::default() };
        let mut payload = of_one();
        payload["payout_no"] = json!("P-7");
        let (rows, _) = read(payload.to_string().as_bytes(), &rules, ARRIVED).expect("readable");
        assert_eq!(rows[0].key.id, "P-7/91");
    }
}
