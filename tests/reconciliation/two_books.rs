//! Two Accurate databases, three stores, two of which share a customer: the sums of each database, store and day are
//! explained for themselves, and what cannot be read of one says nothing about the other.

use std::sync::Arc;

use forstok_accurate::{
    accurate::client::Session,
    domain::{
        ids::BookName,
        reconciliation::{Class, FindingState},
    },
    engine::Engine,
    sandbox::{Action, Edit, Fault, Options, Sandbox, samples::MAPPING},
    settings::BookConfig,
    storage::Run,
};
use jiff::civil::{Date, date};
use rust_decimal::Decimal;

use super::{PERIOD, ani, findings, found, open, run};
use crate::world::{BOOK, Base, SandboxWire, TrueClock, World, order, session};

const SECOND: &BookName = &BookName::of("second");

/// More rounds than a few orders need.
const MOST_ROUNDS: usize = 100;

/// A world with a second Accurate database, into which store 9001 books. Stores 8277 and 7475 share a customer.
async fn two_books(base: Base) -> (World, Sandbox) {
    let with = |document: String, store: &str, line: &str| {
        let table = format!("[stores.\"{store}\"]");
        assert!(document.contains(&table), "{table}");
        document.replace(&table, &format!("{table}\n{line}"))
    };
    let document = with(MAPPING.to_owned(), "8277", "customer_no = \"SHARED\"");
    let document = with(document, "7475", "customer_no = \"SHARED\"");
    let document = with(document, "9001", "book = \"second\"");
    let mut world = World::on_with_mapping(base, &document).await;
    let second = Sandbox::new(Options {
        clock: Arc::new(TrueClock(world.clock.clone())),
        api_token: "second-token".to_owned(),
        signature_secret: "second-secret".to_owned(),
        ..Options::with_sample_masters()
    });
    let book = BookConfig {
        account_url: "https://account.accurate.id".parse().expect("a URL"),
        api_token: "second-token".into(),
        signature_secret: "second-secret".into(),
        bulk: true,
        check_owed: true,
    };
    let wire = Arc::new(SandboxWire::new(second.clone(), world.clock.clone()));
    let sessions =
        vec![session(&world.wire, &world.clock, true), Session::new(SECOND, &book, wire, world.clock.clone())];
    let mapping = (*world.engine.mapping()).clone();
    world.engine = Arc::new(Engine::new(world.storage.clone(), world.clock.clone(), sessions, mapping, 1));
    (world, second)
}

/// Decides and posts into both until nothing is left to do.
async fn settle(world: &World) {
    for _ in 0..MOST_ROUNDS {
        let mut is_idle = !world.decide_all().await;
        for book in [BOOK, SECOND] {
            for work in world.engine.next_work(book, 8).await.expect("claimed") {
                world.engine.work(book, work).await.expect("settled");
                is_idle = false;
            }
        }
        if is_idle {
            return;
        }
    }
    panic!("the pipeline goes in circles");
}

async fn reconcile_both(world: &World) -> Run {
    let id = world.engine.request_reconciliation(PERIOD, &ani()).await.expect("written");
    for book in [BOOK, SECOND] {
        assert!(world.engine.reconcile(book).await.expect("stored"), "{book}");
    }
    run(world, id).await
}

/// A book's day of a store: both sides and what findings explain, in rupiah; and whether everything was seen.
type Row = (String, Date, String, i64, i64, i64, bool);

async fn days(world: &World) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for day in world.storage.reconciled_days(PERIOD).await.expect("readable") {
        let sums = day.sums;
        assert_eq!(sums.unexplained(), 0, "{day:?}");
        let rupiah = [sums.ledger.total, sums.accurate.total, sums.explained].map(|hundredths| hundredths / 100);
        rows.push((day.book.to_string(), day.day, day.store_id, rupiah[0], rupiah[1], rupiah[2], day.complete));
    }
    rows.sort();
    rows
}

fn row(book: &BookName, day: Date, store: &str, [ledger, accurate, explained]: [i64; 3], complete: bool) -> Row {
    (book.to_string(), day, store.to_owned(), ledger, accurate, explained, complete)
}

pub(super) async fn each_database_store_and_day_is_explained_for_itself(base: Base) {
    let (mut world, second) = two_books(base).await;
    let (monday, tuesday, today) = (date(2023, 11, 27), date(2023, 11, 28), date(2024, 2, 1));
    for (id, store, price, day) in [
        ("1", 8277, 80_000, monday),
        ("2", 7475, 90_000, tuesday),
        ("3", 9001, 100_000, monday),
        ("4", 9001, 110_000, tuesday),
    ] {
        let order = order(id).ready_to_ship().store(store).price(price);
        world.forstok_sends(order.updated_at(&format!("{day}T10:12:00+07:00"))).await;
    }
    settle(&world).await;
    let total = Some(Decimal::from(85_000));
    world.accurate.edit_invoice("INV-1", &Edit { total, ..Edit::default() }).expect("it is there");
    // Which of the two stores it is of, nobody can say.
    world.accurate.add_invoice("HAND-1", "SHARED", "", Decimal::from(25_000));
    assert!(second.remove_invoice("INV-3"));
    second.add_invoice("HAND-2", "9001", "", Decimal::from(7_000));

    let run = reconcile_both(&world).await;
    assert!(run.is_complete(), "{run:?}");
    let of_books: Vec<_> =
        run.parts.iter().map(|part| (&part.book, part.sums.difference() / 100, part.sums.explained / 100)).collect();
    assert_eq!(of_books, [(BOOK, -30_000, -30_000), (SECOND, 93_000, 93_000)]);
    let of_main = |complete| {
        [
            row(BOOK, monday, "8277", [80_000, 85_000, -5_000], complete),
            row(BOOK, tuesday, "7475", [90_000, 90_000, 0], complete),
        ]
    };
    let of_second = |complete| {
        [
            row(SECOND, monday, "9001", [100_000, 0, 100_000], complete),
            row(SECOND, tuesday, "9001", [110_000, 110_000, 0], complete),
            row(SECOND, today, "9001", [0, 7_000, -7_000], complete),
        ]
    };
    let shared = row(BOOK, today, "", [0, 25_000, -25_000], true);
    let expected: Vec<_> = of_main(true).into_iter().chain([shared]).chain(of_second(true)).collect();
    assert_eq!(days(&world).await, expected);
    let mut all = open(&world).await;
    all.sort();
    let mut planted = [
        found(Class::Differs, "INV-1", "1"),
        found(Class::Foreign, "HAND-1", ""),
        found(Class::Foreign, "HAND-2", ""),
        found(Class::MissingInAccurate, "INV-3", "3"),
    ];
    planted.sort();
    assert_eq!(all, planted);

    // Both are deleted again, but only one database can be read.
    assert!(world.accurate.remove_invoice("HAND-1") && second.remove_invoice("HAND-2"));
    second.next(Action::InvoiceList, Fault::ListEmpty, 1_000);
    let run = reconcile_both(&world).await;
    let complete: Vec<_> = run.parts.iter().map(|part| (&part.book, part.is_complete())).collect();
    assert_eq!((run.is_complete(), complete), (false, vec![(BOOK, true), (SECOND, false)]));
    let expected: Vec<_> = of_main(true).into_iter().chain(of_second(false)).collect();
    assert_eq!(days(&world).await, expected, "what was seen before stays, and is no longer certain");
    let gone: Vec<_> =
        findings(&world, FindingState::Gone).await.into_iter().map(|one| one.number.to_string()).collect();
    assert_eq!(
        (gone, open(&world).await.len()),
        (vec!["HAND-1".to_owned()], 3),
        "nothing is concluded about the other"
    );
    let compared = world.storage.compared_days(PERIOD).await.expect("readable");
    let of_today: Vec<_> = compared.into_iter().filter(|one| one.day == today).collect();
    let of_today: Vec<_> = of_today.iter().map(|one| (one.book.as_ref(), one.complete)).collect();
    assert_eq!(of_today, [(Some(BOOK), true), (Some(SECOND), false)]);

    second.clear_faults();
    assert!(reconcile_both(&world).await.is_complete());
    let [missing, unchanged, _] = of_second(true);
    let expected: Vec<_> = of_main(true).into_iter().chain([missing, unchanged]).collect();
    assert_eq!((days(&world).await, open(&world).await.len()), (expected, 2));
}
