//! Finds the news: a pure function of the current state and the state that people were last notified of.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp, ToSpan, civil::Date};

use super::{Blocked, Held, News, Present, Refused, Rules, Told, ToldCauses, ToldPause};
use crate::domain::{WIB, document::Kind};

/// A pause with this code often ends within seconds.
const OFTEN_SHORT: &str = "accurate_down";

/// A pause with this code is not reported: the setup page asks for the credentials.
const NOT_SET_UP: &str = "credentials_missing";

/// How long Accurate must be unreachable before people are notified, and how long a book must work before it counts as
/// working again: after a restart, a pause is unknown until the next call.
const SETTLED: SignedDuration = SignedDuration::from_mins(1);

/// How many webhooks must be refused, and since when at least, before people are notified: a stranger may send one, and
/// in a busy shop a webhook that is accepted soon shows that the key is right.
const REFUSED_AT_LEAST: i64 = 3;
const REFUSED_FOR: SignedDuration = SignedDuration::from_mins(5);

/// How long causes are collected before they are reported: one mistake often blocks orders for several causes.
const GATHERED: SignedDuration = SignedDuration::from_mins(1);

/// At most one notice about blocked orders, one about payouts, one about returns and one about findings in this time.
const BETWEEN: SignedDuration = SignedDuration::from_mins(15);

/// Most causes that are remembered although they were not among those that were read.
const MOST_REMEMBERED: usize = 1_000;

/// Returns the news, and the state that people are notified of once the news is sent.
pub fn decide(mut told: Told, present: &Present, rules: &Rules) -> (Told, Vec<News>) {
    let mut news = Vec::new();
    pauses(&mut told, present, &mut news);
    news.extend(refusals(&mut told, present));
    news.extend(silence(&mut told, present));
    news.extend(blocked(&mut told.orders, present));
    for (told, kind, held) in
        [(&mut told.payouts, Kind::Receipt, &present.payouts), (&mut told.returns, Kind::Return, &present.returns)]
    {
        news.extend(rows(told, kind, held, present.now));
    }
    news.extend(findings(&mut told, present));
    news.extend(failed_run(&mut told, present));
    news.extend(digest(&mut told, present, rules));
    (told, news)
}

fn pauses(told: &mut Told, present: &Present, news: &mut Vec<News>) {
    let now = present.now;
    for (book, pause) in present.pauses.iter().filter(|(_, pause)| pause.code != NOT_SET_UP) {
        match told.paused.get_mut(book) {
            Some(known) if known.code == pause.code => known.over_since = None,
            _ if pause.code == OFTEN_SHORT && now.duration_since(pause.since) < SETTLED => {}
            known => {
                // A pause whose cause has changed continues.
                let since = known.map_or(pause.since, |known| known.since);
                let code = pause.code.clone();
                told.paused.insert(book.clone(), ToldPause { code, since, over_since: None });
                news.push(News::Paused { book: book.clone(), pause: pause.clone() });
            }
        }
    }
    told.paused.retain(|book, known| {
        if present.pauses.contains_key(book) {
            return true;
        }
        let over_since = *known.over_since.get_or_insert(now);
        if now.duration_since(over_since) < SETTLED {
            return true;
        }
        let (code, lasted) = (known.code.clone(), over_since.duration_since(known.since));
        news.push(News::Resumed { book: book.clone(), code, lasted });
        false
    });
}

/// Webhooks that are all refused; before the first one is accepted, the setup page reports them.
fn refusals(told: &mut Told, present: &Present) -> Option<News> {
    let last = present.newest_webhook?;
    let refused = present.refused_webhooks.filter(|Refused { since, .. }| *since > last)?;
    let is_told = told.refused_since == Some(last);
    let lasts = present.now.duration_since(refused.since) >= REFUSED_FOR;
    if is_told || !lasts || refused.webhooks < REFUSED_AT_LEAST {
        return None;
    }
    told.refused_since = Some(last);
    // The silence that follows has the same cause, and so has its end.
    told.silent_since = Some(last);
    Some(News::WebhooksRefused { last, refused })
}

fn silence(told: &mut Told, present: &Present) -> Option<News> {
    let newest = present.newest_webhook?;
    if let Some(last) = told.silent_since {
        if newest <= last {
            return None;
        }
        told.silent_since = None;
        return Some(News::WebhooksResumed { last, newest });
    }
    let silence = present.now.duration_since(newest);
    if silence <= present.unusual_silence {
        return None;
    }
    told.silent_since = Some(newest);
    Some(News::WebhooksStopped { last: newest, silence })
}

fn blocked(told: &mut ToldCauses, present: &Present) -> Option<News> {
    if !present.has_more_causes || told.known.len() > MOST_REMEMBERED {
        told.known.retain(|key| present.causes.iter().any(|cause| cause.key() == *key));
    }
    let new = present.causes.iter().filter(|cause| !told.known.contains(&cause.key())).cloned().collect();
    new_causes(told, new, |cause: &Blocked| vec![cause.key()], present.now).map(|causes| News::Blocked { causes })
}

fn rows(told: &mut ToldCauses, kind: Kind, held: &[Held], now: Timestamp) -> Option<News> {
    let keys: BTreeSet<_> = held.iter().flat_map(Held::keys).collect();
    told.known.retain(|key| keys.contains(key));
    let new = held.iter().filter_map(|held| held.beyond(&told.known)).collect();
    new_causes(told, new, Held::keys, now).map(|causes| News::Held { kind, causes })
}

/// The causes that were not reported yet, once they have been collected for long enough.
fn new_causes<C>(
    told: &mut ToldCauses,
    new: Vec<C>,
    keys: impl Fn(&C) -> Vec<String>,
    now: Timestamp,
) -> Option<Vec<C>> {
    if new.is_empty() {
        told.untold_since = None;
        return None;
    }
    let untold_since = *told.untold_since.get_or_insert(now);
    if now.duration_since(untold_since) < GATHERED || !has_rested(told.told_at, now) {
        return None;
    }
    told.known.extend(new.iter().flat_map(keys));
    told.untold_since = None;
    told.told_at = Some(now);
    Some(new)
}

fn findings(told: &mut Told, present: &Present) -> Option<News> {
    let known = |class| told.findings.get(class).copied().unwrap_or_default();
    let is_more = present.findings.iter().any(|(class, open)| *open > known(class));
    if !is_more {
        // Fewer are no news, but the next one is.
        told.findings.clone_from(&present.findings);
        return None;
    }
    if !has_rested(told.findings_at, present.now) {
        return None;
    }
    told.findings.clone_from(&present.findings);
    told.findings_at = Some(present.now);
    let open = present.findings.iter().filter(|(_, open)| **open > 0).map(|(class, open)| (*class, *open));
    Some(News::Findings { open: open.collect() })
}

fn has_rested(last: Option<Timestamp>, now: Timestamp) -> bool {
    last.is_none_or(|last| now.duration_since(last) >= BETWEEN)
}

fn failed_run(told: &mut Told, present: &Present) -> Option<News> {
    let run = present.failed_run.as_ref().filter(|run| run.id > told.failed_run)?;
    told.failed_run = run.id;
    Some(News::RunFailed(run.clone()))
}

/// The day that the digest is about, if it is due: the day before.
pub fn digest_is_due(told: &Told, now: Timestamp, rules: &Rules) -> Option<Date> {
    let here = WIB.to_datetime(now);
    let is_due =
        rules.digest_at.is_some_and(|at| here.time() >= at) && told.digest.is_none_or(|last| last < here.date());
    is_due.then(|| here.date().saturating_sub(1.day()))
}

fn digest(told: &mut Told, present: &Present, rules: &Rules) -> Option<News> {
    let is_due = digest_is_due(told, present.now, rules).is_some();
    let today = WIB.to_datetime(present.now).date();
    if rules.digest_at.is_some() && told.digest.is_none() {
        // If digests are switched on later than their time of day, the first one is sent on the next day.
        told.digest = Some(if is_due { today } else { today.saturating_sub(1.day()) });
        return None;
    }
    let day = present.day.filter(|_| is_due)?;
    told.digest = Some(today);
    let needs_attention = day.blocked + day.payouts + day.returns + day.findings;
    (day.orders + day.invoices + needs_attention > 0).then_some(News::Digest(day))
}
