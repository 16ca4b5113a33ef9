//! The checks before a sales receipt is saved (payout.md §2).

use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;

use super::Check;
use crate::sandbox::{
    AccountType, Invoice, Overpayment, PaidInvoice, Receipt, ReceiptDiscount, fields::Fields, messages,
};

/// What the lines of a receipt have in common.
struct Header<'a> {
    customer_no: &'a str,
    trans_date: Option<Date>,
    /// `passValidateInvoiceDate`: a payment may be dated before its invoice.
    passes_date: bool,
}

impl Check<'_> {
    pub(super) fn receipt(mut self, body: Fields<'_>, now: Timestamp) -> Result<Receipt, Vec<String>> {
        let customer_no = self.customer_no(body);
        let bank_no = self.bank(body);
        let trans_date = self.trans_date(body);
        let number = self.number(body, &self.books.receipts, "No Bukti");
        let branch_name = self.branch(body);
        let cheque_amount = self.amount(body, "chequeAmount").unwrap_or_else(|| {
            self.say(messages::required("Nilai Pembayaran"));
            Decimal::ZERO
        });
        let passes_date = body.flag("passValidateInvoiceDate");
        let header = Header { customer_no: &customer_no, trans_date, passes_date };
        let lines: Vec<_> = body.list("detailInvoice").collect();
        if lines.is_empty() {
            self.say(messages::NO_LINES);
        }
        let invoices: Vec<_> = lines.into_iter().filter_map(|line| self.paid_invoice(line, &header)).collect();
        self.pays_no_more_than_is_owed(&invoices);
        if self.said.is_empty() {
            self.adds_up(cheque_amount, &invoices);
        }
        let (Some(trans_date), true) = (trans_date, self.said.is_empty()) else { return Err(self.said) };
        Ok(Receipt {
            id: 0,
            number: number.unwrap_or_else(|| self.books.own_receipt_number(&bank_no, trans_date)),
            customer_no,
            bank_no,
            trans_date,
            description: body.text("description").unwrap_or_default(),
            branch_name,
            cheque_amount,
            invoices,
            saved_at: now,
        })
    }

    /// Guess: an account of another type is refused like an unknown one.
    fn bank(&mut self, body: Fields<'_>) -> String {
        let bank_no = self.account(body, "bankNo");
        let account = self.books.accounts.get(&bank_no);
        if account.is_some_and(|account| account.account_type != AccountType::CashBank) {
            self.say(messages::not_found("Akun", &bank_no));
        }
        bank_no
    }

    /// `None` after reporting that the invoice cannot be paid.
    fn paid_invoice(&mut self, body: Fields<'_>, header: &Header<'_>) -> Option<PaidInvoice> {
        let payment_amount = self.amount(body, "paymentAmount").unwrap_or_else(|| {
            self.say(messages::required("Nilai Pembayaran"));
            Decimal::ONE
        });
        let discounts = body.list("detailDiscount").map(|discount| self.receipt_discount(discount)).collect();
        let invoice_no = self.required("No Faktur", body.text("invoiceNo"));
        if payment_amount.is_zero() {
            self.say(messages::payment_of_zero(&invoice_no));
        }
        let invoice = self.settled_invoice(&invoice_no, header.customer_no)?;
        let is_early = header.trans_date.is_some_and(|day| day < invoice.trans_date);
        if is_early && !header.passes_date {
            self.say(messages::paid_before_invoice(&invoice_no));
        }
        Some(PaidInvoice { invoice_id: invoice.id, invoice_no: invoice.number.clone(), payment_amount, discounts })
    }

    /// A discount may be negative; it needs an account (payout.md §2, A and B).
    fn receipt_discount(&mut self, body: Fields<'_>) -> ReceiptDiscount {
        let account_no = self.account(body, "accountNo");
        let amount = self.amount(body, "amount").unwrap_or_else(|| {
            self.say(messages::required("Nilai Diskon"));
            Decimal::ZERO
        });
        ReceiptDiscount { account_no, amount, notes: body.text("discountNotes").unwrap_or_default() }
    }

    /// Guess: one source says that this is not checked (payout.md §2).
    fn pays_no_more_than_is_owed(&mut self, invoices: &[PaidInvoice]) {
        if self.books.settings.overpayment == Overpayment::Accepted {
            return;
        }
        let is_too_much = invoices.iter().any(|paid| {
            let same = invoices.iter().filter(|other| other.invoice_id == paid.invoice_id);
            let payment: Decimal = same.map(|other| other.payment_amount).sum();
            self.books.invoices.with_id(paid.invoice_id).is_some_and(|invoice| payment > invoice.owed())
        });
        if is_too_much {
            self.say(messages::ABOVE_OWED);
        }
    }

    /// `chequeAmount = Σ(paymentAmount − Σ discount)` (payout.md §2, A).
    fn adds_up(&mut self, cheque_amount: Decimal, invoices: &[PaidInvoice]) {
        let due: Decimal = invoices.iter().map(PaidInvoice::cash).sum();
        if cheque_amount < due {
            self.say(messages::NOT_ENOUGH_MONEY);
        } else if cheque_amount > due {
            self.say(messages::TOO_MUCH_MONEY);
        }
    }
}

impl<'a> Check<'a> {
    /// An invoice of this customer; `None` after reporting that there is none.
    pub(super) fn settled_invoice(&mut self, number: &str, customer_no: &str) -> Option<&'a Invoice> {
        let Some(invoice) = self.books.invoices.get(number) else {
            if !number.is_empty() {
                self.say(messages::not_found("Faktur Penjualan", number));
            }
            return None;
        };
        if invoice.customer_no != customer_no {
            self.say(messages::another_customers(number, customer_no));
            return None;
        }
        Some(invoice)
    }
}
