//! `POST /sandbox/masters`.

use axum::{Json, body::Bytes, extract::State};
use serde::Deserialize;
use serde_json::json;

use super::{Answered, BadInput, read};
use crate::sandbox::{AccountType, Masters, Sandbox, UnknownMasters};

/// Most items that are made in one call.
const MOST_ITEMS: usize = 100_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MasterOrder {
    #[serde(default)]
    items: Vec<NumberedOrder>,
    #[serde(default)]
    accounts: Vec<AccountOrder>,
    #[serde(default)]
    warehouses: Vec<String>,
    #[serde(default)]
    branches: Vec<String>,
    #[serde(default)]
    payment_terms: Vec<String>,
    #[serde(default)]
    customers: Vec<NumberedOrder>,
    /// So many further items.
    #[serde(default)]
    many_items: usize,
    #[serde(default)]
    suspend: Switched,
    #[serde(default)]
    resume: Switched,
    accept_unknown: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NumberedOrder {
    no: String,
    name: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountOrder {
    no: String,
    name: String,
    r#type: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Switched {
    #[serde(default)]
    items: Vec<String>,
    #[serde(default)]
    accounts: Vec<String>,
}

pub(super) async fn masters(State(sandbox): State<Sandbox>, body: Bytes) -> Answered {
    let order: MasterOrder = read(&body)?;
    let mut masters = Masters {
        items: order.items.into_iter().map(|item| (item.no, item.name)).collect(),
        warehouses: order.warehouses,
        branches: order.branches,
        payment_terms: order.payment_terms,
        customers: order.customers.into_iter().map(|customer| (customer.no, customer.name)).collect(),
        ..Masters::default()
    }
    .many_items(order.many_items.min(MOST_ITEMS));
    for (at, account) in order.accounts.into_iter().enumerate() {
        let kind = AccountType::named(&account.r#type).ok_or_else(|| {
            let known = AccountType::ALL.map(AccountType::name).join(", ");
            BadInput(format!("accounts[{at}].type: {:?} is not an account type; use one of {known}", account.r#type))
        })?;
        masters.accounts.push((account.no, account.name, kind));
    }
    sandbox.add_masters(&masters);
    order.suspend.items.iter().for_each(|no| sandbox.suspend_item(no));
    order.suspend.accounts.iter().for_each(|no| sandbox.suspend_account(no));
    order.resume.items.iter().for_each(|no| sandbox.resume_item(no));
    order.resume.accounts.iter().for_each(|no| sandbox.resume_account(no));
    if let Some(accept) = order.accept_unknown {
        let rule = if accept { UnknownMasters::Accepted } else { UnknownMasters::Refused };
        sandbox.change_settings(|settings| settings.unknown_masters = rule);
    }
    let core = sandbox.core();
    Ok(Json(json!({
        "items": core.books.items.len(),
        "accounts": core.books.accounts.len(),
        "warehouses": core.books.warehouses.len(),
        "branches": core.books.branches.len(),
        "payment_terms": core.books.payment_terms.len(),
        "customers": core.books.customers.len(),
        "accept_unknown": core.books.settings.unknown_masters == UnknownMasters::Accepted,
    })))
}
