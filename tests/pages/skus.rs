//! A seller maps SKUs to items: sees what is missing, accepts suggestions, pastes, imports, and saves once.

use forstok_accurate::sandbox::Running;
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::visitor::{Shown, Visitor};
use crate::{
    forstok::order,
    service::{Home, OPERATOR_TOKEN, Service, accurate},
};

/// SKUs as a marketplace sends them; Accurate has `AAA2002`, `KAOS-M`, `GELAS-01` and the inactive `TAS-01`.
const SKUS: [&str; 6] = ["AAA2002", "kaos-m", "KAOS\u{200b}-M", "GELAS-1", "TAS-01", "CELANA"];

/// A service that has seen an order for each of these SKUs and has read the items.
async fn service_with(accurate: &Running, home: &Home, skus: &[&str]) -> Service {
    accurate.sandbox().suspend_item("TAS-01");
    let service = home.serve().await;
    for (id, sku) in (1..).zip(skus) {
        let mut body = order(id);
        body["order"]["item_lines"][0]["sku"] = json!(sku);
        body["order"]["item_lines"][0]["name"] = json!(format!("Product {id}"));
        service.send(&body).await;
    }
    let count = skus.len() as i64;
    let decided = |summary: &serde_json::Value| {
        let of = |state: &str| summary["by_state"][state].as_i64().unwrap_or_default();
        of("invoiced") + of("blocked") == count
    };
    service.get_until("/v1/summary", decided).await;
    service.get_until("/v1/mapping/skus?match=unread", |answer| answer["counts"]["unread"] == 0).await;
    service
}

/// What the form of a page sends if nothing is typed: names with values, in their order.
fn form(page: &Shown) -> Vec<(String, String)> {
    let (_, form) = page.html.split_once("class=\"skus\">").expect("the page has its form");
    let attribute = |tag: &str, name: &str| {
        let (_, value) = tag.split_once(&format!(" {name}=\""))?;
        Some(super::visitor::unescaped(value.split('"').next()?))
    };
    let tags = form.split("<input ").skip(1).filter_map(|tag| tag.split_once('>').map(|(tag, _)| format!(" {tag}")));
    let fields = tags.filter(|tag| !tag.contains("type=\"checkbox\"") && !tag.contains("type=\"file\""));
    fields.filter_map(|tag| Some((attribute(&tag, "name")?, attribute(&tag, "value")?))).collect()
}

/// Types item numbers into the fields of these SKUs.
fn typed(page: &Shown, numbers: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut fields = form(page);
    for (sku, number) in numbers {
        let place = fields.iter().position(|(name, value)| name == "sku" && value == sku);
        let place = place.unwrap_or_else(|| panic!("{sku:?} is not on the page: {fields:?}"));
        assert_eq!(fields[place + 2].0, "item");
        (*number).clone_into(&mut fields[place + 2].1);
    }
    fields
}

async fn presses(visitor: &mut Visitor, button: &str, fields: &[(String, String)], more: &[(&str, &str)]) -> Shown {
    let mut fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    fields.extend(more);
    fields.push(("do", button));
    visitor.post("/mapping/skus", &fields).await
}

async fn mapped(service: &Service) -> serde_json::Value {
    service.get("/v1/mapping").await.json()["mapping"]["skus"].clone()
}

async fn revision(service: &Service) -> i64 {
    service.get("/v1/mapping").await.json()["revision"].as_i64().expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_sku_in_orders_is_there_with_the_item_that_it_means_and_what_waits_for_it() {
    let (accurate, home) = {
        let accurate = accurate().await;
        let home = Home::new(&accurate);
        (accurate, home)
    };
    let service = service_with(&accurate, &home, &SKUS).await;
    let mut visitor = Visitor::operator(&service).await;
    let page = visitor.get("/mapping/skus").await;
    page.says(&[
        "SKUs",
        "AAA2002",
        "Product 1",
        "found",
        "spelled differently 2",
        "similar item 1",
        "inactive 1",
        "not found 1",
        "2 SKUs differ from exactly one item number only in case, spaces or invisible characters.",
        "KAOSU+200B-M",
        "Use KAOS-M",
        "Use GELAS-01",
        "1 order",
        "Rp80.000",
    ]);
    assert!(!page.text().contains("Use TAS-01"), "an inactive item is never suggested");
    let text = page.text();
    let place = |sku: &str| text.find(sku).unwrap_or_else(|| panic!("{sku} is not shown"));
    assert!(place("CELANA") < place("AAA2002"), "what orders wait for comes first");
    visitor.get("/mapping/skus?match=spelling").await.says(&["2 SKUs", "kaos-m"]);
    visitor.get("/mapping/skus?q=celana").await.says(&["1 SKU", "CELANA"]);
    visitor.get("/mapping/skus?q=nothing").await.says(&["0 SKUs", "No SKU matches."]);
    visitor.get("/mapping").await.says(&["All SKUs and their items"]);
    let mut indonesian = Visitor::operator(&service).await.with("cookie", "");
    indonesian.post("/language", &[("language", "id"), ("next", "/")]).await;
    let answer = service.get("/v1/mapping/skus?match=spelling&limit=1").await.json();
    assert_eq!(answer["skus"][0]["sku"], "KAOS\u{200b}-M");
    assert_eq!(
        answer["skus"][0]["suggestions"][0],
        json!({"item_no": "KAOS-M", "name": "Kaos Polos M", "why": "spelling"})
    );
    let cursor = answer["next_cursor"].as_str().expect("there is another");
    let next = service.get(&format!("/v1/mapping/skus?match=spelling&limit=1&cursor={cursor}")).await.json();
    assert_eq!((&next["skus"][0]["sku"], &next["next_cursor"]), (&json!("kaos-m"), &json!(null)));
    assert_eq!(service.get("/v1/mapping/skus?match=all").await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn suggestions_are_accepted_saved_at_once_and_the_orders_go_on() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let service = service_with(&accurate, &home, &SKUS).await;
    let before = (mapped(&service).await, revision(&service).await);
    let mut visitor = Visitor::operator(&service).await;
    let page = visitor.get("/mapping/skus").await;
    let page = presses(&mut visitor, "accept_spellings", &form(&page), &[]).await;
    page.says(&[
        "2 item numbers were entered. Nothing is saved yet",
        "2 changes not saved yet",
        "Not saved yet. Until now: nothing entered.",
    ]);
    let page = presses(&mut visitor, "match:near", &form(&page), &[]).await;
    let use_it = serde_json::to_string(&("use", "GELAS-1", "GELAS-01")).expect("JSON");
    let page = presses(&mut visitor, &use_it, &form(&page), &[]).await;
    page.says(&["3 changes not saved yet"]);
    assert_eq!((mapped(&service).await, revision(&service).await), before, "nothing changes until it is saved");
    let mut fields = form(&page);
    let note = fields.iter_mut().find(|(name, _)| name == "note").expect("a field for the reason");
    "New <shirts>".clone_into(&mut note.1);
    let page = presses(&mut visitor, "match:near", &fields, &[]).await;
    assert!(page.html.contains("name=\"note\" value=\"New &#60;shirts&#62;\""), "the reason is kept until it is saved");
    presses(&mut visitor, "save", &form(&page), &[]).await.goes_to("/mapping/skus?match=near&saved=3");
    visitor.get("/mapping/history").await.says(&["New <shirts>"]);
    visitor.get("/mapping/skus?match=near&saved=3").await.says(&["3 item numbers saved."]);
    let now = mapped(&service).await;
    assert_eq!(
        (&now["kaos-m"], &now["KAOS\u{200b}-M"], &now["GELAS-1"]),
        (&json!("KAOS-M"), &json!("KAOS-M"), &json!("GELAS-01"))
    );
    assert_eq!(revision(&service).await, before.1 + 1, "one revision for all of them");
    service.get_until("/v1/summary", |summary| summary["by_state"]["invoiced"] == 4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_that_look_wrong_are_shown_all_at_once_and_saved_only_on_purpose() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let service = service_with(&accurate, &home, &SKUS).await;
    let mut visitor = Visitor::operator(&service).await;
    let page = visitor.get("/mapping/skus").await;
    let fields =
        typed(&page, &[("CELANA", "CLN-9"), ("GELAS-1", "gelas-01"), ("kaos-m", "TAS-01"), ("AAA2002", "KAOS-M")]);
    let page = presses(&mut visitor, "save", &fields, &[]).await;
    page.says(&[
        "3 item numbers look wrong",
        "CELANA: Accurate has no item with the number CLN-9.",
        "GELAS-1: Accurate has no item gelas-01, but GELAS-01, which is spelled differently.",
        "kaos-m: Item TAS-01 is inactive in Accurate.",
        "4 changes not saved yet",
        "Save even the numbers that look wrong",
    ]);
    assert_eq!(mapped(&service).await["CELANA"], json!(null));
    let fields = typed(&page, &[("GELAS-1", "GELAS-01"), ("kaos-m", "")]);
    presses(&mut visitor, "save", &fields, &[("anyway", "1")]).await.goes_to("/mapping/skus?saved=3");
    let now = mapped(&service).await;
    assert_eq!(
        (&now["CELANA"], &now["GELAS-1"], &now["AAA2002"]),
        (&json!("CLN-9"), &json!("GELAS-01"), &json!("KAOS-M"))
    );
    let page = visitor.get("/mapping/skus").await;
    let fields = typed(&page, &[("AAA2002", "AAA2002")]);
    presses(&mut visitor, "save", &fields, &[]).await.goes_to("/mapping/skus?saved=1");
    assert_eq!(mapped(&service).await["AAA2002"], json!(null), "a SKU that is its own item number needs no mapping");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sku_of_many_bytes_and_few_characters_is_mapped_and_removed_again() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let sku = "\u{1f455}".repeat(60);
    let service = service_with(&accurate, &home, &[&sku]).await;
    let mut visitor = Visitor::operator(&service).await;
    for (number, mapped_to) in [("AAA2002", json!("AAA2002")), ("", json!(null))] {
        let page = visitor.get("/mapping/skus").await;
        let fields = typed(&page, &[(&sku, number)]);
        presses(&mut visitor, "save", &fields, &[]).await.goes_to("/mapping/skus?saved=1");
        assert_eq!(mapped(&service).await[&sku], mapped_to);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_to_save_sees_what_the_first_changed_and_loses_nothing() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    home.change_settings(
        "[database]",
        "[operators.ani]\ntoken = \"token-of-ani-the-admin\"\nrole = \"admin\"\n[database]",
    );
    let service = service_with(&accurate, &home, &SKUS).await;
    let mut second = Visitor::operator(&service).await;
    let mut first = Visitor::of(&service);
    first.signs_in("token-of-ani-the-admin").await;
    let page_of_second = second.get("/mapping/skus").await;
    let page_of_first = first.get("/mapping/skus").await;
    let fields = typed(&page_of_first, &[("kaos-m", "KAOS-M"), ("GELAS-1", "GELAS-01")]);
    presses(&mut first, "save", &fields, &[]).await.goes_to("/mapping/skus?saved=2");

    let fields = typed(&page_of_second, &[("GELAS-1", "AAA2002"), ("CELANA", "PS015")]);
    let page = presses(&mut second, "save", &fields, &[]).await;
    page.says(&[
        "The mapping has changed while you were working",
        "ani",
        "Item for SKU kaos-m: – → KAOS-M",
        "Another person has entered GELAS-01.",
        "2 changes not saved yet",
    ]);
    assert_eq!(mapped(&service).await["CELANA"], json!(null), "nothing was saved");
    presses(&mut second, "save", &form(&page), &[]).await.goes_to("/mapping/skus?saved=2");
    let now = mapped(&service).await;
    assert_eq!(
        (&now["kaos-m"], &now["GELAS-1"], &now["CELANA"]),
        (&json!("KAOS-M"), &json!("AAA2002"), &json!("PS015"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_columns_are_pasted_or_imported_and_what_was_exported_comes_back() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let service = service_with(&accurate, &home, &SKUS).await;
    let mut visitor = Visitor::operator(&service).await;
    let page = visitor.get("/mapping/skus").await;
    let pasted = "CELANA\tPS015\nGELAS-1\tGELAS-01\nBARU\tAAA2002\nALONE\nCELANA\tAAA2002";
    let page = presses(&mut visitor, "paste", &form(&page), &[("pasted", pasted)]).await;
    page.says(&[
        "3 item numbers were entered. Nothing is saved yet",
        "Line 4 (ALONE): has no second column",
        "Line 5 (CELANA): an earlier line says PS015",
        "not in any order yet",
        "3 changes not saved yet",
    ]);
    assert!(page.html.contains(pasted), "what was pasted can be corrected");
    presses(&mut visitor, "save", &form(&page), &[]).await.goes_to("/mapping/skus?saved=3");
    assert_eq!(mapped(&service).await["BARU"], "AAA2002");

    let page = visitor.get("/mapping/skus").await;
    for format in ["csv", "xlsx"] {
        let file = visitor.get(&format!("/mapping/skus/export?format={format}")).await;
        assert_eq!(file.status, StatusCode::OK);
        assert!(file.header("content-disposition").ends_with(&format!(".{format}\"")));
        let unchanged = visitor.post_file("/mapping/skus", &with(&form(&page), "import"), &file.bytes).await;
        unchanged.says(&["item numbers were entered"]);
        assert!(!unchanged.text().contains("not saved yet"), "the mapping has them already:\n{}", unchanged.text());
    }
    let imported =
        visitor.post_file("/mapping/skus", &with(&form(&page), "import"), b"sku;item_no\nkaos-m;KAOS-M\n").await;
    imported.says(&["1 item number was entered", "1 change not saved yet", "Kaos Polos M"]);
    let damaged = visitor.post_file("/mapping/skus", &with(&form(&page), "import"), b"PK\x03\x04").await;
    damaged.says(&[
        "This file cannot be read: it is neither a whole workbook (XLSX) nor a table (CSV); download it again",
    ]);
}

fn with(fields: &[(String, String)], button: &str) -> Vec<(String, String)> {
    fields.iter().cloned().chain([("do".to_owned(), button.to_owned())]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_admin_changes_the_mapping_of_skus() {
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    home.change_settings(
        "[database]",
        "[operators.budi]\ntoken = \"token-of-budi-at-work\"\nrole = \"work\"\n[database]",
    );
    let service = service_with(&accurate, &home, &["kaos-m"]).await;
    let mut reader = Visitor::of(&service);
    reader.signs_in("token-of-budi-at-work").await;
    let page = reader.get("/mapping/skus").await;
    page.says(&["kaos-m", "KAOS-M", "Export"]);
    assert!(!page.html.contains("name=\"item\"") && !page.text().contains("Save"), "{}", page.html);
    let fields = [("revision", "1"), ("sku", "kaos-m"), ("was", ""), ("item", "KAOS-M"), ("do", "save")];
    assert_eq!(reader.post("/mapping/skus", &fields).await.status, StatusCode::FORBIDDEN);
    assert_eq!(mapped(&service).await["kaos-m"], json!(null));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sellers_text_is_shown_as_it_is_and_does_nothing() {
    const EVIL: [&str; 4] =
        ["<script>alert(1)</script>", "\"><img src=x>", "=HYPERLINK(\"http://evil\")", "'; DROP TABLE orders; --"];
    let accurate = accurate().await;
    let home = Home::new(&accurate);
    let service = service_with(&accurate, &home, &EVIL).await;
    let mut visitor = Visitor::operator(&service).await;
    let page = visitor.get("/mapping/skus").await;
    page.says(&EVIL);
    for markup in ["<script>alert", "<img src=x"] {
        assert!(!page.html.contains(markup), "{markup} is markup");
    }
    let fields = typed(&page, &EVIL.map(|sku| (sku, "AAA2002")));
    presses(&mut visitor, "save", &fields, &[]).await.goes_to("/mapping/skus?saved=4");
    let now = mapped(&service).await;
    assert!(EVIL.iter().all(|sku| now[sku] == "AAA2002"), "{now}");
    let file = visitor.get("/mapping/skus/export?format=csv").await;
    assert!(file.html.contains("'=HYPERLINK"), "a spreadsheet must not execute it: {}", file.html);
    let headers = [("authorization", format!("Bearer {OPERATOR_TOKEN}"))];
    let answer = service.ask(Method::GET, "/v1/mapping/skus?q=%3Cscript", &headers, Vec::new()).await.json();
    assert_eq!(answer["skus"][0]["sku"], EVIL[0]);
}
