//! What kind of world a seed makes.

use std::time::Duration;

use forstok_accurate::sandbox::{BulkRule, Fault, FilterValues};

/// Every way in which Accurate may deal with a bad entry.
const BULK_RULES: [BulkRule; 3] = [BulkRule::EachByItself, BulkRule::AllOrNothing, BulkRule::RefusedWhole];

/// Every way in which Accurate may read a filter.
const FILTER_VALUES: [FilterValues; 3] = [FilterValues::All, FilterValues::FirstOnly, FilterValues::NotUnderstood];

/// What can happen in a world, and how often.
#[derive(Clone, Debug)]
pub(crate) struct Terms {
    /// Processes over the one store.
    pub(crate) workers: usize,
    /// Orders that Forstok tells about.
    pub(crate) orders: usize,
    /// Chance for each step that a process dies.
    pub(crate) crash: f64,
    /// Chance for each step that something else happens: people, trouble over there, a busy disk.
    pub(crate) happenings: f64,
    /// Chance for each step that time passes, or a process is given no time for a while.
    pub(crate) stalls: f64,
    /// Chance for each step that the machine's clock is set.
    pub(crate) jumps: f64,
    /// The settings let orders go together.
    pub(crate) bulk: bool,
    /// No order is claimed before so many are due.
    pub(crate) heap: usize,
    /// What one bad entry does to a bulk.
    pub(crate) bulk_rule: BulkRule,
    /// What a list makes of several values.
    pub(crate) filter_values: FilterValues,
    /// Steps before everything is mended.
    pub(crate) storm: u64,
    /// How long a call takes.
    pub(crate) latency: Duration,
    /// Each fault's chance.
    pub(crate) faults: Vec<(Fault, f64)>,
    /// What the first bulks meet.
    pub(crate) bulk_faults: Vec<Fault>,
}

impl Terms {
    pub(crate) fn draw(rng: &mut fastrand::Rng) -> Self {
        let mut pick = |choices: &[f64]| *rng.choice(choices).unwrap_or(&0.0);
        let crash = pick(&[0.0, 0.003, 0.01, 0.03]);
        let happenings = pick(&[0.0, 0.01, 0.03, 0.1]);
        // A strict world: whatever is to be done is done in no time, so that the limits can be checked.
        let is_strict = pick(&[0.0, 0.0, 1.0]) > 0.0;
        let stalls = if is_strict { 0.0 } else { pick(&[0.0, 0.01, 0.03]) };
        let jumps = if is_strict { 0.0 } else { pick(&[0.0, 0.0, 0.01]) };
        let workers = if is_strict || rng.bool() { 1 } else { 2 };
        let (mut orders, mut heap) = (*rng.choice(&[1, 2, 3, 4, 6, 9]).unwrap_or(&1), 0);
        if rng.u8(..16) == 0 {
            // Enough for orders to go together.
            (orders, heap) = (rng.usize(17..22), 16);
        }
        let latency = Duration::from_millis(*rng.choice(&[0, 60, 400, 4000]).unwrap_or(&0));
        Self {
            workers,
            orders,
            crash,
            happenings,
            stalls,
            jumps,
            bulk: heap == 0 || rng.u8(..6) > 0,
            heap,
            bulk_rule: *rng.choice(&BULK_RULES).unwrap_or(&BulkRule::EachByItself),
            filter_values: *rng.choice(&FILTER_VALUES).unwrap_or(&FilterValues::All),
            storm: rng.u64(30..160),
            latency,
            faults: faults(rng),
            bulk_faults: if heap > 0 { bulk_faults(rng) } else { Vec::new() },
        }
    }

    /// Whether every call that is above Accurate's limits is a fault of the service: one process, whose clock is
    /// right and whose calls are on their way in no time.
    pub(crate) fn limits_must_be_kept(&self) -> bool {
        self.workers == 1 && self.stalls == 0.0 && self.jumps == 0.0
    }
}

fn faults(rng: &mut fastrand::Rng) -> Vec<(Fault, f64)> {
    let mut faults = Vec::new();
    for _ in 0..rng.usize(0..=4) {
        let chance = *rng.choice(&[0.02, 0.08, 0.2]).unwrap_or(&0.02);
        faults.extend(fault(rng).map(|fault| (fault, chance)));
    }
    faults
}

/// Half of them lose the reply of a bulk that was carried out.
fn bulk_faults(rng: &mut fastrand::Rng) -> Vec<Fault> {
    let lost = [Fault::DroppedAfter, Fault::Error5xxAfter, Fault::HtmlAfter, Fault::Late(Duration::from_secs(200))];
    let one = |rng: &mut fastrand::Rng| if rng.bool() { rng.choice(lost) } else { fault(rng) };
    (0..rng.usize(0..=2)).filter_map(|_| one(rng)).collect()
}

fn fault(rng: &mut fastrand::Rng) -> Option<Fault> {
    // Late is the one from which most follows.
    let name = if rng.u8(..6) == 0 { "late" } else { Fault::ORDINARY[rng.usize(..Fault::ORDINARY.len())] };
    // A save that is late is carried out within three minutes: Accurate's longest calls (accurate.md §2).
    let waits = if name == "late" { [2, 45, 100, 175] } else { [1, 5, 29, 40] };
    Fault::named(name, Duration::from_secs(*rng.choice(&waits).unwrap_or(&1)))
}
