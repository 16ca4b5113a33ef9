//! The calls that the sandbox supports.

use axum::http::Method;

use crate::domain::document::Kind;

/// One call of Accurate's API (accurate.md §1, §4, §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each name says its URL")]
pub enum Action {
    ApiToken,
    InvoiceSave,
    InvoiceBulkSave,
    InvoiceDetail,
    InvoiceList,
    InvoiceDelete,
    ReceiptSave,
    ReceiptBulkSave,
    ReceiptDetail,
    ReceiptList,
    ReceiptDelete,
    ReturnSave,
    ReturnBulkSave,
    ReturnDetail,
    ReturnList,
    ReturnDelete,
    CustomerSave,
    CustomerDetail,
    CustomerList,
    ItemDetail,
    ItemList,
    AccountList,
    WarehouseList,
    BranchList,
    TaxList,
    PaymentTermList,
    WebhookRenew,
    WebhookHistory,
}

/// What a call does with documents of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each name says its URL")]
pub enum Deed {
    Save,
    BulkSave,
    Detail,
    List,
    Delete,
}

impl Deed {
    /// Whether it saves.
    pub fn saves(self) -> bool {
        matches!(self, Self::Save | Self::BulkSave)
    }
}

impl Action {
    /// All of them, in the order of the enum.
    pub const ALL: [Self; 28] = [
        Self::ApiToken,
        Self::InvoiceSave,
        Self::InvoiceBulkSave,
        Self::InvoiceDetail,
        Self::InvoiceList,
        Self::InvoiceDelete,
        Self::ReceiptSave,
        Self::ReceiptBulkSave,
        Self::ReceiptDetail,
        Self::ReceiptList,
        Self::ReceiptDelete,
        Self::ReturnSave,
        Self::ReturnBulkSave,
        Self::ReturnDetail,
        Self::ReturnList,
        Self::ReturnDelete,
        Self::CustomerSave,
        Self::CustomerDetail,
        Self::CustomerList,
        Self::ItemDetail,
        Self::ItemList,
        Self::AccountList,
        Self::WarehouseList,
        Self::BranchList,
        Self::TaxList,
        Self::PaymentTermList,
        Self::WebhookRenew,
        Self::WebhookHistory,
    ];

    /// The name in the URL, such as `sales-invoice/save`.
    pub fn name(self) -> &'static str {
        match self {
            Self::ApiToken => "api-token",
            Self::InvoiceSave => "sales-invoice/save",
            Self::InvoiceBulkSave => "sales-invoice/bulk-save",
            Self::InvoiceDetail => "sales-invoice/detail",
            Self::InvoiceList => "sales-invoice/list",
            Self::InvoiceDelete => "sales-invoice/delete",
            Self::ReceiptSave => "sales-receipt/save",
            Self::ReceiptBulkSave => "sales-receipt/bulk-save",
            Self::ReceiptDetail => "sales-receipt/detail",
            Self::ReceiptList => "sales-receipt/list",
            Self::ReceiptDelete => "sales-receipt/delete",
            Self::ReturnSave => "sales-return/save",
            Self::ReturnBulkSave => "sales-return/bulk-save",
            Self::ReturnDetail => "sales-return/detail",
            Self::ReturnList => "sales-return/list",
            Self::ReturnDelete => "sales-return/delete",
            Self::CustomerSave => "customer/save",
            Self::CustomerDetail => "customer/detail",
            Self::CustomerList => "customer/list",
            Self::ItemDetail => "item/detail",
            Self::ItemList => "item/list",
            Self::AccountList => "glaccount/list",
            Self::WarehouseList => "warehouse/list",
            Self::BranchList => "branch/list",
            Self::TaxList => "tax/list",
            Self::PaymentTermList => "payment-term/list",
            Self::WebhookRenew => "webhook-renew",
            Self::WebhookHistory => "webhook-history",
        }
    }

    /// The action with this name, if the sandbox supports it.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name() == name)
    }

    /// What it does with which kind of document; `None` if it is about something else.
    pub fn on_documents(self) -> Option<(Kind, Deed)> {
        Some(match self {
            Self::InvoiceSave => (Kind::Invoice, Deed::Save),
            Self::InvoiceBulkSave => (Kind::Invoice, Deed::BulkSave),
            Self::InvoiceDetail => (Kind::Invoice, Deed::Detail),
            Self::InvoiceList => (Kind::Invoice, Deed::List),
            Self::InvoiceDelete => (Kind::Invoice, Deed::Delete),
            Self::ReceiptSave => (Kind::Receipt, Deed::Save),
            Self::ReceiptBulkSave => (Kind::Receipt, Deed::BulkSave),
            Self::ReceiptDetail => (Kind::Receipt, Deed::Detail),
            Self::ReceiptList => (Kind::Receipt, Deed::List),
            Self::ReceiptDelete => (Kind::Receipt, Deed::Delete),
            Self::ReturnSave => (Kind::Return, Deed::Save),
            Self::ReturnBulkSave => (Kind::Return, Deed::BulkSave),
            Self::ReturnDetail => (Kind::Return, Deed::Detail),
            Self::ReturnList => (Kind::Return, Deed::List),
            Self::ReturnDelete => (Kind::Return, Deed::Delete),
            _ => return None,
        })
    }

    /// Whether it saves documents of this kind.
    pub(super) fn saves(self, kind: Kind) -> bool {
        self.on_documents().is_some_and(|(of, deed)| of == kind && deed.saves())
    }

    /// Whether the account server answers it, wherever the database is.
    pub fn is_of_account(self) -> bool {
        matches!(self, Self::ApiToken | Self::WebhookRenew | Self::WebhookHistory)
    }

    /// Whether it changes data.
    pub fn writes(self) -> bool {
        let changes = |(_, deed): (Kind, Deed)| deed.saves() || deed == Deed::Delete;
        self == Self::CustomerSave || self.on_documents().is_some_and(changes)
    }

    /// Whether it lists masters.
    pub fn lists_masters(self) -> bool {
        matches!(
            self,
            Self::CustomerList
                | Self::ItemList
                | Self::AccountList
                | Self::WarehouseList
                | Self::BranchList
                | Self::TaxList
                | Self::PaymentTermList
        )
    }

    /// Its HTTP method (accurate.md §3).
    pub fn method(self) -> Method {
        match self.on_documents() {
            Some((_, Deed::Save | Deed::BulkSave)) => Method::POST,
            Some((_, Deed::Delete)) => Method::DELETE,
            _ if matches!(self, Self::ApiToken | Self::CustomerSave) => Method::POST,
            _ => Method::GET,
        }
    }

    /// Its path, from the root of its host.
    pub fn path(self) -> String {
        match self {
            account if account.is_of_account() => format!("/api/{}.do", account.name()),
            data => format!("/accurate/api/{}.do", data.name()),
        }
    }

    pub(super) fn of_path(path: &str) -> Option<Self> {
        let (name, is_of_account) = match path.strip_prefix("/accurate/api/") {
            Some(name) => (name, false),
            None => (path.strip_prefix("/api/")?, true),
        };
        Self::named(name.strip_suffix(".do")?).filter(|action| action.is_of_account() == is_of_account)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_is_found_at_its_own_path() {
        for action in Action::ALL {
            assert_eq!(Action::of_path(&action.path()), Some(action));
        }
        assert_eq!(Action::of_path("/accurate/api/sales-invoice/sav.do"), None);
        assert_eq!(Action::of_path("/accurate/api/api-token.do"), None);
    }
}
