//! The rules for returns: `[returns]` (design.md §5).

use toml::Table;

use super::after_sale::days;
use crate::domain::{status::Status, toml_text::Section};

/// When and how a return record becomes a return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnRules {
    /// Where return records come from, beside the API and cancellations after shipping.
    pub source: ReturnSource,
    /// What an order's status alone means, with [`ReturnSource::Status`].
    pub on_status: OnStatus,
    /// Who creates returns.
    pub mode: ReturnMode,
    /// What a return of goods waits for.
    pub wait_for: WaitFor,
    /// How money that was refunded without goods is booked.
    pub refund_only: RefundOnly,
    /// After so many days without goods or without a return record, a person is asked.
    pub wait_days: i32,
    /// Whether a return says if its goods came back; some Accurate databases do not know these fields.
    pub send_status: bool,
    /// Who puts the goods back into stock.
    pub restock: Restock,
    /// Whether a return without expenses says so, with an empty `detailExpense`.
    pub send_empty_expense: bool,
    /// The tax number of returns of taxed invoices; empty: Accurate gives it.
    pub tax_number: String,
    /// What happens if the month of a return is closed in Accurate.
    pub closed_month: ClosedMonth,
    /// What happens to the credit that a return leaves on an invoice that was paid before.
    pub credit: Credit,
}

/// Where return records come from, beside the API and cancellations after shipping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReturnSource {
    /// From nowhere else.
    Off,
    /// From orders whose status is `Returned` or `Failed Delivery`.
    Status,
}

/// What it means that an order is `Returned` or `Failed Delivery`, if nothing says which pieces came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnStatus {
    /// A person decides.
    Block,
    /// The whole order comes back.
    Full,
}

/// What happens if the month of a return is closed in Accurate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClosedMonth {
    /// A person acts.
    Block,
    /// The return is dated on the first day of the next month that is open.
    NextOpen,
}

/// What happens to the credit that a return leaves on an invoice that was paid before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credit {
    /// It stays with the customer.
    Leave,
    /// Once the marketplace takes the money back, a person closes it with a journal voucher. This service names the
    /// voucher's accounts and amounts, and posts none.
    Journal,
}

/// Who puts goods that came back into stock: if both did, each piece would count twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restock {
    /// Accurate, with the sales return.
    Accurate,
    /// Forstok: sales returns give back money only.
    Forstok,
}

/// Who creates returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReturnMode {
    /// A person, in Accurate: returns are only listed.
    List,
    /// The service, after a person's approval.
    Approve,
    /// The service.
    Auto,
}

/// What a return of goods waits for, and what its date is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitFor {
    /// The arrival of the goods.
    Received,
    /// Only the acceptance of the request.
    Accepted,
}

/// How money that was refunded while the buyer keeps the goods is booked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundOnly {
    /// A discount on `accounts.refund` in the receipt; no return.
    Discount,
    /// A return that puts nothing back into stock.
    NotReturned,
}

impl Default for ReturnRules {
    fn default() -> Self {
        Self {
            source: ReturnSource::Off,
            on_status: OnStatus::Block,
            mode: ReturnMode::List,
            wait_for: WaitFor::Received,
            refund_only: RefundOnly::Discount,
            wait_days: 30,
            send_status: true,
            restock: Restock::Accurate,
            send_empty_expense: true,
            tax_number: String::new(),
            closed_month: ClosedMonth::Block,
            credit: Credit::Leave,
        }
    }
}

impl ReturnRules {
    /// Whether an order with this status gets a return record.
    pub fn follows(&self, status: Option<Status>) -> bool {
        self.source == ReturnSource::Status && matches!(status, Some(Status::Returned | Status::FailedDelivery))
    }

    /// Whether this status begins a return, or may end one that a failed delivery had begun.
    pub fn concerns(&self, status: Option<Status>) -> bool {
        let is_delivered = matches!(status, Some(Status::Delivered | Status::Completed));
        self.follows(status) || (self.source == ReturnSource::Status && is_delivered)
    }

    pub(super) fn read(root: &Section<'_>) -> Self {
        let default = Self::default();
        let Some(section) = root.section("returns") else { return default };
        let modes = [("list", ReturnMode::List), ("approve", ReturnMode::Approve), ("auto", ReturnMode::Auto)];
        let refunds = [("discount", RefundOnly::Discount), ("not_returned", RefundOnly::NotReturned)];
        let closed_months = [("block", ClosedMonth::Block), ("next_open", ClosedMonth::NextOpen)];
        let rules = Self {
            source: section.choice("source", &[("off", ReturnSource::Off), ("status", ReturnSource::Status)]),
            on_status: section.choice("on_status", &[("block", OnStatus::Block), ("full", OnStatus::Full)]),
            mode: section.choice("mode", &modes),
            wait_for: section.choice("wait_for", &[("received", WaitFor::Received), ("accepted", WaitFor::Accepted)]),
            refund_only: section.choice("refund_only", &refunds),
            wait_days: days(&section, "wait_days", 1, default.wait_days),
            send_status: section.flag("send_status", default.send_status),
            restock: section.choice("restock", &[("accurate", Restock::Accurate), ("forstok", Restock::Forstok)]),
            send_empty_expense: section.flag("send_empty_expense", default.send_empty_expense),
            tax_number: section.text("tax_number").unwrap_or_default(),
            closed_month: section.choice("closed_month", &closed_months),
            credit: section.choice("credit", &[("leave", Credit::Leave), ("journal", Credit::Journal)]),
        };
        if rules.restock == Restock::Forstok && !rules.send_status {
            let remedy = "needs send_status = true: without it, Accurate puts all goods back into stock";
            section.problem("restock", section.value("restock"), remedy);
        }
        section.finish();
        rules
    }

    pub(super) fn to_table(&self) -> Table {
        let source = match self.source {
            ReturnSource::Off => "off",
            ReturnSource::Status => "status",
        };
        let on_status = match self.on_status {
            OnStatus::Block => "block",
            OnStatus::Full => "full",
        };
        let mode = match self.mode {
            ReturnMode::List => "list",
            ReturnMode::Approve => "approve",
            ReturnMode::Auto => "auto",
        };
        let wait_for = match self.wait_for {
            WaitFor::Received => "received",
            WaitFor::Accepted => "accepted",
        };
        let refund_only = match self.refund_only {
            RefundOnly::Discount => "discount",
            RefundOnly::NotReturned => "not_returned",
        };
        let restock = match self.restock {
            Restock::Accurate => "accurate",
            Restock::Forstok => "forstok",
        };
        let closed_month = match self.closed_month {
            ClosedMonth::Block => "block",
            ClosedMonth::NextOpen => "next_open",
        };
        let credit = match self.credit {
            Credit::Leave => "leave",
            Credit::Journal => "journal",
        };
        Table::from_iter([
            ("source".to_owned(), source.into()),
            ("on_status".to_owned(), on_status.into()),
            ("mode".to_owned(), mode.into()),
            ("wait_for".to_owned(), wait_for.into()),
            ("refund_only".to_owned(), refund_only.into()),
            ("wait_days".to_owned(), i64::from(self.wait_days).into()),
            ("send_status".to_owned(), self.send_status.into()),
            ("restock".to_owned(), restock.into()),
            ("send_empty_expense".to_owned(), self.send_empty_expense.into()),
            ("tax_number".to_owned(), self.tax_number.clone().into()),
            ("closed_month".to_owned(), closed_month.into()),
            ("credit".to_owned(), credit.into()),
        ])
    }
}

#[cfg(test)]
mod tests {
    use crate::domain::mapping::Mapping;

    #[test]
    fn forstok_alone_restocks_only_if_returns_say_so() {
        let text = "[returns]\nrestock = \"forstok\"\nsend_status = false";
        let problems = Mapping::parse("m", text).expect_err("must be refused");
        let said = problems[0].to_string();
        assert!(said.starts_with("returns.restock = \"forstok\": needs send_status = true"), "{said:?}");
        assert!(Mapping::parse("m", "[returns]\nrestock = \"forstok\"").is_ok());
    }
}
