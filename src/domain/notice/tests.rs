//! When a notice is sent, and what it says.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp, civil::date};

use super::{
    message::{Message, next_try},
    words::one_line,
    *,
};
use crate::domain::{about::About, after_sale::Waits, recheck::Subject};

const MORNING: &str = "2026-11-26T10:00:00+07:00";

const RULES: Rules = Rules { language: Language::Indonesian, digest_at: Some(jiff::civil::time(8, 0, 0, 0)) };

fn at(text: &str) -> Timestamp {
    text.parse().expect("a moment")
}

/// Everything is fine, at ten in the morning.
fn fine() -> Present {
    let now = at(MORNING);
    Present {
        now,
        pauses: BTreeMap::new(),
        newest_webhook: Some(now),
        unusual_silence: LONGEST_SILENCE,
        refused_webhooks: None,
        causes: Vec::new(),
        has_more_causes: false,
        payouts: Vec::new(),
        returns: Vec::new(),
        findings: BTreeMap::new(),
        failed_run: None,
        day: None,
    }
}

/// What was announced by a service that has had its digest today.
fn announced() -> Announced {
    Announced { digest: Some(date(2026, 11, 26)), ..Announced::default() }
}

fn paused(code: &str, since: Timestamp) -> BTreeMap<BookName, Pause> {
    BTreeMap::from([("main".into(), Pause { code: code.to_owned(), words: "Token tidak valid".to_owned(), since })])
}

fn item(number: &str, orders: i64) -> Blocked {
    let about = About::Accurate { subject: Some(Subject::Item(number.to_owned())), words: String::new() };
    Blocked { reason: Reason::ItemNotFound, subject: number.to_owned(), about, orders }
}

/// Goes through what is so at each of these seconds after the morning; returns when what was announced.
fn history(mut announced: Announced, steps: Vec<(i64, Present)>) -> Vec<(i64, &'static str)> {
    let mut all = Vec::new();
    for (seconds, present) in steps {
        let present = Present { now: at(MORNING) + SignedDuration::from_secs(seconds), ..present };
        let (next, news) = decide(announced, &present, &RULES);
        all.extend(news.iter().map(|news| (seconds, news.kind())));
        announced = next;
    }
    all
}

#[test]
fn nobody_is_announced_anything_while_everything_is_fine() {
    assert_eq!(decide(announced(), &fine(), &RULES), (announced(), Vec::new()));
}

#[test]
fn a_refused_token_is_announced_at_once_and_only_once_and_its_end_after_a_minute() {
    let bad = Present { pauses: paused("token_refused", at(MORNING)), ..fine() };
    let steps =
        vec![(0, bad.clone()), (5, bad.clone()), (3_600, bad), (3_605, fine()), (3_660, fine()), (3_665, fine())];
    assert_eq!(history(announced(), steps), [(0, "book.paused"), (3_665, "book.resumed")]);
}

#[test]
fn a_restart_that_forgets_a_pause_for_a_moment_tells_nothing() {
    let bad = Present { pauses: paused("token_refused", at(MORNING)), ..fine() };
    let steps = vec![(0, bad.clone()), (60, fine()), (90, bad.clone()), (200, bad)];
    assert_eq!(history(announced(), steps), [(0, "book.paused")]);
}

#[test]
fn accurate_must_be_unreachable_for_a_minute_before_anybody_is_announced() {
    let bad = Present { pauses: paused("accurate_down", at(MORNING)), ..fine() };
    let short = vec![(0, bad.clone()), (30, bad.clone()), (35, fine()), (120, fine())];
    assert_eq!(history(announced(), short), []);
    let long = vec![(0, bad.clone()), (55, bad.clone()), (60, bad.clone()), (65, bad)];
    assert_eq!(history(announced(), long), [(60, "book.paused")]);
}

#[test]
fn another_cause_of_the_same_pause_is_announced() {
    let down = Present { pauses: paused("accurate_down", at(MORNING)), ..fine() };
    let refused = Present { pauses: paused("token_refused", at(MORNING)), ..fine() };
    let steps = vec![(60, down), (120, refused.clone()), (180, refused)];
    assert_eq!(history(announced(), steps), [(60, "book.paused"), (120, "book.paused")]);
}

#[test]
fn a_service_that_is_still_being_set_up_does_not_complain_about_missing_credentials() {
    let new = Present { pauses: paused("credentials_missing", at(MORNING)), newest_webhook: None, ..fine() };
    assert_eq!(history(announced(), vec![(0, new.clone()), (600, new)]), []);
}

#[test]
fn a_day_without_webhooks_is_announced_once_and_so_is_its_end() {
    let silent = fine();
    let again = Present { newest_webhook: Some(at(MORNING) + SignedDuration::from_hours(30)), ..fine() };
    let hour = 3_600;
    let steps =
        vec![(24 * hour, silent.clone()), (24 * hour + 5, silent.clone()), (29 * hour, silent), (30 * hour, again)];
    assert_eq!(history(announced(), steps), [(24 * hour + 5, "webhooks.stopped"), (30 * hour, "webhooks.resumed")]);
}

fn refused(webhooks: i64, seconds: i64) -> Present {
    let since = at(MORNING) + SignedDuration::from_secs(seconds);
    Present { refused_webhooks: Some(Refused { since, webhooks }), ..fine() }
}

#[test]
fn webhooks_that_are_all_refused_are_told_once_within_minutes_and_so_is_their_end() {
    let (day, again) = (86_400, at(MORNING) + SignedDuration::from_hours(30));
    let again = Present { newest_webhook: Some(again), ..fine() };
    let steps = vec![
        (20, refused(1, 20)),
        (319, refused(7, 20)),
        (320, refused(7, 20)),
        (400, refused(9, 20)),
        // A restart forgets the refusals, and a day passes without a webhook.
        (day + 5, fine()),
        (day + 600, refused(4, day)),
        (30 * 3_600, again),
    ];
    assert_eq!(history(announced(), steps), [(320, "webhooks.refused"), (30 * 3_600, "webhooks.resumed")]);
}

#[test]
fn a_strangers_webhook_and_one_between_accepted_ones_are_not_told() {
    let one = refused(2, 20);
    let accepted_since =
        Present { newest_webhook: Some(at(MORNING) + SignedDuration::from_secs(60)), ..refused(9, 20) };
    assert_eq!(history(announced(), vec![(3_600, one), (400, accepted_since)]), []);
}

#[test]
fn refusals_are_told_after_a_silence_and_not_before_the_first_webhook() {
    let day = 86_400;
    let steps = vec![(day + 5, fine()), (day + 1_000, refused(3, day + 10))];
    assert_eq!(history(announced(), steps), [(day + 5, "webhooks.stopped"), (day + 1_000, "webhooks.refused")]);
    let new = Present { newest_webhook: None, ..refused(3, 0) };
    assert_eq!(history(announced(), vec![(600, new)]), []);
}

#[test]
fn a_silence_is_long_by_what_the_shop_is_used_to() {
    let minutes = SignedDuration::from_mins;
    let of = |days: i64, gap| unusual_silence(Arrivals { over: minutes(days * 24 * 60), longest_gap: minutes(gap) });
    assert_eq!(of(2, 10), minutes(24 * 60), "its nights are not known yet");
    assert_eq!(of(13, 10), minutes(60), "a busy shop");
    assert_eq!(of(13, 7 * 60), minutes(14 * 60), "nights without orders");
    assert_eq!(of(13, 40 * 60), minutes(24 * 60), "closed on Sundays");
    let busy = Present { unusual_silence: minutes(60), ..fine() };
    assert_eq!(history(announced(), vec![(3_600, busy.clone()), (3_605, busy)]), [(3_605, "webhooks.stopped")]);
}

#[test]
fn causes_that_appear_together_are_one_notice_and_more_orders_of_a_cause_are_none() {
    let one = Present { causes: vec![item("KAOS-M", 1)], ..fine() };
    let two = Present { causes: vec![item("KAOS-M", 40), item("KAOS-L", 1)], ..fine() };
    let more = Present { causes: vec![item("KAOS-M", 400), item("KAOS-L", 7)], ..fine() };
    let steps = vec![(0, one), (30, two.clone()), (60, two), (5_000, more)];
    assert_eq!(history(announced(), steps), [(60, "orders.blocked")]);
}

#[test]
fn a_new_cause_waits_until_the_last_notice_is_a_quarter_of_an_hour_old() {
    let one = Present { causes: vec![item("KAOS-M", 1)], ..fine() };
    let two = Present { causes: vec![item("KAOS-M", 1), item("KAOS-L", 1)], ..fine() };
    let steps =
        vec![(0, one.clone()), (60, one), (120, two.clone()), (300, two.clone()), (960, two.clone()), (965, two)];
    assert_eq!(history(announced(), steps), [(60, "orders.blocked"), (960, "orders.blocked")]);
    let present = Present { causes: vec![item("KAOS-M", 1), item("KAOS-L", 1)], ..fine() };
    let orders = AnnouncedCauses {
        known: ["item_not_found:KAOS-M".to_owned()].into(),
        new_since: Some(at(MORNING) - SignedDuration::from_mins(2)),
        announced_at: None,
    };
    let known = Announced { orders, ..announced() };
    let (_, news) = decide(known, &present, &RULES);
    assert_eq!(news, [News::Blocked { causes: vec![item("KAOS-L", 1)] }], "only the new cause is listed");
}

#[test]
fn a_cause_that_is_fixed_before_anybody_was_told_is_not_told_and_one_that_returns_is_new() {
    let one = Present { causes: vec![item("KAOS-M", 1)], ..fine() };
    assert_eq!(history(announced(), vec![(0, one.clone()), (30, fine()), (65, fine())]), []);
    let steps = vec![(0, one.clone()), (60, one.clone()), (90, fine()), (2_000, one.clone()), (2_060, one)];
    assert_eq!(history(announced(), steps), [(60, "orders.blocked"), (2_060, "orders.blocked")]);
}

#[test]
fn a_cause_that_is_not_among_the_many_that_were_read_counts_as_told() {
    let many = Present { causes: vec![item("KAOS-L", 9)], has_more_causes: true, ..fine() };
    let both = ["item_not_found:KAOS-L".to_owned(), "item_not_found:KAOS-M".to_owned()];
    let known =
        Announced { orders: AnnouncedCauses { known: both.into(), ..AnnouncedCauses::default() }, ..announced() };
    assert_eq!(decide(known.clone(), &many, &RULES), (known, Vec::new()));
}

fn held(why: Why, rows: i64) -> Held {
    let fees = if why == Why::Blocked(Reason::FeeKindUnmapped) { vec!["Biaya XTRA".to_owned()] } else { Vec::new() };
    Held { why, rows, hundredths: rows * 8_000_000, fees }
}

/// Payouts with these fees, none of which has a category.
fn unmapped(fees: &[&str]) -> Present {
    let fee = held(Why::Blocked(Reason::FeeKindUnmapped), 3);
    let fees = fees.iter().map(|fee| (*fee).to_owned()).collect();
    Present { payouts: vec![Held { fees, ..fee }], ..fine() }
}

#[test]
fn each_new_fee_is_announced_once_also_while_another_has_no_category_yet() {
    let steps = vec![
        (0, unmapped(&["A"])),
        (60, unmapped(&["A"])),
        (2_000, unmapped(&["A", "B"])),
        (2_060, unmapped(&["A", "B"])),
        (4_000, unmapped(&["A", "B"])),
        // The first one gets its category, and the second one stays.
        (6_000, unmapped(&["B"])),
        (8_000, unmapped(&["B"])),
        // All of them have one, and their payouts are being decided again.
        (9_000, unmapped(&[])),
        (9_900, unmapped(&[])),
    ];
    assert_eq!(history(announced(), steps), [(60, "payouts.attention"), (2_060, "payouts.attention")]);
    let known = Announced {
        payouts: AnnouncedCauses {
            known: ["fee_kind_unmapped:A".to_owned()].into(),
            new_since: Some(at(MORNING) - SignedDuration::from_mins(2)),
            announced_at: None,
        },
        ..announced()
    };
    let (_, news) = decide(known, &unmapped(&["A", "B"]), &RULES);
    assert_eq!(news, [News::Held { kind: Kind::Receipt, causes: unmapped(&["B"]).payouts }], "only the new one");
}

#[test]
fn payouts_and_returns_that_need_a_person_are_one_notice_each_for_each_new_cause() {
    let fee = held(Why::Blocked(Reason::FeeKindUnmapped), 3);
    let first =
        Present { payouts: vec![fee.clone(), held(Why::Approval, 5)], returns: vec![held(Why::ByHand, 1)], ..fine() };
    let more = Present { payouts: vec![fee.clone(), held(Why::Approval, 50)], ..first.clone() };
    let approved = Present { payouts: vec![fee], ..first.clone() };
    let steps = vec![
        (0, first.clone()),
        (60, first),
        (2_000, more.clone()),
        (4_000, approved),
        (6_000, more.clone()),
        (6_060, more),
    ];
    let expected = [(60, "payouts.attention"), (60, "returns.attention"), (6_060, "payouts.attention")];
    assert_eq!(
        history(announced(), steps),
        expected,
        "more rows of a known cause are no news, a cause that returns is"
    );
}

#[test]
fn rows_that_wait_for_anything_but_a_person_are_not_told() {
    assert_eq!(Why::of(None, Some(Waits::Invoice)), None);
    assert_eq!(Why::of(None, Some(Waits::Decision)), None, "its order is blocked itself");
    assert_eq!(Why::of(None, None), None);
    assert_eq!(Why::of(None, Some(Waits::Approval)), Some(Why::Approval));
    assert_eq!(Why::of(Some(Reason::PayoutRest), None), Some(Why::Blocked(Reason::PayoutRest)));
}

#[test]
fn more_open_findings_are_told_and_fewer_are_not() {
    let open = |count| Present { findings: BTreeMap::from([(Class::Foreign, count)]), ..fine() };
    let steps = vec![
        (0, open(2)),
        (5, open(2)),
        (10, open(1)),
        (20, open(2)),
        (900, open(2)),
        (905, open(0)),
        (2_000, open(1)),
    ];
    assert_eq!(history(announced(), steps), [(0, "findings.open"), (900, "findings.open"), (2_000, "findings.open")]);
}

#[test]
fn each_incomplete_reconciliation_is_announced_once() {
    let period = Period { from: date(2026, 11, 1), to: date(2026, 11, 25) };
    let run = |id| Present { failed_run: Some(FailedRun { id, period, why: Vec::new() }), ..fine() };
    let steps = vec![(0, run(7)), (5, run(7)), (10, fine()), (20, run(8))];
    let kind = "reconciliation.incomplete";
    assert_eq!(history(announced(), steps), [(0, kind), (20, kind)]);
}

#[test]
fn the_digest_is_about_the_day_before_and_comes_once_a_day() {
    let yesterday = date(2026, 11, 25);
    let day = Day { day: yesterday, orders: 412, invoices: 409, blocked: 3, payouts: 0, returns: 0, findings: 0 };
    let last = Announced { digest: Some(yesterday), ..Announced::default() };
    let early = at("2026-11-26T07:59:59+07:00");
    assert_eq!(digest_is_due(&last, early, &RULES), None);
    assert_eq!(digest_is_due(&last, at(MORNING), &RULES), Some(yesterday));
    let (next, news) = decide(last.clone(), &Present { day: Some(day), ..fine() }, &RULES);
    assert_eq!(news, [News::Digest(day)]);
    assert_eq!(digest_is_due(&next, at(MORNING), &RULES), None);
    let never = Rules { digest_at: None, ..RULES };
    assert_eq!(digest_is_due(&last, at(MORNING), &never), None);
    let nothing = Day { orders: 0, invoices: 0, blocked: 0, ..day };
    let (next, news) = decide(last.clone(), &Present { day: Some(nothing), ..fine() }, &RULES);
    assert_eq!((next.digest, news), (Some(date(2026, 11, 26)), Vec::new()), "a day without anything is no news");
    let waiting = Day { payouts: 1, ..nothing };
    let (_, news) = decide(last, &Present { day: Some(waiting), ..fine() }, &RULES);
    assert_eq!(news, [News::Digest(waiting)], "a payout that waits for a person is");
}

#[test]
fn digests_begin_on_the_next_occasion_after_they_were_switched_on() {
    let day = Day { day: date(2026, 11, 25), orders: 1, invoices: 1, blocked: 0, payouts: 0, returns: 0, findings: 0 };
    let day = Some(day);
    let (late, news) = decide(Announced::default(), &Present { day, ..fine() }, &RULES);
    assert_eq!((late.digest, news), (Some(date(2026, 11, 26)), Vec::new()), "the hour has passed");
    let before = Present { now: at("2026-11-26T07:00:00+07:00"), ..fine() };
    let (early, _) = decide(Announced::default(), &before, &RULES);
    assert_eq!(digest_is_due(&early, at(MORNING), &RULES), Some(date(2026, 11, 25)), "it comes on the same day");
}

fn in_both_languages(news: &News) -> String {
    let one = |language| format!("{}\n\n{}", news.title(language), news.text(language));
    format!("{}\n\n---\n\n{}", one(Language::English), one(Language::Indonesian))
}

#[test]
fn notices_read_well_in_both_languages() {
    let since = at(MORNING);
    let book: BookName = "main".into();
    let pause = Pause { code: "token_refused".to_owned(), words: "Token\ntidak valid".to_owned(), since };
    let day =
        Day { day: date(2026, 11, 25), orders: 1_412, invoices: 409, blocked: 1, payouts: 0, returns: 2, findings: 3 };
    let mut causes: Vec<_> = (1..=9).map(|number| item(&format!("KAOS-{number}"), number)).collect();
    let about = About::Warehouse { id: Some("999".to_owned()) };
    causes.insert(1, Blocked { reason: Reason::WarehouseUnmapped, subject: "999".to_owned(), about, orders: 7 });
    let period = Period { from: date(2026, 11, 1), to: date(2026, 11, 25) };
    let news = [
        News::Paused { book: book.clone(), pause },
        News::Resumed { book, code: "token_refused".to_owned(), lasted: SignedDuration::from_mins(95) },
        News::WebhooksStopped { last: since, silence: SignedDuration::from_hours(24) },
        News::WebhooksRefused {
            last: since,
            refused: Refused { since: since + SignedDuration::from_hours(2), webhooks: 1_012 },
        },
        News::WebhooksResumed { last: since, newest: since + SignedDuration::from_hours(30) },
        News::Blocked { causes },
        News::Held {
            kind: Kind::Receipt,
            causes: vec![held(Why::Blocked(Reason::FeeKindUnmapped), 1_234), held(Why::Approval, 1)],
        },
        News::Held {
            kind: Kind::Return,
            causes: vec![
                held(Why::Blocked(Reason::KeepsFailing), 1),
                Held { why: Why::ByHand, rows: 2, hundredths: 0, fees: Vec::new() },
            ],
        },
        News::Findings { open: vec![(Class::MissingInAccurate, 2), (Class::Foreign, 1)] },
        News::RunFailed(FailedRun { id: 7, period, why: vec!["main: Daftar ini terus berubah.".to_owned()] }),
        News::Digest(day),
        News::Digest(Day { blocked: 0, returns: 0, findings: 0, ..day }),
        News::Test { by: "ani".to_owned() },
    ];
    insta::assert_snapshot!(news.iter().map(in_both_languages).collect::<Vec<_>>().join("\n\n======\n\n"));
}

#[test]
fn a_sellers_text_stays_within_its_line_whatever_it_contains() {
    assert_eq!(one_line("A\r\nBcc: x\u{202e}\u{2028}y\u{0}  z"), "A Bcc: x y z");
    assert_eq!(one_line(&"é".repeat(500)).chars().count(), 240);
    let evil = News::Blocked { causes: vec![item("KAOS\n- everything is fine", 1)] };
    assert_eq!(evil.text(Language::English).lines().count(), 2, "the cause and its remedy");
}

#[test]
fn a_notice_has_the_same_id_in_every_channel_and_another_one_than_any_other_notice() {
    let news = News::Test { by: "ani".to_owned() };
    let one = Message::new(&news, Language::English, Some("https://books.example.com"), at(MORNING));
    assert_eq!(one.url, "https://books.example.com/notices");
    assert_eq!(one.id, Message::new(&news, Language::English, None, at(MORNING)).id);
    let later = Message::new(&news, Language::English, None, at(MORNING) + SignedDuration::from_micros(1));
    assert_ne!(one.id, later.id);
}

#[test]
fn pauses_between_tries_grow_up_to_an_hour_and_end_after_a_day() {
    let made_at = at(MORNING);
    let (mut now, mut pauses) = (made_at, Vec::new());
    for tries in 1.. {
        let Some(next) = next_try(made_at, tries, now) else { break };
        pauses.push(next.duration_since(now).as_secs());
        now = next;
    }
    assert_eq!(pauses[..6], [5, 30, 120, 600, 1_800, 3_600]);
    assert!(pauses[6..].iter().all(|pause| *pause == 3_600), "{pauses:?}");
    assert_eq!(now.duration_since(made_at).as_hours(), 24);
}
