//! What follows the sale: the payouts and returns that a marketplace reports, and the receipts and sales returns that
//! must come of them.

use std::collections::BTreeMap;

use forstok_accurate::sandbox::{Invoice, Receipt, SalesReturn, samples::MAPPING};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{BETWEEN_TRIES, MOST_TRIES, Ordered, World, orders::decimal};
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
}

impl Sequel {
    pub(super) fn draw(chance: &mut fastrand::Rng) -> Self {
        match chance.u8(..10) {
            0 => Self::Nothing,
            1..=4 => Self::Paid,
            5..=6 => Self::PaidInParts,
            7..=8 => Self::WentBack,
            _ => Self::PaidThenBack,
        }
    }

    fn receipts(self) -> usize {
        match self {
            Self::Nothing | Self::WentBack => 0,
            Self::Paid | Self::PaidThenBack => 1,
            Self::PaidInParts => 2,
        }
    }

    fn returns(self) -> usize {
        usize::from(matches!(self, Self::WentBack | Self::PaidThenBack))
    }
}

/// The mapping of the samples, with which receipts and returns need no person.
pub(super) fn mapping() -> String {
    format!(
        "{MAPPING}\n[payout]\npost = \"auto\"\nauto_after_days = 0\n\n[payout.kinds]\ncommission = \"service_fee\"\n\n\
         [returns]\nmode = \"auto\"\n"
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
            Sequel::WentBack => self.sends_rows("returns", &[order.whole_return()], &mut chance).await,
            Sequel::PaidThenBack => {
                self.sends_rows("payouts", &[order.payout(1, order.total, FEE)], &mut chance).await;
                self.sees_paid(order).await;
                self.sends_rows("returns", &[order.whole_return()], &mut chance).await;
            }
        }
    }

    /// Sends rows until they are recorded, and sometimes once more.
    async fn sends_rows(&self, kind: &str, rows: &[Value], chance: &mut fastrand::Rng) {
        for _ in 0..chance.usize(1..=2) {
            self.sends_rows_once(kind, rows).await;
        }
    }

    async fn sends_rows_once(&self, kind: &str, rows: &[Value]) {
        for _ in 0..MOST_TRIES {
            let url = format!("http://{}/v1/{kind}", self.door());
            let request = self.client.post(url).bearer_auth(OPERATOR_TOKEN).body(json!(rows).to_string());
            if request.send().await.is_ok_and(|response| response.status().is_success()) {
                return;
            }
            tokio::time::sleep(BETWEEN_TRIES).await;
        }
        panic!("rows were never taken: {rows:?}");
    }

    async fn sees_paid(&self, order: &Ordered) {
        for _ in 0..10 * MOST_TRIES {
            let paid = self.order_of(&order.id).await;
            if paid.is_some_and(|shown| is(&shown["settlement"]["paid"], order.total)) {
                return;
            }
            tokio::time::sleep(BETWEEN_TRIES).await;
        }
        panic!("order {} was never paid, and more was to happen then", order.id);
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
    let expected: Vec<_> = sent.iter().filter(|order| order.sequel != Sequel::Nothing).collect();
    let mut numbers = Vec::new();
    let mut return_numbers = Vec::new();
    let mut money = Decimal::ZERO;
    for order in &expected {
        let (count, back) = (order.sequel.receipts(), order.sequel.returns());
        numbers.extend((1..=count).map(|part| format!("{}/{part}", order.number)));
        return_numbers.extend((1..=back).map(|part| format!("{}/R{part}", order.number)));
        let paid = if count == 0 { Decimal::ZERO } else { order.total };
        let returned = if back == 0 { Decimal::ZERO } else { order.total };
        let credit = (paid + returned - order.total).max(Decimal::ZERO);
        if count > 0 {
            money += order.total - Decimal::from(FEE);
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
