//! An invoice that has been due for long and is not created.

use forstok_accurate::{
    domain::reconciliation::{Class, FindingState},
    sandbox::Action,
};

use super::{adds_up, findings, found, invoiced, open, reconcile};
use crate::world::{Base, order};

pub(super) async fn an_invoice_that_is_due_for_long_is_late_until_it_is_created(base: Base) {
    let mut world = invoiced(base, 1..=1).await;
    let writes = [Action::InvoiceSave, Action::InvoiceBulkSave];
    for write in writes {
        world.accurate.withhold_right(write);
    }
    world.forstok_sends(order("2").ready_to_ship()).await;
    world.run_for(1_800).await;
    adds_up(&reconcile(&world).await);
    assert_eq!(open(&world).await, [], "half an hour is not long");

    world.run_for(3_600).await;
    let run = reconcile(&world).await;
    adds_up(&run);
    assert_eq!(open(&world).await, [found(Class::Late, "INV-2", "2")]);
    let sums = run.parts[0].sums;
    assert_eq!((sums.ledger.count, sums.difference(), sums.explained), (1, 0, 0), "it counts on neither side");

    for write in writes {
        world.accurate.grant_right(write);
    }
    world.run_until_settled().await;
    world.advance(3_600);
    adds_up(&reconcile(&world).await);
    assert_eq!((open(&world).await, findings(&world, FindingState::Gone).await.len()), (Vec::new(), 1));
}
