//! Compares a mapping with the masters of one book; a pure function.

use super::Finding;
use crate::domain::{
    ids::BookName,
    mapping::{CATEGORIES, Mapping, Store},
    masters::{AccountType, Master, account_type_in_words},
    reason::Language,
};

/// The masters of one book; `None` if a list could not be read, which is a separate finding.
#[derive(Clone, Debug, Default)]
pub(super) struct Masters {
    pub(super) accounts: Option<Vec<Master>>,
    pub(super) warehouses: Option<Vec<Master>>,
    pub(super) branches: Option<Vec<Master>>,
    pub(super) payment_terms: Option<Vec<Master>>,
}

/// Everything in the mapping that this book does not have, or has with another type.
pub(super) fn compare(book: &BookName, mapping: &Mapping, masters: &Masters) -> Vec<Finding> {
    let stores: Vec<_> = mapping.stores.iter().filter(|(_, store)| &store.book == book).collect();
    let mut findings = Vec::new();
    if let Some(accounts) = &masters.accounts {
        for category in CATEGORIES {
            let mut named =
                Vec::from_iter(mapping.accounts.get(category).map(|no| (format!("accounts.{category}"), no)));
            for (id, store) in &stores {
                named.extend(
                    store.accounts.get(category).map(|no| (format!("stores.\"{id}\".accounts.{category}"), no)),
                );
            }
            for (part, no) in named {
                findings.push(account(part, no, AccountType::fitting(category), accounts));
            }
        }
        for (id, store) in &stores {
            if let Some(no) = &store.bank_account {
                findings.push(account(format!("stores.\"{id}\".bank_account"), no, AccountType::CashAndBank, accounts));
            }
        }
    }
    if let Some(warehouses) = &masters.warehouses {
        let general = mapping.warehouses.iter().flatten().map(|(id, name)| (format!("warehouses.\"{id}\""), name));
        let own = stores.iter().flat_map(|(store_id, store)| {
            let names = store.warehouses.iter().flatten();
            names.map(move |(id, name)| (format!("stores.\"{store_id}\".warehouses.\"{id}\""), name))
        });
        findings.extend(general.chain(own).map(|(part, name)| named(part, "warehouse", name, warehouses)));
    }
    for (id, store) in &stores {
        findings.extend(branch(id, store, masters));
        if let (Some(term), Some(terms)) = (&store.payment_term, &masters.payment_terms) {
            findings.push(named(format!("stores.\"{id}\".payment_term"), "payment term", term, terms));
        }
    }
    findings
}

fn account(part: String, no: &str, wanted: AccountType, accounts: &[Master]) -> Finding {
    let Some(row) = accounts.iter().find(|row| row.no == no) else {
        return Finding::error(
            part,
            format!("account {no} does not exist in Accurate"),
            "create it there or name another account",
        )
        .indonesian(
            format!("akun perkiraan {no} tidak ada di Accurate"),
            "buat akun tersebut di Accurate, atau pilih akun lain di pemetaan",
        );
    };
    let (name, kind) = (&row.name, &row.kind);
    if row.suspended {
        return Finding::error(
            part,
            format!("account {no} ({name}) is inactive in Accurate"),
            "activate it there or name another account",
        )
        .indonesian(
            format!("akun perkiraan {no} ({name}) nonaktif di Accurate"),
            "aktifkan akun tersebut di Accurate, atau pilih akun lain di pemetaan",
        );
    }
    if kind == wanted.code() {
        let known = Finding::ok(part, format!("account {no} ({name})"));
        return known.indonesian(format!("akun perkiraan {no} ({name})"), "");
    }
    let found = format!("account {no} ({name}) is of type {kind}, not {}", wanted.code());
    let in_words = |code| account_type_in_words(code, Language::Indonesian);
    let (is, should_be) = (in_words(kind.as_str()), in_words(wanted.code()));
    let in_indonesian = format!("akun perkiraan {no} ({name}) bertipe {is}, bukan {should_be}");
    let correct_it = format!("pilih akun bertipe {should_be} di pemetaan");
    let unless_meant = format!("{correct_it}, kecuali jika memang disengaja");
    match wanted {
        // A receipt can only be booked to this type.
        AccountType::CashAndBank => {
            Finding::error(part, found, "name a Cash & Bank account").indonesian(in_indonesian, correct_it)
        }
        AccountType::Revenue => Finding::warning(part, found, "name an account of type Revenue, unless this is meant")
            .indonesian(in_indonesian, unless_meant),
        AccountType::OtherIncome => {
            Finding::warning(part, found, "name an account of type Other Income, unless this is meant")
                .indonesian(in_indonesian, unless_meant)
        }
        AccountType::OtherExpense => {
            Finding::warning(part, found, "name an account of type Other Expense, unless this is meant")
                .indonesian(in_indonesian, unless_meant)
        }
    }
}

fn named(part: String, kind: &str, name: &str, rows: &[Master]) -> Finding {
    let in_indonesian = match kind {
        "warehouse" => "gudang",
        "branch" => "cabang",
        _ => "syarat pembayaran",
    };
    if rows.iter().any(|row| row.name == name && !row.suspended) {
        return Finding::ok(part, format!("{kind} {name:?}")).indonesian(format!("{in_indonesian} {name:?}"), "");
    }
    let near: Vec<_> = rows.iter().map(|row| row.name.as_str()).collect();
    let hint = crate::domain::toml_text::did_you_mean(name, &near);
    Finding::error(
        part,
        format!("{kind} {name:?} does not exist in Accurate{hint}"),
        format!("create the {kind} there or correct the name"),
    )
    .indonesian(
        format!("{in_indonesian} {name:?} tidak ada di Accurate{}", hint.replace("did you mean", "apakah maksudnya")),
        format!("buat {in_indonesian} tersebut di Accurate, atau perbaiki namanya di pemetaan"),
    )
}

/// A branch is required as soon as the token's user sees several (accurate.md §4, A).
fn branch(id: &str, store: &Store, masters: &Masters) -> Option<Finding> {
    let branches = masters.branches.as_ref()?;
    let part = format!("stores.\"{id}\".branch");
    match &store.branch {
        Some(name) => Some(named(part, "branch", name, branches)),
        None if branches.len() > 1 => Some(
            Finding::error(
                part,
                format!("is not set, but the token's user sees {} branches", branches.len()),
                "set the branch that this store's invoices belong to",
            )
            .indonesian(
                format!("belum dipilih, padahal pengguna API Token melihat {} cabang", branches.len()),
                "pilih cabang untuk faktur toko ini di pemetaan",
            ),
        ),
        None => None,
    }
}
