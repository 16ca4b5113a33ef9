//! The checks before a record is saved.
//!
//! All applicable messages are returned at once, in the order of the fields; a client may receive any combination.

mod receipt;
mod sales_return;

use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;

pub(super) use self::sales_return::RETURN_TYPE;
use super::{
    Branches, Customer, CustomerNames, Emoji, Invoice, InvoiceExpense, InvoiceLine, Named, NegativeExpenses, Numbering,
    Receipt, SalesReturn, SuspendedItems, UnknownMasters,
    books::Books,
    fields::Fields,
    messages,
    register::{Record, Register},
    totals::{Ppn, percent_of, totals},
};

/// Checks a `sales-invoice/save` and, if there is no error, adds the invoice.
pub(super) fn save_invoice(books: &mut Books, body: Fields<'_>, now: Timestamp) -> Result<Invoice, Vec<String>> {
    let invoice = Check { books, said: Vec::new() }.invoice(body, now)?;
    if books.settings.emoji == Emoji::OwnError && has_emoji(&invoice) {
        return Err(vec![books.own_error()]);
    }
    Ok(books.add_invoice(now, |id| Invoice { id, ..invoice }))
}

/// Checks a `sales-receipt/save` and, if there is no error, adds the receipt.
pub(super) fn save_receipt(books: &mut Books, body: Fields<'_>, now: Timestamp) -> Result<Receipt, Vec<String>> {
    let receipt = Check { books, said: Vec::new() }.receipt(body, now)?;
    Ok(books.add_receipt(now, |id| Receipt { id, ..receipt }))
}

/// Checks a `sales-return/save` and, if there is no error, adds the return.
pub(super) fn save_return(books: &mut Books, body: Fields<'_>, now: Timestamp) -> Result<SalesReturn, Vec<String>> {
    let sales_return = Check { books, said: Vec::new() }.sales_return(body, now)?;
    Ok(books.add_return(now, |id| SalesReturn { id, ..sales_return }))
}

fn has_emoji(invoice: &Invoice) -> bool {
    let names = invoice.lines.iter().map(|line| &line.detail_name);
    let mut texts = names.chain([&invoice.description, &invoice.po_number]);
    texts.any(|text| text.chars().any(|character| character > '\u{FFFF}'))
}

/// Checks a `customer/save` and, if there is no error, adds the customer.
pub(super) fn save_customer(books: &mut Books, body: Fields<'_>) -> Result<Customer, Vec<String>> {
    let customer = Check { books, said: Vec::new() }.customer(body)?;
    Ok(books.customers.add(|id| Customer { id, ..customer }).clone())
}

/// Checks one body and collects the errors.
struct Check<'a> {
    books: &'a Books,
    said: Vec<String>,
}

impl Check<'_> {
    fn invoice(mut self, body: Fields<'_>, now: Timestamp) -> Result<Invoice, Vec<String>> {
        let customer_no = self.customer_no(body);
        let trans_date = self.trans_date(body);
        let number = self.number(body, &self.books.invoices, "No Faktur");
        let branch_name = self.branch(body);
        let payment_term_name =
            self.known_name("Syarat Pembayaran", &self.books.payment_terms, body.text("paymentTermName"));
        let lines = self.lines(body);
        let expenses = self.expenses(body);
        let cash_discount = self.discount(body, &lines);

        let taxable = body.flag("taxable");
        let inclusive_tax = body.flag("inclusiveTax");
        let sums = totals(&lines, &expenses, cash_discount, self.ppn(body));
        let (Some(trans_date), true) = (trans_date, self.said.is_empty()) else { return Err(self.said) };
        Ok(Invoice {
            id: 0,
            number: number.unwrap_or_else(|| self.books.own_invoice_number()),
            customer_no,
            description: body.text("description").unwrap_or_default(),
            po_number: body.text("poNumber").unwrap_or_default(),
            trans_date,
            branch_name,
            payment_term_name,
            taxable,
            inclusive_tax,
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

    fn customer(mut self, body: Fields<'_>) -> Result<Customer, Vec<String>> {
        let name = self.required("Nama", body.text("name"));
        let date = self.required("Tanggal", body.text("transDate"));
        if !date.is_empty() && read_day(&date).is_none() {
            self.say(messages::unreadable("Tanggal", date));
        }
        let customer_no = body.text("customerNo");
        if let Some(no) = customer_no.as_ref().filter(|no| self.books.customers.holds(no)) {
            self.say(messages::customer_taken(no));
        }
        let names_are_unique = self.books.settings.customer_names == CustomerNames::Unique;
        if names_are_unique && self.books.customers.all().any(|customer| customer.name == name) {
            self.say(messages::customer_name_taken(&name));
        }
        if !self.said.is_empty() {
            return Err(self.said);
        }
        Ok(Customer { id: 0, customer_no: customer_no.unwrap_or_else(|| self.books.own_customer_no()), name })
    }

    fn say(&mut self, message: impl Into<String>) {
        self.said.push(message.into());
    }

    /// The text, or an empty one after reporting that it is required.
    fn required(&mut self, field: &str, text: Option<String>) -> String {
        text.unwrap_or_else(|| {
            self.say(messages::required(field));
            String::new()
        })
    }

    /// The amount; an invalid one is reported and counts as absent.
    fn amount(&mut self, body: Fields<'_>, name: &str) -> Option<Decimal> {
        body.amount(name).unwrap_or_else(|message| {
            self.say(message);
            Some(Decimal::ZERO)
        })
    }

    fn customer_no(&mut self, body: Fields<'_>) -> String {
        let no = self.required("Pelanggan", body.text("customerNo"));
        if !no.is_empty() && !self.books.customers.holds(&no) {
            self.say(messages::not_found("Pelanggan", &no));
        }
        no
    }

    fn trans_date(&mut self, body: Fields<'_>) -> Option<Date> {
        let text = body.text("transDate");
        let date = text.as_deref().and_then(read_day);
        match (date, text) {
            (_, None) => self.say(messages::required("Tanggal")),
            (None, Some(text)) => self.say(messages::unreadable("Tanggal", text)),
            (Some(date), _) if date < self.books.settings.company_start => self.say(messages::BEFORE_START),
            _ => {}
        }
        date
    }

    fn number<T: Record>(&mut self, body: Fields<'_>, register: &Register<T>, field: &str) -> Option<String> {
        if self.books.settings.numbering == Numbering::Automatic {
            return None;
        }
        let number = self.books.settings.letter_case.of(body.text("number")?);
        if number.chars().count() > self.books.settings.longest_number {
            self.say(messages::too_long(field, self.books.settings.longest_number));
        }
        if number.chars().any(char::is_control) {
            self.say(messages::wrong_characters(field));
        }
        if register.holds(&number) {
            self.say(messages::number_taken(field, &number));
        }
        Some(number)
    }

    fn branch(&mut self, body: Fields<'_>) -> Option<String> {
        if let Some(id) = body.text("branchId") {
            let branch = id.parse().ok().and_then(|id| self.books.branches.with_id(id));
            if branch.is_none() {
                self.say(messages::not_found("Cabang", id));
            }
            return branch.map(|branch| branch.name.clone());
        }
        let name = body.text("branchName");
        if name.is_none() && self.books.settings.branches == Branches::SeveralSeen {
            self.say(messages::BRANCH_REQUIRED);
        }
        self.known_name("Cabang", &self.books.branches, name)
    }

    fn known_name(&mut self, what: &str, register: &Register<Named>, name: Option<String>) -> Option<String> {
        let name = name?;
        let usable = register.get(&name).is_some_and(|known| !known.suspended);
        if !usable && !self.takes_unknown(register, &name) {
            self.say(messages::not_found(what, &name));
        }
        Some(name)
    }

    /// In permissive mode, unknown masters are accepted; known but suspended ones are not.
    fn takes_unknown<T: Record>(&self, register: &Register<T>, key: &str) -> bool {
        self.books.settings.unknown_masters == UnknownMasters::Accepted && !register.holds(key)
    }

    fn lines(&mut self, body: Fields<'_>) -> Vec<InvoiceLine> {
        let lines: Vec<_> = body.list("detailItem").map(|line| self.line(line)).collect();
        if lines.is_empty() {
            self.say(messages::NO_LINES);
        }
        lines
    }

    fn line(&mut self, body: Fields<'_>) -> InvoiceLine {
        let item_no = self.required("Barang & Jasa", body.text("itemNo"));
        let item = self.books.items.get(&item_no);
        let usable = item.is_some_and(|item| !item.suspended) || self.takes_unknown(&self.books.items, &item_no);
        if !item_no.is_empty() && !usable {
            let is_named = item.is_some() && self.books.settings.suspended_items == SuspendedItems::Named;
            self.say(if is_named {
                messages::item_inactive(&item_no)
            } else {
                messages::not_found("Barang & Jasa", &item_no)
            });
        }
        let unit_price = self.amount(body, "unitPrice").unwrap_or_else(|| {
            self.say(messages::required("Harga"));
            Decimal::ZERO
        });
        // The default quantity of 1 is a guess.
        let quantity = self.amount(body, "quantity").unwrap_or(Decimal::ONE);
        if quantity <= Decimal::ZERO {
            self.say(messages::quantity_not_positive(&item_no));
        }
        let own_name = || item.map_or_else(String::new, |item| item.name.clone());
        let detail_name = body.text("detailName").unwrap_or_else(own_name);
        if detail_name.chars().count() > self.books.settings.longest_detail_name {
            self.say(messages::too_long("Nama Barang", self.books.settings.longest_detail_name));
        }
        InvoiceLine {
            item_cash_discount: self.line_discount(body, quantity * unit_price),
            warehouse_name: self.known_name("Gudang", &self.books.warehouses, body.text("warehouseName")),
            use_tax1: body.flag("useTax1"),
            returned: Decimal::ZERO,
            item_no,
            detail_name,
            quantity,
            unit_price,
        }
    }

    /// A percentage overrides the line's cash discount (accurate.md §4).
    fn line_discount(&mut self, body: Fields<'_>, gross: Decimal) -> Decimal {
        match body.text("itemDiscPercent") {
            Some(percents) => self.percent(gross, "itemDiscPercent", &percents),
            None => self.amount(body, "itemCashDiscount").unwrap_or_default(),
        }
    }

    fn percent(&mut self, amount: Decimal, field: &str, percents: &str) -> Decimal {
        percent_of(amount, percents).unwrap_or_else(|| {
            self.say(messages::unreadable(field, percents));
            Decimal::ZERO
        })
    }

    /// The number of an account that can be used.
    fn account(&mut self, body: Fields<'_>, field: &str) -> String {
        let account_no = self.required("Akun", body.text(field));
        let account = self.books.accounts.get(&account_no);
        if account.is_some_and(|account| account.suspended) {
            self.say(messages::account_inactive(&account_no));
        }
        if !account_no.is_empty() && account.is_none() && !self.takes_unknown(&self.books.accounts, &account_no) {
            self.say(messages::not_found("Akun", &account_no));
        }
        account_no
    }

    fn expenses(&mut self, body: Fields<'_>) -> Vec<InvoiceExpense> {
        body.list("detailExpense").map(|expense| self.expense(expense)).collect()
    }

    fn expense(&mut self, body: Fields<'_>) -> InvoiceExpense {
        let account_no = self.account(body, "accountNo");
        let account = self.books.accounts.get(&account_no);
        let amount = self.amount(body, "expenseAmount").unwrap_or_else(|| {
            self.say(messages::required("Nilai Biaya"));
            Decimal::ZERO
        });
        if amount < Decimal::ZERO && self.books.settings.negative_expenses == NegativeExpenses::Refused {
            self.say(messages::NEGATIVE_EXPENSE);
        }
        let own_name = || account.map_or_else(String::new, |account| account.name.clone());
        InvoiceExpense { account_no, amount, name: body.text("expenseName").unwrap_or_else(own_name) }
    }

    fn discount(&mut self, body: Fields<'_>, lines: &[InvoiceLine]) -> Decimal {
        let sub_total: Decimal = lines.iter().map(InvoiceLine::amount).sum();
        let discount = match body.text("cashDiscPercent") {
            Some(percents) => self.percent(sub_total, "cashDiscPercent", &percents),
            None => self.amount(body, "cashDiscount").unwrap_or_default(),
        };
        if discount > sub_total {
            self.say(messages::DISCOUNT_ABOVE_SUBTOTAL);
        }
        discount
    }

    fn ppn(&self, body: Fields<'_>) -> Ppn {
        let rate = self.books.ppn_rate();
        match (body.flag("taxable"), body.flag("inclusiveTax")) {
            (false, _) => Ppn::None,
            (true, true) => Ppn::Inside { rate },
            (true, false) => Ppn::OnTop { rate },
        }
    }
}

/// Only `dd/MM/yyyy` (accurate.md §3).
pub(super) fn read_day(text: &str) -> Option<Date> {
    let mut parts = text.split('/');
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    if (day.len(), month.len(), year.len()) != (2, 2, 4) || parts.next().is_some() {
        return None;
    }
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}
