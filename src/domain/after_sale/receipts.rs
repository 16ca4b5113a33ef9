//! How one payout row is booked: its payment, and what becomes a discount on which account (design.md §7).

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::{
    known::{Row, Standing},
    ledger::{Holding, Ledger},
    outcome::{Outcome, ReceiptDraft, Used, WaitsFor},
};
use crate::domain::{
    about::{About, AfterSale, Correction, OnAccount},
    ids::DocumentNumber,
    mapping::{
        BeforeInvoiceDate, CATEGORIES, Credit, Mapping, OnOverpay, PAYOUT_REST, PayoutDate, SERVICE_FEE, Store,
        TAX_WITHHELD, ZeroLines,
        after_sale::{REFUND, SUBTOTAL},
    },
    money::Rupiah,
    payout::Payout,
    reason::{Finding, Reason},
    receipt::{DetailDiscount, PaidInvoice, ReceiptBody},
};

/// The seller's voucher: the invoice may contain it, and a payout row may name it again.
pub(super) const VOUCHER: &str = "voucher_seller";
/// Shipping: likewise.
pub(super) const SHIPPING: &str = "shipping";

/// How a row is booked.
pub(super) enum Booking {
    /// With a receipt; its number and part are assigned later.
    Receipt(Box<ReceiptDraft>),
    /// Nothing is booked: no money came, and the order's returns explain all amounts.
    Nothing(Used),
}

/// The amounts of a row by category, in rupiah.
type Amounts<'a> = BTreeMap<&'a str, Rupiah>;

/// The amounts of a row by category; blocked if an amount has no category.
pub(super) fn amounts<'a>(payout: &'a Payout, mapping: &'a Mapping) -> Result<Amounts<'a>, Outcome> {
    match by_category(payout, mapping) {
        (amounts, names) if names.is_empty() => Ok(amounts),
        (_, names) => Err(blocked(Reason::FeeKindUnmapped, AfterSale::FeeNames { names })),
    }
}

/// The amounts of a row by category, and the names of those that have none.
fn by_category<'a>(payout: &'a Payout, mapping: &'a Mapping) -> (Amounts<'a>, Vec<String>) {
    let mut amounts = Amounts::new();
    let mut names = Vec::new();
    // An amount of 0 hides nothing, so its name does not matter.
    for (name, amount) in payout.amounts.iter().filter(|(_, amount)| !amount.is_zero()) {
        match mapping.payout.category(name) {
            Some(category) => {
                let sum = amounts.entry(category).or_default();
                *sum = *sum + *amount;
            }
            None => names.push(name.trim().to_owned()),
        }
    }
    // `subtotal: 0` still says that the amounts are complete.
    if payout.amounts.keys().any(|name| mapping.payout.category(name) == Some(SUBTOTAL)) {
        amounts.entry(SUBTOTAL).or_default();
    }
    (amounts, names)
}

/// What went back to the buyer according to a row, in rupiah and positive.
pub(super) fn refund_in(payout: &Payout, mapping: &Mapping) -> Rupiah {
    let refunds = payout.amounts.iter().filter(|(name, _)| mapping.payout.category(name) == Some(REFUND));
    Rupiah::ZERO - refunds.map(|(_, amount)| *amount).sum()
}

/// The account of a category for a store, which the mapping may not know.
fn account<'a>(mapping: &'a Mapping, store_id: &str, category: &str) -> Option<&'a str> {
    match mapping.stores.get(store_id) {
        Some(store) => mapping.account(store, category),
        None => mapping.accounts.get(category).map(String::as_str),
    }
}

fn to_book(mapping: &Mapping, store_id: &str, net: Rupiah, booked: &Amounts<'_>) -> AfterSale {
    let bank = bank_of(mapping.stores.get(store_id)).unwrap_or_default();
    AfterSale::ToBook { net, bank, amounts: listed(mapping, store_id, booked) }
}

/// The amounts of a row, each on its account; an account that is not mapped is left empty.
fn listed(mapping: &Mapping, store_id: &str, booked: &Amounts<'_>) -> Vec<OnAccount> {
    let amounts = booked.iter().filter(|(_, amount)| !amount.is_zero());
    let on_account = |(category, amount): (&&str, &Rupiah)| OnAccount {
        category: (*category).to_owned(),
        account: account(mapping, store_id, category).unwrap_or_default().to_owned(),
        amount: *amount,
    };
    amounts.map(on_account).collect()
}

/// What a person has to book for the money of an order that has no invoice: the fees as far as they have a category.
pub(super) fn to_book_without_invoice(payout: &Payout, mapping: &Mapping, store_id: &str) -> AfterSale {
    to_book(mapping, store_id, payout.net, &categories_of_fees(payout, mapping))
}

/// The fees of a payout, each on its account.
pub(super) fn fees(payout: &Payout, mapping: &Mapping, store_id: &str) -> Vec<OnAccount> {
    listed(mapping, store_id, &categories_of_fees(payout, mapping))
}

fn categories_of_fees<'a>(payout: &'a Payout, mapping: &'a Mapping) -> Amounts<'a> {
    let mut fees = amounts(payout, mapping).unwrap_or_default();
    fees.retain(|category, _| *category != SUBTOTAL && *category != REFUND);
    fees
}

/// Everything that the booking of a row depends on besides the row.
pub(super) struct BookingContext<'a> {
    pub(super) mapping: &'a Mapping,
    pub(super) store_id: &'a str,
    pub(super) invoice: Standing<'a>,
    pub(super) today: Date,
}

impl BookingContext<'_> {
    /// How a row is booked, given the ledger of the order so far.
    pub(super) fn book(&self, row: &Row, ledger: &Ledger) -> Result<Booking, Outcome> {
        let amounts = amounts(&row.payout, self.mapping)?;
        let explains_all = amounts.contains_key(SUBTOTAL);
        let mut booked = amounts.clone();
        booked.remove(SUBTOTAL);
        let refund = booked.remove(REFUND).unwrap_or_default();
        if self.account(TAX_WITHHELD).is_none()
            && let Some(tax) = booked.remove(TAX_WITHHELD)
        {
            let fee = booked.entry(SERVICE_FEE).or_default();
            *fee = *fee + tax;
        }
        let (discount, shipping) = take_off_invoice(&mut booked, &amounts, ledger);
        let (returns, kept) = self.take_off_returns(row, &mut booked, refund, ledger)?;
        let used = Used { discount, shipping, returns, kept };

        let all: Rupiah = amounts.values().copied().sum();
        let mut rest = if explains_all { row.payout.net - all } else { Rupiah::ZERO };
        let mut payment = row.payout.net - booked.values().copied().sum() - rest;
        // Checked first, because the payment means nothing while the row's own difference is above the limit.
        self.check_rest(rest)?;
        if payment <= Rupiah::ZERO || row.payout.net <= Rupiah::ZERO {
            return self.without_receipt(row, &booked, rest, used, ledger);
        }
        if ledger.owed() <= Rupiah::ZERO {
            return Err(blocked(Reason::PayoutLate, self.to_book(row.payout.net, &booked)));
        }
        if row.payout.net > ledger.owed() && self.mapping.payout.on_overpay == OnOverpay::Block {
            let to_book = Box::new(self.to_book(row.payout.net, &booked));
            let above = AfterSale::AboveOwed { invoice: self.invoice.number.clone(), owed: ledger.owed(), to_book };
            return Err(blocked(Reason::PayoutUnmatched, above));
        }
        if payment > ledger.owed() {
            rest = rest + payment - ledger.owed();
            payment = ledger.owed();
            self.check_rest(rest)?;
        }
        if !rest.is_zero() {
            booked.insert(PAYOUT_REST, rest);
        }
        self.receipt(row, payment, &booked, used).map(|draft| Booking::Receipt(Box::new(draft)))
    }

    /// What a row uses up that a person has booked although no receipt can book it.
    pub(super) fn used_by_hand(&self, row: &Row, ledger: &Ledger) -> Used {
        let (amounts, _) = by_category(&row.payout, self.mapping);
        let (discount, shipping) = take_off_invoice(&mut amounts.clone(), &amounts, ledger);
        let refunded = refund_in(&row.payout, self.mapping);
        let returns = refunded.min(ledger.returns).max(Rupiah::ZERO);
        Used { discount, shipping, returns, kept: refunded - returns }
    }

    /// Deducts from the refund what returns explain. The remainder is booked as far as the buyer keeps the goods;
    /// otherwise the row waits. Returns what returns explain, and the remainder.
    fn take_off_returns(
        &self,
        row: &Row,
        booked: &mut Amounts<'_>,
        refund: Rupiah,
        ledger: &Ledger,
    ) -> Result<(Rupiah, Rupiah), Outcome> {
        let refunded = Rupiah::ZERO - refund;
        let mut explained = refunded.min(ledger.returns).max(Rupiah::ZERO);
        // With exclusive tax, returns have sen that no marketplace pays.
        if !self.invoice.draft.body.total_is_final() && explained.is_within_a_rupiah_of(refunded) {
            explained = refunded;
        }
        let remains = refunded - explained;
        let kept = ledger.kept_of(remains);
        if kept < remains {
            return Err(self.wait_for_return(row, remains - kept));
        }
        if !remains.is_zero() {
            booked.insert(REFUND, Rupiah::ZERO - remains);
        }
        Ok((explained, remains))
    }

    fn wait_for_return(&self, row: &Row, remains: Rupiah) -> Outcome {
        let until = days_after(row.arrived, self.mapping.returns.wait_days);
        if self.today < until {
            return Outcome::Waiting(WaitsFor::ReturnRecord(remains, until));
        }
        blocked(Reason::ReturnNeedsPerson, AfterSale::Refund { amount: remains })
    }

    fn check_rest(&self, rest: Rupiah) -> Result<(), Outcome> {
        let limit = self.mapping.payout.rest_limit;
        if rest <= limit && Rupiah::ZERO - rest <= limit {
            return Ok(());
        }
        Err(blocked(Reason::PayoutRest, AfterSale::Rest { rest, limit }))
    }

    /// A receipt cannot settle an order whose payout is 0 or less (payout.md §2, B): a person books what is left.
    fn without_receipt(
        &self,
        row: &Row,
        booked: &Amounts<'_>,
        rest: Rupiah,
        used: Used,
        ledger: &Ledger,
    ) -> Result<Booking, Outcome> {
        let mut booked = booked.clone();
        if !rest.is_zero() {
            booked.insert(PAYOUT_REST, rest);
        }
        let is_explained = booked.values().all(Rupiah::is_zero);
        if row.payout.net.is_zero() && is_explained {
            return Ok(Booking::Nothing(used));
        }
        let closed = booked.values().copied().sum::<Rupiah>() - row.payout.net;
        let closes_credit = closed.is_positive() && closed <= ledger.sums().credit;
        if row.payout.net < Rupiah::ZERO && closes_credit && self.mapping.returns.credit == Credit::Journal {
            return Err(blocked(Reason::PayoutUnmatched, self.journal(closed, &booked)));
        }
        Err(blocked(Reason::PayoutUnmatched, self.to_book(row.payout.net, &booked)))
    }

    /// The journal voucher with which a person closes the credit that a return left: the money that the marketplace
    /// took back leaves the wallet and the customer's account (returns.md R5), with the fees of the same payout.
    fn journal(&self, amount: Rupiah, booked: &Amounts<'_>) -> AfterSale {
        let bank = bank_of(self.mapping.stores.get(self.store_id)).unwrap_or_default();
        let fees = listed(self.mapping, self.store_id, booked);
        AfterSale::CreditToClose { amount, customer: self.invoice.draft.body.customer_no.clone(), bank, fees }
    }

    /// What a person has to book for money that no receipt books. Accounts that are not mapped are left empty.
    fn to_book(&self, net: Rupiah, booked: &Amounts<'_>) -> AfterSale {
        to_book(self.mapping, self.store_id, net, booked)
    }

    fn receipt(&self, row: &Row, payment: Rupiah, booked: &Amounts<'_>, used: Used) -> Result<ReceiptDraft, Outcome> {
        let discounts = self.on_accounts(row, booked)?.into_iter();
        let detail_discount = discounts
            .map(|one| DetailDiscount { account_no: one.account, amount: Rupiah::ZERO - one.amount })
            .collect();
        let paid = PaidInvoice { invoice_no: self.invoice.number.clone(), payment_amount: payment, detail_discount };
        let sold = &self.invoice.draft.body;
        let trans_date = match self.mapping.payout.date {
            PayoutDate::PaidAt => row.payout.paid_at,
            PayoutDate::Recorded => row.arrived,
        };
        let is_earlier = trans_date < sold.trans_date;
        if is_earlier && self.mapping.payout.before_invoice_date == BeforeInvoiceDate::Block {
            let days = AfterSale::BeforeInvoice { receipt: trans_date, invoice: sold.trans_date };
            return Err(blocked(Reason::ReceiptBeforeInvoice, days));
        }
        let body = ReceiptBody {
            customer_no: sold.customer_no.clone(),
            bank_no: self.bank()?,
            trans_date,
            number: DocumentNumber::default(),
            branch_name: None,
            pass_validate_invoice_date: is_earlier,
            cheque_amount: row.payout.net,
            detail_invoice: vec![paid],
        };
        let draft = self.invoice.draft;
        let (book, branch) = (draft.book.clone(), draft.body.branch_name.clone());
        Ok(ReceiptDraft { book, payout: row.payout.clone(), used, branch, body })
    }

    /// The booked amounts, each on its account, in the order of [`CATEGORIES`]. An amount of 0 is included only if the
    /// mapping wants it, and never needs an account.
    fn on_accounts(&self, row: &Row, booked: &Amounts<'_>) -> Result<Vec<OnAccount>, Outcome> {
        let names_zero = |category: &str| {
            self.mapping.payout.zero_lines == ZeroLines::Send
                && self.account(category).is_some()
                && row.payout.amounts.keys().any(|name| self.mapping.payout.category(name) == Some(category))
        };
        CATEGORIES
            .into_iter()
            .map(|category| (category, booked.get(category).copied().unwrap_or_default()))
            .filter(|(category, amount)| !amount.is_zero() || names_zero(category))
            .map(|(category, amount)| self.on_account(category, amount))
            .collect()
    }

    fn account(&self, category: &str) -> Option<&str> {
        account(self.mapping, self.store_id, category)
    }

    fn on_account(&self, category: &str, amount: Rupiah) -> Result<OnAccount, Outcome> {
        let account = self.account(category);
        let category = category.to_owned();
        match account {
            Some(account) => Ok(OnAccount { category, account: account.to_owned(), amount }),
            None => Err(blocked(Reason::AccountUnmapped, AfterSale::Category { category, amount })),
        }
    }

    fn bank(&self) -> Result<String, Outcome> {
        bank_of(self.mapping.stores.get(self.store_id))
            .ok_or_else(|| blocked(Reason::AccountUnmapped, AfterSale::BankAccount { store: self.store_id.to_owned() }))
    }
}

/// The account in which a store's payouts arrive.
pub(super) fn bank_of(store: Option<&Store>) -> Option<String> {
    store.and_then(|store| store.bank_account.clone())
}

/// Deducts what the invoice already contains: its discount and its shipping. A row that explains everything deducts all
/// of it.
fn take_off_invoice(booked: &mut Amounts<'_>, amounts: &Amounts<'_>, ledger: &Ledger) -> (Rupiah, Rupiah) {
    let part = if amounts.contains_key(SUBTOTAL) { Holding::whole } else { Holding::at_most };
    let discount = take_off(booked, VOUCHER, ledger.discount, part);
    (discount, take_off(booked, SHIPPING, ledger.shipping, part))
}

/// Deducts from a booked amount what the invoice already contains of its category, and returns what was deducted. Only
/// for a category that the row names. `part` says how much is deducted, of what is contained and of the row's amount.
fn take_off(booked: &mut Amounts<'_>, category: &str, holding: Holding, part: fn(Holding, Rupiah) -> Rupiah) -> Rupiah {
    let Some(amount) = booked.get_mut(category) else { return Rupiah::ZERO };
    let taken = part(holding, *amount);
    *amount = *amount - taken;
    taken
}

/// What changed in a row since its receipt was made on an order of this store; empty if nothing that was booked has
/// changed.
pub(super) fn corrections(booked: &Payout, now: &Payout, store_id: &str) -> Vec<Correction> {
    let mut changes = Vec::new();
    let mut compare = |what: &str, before: String, after: String| {
        if before != after {
            changes.push(Correction { what: what.to_owned(), before, after });
        }
    };
    // A source that names the order's store only now corrects nothing.
    let before = if booked.store_id.is_empty() { store_id } else { &booked.store_id };
    if !now.store_id.is_empty() {
        compare("store_id", before.to_owned(), now.store_id.clone());
    }
    compare("channel_order_id", booked.channel_order_id.clone(), now.channel_order_id.clone());
    compare("net", booked.net.to_string(), now.net.to_string());
    compare("paid_at", booked.paid_at.to_string(), now.paid_at.to_string());
    let shown = |payout: &Payout, name: &String| payout.amounts.get(name).map(ToString::to_string).unwrap_or_default();
    for name in booked.amounts.keys().chain(now.amounts.keys().filter(|name| !booked.amounts.contains_key(*name))) {
        compare(name, shown(booked, name), shown(now, name));
    }
    changes
}

pub(super) fn blocked(reason: Reason, of: AfterSale) -> Outcome {
    Outcome::Blocked(Finding { reason, about: About::AfterSale { of } })
}

pub(super) fn days_after(day: Date, days: i32) -> Date {
    day.saturating_add(jiff::Span::new().days(days))
}
