//! The totals of an invoice, in exact decimals (accurate.md §4).

use rust_decimal::{Decimal, RoundingStrategy};

use super::{InvoiceExpense, InvoiceLine};

/// The totals of one invoice, in rupiah.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Totals {
    pub(super) sub_total: Decimal,
    pub(super) tax1_amount: Decimal,
    pub(super) total_expense: Decimal,
    pub(super) total_amount: Decimal,
}

/// How PPN is applied to an invoice; `rate` is in percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ppn {
    None,
    /// Unit prices include it.
    Inside {
        rate: Decimal,
    },
    /// It is added.
    OnTop {
        rate: Decimal,
    },
}

/// Calculates the totals. The discount reduces the taxed amount in proportion. PPN is rounded to whole sen, which is a
/// guess: accurate.md §3 only says that half rupiahs are kept.
pub(super) fn totals(lines: &[InvoiceLine], expenses: &[InvoiceExpense], discount: Decimal, ppn: Ppn) -> Totals {
    let sub_total: Decimal = lines.iter().map(InvoiceLine::amount).sum();
    let total_expense: Decimal = expenses.iter().map(|expense| expense.amount).sum();
    let taxed: Decimal = lines.iter().filter(|line| line.use_tax1).map(InvoiceLine::amount).sum();
    let share_of_discount = if sub_total.is_zero() { Decimal::ZERO } else { discount * (taxed / sub_total) };
    let base = taxed - share_of_discount;
    let (tax, on_top) = match ppn {
        Ppn::None => (Decimal::ZERO, Decimal::ZERO),
        Ppn::Inside { rate } => (sen(base * rate / (Decimal::ONE_HUNDRED + rate)), Decimal::ZERO),
        Ppn::OnTop { rate } => {
            let tax = sen(base * rate / Decimal::ONE_HUNDRED);
            (tax, tax)
        }
    };
    Totals { sub_total, tax1_amount: tax, total_expense, total_amount: sub_total - discount + on_top + total_expense }
}

/// `"5"` or `"5+2"` percent of an amount, applied in sequence; `None` if the text has another form.
pub(super) fn percent_of(amount: Decimal, percents: &str) -> Option<Decimal> {
    let mut left = amount;
    for percent in percents.split('+') {
        let percent: Decimal = percent.trim().parse().ok()?;
        if percent < Decimal::ZERO || percent > Decimal::ONE_HUNDRED {
            return None;
        }
        left -= left * percent / Decimal::ONE_HUNDRED;
    }
    Some((amount - left).round_dp_with_strategy(6, RoundingStrategy::MidpointAwayFromZero))
}

fn sen(amount: Decimal) -> Decimal {
    amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rupiah(text: &str) -> Decimal {
        text.parse().expect("a decimal")
    }

    fn line(quantity: &str, unit_price: &str, use_tax1: bool) -> InvoiceLine {
        InvoiceLine {
            item_no: "A".to_owned(),
            detail_name: "A".to_owned(),
            quantity: rupiah(quantity),
            unit_price: rupiah(unit_price),
            item_cash_discount: Decimal::ZERO,
            warehouse_name: None,
            use_tax1,
            returned: Decimal::ZERO,
        }
    }

    #[test]
    fn half_rupiahs_discount_of_a_line_and_shipping_are_kept() {
        let mut with_discount = line("3", "24500.5", false);
        with_discount.item_cash_discount = rupiah("0.5");
        let shipping = InvoiceExpense { account_no: "1".to_owned(), amount: rupiah("20000"), name: String::new() };
        let sums = totals(&[with_discount], &[shipping], rupiah("1000"), Ppn::None);
        assert_eq!(sums.sub_total, rupiah("73501"));
        assert_eq!(sums.total_expense, rupiah("20000"));
        assert_eq!(sums.total_amount, rupiah("92501"));
        assert_eq!(sums.tax1_amount, Decimal::ZERO);
    }

    #[test]
    fn tax_on_top_is_added_and_tax_inside_is_not() {
        let rate = Decimal::from(11);
        let lines = [line("1", "100000", true), line("1", "50000", false)];
        let on_top = totals(&lines, &[], Decimal::ZERO, Ppn::OnTop { rate });
        assert_eq!((on_top.tax1_amount, on_top.total_amount), (rupiah("11000"), rupiah("161000")));
        let inside = totals(&lines, &[], Decimal::ZERO, Ppn::Inside { rate });
        assert_eq!((inside.tax1_amount, inside.total_amount), (rupiah("9909.91"), rupiah("150000")));
    }

    #[test]
    fn a_discount_lowers_the_tax_in_proportion() {
        let ppn = Ppn::OnTop { rate: Decimal::from(11) };
        let sums = totals(&[line("1", "100000", true), line("1", "100000", false)], &[], rupiah("50000"), ppn);
        assert_eq!(sums.tax1_amount, rupiah("8250"));
        assert_eq!(sums.total_amount, rupiah("158250"));
    }

    #[test]
    fn percents_apply_one_after_the_other() {
        assert_eq!(percent_of(rupiah("100000"), "5"), Some(rupiah("5000")));
        assert_eq!(percent_of(rupiah("100000"), "5+2"), Some(rupiah("6900")));
        assert_eq!(percent_of(rupiah("100000"), "five"), None);
        assert_eq!(percent_of(rupiah("100000"), "500"), None);
    }
}
