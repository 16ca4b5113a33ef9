//! Documents of every kind: which state of an order may follow which, and what is created or deleted before what.

use forstok_accurate::{
    clock::Clock,
    domain::document::Kind,
    settings::Database,
    storage::{
        AttemptResult, Claim, Deletion, ExistingDocument, Lane, Outcome, Selection, Settled, State, StorageError,
    },
};
use jiff::SignedDuration;

use super::{ignoring, undecided};
use crate::world::{BOOK, Base, World, order, order_id};

/// Changes the world's database as a later version of the program would.
async fn run(world: &World, sql: &'static str) {
    match &world.place {
        Database::Sqlite(path) => {
            let connection = rusqlite::Connection::open(path).expect("the file can be opened");
            connection.execute_batch(sql).expect("run");
        }
        place @ Database::Postgres(_) => {
            sqlx::raw_sql(sql).execute(&mut super::replicas::beside(place).await).await.expect("run");
        }
    }
}

async fn claim(world: &World, lane: Lane) -> Vec<Claim> {
    let now = world.clock.now();
    let selection = Selection::Due { lane, newest_first: false, limit: 10 };
    world.storage.claim(BOOK, selection, now, now + SignedDuration::from_mins(1)).await.expect("claimed")
}

async fn settle(world: &World, claim: &Claim, outcome: Outcome) -> Result<Vec<Settled>, StorageError> {
    world.storage.settle(&[AttemptResult::of(claim, outcome)], world.clock.now()).await
}

fn exists(claim: &Claim, id: i64) -> Outcome {
    let (number, total) = (claim.draft.number().to_owned(), 150_000.into());
    Outcome::Exists { document: ExistingDocument { id, number, total } }
}

fn gone(claim: &Claim) -> Outcome {
    Outcome::Gone { number: claim.draft.number().clone(), by: Deletion::ThisAttempt }
}

pub(super) async fn an_unlawful_change_of_state_is_refused_and_nothing_is_written(base: Base) {
    let mut world = World::on(base).await;
    for id in ["1", "2"] {
        world.forstok_sends(order(id).ready_to_ship()).await;
    }
    world.decide_all().await;
    let claims = claim(&world, Lane::Fresh).await;
    // Order 1 cannot be voided, because nothing was to be deleted; the outcome of order 2 must still be written.
    let both = [AttemptResult::of(&claims[0], gone(&claims[0])), AttemptResult::of(&claims[1], exists(&claims[1], 2))];
    let settled = world.storage.settle(&both, world.clock.now()).await.expect("one of them is lawful");
    assert_eq!(settled, [Settled::Unlawful { from: State::Due, to: State::Voided }, Settled::Written]);
    assert_eq!(world.state("1").await, "due");
    assert_eq!(world.state("2").await, "invoiced");
    assert_eq!(settle(&world, &claims[0], exists(&claims[0], 1)).await.expect("lawful"), [Settled::Written]);

    world.forstok_sends(order("1").status("Completed")).await;
    let verdict = ignoring(&undecided(&world).await[0]);
    let refused = world.storage.decide(&[verdict], world.clock.now()).await.expect_err("its invoice exists");
    assert_eq!(refused.to_string(), "order 1 must not go from invoiced to ignored: nothing was written");
    assert_eq!(world.state("1").await, "invoiced");
    assert_eq!(undecided(&world).await.len(), 1, "the news is still to be decided about");
}

pub(super) async fn what_a_document_needs_exists_before_it_and_goes_after_it(base: Base) {
    let mut world = World::on(base).await;
    world.forstok_sends(order("1").ready_to_ship()).await;
    world.decide_all().await;
    run(
        &world,
        r#"INSERT INTO documents (order_id, kind, part, book, number, draft, wanted, state)
           SELECT order_id, 'receipt', 1, book, number || '/1',
                  '{"book":"main","payout":{"source":"s","id":"1","store_id":"","channel_order_id":"","paid_at":"2024-01-31",
                    "net":1,"amounts":{}},"used":{"discount":0,"shipping":0,"returns":0},"body":{"customerNo":"8277","bankNo":"110102",
                    "transDate":"31/01/2024","number":"N/1","chequeAmount":1,"detailInvoice":[]}}', 'exist', 'due'
           FROM documents"#,
    )
    .await;
    let kinds = |claims: &[Claim]| claims.iter().map(|claim| claim.kind).collect::<Vec<_>>();
    let claimable = async |lane| world.storage.claimable(BOOK, world.clock.now(), 10).await.expect("readable").of(lane);

    assert_eq!((claimable(Lane::Fresh).await, claimable(Lane::Receipts).await), (1, 0), "the receipt needs it");
    let invoice = claim(&world, Lane::Fresh).await;
    assert_eq!(kinds(&invoice), [Kind::Invoice]);
    assert_eq!(claimable(Lane::Receipts).await, 0, "it does not exist yet");
    settle(&world, &invoice[0], exists(&invoice[0], 7)).await.expect("written");
    let receipt = claim(&world, Lane::Receipts).await;
    assert_eq!(kinds(&receipt), [Kind::Receipt]);
    // Ids of receipts and of invoices have nothing to do with each other.
    let settled = settle(&world, &receipt[0], exists(&receipt[0], 7)).await.expect("written");
    assert_eq!(settled, [Settled::Written]);
    assert_eq!(world.state("1").await, "invoiced", "the state of the order is that of its invoice");

    run(
        &world,
        "UPDATE documents SET wanted = 'gone', state = 'due' WHERE kind = 'invoice';
         UPDATE orders SET state = 'void_due'",
    )
    .await;
    assert!(claim(&world, Lane::Deletion).await.is_empty(), "its receipt exists");
    run(&world, "UPDATE documents SET wanted = 'gone', state = 'due' WHERE kind = 'receipt'").await;
    let receipt = claim(&world, Lane::Deletion).await;
    assert_eq!(kinds(&receipt), [Kind::Receipt]);
    assert!(claim(&world, Lane::Deletion).await.is_empty(), "nobody knows yet that the receipt is gone");
    settle(&world, &receipt[0], gone(&receipt[0])).await.expect("written");
    assert_eq!(world.state("1").await, "void_due");
    let invoice = claim(&world, Lane::Deletion).await;
    assert_eq!(kinds(&invoice), [Kind::Invoice]);
    settle(&world, &invoice[0], gone(&invoice[0])).await.expect("written");
    let order = world.storage.order(&order_id("1")).await.expect("readable").expect("known");
    assert_eq!(order.state, State::Voided);
}
