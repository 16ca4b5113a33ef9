//! An order's draft beside the invoice that another integration has created for it.

use super::{format, page::Page};
use crate::{
    domain::{
        invoice::Draft,
        mapping::TaxMode,
        money::Rupiah,
        shadow::{Booked, Kind, products},
    },
    storage::{Comparison, ComparisonResult},
};

/// Both sides, row by row.
pub(super) struct ShadowOrder {
    /// `good`, `warn`, or nothing.
    pub(super) kind: &'static str,
    /// The result in one sentence.
    pub(super) sentence: &'static str,
    pub(super) compared_at: Option<String>,
    /// Empty if there is no invoice to compare with.
    pub(super) rows: Vec<Row>,
    /// What each difference means.
    pub(super) differences: Vec<(&'static str, &'static str)>,
}

/// One part of the invoice.
pub(super) struct Row {
    pub(super) what: String,
    pub(super) detail: String,
    pub(super) draft: String,
    pub(super) accurate: String,
    pub(super) differs: bool,
}

impl ShadowOrder {
    pub(super) fn new(draft: &Draft, comparison: &Comparison, page: &Page) -> Self {
        let (kind, sentence) = match comparison.result {
            ComparisonResult::Equal => (
                "good",
                page.t("The invoice in Accurate equals this draft.", "Faktur di Accurate sama dengan draf ini."),
            ),
            ComparisonResult::Differs => (
                "warn",
                page.t(
                    "The invoice in Accurate differs from this draft.",
                    "Faktur di Accurate berbeda dengan draf ini.",
                ),
            ),
            ComparisonResult::Absent => (
                "",
                page.t(
                    "Accurate has no invoice with this number yet. It is looked for again every day.",
                    "Belum ada faktur dengan nomor ini di Accurate. Dicari lagi setiap hari.",
                ),
            ),
            ComparisonResult::Waiting => (
                "",
                page.t(
                    "This draft has not been compared with Accurate yet.",
                    "Draf ini belum dibandingkan dengan Accurate.",
                ),
            ),
        };
        let found: Vec<_> = comparison.differences.iter().map(|difference| difference.kind).collect();
        Self {
            kind,
            sentence,
            compared_at: comparison.compared_at.map(format::moment),
            rows: comparison.invoice.as_ref().map(|booked| rows(draft, booked, &found, page)).unwrap_or_default(),
            differences: found.iter().map(|kind| (kind.name(page.language), kind.meaning(page.language))).collect(),
        }
    }
}

fn rows(draft: &Draft, booked: &Booked, found: &[Kind], page: &Page) -> Vec<Row> {
    let body = &draft.body;
    let row = |what: &str, draft: String, accurate: String, kinds: &[Kind]| Row {
        what: what.to_owned(),
        detail: String::new(),
        draft,
        accurate,
        differs: kinds.iter().any(|kind| found.contains(kind)),
    };
    let name = |name: &Option<String>| name.clone().unwrap_or_default();
    let amount = |amount: Rupiah| if amount == Rupiah::ZERO { String::new() } else { amount.in_words() };
    let tax = |taxable, inclusive| {
        let mode = match (taxable, inclusive) {
            (false, _) => TaxMode::Off,
            (true, true) => TaxMode::Inclusive,
            (true, false) => TaxMode::Exclusive,
        };
        super::mapping::words::tax(mode, page).to_owned()
    };
    let mut rows = vec![
        row(
            page.t("Date", "Tanggal"),
            format::day(body.trans_date),
            format::day(booked.day),
            &[Kind::DateEarlier, Kind::DateLater],
        ),
        row(page.t("Customer", "Pelanggan"), body.customer_no.clone(), booked.customer_no.clone(), &[Kind::Customer]),
        row(page.t("Branch", "Cabang"), name(&body.branch_name), name(&booked.branch), &[Kind::Branch]),
        row(
            page.t("Payment term", "Syarat Pembayaran"),
            name(&body.payment_term_name),
            name(&booked.payment_term),
            &[Kind::PaymentTerm],
        ),
        row(
            page.t("Warehouse", "Gudang"),
            body.detail_item.iter().find_map(|item| item.warehouse_name.clone()).unwrap_or_default(),
            booked.lines.iter().find_map(|line| line.warehouse.clone()).unwrap_or_default(),
            &[Kind::Warehouse],
        ),
    ];
    rows.extend(products(body, Some(booked)).into_iter().map(|product| Row {
        what: product.name,
        detail: product.item_no,
        differs: product.draft != product.accurate,
        draft: product.draft,
        accurate: product.accurate,
    }));
    let discount = booked.lines.iter().map(|line| line.discount).sum::<Rupiah>() + booked.discount;
    let ours: Rupiah = body.detail_expense.iter().map(|expense| expense.expense_amount).sum();
    let theirs: Rupiah = booked.expenses.iter().map(|expense| expense.amount).sum();
    rows.extend([
        row(
            page.t("Discount", "Diskon"),
            amount(body.cash_discount),
            amount(discount),
            &[Kind::DiscountMissing, Kind::DiscountDiffers],
        ),
        row(
            page.t("Shipping", "Ongkos kirim"),
            amount(ours),
            amount(theirs),
            &[Kind::ShippingMissing, Kind::ExpenseDiffers, Kind::ExpenseAccount],
        ),
        row(
            page.t("Tax", "Pajak"),
            tax(body.taxable, body.inclusive_tax),
            booked.taxable.map_or_else(String::new, |taxable| tax(taxable, booked.inclusive_tax == Some(true))),
            &[Kind::Tax],
        ),
    ]);
    // A part that neither side has says nothing.
    rows.retain(|row| !row.draft.is_empty() || !row.accurate.is_empty());
    let differs = draft.total != booked.total && body.total_is_final();
    rows.push(Row { differs, ..row("Total", draft.total.in_words(), booked.total.in_words(), &[]) });
    rows
}
