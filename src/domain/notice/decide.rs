//! Finds the news: a pure function of the current state and the state that people were last notified of.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp, ToSpan, civil::Date};

use super::{Announced, AnnouncedCauses, AnnouncedPause, Blocked, Held, News, Present, Refused, Rules};
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
pub fn decide(mut announced: Announced, present: &Present, rules: &Rules) -> (Announced, Vec<News>) {
    let mut news = Vec::new();
    pauses(&mut announced, present, &mut news);
    news.extend(refusals(&mut announced, present));
    news.extend(silence(&mut announced, present));
    news.extend(blocked(&mut announced.orders, present));
    for (announced, kind, held) in [
        (&mut announced.payouts, Kind::Receipt, &present.payouts),
        (&mut announced.returns, Kind::Return, &present.returns),
    ] {
        news.extend(rows(announced, kind, held, present.now));
    }
    news.extend(findings(&mut announced, present));
    news.extend(failed_run(&mut announced, present));
    news.extend(digest(&mut announced, present, rules));
    (announced, news)
}

fn pauses(announced: &mut Announced, present: &Present, news: &mut Vec<News>) {
    let now = present.now;
    for (book, pause) in present.pauses.iter().filter(|(_, pause)| pause.code != NOT_SET_UP) {
        match announced.paused.get_mut(book) {
            Some(known) if known.code == pause.code => known.over_since = None,
            _ if pause.code == OFTEN_SHORT && now.duration_since(pause.since) < SETTLED => {}
            known => {
                // A pause whose cause has changed continues.
                let since = known.map_or(pause.since, |known| known.since);
                let code = pause.code.clone();
                announced.paused.insert(book.clone(), AnnouncedPause { code, since, over_since: None });
                news.push(News::Paused { book: book.clone(), pause: pause.clone() });
            }
        }
    }
    announced.paused.retain(|book, known| {
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
fn refusals(announced: &mut Announced, present: &Present) -> Option<News> {
    let last = present.newest_webhook?;
    let refused = present.refused_webhooks.filter(|Refused { since, .. }| *since > last)?;
    let is_announced = announced.refused_since == Some(last);
    let lasts = present.now.duration_since(refused.since) >= REFUSED_FOR;
    if is_announced || !lasts || refused.webhooks < REFUSED_AT_LEAST {
        return None;
    }
    announced.refused_since = Some(last);
    // The silence that follows has the same cause, and so has its end.
    announced.silent_since = Some(last);
    Some(News::WebhooksRefused { last, refused })
}

fn silence(announced: &mut Announced, present: &Present) -> Option<News> {
    let newest = present.newest_webhook?;
    if let Some(last) = announced.silent_since {
        if newest <= last {
            return None;
        }
        announced.silent_since = None;
        return Some(News::WebhooksResumed { last, newest });
    }
    let silence = present.now.duration_since(newest);
    if silence <= present.unusual_silence {
        return None;
    }
    announced.silent_since = Some(newest);
    Some(News::WebhooksStopped { last: newest, silence })
}

fn blocked(announced: &mut AnnouncedCauses, present: &Present) -> Option<News> {
    if !present.has_more_causes || announced.known.len() > MOST_REMEMBERED {
        announced.known.retain(|key| present.causes.iter().any(|cause| cause.key() == *key));
    }
    let new = present.causes.iter().filter(|cause| !announced.known.contains(&cause.key())).cloned().collect();
    new_causes(announced, new, |cause: &Blocked| vec![cause.key()], present.now).map(|causes| News::Blocked { causes })
}

fn rows(announced: &mut AnnouncedCauses, kind: Kind, held: &[Held], now: Timestamp) -> Option<News> {
    let keys: BTreeSet<_> = held.iter().flat_map(Held::keys).collect();
    announced.known.retain(|key| keys.contains(key));
    let new = held.iter().filter_map(|held| held.beyond(&announced.known)).collect();
    new_causes(announced, new, Held::keys, now).map(|causes| News::Held { kind, causes })
}

/// The causes that were not reported yet, once they have been collected for long enough.
fn new_causes<C>(
    announced: &mut AnnouncedCauses,
    new: Vec<C>,
    keys: impl Fn(&C) -> Vec<String>,
    now: Timestamp,
) -> Option<Vec<C>> {
    if new.is_empty() {
        announced.new_since = None;
        return None;
    }
    let new_since = *announced.new_since.get_or_insert(now);
    if now.duration_since(new_since) < GATHERED || !has_rested(announced.announced_at, now) {
        return None;
    }
    announced.known.extend(new.iter().flat_map(keys));
    announced.new_since = None;
    announced.announced_at = Some(now);
    Some(new)
}

fn findings(announced: &mut Announced, present: &Present) -> Option<News> {
    let known = |class| announced.findings.get(class).copied().unwrap_or_default();
    let is_more = present.findings.iter().any(|(class, open)| *open > known(class));
    if !is_more {
        // Fewer are no news, but the next one is.
        announced.findings.clone_from(&present.findings);
        return None;
    }
    if !has_rested(announced.findings_at, present.now) {
        return None;
    }
    announced.findings.clone_from(&present.findings);
    announced.findings_at = Some(present.now);
    let open = present.findings.iter().filter(|(_, open)| **open > 0).map(|(class, open)| (*class, *open));
    Some(News::Findings { open: open.collect() })
}

fn has_rested(last: Option<Timestamp>, now: Timestamp) -> bool {
    last.is_none_or(|last| now.duration_since(last) >= BETWEEN)
}

fn failed_run(announced: &mut Announced, present: &Present) -> Option<News> {
    let run = present.failed_run.as_ref().filter(|run| run.id > announced.failed_run)?;
    announced.failed_run = run.id;
    Some(News::RunFailed(run.clone()))
}

/// The day that the digest is about, if it is due: the day before.
pub fn digest_is_due(announced: &Announced, now: Timestamp, rules: &Rules) -> Option<Date> {
    let here = WIB.to_datetime(now);
    let is_due =
        rules.digest_at.is_some_and(|at| here.time() >= at) && announced.digest.is_none_or(|last| last < here.date());
    is_due.then(|| here.date().saturating_sub(1.day()))
}

fn digest(announced: &mut Announced, present: &Present, rules: &Rules) -> Option<News> {
    let is_due = digest_is_due(announced, present.now, rules).is_some();
    let today = WIB.to_datetime(present.now).date();
    if rules.digest_at.is_some() && announced.digest.is_none() {
        // If digests are switched on later than their time of day, the first one is sent on the next day.
        announced.digest = Some(if is_due { today } else { today.saturating_sub(1.day()) });
        return None;
    }
    let day = present.day.filter(|_| is_due)?;
    announced.digest = Some(today);
    let needs_attention = day.blocked + day.payouts + day.returns + day.findings;
    (day.orders + day.invoices + needs_attention > 0).then_some(News::Digest(day))
}
