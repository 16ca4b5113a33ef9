use super::*;
use crate::{
    domain::{
        mapping::{ClosedMonth, PayoutPost, ReturnMode},
        money::Rupiah,
    },
    sandbox::samples::MAPPING,
};

fn sample() -> Mapping {
    Mapping::parse("sample", MAPPING).expect("valid")
}

fn saved(change: impl FnOnce(&mut BTreeMap<String, String>)) -> Mapping {
    let mut values = Values::of(&sample());
    change(&mut values.0);
    Mapping::read(&values.onto(&sample().to_table())).expect("valid")
}

#[test]
fn a_form_that_was_not_touched_is_the_same_mapping() {
    assert_eq!(saved(|_| {}), sample());
}

#[test]
fn what_was_entered_is_saved_and_what_was_emptied_is_removed() {
    let saved = saved(|values| {
        values.insert("accounts/shipping".to_owned(), "700199".to_owned());
        values.insert("accounts/service_fee".to_owned(), String::new());
        values.insert("stores/7475/payment_term".to_owned(), String::new());
        values.insert("stores/9001/invoicing".to_owned(), "off".to_owned());
        values.insert("stores/4711/invoicing".to_owned(), "on".to_owned());
        values.insert("stores/4711/branch".to_owned(), "Kantor Pusat".to_owned());
        values.insert("stores/4712/invoicing".to_owned(), String::new());
        values.insert("stores/4712/branch".to_owned(), "never saved".to_owned());
        values.insert("stores/5/invoicing".to_owned(), String::new());
        values.insert("warehouses/836".to_owned(), "Utama".to_owned());
    });
    assert_eq!(saved.accounts.get("shipping").map(String::as_str), Some("700199"));
    assert_eq!(saved.accounts.get("service_fee"), None);
    assert_eq!(saved.stores["7475"].payment_term, None);
    assert!(!saved.stores["9001"].enabled);
    assert_eq!(saved.stores["4711"].branch.as_deref(), Some("Kantor Pusat"));
    assert!(!saved.stores.contains_key("4712") && !saved.stores.contains_key("5"));
    assert_eq!(saved.warehouses.expect("they are sent").len(), 3);
    assert_eq!(saved.skus, sample().skus, "what the form does not show stays");
}

#[test]
fn rules_for_payouts_returns_and_the_nightly_comparison_are_saved() {
    let set = |pairs: &[(&str, &str)]| {
        saved(|values| values.extend(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))))
    };
    let changed = set(&[
        ("payout/post", "auto"),
        ("payout/auto_after_days", "0"),
        ("payout/rest_limit", "1000"),
        ("returns/mode", "approve"),
        ("returns/send_status", "false"),
        ("returns/closed_month", "next_open"),
        ("reconcile/at", ""),
        ("reconcile/days", "60"),
    ]);
    assert_eq!((changed.payout.post, changed.payout.auto_after_days), (PayoutPost::Auto, 0));
    assert_eq!(changed.payout.rest_limit, Rupiah::whole(1000));
    assert_eq!(changed.payout.kinds, sample().payout.kinds, "the page Payouts keeps the fees");
    assert_eq!((changed.returns.mode, changed.returns.send_status), (ReturnMode::Approve, false));
    assert_eq!(changed.returns.closed_month, ClosedMonth::NextOpen);
    assert_eq!((changed.reconcile.at, changed.reconcile.days), (None, 60));

    let emptied = set(&[("payout/rest_limit", ""), ("returns/wait_days", ""), ("reconcile/days", "")]);
    assert_eq!(emptied.payout.rest_limit, Rupiah::ZERO);
    assert_eq!((emptied.returns.wait_days, emptied.reconcile.days), (30, 45), "an empty field has its default");
}

#[test]
fn without_warehouses_none_is_sent() {
    assert_eq!(saved(|values| _ = values.insert(WAREHOUSES.to_owned(), "off".to_owned())).warehouses, None);
}

#[test]
fn a_store_can_have_accounts_and_warehouses_of_its_own() {
    let set = |mapping: &Mapping, pairs: &[(&str, &str)]| {
        let mut values = Values::of(mapping);
        values.0.extend(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        Mapping::read(&values.onto(&mapping.to_table())).expect("valid")
    };
    let own = set(
        &sample(),
        &[
            ("stores/7600/accounts/shipping", "700102"),
            ("stores/7600/accounts/service_fee", ""),
            ("stores/7600/accounts/no_category", "1"),
            ("stores/7600/warehouses/834", "Gudang B"),
            ("stores/8277/accounts/shipping", ""),
            ("stores/8277/warehouses/834", ""),
        ],
    );
    let (with_own, without) = (&own.stores["7600"], &own.stores["8277"]);
    assert_eq!(with_own.accounts, [("shipping".to_owned(), "700102".to_owned())].into());
    assert_eq!(with_own.warehouses, Some([("834".to_owned(), "Gudang B".to_owned())].into()));
    assert_eq!(without, &sample().stores["8277"], "an empty field changes nothing");
    assert_eq!(set(&own, &[]), own, "a form that was not touched is the same mapping");

    let emptied = set(&own, &[("stores/7600/accounts/shipping", ""), ("stores/7600/warehouses/834", "")]);
    assert_eq!(emptied, sample(), "what was emptied is as for all stores again");

    // Written in a file: this store's orders need a warehouse, even if nobody else's do.
    let text = format!("{MAPPING}\n[stores.\"4711\"]\nwarehouses = {{}}\n");
    let empty = Mapping::parse("m", &text).expect("valid");
    assert_eq!(set(&empty, &[("stores/4711/warehouses/834", "")]), empty);
}

#[test]
fn a_mistake_is_shown_at_its_field() {
    for (key, field) in [
        ("invoice_number", "invoice_number"),
        ("tax.mode", "tax"),
        ("accounts.shipping", "accounts/shipping"),
        ("warehouses.\"834\"", "warehouses/834"),
        ("payout.rest_limit", "payout/rest_limit"),
        ("returns.mode", "returns/mode"),
        ("stores.\"8277\".branch", "stores/8277/branch"),
        ("stores.\"8277\".tax.mode", "stores/8277/tax"),
        ("stores.\"8277\".accounts.shipping", "stores/8277/accounts/shipping"),
        ("stores.\"8277\".warehouses.\"834\"", "stores/8277/warehouses/834"),
        ("stores.\"8277\".enabled", "stores/8277/invoicing"),
    ] {
        assert_eq!(field_of_key(key), field);
    }
}
