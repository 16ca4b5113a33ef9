//! Databases that assign their own invoice numbers, or change upper and lower case of ours.

use forstok_accurate::{
    domain::reason::Warning,
    sandbox::{Action, Fault, LetterCase, Numbering, On},
    storage::State,
};
use rust_decimal::Decimal;

use super::{NUMBER, ORDER};
use crate::world::{World, order};

/// A world in which the database's automatic numbers are used.
async fn with_its_own_numbers() -> World {
    let world = World::new().await;
    world.accurate.change_settings(|settings| settings.numbering = Numbering::Automatic);
    world
}

async fn number_of(world: &World, id: &str) -> String {
    world.order(id).await.invoice.expect("it is invoiced").number.to_string()
}

#[tokio::test]
async fn a_success_under_another_number_is_a_success() {
    let mut world = with_its_own_numbers().await;
    for id in 1..=20 {
        world.forstok_sends(order(&id.to_string()).ready_to_ship()).await;
    }
    world.run_until_settled().await;
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_until_settled().await;
    world.advance(3_600);
    world.run_until_settled().await;
    assert_eq!(world.count(State::Invoiced).await, 21);
    assert_eq!(world.accurate.invoice_count(), 21);
    let theirs = world.accurate.invoices().into_iter().find(|invoice| invoice.description == ORDER).expect("saved");
    assert_eq!(number_of(&world, ORDER).await, theirs.number);
    assert_ne!(theirs.number, NUMBER);
    assert!(world.warnings(ORDER).await.contains(&Warning::OtherNumber));
}

#[tokio::test]
async fn an_invoice_under_another_number_is_deleted_by_its_id() {
    let mut world = with_its_own_numbers().await;
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_until_settled().await;
    world.forstok_sends(order(ORDER).cancelled()).await;
    world.run_until_settled().await;
    assert_eq!((world.state(ORDER).await.as_str(), world.accurate.invoice_count()), ("voided", 0));
}

#[tokio::test]
async fn an_invoice_under_another_number_whose_reply_was_lost_is_found_by_its_order_and_not_saved_again() {
    for lag in [0, 30, 60] {
        let mut world = with_its_own_numbers().await;
        world.accurate.change_settings(|settings| {
            settings.list_lag = std::time::Duration::from_secs(lag);
            settings.detail_lag = std::time::Duration::from_secs(lag);
        });
        world.accurate.lose_next_reply_after_saving();
        world.forstok_sends(order(ORDER).ready_to_ship()).await;
        world.run_until_settled().await;
        assert_eq!(world.state(ORDER).await, "invoiced", "lag {lag} s");
        assert_eq!(world.accurate.invoice_count(), 1, "lag {lag} s");
        assert!(world.warnings(ORDER).await.contains(&Warning::OtherNumber));
    }
}

#[tokio::test]
async fn many_invoices_under_other_numbers_whose_reply_was_lost_share_one_list() {
    let mut world = with_its_own_numbers().await;
    world.accurate.add_masters(&forstok_accurate::sandbox::Masters::default().customer("8277", "Toko"));
    for id in 1..=40 {
        world.forstok_sends(order(&id.to_string()).ready_to_ship()).await;
    }
    world.accurate.lose_next_reply_after_saving();
    world.run_until_settled().await;
    assert_eq!((world.count(State::Invoiced).await, world.accurate.invoice_count()), (40, 40));
    let lists = world.accurate.call_count(Action::InvoiceList);
    assert!(lists <= 4, "{lists} lists");
}

#[tokio::test]
async fn until_it_is_known_whose_numbers_count_nothing_is_saved_again_before_the_first_save_has_expired() {
    let mut world = with_its_own_numbers().await;
    world.accurate.add_masters(&forstok_accurate::sandbox::Masters::default().customer("8277", "Toko"));
    world.accurate.next(On::InvoiceSaves, Fault::Late(std::time::Duration::from_secs(170)), 1);
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_until_settled().await;
    world.advance(600);
    assert_eq!(world.accurate.invoice_count(), 1, "{}", world.timeline(ORDER).await);
    assert_eq!(world.state(ORDER).await, "invoiced");
}

#[tokio::test]
async fn if_no_list_can_be_trusted_a_person_must_act_before_anything_is_saved_again() {
    let mut world = with_its_own_numbers().await;
    world.accurate.add_masters(&forstok_accurate::sandbox::Masters::default().customer("8277", "Toko"));
    for number in 0..5_001 {
        world.accurate.add_invoice(&format!("OLD-{number}"), "8277", "old", Decimal::ONE);
    }
    // All of them have today's date, like this order's invoice: more than are read.
    world.accurate.next(On::InvoiceSaves, Fault::DroppedBefore, 1);
    world.forstok_sends(order(ORDER).ready_to_ship().updated_at("2024-02-01T08:00:00+07:00")).await;
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "blocked: number_conflict");
    assert_eq!(world.saves(), 1);
    // A person has checked that there is none, and says so.
    world.operator_retries(ORDER).await;
    world.run_until_settled().await;
    assert_eq!((world.state(ORDER).await.as_str(), world.saves()), ("invoiced", 2));
}

#[tokio::test]
async fn a_number_that_comes_back_in_other_letters_is_the_same_number() {
    for letter_case in [LetterCase::Lower, LetterCase::Ignored] {
        for lost in [false, true] {
            let mut world = World::new().await;
            world.accurate.change_settings(|settings| settings.letter_case = letter_case);
            if lost {
                world.accurate.lose_next_reply_after_saving();
            }
            world.forstok_sends(order(ORDER).ready_to_ship()).await;
            world.run_until_settled().await;
            assert_eq!(world.state(ORDER).await, "invoiced", "{letter_case:?}, lost: {lost}");
            assert_eq!((world.accurate.invoice_count(), world.saves()), (1, 2), "{letter_case:?}, lost: {lost}");
            let other = world.warnings(ORDER).await.contains(&Warning::OtherNumber);
            assert_eq!(other, letter_case == LetterCase::Lower, "{letter_case:?}, lost: {lost}");
            world.forstok_sends(order(ORDER).cancelled()).await;
            world.run_until_settled().await;
            assert_eq!((world.state(ORDER).await.as_str(), world.accurate.invoice_count()), ("voided", 0));
        }
    }
}

#[tokio::test]
async fn an_invoice_whose_reply_was_lost_is_found_although_a_person_has_renumbered_it() {
    for is_cancelled in [false, true] {
        let mut world = World::new().await;
        // Our numbers are known to be kept.
        world.forstok_sends(order("1").ready_to_ship()).await;
        world.run_until_settled().await;
        world.accurate.next(On::InvoiceSaves, Fault::DroppedAfter, 1);
        world.accurate.next(Action::InvoiceDetail, Fault::DroppedBefore, 1);
        world.forstok_sends(order(ORDER).ready_to_ship()).await;
        world.run_until_idle().await;
        world.accurate.renumber_invoice(NUMBER, "KOREKSI-1").expect("it was saved");
        if is_cancelled {
            world.forstok_sends(order(ORDER).cancelled()).await;
        }
        world.run_until_settled().await;
        world.advance(3_600);
        world.run_until_settled().await;
        let of_the_order = world.accurate.invoices().into_iter().filter(|invoice| invoice.description == ORDER);
        assert_eq!(of_the_order.count(), usize::from(!is_cancelled), "{}", world.timeline(ORDER).await);
        if !is_cancelled {
            assert_eq!(number_of(&world, ORDER).await, "KOREKSI-1");
        }
    }
}

#[tokio::test]
async fn a_list_that_still_shows_a_deleted_invoice_does_not_bring_it_back() {
    let mut world = World::new().await;
    world.forstok_sends(order("1").ready_to_ship()).await;
    world.run_until_settled().await;
    world.accurate.change_settings(|settings| settings.list_lag = std::time::Duration::from_mins(1));
    world.accurate.next(On::InvoiceSaves, Fault::DroppedAfter, 1);
    world.accurate.next(Action::InvoiceDetail, Fault::DroppedBefore, 1);
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_until_idle().await;
    // A person deletes it before it is found, and the list shows it for a while.
    world.advance(360);
    assert!(world.accurate.remove_invoice(NUMBER));
    world.run_until_settled().await;
    assert_eq!(world.state(ORDER).await, "invoiced");
    let live = world.accurate.invoices().into_iter().filter(|invoice| invoice.description == ORDER);
    assert_eq!(live.count(), 1, "{}", world.timeline(ORDER).await);
}
