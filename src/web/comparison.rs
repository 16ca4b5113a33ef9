//! An order as Forstok sent it, beside its invoice as it is, or would be, in Accurate.

use rust_decimal::Decimal;

use super::{format, mapping::words::tax, order_line::store_name, page::Page};
use crate::{
    domain::{
        invoice::{DetailItem, InvoiceBody},
        mapping::TaxMode,
        money::Rupiah,
        order::{OrderLine, Snapshot},
    },
    storage::OrderRecord,
};

/// Both sides, row by row.
pub(super) struct Comparison {
    /// Whether the invoice exists; else it is a draft, or there is none.
    pub(super) exists: bool,
    pub(super) has_invoice: bool,
    /// Number, day, customer, and what the mapping adds: branch, warehouse, tax.
    pub(super) names: Vec<Fact>,
    pub(super) lines: Vec<Line>,
    pub(super) sums: Vec<Fact>,
}

/// One amount, name or day.
pub(super) struct Fact {
    pub(super) what: &'static str,
    pub(super) order: String,
    pub(super) invoice: String,
    pub(super) differs: bool,
}

/// One product.
pub(super) struct Line {
    pub(super) name: String,
    /// SKU and item number; one of them when they are the same.
    pub(super) codes: String,
    pub(super) order: String,
    pub(super) invoice: String,
    pub(super) total: String,
    /// It is on one side only, or in another quantity.
    pub(super) differs: bool,
}

/// Pieces of one product at one price, as the order has them.
struct Pieces {
    sku: String,
    name: String,
    price: Rupiah,
    quantity: Decimal,
}

impl Comparison {
    /// Whether the invoice is only drafted.
    pub(super) fn is_draft(&self) -> bool {
        self.has_invoice && !self.exists
    }

    pub(super) fn new(sent: &Snapshot, order: &OrderRecord, page: &Page) -> Self {
        let draft = order.draft.as_ref();
        let exists = order.standing_invoice().is_some();
        Self {
            exists,
            has_invoice: draft.is_some(),
            names: names(sent, order, page),
            lines: lines(sent, order),
            sums: sums(sent, order, page),
        }
    }
}

fn names(sent: &Snapshot, order: &OrderRecord, page: &Page) -> Vec<Fact> {
    let body = order.draft.as_ref().map(|draft| &draft.body);
    let fact = |what, order: String, invoice: Option<String>| Fact {
        what,
        order,
        invoice: invoice.unwrap_or_default(),
        differs: false,
    };
    let number = order.invoice.as_ref().map(|invoice| invoice.number.to_string());
    let number = number.or_else(|| body.map(|body| body.number.to_string()));
    let ordered = sent.ordered_at.map(format::moment).unwrap_or_default();
    let mut names = vec![
        fact(page.t("Number", "Nomor"), order.channel_order_id.clone(), number),
        fact(page.t("Date", "Tanggal"), ordered, body.map(|body| format::day(body.trans_date))),
        fact(
            page.t("Store and customer", "Toko dan pelanggan"),
            store_name(order),
            body.map(|body| format!("{} {}", page.t("customer", "pelanggan"), body.customer_no)),
        ),
    ];
    names.extend(body.into_iter().flat_map(|body| of_mapping(body, order, page)));
    names
}

/// What else the invoice has, most of it from the mapping alone.
fn of_mapping(body: &InvoiceBody, order: &OrderRecord, page: &Page) -> Vec<Fact> {
    let fact = |what, order: &str, invoice: &str| Fact {
        what,
        order: order.to_owned(),
        invoice: invoice.to_owned(),
        differs: false,
    };
    let warehouse = body.detail_item.iter().find_map(|item| item.warehouse_name.as_ref());
    let given = [
        (page.t("Branch", "Cabang"), body.branch_name.as_ref()),
        (page.t("Payment term", "Syarat Pembayaran"), body.payment_term_name.as_ref()),
        (page.t("Warehouse", "Gudang"), warehouse),
    ];
    let mut facts = vec![fact(page.t("Description", "Keterangan"), order.order_id.as_str(), &body.description)];
    facts.extend(given.into_iter().filter_map(|(what, name)| Some(fact(what, "", name?))));
    let mode = match (body.taxable, body.inclusive_tax) {
        (false, _) => TaxMode::Off,
        (true, true) => TaxMode::Inclusive,
        (true, false) => TaxMode::Exclusive,
    };
    facts.push(fact(page.t("Tax", "Pajak"), "", &format::sentence(tax(mode, page))));
    facts
}

fn sums(sent: &Snapshot, order: &OrderRecord, page: &Page) -> Vec<Fact> {
    let body = order.draft.as_ref().map(|draft| &draft.body);
    let products: Rupiah = sent.products().map(|line| line.unit_price().unwrap_or_default() * line.quantity).sum();
    let shipping = body.map(|body| body.detail_expense.iter().map(|expense| expense.expense_amount).sum::<Rupiah>());
    let in_accurate = order.invoice.as_ref().map(|invoice| Rupiah::from_decimal(invoice.total));
    let total = in_accurate.or_else(|| order.draft.as_ref().map(|draft| draft.total));
    let fact = |what, order: Option<Rupiah>, invoice: Option<Rupiah>| Fact {
        what,
        order: order.map(Rupiah::in_words).unwrap_or_default(),
        invoice: invoice.map(Rupiah::in_words).unwrap_or_default(),
        differs: order.is_some() && invoice.is_some() && order != invoice,
    };
    let is_something = |one: Option<Rupiah>, other: Option<Rupiah>| {
        [one, other].into_iter().flatten().any(|amount| amount != Rupiah::ZERO)
    };
    let (discount, discounted) = (Some(sent.sellers_discount()), body.map(|body| body.cash_discount));
    let mut sums = Vec::new();
    let apart = is_something(discount, discounted) || is_something(Some(sent.sellers_shipping()), shipping);
    if apart {
        sums.push(fact(page.t("Products", "Produk"), Some(products), body.map(InvoiceBody::subtotal)));
    }
    if is_something(discount, discounted) {
        sums.push(fact(page.t("Seller's discount", "Diskon penjual"), discount, discounted));
    }
    if is_something(Some(sent.sellers_shipping()), shipping) {
        let what = page.t("Shipping paid to the seller", "Ongkos kirim untuk penjual");
        sums.push(fact(what, Some(sent.sellers_shipping()), shipping));
    }
    sums.push(fact("Total", sent.total_price, total));
    sums
}

fn lines(sent: &Snapshot, order: &OrderRecord) -> Vec<Line> {
    let mut items: Vec<_> = order.draft.iter().flat_map(|draft| &draft.body.detail_item).collect();
    let has_invoice = order.draft.is_some();
    let mut lines = Vec::new();
    for pieces in gathered(sent) {
        // The same price, and a name that is the order's or, where it was cut, its beginning.
        let same = |item: &&DetailItem| {
            item.unit_price == pieces.price
                && (pieces.name.starts_with(item.detail_name.as_str()) || item.item_no == pieces.sku)
        };
        let item = items.iter().position(same).map(|place| items.remove(place));
        lines.push(Line {
            codes: codes(&pieces.sku, item.map_or("", |item| &item.item_no)),
            order: times(pieces.quantity, pieces.price),
            invoice: item.map(|item| times(item.quantity, item.unit_price)).unwrap_or_default(),
            total: (pieces.price * pieces.quantity).in_words(),
            differs: has_invoice && item.is_none_or(|item| item.quantity != pieces.quantity),
            name: pieces.name,
        });
    }
    // What only the invoice has: the parts of a bundle, at price 0 or at their share of its price.
    lines.extend(items.into_iter().map(|item| Line {
        name: item.detail_name.clone(),
        codes: item.item_no.clone(),
        order: String::new(),
        invoice: times(item.quantity, item.unit_price),
        total: (item.unit_price * item.quantity).in_words(),
        differs: false,
    }));
    lines
}

/// The order's products as the invoice groups them.
fn gathered(sent: &Snapshot) -> Vec<Pieces> {
    let mut all: Vec<Pieces> = Vec::new();
    for line in sent.products() {
        let OrderLine { sku, quantity, .. } = line;
        let (name, price) = (line.full_name(), line.unit_price().unwrap_or_default());
        let same = |known: &&mut Pieces| known.sku == sku.trim() && known.name == name && known.price == price;
        match all.iter_mut().find(same) {
            Some(known) => known.quantity += quantity,
            None => all.push(Pieces { sku: sku.trim().to_owned(), name, price, quantity: *quantity }),
        }
    }
    all
}

fn codes(sku: &str, item: &str) -> String {
    match (sku, item) {
        (sku, "") => sku.to_owned(),
        (sku, item) if sku == item || sku.is_empty() => item.to_owned(),
        (sku, item) => format!("{sku} → {item}"),
    }
}

fn times(quantity: Decimal, price: Rupiah) -> String {
    format!("{} × {}", quantity.normalize(), price.in_words())
}
