//! The setup page: from a service that knows nothing but an address and an operator token to the first invoice.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use forstok_accurate::sandbox::{Action, Running, samples::MAPPING};
use reqwest::{Method, StatusCode};
use serde_json::Value;

use super::visitor::{Shown, Visitor};
use crate::{
    binary::server::url_of_new_database,
    forstok::{HEADER, hex_signature, order},
    service::{Answer, Home, OPERATOR_TOKEN, Service, accurate},
};

/// The credentials of the sandbox.
pub(super) const CREDENTIALS: [(&str, &str); 2] =
    [("api_token", "sandbox-token"), ("signature_secret", "sandbox-secret")];

/// Nothing but an address, an operator token, and where the stand-in for Accurate is.
pub(crate) fn new_home(accurate: &Running) -> Home {
    let settings = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\noperator_token = \"{OPERATOR_TOKEN}\"\n\
         [books.main]\naccount_url = \"{}\"\n",
        accurate.url()
    );
    Home::with_settings(&settings)
}

/// Has a key generated; returns the page that shows it.
pub(crate) async fn generated(visitor: &mut Visitor) -> String {
    let sent = visitor.post("/setup/webhooks/key", &[]).await;
    assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.html);
    let page = sent.header("location").trim_end_matches("#step-1");
    assert!(page.starts_with("/setup?key="), "{page}");
    page.to_owned()
}

/// Has a key generated; returns it.
async fn generates_a_key(visitor: &mut Visitor) -> String {
    let page = generated(visitor).await;
    let shown = visitor.get(&page).await;
    assert_eq!((shown.status, shown.header("cache-control")), (StatusCode::OK, "no-store"), "{}", shown.html);
    let (_, after) = shown.html.split_once("id=\"webhook-key\">").expect("the key is shown");
    let key = after.split('<').next().expect("it has an end").to_owned();
    assert_eq!(key.len(), 48, "{key}");
    key
}

pub(super) async fn enters(visitor: &mut Visitor, credentials: [(&str, &str); 2]) -> Shown {
    let [token, secret] = credentials;
    visitor.post("/setup/accurate", &[("book", "main"), token, secret]).await
}

/// A webhook as Forstok is seen to send it: the key itself in the header `Key`.
pub(crate) async fn sends_with_key(service: &Service, key: &str, body: &Value) -> Answer {
    service.send_with(&[("key", key.to_owned())], body.to_string().into_bytes()).await
}

/// Maps the stores of the samples, as the mapping page does.
pub(crate) async fn maps_the_stores(service: &Service) {
    let before = service.get("/v1/mapping").await.json();
    let table: toml::Table = MAPPING.parse().expect("the sample mapping");
    let mut mapping = serde_json::to_value(table).expect("JSON");
    for key in ["posting", "orders_from"] {
        mapping[key] = before["mapping"][key].clone();
    }
    mapping.as_object_mut().expect("a mapping").retain(|_, value| !value.is_null());
    let headers = [
        ("authorization", format!("Bearer {OPERATOR_TOKEN}")),
        ("if-match", "*".to_owned()),
        ("content-type", "application/json".to_owned()),
    ];
    let answer = service.ask(Method::PUT, "/v1/mapping", &headers, mapping.to_string().into_bytes()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

/// Every file of a folder that contains one of these texts.
fn files_with(folder: &Path, texts: &[&str]) -> Vec<String> {
    let contains = |bytes: &[u8], text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let bytes = fs::read(entry.path()).unwrap_or_default();
        if texts.iter().any(|text| contains(&bytes, text)) {
            found.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_creates_invoices_already_does_not_promise_that_nothing_is_created() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let mut visitor = Visitor::operator(&service).await.with("accept-language", "en");
    let english = visitor.get("/setup").await;
    english.says(&["Invoice creation is already switched on.", "as soon as everything it needs is set up here"]);
    assert!(!english.text().contains("Nothing is created"), "{}", english.text());
    let mut visitor = Visitor::operator(&service).await.with("accept-language", "id");
    let indonesian = visitor.get("/setup").await;
    indonesian.says(&["Pembuatan faktur sudah aktif.", "begitu semua yang diperlukannya sudah disiapkan di sini"]);
    assert!(!indonesian.text().contains("Tidak ada yang dibuat"), "{}", indonesian.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn loading_the_page_with_a_new_key_again_generates_no_other_key_and_shows_none() {
    let accurate = accurate().await;
    let service = new_home(&accurate).serve().await;
    let mut visitor = Visitor::operator(&service).await.with("accept-language", "en");
    let page = generated(&mut visitor).await;
    let shown = visitor.get(&page).await;
    let (_, key) = shown.html.split_once("id=\"webhook-key\">").expect("the key is shown");
    let key = key.split('<').next().expect("it has an end");
    let again = visitor.get(&page).await;
    again.says(&["set, not shown again"]);
    assert!(!again.html.contains(key), "the key is shown once");
    assert_eq!(sends_with_key(&service, key, &order(1)).await.status, 200, "the key that was shown is still valid");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_and_a_token_are_enough_to_get_to_the_first_invoice() {
    let accurate = accurate().await;
    let home = new_home(&accurate);
    let mut service = home.serve().await;
    assert!(service.log.text().contains("/setup to set the service up"), "{}", service.log.text());
    let ready = service.get("/readyz").await;
    assert_eq!((ready.status.as_u16(), &ready.json()["books"]["main"]["code"]), (200, &"credentials_missing".into()));

    let mut visitor = Visitor::operator(&service).await;
    visitor.get("/").await.says(&["Set up: step 1 of 5", "No API Token has been entered yet."]);
    let before_a_key = sends_with_key(&service, "any", &order(1)).await;
    before_a_key.problem(503, "not_set_up");
    let empty = visitor.get("/setup").await;
    empty.says(&["Generate a key first.", "It arrived before a key was set"]);
    empty.says(&["Nothing is created in Accurate before you press the button in step 5."]);
    let mut indonesian = Visitor::operator(&service).await.with("accept-language", "id");
    let in_indonesian = indonesian.get("/setup").await;
    in_indonesian.says(&["Tidak ada yang dibuat di Accurate sebelum tombol pada langkah 5 ditekan."]);

    let key = generates_a_key(&mut visitor).await;
    let address = service.url("/webhooks/forstok");
    let waiting = visitor.get("/setup").await;
    waiting.says(&[&address, "Waiting for the first webhook", "the key itself in the header Key", "Entered here on"]);
    sends_with_key(&service, "another-key-of-16", &order(1)).await.problem(401, "signature_wrong");
    visitor.get("/setup").await.says(&["A webhook was refused", "It was sent with another key."]);
    assert_eq!(sends_with_key(&service, &key, &order(1)).await.status, 200);
    let received = visitor.get("/setup").await;
    received.says(&["received ✓"]);
    assert!(!received.text().contains("A webhook was refused"), "{}", received.text());
    visitor.get("/").await.says(&["Set up: step 2 of 5"]);
    assert_eq!(accurate.sandbox().calls().len(), 0, "nothing is called without credentials");

    let wrong = enters(&mut visitor, [("api_token", "of-somebody-else"), ("signature_secret", "sandbox-secret")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    wrong.says(&["They were not saved."]);
    enters(&mut visitor, CREDENTIALS).await.goes_to("/setup?done=credentials_saved#step-2");
    visitor.get("/setup").await.says(&["Accurate answers, and every right that was tried is granted."]);
    visitor.get("/").await.says(&["Set up: step 3 of 5"]);

    visitor.post("/setup/first-day", &[("day", "2023-01-01")]).await.goes_to("/setup?done=first_day_saved#step-4");
    visitor.get("/setup").await.says(&["Orders from 01/01/2023 on get an invoice."]);
    maps_the_stores(&service).await;
    service.order_once("1", "due").await;
    visitor.get("/setup").await.says(&["its invoice exactly as it will be created", "N1", "Start creating invoices"]);
    assert_eq!(accurate.sandbox().invoice_count(), 0, "nothing is created before the switch");
    visitor.post("/setup/start", &[]).await.goes_to("/setup?done=setup_started#step-5");
    service.order_once("1", "invoiced").await;
    let done = visitor.get("/setup").await;
    done.says(&["All five steps are done. Invoices are created in Accurate", "Invoices are created in Accurate."]);
    assert!(!done.text().contains("Nothing is created"), "{}", done.text());
    done.says(&["Another first day changes which waiting orders get one"]);
    visitor.post("/setup/first-day", &[("day", "2030-01-01")]).await.goes_to("/mapping");
    let mapping = service.get("/v1/mapping").await.json();
    assert_eq!(mapping["mapping"]["orders_from"], "2023-01-01", "an outdated page loses no waiting order");
    let in_indonesian = indonesian.get("/setup").await;
    in_indonesian.says(&["Kelima langkah sudah selesai. Faktur dibuat di Accurate"]);
    assert!(!in_indonesian.text().contains("Tidak ada yang dibuat"), "{}", in_indonesian.text());
    let today = visitor.get("/").await;
    assert!(!today.text().contains("Set up: step"), "{}", today.text());

    // Everything survives a restart, and no secret is anywhere but in its file.
    service.kill();
    let service = home.serve().await;
    assert_eq!(sends_with_key(&service, &key, &order(2)).await.status, 200);
    service.order_once("2", "invoiced").await;
    let file = home.path("data/secrets.toml");
    assert_eq!(fs::metadata(&file).expect("it is there").permissions().mode() & 0o777, 0o600);
    let secrets = [key.as_str(), "sandbox-token", "sandbox-secret"];
    assert_eq!(files_with(&home.path("data"), &secrets), ["secrets.toml"]);
    let mut visitor = Visitor::operator(&service).await;
    for path in ["/setup", "/", "/connection", "/mapping", "/mapping/history"] {
        let html = visitor.get(path).await.html;
        assert!(!secrets.iter().any(|secret| html.contains(secret)), "{path} shows a secret");
    }
    assert!(!secrets.iter().any(|secret| service.log.text().contains(secret)), "the log shows a secret");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_way_of_proof_is_recognised_and_accepted_once_an_admin_confirms_it() {
    let accurate = accurate().await;
    let service = new_home(&accurate).serve().await;
    let mut visitor = Visitor::operator(&service).await;
    let key = generates_a_key(&mut visitor).await;
    let body = order(1).to_string().into_bytes();
    let signed = [(HEADER, hex_signature(&key, &body))];
    service.send_with(&signed, body.clone()).await.problem(401, "signature_missing");
    let shown = visitor.get("/setup").await;
    shown.says(&["a signature (HMAC-SHA256, hex) in the header X-Forstok-Signature", "Accept webhooks in this way"]);
    assert_eq!(service.get("/v1/orders/1").await.status, 404, "nothing of it was kept");
    let (_, after) = shown.html.split_once("name=\"way\" value=\"").expect("a form");
    let way = after.split('"').next().expect("a value").replace("&#34;", "\"").replace("&quot;", "\"");

    let forged = way.replace("X-Forstok-Signature", "X-Other");
    visitor.post("/setup/webhooks/way", &[("way", &forged)]).await.goes_to("/setup");
    service.send_with(&signed, body.clone()).await.problem(401, "signature_missing");
    visitor.post("/setup/webhooks/way", &[("way", &way)]).await.goes_to("/setup?done=way_confirmed");
    assert_eq!(service.send_with(&signed, body).await.status, 200);
    visitor.get("/setup").await.says(&["received ✓"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_in_use_stays_valid_until_the_new_one_is() {
    let accurate = accurate().await;
    let service = new_home(&accurate).serve().await;
    let mut visitor = Visitor::operator(&service).await;
    let unused = generates_a_key(&mut visitor).await;
    let first = generates_a_key(&mut visitor).await;
    sends_with_key(&service, &unused, &order(1)).await.problem(401, "signature_wrong");
    assert_eq!(sends_with_key(&service, &first, &order(1)).await.status, 200);
    let second = generates_a_key(&mut visitor).await;
    for key in [&first, &second] {
        assert_eq!(sends_with_key(&service, key, &order(2)).await.status, 200);
    }
    visitor.get("/setup").await.says(&["Stop accepting the earlier key"]);
    visitor.post("/setup/webhooks/earlier", &[]).await.goes_to("/setup?done=secret_saved");
    sends_with_key(&service, &first, &order(3)).await.problem(401, "signature_wrong");
    assert_eq!(sends_with_key(&service, &second, &order(3)).await.status, 200);

    let short = visitor.post("/setup/webhooks/key", &[("key", "short")]).await;
    assert_eq!(short.status, StatusCode::UNPROCESSABLE_ENTITY);
    short.says(&["This key cannot be used."]);
    let own = visitor.post("/setup/webhooks/key", &[("key", "the-key-that-forstok-has")]).await;
    own.goes_to("/setup?done=secret_saved");
    assert_eq!(sends_with_key(&service, "the-key-that-forstok-has", &order(4)).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_right_is_named_with_its_remedy() {
    let accurate = accurate().await;
    let service = new_home(&accurate).serve().await;
    let mut visitor = Visitor::operator(&service).await;
    accurate.sandbox().withhold_right(Action::WarehouseList);
    accurate.sandbox().withhold_right(Action::InvoiceSave);
    enters(&mut visitor, CREDENTIALS).await.goes_to("/setup?done=credentials_saved#step-2");
    let shown = visitor.get("/setup").await;
    shown.says(&[
        "The right for warehouse/list is missing",
        "Grant it in Accurate to the user who created the API Token",
    ]);
    assert!(!shown.text().contains("sales-invoice/save"), "{}", shown.text());
    visitor.post("/setup/accurate/check", &[("book", "main")]).await.goes_to("/setup?done=checked#step-2");
    visitor.get("/setup").await.says(&["The right for sales-invoice/save is missing"]);
    assert_eq!(accurate.sandbox().invoice_count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_settings_have_is_not_asked_for() {
    let accurate = accurate().await;
    let service = Home::new(&accurate).serve().await;
    let mut visitor = Visitor::operator(&service).await;
    let shown = visitor.get("/setup").await;
    shown.says(&["The value comes from the settings or the environment"]);
    for absent in ["Generate a", "Try and save", "name=\"api_token\""] {
        assert!(!shown.html.contains(absent), "{absent} is offered");
    }
    let refused = visitor.post("/setup/webhooks/key", &[]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    refused.says(&["This secret comes from the settings."]);
    let today = visitor.get("/").await;
    assert!(!today.text().contains("Set up: step"), "{}", today.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn with_postgresql_the_page_says_where_secrets_come_from() {
    let accurate = accurate().await;
    let home = new_home(&accurate);
    home.change_settings(
        "[books.main]",
        &format!("[database]\nurl = \"{}\"\n[books.main]", url_of_new_database().await),
    );
    let service = home.serve().await;
    let mut visitor = Visitor::operator(&service).await;
    let shown = visitor.get("/setup").await;
    shown.says(&[
        "Set forstok.webhook.secrets in the settings",
        "Set books.main.api_token, books.main.signature_secret",
    ]);
    assert!(!shown.html.contains("type=\"password\"") && !shown.text().contains("Generate a"), "{}", shown.text());
    assert_eq!(visitor.post("/setup/webhooks/key", &[]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_admin_sees_the_setup() {
    let accurate = accurate().await;
    let home = new_home(&accurate);
    home.change_settings(
        "[books.main]",
        "[operators.ani]\ntoken = \"token-of-ani-at-work\"\nrole = \"work\"\n[books.main]",
    );
    let service = home.serve().await;
    let mut ani = Visitor::of(&service);
    ani.signs_in("token-of-ani-at-work").await.goes_to("/");
    assert!(!ani.get("/").await.text().contains("Set up: step"));
    assert_eq!(ani.get("/setup").await.status, StatusCode::FORBIDDEN);
    for path in ["webhooks/key", "webhooks/way", "webhooks/earlier", "accurate", "accurate/check", "first-day", "start"]
    {
        assert_eq!(ani.post(&format!("/setup/{path}"), &[]).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    Visitor::of(&service).get("/setup").await.goes_to("/login?next=/setup");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_are_in_indonesian_too() {
    let accurate = accurate().await;
    let service = new_home(&accurate).serve().await;
    let mut visitor = Visitor::of(&service).with("accept-language", "id");
    visitor.signs_in(OPERATOR_TOKEN).await.goes_to("/");
    visitor.get("/").await.says(&["Penyiapan: langkah 1 dari 5"]);
    visitor.get("/setup").await.says(&["Buat kunci", "Coba dan simpan", "Buka pemetaan", "Tanggal mulai (WIB)"]);
}
