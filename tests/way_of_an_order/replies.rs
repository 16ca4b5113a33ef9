//! The meaning of Accurate's replies, whatever a seller typed and whatever a proxy shows.

use forstok_accurate::{
    domain::reason::Language,
    sandbox::{Action, CustomerNames, Fault, On, SuspendedItems},
    storage::State,
};

use super::{NUMBER, ORDER};
use crate::world::{World, order};

#[tokio::test]
async fn a_sellers_text_that_sounds_like_an_answer_blocks_its_own_order_only() {
    let mut world = World::new().await;
    // The first order creates the customer.
    world.forstok_sends(order("9").ready_to_ship()).await;
    world.run_until_settled().await;
    let saves = world.saves();
    let skus = ["kabel-paralel-2m", "Unauthorized-Tee", "Upsss", "8 request per detik", "invalid_token"];
    for (id, sku) in (1..).zip(skus) {
        world.forstok_sends(order(&format!("{id}")).ready_to_ship().sku(sku)).await;
    }
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_at_once_until_idle().await;
    for (id, sku) in (1..).zip(skus) {
        assert_eq!(world.state(&format!("{id}")).await, "blocked: item_not_found", "{sku}");
    }
    assert_eq!((world.pause(), world.state(ORDER).await.as_str()), (None, "invoiced"));
    world.run_for(600).await;
    assert_eq!(world.saves() - saves, 6, "each is sent once");
}

#[tokio::test]
async fn a_suspended_item_is_reported_as_such_and_its_order_continues_once_it_is_active() {
    let mut world = World::new().await;
    world.accurate.change_settings(|settings| settings.suspended_items = SuspendedItems::Named);
    world.accurate.suspend_item("AAA2002");
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "blocked: item_not_found");
    let finding = &world.order(ORDER).await.findings[0];
    assert!(finding.about.in_words(Language::English).contains("berstatus Non Aktif"), "{finding:?}");
    assert!(finding.reason.remedy(Language::English).contains("activate the item"));
    world.accurate.resume_item("AAA2002");
    world.run_until_recovered().await;
    assert_eq!(world.state(ORDER).await, "invoiced");
}

#[tokio::test]
async fn a_customer_whose_name_is_taken_is_not_taken_for_one_that_exists() {
    let mut world = World::new().await;
    world.accurate.change_settings(|settings| settings.customer_names = CustomerNames::Unique);
    world.forstok_sends(order("1").ready_to_ship()).await;
    world.run_until_settled().await;
    let name = world.accurate.customers().last().expect("one was created").name.clone();
    world.forstok_sends(order("2").ready_to_ship().store(7475).with("store_name", name.into())).await;
    world.run_until_settled().await;
    assert_eq!(world.state("2").await, "blocked: customer_not_found");
    let about = world.order("2").await.findings[0].about.in_words(Language::English);
    assert!(about.contains("Sudah ada data lain dengan Nama"), "{about}");
    let timeline = world.timeline("2").await;
    assert!(!timeline.contains("already"), "{timeline}");
}

#[tokio::test]
async fn an_error_page_that_echoes_the_request_shows_none_of_our_secrets() {
    let mut world = World::new().await;
    for fault in [Fault::EchoedBefore, Fault::EchoedAfter] {
        world.accurate.next(On::Any, fault, 4);
    }
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_at_once_until_idle().await;
    let paused = world.engine.books().into_iter().find_map(|book| book.pause).map(|pause| pause.words);
    world.run_until_settled().await;
    let shown = format!("{} {paused:?}", world.timeline(ORDER).await);
    assert!(world.accurate.fault_counts().keys().any(|fault| fault.starts_with("echoed")), "{shown}");
    for secret in ["sandbox-token", "sandbox-secret"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    for call in world.accurate.calls() {
        assert!(!shown.contains("x-api-signature: ") || shown.contains("***"), "{call:?}: {shown}");
    }
    assert_eq!((world.state(ORDER).await.as_str(), world.accurate.invoices_numbered(NUMBER).len()), ("invoiced", 1));
}

#[tokio::test]
async fn a_huge_or_deep_reply_is_read_and_never_makes_a_second_invoice() {
    let mut world = World::new().await;
    world.accurate.next(Action::InvoiceSave, Fault::Huge, 1);
    world.accurate.next(Action::InvoiceSave, Fault::Deep, 1);
    for id in ["1", "2"] {
        world.forstok_sends(order(id).ready_to_ship()).await;
    }
    world.run_until_settled().await;
    assert_eq!((world.count(State::Invoiced).await, world.accurate.invoice_count()), (2, 2));
}
