//! A right that was missing, and that no order needs any more.

use forstok_accurate::{
    check::try_missing,
    sandbox::{Action, samples::MAPPING},
};

use super::ORDER;
use crate::world::{BOOK, World, order};

/// What the page *Accurate connection* does when a person has the connection checked.
async fn checks(world: &World) -> usize {
    let posting = world.engine.posting();
    let session = world.engine.session(BOOK).expect("it is known");
    let (missing, given) = try_missing(session, &posting.missing_rights(BOOK)).await;
    posting.note_tried_rights(BOOK, &given).await.expect("written");
    missing.len()
}

#[tokio::test]
async fn a_missing_right_to_write_is_no_longer_shown_once_a_check_finds_it() {
    for action in [Action::InvoiceSave, Action::InvoiceDelete, Action::CustomerSave] {
        let mut world = World::new().await;
        if action == Action::InvoiceDelete {
            world.forstok_sends(order(ORDER).ready_to_ship()).await;
            world.run_until_settled().await;
        }
        world.accurate.withhold_right(action);
        let status =
            if action == Action::InvoiceDelete { order(ORDER).cancelled() } else { order(ORDER).ready_to_ship() };
        world.forstok_sends(status).await;
        world.run_for(5).await;
        assert_eq!(world.pause(), Some("right_missing"), "{action:?}");
        assert_eq!(checks(&world).await, 1, "{action:?}: it is still missing, and the check says so");
        assert_eq!(world.pause(), Some("right_missing"), "{action:?}");

        world.accurate.grant_right(action);
        let (saved, customers) = (world.accurate.invoice_count(), world.accurate.call_count(Action::CustomerSave));
        assert_eq!(checks(&world).await, 0, "{action:?}");

        assert_eq!((world.pause(), world.accurate.invoice_count()), (None, saved), "{action:?}: it changes nothing");
        assert!(world.accurate.call_count(Action::CustomerSave) <= customers + 1, "{action:?}");
        let end = if action == Action::InvoiceDelete { "voided" } else { "invoiced" };
        world.run_until_settled().await;
        assert_eq!(world.state(ORDER).await, end, "{action:?}: its order continues");
    }
}

#[tokio::test]
async fn a_missing_right_is_no_longer_shown_once_a_list_was_read_with_it() {
    let mut world = World::with_mapping(&format!("create_missing_customers = false\n{MAPPING}")).await;
    world.accurate.withhold_right(Action::CustomerList);
    world.forstok_sends(order(ORDER).ready_to_ship()).await;
    world.run_for(60).await;
    assert_eq!(
        (world.pause(), world.state(ORDER).await.as_str()),
        (Some("right_missing"), "blocked: customer_not_found")
    );
    // From now on, no order needs this right.
    world.forstok_sends(order(ORDER).cancelled()).await;
    world.run_for(4 * 3_600).await;
    assert_eq!(world.pause(), Some("right_missing"));

    world.accurate.grant_right(Action::CustomerList);
    while world.engine.read_due_list(BOOK).await.expect("stored").is_some() {}
    world.run_for(5).await;
    assert_eq!(world.pause(), None);
}
