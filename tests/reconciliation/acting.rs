//! What people do about findings.

use forstok_accurate::{
    domain::{
        manual::{Manual, Refused},
        reconciliation::{Action, Class, FindingState},
    },
    sandbox::Edit,
    storage::{Acted, Closing, FindingFilter, ManualChange, Written},
};
use rust_decimal::Decimal;

use super::{adds_up, ani, findings, invoiced, open, reconcile};
use crate::world::{Base, World, order, order_id};

pub(crate) async fn act(world: &World, order: &str, action: Action) -> Acted {
    let open = findings(world, FindingState::Open).await;
    let finding = open.iter().find(|finding| finding.order_id.as_ref().is_some_and(|id| id.as_str() == order));
    let id = finding.expect("it is open").id;
    world.engine.act_on_finding(id, action, "as agreed", &ani()).await.expect("written")
}

pub(super) async fn create_again_accept_and_adopt(base: Base) {
    let mut world = invoiced(base, 1..=3).await;
    for id in ["1", "2"] {
        let number = world.order(id).await.invoice.expect("invoiced").number.to_string();
        assert!(world.accurate.remove_invoice(&number));
    }
    let number = world.order("3").await.invoice.expect("invoiced").number.to_string();
    let edit = Edit { total: Some(Decimal::from(1_000)), ..Edit::default() };
    world.accurate.edit_invoice(&number, &edit).expect("it is there");
    reconcile(&world).await;
    assert_eq!(act(&world, "3", Action::CreateAgain).await, Acted::NoLongerFits, "it is still there");

    assert_eq!(act(&world, "1", Action::CreateAgain).await, Acted::Done);
    assert_eq!(act(&world, "2", Action::AcceptDeleted).await, Acted::Done);
    assert_eq!(act(&world, "3", Action::Adopt).await, Acted::Done);
    world.run_until_settled().await;

    assert_eq!(world.state("1").await, "invoiced");
    assert_eq!(world.state("2").await, "voided");
    assert_eq!(world.state("3").await, "invoiced");
    assert_eq!(world.order("3").await.invoice.expect("invoiced").total, Decimal::from(1_000));
    assert_eq!(world.accurate.invoice_count(), 2);
    for (id, said) in [("1", "Create again"), ("2", "Accept as deleted"), ("3", "Adopt")] {
        let timeline = world.timeline(id).await;
        assert!(timeline.contains("\"ani\" dealt with") && timeline.contains(said), "{timeline}");
    }
    // Nothing is left to explain.
    let run = reconcile(&world).await;
    adds_up(&run);
    assert_eq!((run.parts[0].sums.difference(), open(&world).await), (0, Vec::new()));
}

#[tokio::test]
async fn an_action_that_no_longer_fits_changes_nothing() {
    let mut world = invoiced(Base::Sqlite, 1..=2).await;
    let number = world.order("1").await.invoice.expect("invoiced").number.to_string();
    assert!(world.accurate.remove_invoice(&number));
    reconcile(&world).await;
    world.forstok_sends(order("1").cancelled()).await;
    world.run_until_settled().await;
    assert_eq!(world.state("1").await, "voided");
    assert_eq!(act(&world, "1", Action::CreateAgain).await, Acted::NoLongerFits);
    assert_eq!(world.engine.act_on_finding(999, Action::Adopt, "", &ani()).await.expect("read"), Acted::Unknown);
    reconcile(&world).await;
    assert_eq!(open(&world).await, []);
}

#[tokio::test]
async fn a_decision_on_the_order_creates_a_deleted_invoice_again() {
    let mut world = invoiced(Base::Sqlite, 1..=2).await;
    let again = ManualChange { decision: Some(Manual::Again), reason: None, document: None, actor: "ani".to_owned() };
    let id = order_id("1");
    let refused = world.engine.decide_manually(&id, &again).await.expect("read");
    assert_eq!(refused, Written::Refused(Refused::NotVoided), "as far as anybody knows, it is there");
    let number = world.order("1").await.invoice.expect("invoiced").number.to_string();
    assert!(world.accurate.remove_invoice(&number));
    reconcile(&world).await;
    assert_eq!(world.engine.decide_manually(&id, &again).await.expect("written"), Written::Changed);
    world.run_until_settled().await;
    assert_eq!((world.state("1").await.as_str(), world.accurate.invoice_count()), ("invoiced", 2));
    assert_eq!(open(&world).await, []);
}

#[tokio::test]
async fn an_invoice_that_is_created_again_is_never_there_twice() {
    let mut world = invoiced(Base::Sqlite, 1..=2).await;
    let number = world.order("1").await.invoice.expect("invoiced").number.to_string();
    assert!(world.accurate.remove_invoice(&number));
    reconcile(&world).await;
    // A person enters it again by hand, just before somebody else presses the button.
    world.accurate.add_invoice(&number, "8277", "1", Decimal::from(1));
    assert_eq!(act(&world, "1", Action::CreateAgain).await, Acted::Done);
    world.run_until_settled().await;
    assert_eq!(world.state("1").await, "blocked: number_conflict");
    assert_eq!(world.accurate.invoice_count(), 2);
}

/// Five hundred findings of one cause, and one of another.
pub(super) async fn many_findings_are_closed_with_one_reason(base: Base) {
    let world = invoiced(base, 1..=2).await;
    let number = world.order("1").await.invoice.expect("invoiced").number.to_string();
    assert!(world.accurate.remove_invoice(&number));
    for nth in 0..500 {
        world.accurate.add_invoice(&format!("SHOP-{nth}"), "8277", "sold in the shop", Decimal::from(25_000));
    }
    reconcile(&world).await;
    let changed = Edit { total: Some(Decimal::from(26_000)), ..Edit::default() };
    let seen_at = world.clock_now();
    world.accurate.edit_invoice("SHOP-7", &changed).expect("it is there");
    reconcile_later(&world).await;
    let sold =
        FindingFilter { class: Some(Class::Foreign), unchanged_since: Some(seen_at), ..FindingFilter::default() };

    let closed = world.engine.close_findings(Closing::Shown(&sold), "sold in the shop", &ani()).await.expect("written");

    let open = findings(&world, FindingState::Open).await;
    let shop_7 = open.iter().find(|finding| finding.number.as_str() == "SHOP-7").expect("it changed, so it stays open");
    assert_eq!((closed.closed, closed.changed, open.len()), (499, vec![shop_7.id], 2));

    // One by one: what was seen before it changed is not closed, nor what is closed already.
    let missing = open.iter().find(|finding| finding.class == Class::MissingInAccurate).expect("it is open");
    let before = shop_7.changed_at - jiff::SignedDuration::from_secs(1);
    let seen = [(missing.id, missing.changed_at), (shop_7.id, before), (4_711, before)];
    let closed = world.engine.close_findings(Closing::Seen(&seen), "booked by hand", &ani()).await.expect("written");
    assert_eq!((closed.closed, closed.changed, closed.unknown), (1, vec![shop_7.id], vec![4_711]));
    let again = world.engine.close_findings(Closing::Seen(&seen[..1]), "again", &ani()).await.expect("written");
    assert_eq!((again.closed, again.changed), (0, vec![missing.id]));
    let timeline = world.timeline("1").await;
    assert!(timeline.contains("\"ani\" closed the finding \"Not in Accurate\": booked by hand"), "{timeline}");
}

async fn reconcile_later(world: &World) {
    world.clock.advance(jiff::SignedDuration::from_mins(1));
    adds_up(&reconcile(world).await);
}

/// A person deletes our invoice and gives its number to a sale of their own: once while the order should have an
/// invoice, and once after it was cancelled.
pub(super) async fn another_sale_with_our_number_is_never_taken_for_the_orders(base: Base) {
    let mut world = invoiced(base, 1..=3).await;
    let numbers = [number_of(&world, "1").await, number_of(&world, "2").await, number_of(&world, "3").await];
    for (number, customer) in [(&numbers[0], "COUNTER"), (&numbers[1], "8277"), (&numbers[2], "COUNTER")] {
        assert!(world.accurate.remove_invoice(number));
        world.accurate.add_invoice(number, customer, "sold in the shop", Decimal::from(777_000));
    }
    world.forstok_sends(order("3").cancelled()).await;
    world.run_until_settled().await;
    world.clock.advance(jiff::SignedDuration::from_mins(90));
    adds_up(&reconcile(&world).await);
    let found: Vec<_> = findings(&world, FindingState::Open).await;
    let of = |number: &str| -> Vec<_> {
        found.iter().filter(|finding| finding.number.as_str() == number).map(|finding| finding.class).collect()
    };
    assert_eq!(of(&numbers[0]), [Class::MissingInAccurate], "the other sale is to none of our customers");
    assert_eq!(of(&numbers[1]), [Class::MissingInAccurate, Class::Foreign]);
    assert_eq!(of(&numbers[2]), [], "the sale is not the cancelled order's, and must not be deleted");
    let missing = found.iter().find(|finding| finding.number.as_str() == numbers[0]).expect("just seen");
    let namesake = missing.facts.namesake.as_ref().expect("it has the number now");
    assert_eq!((namesake.customer_no.as_str(), namesake.total), ("COUNTER", 77_700_000));

    // Its number is taken, so that creating it again asks a person.
    assert_eq!(act(&world, "1", Action::Adopt).await, Acted::NoLongerFits);
    assert_eq!(act(&world, "1", Action::CreateAgain).await, Acted::Done);
    world.run_until_settled().await;
    assert_eq!(world.state("1").await, "blocked: number_conflict");
    world.accurate.renumber_invoice(&numbers[0], "SHOP-1").expect("it is there");
    world.operator_retries("1").await;
    world.run_until_settled().await;
    assert_eq!(world.state("1").await, "invoiced");
}

async fn number_of(world: &World, id: &str) -> String {
    world.order(id).await.invoice.expect("invoiced").number.to_string()
}
