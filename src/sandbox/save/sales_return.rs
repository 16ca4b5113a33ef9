//! The checks before a sales return is saved (returns.md §2).

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::Check;
use crate::sandbox::{Invoice, InvoiceLine, ReturnedLine, SalesReturn, fields::Fields, messages, totals::totals};

/// The only type that the sandbox knows: a return that names its invoice.
pub(in crate::sandbox) const RETURN_TYPE: &str = "INVOICE";

/// Whether the goods of a whole return came back.
const STATUSES: &[&str] = &["NOT_RETURNED", "PARTIALLY_RETURNED", "RETURNED"];

/// Whether the goods of one line came back.
const LINE_STATUSES: &[&str] = &["NOT_RETURNED", "RETURNED"];

impl Check<'_> {
    pub(super) fn sales_return(mut self, body: Fields<'_>, now: Timestamp) -> Result<SalesReturn, Vec<String>> {
        let customer_no = self.customer_no(body);
        let trans_date = self.trans_date(body);
        let number = self.number(body, &self.books.returns, "No Retur");
        let branch_name = self.branch(body);
        let return_type = self.required("Tipe Retur", body.text("returnType"));
        if !return_type.is_empty() && return_type != RETURN_TYPE {
            self.say(messages::unreadable("Tipe Retur", return_type));
        }
        let status = self.one_of(body, "returnStatusType", STATUSES);
        let goods = self.lines(body);
        let statuses: Vec<_> =
            body.list("detailItem").map(|line| self.one_of(line, "returnDetailStatusType", LINE_STATUSES)).collect();
        let expenses = self.expenses(body);
        let cash_discount = self.discount(body, &goods);
        let invoice_no = self.required("No Faktur", body.text("invoiceNumber"));
        let invoice = self.settled_invoice(&invoice_no, &customer_no);
        let taken = invoice.map(|invoice| self.taken_from(invoice, &goods)).unwrap_or_default();

        let (taxable, inclusive_tax) = (body.flag("taxable"), body.flag("inclusiveTax"));
        let sums = totals(&goods, &expenses, cash_discount, self.ppn(body));
        let (Some(trans_date), Some(invoice), true) = (trans_date, invoice, self.said.is_empty()) else {
            return Err(self.said);
        };
        let lines = goods.into_iter().zip(statuses).map(|(goods, status)| ReturnedLine { goods, status }).collect();
        Ok(SalesReturn {
            id: 0,
            number: number.unwrap_or_else(|| self.books.own_return_number()),
            customer_no,
            invoice_id: invoice.id,
            invoice_no: invoice.number.clone(),
            trans_date,
            description: body.text("description").unwrap_or_default(),
            branch_name,
            status,
            taxable,
            inclusive_tax,
            sub_total: sums.sub_total,
            cash_discount,
            tax1_amount: sums.tax1_amount,
            total_amount: sums.total_amount,
            lines,
            expenses,
            taken,
            saved_at: now,
        })
    }

    /// One of these words, if any; another is reported.
    fn one_of(&mut self, body: Fields<'_>, field: &str, words: &[&str]) -> Option<String> {
        let word = body.text(field)?;
        if !words.contains(&word.as_str()) {
            self.say(messages::unreadable(field, &word));
        }
        Some(word)
    }

    /// From which lines of the invoice the pieces come: of those with the same item, the ones with the same price
    /// first. No more can come back than was sold and has not come back yet; that this is refused is a guess.
    fn taken_from(&mut self, invoice: &Invoice, goods: &[InvoiceLine]) -> Vec<(usize, Decimal)> {
        let mut left: Vec<Decimal> = invoice.lines.iter().map(|line| line.quantity - line.returned).collect();
        let mut taken = Vec::new();
        for back in goods {
            let mut open = back.quantity;
            for at_its_price in [true, false] {
                for (at, sold) in invoice.lines.iter().enumerate() {
                    if sold.item_no == back.item_no && (sold.unit_price == back.unit_price) == at_its_price {
                        let pieces = open.min(left[at]);
                        left[at] -= pieces;
                        open -= pieces;
                        taken.push((at, pieces));
                    }
                }
            }
            if open > Decimal::ZERO {
                self.say(messages::more_than_sold(&back.item_no, &invoice.number));
            }
        }
        taken.retain(|(_, pieces)| !pieces.is_zero());
        taken
    }
}
