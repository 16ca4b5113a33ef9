//! `kill -9` at any moment: nothing lost, nothing twice, everything right.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use forstok_accurate::sandbox::{Fault, Options, samples::SAMPLES};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{
    forstok::{HEADER, hex_signature},
    service::{Home, SECRET, Service, accurate_with, client, within_minutes},
};

const ORDERS: usize = 200;
const SENDERS: usize = 10;
const KILLS: usize = 12;

/// Of the moments, the sizes and the faults.
const SEED: u64 = 20_231_127;

/// Longest time in milliseconds between two orders of one sender.
const LONGEST_PAUSE: u64 = 2_000;

/// Most calls to Accurate that a process lives to make: counted in calls, its life does not depend on how busy this
/// machine is.
const MOST_CALLS: u64 = 16;

/// How long a call takes, and as far into it a kill may fall; in milliseconds.
const LATENCY: u64 = 200;

/// How often and at what distance a sender tries.
const MOST_TRIES: usize = 600;
const BETWEEN_TRIES: Duration = Duration::from_millis(50);

/// An order and the invoice that it must lead to.
struct Ordered {
    id: String,
    number: String,
    customer_no: String,
    total: Decimal,
    body: Vec<u8>,
}

/// Every sample that leads to an invoice, over and over, under other ids and with more pieces.
fn orders(chance: &mut fastrand::Rng) -> Vec<Ordered> {
    let invoiced: Vec<_> = SAMPLES.iter().filter(|sample| sample.expected()["state"] == "invoiced").collect();
    (0..ORDERS)
        .map(|nth| {
            let sample = invoiced[nth % invoiced.len()];
            let expected = &sample.expected()["invoice"];
            let (id, number) = ((200_000_000 + nth).to_string(), format!("K-{nth:04}"));
            let mut body = sample.json();
            let order = &mut body["order"];
            order["id"] = json!(id);
            order["local_id"] = json!(number);
            order["local_name"] = json!(number);
            let mut more = Decimal::ZERO;
            for piece in 0..chance.usize(..6) {
                let price = Decimal::from(1_000 * (nth + 1) + 7 * piece);
                more += price;
                let line = json!({"sku": "KAOS-M", "name": "Kaos Polos", "price": price.to_string()});
                order["item_lines"].as_array_mut().expect("a list").push(line);
            }
            order["total_price"] = json!((decimal(&order["total_price"]) + more).to_string());
            let total = decimal(&expected["total"]) + more;
            let customer_no = expected["customerNo"].as_str().expect("a text").to_owned();
            Ordered { id, number, customer_no, total, body: body.to_string().into_bytes() }
        })
        .collect()
}

fn decimal(value: &Value) -> Decimal {
    value.to_string().replace('"', "").parse().expect("a number")
}

/// Where the service listens now; another port after each start.
#[derive(Clone)]
struct Door(Arc<Mutex<SocketAddr>>);

impl Door {
    fn at(&self) -> SocketAddr {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn moves_to(&self, address: SocketAddr) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = address;
    }
}

/// Sends each order until the answer is a 2xx, some of them again later; returns how many sendings failed.
async fn send_until_taken(door: Door, orders: Arc<Vec<Ordered>>, first: usize, seed: u64) -> usize {
    let mut chance = fastrand::Rng::with_seed(seed);
    let client = client();
    let mut failed = 0;
    for order in orders.iter().skip(first).step_by(SENDERS) {
        for _ in 0..chance.usize(1..=2) {
            let mut tries = 1;
            while !is_taken(&client, door.at(), order).await {
                assert!(tries < MOST_TRIES, "order {} was never taken", order.id);
                tries += 1;
                tokio::time::sleep(BETWEEN_TRIES).await;
            }
            failed += tries - 1;
        }
        tokio::time::sleep(Duration::from_millis(chance.u64(..LONGEST_PAUSE))).await;
    }
    failed
}

async fn is_taken(client: &reqwest::Client, at: SocketAddr, order: &Ordered) -> bool {
    let request = client
        .post(format!("http://{at}/webhooks/forstok"))
        .header(HEADER, hex_signature(SECRET, &order.body))
        .body(order.body.clone());
    request.send().await.is_ok_and(|response| response.status().is_success())
}

/// All orders, page by page.
async fn all_orders(service: &Service) -> Vec<Value> {
    let mut orders = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = service.get(&format!("/v1/orders?limit=77&cursor={cursor}")).await.json();
        orders.extend(page["orders"].as_array().expect("a list").iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => return orders,
        }
    }
}

/// How many orders were in work when the process before this one was killed.
fn taken_up(service: &Service) -> usize {
    let text = service.log.text();
    let line = text.lines().find_map(|line| line.split_once(" orders were in work"));
    line.map_or(0, |(before, _)| {
        before.rsplit(' ').next().and_then(|number| number.parse().ok()).expect("the line begins with a number")
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_orders_survive_a_dozen_kills_as_two_hundred_invoices() {
    let mut chance = fastrand::Rng::with_seed(SEED);
    let orders = Arc::new(orders(&mut chance));
    let accurate = accurate_with(Options {
        seed: SEED,
        // Calls take long enough for a kill to fall into them.
        latency: Duration::from_millis(LATENCY),
        faults: vec![(Fault::DroppedAfter, 0.03), (Fault::Error5xxAfter, 0.02), (Fault::HtmlAfter, 0.01)],
        ..Options::with_sample_masters()
    })
    .await;
    let sandbox = accurate.sandbox();
    let home = Home::new(&accurate);
    let mut service = home.serve().await;
    let door = Door(Arc::new(Mutex::new(service.address)));
    let senders: Vec<_> = (0..SENDERS)
        .map(|first| tokio::spawn(send_until_taken(door.clone(), orders.clone(), first, chance.u64(..))))
        .collect();

    let (mut in_work, mut invoices_at_kills) = (0, Vec::new());
    for _ in 0..KILLS {
        let calls = || sandbox.call_counts().values().sum::<u64>();
        let last_call = calls() + chance.u64(..=MOST_CALLS);
        within_minutes(1, "it makes its calls", async || (calls() >= last_call).then_some(())).await;
        tokio::time::sleep(Duration::from_millis(chance.u64(..LATENCY))).await;
        service.kill();
        invoices_at_kills.push(sandbox.invoice_count());
        service = home.serve().await;
        in_work += taken_up(&service);
        door.moves_to(service.address);
    }
    let mut failed_sendings = 0;
    for sender in senders {
        failed_sendings += sender.await.expect("every order was taken");
    }
    // An order that met three faults in a row waits 81 seconds.
    within_minutes(3, "every order has its invoice", async || {
        (service.count("invoiced").await == ORDERS as u64).then_some(())
    })
    .await;

    println!("invoices at the kills: {invoices_at_kills:?}");
    println!("{failed_sendings} sendings failed, {in_work} orders were in work when the process was killed");
    println!("calls: {:?}, faults: {:?}", sandbox.call_counts(), sandbox.fault_counts());
    println!("most calls in any second: {}, in flight: {}", sandbox.max_in_any_second(), sandbox.max_in_flight());
    assert!(in_work > 0, "no kill fell into work; the test shows nothing");
    assert!(failed_sendings > 0, "no kill fell into a sending; the test shows nothing");
    let at_last_kill = invoices_at_kills[KILLS - 1];
    assert!(0 < at_last_kill && at_last_kill < ORDERS, "the kills did not fall between the first invoice and the last");

    let invoices = sandbox.invoices();
    assert_eq!(invoices.len(), ORDERS);
    let by_order: BTreeMap<_, _> = invoices.iter().map(|invoice| (invoice.description.as_str(), invoice)).collect();
    assert_eq!(by_order.len(), ORDERS, "no order has two");
    for order in orders.iter() {
        let invoice = by_order.get(order.id.as_str()).unwrap_or_else(|| panic!("order {} has none", order.id));
        assert_eq!(invoice.number, order.number);
        assert_eq!(invoice.customer_no, order.customer_no, "order {}", order.id);
        assert_eq!(invoice.total_amount, order.total, "order {}", order.id);
    }

    let shown = all_orders(&service).await;
    assert_eq!(shown.len(), ORDERS);
    let ids: BTreeSet<_> = shown.iter().map(|order| order["order_id"].to_string()).collect();
    assert_eq!(ids.len(), ORDERS, "no order is listed twice");
    for order in &shown {
        assert_eq!(order["state"], "invoiced", "{order}");
        let id = order["order_id"].as_str().expect("a text");
        assert_eq!(order["invoice"]["id"], by_order[id].id, "{order}");
        assert_eq!(decimal(&order["invoice"]["total"]), by_order[id].total_amount, "{order}");
    }
    let adopted = shown.iter().filter(|order| order["warnings"].to_string().contains("invoice_adopted")).count();
    let lost_replies: u64 = sandbox.fault_counts().values().sum();
    println!("{adopted} invoices were adopted, {lost_replies} calls met a fault");
    assert_eq!(sandbox.breach_count(), 0, "{:?}", sandbox.breaches());
}
