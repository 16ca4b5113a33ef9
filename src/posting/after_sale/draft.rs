//! What an attempt needs of the draft of a receipt or a return: its body, its calls, and the comparison with what
//! exists.

use rust_decimal::Decimal;

use crate::{
    accurate::{
        documents::{Calls, Found},
        outcome::Failure,
        receipts::{FoundReceipt, Paid},
        returns::FoundReturn,
    },
    domain::{
        about::{Difference, Field, UNREADABLE},
        after_sale::{ReceiptDraft, ReturnDraft},
        ids::DocumentNumber,
        money::Rupiah,
        receipt::ReceiptBody,
        recheck::Needs,
        sales_return::ReturnBody,
    },
};

/// A draft of a document that follows an invoice.
pub(in crate::posting) trait FollowUp: Clone + Send + Sync {
    /// The document as Accurate reports it, with its calls.
    type Found: Found;

    /// What is sent.
    fn body(&self) -> &<Self::Found as Found>::Body;

    /// The number that it must get.
    fn number(&self) -> &DocumentNumber;

    /// The number of its invoice, if it names one.
    fn invoice(&self) -> Option<&DocumentNumber>;

    /// How a document in Accurate differs from it. A document that differs is not ours.
    fn differences(&self, found: &Self::Found) -> Vec<Difference>;

    /// Whether a row of Accurate's list shows it as it was sent, as far as lists show documents of its kind.
    fn is_listed_as_sent(&self, listed: &Self::Found) -> bool;

    /// By how much it reduces what is owed on the invoice, in rupiah.
    fn total(&self) -> Rupiah;

    /// What it needs in Accurate.
    fn needs(&self) -> Needs<'_>;

    /// The goods that go back, if it returns any.
    fn returned(&self) -> Option<&ReturnBody> {
        None
    }

    /// Names the invoice's branch, unless it is named already; false if the invoice has none.
    fn name_branch(&mut self) -> bool;
}

/// The outcome of a save.
pub(in crate::posting) type Saved<D> = Result<Option<<D as FollowUp>::Found>, Failure>;

/// The calls of a draft's document.
pub(in crate::posting) const fn calls<D: FollowUp>() -> Calls {
    <D::Found as Found>::CALLS
}

impl FollowUp for ReceiptDraft {
    type Found = FoundReceipt;

    fn body(&self) -> &ReceiptBody {
        &self.body
    }

    fn number(&self) -> &DocumentNumber {
        &self.body.number
    }

    fn invoice(&self) -> Option<&DocumentNumber> {
        self.body.detail_invoice.first().map(|paid| &paid.invoice_no)
    }

    fn differences(&self, found: &FoundReceipt) -> Vec<Difference> {
        let mut differences = Differences::default();
        differences.customer(&found.customer_no, &self.body.customer_no);
        differences.amount(Field::Total, found.cheque_amount, self.body.cheque_amount);
        for sent in &self.body.detail_invoice {
            let is_sent = |paid: &&Paid| paid.invoice.is_same_as(&sent.invoice_no);
            let there = found.invoices.iter().flatten().find(is_sent).map(|paid| paid.amount);
            differences.amount(Field::Paid, there, sent.payment_amount);
        }
        differences.0
    }

    fn is_listed_as_sent(&self, listed: &FoundReceipt) -> bool {
        let money = listed.cheque_amount.map(Rupiah::from_decimal);
        listed.customer_no == self.body.customer_no && money == Some(self.body.cheque_amount)
    }

    fn total(&self) -> Rupiah {
        self.body.paid()
    }

    fn needs(&self) -> Needs<'_> {
        (&self.body).into()
    }

    fn name_branch(&mut self) -> bool {
        name_branch(&mut self.body.branch_name, self.branch.as_ref())
    }
}

impl FollowUp for ReturnDraft {
    type Found = FoundReturn;

    fn body(&self) -> &ReturnBody {
        &self.body
    }

    fn number(&self) -> &DocumentNumber {
        &self.body.number
    }

    fn invoice(&self) -> Option<&DocumentNumber> {
        Some(&self.body.invoice_number)
    }

    fn differences(&self, found: &FoundReturn) -> Vec<Difference> {
        let mut differences = Differences::default();
        differences.customer(&found.customer_no, &self.body.customer_no);
        if !found.invoice_number.is_same_as(&self.body.invoice_number) {
            differences.add(Field::Invoice, found.invoice_number.as_str(), self.body.invoice_number.as_str());
        }
        if !self.is_total(found.total) {
            differences.amount(Field::Total, found.total, self.total);
        }
        differences.0
    }

    fn returned(&self) -> Option<&ReturnBody> {
        Some(&self.body)
    }

    fn is_listed_as_sent(&self, listed: &FoundReturn) -> bool {
        self.is_total(listed.total)
    }

    fn total(&self) -> Rupiah {
        self.total
    }

    fn needs(&self) -> Needs<'_> {
        (&self.body).into()
    }

    fn name_branch(&mut self) -> bool {
        name_branch(&mut self.body.branch_name, self.branch.as_ref())
    }
}

impl ReturnDraft {
    /// Whether this is its total. Accurate calculates exclusive tax itself, and its rounding is not known.
    fn is_total(&self, there: Option<Decimal>) -> bool {
        let is_final = !self.body.taxable || self.body.inclusive_tax;
        let is_ours = |there: Rupiah| there == self.total || (!is_final && there.is_within_a_rupiah_of(self.total));
        there.map(Rupiah::from_decimal).is_some_and(is_ours)
    }
}

fn name_branch(named: &mut Option<String>, branch: Option<&String>) -> bool {
    if named.is_some() || branch.is_none() {
        return false;
    }
    *named = branch.cloned();
    true
}

/// How a document differs from what was sent.
#[derive(Default)]
struct Differences(Vec<Difference>);

impl Differences {
    fn add(&mut self, field: Field, there: &str, ours: &str) {
        self.0.push(Difference { field, there: there.to_owned(), ours: ours.to_owned() });
    }

    fn customer(&mut self, there: &str, ours: &str) {
        if there != ours {
            self.add(Field::Customer, there, ours);
        }
    }

    /// An amount that cannot be read counts as different.
    fn amount(&mut self, field: Field, there: Option<Decimal>, ours: Rupiah) {
        let there = there.map(Rupiah::from_decimal);
        if there != Some(ours) {
            self.add(field, &there.map_or_else(|| UNREADABLE.to_owned(), Rupiah::in_words), &ours.in_words());
        }
    }
}
