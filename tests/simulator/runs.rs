//! Runs many seeds, reports the coverage, and proves that the simulator detects what it should detect.

use std::{
    fmt::Write,
    ops::Range,
    sync::atomic::{AtomicU64, Ordering},
    thread,
};

use forstok_accurate::{domain::state::LAWFUL_CHANGES, sandbox::Action};

use super::{
    after_sale::{AFTER_THE_SALE, RECEIPTS_IN_BULK, RETURNS_IN_BULK},
    checks::{Violation, in_words},
    coverage::Coverage,
    disk::{Base, Disk},
    happenings::{HAPPENINGS, RARE_OPERATIONS},
    moved::MOVES,
    senders::CHANGES,
    settled::ENDS,
    storage::Switch,
    terms::{CLOCKS_DIFFER, TERMS, drawn},
    world::{Trial, World},
};

/// Number of threads; each world stays on one.
const THREADS: usize = 2;

/// A seed in which a process dies at least once.
const CRASHES: &[&str] = &[
    "before record",
    "after record",
    "before fold",
    "after fold",
    "after undecided",
    "before decide",
    "after decide",
    "before claim",
    "after claim",
    "a call leaves",
    "a call is worked on",
    "a call is answered",
    "before settle",
    "after settle",
    "before hasten",
    "after hasten",
    "before put_off_recheck",
    "after put_off_recheck",
    "before finish_recheck",
    "after finish_recheck",
    "before try_one_awaiting",
    "after try_one_awaiting",
    "before rearm",
    "after rearm",
    "before record_rows",
    "after record_rows",
    "before approve_rows",
    "after approve_rows",
    "before mark_by_hand",
    "after mark_by_hand",
    "before settle_orders",
    "after settle_orders",
    "before a person's decision",
    "after a person's decision",
    "before put_mapping",
    "after put_mapping",
    "asleep",
    "waiting for another",
];

#[test]
fn a_process_can_die_at_each_rare_operation() {
    for operation in RARE_OPERATIONS {
        for place in [format!("before {operation}"), format!("after {operation}")] {
            assert!(CRASHES.contains(&place.as_str()), "{place}");
        }
    }
}

const SENDERS: &[&str] = &["repeat", "reorder", "delay", "told to send again", "no answer: the process died"];

const STORE: &[&str] = &[
    "the disk is busy: nothing is written",
    "the disk is busy: it is written, and an error is told",
    "a late worker's outcome is not taken",
];

const BULKS: &[&str] =
    &["EachByItself", "AllOrNothing", "RefusedWhole", "All", "FirstOnly", "NotUnderstood", "dropped_after", "late"];

/// Calls that must meet a fault: those of receipts and returns, and what is read of an invoice before them.
const FAILING: [Action; 12] = [
    Action::InvoiceDetail,
    Action::InvoiceList,
    Action::ReceiptSave,
    Action::ReceiptBulkSave,
    Action::ReceiptDetail,
    Action::ReceiptList,
    Action::ReceiptDelete,
    Action::ReturnSave,
    Action::ReturnBulkSave,
    Action::ReturnDetail,
    Action::ReturnList,
    Action::ReturnDelete,
];

/// The result of a world.
struct Ended {
    violation: Option<String>,
    hash: u64,
    steps: u64,
    coverage: Coverage,
}

/// Runs one seed.
fn live(base: Base, trial: Trial, aloud: bool) -> Ended {
    let runtime = runtime();
    runtime.block_on(tokio::task::unconstrained(async {
        let disk = Disk::new(base).await;
        live_on(&disk, trial, aloud).await
    }))
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made")
}

async fn live_on(disk: &Disk, trial: Trial, aloud: bool) -> Ended {
    let Trial { seed, switch, .. } = trial;
    let mut world = World::of(trial, disk, aloud).await;
    let mut violation = None;
    let found = world.run().await.err();
    // A switch breaks rules and may prevent a world from ever becoming idle. It counts as detected only if a promise is
    // broken: an invoice is created twice, not at all or wrongly, or acknowledged data is lost.
    if let Some(what) = found.filter(|what| switch.is_none() || matches!(what, Violation::Promise(_))) {
        let replay = format!("SIMULATOR_SEED={seed} cargo test --test all simulator::runs::one_seed -- --nocapture");
        let (steps, timelines) = (world.story.last_steps(), world.watch.timelines().await);
        violation = Some(format!("seed {seed}: {what}\nreplay: {replay}\n{timelines}\n{steps}"));
    }
    if let (None, None, Some(file)) = (&violation, switch, disk.file(seed)) {
        let verified = forstok_accurate::storage::verify(&file).await.expect("the database can be read");
        if !verified.problems.is_empty() {
            violation = Some(format!("seed {seed}: store verify would refuse a backup: {:?}", verified.problems));
        }
    }
    let mut coverage = std::mem::take(&mut world.coverage);
    for (fault, times) in world.accurate.fault_counts() {
        coverage.add("fault", fault, times);
    }
    let bulks = world.accurate.calls().into_iter().filter(|call| call.action == Some(Action::InvoiceBulkSave));
    for call in bulks {
        coverage.meet("bulk", format!("{:?}", world.terms.bulk_rule));
        coverage.meet("bulk", format!("{:?}", world.terms.filter_values));
        if let Some(fault) = call.fault {
            coverage.meet("bulk", fault);
        }
    }
    for call in world.accurate.calls() {
        if let (Some(action), Some(_)) = (call.action, call.fault) {
            coverage.meet("a call fails", action.name());
        }
    }
    for (action, what) in [(Action::ReceiptBulkSave, RECEIPTS_IN_BULK), (Action::ReturnBulkSave, RETURNS_IN_BULK)] {
        if world.accurate.call_count(action) > 0 {
            coverage.meet("after the sale", what);
        }
    }
    let ended = Ended { violation, hash: world.story.hash(), steps: world.story.steps, coverage };
    drop(world);
    disk.clear(seed);
    ended
}

/// The result of many seeds.
struct Run {
    violations: Vec<(u64, String)>,
    steps: u64,
    /// Number of steps of the longest world.
    longest: u64,
    coverage: Coverage,
}

impl Run {
    fn new() -> Self {
        Self { violations: Vec::new(), steps: 0, longest: 0, coverage: Coverage::default() }
    }
}

/// Runs all seeds on all threads; stops after this many violations.
fn live_all(base: Base, seeds: Range<u64>, switch: Option<Switch>, violations: u64) -> Run {
    let (next, left) = (AtomicU64::new(seeds.start), AtomicU64::new(violations));
    let work = || {
        let mut run = Run::new();
        runtime().block_on(tokio::task::unconstrained(async {
            let disk = Disk::new(base).await;
            while left.load(Ordering::SeqCst) > 0 {
                let seed = next.fetch_add(1, Ordering::SeqCst);
                if seed >= seeds.end {
                    break;
                }
                let ended = live_on(&disk, Trial { seed, switch, made_for: switch }, false).await;
                run.steps += ended.steps;
                run.longest = run.longest.max(ended.steps);
                run.coverage.merge(ended.coverage);
                if let Some(violation) = ended.violation {
                    run.violations.push((seed, violation));
                    let _ = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
                }
            }
        }));
        run
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
        let mut all = Run::new();
        for thread in threads {
            let run = thread.join().expect("no world panics");
            all.violations.extend(run.violations);
            all.steps += run.steps;
            all.longest = all.longest.max(run.longest);
            all.coverage.merge(run.coverage);
        }
        all
    })
}

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} must be a number, not {text:?}")))
}

/// As many as meet every event; 20,000 run each night (.github/workflows/ci.yml).
const SEEDS: u64 = 2_000;

/// The number of kinds of events that a shorter run may miss.
const MISSED_BY_FEW: usize = 10;

#[test]
fn whatever_happens_each_order_has_its_one_invoice_and_nothing_acknowledged_is_lost() {
    let from = number("SIMULATOR_FROM").unwrap_or(0);
    let seeds = number("SIMULATOR_SEEDS").unwrap_or(SEEDS);
    let run = live_all(Base::wanted(), from..from + seeds, None, number("SIMULATOR_VIOLATIONS").unwrap_or(1));
    let mut told = String::new();
    writeln!(told, "{}", run.coverage.in_words()).expect("a text takes what is written to it");
    println!("{told}{:>10}  steps in {seeds} seeds from {from}; the longest world took {}", run.steps, run.longest);
    for (_, violation) in &run.violations {
        println!("{}", violation.lines().next().unwrap_or_default());
    }
    if let Some((_, violation)) = run.violations.first() {
        panic!("{violation}");
    }
    let transitions: Vec<_> = LAWFUL_CHANGES.iter().map(|(from, to)| in_words(*from, *to)).collect();
    let mut never = run.coverage.never_met("fault", drawn());
    never.extend(run.coverage.never_met("transition", transitions.iter().map(String::as_str)));
    never.extend(run.coverage.never_met("crash", CRASHES.iter().copied()));
    never.extend(run.coverage.never_met("happening", HAPPENINGS.iter().copied()));
    never.extend(run.coverage.never_met("senders", SENDERS.iter().copied()));
    never.extend(run.coverage.never_met("store", STORE.iter().copied()));
    never.extend(run.coverage.never_met("bulk", BULKS.iter().copied()));
    never.extend(run.coverage.never_met("terms", TERMS));
    never.extend(run.coverage.never_met("after the sale", AFTER_THE_SALE.iter().copied()));
    never.extend(run.coverage.never_met("after the sale", CHANGES));
    never.extend(run.coverage.never_met("after the sale", MOVES.iter().copied()));
    never.extend(run.coverage.never_met("a call fails", FAILING.map(Action::name)));
    never.extend(run.coverage.never_met("in the end", ENDS.iter().copied()));
    let missed = if seeds < SEEDS { MISSED_BY_FEW } else { 0 };
    assert!(never.len() <= missed, "never met: {never:#?}");
}

/// As many as fit in some seconds; `SIMULATOR_STORE=postgres SIMULATOR_SEEDS=…` makes the whole run there.
const SEEDS_ON_A_SERVER: u64 = 40;

#[test]
fn whatever_happens_the_same_is_true_on_postgres() {
    let run = live_all(Base::Postgres, 0..SEEDS_ON_A_SERVER, None, 1);
    println!("{:>10}  steps in {SEEDS_ON_A_SERVER} seeds", run.steps);
    if let Some((_, violation)) = run.violations.first() {
        panic!("SIMULATOR_STORE=postgres {violation}");
    }
    let never = run.coverage.never_met("terms", [CLOCKS_DIFFER]);
    assert!(never.is_empty(), "never met: {never:#?}");
}

#[test]
fn one_seed() {
    let seed = number("SIMULATOR_SEED");
    let ended = live(Base::wanted(), Trial::of(seed.unwrap_or(0)), seed.is_some());
    if let Some(violation) = ended.violation {
        panic!("{violation}");
    }
}

#[test]
fn the_same_seed_runs_the_same_world() {
    for (base, seeds) in [(Base::Sqlite, 20), (Base::Postgres, 3)] {
        for seed in 0..seeds {
            let (first, second) = (live(base, Trial::of(seed), false), live(base, Trial::of(seed), false));
            assert_eq!((first.hash, first.steps), (second.hash, second.steps), "{base:?}, seed {seed}");
        }
    }
}

/// Number of seeds within which each switch must be detected.
const SEEDS_TO_CATCH: u64 = 150;

fn is_caught(switch: Switch) {
    let run = live_all(Base::Sqlite, 0..SEEDS_TO_CATCH, Some(switch), 1);
    let Some((seed, violation)) = run.violations.first() else {
        panic!("{switch:?} was not found out in {SEEDS_TO_CATCH} seeds");
    };
    println!("{switch:?} is found out by seed {seed}: {}", violation.lines().next().unwrap_or_default());
    let whole = Trial { seed: *seed, switch: None, made_for: Some(switch) };
    let whole = live(Base::Sqlite, whole, false).violation;
    assert_eq!(whole, None, "it must be the switch that is found out");
}

#[test]
fn without_the_look_up_before_saving_a_violation_is_found() {
    is_caught(Switch::NoLookUp);
}

#[test]
fn without_the_lease_check_a_violation_is_found() {
    is_caught(Switch::LateWorkerCounts);
}

#[test]
fn with_leased_orders_handed_out_again_a_violation_is_found() {
    is_caught(Switch::LeaseIgnored);
}

#[test]
fn with_the_commit_after_the_answer_a_violation_is_found() {
    is_caught(Switch::AnswerFirst);
}

#[test]
fn without_the_search_for_the_order_in_descriptions_a_violation_is_found() {
    is_caught(Switch::NoSearch);
}

#[test]
fn with_nothing_compared_on_adoption_a_violation_is_found() {
    is_caught(Switch::NothingCompared);
}

#[test]
fn without_reading_bulks_back_a_violation_is_found() {
    is_caught(Switch::NothingReadBack);
}

#[test]
fn with_only_the_first_save_remembered_a_violation_is_found() {
    is_caught(Switch::FirstSaveOnly);
}

#[test]
fn without_the_look_up_before_a_receipts_second_save_a_violation_is_found() {
    is_caught(Switch::NoLookUpOfReceipts);
}

#[test]
fn with_receipts_and_returns_decided_apart_a_violation_is_found() {
    is_caught(Switch::DecidedApart);
}

#[test]
fn with_the_voucher_on_the_invoice_ignored_a_violation_is_found() {
    is_caught(Switch::HoldingIgnored);
}

#[test]
fn with_peoples_own_bookings_ignored_a_violation_is_found() {
    is_caught(Switch::MarksIgnored);
}

#[test]
fn with_what_is_never_booked_counted_a_violation_is_found() {
    is_caught(Switch::NeverCounts);
}

#[test]
fn with_returns_at_the_newest_prices_a_violation_is_found() {
    is_caught(Switch::NewestPrices);
}

#[test]
fn with_moved_rows_that_stay_too_a_violation_is_found() {
    is_caught(Switch::MovedRowsStay);
}

#[test]
fn with_saves_that_count_as_over_at_once_a_violation_is_found() {
    is_caught(Switch::SaveIsOverAtOnce);
}
