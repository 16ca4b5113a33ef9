//! What people do about findings.

use forstok_accurate::{
    domain::{
        manual::{Manual, Refused},
        reconciliation::{Action, FindingState},
    },
    sandbox::Edit,
    storage::{Acted, ManualChange, Written},
};
use rust_decimal::Decimal;

use super::{adds_up, ani, findings, invoiced, open, reconcile};
use crate::world::{Base, World, order, order_id};

async fn act(world: &World, order: &str, action: Action) -> Acted {
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
