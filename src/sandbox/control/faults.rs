//! `POST /sandbox/faults`.

use std::{collections::BTreeMap, time::Duration};

use axum::{body::Bytes, extract::State};
use serde::Deserialize;

use super::{Answered, BadInput, read, stats};
use crate::sandbox::{Action, Fault, On, Sandbox};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultOrder {
    #[serde(default)]
    probabilities: BTreeMap<String, f64>,
    #[serde(default = "three_seconds")]
    slow_seconds: f64,
    #[serde(default)]
    next: Vec<NextFault>,
    /// Removes all earlier faults first.
    #[serde(default)]
    clear: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NextFault {
    fault: String,
    #[serde(default = "any")]
    on: String,
    #[serde(default = "once")]
    times: usize,
}

fn three_seconds() -> f64 {
    3.0
}

fn any() -> String {
    "any".to_owned()
}

fn once() -> usize {
    1
}

pub(super) async fn faults(State(sandbox): State<Sandbox>, body: Bytes) -> Answered {
    let order: FaultOrder = read(&body)?;
    let wait = Duration::try_from_secs_f64(order.slow_seconds)
        .map_err(|_| BadInput(format!("slow_seconds: {} is not a time; give seconds from 0", order.slow_seconds)))?;
    let fault_named = |field: &str, name: &str| {
        Fault::named(name, wait).ok_or_else(|| {
            BadInput(format!("{field}: {name:?} is not a fault; use one of {}", Fault::NAMES.join(", ")))
        })
    };
    // Everything is validated before anything is changed, so that a refused request has no effect.
    let mut chances = Vec::new();
    for (name, chance) in &order.probabilities {
        if !(0.0..=1.0).contains(chance) {
            return Err(BadInput(format!("probabilities.{name}: {chance} is not a chance; give a number from 0 to 1")));
        }
        chances.push((fault_named("probabilities", name)?, *chance));
    }
    let mut commands = Vec::new();
    for (at, next) in order.next.iter().enumerate() {
        let fault = fault_named(&format!("next[{at}].fault"), &next.fault)?;
        commands.push((call_named(&format!("next[{at}].on"), &next.on)?, fault, next.times));
    }
    if order.clear {
        sandbox.clear_faults();
    }
    for (fault, chance) in chances {
        sandbox.set_probability(fault, chance);
    }
    for (on, fault, times) in commands {
        sandbox.next(on, fault, times);
    }
    Ok(stats(State(sandbox)).await)
}

pub(super) fn call_named(field: &str, name: &str) -> Result<On, BadInput> {
    match name {
        "any" => Ok(On::Any),
        "invoice saves" => Ok(On::InvoiceSaves),
        "receipt saves" => Ok(On::ReceiptSaves),
        "return saves" => Ok(On::ReturnSaves),
        name => Action::named(name).map(On::Call).ok_or_else(|| {
            let known = Action::ALL.map(Action::name).join(", ");
            BadInput(format!("{field}: {name:?} is not a call; use any, \"invoice saves\", \"receipt saves\", \"return saves\" or one of {known}"))
        }),
    }
}
