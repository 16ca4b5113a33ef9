//! What can be chosen in Accurate, for questions and for what was given instead.

use std::collections::BTreeSet;

use crate::{
    accurate::{
        client::Session,
        masters::{self, Pages},
    },
    domain::masters::{AccountType, Master, MasterKind},
};

/// Values that a remedy names; more would hide the sentence.
const MOST_NAMED: usize = 5;

/// One of Accurate's lists.
#[derive(Debug, Default)]
pub(super) struct Choices {
    /// What a row is called.
    pub(super) what: &'static str,
    /// The rows that fit: the value, and its name where that is something else.
    pub(super) offered: Vec<(String, String)>,
    /// The values of all active rows; `None`: anything can be chosen.
    known: Option<BTreeSet<String>>,
}

/// The lists from which a mapping is chosen. What cannot be read is not offered, and not examined.
#[derive(Debug, Default)]
pub(super) struct Lists {
    pub(super) shipping_accounts: Choices,
    pub(super) bank_accounts: Choices,
    pub(super) branches: Choices,
    pub(super) payment_terms: Choices,
    pub(super) warehouses: Choices,
    /// The first of them. The service creates a customer that is missing, so any number can be chosen.
    pub(super) customers: Choices,
}

impl Lists {
    pub(super) async fn read(session: &Session) -> Self {
        let list = async |kind| masters::list(session, kind).await.ok();
        let accounts = list(MasterKind::Accounts).await;
        let of_type =
            |fitting: AccountType| Choices::new("account", accounts.clone(), |row: &Master| row.kind == fitting.code());
        Self {
            shipping_accounts: of_type(AccountType::fitting("shipping")),
            bank_accounts: of_type(AccountType::CashAndBank),
            branches: Choices::new("branch", list(MasterKind::Branches).await, |_| true),
            payment_terms: Choices::new("payment term", list(MasterKind::Terms).await, |_| true),
            warehouses: Choices::new("warehouse", list(MasterKind::Warehouses).await, |_| true),
            customers: Choices { known: None, ..Choices::new("customer", first_customers(session).await, |_| true) },
        }
    }
}

/// The customers on the first page: there may be thousands.
async fn first_customers(session: &Session) -> Option<Vec<Master>> {
    let mut pages = Pages::of(MasterKind::Customers);
    let call = pages.next_call()?;
    pages.read(session, &call).await.ok()
}

impl Choices {
    fn new(what: &'static str, rows: Option<Vec<Master>>, fits: impl Fn(&Master) -> bool) -> Self {
        let Some(rows) = rows else { return Self { what, ..Self::default() } };
        let active = || rows.iter().filter(|row| !row.suspended);
        let choice = |row: &Master| match row.no.as_str() {
            "" => (row.name.clone(), String::new()),
            no => (no.to_owned(), row.name.clone()),
        };
        Self {
            what,
            offered: active().filter(|row| fits(row)).map(choice).collect(),
            known: Some(active().map(|row| choice(row).0).collect()),
        }
    }

    /// The only one that fits.
    pub(super) fn only(&self) -> &str {
        match self.offered.as_slice() {
            [(value, _)] => value,
            _ => "",
        }
    }

    /// What is wrong with a value, and what to do.
    pub(super) fn examine(&self, value: &str) -> Result<(), String> {
        if self.known.as_ref().is_none_or(|known| known.contains(value)) {
            return Ok(());
        }
        let named: Vec<_> = self.offered.iter().take(MOST_NAMED).map(|(value, _)| value.as_str()).collect();
        let remedy = match (self.offered.len(), named.join(", ")) {
            (0, _) => "create it there first".to_owned(),
            (1, only) => format!("choose {only}"),
            (2..=MOST_NAMED, all) => format!("choose one of {all}"),
            (_, first) => format!("choose one that exists, such as {first}"),
        };
        Err(format!("is not an active {} in Accurate: {remedy}", self.what))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(no: &str, name: &str, suspended: bool) -> Master {
        Master { no: no.to_owned(), name: name.to_owned(), suspended, ..Master::default() }
    }

    #[test]
    fn what_is_not_active_in_accurate_is_refused_with_what_can_be_chosen() {
        let rows = vec![row("", "Utama", false), row("", "Gudang B", false), row("", "Lama", true)];
        let warehouses = Choices::new("warehouse", Some(rows), |_| true);
        assert_eq!(warehouses.examine("Utama"), Ok(()));
        let refused = Err("is not an active warehouse in Accurate: choose one of Utama, Gudang B".to_owned());
        assert_eq!(warehouses.examine("Lama"), refused);
        assert_eq!(warehouses.only(), "");
        let none = Choices::new("payment term", Some(Vec::new()), |_| true);
        let refused = Err("is not an active payment term in Accurate: create it there first".to_owned());
        assert_eq!(none.examine("Net 7"), refused);
    }

    #[test]
    fn an_account_of_another_type_is_not_offered_but_taken() {
        let rows = vec![row("700101", "Ongkos Kirim", false), row("110101", "Kas", false)];
        let accounts = Choices::new("account", Some(rows), |row| row.no == "700101");
        assert_eq!((accounts.only(), accounts.examine("110101")), ("700101", Ok(())));
    }

    #[test]
    fn a_list_that_could_not_be_read_refuses_nothing() {
        assert_eq!(Choices::new("branch", None, |_| true).examine("Timur"), Ok(()));
    }
}
