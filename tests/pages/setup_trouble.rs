//! What the setup page says when Accurate cannot be reached or refuses: the cause, and what to do.

use std::sync::Arc;

use forstok_accurate::sandbox::{Action, Options};
use reqwest::StatusCode;

use super::{
    setting_up::{CREDENTIALS, enters, new_home},
    visitor::{Shown, Visitor},
};
use crate::{
    service::{OPERATOR_TOKEN, Service, accurate, accurate_with},
    world::FakeClock,
};

/// One admin for each language.
async fn admins(service: &Service) -> [Visitor; 2] {
    let mut indonesian = Visitor::of(service).with("accept-language", "id");
    indonesian.signs_in(OPERATOR_TOKEN).await.goes_to("/");
    [Visitor::operator(service).await, indonesian]
}

/// Nothing was saved, and the page says why and what to do.
async fn is_refused(shown: &Shown, visitor: &mut Visitor, words: &[&str]) {
    assert_eq!(shown.status, StatusCode::UNPROCESSABLE_ENTITY);
    shown.says(words);
    assert!(!CREDENTIALS.iter().any(|(_, secret)| shown.html.contains(secret)), "a secret is shown again");
    let html = visitor.get("/setup").await.html;
    assert!(html.contains("name=\"api_token\"") && !html.contains("/setup/accurate/check"), "nothing was saved");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_accurate_that_cannot_be_reached_is_named_with_its_address() {
    let accurate = accurate().await;
    let service = new_home(&accurate).serve().await;
    let address = accurate.url();
    accurate.stop().await;
    let [mut english, mut indonesian] = admins(&service).await;
    let shown = enters(&mut english, CREDENTIALS).await;
    let remedy = format!("Make sure that this server reaches {address}/, then try again");
    is_refused(&shown, &mut english, &["Accurate does not answer: ", "They were not saved.", &remedy]).await;
    let shown = enters(&mut indonesian, CREDENTIALS).await;
    let remedy = format!("Pastikan server ini dapat menghubungi {address}/, lalu coba lagi");
    is_refused(&shown, &mut indonesian, &["Accurate tidak menjawab. Nilai itu tidak disimpan.", &remedy]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_clock_is_named() {
    let clock = Arc::new(FakeClock::at("2023-11-27T00:00:00Z"));
    let accurate = accurate_with(Options { clock, ..Options::with_sample_masters() }).await;
    let service = new_home(&accurate).serve().await;
    let [mut english, mut indonesian] = admins(&service).await;
    let shown = enters(&mut english, CREDENTIALS).await;
    let words = [
        "Accurate refuses access: ",
        "Set this machine's clock: it differs from Accurate's by more than ten minutes",
        "They were not saved.",
    ];
    is_refused(&shown, &mut english, &words).await;
    let shown = enters(&mut indonesian, CREDENTIALS).await;
    let words = [
        "Accurate menolak akses: ",
        "Setel jam server ini: selisihnya dengan jam Accurate lebih dari sepuluh menit",
        "Nilai itu tidak disimpan.",
    ];
    is_refused(&shown, &mut indonesian, &words).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_token_or_secret_says_what_to_copy_again() {
    let accurate = accurate().await;
    let service = new_home(&accurate).serve().await;
    let [mut english, mut indonesian] = admins(&service).await;
    for wrong in
        [[("api_token", "of-somebody-else"), CREDENTIALS[1]], [CREDENTIALS[0], ("signature_secret", "of-another-app")]]
    {
        let shown = enters(&mut english, wrong).await;
        let remedy = "Copy both from Accurate again: the API Token that was created in this database";
        is_refused(&shown, &mut english, &["Accurate refuses access: ", remedy]).await;
        let shown = enters(&mut indonesian, wrong).await;
        let remedy = "Salin lagi keduanya dari Accurate: API Token yang dibuat di database ini";
        is_refused(&shown, &mut indonesian, &["Accurate menolak akses: ", remedy]).await;
    }
    let shown = enters(&mut english, [("api_token", "two words"), CREDENTIALS[1]]).await;
    is_refused(&shown, &mut english, &["cannot be used", "Copy each one completely from Accurate, without spaces."])
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_missing_right_is_named_in_both_languages() {
    let accurate = accurate().await;
    let rights =
        [Action::AccountList, Action::BranchList, Action::PaymentTermList, Action::ItemList, Action::CustomerList];
    for right in rights {
        accurate.sandbox().withhold_right(right);
    }
    let service = new_home(&accurate).serve().await;
    let [mut english, mut indonesian] = admins(&service).await;
    enters(&mut english, CREDENTIALS).await.goes_to("/setup?done=credentials_saved#step-2");
    let shown = english.get("/setup").await;
    let missing = ["glaccount/list", "branch/list", "payment-term/list", "item/list", "customer/list"];
    for call in missing {
        shown.says(&[&format!("The right for {call} is missing: Anda tidak mempunyai hak untuk")]);
    }
    shown.says(&["Grant it in Accurate to the user who created the API Token"]);
    let shown = indonesian.get("/setup").await;
    for call in missing {
        shown.says(&[&format!("Hak akses untuk {call} belum diberikan: Anda tidak mempunyai hak untuk")]);
    }
    shown.says(&["Berikan hak akses ini di Accurate kepada pengguna yang membuat API Token"]);
}
