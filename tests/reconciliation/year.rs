//! A shop's year: orders come, webhooks get lost, calls fail, the service dies, is down for days and is restored from a
//! backup, and people work in Accurate. Every night finds exactly what people did since the night before, and after
//! acting on it nothing is left. Each night, both sides and what findings explain are compared to the rupiah with what
//! the test itself and the sandbox hold.
//!
//! 5,000 orders in 100 days by default; `YEAR_ORDERS=100000` drives a whole year, and `YEAR_SEED=7` another one.

mod disasters;
mod people;
mod planted;
mod sums;

use std::{collections::BTreeMap, str::FromStr, time::Duration};

use forstok_accurate::{
    domain::reconciliation::{Class, FindingState, Period},
    forstok::api::ApiConfig,
    sandbox::{Action as SandboxAction, Fault, ForstokFault, ForstokSandbox, samples::MAPPING},
    storage::{Filter, Run, State},
};
use jiff::{SignedDuration, Timestamp, ToSpan, Zoned, civil::Date, tz::TimeZone};

use rust_decimal::{Decimal, prelude::ToPrimitive};

use self::{disasters::Backup, planted::Planted, sums::Ledger};
use super::{
    adds_up, ani, findings,
    forstok::{REPORT, order_by_order},
    run,
};
use crate::world::{BOOK, Order, World, order};

/// Faults that only a save or a deletion can meet: more likely, because there are few of them.
const RARELY_POSSIBLE: &[&str] =
    &["wrong_customer", "wrong_description", "wrong_total", "no_record", "total_off", "not_saved", "not_deleted"];

/// Other faults.
const OTHERS: &[&str] =
    &["denied_before", "denied_after", "unknown_text_before", "unknown_text_after", "echoed_before", "echoed_after"];

/// Orders of a day, at least; more if they would take longer than a year.
const A_DAY: usize = 50;

/// The days of a year.
const A_YEAR: usize = 365;

/// Orders that Forstok lists, in days.
const LISTED_DAYS: usize = 20;

/// The days of a nightly run before its night.
const RUN_DAYS: i64 = 14;

/// How many hours a nightly run is repeated at most because Accurate did not let it see everything.
const MOST_HOURS: usize = 20;

/// How often a person repeats a run of their own.
const MOST_RUNS: usize = 50;

/// Days of a run at most.
const LONGEST_PERIOD: i64 = 400;

/// The world with what the test remembers of it.
struct Shop {
    world: World,
    forstok: ForstokSandbox,
    random: fastrand::Rng,
    a_day: usize,
    planted: Planted,
    /// What our ledger must hold.
    ledger: Ledger,
    /// Day and total of invoices that somebody has changed.
    edited: BTreeMap<u32, (Date, i64)>,
    /// When orders that never arrived became ready: their invoices will be dated then.
    lost_on: BTreeMap<u32, Date>,
    /// Orders whose invoice nobody has touched, with the day of the invoice.
    untouched: Vec<(u32, Date)>,
    next_order: u32,
    next_by_hand: u32,
    /// The database of some days ago, which will be restored.
    backup: Option<Backup>,
    /// How often a person retried what Accurate had refused with a text that nobody knows.
    retried: u64,
}

impl Shop {
    async fn new(a_day: usize, seed: u64) -> Self {
        let forstok = ForstokSandbox::default();
        forstok.behaves(|one| one.largest_page = 500);
        let world = World::with_mapping(&format!("{MAPPING}\n[reconcile]\ndays = {RUN_DAYS}\n")).await;
        Self {
            world: asking(&forstok, world),
            forstok,
            random: fastrand::Rng::with_seed(seed),
            a_day,
            planted: Planted::default(),
            ledger: Ledger::default(),
            edited: BTreeMap::new(),
            lost_on: BTreeMap::new(),
            untouched: Vec::new(),
            next_order: 1,
            next_by_hand: 1,
            backup: None,
            retried: 0,
        }
    }

    /// Every call may be lost, delayed or rejected, and a reply may show something else than is there.
    ///
    /// Left out are `huge` and `deep`, whose 16 MiB would only take time, and faults of lists, which
    /// [`a_list_may_be_wrong`](Self::a_list_may_be_wrong) chooses.
    fn everything_may_fail(&self) {
        for (names, probability) in [(Fault::ORDINARY, 0.003), (RARELY_POSSIBLE, 0.03), (OTHERS, 0.003)] {
            for name in names {
                let fault = Fault::named(name, Duration::from_secs(3)).expect("it is one of the names");
                self.world.accurate.set_probability(fault, probability);
            }
        }
    }

    /// On some days, Accurate shows late what was saved or changed, in lists even later. Not on all of them, because
    /// the sandbox needs much time for it.
    fn accurate_may_show_changes_late(&self, day: usize) {
        let [detail_lag, list_lag] = if day % 10 == 4 { [20, 50] } else { [0, 0] }.map(Duration::from_secs);
        self.world.accurate.change_settings(|settings| {
            (settings.detail_lag, settings.list_lag) = (detail_lag, list_lag);
        });
    }

    /// Every fault was met, or the year proves less than it says.
    fn everything_has_failed(&self) {
        let met = self.world.accurate.fault_counts();
        for name in [Fault::ORDINARY, RARELY_POSSIBLE, OTHERS].concat() {
            assert!(met.contains_key(name), "{name} was never met: {met:?}");
        }
    }

    /// The time in Jakarta.
    fn now(&self) -> Zoned {
        Zoned::new(self.world.clock_now(), TimeZone::fixed(jiff::tz::offset(7)))
    }

    fn moment(&self) -> String {
        self.now().strftime("%Y-%m-%dT%H:%M:%S+07:00").to_string()
    }

    fn next_id(&mut self) -> u32 {
        let id = self.next_order;
        self.next_order += 1;
        // Its list goes back some weeks only, which is no difference.
        let most_listed = u32::try_from(self.a_day * LISTED_DAYS).expect("few");
        self.forstok.forgets(&id.saturating_sub(most_listed).to_string());
        id
    }

    async fn orders_come(&mut self) {
        let (mut came, today) = (Vec::new(), self.now().date());
        for _ in 0..self.a_day {
            let id = self.next_id();
            let order = order(&id.to_string()).ready_to_ship().updated_at(&self.moment());
            if self.random.u32(..100) < 2 {
                self.loses(id, &order, Class::MissedWebhook);
            } else {
                self.sends(order).await;
                came.push(id);
            }
        }
        self.settles().await;
        for id in came {
            assert_eq!(self.world.state(&id.to_string()).await, "invoiced", "order {id}");
            self.untouched.push((id, today));
            self.books(id, today);
        }
    }

    /// An order has an invoice: our ledger must hold it with the total that Accurate made of it.
    fn books(&mut self, id: u32, day: Date) {
        let made = self.world.accurate.invoices_numbered(&format!("INV-{id}"));
        self.ledger.books(id, day, hundredths(made[0].total_amount));
    }

    /// Everything is tried until nothing is left to do. Nobody can know whether a text of Accurate that is in no
    /// document is final, so a person reads it and retries: as often as Accurate has refused something with such a
    /// text. An invoice with another total is corrected first. Orders wait for a person for no other reason.
    async fn settles(&mut self) {
        self.world.run_until_settled().await;
        while self.world.count(State::Blocked).await > 0 {
            let blocked = Filter { state: Some(State::Blocked), ..Filter::default() };
            let mut why = Vec::new();
            for order in self.world.storage.orders(&blocked, None, 100).await.expect("readable") {
                let id = order.order_id.as_str();
                why.push(self.world.state(id).await);
                if why.last().is_some_and(|why| why == "blocked: number_conflict") {
                    self.somebody_corrects_the_total(id);
                } else {
                    self.retried += 1;
                }
                self.world.operator_retries(id).await;
            }
            let met = self.world.accurate.fault_counts();
            let unknown_texts = [Fault::UnknownTextBefore, Fault::UnknownTextAfter];
            let refused: u64 = unknown_texts.iter().filter_map(|text| met.get(text.name())).sum();
            assert!(self.retried <= refused, "{} retried, {refused} refused: {why:?}", self.retried);
            self.world.run_until_settled().await;
        }
    }

    /// Forstok lists an order, and its webhook arrives.
    async fn sends(&mut self, order: Order) {
        self.forstok.lists(&order.body_json());
        self.world.forstok_sends(order).await;
    }

    /// Forstok lists an order, and its webhook is lost.
    fn loses(&mut self, id: u32, order: &Order, class: Class) {
        self.forstok.lists(&order.body_json());
        self.planted.plant_lost(id, class);
        self.lost_on.insert(id, self.now().date());
    }

    /// The night passes, and the nightly run finds exactly what people did.
    async fn night(&mut self) {
        let now = self.now();
        let night = now.date().saturating_add(1.days()).at(2, 31, 0, 0).to_zoned(now.time_zone().clone());
        let night: Timestamp = night.expect("it exists").timestamp();
        self.world.advance(night.duration_since(self.world.clock_now()).as_secs());
        self.a_list_may_be_wrong();
        let period = self.the_service_sees_everything().await;
        self.every_day_adds_up(period).await;
        self.planted.is_all_of(&self.open().await);
        let morning = now.date().saturating_add(1.days()).at(8, 31, 0, 0).to_zoned(now.time_zone().clone());
        let left = morning.expect("it exists").timestamp().duration_since(self.world.clock_now());
        self.world.advance(left.as_secs().max(0));
    }

    /// The service compares what it could not read again every hour. What an incomplete run says is right. Returns the
    /// days that were compared.
    async fn the_service_sees_everything(&mut self) -> Period {
        for _ in 0..MOST_HOURS {
            let before = self.world.storage.runs(None, 1).await.expect("readable").first().map(|run| run.id);
            self.world.engine.request_nightly_reconciliation().await.expect("written");
            let id = self.world.storage.runs(None, 1).await.expect("readable")[0].id;
            assert_ne!(Some(id), before, "the night, or an hour, has passed");
            let run = self.carry_out(id).await;
            if run.is_complete() {
                adds_up(&run);
                return run.period;
            }
            self.planted.includes(&self.open().await);
            self.world.advance(3_600);
        }
        panic!("no run sees everything");
    }

    /// A person compares these days, and repeats it while Accurate fails for too long or contradicts itself.
    async fn compares(&self, period: Period) -> Run {
        for _ in 0..MOST_RUNS {
            let id = self.world.engine.request_reconciliation(period, &ani()).await.expect("written");
            let run = self.carry_out(id).await;
            self.planted.includes(&self.open().await);
            if run.is_complete() {
                return run;
            }
        }
        panic!("no run sees everything");
    }

    /// Every third night, some pages of Accurate's list are wrong.
    fn a_list_may_be_wrong(&mut self) {
        let wrong = [
            Fault::ListRepeats,
            Fault::ListCountOff,
            Fault::ListCutOff,
            Fault::ListEmpty,
            Fault::ListUnfiltered,
            Fault::UnreadableTotal,
        ];
        if self.random.u32(..3) == 0 {
            let fault = self.random.choice(wrong).expect("six");
            self.world.accurate.next(SandboxAction::InvoiceList, fault, self.random.usize(1..4));
        }
    }

    async fn open(&self) -> Vec<forstok_accurate::storage::FindingRecord> {
        findings(&self.world, FindingState::Open).await
    }

    async fn carry_out(&self, id: i64) -> Run {
        while self.world.engine.reconcile(BOOK).await.expect("stored") {}
        self.forstok.fails_next(&[ForstokFault::Slow(0), ForstokFault::Error, ForstokFault::CutOff]);
        while self.world.engine.reconcile_forstok().await.expect("stored") {}
        run(&self.world, id).await
    }
}

/// The world, in which lost webhooks are reported rather than taken in.
fn asking(forstok: &ForstokSandbox, world: World) -> World {
    world.asking_forstok(forstok, asked(), REPORT)
}

fn asked() -> ApiConfig {
    ApiConfig { page_size: 500, ..order_by_order() }
}

/// An amount in hundredths of a rupiah.
fn hundredths(rupiah: Decimal) -> i64 {
    (rupiah * Decimal::ONE_HUNDRED).to_i64().expect("an amount that fits")
}

/// An environment variable, or what applies without it.
fn setting<T: FromStr>(name: &str, otherwise: T) -> T {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

#[tokio::test]
async fn every_night_of_a_shops_year_finds_what_people_did_and_nothing_else() {
    let orders: usize = setting("YEAR_ORDERS", 5_000);
    let mut shop = Shop::new(A_DAY.max(orders / A_YEAR), setting("YEAR_SEED", 2024)).await;
    shop.everything_may_fail();
    // The first night of an installation.
    shop.world.advance(SignedDuration::from_hours(16).as_secs());
    for day in 1..=orders / shop.a_day {
        // Both are days of one week, so that nobody deals with findings between them.
        if day % 21 == 8 {
            shop.makes_a_backup().await;
        }
        shop.accurate_may_show_changes_late(day);
        let days_down = if day % 13 == 0 { 2 } else { 0 };
        shop.orders_come().await;
        shop.people_work_in_accurate(days_down).await;
        if days_down > 0 {
            shop = shop.lies_down_for(days_down).await;
        }
        if day % 21 == 10 {
            shop = shop.comes_back_from_the_backup().await;
        }
        shop.night().await;
        if day % 7 == 0 {
            shop.somebody_deals_with_findings().await;
        }
    }
    shop.somebody_deals_with_findings().await;
    shop.night().await;
    // Every day of all of it agrees, not only those of the last night.
    let today = shop.now().date();
    let last = shop.compares(Period { from: today.saturating_sub((LONGEST_PERIOD - 1).days()), to: today }).await;
    adds_up(&last);
    shop.every_day_adds_up(last.period).await;
    assert_eq!((last.parts[0].sums.difference(), shop.open().await), (0, Vec::new()), "{last:?}");
    shop.everything_has_failed();
}
