//! What follows the sale: the payouts and returns that a marketplace reports, and the receipts and sales returns that
//! must come of them.

use std::{collections::BTreeMap, sync::atomic::Ordering::Relaxed};

use forstok_accurate::sandbox::{Invoice, Receipt, SalesReturn, samples::MAPPING};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{BETWEEN_LOOKS, BETWEEN_TRIES, CANCELLED_AT, MOST_TRIES, Ordered, World, orders::decimal};
use crate::service::{OPERATOR_TOKEN, Service};

/// Later than all samples and all that happens to them.
const LATER: &str = "2024-02-03";

/// What the marketplace keeps of an order, in rupiah.
const FEE: i64 = 500;

/// What a marketplace reports about an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sequel {
    Nothing,
    Paid,
    PaidInParts,
    /// The whole order came back, and nothing was paid.
    WentBack,
    /// The whole order came back after it was paid: the buyer's money becomes a credit.
    PaidThenBack,
    /// One piece came back, and what was left was paid.
    PartBack,
    /// It was paid, and the marketplace corrected a report that contained an unknown fee.
    Corrected,
    /// It was cancelled although it was paid, and a person took everything back.
    PaidThenCancelled,
}

impl Sequel {
    pub(super) fn draw(chance: &mut fastrand::Rng) -> Self {
        match chance.u8(..16) {
            0 => Self::Nothing,
            1..=4 => Self::Paid,
            5..=6 => Self::PaidInParts,
            7..=8 => Self::WentBack,
            9 => Self::PaidThenBack,
            10..=11 => Self::PartBack,
            12..=13 => Self::Corrected,
            _ => Self::PaidThenCancelled,
        }
    }

    fn receipts(self) -> usize {
        match self {
            Self::Nothing | Self::WentBack | Self::PaidThenCancelled => 0,
            Self::Paid | Self::PaidThenBack | Self::PartBack | Self::Corrected => 1,
            Self::PaidInParts => 2,
        }
    }

    fn returns(self) -> usize {
        usize::from(matches!(self, Self::WentBack | Self::PaidThenBack | Self::PartBack))
    }
}

/// The mapping of the samples, with which receipts need no person, and returns an approval.
pub(super) fn mapping() -> String {
    format!(
        "{MAPPING}\n[payout]\npost = \"auto\"\nauto_after_days = 0\n\n[payout.kinds]\ncommission = \"service_fee\"\n\n\
         [returns]\nmode = \"approve\"\n"
    )
}

impl Ordered {
    /// A payout row; what is kept is named.
    fn payout(&self, part: u8, gross: Decimal, fee: i64) -> Value {
        let mut row = self.row(&format!("p{part}"));
        row["paid_at"] = json!(LATER);
        row["net"] = json!((gross - Decimal::from(fee)).to_string());
        row["amounts"] = if fee == 0 { json!({}) } else { json!({ "commission": -fee }) };
        row
    }

    fn part_return(&self) -> Value {
        let mut row = self.whole_return();
        row["pieces"] = json!([{"sku": "KAOS-M", "quantity": 1}]);
        row
    }

    fn whole_return(&self) -> Value {
        let mut row = self.row("r");
        row["accepted_at"] = json!(LATER);
        row["received_at"] = json!(LATER);
        row["goods"] = json!("returned");
        row
    }

    fn row(&self, id: &str) -> Value {
        let store = self.body["order"]["store_id"].to_string().replace('"', "");
        let id = format!("{}-{id}", self.number);
        json!({"source": "soak", "id": id, "store_id": store, "channel_order_id": self.number})
    }
}

impl World {
    /// The marketplace reports what follows the sale of an order, in parts as it happens.
    pub(super) async fn reports(&self, order: &Ordered, mut chance: fastrand::Rng) {
        tokio::time::sleep(BETWEEN_TRIES * chance.u32(..60)).await;
        match order.sequel {
            Sequel::Nothing => {}
            Sequel::Paid => self.sends_rows("payouts", &[order.payout(1, order.total, FEE)], &mut chance).await,
            Sequel::PaidInParts => {
                let half = (order.total / Decimal::TWO).floor();
                let rows = [order.payout(1, half, 0), order.payout(2, order.total - half, FEE)];
                if chance.bool() {
                    return self.sends_rows("payouts", &rows, &mut chance).await;
                }
                for row in rows {
                    self.sends_rows("payouts", &[row], &mut chance).await;
                }
            }
            Sequel::WentBack => {
                self.goes_back(order, order.whole_return(), &mut chance).await;
            }
            Sequel::PaidThenBack => {
                self.sends_rows("payouts", &[order.payout(1, order.total, FEE)], &mut chance).await;
                self.sees_paid(order).await;
                self.goes_back(order, order.whole_return(), &mut chance).await;
            }
            Sequel::PartBack => {
                let shown = self.goes_back(order, order.part_return(), &mut chance).await;
                let owed = decimal(&shown["settlement"]["owed"]);
                self.sends_rows("payouts", &[order.payout(1, owed, FEE)], &mut chance).await;
            }
            Sequel::Corrected => {
                let mut unknown = order.payout(1, order.total, FEE);
                unknown["amounts"] = json!({ "biaya baru": -FEE });
                self.sends_rows("payouts", &[unknown], &mut chance).await;
                self.sends_rows("payouts", &[order.payout(1, order.total, FEE)], &mut chance).await;
            }
            Sequel::PaidThenCancelled => {
                self.sends_rows("payouts", &[order.payout(1, order.total, FEE)], &mut chance).await;
                self.sees_paid(order).await;
                self.sends(order.later("Cancelled", CANCELLED_AT)).await;
                self.sees(order, "stopped for a person", None, |shown| shown["reason"] == "invoice_paid").await;
                let undo = json!({"decision": "undo", "reason": "cancelled"});
                let path = format!("orders/{}/decision", order.id);
                self.sees(order, "undone", Some((&path, &undo)), |shown| shown["state"] == "voided").await;
            }
        }
    }

    /// A return is reported, and a person approves it once it waits for that. Returns the order as it is shown then.
    async fn goes_back(&self, order: &Ordered, record: Value, chance: &mut fastrand::Rng) -> Value {
        self.sends_rows("returns", std::slice::from_ref(&record), chance).await;
        let approval = json!({"rows": [{"source": record["source"], "id": record["id"]}]});
        let is_returned =
            |shown: &Value| shown["settlement"].get("returned").is_some_and(|amount| decimal(amount) > Decimal::ZERO);
        self.sees(order, "returned", Some(("returns/approve", &approval)), is_returned).await
    }

    async fn posts(&self, path: &str, body: &Value) -> bool {
        let url = format!("http://{}/v1/{path}", self.door());
        let request = self.client.post(url).bearer_auth(OPERATOR_TOKEN).body(body.to_string());
        request.send().await.is_ok_and(|response| response.status().is_success())
    }

    /// Sends rows until they are recorded, and sometimes once more.
    async fn sends_rows(&self, kind: &str, rows: &[Value], chance: &mut fastrand::Rng) {
        for _ in 0..chance.usize(1..=2) {
            self.sends_rows_once(kind, rows).await;
        }
    }

    async fn sends_rows_once(&self, kind: &str, rows: &[Value]) {
        for _ in 0..MOST_TRIES {
            if self.posts(kind, &json!(rows)).await {
                return;
            }
            tokio::time::sleep(BETWEEN_TRIES).await;
        }
        panic!("rows were never taken: {rows:?}");
    }

    async fn sees_paid(&self, order: &Ordered) {
        self.sees(order, "paid", None, |shown| is(&shown["settlement"]["paid"], order.total)).await;
    }

    /// Waits until an order is shown like this, which it returns, and until then posts what a person does about it. An
    /// order may not come so far as long as processes are killed every few seconds; afterwards it must.
    pub(super) async fn sees(
        &self,
        order: &Ordered,
        what: &str,
        deed: Option<(&str, &Value)>,
        is_so: impl Fn(&Value) -> bool,
    ) -> Value {
        let (mut last, mut tries) = (None, 0);
        while tries < MOST_TRIES {
            tries += usize::from(!self.killing.load(Relaxed));
            last = self.order_of(&order.id).await.or(last);
            if let Some(shown) = last.take_if(|shown| is_so(shown)) {
                return shown;
            }
            if let Some((path, body)) = deed {
                self.posts(path, body).await;
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        panic!("order {} was never {what}, and more was to happen then: {last:?}", order.id);
    }
}

fn is(shown: &Value, amount: Decimal) -> bool {
    !shown.is_null() && decimal(shown) == amount
}

/// Whether everything after the sale is booked. What is blocked because Accurate refused it in words that nobody knows
/// is tried again, as a person would.
pub(super) async fn is_booked(service: &Service, sent: &[Ordered]) -> bool {
    let mut settled = 0;
    for kind in ["payouts", "returns"] {
        for row in all_rows(service, kind).await {
            match row["state"].as_str() {
                Some("settled") => settled += 1,
                Some("blocked") => {
                    let order = row["order_id"].as_str().expect("only rows of an order can be blocked");
                    service.post(&format!("/v1/orders/{order}/retry")).await;
                }
                _ => {}
            }
        }
    }
    settled == sent.iter().map(|order| order.sequel.receipts() + order.sequel.returns()).sum::<usize>()
}

/// All rows of a kind, read page by page.
async fn all_rows(service: &Service, kind: &str) -> Vec<Value> {
    let (mut rows, mut cursor) = (Vec::new(), String::new());
    loop {
        let mut page = service.get(&format!("/v1/{kind}?limit=77&cursor={cursor}")).await.json();
        rows.append(page[kind].as_array_mut().expect("a list"));
        match page["next_cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => return rows,
        }
    }
}

/// Accurate has exactly the receipts and returns that were reported, and for each order
/// invoice = payments + returns + owed - credit, there and in the service.
pub(super) async fn compare(
    sent: &[Ordered],
    invoices: &[Invoice],
    receipts: &[Receipt],
    returns: &[SalesReturn],
    service: &Service,
) {
    let by_number: BTreeMap<_, _> = invoices.iter().map(|invoice| (invoice.number.as_str(), invoice)).collect();
    let leaves_nothing = |sequel| matches!(sequel, Sequel::Nothing | Sequel::PaidThenCancelled);
    let expected: Vec<_> = sent.iter().filter(|order| !leaves_nothing(order.sequel)).collect();
    let mut numbers = Vec::new();
    let mut return_numbers = Vec::new();
    let mut money = Decimal::ZERO;
    for order in &expected {
        let (count, back) = (order.sequel.receipts(), order.sequel.returns());
        numbers.extend((1..=count).map(|part| format!("{}/{part}", order.number)));
        return_numbers.extend((1..=back).map(|part| format!("{}/R{part}", order.number)));
        let of_order = |one: &&SalesReturn| one.number == format!("{}/R1", order.number);
        let part = returns.iter().find(of_order).map_or(Decimal::ZERO, |one| one.total_amount);
        let returned = match order.sequel {
            Sequel::PartBack => part,
            _ if back == 0 => Decimal::ZERO,
            _ => order.total,
        };
        assert!(order.sequel != Sequel::PartBack || (Decimal::ZERO < part && part < order.total), "order {}", order.id);
        let paid = match order.sequel {
            Sequel::PartBack => order.total - returned,
            _ if count == 0 => Decimal::ZERO,
            _ => order.total,
        };
        let credit = (paid + returned - order.total).max(Decimal::ZERO);
        if count > 0 {
            money += paid - Decimal::from(FEE);
        }
        let invoice = by_number[order.number.as_str()];
        assert_eq!((invoice.owed(), invoice.credit()), (Decimal::ZERO, credit), "order {}", order.id);
        assert_eq!(order.total, paid + returned + invoice.owed() - invoice.credit(), "order {}", order.id);
        let shown = service.get(&format!("/v1/orders/{}", order.id)).await.json();
        for (name, amount) in [("paid", paid), ("returned", returned), ("owed", Decimal::ZERO), ("credit", credit)] {
            assert!(is(&shown["settlement"][name], amount), "{name} must be {amount}: {}", shown["settlement"]);
        }
    }
    let there = |numbers: &mut dyn Iterator<Item = String>| {
        let mut numbers: Vec<_> = numbers.collect();
        numbers.sort();
        numbers
    };
    assert_eq!(
        there(&mut receipts.iter().map(|one| one.number.clone())),
        there(&mut numbers.into_iter()),
        "each receipt once"
    );
    assert_eq!(
        there(&mut returns.iter().map(|one| one.number.clone())),
        there(&mut return_numbers.into_iter()),
        "each return once"
    );
    assert_eq!(receipts.iter().map(|one| one.cheque_amount).sum::<Decimal>(), money, "the money that arrived");
}
