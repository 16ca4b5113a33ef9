//! The contract of storage, through its traits: repeats, late writes, counts and lists.

mod allowance;
mod arriving;
mod claims;
mod counts;
mod documents;
mod imports;
mod master_lists;
mod notices;
mod old_bodies;
mod pages;
mod people;
pub(crate) mod replicas;
mod seen;
mod shared;
mod statistics;
mod trouble;
pub(crate) mod unreadable;
mod work;

use forstok_accurate::{
    clock::Clock,
    domain::reason::Reason,
    inbox::record::delivery,
    sandbox::{Action, Fault, On},
    storage::{Filter, OrderRecord, State, Undecided, Verdict},
};

use crate::world::{Base, Order, World, fold_all, order};

/// Runs each case on both databases.
macro_rules! on_both {
    ($($case:ident of $place:path),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $case() {
                use $place as cases;
                cases::$case(crate::world::Base::Sqlite).await;
            })*
        }

        mod postgres {
            $(#[tokio::test]
            async fn $case() {
                use $place as cases;
                cases::$case(crate::world::Base::Postgres).await;
            })*
        }
    };
}

on_both!(
    an_order_is_known_by_its_id_and_by_its_marketplace_number of crate::storage::imports,
    how_a_snapshot_came_is_kept_as_it_came_first of crate::storage::imports,
    columns_that_a_person_chose_are_remembered of crate::storage::imports,
    one_reading_of_forstok_at_a_time_and_a_late_one_changes_nothing of crate::storage::imports,
    a_command_gets_its_share_of_the_limit_while_the_service_gives_it_up of crate::storage::allowance,
    a_session_lasts_until_its_end_or_until_it_is_ended of crate::storage::people,
    days_stores_and_snapshots_are_those_of_the_orders of crate::storage::people,
    the_times_between_new_orders_are_known of crate::storage::people,
    a_text_with_nul_is_stored_wherever_a_person_can_send_one of crate::storage::people,
    only_the_very_same_content_is_a_repeat of crate::storage::arriving,
    a_repeat_is_no_news of crate::storage::arriving,
    two_deliveries_of_one_order_in_one_commit_are_folded_into_one of crate::storage::arriving,
    a_receipt_contains_the_state_of_the_order of crate::storage::arriving,
    what_cannot_be_read_is_kept_and_listed of crate::storage::arriving,
    an_order_that_cannot_be_read_is_skipped_and_explained of crate::storage::unreadable,
    a_document_that_cannot_be_read_blocks_its_order_and_no_other of crate::storage::unreadable,
    a_save_in_doubt_is_looked_up_though_its_draft_cannot_be_read of crate::storage::unreadable,
    a_draft_to_compare_that_cannot_be_read_is_put_off of crate::storage::unreadable,
    a_decision_about_old_news_changes_nothing of crate::storage::claims,
    a_decision_about_an_order_under_a_lease_changes_nothing of crate::storage::claims,
    an_outcome_counts_once_and_only_from_the_current_claim of crate::storage::claims,
    a_claim_is_exclusive_until_its_lease_ends_and_a_probe_takes_one of crate::storage::claims,
    the_counts_are_those_of_a_full_scan_after_every_kind_of_transition of crate::storage::counts,
    filters_find_what_they_name_and_nothing_else of crate::storage::counts,
    pages_show_every_order_once_newest_first of crate::storage::counts,
    a_retry_counts_what_it_rearmed_and_leaves_the_rest of crate::storage::counts,
    the_oldest_due_order_is_the_one_that_waits_longest of crate::storage::counts,
    opening_the_file_again_keeps_everything of crate::storage::old_bodies,
    old_bodies_are_cleared_in_steps_and_what_is_needed_is_looked_at_again of crate::storage::old_bodies,
    what_was_cleared_counts_as_new_when_it_comes_again of crate::storage::old_bodies,
    a_text_finds_any_part_that_people_have of crate::storage::pages,
    days_are_those_of_jakarta_and_sort_the_list of crate::storage::pages,
    pages_with_every_filter_show_each_order_once of crate::storage::pages,
    blocked_orders_are_grouped_by_their_cause of crate::storage::pages,
    a_cause_that_is_gone_is_no_group of crate::storage::pages,
    an_acknowledged_warning_no_longer_needs_attention_until_it_changes of crate::storage::pages,
    a_decision_of_a_person_is_written_once_and_refused_where_it_cannot_be of crate::storage::pages,
    what_is_folded_later_is_answered_first_and_folded_once of crate::storage::work,
    an_order_is_the_same_whether_folded_now_later_or_out_of_order of crate::storage::work,
    what_can_no_longer_be_read_when_it_is_folded_is_shown_with_the_unreadable of crate::storage::work,
    large_bodies_are_read_a_few_at_a_time of crate::storage::work,
    text_that_no_database_likes_is_kept of crate::storage::work,
    what_may_be_claimed_is_counted_by_lane_up_to_a_limit of crate::storage::work,
    a_claim_takes_the_longest_due_first_or_the_newest of crate::storage::work,
    a_lease_that_is_ended_leaves_a_doubt_and_the_order_continues_immediately of crate::storage::work,
    an_order_whose_lease_ran_out_is_claimed_in_doubt of crate::storage::work,
    hastening_makes_waiting_orders_due_but_not_claimed_ones of crate::storage::work,
    one_look_serves_all_that_wait_for_the_same of crate::storage::work,
    nobody_is_looked_for_whom_nobody_waits_for of crate::storage::work,
    bodies_that_may_still_be_invoiced_are_given_newest_first of crate::storage::work,
    warnings_are_counted_and_found_as_long_as_an_order_carries_them of crate::storage::work,
    a_deletion_that_fails_leaves_the_invoice_known of crate::storage::work,
    what_orders_contain_is_noted_once_per_product_store_and_warehouse of crate::storage::seen,
    a_product_is_brought_up_to_date_by_later_orders of crate::storage::seen,
    orders_that_wait_are_counted_by_what_they_wait_for of crate::storage::seen,
    an_unlawful_change_of_state_is_refused_and_nothing_is_written of crate::storage::documents,
    what_a_document_needs_exists_before_it_and_goes_after_it of crate::storage::documents,
    a_list_is_shown_only_once_it_was_read_in_full of crate::storage::master_lists,
    a_reading_that_failed_leaves_what_was_shown_before of crate::storage::master_lists,
    a_late_reader_changes_nothing of crate::storage::master_lists,
    rows_are_found_by_any_part_of_number_or_name of crate::storage::master_lists,
    pages_of_a_list_show_every_row_once of crate::storage::master_lists,
    values_are_found_exactly_and_rows_by_type_however_long_a_list_is of crate::storage::master_lists,
    a_request_has_a_list_read_and_a_blocked_order_not_too_often of crate::storage::master_lists,
    what_people_are_told_is_written_once_with_a_notice_for_each_channel of crate::storage::notices,
    a_notice_waits_for_the_one_before_it_in_its_channel of crate::storage::notices,
    a_late_outcome_of_a_try_changes_nothing of crate::storage::notices,
    the_history_of_notices_is_limited of crate::storage::notices,
    a_mapping_replaces_the_one_it_was_made_for_and_no_other of crate::storage::shared,
    a_mapping_has_all_orders_decided_again_that_it_may_change of crate::storage::shared,
    a_verdict_by_another_mapping_changes_nothing of crate::storage::shared,
    a_book_is_taken_once_and_then_kept of crate::storage::shared,
    a_store_that_can_be_written_to_says_so_as_often_as_it_is_asked of crate::storage::shared,
);

const ALL: Filter = Filter {
    state: None,
    reason: None,
    subject: None,
    warning: None,
    acknowledged: None,
    store_id: None,
    text: None,
    days: None,
};

/// Records these in one commit and folds them; returns which were repeats.
async fn record(world: &World, orders: &[Order]) -> Vec<bool> {
    let deliveries: Vec<_> = orders.iter().map(|order| delivery(order.body(), world.clock.now())).collect();
    let receipts = world.storage.record(&deliveries).await.expect("recorded");
    fold_all(world.storage.as_ref()).await;
    receipts.into_iter().map(|receipt| receipt.repeat).collect()
}

async fn undecided(world: &World) -> Vec<Undecided> {
    world.storage.undecided(world.clock.now(), 100).await.expect("readable").orders
}

async fn decide(world: &World, verdict: Verdict) -> usize {
    world.storage.decide(&[verdict], world.clock.now()).await.expect("written").len()
}

/// A decision that ignores an order.
fn ignoring(order: &Undecided) -> Verdict {
    Verdict {
        settlement_decides: false,
        order_id: order.order_id.clone(),
        revision: order.revision,
        mapping_revision: 1,
        state: State::Ignored,
        reason: Some(Reason::StoreOff),
        findings: Vec::new(),
        warnings: Vec::new(),
        draft: None,
        events: Vec::new(),
        look_up_first: false,
    }
}

async fn all(world: &World) -> Vec<OrderRecord> {
    world.storage.orders(&ALL, None, 1_000).await.expect("readable")
}

async fn ids(world: &World, filter: &Filter) -> Vec<String> {
    let orders = world.storage.orders(filter, None, 1_000).await.expect("readable");
    orders.iter().map(|order| order.order_id.to_string()).collect()
}

fn text(text: &str) -> Filter {
    Filter { text: Some(text.to_owned()), ..ALL }
}

/// Orders of two stores in every state: 1 is open, 2 invoiced, 3 blocked for its item, 4 cancelled, 5 voided, 6 to be
/// voided (7475 only), 7 blocked for its sku, 8 waiting (7475 only), 9 received.
async fn a_world_with_every_state(base: Base) -> World {
    let mut world = World::on(base).await;
    for store in [8277, 7475] {
        let id = |n: i64| (store * 100 + n).to_string();
        world.forstok_sends(order(&id(1)).open().store(store)).await;
        world.forstok_sends(order(&id(2)).ready_to_ship().store(store)).await;
        world.forstok_sends(order(&id(3)).ready_to_ship().store(store).sku("BARU-01")).await;
        world.forstok_sends(order(&id(4)).cancelled().store(store)).await;
        world.forstok_sends(order(&id(5)).ready_to_ship().store(store)).await;
        world.forstok_sends(order(&id(6)).ready_to_ship().store(store)).await;
        world.forstok_sends(order(&id(7)).ready_to_ship().store(store).sku("")).await;
    }
    world.run_until_settled().await;
    for store in [8277, 7475] {
        let id = |n: i64| (store * 100 + n).to_string();
        world.forstok_sends(order(&id(5)).cancelled().store(store)).await;
        world.run_until_settled().await;
        world.accurate.next(Action::InvoiceDelete, Fault::DroppedBefore, 1);
        world.forstok_sends(order(&id(6)).cancelled().store(store)).await;
        world.run_until_idle().await;
        world.accurate.next(On::InvoiceSaves, Fault::UpsssBefore, 1);
        world.forstok_sends(order(&id(8)).ready_to_ship().store(store)).await;
        world.run_until_idle().await;
        world.forstok_sends(order(&id(9)).ready_to_ship().store(store)).await;
    }
    world
}
