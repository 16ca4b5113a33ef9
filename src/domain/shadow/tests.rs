use jiff::civil::date;

use super::*;
use crate::domain::{
    basis::Basis,
    invoice::{DetailExpense, DetailItem},
    reason::Language,
};

fn rupiah(amount: i64) -> Rupiah {
    Rupiah::whole(amount)
}

fn item(item_no: &str, quantity: i64, price: i64) -> DetailItem {
    DetailItem {
        item_no: item_no.to_owned(),
        unit_price: rupiah(price),
        quantity: Decimal::from(quantity),
        detail_name: item_no.to_owned(),
        warehouse_name: Some("Utama".to_owned()),
        use_tax1: false,
    }
}

/// A draft of two items at three prices, with a discount and shipping.
fn draft() -> Draft {
    let body = InvoiceBody {
        customer_no: "8277".to_owned(),
        trans_date: date(2026, 11, 26),
        number: "A1".into(),
        description: "1".to_owned(),
        branch_name: Some("Kantor Pusat".to_owned()),
        payment_term_name: None,
        taxable: false,
        inclusive_tax: false,
        cash_discount: rupiah(5_000),
        detail_item: vec![item("KAOS", 2, 50_000), item("KAOS", 1, 45_000), item("TAS", 1, 0)],
        detail_expense: vec![DetailExpense {
            account_no: "700101".to_owned(),
            expense_amount: rupiah(20_000),
            expense_name: "Ongkos kirim".to_owned(),
        }],
    };
    let (book, customer_name, total) = ("main".into(), "Toko".to_owned(), body.total());
    Draft { book, customer_name, create_customer: false, total, basis: Basis::default(), body }
}

/// The same, as Accurate shows it.
fn booked() -> Booked {
    let draft = draft();
    let line = |item: &DetailItem| BookedLine {
        item_no: item.item_no.clone(),
        name: item.detail_name.clone(),
        quantity: item.quantity,
        unit_price: item.unit_price,
        discount: Rupiah::ZERO,
        warehouse: item.warehouse_name.clone(),
        use_tax: Some(false),
    };
    Booked {
        id: 1,
        number: "A1".into(),
        customer_no: "8277".to_owned(),
        day: draft.body.trans_date,
        description: "another text".to_owned(),
        branch: Some("Kantor Pusat".to_owned()),
        payment_term: Some("Net 30".to_owned()),
        taxable: Some(false),
        inclusive_tax: Some(false),
        tax: Rupiah::ZERO,
        discount: rupiah(5_000),
        expenses: vec![BookedExpense { account_no: "700101".to_owned(), amount: rupiah(20_000) }],
        lines: draft.body.detail_item.iter().map(line).collect(),
        total: draft.total,
    }
}

/// The invoice after a change, with the total that Accurate would compute.
fn changed(change: impl FnOnce(&mut Booked)) -> Booked {
    let mut booked = booked();
    change(&mut booked);
    let lines: Rupiah = booked.lines.iter().map(|line| line.unit_price * line.quantity - line.discount).sum();
    let expenses: Rupiah = booked.expenses.iter().map(|expense| expense.amount).sum();
    let on_top = if booked.inclusive_tax == Some(true) { Rupiah::ZERO } else { booked.tax };
    booked.total = lines - booked.discount + expenses + on_top;
    booked
}

fn found(booked: &Booked) -> Vec<(Kind, Rupiah)> {
    compare(&draft(), booked).into_iter().map(|difference| (difference.kind, difference.rupiah)).collect()
}

#[test]
fn an_invoice_that_says_the_same_is_equal_whatever_its_description() {
    assert_eq!(found(&booked()), []);
    // Neither a payment term that the draft leaves to Accurate nor what Accurate does not show is compared.
    let silent = changed(|booked| {
        (booked.branch, booked.payment_term, booked.taxable, booked.inclusive_tax) = (None, None, None, None);
        booked.lines.iter_mut().for_each(|line| (line.warehouse, line.use_tax) = (None, None));
    });
    assert_eq!(found(&silent), []);
    // A discount counts the same on the invoice and on its lines, and so do two lines of one item at one price.
    let spread = changed(|booked| {
        booked.discount = rupiah(0);
        booked.lines[0].discount = rupiah(5_000);
        booked.lines[0].quantity = Decimal::ONE;
        let second = BookedLine { discount: Rupiah::ZERO, ..booked.lines[0].clone() };
        booked.lines.push(second);
    });
    assert_eq!(found(&spread), []);
}

#[test]
fn each_difference_has_its_kind_and_its_rupiah() {
    type Change = fn(&mut Booked);
    let cases: [(Change, Kind, i64); 19] = [
        (|booked| booked.day = date(2026, 11, 25), Kind::DateEarlier, 0),
        (|booked| booked.day = date(2026, 12, 1), Kind::DateLater, 0),
        (|booked| booked.discount = rupiah(0), Kind::DiscountMissing, 5_000),
        (|booked| booked.discount = rupiah(6_000), Kind::DiscountDiffers, -1_000),
        (|booked| booked.lines[1].unit_price = rupiah(50_000), Kind::SecondPriceLost, 5_000),
        (|booked| booked.lines[2].unit_price = rupiah(30_000), Kind::FreeItemCharged, 30_000),
        (|booked| booked.lines[0].unit_price = rupiah(49_000), Kind::UnitPrice, -2_000),
        (|booked| booked.lines[0].unit_price = rupiah(49_999), Kind::Rounding, -2),
        (|booked| booked.lines[2].quantity = Decimal::TWO, Kind::Quantity, 0),
        (|booked| drop(booked.lines.pop()), Kind::LineMissing, 0),
        (
            |booked| booked.lines.push(BookedLine { item_no: "X".to_owned(), ..booked.lines[0].clone() }),
            Kind::LineExtra,
            100_000,
        ),
        (|booked| booked.expenses.clear(), Kind::ShippingMissing, -20_000),
        (|booked| booked.expenses[0].amount = rupiah(21_000), Kind::ExpenseDiffers, 1_000),
        (|booked| booked.expenses[0].account_no = "1".to_owned(), Kind::ExpenseAccount, 0),
        (|booked| (booked.taxable, booked.tax) = (Some(true), rupiah(15_000)), Kind::Tax, 15_000),
        (|booked| booked.customer_no = "7600".to_owned(), Kind::Customer, 0),
        (|booked| booked.branch = Some(String::new()), Kind::Branch, 0),
        (|booked| booked.lines[0].warehouse = Some("Gudang B".to_owned()), Kind::Warehouse, 0),
        (|booked| booked.lines.iter_mut().for_each(|line| line.warehouse = Some(String::new())), Kind::Warehouse, 0),
    ];
    for (change, kind, difference) in cases {
        let booked = changed(change);
        assert_eq!(found(&booked), [(kind, rupiah(difference))], "{kind:?}");
        assert_eq!(booked.total - draft().total, rupiah(difference), "{kind:?} explains the total");
    }
    let mut other_total = booked();
    other_total.total = rupiah(1);
    assert_eq!(found(&other_total), [(Kind::Total, rupiah(1) - draft().total)]);
}

#[test]
fn several_differences_explain_the_difference_of_the_totals_together() {
    let many = changed(|booked| {
        booked.day = date(2026, 11, 25);
        booked.discount = rupiah(0);
        booked.expenses.clear();
        booked.lines[0].quantity = Decimal::from(4);
        booked.lines[0].unit_price = rupiah(40_000);
        booked.lines[2].unit_price = rupiah(10_000);
    });
    let found = compare(&draft(), &many);
    let explained: Rupiah = found.iter().map(|difference| difference.rupiah).sum();
    assert_eq!(explained, many.total - draft().total);
    assert!(!found.iter().any(|difference| difference.kind == Kind::Total), "{found:?}");
    let first = &found.iter().find(|difference| difference.kind == Kind::DateEarlier).expect("it is").details[0];
    assert_eq!((first.draft.as_str(), first.accurate.as_str()), ("2026-11-26", "2026-11-25"));
}

#[test]
fn tax_on_top_is_compared_without_its_amount() {
    let mut draft = draft();
    draft.body.taxable = true;
    draft.body.detail_item.iter_mut().for_each(|item| item.use_tax1 = true);
    let taxed = changed(|booked| {
        (booked.taxable, booked.tax) = (Some(true), rupiah(14_000));
        booked.lines.iter_mut().for_each(|line| line.use_tax = Some(true));
    });
    assert_eq!(compare(&draft, &taxed), []);
    let untaxed = compare(&draft, &booked());
    assert_eq!(untaxed.iter().map(|difference| difference.kind).collect::<Vec<_>>(), [Kind::Tax]);
    assert_eq!((untaxed[0].details[0].draft.as_str(), untaxed[0].details[0].accurate.as_str()), ("exclusive", "off"));
}

#[test]
fn what_is_stored_is_read_back_as_it_was_and_every_kind_has_its_words() {
    let stored = serde_json::to_string(&booked()).expect("JSON");
    assert_eq!(serde_json::from_str::<Booked>(&stored).expect("our own JSON"), booked());
    let differences = compare(&draft(), &changed(|booked| booked.discount = rupiah(0)));
    let stored = serde_json::to_string(&differences).expect("JSON");
    assert_eq!(serde_json::from_str::<Vec<Difference>>(&stored).expect("our own JSON"), differences);
    for kind in Kind::all() {
        assert_eq!(Kind::from_code(kind.code()), Some(kind));
        assert_eq!(serde_json::to_value(kind).expect("JSON"), kind.code());
        assert_ne!(kind.name(Language::English), kind.name(Language::Indonesian));
    }
}
