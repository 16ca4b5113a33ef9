//! The questions about the mapping, and what was given instead of an answer.

use std::collections::BTreeMap;

use super::{Arguments, ask::Asker, choices::Lists};
use crate::{
    cli::Failure,
    domain::{mapping::canonical_id, toml_text::Problem},
};

/// What the mapping says besides the first day. An empty text is to be chosen later.
#[derive(Debug, Default)]
pub(super) struct Answers {
    pub(super) stores: Vec<Store>,
    pub(super) shipping_account: String,
    /// Of every store.
    pub(super) branch: String,
    /// Of every store.
    pub(super) payment_term: String,
    /// Forstok's warehouse id → warehouse in Accurate; empty: invoices name no warehouse.
    pub(super) warehouses: BTreeMap<String, String>,
}

/// One store.
#[derive(Debug, Default)]
pub(super) struct Store {
    /// Forstok's id.
    pub(super) id: String,
    /// Empty: its id.
    pub(super) customer_no: String,
    /// Empty: to be chosen later.
    pub(super) bank_account: String,
}

/// The arguments about the mapping, by Forstok's ids.
#[derive(Debug, Default)]
pub(super) struct Given {
    stores: Vec<String>,
    customers: BTreeMap<String, String>,
    bank_accounts: BTreeMap<String, String>,
    warehouses: BTreeMap<String, String>,
    shipping_account: Option<String>,
    branch: Option<String>,
    payment_term: Option<String>,
}

impl Given {
    /// Reads the arguments, and reports everything that is wrong with them.
    pub(super) fn read(arguments: &Arguments) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut stores = Vec::new();
        for text in &arguments.store {
            match canonical_id(text) {
                None => problems.push(problem(
                    "--store",
                    text,
                    "is not an id: give Forstok's id of the store, such as 8277",
                )),
                Some(id) if stores.contains(&id) => {}
                Some(id) => stores.push(id),
            }
        }
        let mut read = |flag, given: &[String], form| pairs(flag, given, form, &mut problems);
        let customers =
            read("--customer", &arguments.customer, "must be a store's id and a customer's number: 8277=TOKO-1");
        let bank_accounts = read(
            "--bank-account",
            &arguments.bank_account,
            "must be a store's id and an account's number: 8277=110102",
        );
        let warehouses = read(
            "--warehouse",
            &arguments.warehouse,
            "must be Forstok's id of a warehouse and its name in Accurate: 834=Utama",
        );
        for (flag, of_stores) in [("--customer", &customers), ("--bank-account", &bank_accounts)] {
            for (id, value) in of_stores.iter().filter(|(id, _)| !stores.contains(id)) {
                let remedy = format!("is about a store that is not given: add --store {id}");
                problems.push(problem(flag, &format!("{id}={value}"), &remedy));
            }
        }
        let (shipping_account, branch) = (arguments.shipping_account.clone(), arguments.branch.clone());
        let payment_term = arguments.payment_term.clone();
        let given = Self { stores, customers, bank_accounts, warehouses, shipping_account, branch, payment_term };
        if problems.is_empty() { Ok(given) } else { Err(problems) }
    }

    /// Everything that Accurate does not have.
    pub(super) fn missing_in(&self, lists: &Lists) -> Vec<Problem> {
        let single = [
            ("--shipping-account", &self.shipping_account, &lists.shipping_accounts),
            ("--branch", &self.branch, &lists.branches),
            ("--payment-term", &self.payment_term, &lists.payment_terms),
        ];
        let single = single.into_iter().filter_map(|(flag, value, list)| {
            let value = value.as_deref()?;
            list.examine(value).err().map(|remedy| problem(flag, value, &remedy))
        });
        let several = [
            ("--customer", &self.customers, &lists.customers),
            ("--bank-account", &self.bank_accounts, &lists.bank_accounts),
            ("--warehouse", &self.warehouses, &lists.warehouses),
        ];
        let several = several.into_iter().flat_map(|(flag, values, list)| {
            values.iter().filter_map(move |(id, value)| {
                list.examine(value).err().map(|remedy| problem(flag, &format!("{id}={value}"), &remedy))
            })
        });
        single.chain(several).collect()
    }

    /// Asks for what was not given.
    pub(super) fn ask(self, asker: &Asker, lists: &Lists) -> Result<Answers, Failure> {
        let stores = asker.ask(
            (!self.stores.is_empty()).then(|| self.stores.join(",")),
            "Forstok's ids of your stores, separated by commas (empty: choose them later on the page)",
            "",
            |text| Ok(text.to_owned()),
        )?;
        let mut answers = Answers::default();
        for id in ids_in(&stores) {
            let customer_no = asker.choose(
                self.customers.get(&id).cloned(),
                &format!("Customer in Accurate for store {id} (empty: number {id})"),
                "",
                &lists.customers,
            )?;
            let bank_account = asker.choose(
                self.bank_accounts.get(&id).cloned(),
                &format!("Cash & Bank account for the payouts of store {id} (empty: later)"),
                "",
                &lists.bank_accounts,
            )?;
            answers.stores.push(Store { id, customer_no, bank_account });
        }
        answers.shipping_account =
            asker.choose(self.shipping_account, "Account for shipping (empty: later)", "", &lists.shipping_accounts)?;
        answers.branch = match lists.branches.offered.len() {
            // A single branch need not be named.
            0 | 1 => self.branch.unwrap_or_default(),
            _ => asker.choose(self.branch, "Branch of the invoices (empty: later)", "", &lists.branches)?,
        };
        answers.payment_term = asker.choose(
            self.payment_term,
            "Payment term of the invoices (empty: that of the customer)",
            "",
            &lists.payment_terms,
        )?;
        let warehouses = asker.ask(
            (!self.warehouses.is_empty()).then(|| self.warehouses.keys().cloned().collect::<Vec<_>>().join(",")),
            "Forstok's ids of your warehouses, separated by commas (empty: invoices name no warehouse)",
            "",
            |text| Ok(text.to_owned()),
        )?;
        for id in ids_in(&warehouses) {
            let question = format!("Warehouse in Accurate for warehouse {id} (empty: later)");
            let given = self.warehouses.get(&id).cloned();
            let name = asker.choose(given, &question, lists.warehouses.only(), &lists.warehouses)?;
            if !name.is_empty() {
                answers.warehouses.insert(id, name);
            }
        }
        Ok(answers)
    }
}

/// Ids that are separated by commas, each once.
fn ids_in(text: &str) -> Vec<String> {
    let mut ids = Vec::new();
    for id in text.split(',').filter_map(canonical_id) {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    ids
}

/// The pairs of an argument that may be given several times: Forstok's id → what it is in Accurate.
fn pairs(flag: &str, given: &[String], form: &str, problems: &mut Vec<Problem>) -> BTreeMap<String, String> {
    let mut pairs = BTreeMap::new();
    for text in given {
        let pair = text.split_once('=').and_then(|(id, value)| Some((canonical_id(id)?, value.trim())));
        match pair.filter(|(_, value)| !value.is_empty()) {
            None => problems.push(problem(flag, text, form)),
            Some((id, _)) if pairs.contains_key(&id) => {
                problems.push(problem(flag, text, &format!("is given twice for {id}: give it once")));
            }
            Some((id, value)) => _ = pairs.insert(id, value.to_owned()),
        }
    }
    pairs
}

fn problem(flag: &str, value: &str, remedy: &str) -> Problem {
    Problem { key: flag.to_owned(), value: Some(value.to_owned()), remedy: remedy.to_owned() }
}
