//! `kill -9` at any time, under load, with every fault of the sandbox: nothing is lost, nothing is created twice, and
//! every amount is right. The same applies to the receipts and sales returns that follow the sale.
//!
//! One test runs a single process on SQLite; the other runs three on a PostgreSQL server, which is killed too.
//!
//! `SOAK_KILLS=200 cargo test --release --test all soak -- --nocapture` kills 200 times and waits in real time until
//! every lost save has expired. The default is 6 kills, and the five minutes pass in the database only. `SOAK_SEED`
//! chooses the sequence of events.

mod killing;
mod orders;
mod sequels;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use forstok_accurate::sandbox::{Fault, Options};
use serde_json::Value;
use tokio::task::{JoinHandle, JoinSet};

use self::{
    killing::Killed,
    orders::{CANCELLED_AT, Fate, Ordered, SHIPPED_AT, compare, ordered},
};
use super::server::OwnServer;
use crate::{
    forstok::{HEADER, hex_signature},
    service::{Home, OPERATOR_TOKEN, SECRET, Service, accurate_with, client},
};

const USUAL_KILLS: usize = 6;

const REPLICAS: usize = 3;
const USUAL_SEED: u64 = 20_231_127;

const SENDERS: usize = 10;

/// Longest time in milliseconds between two orders of one sender. Together, the senders send fewer orders than Accurate
/// accepts, because many calls are repeated.
const LONGEST_PAUSE: u64 = 10_000;

/// Number of calls to Accurate after which a process is killed at the latest. The lifetime is measured in calls, so
/// that it does not depend on the load of this machine.
const MOST_CALLS: u64 = 40;

/// Duration of a call in milliseconds, and how far into it a kill may occur.
const LATENCY: u64 = 150;

/// Probability of each fault for each call, and the delay of slow ones.
const CHANCE: f64 = 0.01;
const SLOW: Duration = Duration::from_secs(2);

/// How often a sender tries, and the interval.
const MOST_TRIES: usize = 1200;
const BETWEEN_TRIES: Duration = Duration::from_millis(50);

/// Interval between two looks at an order: hundreds are looked at, and the processes on the same machine must still send
/// each call in time.
const BETWEEN_LOOKS: Duration = Duration::from_millis(500);

/// A save has expired after five of them.
const MINUTES_OF_A_DOUBT: u32 = 6;

/// How often they pass at most, and how often the condition is checked before: orders that need not wait are done by
/// then.
const MOST_PASSINGS: usize = 10;
const LOOKS_BEFORE_MINUTES_PASS: usize = 200;

/// State that senders and the killer share.
struct World {
    /// The address of each process; its port changes with each start.
    doors: Mutex<Vec<SocketAddr>>,
    knocks: AtomicUsize,
    killing: AtomicBool,
    next: AtomicUsize,
    failed_sendings: AtomicUsize,
    client: reqwest::Client,
}

impl World {
    /// The address to use, alternating like a load balancer.
    fn door(&self) -> SocketAddr {
        let doors = self.doors.lock().unwrap_or_else(PoisonError::into_inner);
        doors[self.knocks.fetch_add(1, Relaxed) % doors.len()]
    }

    fn moves_to(&self, nth: usize, address: SocketAddr) {
        self.doors.lock().unwrap_or_else(PoisonError::into_inner)[nth] = address;
    }

    /// Sends a webhook until the answer is a 2xx.
    async fn sends(&self, body: Vec<u8>) {
        for _ in 0..MOST_TRIES {
            let request = self
                .client
                .post(format!("http://{}/webhooks/forstok", self.door()))
                .header(HEADER, hex_signature(SECRET, &body))
                .body(body.clone());
            if request.send().await.is_ok_and(|response| response.status().is_success()) {
                return;
            }
            self.failed_sendings.fetch_add(1, Relaxed);
            tokio::time::sleep(BETWEEN_TRIES).await;
        }
        panic!("a webhook was never taken: {}", String::from_utf8_lossy(&body));
    }

    async fn order_of(&self, id: &str) -> Option<Value> {
        let order = self.client.get(format!("http://{}/v1/orders/{id}", self.door())).bearer_auth(OPERATOR_TOKEN);
        serde_json::from_slice(&order.send().await.ok()?.bytes().await.ok()?).ok()
    }

    /// The complete life of an order in Forstok.
    async fn lives(&self, order: &Ordered, mut chance: fastrand::Rng) {
        if order.fate == Fate::CancelledBefore {
            self.sends(order.later("Open", "2020-01-01T10:00:00.000+07:00")).await;
            return self.sends(order.later("Cancelled", CANCELLED_AT)).await;
        }
        for _ in 0..chance.usize(1..=2) {
            self.sends(order.body.to_string().into_bytes()).await;
        }
        if matches!(order.fate, Fate::ShippedAfter | Fate::CancelledAfter) {
            self.sees(order, "invoiced", None, |shown| shown["state"] == "invoiced").await;
        } else {
            tokio::time::sleep(Duration::from_millis(chance.u64(..1_000))).await;
        }
        match order.fate {
            Fate::Stays | Fate::CancelledBefore => {}
            Fate::ShippedAfter | Fate::ShippedMeanwhile => self.sends(order.later("Shipped", SHIPPED_AT)).await,
            Fate::CancelledAfter | Fate::CancelledMeanwhile => {
                self.sends(order.later("Cancelled", CANCELLED_AT)).await;
            }
        }
    }
}

/// Sends orders as long as kills continue; returns the orders when nothing more will be sent about them.
async fn send_while_killing(world: Arc<World>, seed: u64) -> Vec<Ordered> {
    let mut chance = fastrand::Rng::with_seed(seed);
    let mut lives = JoinSet::new();
    while world.killing.load(Relaxed) {
        let order = ordered(world.next.fetch_add(1, Relaxed), &mut chance);
        let (world, chances, reports) = (world.clone(), chance.fork(), chance.fork());
        lives.spawn(async move {
            tokio::join!(world.lives(&order, chances), world.reports(&order, reports));
            order
        });
        tokio::time::sleep(Duration::from_millis(chance.u64(..LONGEST_PAUSE))).await;
    }
    lives.join_all().await
}

/// All orders by id, read page by page.
async fn all_orders(service: &Service) -> BTreeMap<String, Value> {
    let mut orders = BTreeMap::new();
    let mut cursor = String::new();
    loop {
        let page = service.get(&format!("/v1/orders?limit=77&cursor={cursor}")).await.json();
        for order in page["orders"].as_array().expect("a list") {
            let id = order["order_id"].as_str().expect("a text").to_owned();
            assert!(orders.insert(id, order.clone()).is_none(), "listed twice: {order}");
        }
        match page["next_cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => return orders,
        }
    }
}

fn from_environment<T: std::str::FromStr>(name: &str, usual: T) -> T {
    std::env::var(name).map_or(usual, |text| text.parse().unwrap_or_else(|_| panic!("{name} must be a number")))
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_killed_and_whatever_goes_wrong_each_order_has_its_one_invoice() {
    soak(1, None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_whose_server_is_killed_too_still_create_one_invoice_for_each_order() {
    soak(REPLICAS, Some(OwnServer::start())).await;
}

async fn soak(replicas: usize, server: Option<OwnServer>) {
    let begun = Instant::now();
    let kills = from_environment("SOAK_KILLS", USUAL_KILLS);
    let seed = from_environment("SOAK_SEED", USUAL_SEED);
    let mut chance = fastrand::Rng::with_seed(seed);
    let fault = |name: &&str| (Fault::named(name, SLOW).expect("it is its name"), CHANCE);
    let faults = Fault::ORDINARY.iter().map(fault).collect();
    let accurate = accurate_with(Options {
        seed,
        // Calls take long enough to be interrupted by a kill.
        latency: Duration::from_millis(LATENCY),
        faults,
        ..Options::with_sample_masters()
    })
    .await;
    let sandbox = accurate.sandbox();
    let home = server.as_ref().map_or_else(|| Home::new(&accurate), |server| Home::on(&accurate, &server.url));
    home.write("mapping.toml", &sequels::mapping());
    let mut services = Vec::new();
    for _ in 0..replicas {
        services.push(home.serve().await);
    }
    let world = Arc::new(World {
        doors: Mutex::new(services.iter().map(|service| service.address).collect()),
        knocks: AtomicUsize::new(0),
        killing: AtomicBool::new(true),
        next: AtomicUsize::new(0),
        failed_sendings: AtomicUsize::new(0),
        client: client(),
    });
    let senders: Vec<_> =
        (0..SENDERS).map(|_| tokio::spawn(send_while_killing(world.clone(), chance.u64(..)))).collect();

    let in_real_time = kills > USUAL_KILLS;
    let mut killed = Killed { home, services, server, in_work: 0, servers: 0, in_real_time };
    killed.kill(kills, sandbox, &world, &mut chance).await;
    let at_last_kill = sandbox.invoice_count();
    let after_at_last_kill = sandbox.receipts().len() + sandbox.returns().len();
    world.killing.store(false, Relaxed);
    // What met faults is counted before they end.
    let faults = sandbox.fault_counts();
    sandbox.clear_faults();
    killed.until("every order has lived its life", &world, async |_| senders.iter().all(JoinHandle::is_finished)).await;
    let mut sent = Vec::new();
    for sender in senders {
        sent.extend(sender.await.expect("every webhook was taken"));
    }
    let cancelled = sent.iter().filter(|order| order.is_cancelled()).count();
    killed
        .until("every order is settled", &world, async |service| {
            let (invoiced, voided) = (service.count("invoiced").await, service.count("voided").await);
            let gone = voided + service.count("ignored").await;
            invoiced as usize == sent.len() - cancelled && gone as usize == cancelled
        })
        .await;
    killed
        .until("every payout and return is booked", &world, async |service| sequels::is_booked(service, &sent).await)
        .await;
    let Killed { services, server, in_work, servers, .. } = killed;
    let service = &services[0];

    let invoices = sandbox.invoices();
    let shown = all_orders(service).await;
    let failed_sendings = world.failed_sendings.load(Relaxed);
    let adopted = shown.values().filter(|order| order["warnings"].to_string().contains("invoice_adopted")).count();
    println!(
        "kills:    {kills}, {servers} of them of the server; {in_work} attempts ended, {failed_sendings} sendings failed"
    );
    println!("orders:   {} sent, {cancelled} of them cancelled; {at_last_kill} invoices at the last kill", sent.len());
    println!("invoices: {}, {adopted} of them adopted", invoices.len());
    let (receipts, returns) = (sandbox.receipts(), sandbox.returns());
    println!("after:    {} receipts, {} returns; {after_at_last_kill} at the last kill", receipts.len(), returns.len());
    println!("calls:    {:?}", sandbox.call_counts());
    println!("faults:   {} {faults:?}", faults.values().sum::<u64>());
    println!("limits:   {} in any second, {} in flight", sandbox.max_in_any_second(), sandbox.max_in_flight());
    println!("breaches: {}; {:.0} seconds", sandbox.breach_count(), begun.elapsed().as_secs_f64());
    compare(&sent, &invoices, &shown);
    sequels::compare(&sent, &invoices, &receipts, &returns, service).await;
    assert_eq!(sandbox.breach_count(), 0, "{:?}", sandbox.breaches());
    assert!(after_at_last_kill > 0, "nothing was booked after a sale while processes were killed; this shows nothing");
    assert!(in_work > 0, "no kill fell into work; this shows nothing");
    assert!(failed_sendings > 0, "no kill fell into a sending; this shows nothing");
    assert_eq!(server.is_some(), servers > 0, "the server was not killed; this shows nothing");
    assert!(faults.values().sum::<u64>() > 0, "nothing went wrong; this shows nothing");
}
