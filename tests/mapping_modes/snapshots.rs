//! `preview` of each sample in each mode, and a test that the preview shows exactly what is sent.

use std::{
    fmt::Write,
    sync::{Arc, Mutex, PoisonError},
};

use axum::body::Bytes;
use forstok_accurate::{
    accurate::{
        client::Session,
        invoices,
        wire::{Wire, WireFault, WireReply, WireRequest},
    },
    clock::SystemClock,
    deciding::preview::{Preview, preview},
    domain::{
        decision::{Decision, decide},
        history::{History, Sighting},
        ids::DeliveryId,
        mapping::DEFAULT_BOOK,
        money::exact_number,
        reason::Language,
    },
    forstok::payload,
    sandbox::samples::SAMPLES,
    settings::BookConfig,
};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{BUNDLES, TAXES, active_mapping, mapping};

fn shown(body: &str, bundles: &str, tax: &str) -> Preview {
    let now = "2024-02-01T09:00:00+07:00".parse::<Timestamp>().expect("a moment");
    preview(body.as_bytes(), &active_mapping(bundles, tax), now, Language::English).expect("readable")
}

/// Decision, findings and body of a preview: one line for the head, and one for each line of the invoice.
fn in_lines(preview: &Preview) -> String {
    let mut text = format!("{}: {}\n", preview.state.as_str(), preview.decision);
    for finding in &preview.findings {
        writeln!(text, "{} {}: {}", finding.severity.as_str(), finding.code, finding.detail).expect("a text takes all");
    }
    let Some(body) = &preview.body else { return text };
    let mut head = body.to_json();
    let map = head.as_object_mut().expect("a body is an object");
    let lists = ["detailItem", "detailExpense"].map(|key| (key, map.remove(key)));
    writeln!(text, "total {}\n{head}", exact_number(preview.total.expect("a body has a total").decimal()))
        .expect("a text takes all");
    for (key, list) in lists {
        for line in list.iter().flat_map(|list| list.as_array().expect("a list")) {
            writeln!(text, "  {key} {line}").expect("a text takes all");
        }
    }
    text
}

/// All nine combinations; identical results are shown once.
fn in_all_modes(body: &str) -> String {
    let mut seen: Vec<(String, Vec<String>)> = Vec::new();
    for tax in TAXES {
        for bundles in BUNDLES {
            let (mode, text) = (format!("{bundles} × {tax}"), in_lines(&shown(body, bundles, tax)));
            match seen.iter_mut().find(|(known, _)| *known == text) {
                Some((_, modes)) => modes.push(mode),
                None => seen.push((text, vec![mode])),
            }
        }
    }
    seen.iter().map(|(text, modes)| format!("== {}\n{text}", modes.join(", "))).collect::<Vec<_>>().join("\n")
}

#[test]
fn every_sample_in_every_mode() {
    for sample in SAMPLES {
        insta::assert_snapshot!(sample.name, in_all_modes(sample.body));
    }
}

/// A case that no sample covers: two bundles whose price is not divisible, half a rupiah, a discount and shipping.
#[test]
fn an_uneven_bundle_with_discount_and_shipping_in_every_mode() {
    let mut body = SAMPLES[0].json();
    let order = &mut body["order"];
    order["item_lines"] = json!([
        {"sku": "PAKET", "name": "Paket Hemat", "price": 100_000, "quantity": 2, "bundle_info": [
            {"sku": "SABUN", "name": "Sabun", "qty": 3, "subtotal": 45_000},
            {"sku": "SIKAT", "name": "Sikat", "qty": 1, "subtotal": 25_000},
            {"sku": "HADIAH", "name": "Hadiah", "qty": 1, "subtotal": 0}]},
        {"sku": "DUA", "name": "Dua Gelas", "price": "24500.50", "bundle_info": [
            {"sku": "GELAS-01", "name": "Gelas", "qty": 2}]},
        {"sku": "GELAS-01", "name": "Gelas", "price": 12_250},
    ]);
    order["discount_amount"] = json!(10_000);
    order["cashless"] = json!(false);
    order["shipping_price"] = json!(9_000);
    order["total_price"] = json!("235750.50");
    insta::assert_snapshot!(in_all_modes(&body.to_string()));
}

/// An Accurate that records every save byte by byte.
#[derive(Default)]
struct Keeper(Mutex<Vec<Bytes>>);

#[async_trait::async_trait]
impl Wire for Keeper {
    async fn send(&self, request: WireRequest) -> Result<WireReply, WireFault> {
        let mut reply = json!({"s": true, "d": {"database": {"host": "https://zeus.accurate.id"}}, "r": {}});
        if let Some(body) = request.body {
            reply["d"] = json!(["Faktur Penjualan berhasil disimpan"]);
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(body);
        }
        Ok(WireReply { status: 200, location: None, date: None, body: reply.to_string().into() })
    }
}

#[tokio::test]
async fn the_body_that_preview_shows_is_the_body_that_is_sent() {
    let book = BookConfig {
        account_url: "https://account.accurate.id".parse().expect("a URL"),
        api_token: "token".into(),
        signature_secret: "secret".into(),
        bulk: true,
        check_owed: true,
    };
    let keeper = Arc::new(Keeper::default());
    let session = Session::new(DEFAULT_BOOK, &book, keeper.clone(), Arc::new(SystemClock));
    // One mode of each kind, because a save takes an eighth of a second.
    for (sample, (bundles, tax)) in SAMPLES.iter().zip(BUNDLES.into_iter().zip(TAXES).cycle()) {
        let order = payload::read(sample.body.as_bytes()).expect("samples are readable").order;
        let sighting = Sighting::of(&order, order.updated_at.expect("dated"), DeliveryId(1));
        let decision = decide(&History::begin(&sighting), &order, &mapping(bundles, tax));
        let preview = shown(sample.body, bundles, tax);
        let Decision::Invoice(draft, _) = decision else {
            assert_eq!(preview.body, None, "{}", sample.name);
            continue;
        };
        invoices::save(&session, &draft.body, forstok_accurate::accurate::client::LastStart::NEVER)
            .await
            .expect("saved");
        let sent = keeper.0.lock().unwrap_or_else(PoisonError::into_inner).pop().expect("one body");
        let shown = preview.body.expect("an invoice has a body").to_json();
        assert_eq!(serde_json::from_slice::<Value>(&sent).expect("JSON"), shown, "{}: {bundles}, {tax}", sample.name);
    }
}
