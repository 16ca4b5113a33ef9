//! What is owed on an invoice, and what is left of its discount and shipping, while its rows and records are decided
//! one by one.

use super::{
    by_hand::BookedByHand,
    known::{Order, Stage, Standing},
    outcome::{ReceiptDraft, ReturnDraft, Sums, Used},
};
use crate::domain::money::Rupiah;

/// What the invoice contains of something that payout rows name too, in rupiah; negative if it is taken from the seller.
#[derive(Clone, Copy, Debug)]
pub(super) struct Holding {
    /// What no row has deducted yet.
    pub(super) open: Rupiah,
    /// What returns took back. A row may name it, with what was sold, or leave it out.
    returned: Rupiah,
}

impl Holding {
    fn of(open: Rupiah) -> Self {
        Self { open, returned: Rupiah::ZERO }
    }

    /// What a row deducts that explains its whole net: all of it, whatever the row says; but if it was partly returned,
    /// as much of that as the row names.
    pub(super) fn whole(self, amount: Rupiah) -> Rupiah {
        let left = self.open - self.returned;
        amount.max(left.min(self.open)).min(left.max(self.open))
    }

    /// What any other row deducts: at most its own amount.
    pub(super) fn at_most(self, amount: Rupiah) -> Rupiah {
        let left = self.open - self.returned;
        amount.max(left.min(self.open).min(Rupiah::ZERO)).min(left.max(self.open).max(Rupiah::ZERO))
    }
}

/// The invoice's account. All amounts in rupiah.
#[derive(Clone, Debug)]
pub(super) struct Ledger {
    total: Rupiah,
    paid: Rupiah,
    returned: Rupiah,
    /// What no row has deducted yet of the seller's discount on the invoice.
    pub(super) discount: Holding,
    /// What no row has deducted yet of the shipping on the invoice.
    pub(super) shipping: Holding,
    /// Up to what amount the order's returns can still explain refunds.
    pub(super) returns: Rupiah,
    /// What went back without a return, because the buyer keeps the goods; `None` if a record does not say how much.
    pub(super) kept: Option<Rupiah>,
    /// What rows have used up of that.
    kept_used: Rupiah,
}

impl Ledger {
    /// Of an invoice without receipts and returns.
    pub(super) fn open(invoice: Standing<'_>) -> Self {
        let body = &invoice.draft.body;
        Self {
            total: invoice.total,
            paid: Rupiah::ZERO,
            returned: Rupiah::ZERO,
            discount: Holding::of(Rupiah::ZERO - body.cash_discount),
            shipping: Holding::of(body.detail_expense.iter().map(|expense| expense.expense_amount).sum()),
            returns: Rupiah::ZERO,
            kept: Some(Rupiah::ZERO),
            kept_used: Rupiah::ZERO,
        }
    }

    /// With what is booked in Accurate, also by people, without what is only wanted.
    pub(super) fn in_accurate(order: &Order<'_>, invoice: Standing<'_>, by_hand: BookedByHand) -> Self {
        let mut ledger = Self::open(invoice);
        let exists = |stage: &Stage| *stage == Stage::Exists;
        for receipt in order.rows.iter().filter_map(|row| row.receipt.as_ref()).filter(|one| exists(&one.stage)) {
            ledger.pay(&receipt.draft);
        }
        let returns = order.records.iter().filter_map(|record| record.document.as_ref());
        for document in returns.filter(|one| exists(&one.stage)) {
            ledger.give_back(document.draft.total);
        }
        ledger.pay_by_hand(by_hand.paid);
        ledger.give_back(by_hand.returned);
        ledger
    }

    /// As if nothing had been returned.
    pub(super) fn without_returns(self) -> Self {
        Self { returned: Rupiah::ZERO, ..self }
    }

    /// What is still owed; 0 if nothing is.
    pub(super) fn owed(&self) -> Rupiah {
        self.sums().owed
    }

    /// What of the invoice no return has taken off yet; 0 if there is none.
    pub(super) fn not_returned(&self) -> Rupiah {
        (self.total - self.returned).max(Rupiah::ZERO)
    }

    /// How much of a refund that no return explains went back for goods that the buyer keeps.
    pub(super) fn kept_of(&self, refund: Rupiah) -> Rupiah {
        self.kept.map_or(refund, |kept| refund.min((kept - self.kept_used).max(Rupiah::ZERO)))
    }

    pub(super) fn sums(&self) -> Sums {
        Sums::of(self.total, self.paid, self.returned)
    }

    /// A receipt exists, or must exist.
    pub(super) fn pay(&mut self, receipt: &ReceiptDraft) {
        self.paid = self.paid + receipt.body.paid();
        self.take(receipt.used);
    }

    /// A person has booked a payout, which paid this amount.
    pub(super) fn pay_by_hand(&mut self, amount: Rupiah) {
        self.paid = self.paid + amount;
    }

    /// A return exists, or must exist.
    pub(super) fn give_back(&mut self, amount: Rupiah) {
        self.returned = self.returned + amount;
    }

    /// A return record is known: it explains refunds, whether its return exists yet or not.
    pub(super) fn explain(&mut self, amount: Rupiah) {
        self.returns = self.returns + amount;
    }

    /// The same with the return's draft, which takes back its share of the invoice's discount and shipping.
    pub(super) fn explain_by(&mut self, draft: &ReturnDraft) {
        self.explain(draft.total);
        self.discount.returned = self.discount.returned - draft.body.cash_discount;
        self.shipping.returned = self.shipping.returned + draft.body.shipping();
    }

    /// A row has used up so much.
    pub(super) fn take(&mut self, used: Used) {
        self.discount.open = self.discount.open - used.discount;
        self.shipping.open = self.shipping.open - used.shipping;
        self.returns = self.returns - used.returns;
        self.kept_used = self.kept_used + used.kept;
    }
}
