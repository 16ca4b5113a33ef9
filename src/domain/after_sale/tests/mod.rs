//! Worked examples, tables and odd cases of payout.md, returns.md and design.md §7.

mod amounts;
mod by_hand;
mod cancelling;
mod changed;
mod choices;
mod days;
mod examples;
mod identity;
mod rows;
mod status;
mod table;

use std::collections::BTreeMap;

use jiff::civil::{Date, date};
use rust_decimal::Decimal;
use serde_json::Value;

use super::*;
use crate::domain::{
    about::{About, AfterSale, OnAccount},
    basis::Basis,
    invoice::{DetailExpense, DetailItem, Draft, InvoiceBody},
    lines::lines_of,
    mapping::TaxMode,
    money::Rupiah,
    order::{OrderId, OrderLine, Snapshot},
    payout::{Payout, PayoutKey, RowState},
    return_record::{Goods, Piece, ReturnKey, ReturnRecord},
};

const NUMBER: &str = "231127PECAFY4J";

const MAPPING: &str = r#"
    [accounts]
    shipping = "700101"
    platform_rebate = "700102"
    voucher_seller = "600101"
    shipping_difference = "600102"
    fulfillment_fee = "600103"
    service_fee = "600104"
    refund = "400102"
    payout_rest = "699999"
    [payout.kinds]
    "Biaya Komisi" = "service_fee"
    [returns]
    mode = "auto"
    [stores."8277"]
    bank_account = "110102"
"#;

fn rupiah(amount: i64) -> Rupiah {
    Rupiah::whole(amount)
}

/// A return that a person has booked, with what they said about its amount.
fn by_hand<R>(number: &str, amount: Option<i64>) -> ByHand<R> {
    ByHand { number: Some(number.to_owned()), amount: amount.map(rupiah), counted: None, was_ours: false, was: None }
}

fn none() -> Rupiah {
    Rupiah::ZERO
}

/// An order after the sale, and what is known about it.
struct Sale {
    mapping: Mapping,
    snapshot: Snapshot,
    draft: Draft,
    total: Rupiah,
    rows: Vec<Row>,
    records: Vec<Record>,
    cancelled: Option<Cancelled>,
    came_back: Option<CameBack>,
    today: Date,
}

fn line(sku: &str, price: i64, quantity: i64) -> OrderLine {
    OrderLine {
        sku: sku.to_owned(),
        name: sku.to_owned(),
        variant_name: String::new(),
        variant_id: None,
        line_id: None,
        price: Some(rupiah(price)),
        sale_price: None,
        voucher_seller: none(),
        quantity: Decimal::from(quantity),
        bundle: Vec::new(),
        unread: Vec::new(),
    }
}

fn snapshot(lines: Vec<OrderLine>) -> Snapshot {
    Snapshot {
        id: OrderId::parse("138163394").expect("digits"),
        status_text: "Completed".to_owned(),
        status: None,
        channel: "shopee".to_owned(),
        store_id: "8277".to_owned(),
        store_name: None,
        local_id: None,
        local_name: Some(NUMBER.to_owned()),
        ordered_at: None,
        updated_at: None,
        lines,
        shipping_price: none(),
        cashless: None,
        discount_amount: none(),
        voucher_amount: none(),
        voucher_seller: none(),
        total_price: None,
        warehouse_id: None,
        warehouse_code: None,
        unread: Vec::new(),
    }
}

impl Sale {
    /// Two pieces of 75.000.
    fn plain() -> Self {
        Self::of(vec![line("AAA2002", 75_000, 2)], 0, 0)
    }

    fn of(lines: Vec<OrderLine>, discount: i64, shipping: i64) -> Self {
        Self::mapped(MAPPING, lines, discount, shipping)
    }

    fn mapped(mapping: &str, lines: Vec<OrderLine>, discount: i64, shipping: i64) -> Self {
        let mapping = Mapping::parse("m", mapping).expect("valid");
        let snapshot = snapshot(lines);
        let items = lines_of(&snapshot, &mapping, &mut Vec::new());
        let warehouse = Some("Gudang Utama".to_owned());
        let expense = DetailExpense {
            account_no: "700101".to_owned(),
            expense_amount: rupiah(shipping),
            expense_name: "Ongkos kirim".to_owned(),
        };
        let body = InvoiceBody {
            customer_no: "8277".to_owned(),
            trans_date: date(2026, 10, 27),
            number: NUMBER.into(),
            description: "138163394".to_owned(),
            branch_name: None,
            payment_term_name: None,
            taxable: false,
            inclusive_tax: false,
            cash_discount: rupiah(discount),
            detail_item: items.into_iter().map(|one| DetailItem::new(one, warehouse.clone(), TaxMode::Off).0).collect(),
            detail_expense: if shipping == 0 { Vec::new() } else { vec![expense] },
        };
        let total = body.total();
        let (book, customer_name) = ("main".into(), "Toko".to_owned());
        let draft = Draft { book, customer_name, create_customer: false, total, basis: Basis::of(&snapshot), body };
        Self {
            mapping,
            snapshot,
            draft,
            total,
            rows: Vec::new(),
            records: Vec::new(),
            cancelled: None,
            came_back: None,
            today: date(2026, 11, 20),
        }
    }

    /// Adds a row that was paid and arrived on 05/11/2026 and is approved.
    fn pays(&mut self, net: i64, amounts: &[(&str, i64)]) -> &mut Row {
        let id = format!("row-{}", self.rows.len() + 1);
        let payout = Payout {
            key: PayoutKey { source: "shopee".to_owned(), id },
            store_id: "8277".to_owned(),
            channel_order_id: NUMBER.to_owned(),
            paid_at: date(2026, 11, 5),
            net: rupiah(net),
            amounts: amounts.iter().map(|(name, amount)| ((*name).to_owned(), rupiah(*amount))).collect(),
            lines: Vec::new(),
        };
        self.rows.push(Row { payout, arrived: date(2026, 11, 5), approved: true, by_hand: None, receipt: None });
        self.rows.last_mut().expect("just added")
    }

    /// Adds a return that was accepted on 06/11/2026 and, if its goods come back, arrived on 07/11/2026.
    fn returns(&mut self, goods: Goods, refund: Option<i64>, pieces: &[(&str, i64)]) -> &mut Record {
        let id = format!("return-{}", self.records.len() + 1);
        let record = ReturnRecord {
            key: ReturnKey { source: "shopee".to_owned(), id },
            store_id: "8277".to_owned(),
            channel_order_id: NUMBER.to_owned(),
            accepted_at: Some(date(2026, 11, 6)),
            received_at: (goods == Goods::Returned).then(|| date(2026, 11, 7)),
            goods,
            refund: refund.map(rupiah),
            pieces: pieces
                .iter()
                .map(|(sku, quantity)| Piece { sku: (*sku).to_owned(), quantity: Decimal::from(*quantity) })
                .collect(),
        };
        self.records.push(Record {
            record,
            arrived: date(2026, 11, 6),
            approved: false,
            by_hand: None,
            document: None,
        });
        self.records.last_mut().expect("just added")
    }

    fn settle_with(&self, invoice: Invoice<'_>) -> Settlement {
        let order = Order {
            store_id: "8277",
            channel_order_id: NUMBER,
            invoice,
            cancelled: self.cancelled,
            came_back: self.came_back,
            snapshot: Some(&self.snapshot),
            rows: &self.rows,
            records: &self.records,
            last_parts: LastParts::default(),
        };
        settle(&order, &self.mapping, self.today)
    }

    fn decide(&self) -> Settlement {
        self.settle_with(Invoice::Exists(Standing {
            draft: &self.draft,
            number: &self.draft.body.number,
            total: self.total,
        }))
    }

    /// Creates what is wanted, and deletes what is not, as posting would.
    fn book(&mut self) -> Settlement {
        let settlement = self.decide();
        for row in &mut self.rows {
            let wanted = settlement.receipts.iter().find(|receipt| receipt.of == row.payout.key);
            book_one(&mut row.receipt, wanted);
        }
        for record in &mut self.records {
            let wanted = settlement.returns.iter().find(|one| one.of == record.record.key);
            book_one(&mut record.document, wanted);
        }
        settlement
    }

    /// The state of a row, from 1.
    fn state(&self, row: usize) -> RowState {
        self.decide().rows[row - 1].outcome.state()
    }

    fn sums(&self) -> Sums {
        self.decide().sums
    }

    /// Why a row is blocked, from 1.
    fn why(&self, row: usize) -> (Reason, AfterSale) {
        why(&self.decide().rows[row - 1].outcome)
    }

    /// Why a record is blocked, from 1.
    fn why_record(&self, record: usize) -> (Reason, AfterSale) {
        why(&self.decide().records[record - 1].outcome)
    }
}

fn why(outcome: &Outcome) -> (Reason, AfterSale) {
    match outcome.finding().map(|finding| (finding.reason, &finding.about)) {
        Some((reason, About::AfterSale { of })) => (reason, of.clone()),
        _ => panic!("{outcome:?}"),
    }
}

fn book_one<K, D: Clone>(stored: &mut Option<Document<D>>, wanted: Option<&Planned<K, D>>) {
    match wanted {
        Some(wanted) => {
            *stored = Some(Document { part: wanted.part, stage: Stage::Exists, draft: wanted.draft.clone() });
        }
        None => {
            if let Some(document) = stored {
                document.stage = Stage::Gone;
            }
        }
    }
}

fn receipts(settlement: &Settlement) -> Vec<Value> {
    let bodies = settlement.receipts.iter().map(|receipt| &receipt.draft.body);
    bodies.map(|body| serde_json::to_value(body).expect("JSON")).collect()
}

fn returns(settlement: &Settlement) -> Vec<Value> {
    let bodies = settlement.returns.iter().map(|one| &one.draft.body);
    bodies.map(|body| serde_json::to_value(body).expect("JSON")).collect()
}

fn sums(owed: i64, paid: i64, returned: i64, credit: i64) -> Sums {
    Sums { owed: rupiah(owed), paid: rupiah(paid), returned: rupiah(returned), credit: rupiah(credit) }
}

/// Payment, discounts by account, and money of each receipt.
fn booked(settlement: &Settlement) -> Vec<(Rupiah, BTreeMap<String, Rupiah>, Rupiah)> {
    let bodies = settlement.receipts.iter().map(|receipt| &receipt.draft.body);
    bodies
        .map(|body| {
            let discounts = body.detail_invoice[0].detail_discount.iter();
            let discounts = discounts.map(|one| (one.account_no.clone(), one.amount)).collect();
            (body.paid(), discounts, body.cheque_amount)
        })
        .collect()
}

fn receipt(payment: i64, discounts: &[(&str, i64)], money: i64) -> (Rupiah, BTreeMap<String, Rupiah>, Rupiah) {
    let discounts = discounts.iter().map(|(account, amount)| ((*account).to_owned(), rupiah(*amount))).collect();
    (rupiah(payment), discounts, rupiah(money))
}
