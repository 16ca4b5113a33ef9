//! A stand-in for the integration that Forstok has built in: it books an order as it is known to, with its mistakes
//! (forstok.md §5).
//!
//! - The date is the UTC day, so orders between midnight and 7:00 in Jakarta are dated a day early.
//! - All pieces of an SKU take the first price.
//! - Vouchers on lines are dropped.
//! - A price of 0 falls through to another field.
//! - A bundle's price is divided by its pieces and rounded.
//! - Shipping without an account is left out in silence.
//! - An unmapped warehouse crashes the job.
//! - A missing item is created.
//! - A number that exists counts as success, whichever order's invoice it is.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::Value;

use super::{
    Customer, Invoice, InvoiceExpense, InvoiceLine, Item, Sandbox,
    books::Books,
    totals::{Ppn, totals},
};

/// What the other integration is set to.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OldIntegration {
    /// Forstok's store id → customer number; a store that is not listed is a customer with its id.
    pub customers: BTreeMap<String, String>,
    /// SKU in Forstok → item number.
    pub skus: BTreeMap<String, String>,
    /// Forstok's warehouse id → warehouse.
    pub warehouses: BTreeMap<String, String>,
    /// The branch of every invoice.
    pub branch: Option<String>,
    /// The account for shipping.
    pub shipping_account: Option<String>,
}

/// What it did with an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Booking {
    /// It created an invoice with this number.
    Created(String),
    /// An invoice with this number existed, which it took for a success.
    TakenForSuccess(String),
    /// Its job crashed, and nobody was told.
    Crashed,
}

impl Sandbox {
    /// The other integration books an order, given as the body of Forstok's webhook.
    pub fn old_integration_books(&self, settings: &OldIntegration, body: &Value) -> Booking {
        let now = self.now();
        let mut core = self.core();
        let order = Order(body.get("order").unwrap_or(body));
        let number = order.number();
        if core.books.invoices.holds(&number) {
            return Booking::TakenForSuccess(number);
        }
        let Some(invoice) = order.invoice(settings, now) else { return Booking::Crashed };
        create_what_is_missing(&mut core.books, &invoice);
        core.books.add_invoice(now, |id| Invoice { id, ..invoice });
        Booking::Created(number)
    }
}

fn create_what_is_missing(books: &mut Books, invoice: &Invoice) {
    if !books.customers.holds(&invoice.customer_no) {
        let no = invoice.customer_no.clone();
        books.customers.add(|id| Customer { id, name: no.clone(), customer_no: no });
    }
    for line in &invoice.lines {
        if !books.items.holds(&line.item_no) {
            let (no, name) = (line.item_no.clone(), line.detail_name.clone());
            books.items.add(|id| Item { id, no, name, suspended: false });
        }
    }
}

/// An order as Forstok sends it.
struct Order<'a>(&'a Value);

impl Order<'_> {
    fn text(&self, key: &str) -> String {
        text(&self.0[key])
    }

    fn amount(&self, key: &str) -> Decimal {
        amount(&self.0[key]).unwrap_or_default()
    }

    fn number(&self) -> String {
        ["local_name", "local_id", "id"]
            .map(|key| self.text(key))
            .into_iter()
            .find(|text| !text.is_empty())
            .unwrap_or_default()
    }

    /// `None`: the job crashes.
    fn invoice(&self, settings: &OldIntegration, now: Timestamp) -> Option<Invoice> {
        let warehouse = settings.warehouses.get(&self.text("warehouse_id"))?;
        let updated_at: Timestamp = self.text("updated_at").parse().ok()?;
        let store = self.text("store_id");
        let lines = self.lines(settings, warehouse);
        let expenses = self.shipping(settings).into_iter().collect::<Vec<_>>();
        let cash_discount = self.discount();
        let sums = totals(&lines, &expenses, cash_discount, Ppn::None);
        Some(Invoice {
            id: 0,
            number: self.number(),
            customer_no: settings.customers.get(&store).cloned().unwrap_or(store),
            description: self.text("id"),
            po_number: String::new(),
            // The UTC day.
            trans_date: jiff::tz::Offset::UTC.to_datetime(updated_at).date(),
            branch_name: settings.branch.clone(),
            payment_term_name: None,
            taxable: false,
            inclusive_tax: false,
            sub_total: sums.sub_total,
            cash_discount,
            tax1_amount: sums.tax1_amount,
            total_expense: sums.total_expense,
            total_amount: sums.total_amount,
            lines,
            expenses,
            receipts: Vec::new(),
            returns: Vec::new(),
            saved_at: now,
            changed_at: now,
        })
    }

    /// One line for each SKU, at the price of its first piece.
    fn lines(&self, settings: &OldIntegration, warehouse: &str) -> Vec<InvoiceLine> {
        let mut lines: Vec<InvoiceLine> = Vec::new();
        for piece in self.0["item_lines"].as_array().into_iter().flatten() {
            let sku = text(&piece["sku"]);
            if sku.eq_ignore_ascii_case("rebate") {
                continue;
            }
            let item_no = settings.skus.get(&sku).cloned().unwrap_or(sku);
            if let Some(known) = lines.iter_mut().find(|line| line.item_no == item_no) {
                known.quantity += Decimal::ONE;
                continue;
            }
            let line = |item_no, name: &Value, quantity, unit_price| InvoiceLine {
                item_no,
                detail_name: text(name),
                quantity,
                unit_price,
                item_cash_discount: Decimal::ZERO,
                warehouse_name: Some(warehouse.to_owned()),
                use_tax1: false,
                returned: Decimal::ZERO,
            };
            let parts = piece["bundle_info"].as_array().map_or(&[][..], Vec::as_slice);
            lines.push(line(item_no, &piece["name"], Decimal::ONE, price(piece, parts)));
            for part in parts {
                let quantity = amount(&part["qty"]).unwrap_or(Decimal::ONE);
                lines.push(line(text(&part["sku"]), &part["name"], quantity, Decimal::ZERO));
            }
        }
        lines
    }

    /// Of the whole order only.
    fn discount(&self) -> Decimal {
        let discount = self.amount("discount_amount") + self.amount("voucher_amount");
        if discount.is_zero() { self.amount("voucher_seller") } else { discount }
    }

    fn shipping(&self, settings: &OldIntegration) -> Option<InvoiceExpense> {
        let amount = self.amount("shipping_price");
        let is_sellers = self.0["cashless"] == Value::Bool(false) && amount > Decimal::ZERO;
        let account_no = settings.shipping_account.clone().filter(|_| is_sellers)?;
        Some(InvoiceExpense { account_no, amount, name: "Ongkos kirim".to_owned() })
    }
}

/// The first price that is not 0; a bundle's is divided by its pieces, rounded, and multiplied again.
fn price(piece: &Value, parts: &[Value]) -> Decimal {
    let prices = ["sale_price", "price"].into_iter().filter_map(|key| amount(&piece[key]));
    let price = prices.into_iter().find(|price| !price.is_zero()).unwrap_or_default();
    let pieces: Decimal = parts.iter().filter_map(|part| amount(&part["qty"])).sum();
    if pieces.is_zero() { price } else { (price / pieces).round() * pieces }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

fn amount(value: &Value) -> Option<Decimal> {
    text(value).parse().ok()
}
