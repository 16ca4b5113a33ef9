//! Services and commands on one database share Accurate's limit.

use std::time::Duration;

use forstok_accurate::{
    clock::SystemClock,
    settings::Database,
    storage::{self, Allowance},
};

use crate::world::{Base, new_place};

/// Longer than a command's request is remembered; only a failing test waits this long.
const LONGEST: Duration = Duration::from_mins(1);

async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let came = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(LONGEST, came).await.unwrap_or_else(|_| panic!("it never came to this: {what}"));
}

fn borrowing(place: &Database) -> tokio::task::JoinHandle<Option<storage::Borrowed>> {
    let place = place.clone();
    tokio::spawn(async move { storage::borrow(&place, &SystemClock).await.expect("it is lent") })
}

pub(super) async fn a_command_gets_its_share_of_the_limit_while_the_service_gives_it_up(base: Base) {
    let (place, _folder) = new_place(base).await;
    storage::open(&place).await.expect("the database can be made").close().await;
    let mut one = Allowance::of(&place, &SystemClock).await.expect("nobody has it");
    let mut other = Allowance::of(&place, &SystemClock).await.expect("replicas share it");
    assert!(one.is_ours(&SystemClock).await && other.is_ours(&SystemClock).await);

    let command = borrowing(&place);
    eventually("the service sees that a command asks", async || !one.is_ours(&SystemClock).await).await;
    assert!(!other.is_ours(&SystemClock).await);
    one.lend().await;
    assert!(!one.take_back(&SystemClock).await, "it is the command's turn");
    assert!(!command.is_finished(), "the other replica still has its part");
    other.lend().await;
    let borrowed = command.await.expect("no panic").expect("a service was here");
    assert!(!one.take_back(&SystemClock).await);
    let mut late = Allowance::of(&place, &SystemClock).await.expect("a service may start meanwhile");
    assert!(!late.is_ours(&SystemClock).await, "but has not all of it");

    drop(borrowed);
    for service in [&mut one, &mut other, &mut late] {
        eventually("it is the service's again", async || service.take_back(&SystemClock).await).await;
        assert!(service.is_ours(&SystemClock).await);
    }
}
