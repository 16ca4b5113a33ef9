//! `check` finds every fault of a sandbox with one of each, in one run.

use std::{collections::BTreeSet, sync::Arc};

use forstok_accurate::{
    accurate::{
        client::Session,
        wire::{HttpWire, Wire, WireFault, WireReply, WireRequest},
    },
    check::{Finding, Severity, check_book, try_rights},
    clock::SystemClock,
    domain::{
        mapping::{DEFAULT_BOOK, Mapping},
        reason::Language,
    },
    sandbox::{AccountType, Action, Branches, Masters, Options, Running, Sandbox, samples},
    settings::BookConfig,
};
use jiff::SignedDuration;

/// A wire to an Accurate whose clock is three minutes ahead.
struct FastClock(HttpWire);

#[async_trait::async_trait]
impl Wire for FastClock {
    async fn send(&self, request: WireRequest) -> Result<WireReply, WireFault> {
        let mut reply = self.0.send(request).await?;
        reply.date = reply.date.map(|date| date + SignedDuration::from_mins(3));
        Ok(reply)
    }
}

async fn start(options: Options) -> (Sandbox, Running) {
    let sandbox = Sandbox::new(options);
    let running = sandbox.start(([127, 0, 0, 1], 0).into()).await.expect("a free port");
    (sandbox, running)
}

fn session(running: &Running, wire: impl Wire) -> Session {
    let book = BookConfig {
        account_url: running.url().parse().expect("an address"),
        api_token: "sandbox-token".into(),
        signature_secret: "sandbox-secret".into(),
        bulk: true,
        check_owed: true,
    };
    Session::new(DEFAULT_BOOK, &book, Arc::new(wire), Arc::new(SystemClock))
}

fn http() -> HttpWire {
    HttpWire::new().expect("an HTTP client")
}

fn items(nos: &[&str]) -> BTreeSet<String> {
    nos.iter().map(|no| (*no).to_owned()).collect()
}

fn shown(findings: &[Finding], severities: &[Severity]) -> String {
    let lines = findings
        .iter()
        .filter(|finding| severities.contains(&finding.severity))
        .map(|finding| format!("{:?} {}: {} → {}", finding.severity, finding.part, finding.found, finding.remedy));
    // A reply's time has whole seconds only, so the last second depends on the moment of the call.
    lines.collect::<Vec<_>>().join("\n").replace("179 s", "180 s")
}

#[tokio::test]
async fn one_of_every_fault_is_found_in_one_run() {
    let masters = Masters::default()
        .account("700101", "Ongkos Kirim", AccountType::OtherIncome)
        .account("700102", "Subsidi", AccountType::OtherExpense)
        .account("600101", "Voucher", AccountType::OtherIncome)
        .account("600102", "Selisih", AccountType::OtherExpense)
        .account("110102", "Saldo", AccountType::OtherExpense)
        .warehouse("Utama")
        .branch("Kantor Pusat")
        .branch("Cabang Bandung")
        .payment_term("Net 7")
        .item("AAA2002", "Sepatu");
    let (sandbox, running) = start(Options { masters, ..Options::default() }).await;
    sandbox.change_settings(|settings| settings.branches = Branches::SeveralSeen);
    sandbox.suspend_account("700101");
    sandbox.withhold_right(Action::InvoiceDelete);
    let mapping = Mapping::parse(
        "mapping.toml",
        r#"
        create_missing_customers = false
        [accounts]
        shipping = "700101"
        platform_rebate = "700102"
        voucher_seller = "600101"
        shipping_difference = "600102"
        fulfillment_fee = "999999"
        [warehouses]
        "834" = "Utama"
        "835" = "Gudang B"
        [stores."8277"]
        bank_account = "110102"
        branch = "Kantor Puast"
        payment_term = "Net 14"
        [stores."7475"]
        customer_no = "LAZADA"
    "#,
    )
    .expect("valid");
    let session = session(&running, FastClock(http()));
    let mut findings = check_book(&session, &mapping, &items(&["AAA2002", "NOPE"])).await;
    assert_eq!(
        sandbox.call_count(Action::InvoiceSave) + sandbox.call_count(Action::InvoiceDelete),
        0,
        "only on request"
    );
    findings.extend(try_rights(&session, &mapping).await);
    insta::assert_snapshot!(shown(&findings, &[Severity::Error, Severity::Warning]));
    for finding in findings.iter().filter(|finding| finding.part != "rights" && !finding.found.starts_with("rights")) {
        let words = finding.in_words(Language::Indonesian);
        assert_ne!(words.found, finding.found, "{finding:?} is English for readers of Indonesian");
        assert_eq!(words.remedy.is_empty(), finding.remedy.is_empty(), "{finding:?}");
        assert!(finding.remedy.is_empty() || words.remedy != finding.remedy, "{finding:?}");
    }
    assert_eq!(sandbox.invoice_count(), 0, "a check saves nothing");
    assert_eq!(sandbox.customers(), [], "a check creates no customer");
    assert_eq!(sandbox.breach_count(), 0);
}

#[tokio::test]
async fn a_mapping_that_fits_has_no_fault() {
    let (_, running) = start(Options::with_sample_masters()).await;
    let findings = check_book(&session(&running, http()), &samples::mapping(), &items(&["AAA2002"])).await;
    assert_eq!(shown(&findings, &[Severity::Error, Severity::Warning]), "");
}

#[tokio::test]
async fn each_missing_right_is_named() {
    let (sandbox, running) = start(Options::with_sample_masters()).await;
    // Without the data host, which the account server names, no other call is possible.
    for action in Action::ALL.into_iter().filter(|action| *action != Action::ApiToken) {
        sandbox.withhold_right(action);
    }
    let session = session(&running, http());
    let mut findings = check_book(&session, &samples::mapping(), &items(&["AAA2002"])).await;
    findings.extend(try_rights(&session, &samples::mapping()).await);
    let errors = shown(&findings, &[Severity::Error]);
    for right in [
        "glaccount/list",
        "warehouse/list",
        "branch/list",
        "payment-term/list",
        "sales-invoice/detail",
        "sales-invoice/save",
        "sales-invoice/delete",
        "customer/list",
        "customer/save",
        "item/detail",
    ] {
        assert!(errors.contains(&format!("the right for {right} is missing")), "{right}:\n{errors}");
    }
}

#[tokio::test]
async fn a_refused_token_and_a_silent_host_are_each_reported_once() {
    let (sandbox, running) = start(Options::with_sample_masters()).await;
    sandbox.revoke_token();
    let findings = check_book(&session(&running, http()), &samples::mapping(), &items(&[])).await;
    assert_eq!(findings.len(), 1);
    assert!(shown(&findings, &[Severity::Error]).contains("make a new API Token"), "{findings:?}");
    let silent = session(&running, http());
    running.stop().await;
    let findings = check_book(&silent, &samples::mapping(), &items(&[])).await;
    assert!(shown(&findings, &[Severity::Error]).contains("does not answer"), "{findings:?}");
}

#[tokio::test]
async fn all_pages_of_a_long_list_are_read() {
    let mut masters = Masters::sample();
    for number in 0..250 {
        masters = masters.warehouse(&format!("Gudang {number:03}"));
    }
    let (_, running) = start(Options { masters, ..Options::default() }).await;
    let mapping = Mapping::parse("m", "[warehouses]\n\"1\" = \"Gudang 249\"\n[stores.\"1\"]").expect("valid");
    let findings = check_book(&session(&running, http()), &mapping, &items(&[])).await;
    assert_eq!(shown(&findings, &[Severity::Error]), "");
}
