//! A shop's year: orders come, webhooks get lost, calls fail, the service dies, and people work in Accurate. Every
//! night finds exactly what people did, and after acting on it nothing is left.
//!
//! 5,000 orders by default; `YEAR_ORDERS=100000` drives a whole year.

use std::collections::BTreeMap;

use forstok_accurate::{
    domain::reconciliation::{Action, Class, FindingState},
    forstok::api::ApiConfig,
    sandbox::{Edit, Fault, ForstokFault, ForstokSandbox, samples::MAPPING},
    storage::{Acted, Run, State},
};
use jiff::{SignedDuration, Timestamp, ToSpan, Zoned, tz::TimeZone};
use rust_decimal::Decimal;

use super::{
    adds_up, ani, findings,
    forstok::{REPORT, order_by_order},
    run,
};
use crate::world::{BOOK, Order, World, order};

/// Orders of a day.
const A_DAY: usize = 50;

/// Orders that Forstok lists at a time.
const MOST_LISTED: u32 = 1_000;

/// What people did, and webhooks that got lost, that nobody has dealt with yet, by what it is about.
///
/// Kept apart from everything that the service knows: only what this test itself has done is in it.
#[derive(Default)]
struct Planted(BTreeMap<String, Class>);

/// The world with what the test remembers of it.
struct Shop {
    world: World,
    forstok: ForstokSandbox,
    random: fastrand::Rng,
    planted: Planted,
    /// Orders whose invoice nobody has touched.
    untouched: Vec<u32>,
    next_order: u32,
    next_by_hand: u32,
}

impl Shop {
    async fn new() -> Self {
        let forstok = ForstokSandbox::default();
        forstok.behaves(|one| one.largest_page = 500);
        let world = World::with_mapping(&format!("{MAPPING}\n[reconcile]\ndays = 14\n")).await;
        Self {
            world: asking(&forstok, world),
            forstok,
            random: fastrand::Rng::with_seed(2024),
            planted: Planted::default(),
            untouched: Vec::new(),
            next_order: 1,
            next_by_hand: 1,
        }
    }

    fn moment(&self) -> String {
        let wib = TimeZone::fixed(jiff::tz::offset(7));
        Zoned::new(self.world.clock_now(), wib).strftime("%Y-%m-%dT%H:%M:%S+07:00").to_string()
    }

    async fn orders_come(&mut self) {
        let mut came = Vec::new();
        for _ in 0..A_DAY {
            let id = self.next_order;
            self.next_order += 1;
            // Its list goes back some weeks only, which is no difference.
            self.forstok.forgets(&id.saturating_sub(MOST_LISTED).to_string());
            let order = order(&id.to_string()).ready_to_ship().updated_at(&self.moment());
            if self.random.u32(..100) < 2 {
                self.loses(id, &order, Class::MissedWebhook);
            } else {
                self.sends(order).await;
                came.push(id);
            }
        }
        self.world.run_until_settled().await;
        for id in came {
            if self.world.state(&id.to_string()).await == "invoiced" {
                self.untouched.push(id);
            }
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
        self.planted.0.insert(format!("forstok:{id}"), class);
    }

    /// An order whose invoice nobody has touched, which is from now on touched.
    fn take(&mut self) -> Option<u32> {
        let recent = self.untouched.len().min(10 * A_DAY);
        if recent == 0 {
            return None;
        }
        let at = self.untouched.len() - 1 - self.random.usize(..recent);
        Some(self.untouched.swap_remove(at))
    }

    async fn number(&self, id: u32) -> String {
        self.world.order(&id.to_string()).await.invoice.expect("invoiced").number.to_string()
    }

    async fn people_work_in_accurate(&mut self) {
        self.world.advance(60);
        for _ in 0..self.random.u32(..4) {
            let Some(id) = self.take() else { return };
            let number = self.number(id).await;
            let accurate = self.world.accurate.clone();
            let subject = format!("order:{id}");
            match self.random.u32(..7) {
                0 => {
                    assert!(accurate.remove_invoice(&number));
                    self.planted.0.insert(subject, Class::MissingInAccurate);
                }
                1 => {
                    let total = Some(Decimal::from(self.random.u32(1..1_000)));
                    accurate.edit_invoice(&number, &Edit { total, ..Edit::default() }).expect("it is there");
                    self.planted.0.insert(subject, Class::Differs);
                }
                2 => {
                    accurate.renumber_invoice(&number, &format!("SI-{id}")).expect("it is there");
                    self.planted.0.insert(subject, Class::Differs);
                }
                3 => {
                    let copy = accurate.duplicate_invoice(&number, &format!("COPY-{id}")).expect("it is there");
                    self.planted.0.insert(format!("invoice:{}", copy.id), Class::Twice);
                }
                4 => {
                    let by_hand = format!("HAND-{}", self.next_by_hand);
                    self.next_by_hand += 1;
                    let added = accurate.add_invoice(&by_hand, "8277", "toko", Decimal::from(25_000));
                    self.planted.0.insert(format!("invoice:{}", added.id), Class::Foreign);
                }
                // A cancellation whose webhook is lost.
                5 => {
                    let cancelled = order(&id.to_string()).cancelled().updated_at(&self.moment());
                    self.loses(id, &cancelled, Class::Stale);
                }
                // Nothing is wrong about a cancellation: the service deletes the invoice itself.
                _ => {
                    let cancelled = order(&id.to_string()).cancelled().updated_at(&self.moment());
                    self.sends(cancelled).await;
                    self.world.run_until_settled().await;
                    assert_eq!(self.world.count(State::VoidDue).await, 0);
                }
            }
        }
    }

    /// The night passes, and the nightly run finds exactly what people did.
    async fn night(&mut self) {
        let wib = TimeZone::fixed(jiff::tz::offset(7));
        let now = Zoned::new(self.world.clock_now(), wib);
        let night = now.date().saturating_add(1.days()).at(2, 31, 0, 0).to_zoned(now.time_zone().clone());
        let night: Timestamp = night.expect("it exists").timestamp();
        self.world.advance(night.duration_since(self.world.clock_now()).as_secs());
        self.world.engine.request_nightly_reconciliation().await.expect("written");
        let id = self.world.storage.runs(None, 1).await.expect("readable")[0].id;
        let of_night = self.carry_out(id).await;
        if of_night.is_complete() {
            adds_up(&of_night);
        } else {
            // Accurate failed for too long; an incomplete run says nothing, so it is run again.
            let again = self.world.engine.request_reconciliation(of_night.period, &ani()).await.expect("written");
            adds_up(&self.carry_out(again).await);
        }
        self.finds_what_was_planted().await;
        self.world.advance(6 * 3_600);
    }

    async fn carry_out(&self, id: i64) -> Run {
        while self.world.engine.reconcile(BOOK).await.expect("stored") {}
        self.forstok.fails_next(&[ForstokFault::Slow(0), ForstokFault::Error, ForstokFault::CutOff]);
        while self.world.engine.reconcile_forstok().await.expect("stored") {}
        run(&self.world, id).await
    }

    async fn finds_what_was_planted(&self) {
        let found = findings(&self.world, FindingState::Open).await;
        let subject = |finding: &forstok_accurate::storage::FindingRecord| match finding.class {
            Class::Twice | Class::Foreign => format!("invoice:{}", finding.accurate_id.expect("it is there")),
            Class::MissedWebhook | Class::Stale => {
                format!("forstok:{}", finding.order_id.clone().expect("it is known"))
            }
            _ => format!("order:{}", finding.order_id.clone().expect("it is known")),
        };
        let found: BTreeMap<_, _> = found.iter().map(|finding| (subject(finding), finding.class)).collect();
        assert_eq!(found, self.planted.0);
    }

    /// Somebody goes through the findings and does what fits.
    async fn somebody_deals_with_findings(&mut self) {
        for finding in findings(&self.world, FindingState::Open).await {
            let engine = self.world.engine.clone();
            let act = async |action| {
                let acted = engine.act_on_finding(finding.id, action, "", &ani()).await.expect("written");
                assert_eq!(acted, Acted::Done, "{finding:?}");
            };
            match finding.class {
                Class::MissingInAccurate if self.random.bool() => act(Action::CreateAgain).await,
                Class::MissingInAccurate => act(Action::AcceptDeleted).await,
                Class::Differs => act(Action::Adopt).await,
                Class::Twice | Class::Foreign => assert!(self.world.accurate.remove_invoice(finding.number.as_str())),
                Class::MissedWebhook | Class::Stale => {
                    let imported = engine.import_order(finding.id, "", &ani()).await.expect("stored");
                    assert_eq!(imported, Ok(Acted::Done), "{finding:?}");
                }
                other => panic!("nobody did this: {other}"),
            }
        }
        self.world.run_until_settled().await;
        self.planted.0.clear();
    }
}

/// The world, in which lost webhooks are reported rather than taken in.
fn asking(forstok: &ForstokSandbox, world: World) -> World {
    world.asking_forstok(forstok, ApiConfig { page_size: 500, ..order_by_order() }, REPORT)
}

#[tokio::test]
async fn every_night_of_a_shops_year_finds_what_people_did_and_nothing_else() {
    let orders = std::env::var("YEAR_ORDERS").ok().and_then(|orders| orders.parse().ok()).unwrap_or(5_000);
    let mut shop = Shop::new().await;
    for (fault, chance) in [
        (Fault::Error5xxBefore, 0.01),
        (Fault::DroppedAfter, 0.01),
        (Fault::Limit429, 0.01),
        (Fault::UpsssAfter, 0.005),
    ] {
        shop.world.accurate.set_probability(fault, chance);
    }
    // The first night of an installation.
    shop.world.advance(SignedDuration::from_hours(16).as_secs());
    for day in 1..=orders / A_DAY {
        shop.orders_come().await;
        shop.people_work_in_accurate().await;
        if day % 13 == 0 {
            // It dies in the night, and is down for two days.
            shop.world = asking(&shop.forstok, shop.world.dies_and_starts_again().await);
            shop.world.advance(2 * 86_400);
        }
        shop.night().await;
        if day % 7 == 0 {
            shop.somebody_deals_with_findings().await;
        }
    }
    shop.somebody_deals_with_findings().await;
    shop.night().await;
    let last = shop.world.storage.runs(None, 1).await.expect("readable").remove(0);
    assert_eq!(last.parts[0].sums.difference(), 0, "{last:?}");
}
