//! Reconciliation: every difference between our ledger and Accurate has a name, nothing else has, and the sums add up.

pub(crate) mod acting;
mod changed;
mod forstok;
mod hints;
mod late;
mod nightly;
mod reading;
mod rest;
mod two_books;
mod unpaid;
mod unsettled;
mod year;

use forstok_accurate::{
    domain::{
        operator::{Actor, Role},
        reconciliation::{Class, FindingState, Period},
    },
    engine::run::Running,
    sandbox::Edit,
    storage::{FindingFilter, FindingRecord, Run},
};
use jiff::civil::date;
use rust_decimal::Decimal;

use crate::world::{BOOK, Base, World, order};

/// The days around the first of February 2024, on which a world begins.
const PERIOD: Period = Period { from: date(2023, 6, 1), to: date(2024, 2, 5) };

fn ani() -> Actor {
    Actor { name: "ani".to_owned(), role: Role::Work }
}

/// A world in which these orders are invoiced.
async fn invoiced(base: Base, ids: std::ops::RangeInclusive<u32>) -> World {
    let mut world = World::on(base).await;
    for id in ids {
        world.forstok_sends(order(&id.to_string()).ready_to_ship()).await;
    }
    world.run_until_settled().await;
    world
}

/// Requests a run and has it carried out.
pub(crate) async fn reconcile(world: &World) -> Run {
    reconcile_period(world, PERIOD).await
}

async fn reconcile_period(world: &World, period: Period) -> Run {
    let id = world.engine.request_reconciliation(period, &ani()).await.expect("written");
    assert!(world.engine.reconcile(BOOK).await.expect("stored"), "it was carried out");
    run(world, id).await
}

async fn run(world: &World, id: i64) -> Run {
    world.storage.run(id).await.expect("readable").expect("it was requested")
}

async fn findings(world: &World, state: FindingState) -> Vec<FindingRecord> {
    let filter = FindingFilter { state: Some(state), ..FindingFilter::default() };
    let mut findings = world.storage.findings(&filter, None, 500).await.expect("readable");
    findings.reverse();
    findings
}

/// Class, number and order of the open findings.
async fn open(world: &World) -> Vec<(Class, String, String)> {
    let name = |finding: FindingRecord| {
        (finding.class, finding.number.to_string(), finding.order_id.map(|id| id.to_string()).unwrap_or_default())
    };
    findings(world, FindingState::Open).await.into_iter().map(name).collect()
}

fn found(class: Class, number: &str, order: &str) -> (Class, String, String) {
    (class, number.to_owned(), order.to_owned())
}

/// Everything was seen, and the difference is explained to the rupiah.
fn adds_up(run: &Run) {
    assert!(run.ended_at.is_some(), "{run:?}");
    for part in &run.parts {
        assert_eq!(part.incomplete, None, "{part:?}");
        assert_eq!(part.sums.unexplained(), 0, "{part:?}");
    }
}

macro_rules! on_both {
    ($($case:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $case() {
                super::$case(crate::world::Base::Sqlite).await;
            })*
        }

        mod postgres {
            $(#[tokio::test]
            async fn $case() {
                super::$case(crate::world::Base::Postgres).await;
            })*
        }
    };
}
use on_both;

on_both!(
    books_that_agree_have_no_findings,
    every_kind_of_difference_is_found_once_and_explained,
    a_finding_is_gone_when_its_cause_is,
    a_closed_finding_stays_closed_until_it_changes,
    an_invoice_that_was_moved_to_another_month_is_found_in_both,
    a_person_decides_what_becomes_of_a_finding,
    many_findings_are_closed_with_one_reason,
    another_sale_with_our_number_is_never_taken_for_the_orders,
    a_lost_webhook_is_found_and_explains_no_rupiah,
    a_person_imports_a_lost_order,
    an_invoice_that_is_due_for_long_is_late_until_it_is_created,
    every_wrong_answer_of_a_list_leads_to_an_incomplete_run,
    a_wrong_answer_in_the_middle_is_no_better,
    a_filter_that_is_ignored_is_noticed,
    reads_that_fail_are_tried_again_for_a_minute,
    a_run_continues_where_it_was_after_a_restart,
    a_second_run_waits_for_the_first_and_orders_go_on_meanwhile,
    an_incomplete_night_is_repeated_every_hour,
    only_what_was_not_read_is_read_again,
    each_database_store_and_day_is_explained_for_itself,
    what_people_do_in_accurate_is_found_within_minutes,
    too_many_hints_are_left_to_the_nightly_run,
);

use self::{
    forstok::{a_lost_webhook_is_found_and_explains_no_rupiah, a_person_imports_a_lost_order},
    late::an_invoice_that_is_due_for_long_is_late_until_it_is_created,
    nightly::{an_incomplete_night_is_repeated_every_hour, only_what_was_not_read_is_read_again},
    reading::{
        a_filter_that_is_ignored_is_noticed, a_run_continues_where_it_was_after_a_restart,
        a_second_run_waits_for_the_first_and_orders_go_on_meanwhile, a_wrong_answer_in_the_middle_is_no_better,
        every_wrong_answer_of_a_list_leads_to_an_incomplete_run, reads_that_fail_are_tried_again_for_a_minute,
    },
    two_books::each_database_store_and_day_is_explained_for_itself,
};

async fn books_that_agree_have_no_findings(base: Base) {
    let world = invoiced(base, 1..=3).await;
    let run = reconcile(&world).await;
    adds_up(&run);
    assert_eq!((run.parts[0].sums.ledger, run.parts[0].sums.difference()), (run.parts[0].sums.accurate, 0));
    assert_eq!((run.parts[0].sums.ledger.count, run.parts[0].asked), (3, 0), "no further call was needed");
    assert_eq!(open(&world).await, []);
}

/// What a person can do in Accurate.
async fn every_kind_of_difference_is_found_once_and_explained(base: Base) {
    let mut world = invoiced(base, 1..=8).await;
    let number = async |id: u32| world.order(&id.to_string()).await.invoice.expect("invoiced").number.to_string();
    let numbers =
        [number(1).await, number(2).await, number(3).await, number(4).await, number(5).await, number(6).await];
    let accurate = world.accurate.clone();
    assert!(accurate.remove_invoice(&numbers[0]));
    let total = Some(Decimal::from(1_000));
    accurate.edit_invoice(&numbers[1], &Edit { total, ..Edit::default() }).expect("it is there");
    accurate.renumber_invoice(&numbers[2], "SI.2024.02.0001").expect("it is there");
    let customer_no = Some("ANOTHER".to_owned());
    accurate.edit_invoice(&numbers[3], &Edit { customer_no, ..Edit::default() }).expect("it is there");
    accurate.duplicate_invoice(&numbers[4], "COPY-5").expect("it is there");
    accurate.add_invoice("HAND-1", "8277", "sold in the shop", Decimal::from(25_000));
    accurate.add_invoice("HAND-2", "SOMEBODY", "of no customer of ours", Decimal::from(99_000));
    world.forstok_sends(order("6").cancelled()).await;
    world.run_until_settled().await;
    assert_eq!(world.state("6").await, "voided");
    accurate.add_invoice(&numbers[5], "8277", "6", Decimal::from(7_000));

    let run = reconcile(&world).await;

    adds_up(&run);
    let mut expected = [
        found(Class::MissingInAccurate, &numbers[0], "1"),
        found(Class::Differs, &numbers[1], "2"),
        found(Class::Differs, &numbers[2], "3"),
        found(Class::Differs, &numbers[3], "4"),
        found(Class::Twice, "COPY-5", "5"),
        found(Class::Foreign, "HAND-1", ""),
        found(Class::VoidStanding, &numbers[5], "6"),
    ];
    let mut open = open(&world).await;
    expected.sort();
    open.sort();
    assert_eq!(open, expected);
    // Another run finds the same and nothing more.
    world.advance(86_400);
    adds_up(&reconcile(&world).await);
    assert_eq!(findings(&world, FindingState::Open).await.len(), 7);
}

async fn a_finding_is_gone_when_its_cause_is(base: Base) {
    let world = invoiced(base, 1..=2).await;
    world.accurate.add_invoice("HAND-1", "8277", "", Decimal::from(25_000));
    reconcile(&world).await;
    assert_eq!(open(&world).await, [found(Class::Foreign, "HAND-1", "")]);
    assert!(world.accurate.remove_invoice("HAND-1"));
    adds_up(&reconcile(&world).await);
    assert_eq!(open(&world).await, []);
    assert_eq!(findings(&world, FindingState::Gone).await.len(), 1);
    let counts = world.storage.finding_counts().await.expect("readable");
    let at = |state| counts.iter().filter(|(_, of, _)| *of == state).map(|(_, _, n)| n).sum::<i64>();
    assert_eq!((at(FindingState::Open), at(FindingState::Gone)), (0, 1));
}

async fn a_closed_finding_stays_closed_until_it_changes(base: Base) {
    let world = invoiced(base, 1..=1).await;
    world.accurate.add_invoice("HAND-1", "8277", "", Decimal::from(25_000));
    reconcile(&world).await;
    let id = findings(&world, FindingState::Open).await[0].id;
    world.engine.close_finding(id, "cash sale", &ani()).await.expect("written");
    adds_up(&reconcile(&world).await);
    let closed = &findings(&world, FindingState::Closed).await[0];
    let by = closed.closed.as_ref().expect("a person closed it");
    assert_eq!((&*by.actor, &*by.reason), ("ani", "cash sale"));
    let total = Some(Decimal::from(26_000));
    world.accurate.edit_invoice("HAND-1", &Edit { total, ..Edit::default() }).expect("it is there");
    adds_up(&reconcile(&world).await);
    let id = findings(&world, FindingState::Open).await[0].id;

    // The reason was given for a difference that has disappeared: the same one is a new one.
    world.engine.close_finding(id, "cash sale", &ani()).await.expect("written");
    let move_to = |customer_no: &str| {
        let edit = Edit { customer_no: Some(customer_no.to_owned()), ..Edit::default() };
        world.accurate.edit_invoice("HAND-1", &edit).expect("it is there");
    };
    move_to("SOMEBODY");
    adds_up(&reconcile(&world).await);
    assert_eq!(findings(&world, FindingState::Closed).await.len(), 1, "a person closed it");
    move_to("8277");
    adds_up(&reconcile(&world).await);
    assert_eq!(findings(&world, FindingState::Open).await.len(), 1);
}

async fn an_invoice_that_was_moved_to_another_month_is_found_in_both(base: Base) {
    let world = invoiced(base, 1..=2).await;
    let number = world.order("1").await.invoice.expect("invoiced").number.to_string();
    let moved_to = date(2023, 10, 20);
    world.accurate.edit_invoice(&number, &Edit { day: Some(moved_to), ..Edit::default() }).expect("it is there");
    let months = [(date(2023, 11, 1), date(2023, 11, 30), 80_000), (date(2023, 10, 1), date(2023, 10, 31), -80_000)];
    for (from, to, explained) in months {
        let period = Period { from, to };
        let run = reconcile_period(&world, period).await;
        adds_up(&run);
        assert_eq!(run.parts[0].sums.difference(), explained * 100);
        // The list of the month shows it, with its part of this month's difference.
        let filter = FindingFilter { from: Some(from), to: Some(to), ..FindingFilter::default() };
        let found = world.storage.findings(&filter, None, 10).await.expect("readable");
        let [finding] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(finding.class, Class::Differs);
        assert_eq!(finding.facts.effect(finding.class, period), Some(explained * 100));
        assert_eq!(run.findings.open, 1);
        let days = world.storage.reconciled_days(period).await.expect("readable");
        assert_eq!(days.iter().map(|day| day.open).sum::<i64>(), 1, "{days:?}");
    }
}

async fn a_person_decides_what_becomes_of_a_finding(base: Base) {
    acting::create_again_accept_and_adopt(base).await;
}

async fn many_findings_are_closed_with_one_reason(base: Base) {
    acting::many_findings_are_closed_with_one_reason(base).await;
}

async fn another_sale_with_our_number_is_never_taken_for_the_orders(base: Base) {
    acting::another_sale_with_our_number_is_never_taken_for_the_orders(base).await;
}

async fn what_people_do_in_accurate_is_found_within_minutes(base: Base) {
    hints::what_people_do_in_accurate_is_found_within_minutes(base).await;
}

async fn too_many_hints_are_left_to_the_nightly_run(base: Base) {
    hints::too_many_hints_are_left_to_the_nightly_run(base).await;
}

/// Starts the service's own loops.
fn starts(world: &World) -> Running {
    Running::start(&world.engine, None)
}
