//! Notices: messages outside the page about what needs a person.
//!
//! What has been announced is stored in the same commit as the notices that announce it, so that neither a restart nor
//! a new leader repeats or forgets a notice. Each notice is then retried until the receiver accepts it or refuses it
//! permanently, for at most 24 hours.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures_util::future::join_all;
use tokio::sync::watch;

use super::Engine;
use crate::{
    domain::{
        document::Kind,
        notice::{
            Announced, Blocked, Channel, Day, FailedRun, Held, News, Pause, Present, Why, decide, digest_is_due,
            message::{Message, is_too_old, next_try},
        },
        operator::Actor,
        payout::RowState,
        reason::{Language, Reason},
        reconciliation::FindingState,
    },
    notices::{Channels, NotTaken},
    storage::{AnnouncedAt, DayOf, DaySum, NoticeRecord, NoticeState, NoticeTry, Result, Run, State},
    supervisor::Progress,
};

/// How often the service checks whether a notice must be issued or sent.
const CHECK: Duration = Duration::from_secs(5);

/// Causes of blocked orders that are read.
const MOST_CAUSES: i64 = 200;

/// Number of newest reconciliations among which the latest that has ended is looked for; newer ones may still be under
/// way.
const RUNS: i64 = 5;

/// Over which channels, and where the pages are.
pub(super) struct Notifying {
    channels: Channels,
    public_url: Option<String>,
}

impl Notifying {
    pub(super) fn new(channels: Channels, public_url: Option<&str>) -> Self {
        Self { channels, public_url: public_url.map(|url| url.trim_end_matches('/').to_owned()) }
    }

    fn names(&self) -> Vec<Channel> {
        self.channels.all().into_iter().map(|(channel, _)| channel).collect()
    }

    fn message(&self, news: &News, now: jiff::Timestamp) -> Message {
        Message::new(news, self.channels.rules().language, self.public_url.as_deref(), now)
    }
}

fn counter(channel: Channel, outcome: &'static str) -> metrics::Counter {
    metrics::counter!("forstok_accurate_notices_total", "channel" => channel.as_str(), "outcome" => outcome)
}

fn given_up(NoticeRecord { channel, tries, message: Message { id, kind, .. }, .. }: &NoticeRecord) {
    counter(*channel, "given_up").increment(1);
    let name = channel.as_str();
    tracing::error!(notice = id, channel = name, tries, "notice {id} ({kind}) was not accepted for a day: given up");
}

/// The result of testing a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tested {
    /// Which channel.
    pub channel: Channel,
    /// The receiver's answer; an error if it did not accept the notice.
    pub answer: std::result::Result<String, NotTaken>,
}

impl Engine {
    /// Each channel that is on, with its receiver.
    pub fn channels(&self) -> Vec<(Channel, String)> {
        self.notices.as_ref().map(|notifying| notifying.channels.all()).unwrap_or_default()
    }

    /// When the daily digest is sent, in WIB; `None` if it is off.
    pub fn digest_at(&self) -> Option<jiff::civil::Time> {
        self.notices.as_ref().and_then(|notifying| notifying.channels.rules().digest_at)
    }

    /// Issues notices about everything that has not been announced yet, if this replica decides; returns how many.
    pub async fn issue_notices(&self) -> Result<usize> {
        let Some(notifying) = self.notices.as_ref().filter(|_| self.signals.decides()) else { return Ok(0) };
        let AnnouncedAt { revision, announced } = self.storage.announced().await?;
        let rules = notifying.channels.rules();
        let present = self.present(notifying, &announced).await?;
        let (now_announced, news) = decide(announced.clone(), &present, rules);
        if now_announced == announced {
            return Ok(0);
        }
        let messages: Vec<_> = news.iter().map(|news| notifying.message(news, present.now)).collect();
        // Another leader may have been faster; then it has announced them.
        let is_written = self.storage.announce(revision, &now_announced, &messages, &notifying.names()).await?;
        Ok(if is_written { messages.len() } else { 0 })
    }

    async fn present(&self, notifying: &Notifying, announced: &Announced) -> Result<Present> {
        let (storage, now, rules) = (&self.storage, self.now(), notifying.channels.rules());
        let pauses = self.books().into_iter().filter_map(|book| {
            let pause = book.pause?;
            // What to do follows Accurate's words in English; a notice says it in its own language.
            let words = pause.words.rsplit_once(" — ").map_or(&*pause.words, |(said, _)| said).to_owned();
            Some((book.name, Pause { code: pause.code.to_owned(), words, since: pause.since }))
        });
        let causes = storage.causes(MOST_CAUSES).await?;
        let has_more_causes = causes.len() as i64 == MOST_CAUSES;
        let cause = |cause: crate::storage::Cause| Blocked {
            reason: cause.reason,
            subject: cause.subject,
            about: cause.about,
            orders: cause.sums.orders,
        };
        let findings = storage.finding_counts().await?.into_iter();
        let open = findings.filter(|(_, state, _)| *state == FindingState::Open);
        let latest = storage.runs(None, RUNS).await?.into_iter().find(|run| run.ended_at.is_some());
        let findings = open.fold(BTreeMap::new(), |mut open, (class, _, count)| {
            *open.entry(class).or_default() += count;
            open
        });
        let (payouts, returns) = (self.held(Kind::Receipt).await?, self.held(Kind::Return).await?);
        let newest_webhook = storage.newest_webhook().await?;
        let day = match digest_is_due(announced, now, rules) {
            Some(day) => {
                let rows = |held: &[Held]| held.iter().map(|held| held.rows).sum();
                let (payouts, returns, findings) = (rows(&payouts), rows(&returns), findings.values().sum());
                Some(Day { payouts, returns, findings, ..self.figures_of(day).await? })
            }
            None => None,
        };
        Ok(Present {
            now,
            pauses: pauses.collect(),
            newest_webhook,
            unusual_silence: self.unusual_silence().await?,
            refused_webhooks: self.refused_webhooks.after(newest_webhook),
            causes: causes.into_iter().map(cause).collect(),
            has_more_causes,
            payouts,
            returns,
            findings,
            // One notice for each night, although the run is repeated every hour.
            failed_run: latest
                .filter(|run| run.repeats.is_none() && !run.is_complete())
                .map(|run| failed(&run, rules.language)),
            day,
        })
    }

    /// Payouts or returns that need a person, by cause.
    async fn held(&self, kind: Kind) -> Result<Vec<Held>> {
        let counts = self.storage.row_counts(kind).await?.into_iter();
        let held = counts.filter_map(|count| {
            // An ignored row has a reason as well.
            let reason = count.reason.filter(|_| count.state == RowState::Blocked);
            let why = Why::of(reason, count.waits)?;
            Some(Held { why, rows: count.count, hundredths: count.hundredths, fees: Vec::new() })
        });
        let mut held: Vec<_> = held.collect();
        let of_fees = |held: &&mut Held| held.why == Why::Blocked(Reason::FeeKindUnmapped);
        if let Some(held) = held.iter_mut().find(of_fees) {
            held.fees = self.fees_without_category().await?;
        }
        Ok(held)
    }

    /// The figures of orders.
    async fn figures_of(&self, day: jiff::civil::Date) -> Result<Day> {
        let orders = |sums: Vec<DaySum>| sums.iter().find(|sum| sum.day == day).map_or(0, |sum| sum.orders);
        let received = orders(self.storage.days(DayOf::Received, day).await?);
        let invoiced = orders(self.storage.days(DayOf::Invoiced, day).await?);
        let counts = self.storage.counts().await?;
        let blocked = counts.iter().filter(|count| count.state == State::Blocked).map(|count| count.orders).sum();
        Ok(Day { day, orders: received, invoices: invoiced, blocked, payouts: 0, returns: 0, findings: 0 })
    }

    /// Sends the oldest waiting notice of each channel if it is due and this replica decides; returns how many were
    /// tried.
    pub async fn send_due_notices(&self) -> Result<usize> {
        let Some(notifying) = self.notices.as_ref().filter(|_| self.signals.decides()) else { return Ok(0) };
        let due = self.storage.due_notices(self.now()).await?;
        let now = self.now();
        let (old, new): (Vec<_>, Vec<_>) = due.iter().partition(|notice| is_too_old(notice.message.made_at, now));
        for notice in old {
            self.storage.give_up_notice(notice).await?;
            given_up(notice);
        }
        let answers = join_all(new.iter().map(|notice| notifying.channels.send(notice.channel, &notice.message, now)));
        for (notice, answer) in new.iter().zip(answers.await) {
            let outcome = self.outcome_of(notice, answer);
            self.storage.end_notice_try(notice, &outcome, self.now()).await?;
        }
        Ok(due.len())
    }

    fn outcome_of(&self, notice: &NoticeRecord, answer: std::result::Result<String, NotTaken>) -> NoticeTry {
        let NoticeRecord { channel, tries, message: Message { id, kind, made_at, .. }, .. } = notice;
        let (name, tries) = (channel.as_str(), tries + 1);
        // What the other side said is shown on the page and not logged; it may repeat what was sent to it.
        let words = match answer {
            Ok(words) => {
                counter(*channel, "sent").increment(1);
                tracing::info!(notice = id, channel = name, "notice {id} ({kind}) was sent over {name}");
                return NoticeTry { state: NoticeState::Sent, next_at: None, words };
            }
            Err(NotTaken::Refused(words)) => {
                counter(*channel, "refused").increment(1);
                tracing::error!(notice = id, channel = name, "notice {id} ({kind}) was refused over {name}");
                return NoticeTry { state: NoticeState::Refused, next_at: None, words };
            }
            Err(NotTaken::ForNow(words)) => words,
        };
        let next_at = next_try(*made_at, tries, self.now());
        let state = if let Some(at) = next_at {
            counter(*channel, "failed").increment(1);
            tracing::warn!(notice = id, channel = name, tries, "notice {id} ({kind}) was not accepted; next try: {at}");
            NoticeState::Waiting
        } else {
            given_up(notice);
            NoticeState::GivenUp
        };
        NoticeTry { state, next_at, words }
    }

    /// Sends a test over every channel, once, at a person's request. Notices that wait for a channel that works are
    /// tried again now. Returns the test's id and the results.
    pub async fn test_notices(&self, actor: &Actor) -> Result<(String, Vec<Tested>)> {
        let Some(notifying) = &self.notices else { return Ok((String::new(), Vec::new())) };
        let now = self.now();
        let message = notifying.message(&News::Test { by: actor.name.clone() }, now);
        tracing::info!(actor = actor.name, "{actor} tests the channels for notices");
        let channels = notifying.names();
        let answers = join_all(channels.iter().map(|channel| notifying.channels.send(*channel, &message, now))).await;
        let mut tested = Vec::new();
        for (channel, answer) in channels.into_iter().zip(answers) {
            let (state, outcome) = match &answer {
                Ok(_) => (NoticeState::Sent, "sent"),
                Err(NotTaken::ForNow(_)) => (NoticeState::GivenUp, "given_up"),
                Err(NotTaken::Refused(_)) => (NoticeState::Refused, "refused"),
            };
            counter(channel, outcome).increment(1);
            let words = answer.as_ref().map_or_else(|failure| failure.words().to_owned(), Clone::clone);
            self.storage.add_tried_notice(channel, &message, &NoticeTry { state, next_at: None, words }).await?;
            if answer.is_ok() {
                self.storage.hasten_notices(channel, self.now()).await?;
            }
            tested.push(Tested { channel, answer });
        }
        Ok((message.id, tested))
    }
}

fn failed(run: &Run, language: Language) -> FailedRun {
    let of_books =
        run.parts.iter().filter_map(|part| Some(format!("{}: {}", part.book, part.why_incomplete(language)?)));
    let of_forstok = run.forstok.iter().filter_map(|part| Some(format!("Forstok: {}", part.incomplete.as_ref()?)));
    FailedRun { id: run.id, period: run.period, why: of_books.chain(of_forstok).collect() }
}

pub(super) async fn notify_always(engine: Arc<Engine>, mut stopped: watch::Receiver<bool>, progress: Progress) {
    while !*stopped.borrow() {
        // A try that is cut short is made again after the next start: the receiver knows the notice by its id.
        let announced = async {
            let announced = async {
                engine.issue_notices().await?;
                engine.send_due_notices().await
            };
            tokio::select! {
                announced = announced => Some(announced),
                _ = stopped.changed() => None,
            }
        };
        match progress.wait_for(announced).await {
            None => return,
            // The next notice of a channel need not wait.
            Some(Ok(1..)) => continue,
            Some(Ok(0)) => {}
            Some(Err(error)) => tracing::error!("notices could not be issued or sent: {error}"),
        }
        let time_passes = async {
            tokio::select! {
                () = engine.clock.sleep(CHECK) => {}
                _ = stopped.changed() => {}
            }
        };
        progress.wait_for(time_passes).await;
    }
}
