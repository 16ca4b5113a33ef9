//! The calls that the sandbox supports.

use axum::http::Method;

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
}

impl Action {
    /// All of them, in the order of the enum.
    pub const ALL: [Self; 16] = [
        Self::ApiToken,
        Self::InvoiceSave,
        Self::InvoiceBulkSave,
        Self::InvoiceDetail,
        Self::InvoiceList,
        Self::InvoiceDelete,
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
        }
    }

    /// The action with this name, if the sandbox supports it.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name() == name)
    }

    /// Whether it changes data.
    pub fn writes(self) -> bool {
        matches!(self, Self::InvoiceSave | Self::InvoiceBulkSave | Self::InvoiceDelete | Self::CustomerSave)
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
        match self {
            Self::ApiToken | Self::InvoiceSave | Self::InvoiceBulkSave | Self::CustomerSave => Method::POST,
            Self::InvoiceDelete => Method::DELETE,
            _ => Method::GET,
        }
    }

    /// Its path, from the root of its host.
    pub fn path(self) -> String {
        match self {
            Self::ApiToken => "/api/api-token.do".to_owned(),
            data => format!("/accurate/api/{}.do", data.name()),
        }
    }

    pub(super) fn of_path(path: &str) -> Option<Self> {
        if path == "/api/api-token.do" {
            return Some(Self::ApiToken);
        }
        let name = path.strip_prefix("/accurate/api/")?.strip_suffix(".do")?;
        Self::named(name).filter(|action| *action != Self::ApiToken)
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
