//! What is sensible for a store or a warehouse that is not mapped yet. A suggestion is marked as one and saved only by a
//! person.

use std::collections::BTreeMap;

use super::{
    form::{STORE_TEXTS, Values, of_store},
    lists::{List, Lists},
};
use crate::{
    domain::{
        ids::BookName,
        masters::{AccountType, Master, MasterKind},
    },
    storage::StoreName,
};

/// The suggestion for one field of a store.
pub(super) fn of(key: &str, store: &StoreName, values: &Values, lists: &Lists, book: &BookName) -> Option<String> {
    debug_assert!(STORE_TEXTS.contains(&key), "a field of a store");
    match key {
        "customer_no" => customer(store, lists.of(book, MasterKind::Customers, None)?),
        "branch" => only_one(lists.of(book, MasterKind::Branches, None)?).or_else(|| usual(key, values)),
        "bank_account" => {
            account_of_channel(store, lists.of(book, MasterKind::Accounts, Some(AccountType::CashAndBank))?)
        }
        "payment_term" => usual(key, values),
        _ => None,
    }
}

/// The warehouse in Accurate that is named like a warehouse in Forstok, or the only one.
pub(super) fn warehouse(code: &str, list: &List) -> Option<String> {
    let code = code.trim().to_lowercase();
    let mut found = list.rows.iter().filter(|row| !code.is_empty() && row.name.trim().to_lowercase() == code);
    let named = found.next().filter(|_| found.next().is_none()).map(|row| row.value().to_owned());
    named.or_else(|| only_one(list))
}

/// A customer who has the store's name.
fn customer(store: &StoreName, list: &List) -> Option<String> {
    let name = store.name.trim().to_lowercase();
    let same = |name_there: &str| name_there.trim().to_lowercase() == name;
    let mut found = list.known().filter(|row| !row.suspended && !name.is_empty() && same(&row.name));
    found.next().filter(|_| found.next().is_none()).map(|row| row.value().to_owned())
}

/// The only row that there is.
fn only_one(list: &List) -> Option<String> {
    match list.rows.as_slice() {
        [row] if list.is_whole => Some(row.value().to_owned()),
        _ => None,
    }
}

/// The Cash & Bank account that is named like the store's marketplace, for example `Saldo Shopee`.
fn account_of_channel(store: &StoreName, list: &List) -> Option<String> {
    let channel = store.channel.split_whitespace().next().unwrap_or_default().to_lowercase();
    let is_named_so = |row: &&Master| !channel.is_empty() && row.name.to_lowercase().contains(&channel);
    let mut found = list.rows.iter().filter(is_named_so);
    found.next().filter(|_| found.next().is_none()).map(|row| row.value().to_owned())
}

/// What most of the other stores have, if it is more than one.
fn usual(key: &str, values: &Values) -> Option<String> {
    let mut counts = BTreeMap::<&str, usize>::new();
    for id in values.ids("stores") {
        let value = values.get(&of_store(id, key));
        if !value.is_empty() {
            *counts.entry(value).or_default() += 1;
        }
    }
    let (value, stores) = counts.into_iter().max_by_key(|(_, stores)| *stores)?;
    (stores > 1).then(|| value.to_owned())
}
