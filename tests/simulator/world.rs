//! One world: everything that its seed decides, step by step.

use std::{collections::BTreeMap, sync::Arc};

use forstok_accurate::{
    clock::Clock,
    domain::order::OrderId,
    sandbox::{Action, Invoice, Options, Sandbox},
    settings::Database,
    storage::Storage,
};
use jiff::{SignedDuration, Timestamp};

use super::{
    after_sale::AfterSale,
    checks::Violation,
    clock::{SimClock, TrueClock},
    coverage::Coverage,
    disk::Disk,
    gates::Gates,
    hands::Owners,
    happenings::Troubles,
    past::Past,
    process::{End, Process},
    senders::{self, Acknowledged, Script, Waiting},
    storage::Switch,
    story::Story,
    terms::Terms,
    view::{View, Watch},
    wire::SimWire,
};

/// More steps than any world needs: of 20,000 seeds, the longest took 8,745. A world whose switch never lets it become
/// idle takes all of them.
const MOST_STEPS: u64 = 15_000;

/// Time never passes more often than this without anything being able to continue: an activity that has not stopped at
/// a gate waits for something that time does not bring.
const MOST_IDLE: u64 = 10_000;

/// Something in the world that may continue.
enum Choice {
    GoOn(usize, usize),
    Deliver(usize, usize),
    Decide(usize),
    Fetch(usize),
    Errand(usize, usize),
    OverThere,
    Start(usize),
    TakeOver(usize),
}

/// A process, or when its next life begins.
pub(crate) enum Life {
    Alive(Box<Process>),
    Dead { until: Timestamp },
}

/// Which world is run, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trial {
    pub(crate) seed: u64,
    /// The safeguard that is removed on purpose.
    pub(crate) switch: Option<Switch>,
    /// The switch for which the world's parameters are chosen.
    pub(crate) made_for: Option<Switch>,
}

impl Trial {
    /// The world of a seed, with all safeguards.
    pub(crate) fn of(seed: u64) -> Self {
        Self { seed, switch: None, made_for: None }
    }
}

/// What a seed creates.
pub(crate) struct World {
    pub(crate) rng: fastrand::Rng,
    pub(crate) terms: Terms,
    pub(crate) switch: Option<Switch>,
    pub(crate) clock: Arc<SimClock>,
    pub(crate) gates: Arc<Gates>,
    pub(crate) accurate: Sandbox,
    pub(crate) wire: Arc<SimWire>,
    pub(crate) place: Database,
    /// The open database; `None` between the death of the only process and its next start.
    pub(crate) database: Option<Arc<dyn Storage>>,
    pub(crate) watch: Arc<Watch>,
    pub(crate) lives: Vec<Life>,
    pub(crate) scripts: Vec<Script>,
    pub(crate) waiting: Vec<Waiting>,
    pub(crate) acknowledged: Vec<Acknowledged>,
    pub(crate) after: AfterSale,
    pub(crate) view: View,
    pub(crate) invoices: BTreeMap<String, Vec<Invoice>>,
    pub(crate) owners: Owners,
    /// The process that leads the book, if one does.
    pub(crate) caller: usize,
    pub(crate) troubles: Troubles,
    pub(crate) is_calm: bool,
    /// After how many steps the storm began.
    pub(crate) storm_began: u64,
    /// The machine's clock was set forward at least once.
    pub(crate) was_set_forward: bool,
    /// Nothing is claimed yet, so that due orders accumulate.
    pub(crate) is_heaping: bool,
    /// How often in a row nothing could continue.
    idle: u64,
    pub(crate) coverage: Coverage,
    pub(crate) story: Story,
}

impl World {
    pub(crate) async fn of(trial: Trial, disk: &Disk, aloud: bool) -> Self {
        let Trial { seed, switch, made_for } = trial;
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut terms = Terms::draw(&mut rng);
        if let Some(switch) = made_for {
            terms = terms.made_for(switch, &mut rng);
        }
        if !disk.is_server() {
            // A file has no clock other than that of the only machine.
            terms.skews.clear();
        }
        let gates = Arc::new(Gates::default());
        let clock = Arc::new(SimClock::at("2024-02-01T09:00:00+07:00", gates.clone()));
        let accurate = Sandbox::new(Options {
            clock: Arc::new(TrueClock(clock.clone())),
            faults: terms.first_faults(),
            seed: rng.u64(..),
            latency: terms.latency,
            ..Options::with_sample_masters()
        });
        for fault in &terms.bulk_faults {
            accurate.next(Action::InvoiceBulkSave, *fault, 1);
        }
        for fault in &terms.save_faults {
            accurate.next(Action::InvoiceSave, *fault, 1);
        }
        if terms.past == Past::None {
            terms.prepare_after_sale(&accurate);
        }
        accurate.change_settings(|settings| {
            settings.bulk = terms.bulk_rule;
            settings.filter_values = terms.filter_values;
            settings.bulk_reply = terms.bulk_reply;
            settings.overpayment = terms.overpayment;
            settings.id_ranges = terms.id_ranges;
            settings.sorting = terms.sorting;
            settings.numbering = terms.numbering;
            settings.letter_case = terms.letter_case;
            settings.detail_lag = terms.detail_lag;
            settings.list_lag = terms.list_lag;
            settings.suspended_items = terms.suspended_items;
            settings.emoji = terms.emoji;
        });
        let wire = Arc::new(SimWire::new(accurate.clone(), clock.clone(), gates.clone()));
        let place = disk.new_place(seed).await;
        let watch = Arc::new(Watch::open(&place).await);
        watch.begin_with(&terms.mapping()).await;
        let (scripts, waiting) = senders::scripts(&mut rng, &terms, clock.truth());
        let after = AfterSale::drawn(&mut rng, &terms, &scripts, clock.truth());
        let dead = || Life::Dead { until: clock.truth() };
        let lives = std::iter::repeat_with(dead).take(terms.workers).collect();
        let is_heaping = terms.heap > 0;
        let mut story = Story::told(aloud);
        story.tell(clock.truth(), &format!("{terms:?}"));
        let mut coverage = Coverage::default();
        for what in terms.met() {
            coverage.meet("terms", what);
        }
        Self {
            rng,
            terms,
            switch,
            clock,
            gates,
            accurate,
            wire,
            place,
            database: None,
            watch,
            lives,
            scripts,
            waiting,
            acknowledged: Vec::new(),
            after,
            view: View::default(),
            invoices: BTreeMap::new(),
            owners: Owners::default(),
            caller: 0,
            troubles: Troubles::default(),
            is_calm: false,
            storm_began: 0,
            was_set_forward: false,
            is_heaping,
            idle: 0,
            coverage,
            story,
        }
    }

    /// Runs the world to its end; returns the violation, if any.
    pub(crate) async fn run(&mut self) -> Result<(), Violation> {
        for _ in 0..self.terms.taken_numbers {
            self.stranger_takes_a_number();
        }
        self.live_through_the_past().await?;
        while !self.storm_is_over() {
            self.happen().await?;
            if !self.step().await? {
                self.is_heaping &= !self.waiting.is_empty();
                if !self.let_time_pass() {
                    break;
                }
            }
        }
        self.is_heaping = false;
        self.come_to_rest().await
    }

    fn storm_is_over(&self) -> bool {
        let all_is_sent = self.waiting.is_empty() && self.after.errands.is_empty();
        let steps = self.story.steps - self.storm_began;
        steps > self.terms.storm * 4 || (steps > self.terms.storm && all_is_sent)
    }

    pub(crate) fn tell(&mut self, what: &str) {
        self.story.tell(self.clock.truth(), what);
    }

    /// Lets something that is ready continue by one step; returns false if nothing is.
    pub(crate) async fn step(&mut self) -> Result<bool, Violation> {
        let mut choices = self.choices();
        self.idle = if choices.is_empty() { self.idle + 1 } else { 0 };
        if self.story.steps > MOST_STEPS || self.idle > MOST_IDLE {
            return Err(Violation::Circles);
        }
        if choices.is_empty() {
            return Ok(false);
        }
        let choice = choices.swap_remove(self.rng.usize(..choices.len()));
        self.go_on(choice).await?;
        self.look().await?;
        Ok(true)
    }

    fn choices(&self) -> Vec<Choice> {
        let truth = self.clock.truth();
        let caller_is_away = self.terms.is_held && !self.is_awake(self.caller);
        let mut choices = Vec::new();
        if self.wire.next_work().is_some_and(|at| at <= truth) {
            choices.push(Choice::OverThere);
        }
        for (at, life) in self.lives.iter().enumerate() {
            match life {
                Life::Dead { until } if *until <= truth => choices.push(Choice::Start(at)),
                Life::Alive(process) if process.is_awake(truth) => {
                    let shown = process.clock.now();
                    let is_caller = !self.terms.is_held || at == self.caller;
                    if caller_is_away {
                        choices.push(Choice::TakeOver(at));
                    }
                    let ready = process.activities.iter().enumerate().filter(|(_, (_, one))| one.can_go_on(truth));
                    choices.extend(ready.map(|(index, _)| Choice::GoOn(at, index)));
                    let due = self.waiting.iter().enumerate().filter(|(_, waiting)| waiting.at <= truth);
                    choices.extend(due.map(|(index, _)| Choice::Deliver(at, index)));
                    let due = self.after.errands.iter().enumerate().filter(|(_, errand)| errand.at <= truth);
                    choices.extend(due.map(|(index, _)| Choice::Errand(at, index)));
                    if is_caller && process.may_decide(&self.view, shown) {
                        choices.push(Choice::Decide(at));
                    }
                    if is_caller && !self.is_heaping && process.may_fetch(&self.view, shown) {
                        choices.push(Choice::Fetch(at));
                    }
                }
                Life::Dead { .. } | Life::Alive(_) => {}
            }
        }
        choices
    }

    fn is_awake(&self, at: usize) -> bool {
        matches!(&self.lives[at], Life::Alive(process) if process.is_awake(self.clock.truth()))
    }

    async fn go_on(&mut self, choice: Choice) -> Result<(), Violation> {
        let truth = self.clock.truth();
        match choice {
            Choice::OverThere => {
                let done = self.wire.do_work().unwrap_or_default();
                self.tell(&done);
            }
            Choice::Start(at) => self.start(at).await,
            Choice::TakeOver(at) => self.take_over(at).await?,
            Choice::GoOn(at, index) => return self.go_on_with(at, index).await,
            Choice::Deliver(at, index) => {
                let waiting = self.waiting.swap_remove(index);
                self.tell(&format!("p{at} takes {}", waiting.words));
                if waiting.is_repeat {
                    self.coverage.meet("senders", "repeat");
                }
                if self.waiting.iter().any(|other| other.at < waiting.at) {
                    self.coverage.meet("senders", "reorder");
                }
                if waiting.at + SignedDuration::from_secs(1) < truth {
                    self.coverage.meet("senders", "delay");
                }
                let shown = self.process(at).clock.now();
                self.process(at).deliver(waiting, shown);
            }
            Choice::Errand(at, index) => self.begin_errand(at, index),
            Choice::Decide(at) => self.process(at).decide(),
            Choice::Fetch(at) => self.process(at).fetch(),
        }
        Ok(())
    }

    pub(crate) fn process(&mut self, at: usize) -> &mut Process {
        match &mut self.lives[at] {
            Life::Alive(process) => process,
            Life::Dead { .. } => unreachable!("only living processes are chosen"),
        }
    }

    pub(crate) async fn go_on_with(&mut self, at: usize, index: usize) -> Result<(), Violation> {
        let (gates, now) = (self.gates.clone(), self.clock.truth());
        let (_, activity) = &mut self.process(at).activities[index];
        let from = activity.place();
        let end = activity.go_on(&gates, now).await;
        let told =
            format!("p{at} {}: {from} ▸ {}", activity.name, if end.is_some() { "end" } else { activity.place() });
        self.tell(&told);
        let Some(end) = end else { return Ok(()) };
        self.process(at).activities.remove(index);
        match end {
            End::Answered(waiting, answer) => {
                let process = self.process(at);
                process.delivering.retain(|other| other.words != waiting.words || other.at != waiting.at);
                match answer {
                    Ok(acknowledged) => self.answered(waiting, acknowledged).await?,
                    Err(_) => self.send_again(waiting, "told to send again"),
                }
            }
            End::Fetched(Ok(works)) => {
                let process = self.process(at);
                process.fetched_in_vain = works.is_empty();
                for work in works {
                    process.work(work);
                }
            }
            End::Decided(Ok(decided)) => self.process(at).decided_in_vain = decided == 0,
            End::Decided(Err(error)) | End::Fetched(Err(error)) | End::Done(Err(error)) | End::Worked(Err(error)) => {
                self.tell(&format!("p{at} {error}"));
            }
            End::Ran(errand, done) => {
                self.process(at).errands.retain(|other| other.words != errand.words || other.at != errand.at);
                self.errand_ended(errand, done.ok());
            }
            End::Done(Ok(())) | End::Worked(Ok(())) => {}
        }
        Ok(())
    }

    /// The sender has its 2xx: from now on its delivery must be on disk. Some senders send again anyway.
    async fn answered(&mut self, waiting: Waiting, acknowledged: Acknowledged) -> Result<(), Violation> {
        self.acknowledged.push(acknowledged);
        self.all_acknowledged_is_there().await?;
        if !self.is_calm && self.rng.u8(..6) == 0 {
            let at = self.clock.truth() + SignedDuration::from_secs(self.rng.i64(0..120));
            self.waiting.push(Waiting { at, is_repeat: true, ..waiting });
        }
        Ok(())
    }

    /// The sender got no 2xx and sends again a little later.
    pub(crate) fn send_again(&mut self, waiting: Waiting, why: &str) {
        let at = self.clock.truth() + SignedDuration::from_secs(self.rng.i64(0..60));
        self.coverage.meet("senders", why);
        self.waiting.push(Waiting { at, is_repeat: true, ..waiting });
    }
}

pub(crate) fn order_id(id: &str) -> OrderId {
    OrderId::parse(id).expect("orders are named by digits")
}
