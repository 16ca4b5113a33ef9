//! Every sample order of the specification is processed completely and ends as in `expected.json`.

use forstok_accurate::sandbox::samples::{SAMPLES, Sample, as_expected};
use serde_json::{Value, json};

use crate::world::{Order, World};

#[tokio::test]
async fn every_sample_order_ends_as_expected_however_its_deliveries_are_shuffled() {
    for seed in 0..3 {
        let mut world = World::new().await;
        let mut bodies: Vec<_> = SAMPLES.iter().chain(SAMPLES).chain(SAMPLES).map(Order::of).collect();
        fastrand::Rng::with_seed(seed).shuffle(&mut bodies);
        for body in bodies {
            world.forstok_sends(body).await;
        }
        world.run_until_settled().await;
        for sample in SAMPLES {
            assert_eq!(outcome(&world, sample).await, sample.expected(), "{}", sample.name);
        }
        let invoiced = SAMPLES.iter().filter(|sample| sample.expected()["state"] == "invoiced");
        assert_eq!(world.accurate.invoice_count(), invoiced.count());
    }
}

/// The result of an order, in the form of `expected.json`, with the invoice from the sandbox.
async fn outcome(world: &World, sample: &Sample) -> Value {
    let id = sample.json()["order"]["id"].to_string().replace('"', "");
    let order = world.order(&id).await;
    let mut outcome = json!({"state": order.state.as_str()});
    if let Some(reason) = order.reason {
        outcome["reason"] = json!(reason.code());
    }
    if let Some(known) = order.invoice {
        let standing = world.accurate.invoices_numbered(known.number.as_str());
        assert_eq!(standing.len(), 1, "{}", known.number);
        assert_eq!((standing[0].id, standing[0].total_amount), (known.id, known.total));
        assert!(standing[0].expenses.len() <= 1, "{:?}", standing[0].expenses);
        outcome["invoice"] = as_expected(&standing[0]);
    }
    outcome
}
