//! For reconciliation: the orders of a period that Forstok lists and that are missing here or out of date; and the
//! import of one of them at a person's request.

use std::{collections::HashMap, time::Duration};

use jiff::{SignedDuration, Timestamp, ToSpan};

use super::{
    BATCH, Importer, Mode,
    backfill::{Ran, mode_of, run_for},
    comparing::{Comparing, Listed},
};
use crate::{
    domain::{
        WIB,
        import::{Difference, Standing, compare},
        order::OrderId,
        origin::Origin,
        reconciliation::Period,
    },
    forstok::api::{ApiFailure, By, ForstokApi, Question, Row, Source, reading::Step},
    settings::BackfillConfig,
    storage::Result,
};

/// Most orders that one run names. Beyond it, the result is a lower bound.
const MOST_NAMED: usize = 10_000;

/// How long a webhook may be on its way: what changed later is left to the next run.
const ON_ITS_WAY: SignedDuration = SignedDuration::from_mins(10);

/// How long the import of one order may take; a person's request is answered within 30 seconds.
const A_PERSON_WAITS: Duration = Duration::from_secs(20);

/// What Forstok lists for a period and what differs here.
#[derive(Debug)]
pub struct Missing {
    /// Orders that were compared.
    pub orders: u64,
    /// Those that are missing here or out of date, and were not taken in.
    pub differences: Vec<Difference>,
    /// Why this is a lower bound; `None` if it is not.
    pub incomplete: Option<String>,
}

/// Compares the orders that Forstok lists for some days, and takes them in if the settings say so. `None` if another
/// reading is under way.
pub async fn compare_days(
    importer: &Importer,
    api: &ForstokApi,
    config: &BackfillConfig,
    days: Period,
) -> Result<Option<Missing>> {
    let question = question(config.by, days, importer.clock.now());
    let mode = mode_of(config, importer.storage.backfill().await?.completed);
    let Some(Ran { comparison, .. }) = run_for(importer, api, &question, mode, MOST_NAMED).await? else {
        return Ok(None);
    };
    if comparison.is_overtaken {
        return Ok(None);
    }
    let report = comparison.report;
    let mut incomplete = comparison.incomplete.map(|why| why.to_string());
    if report.counts.differences() > MOST_NAMED as u64 {
        incomplete.get_or_insert(format!("Forstok lists more than {MOST_NAMED} orders that are missing here"));
    }
    if report.counts.unreadable > 0 {
        let unreadable = report.counts.unreadable;
        incomplete.get_or_insert(format!("{unreadable} of the orders that Forstok lists cannot be read"));
    }
    let differences = still_missing(importer, report.differences).await?;
    Ok(Some(Missing { orders: report.counts.listed, differences, incomplete }))
}

fn question(by: By, Period { from, to }: Period, now: Timestamp) -> Question {
    let begin = |day: jiff::civil::Date| WIB.to_timestamp(day.at(0, 0, 0, 0)).unwrap_or(Timestamp::MIN);
    let end = begin(to.saturating_add(1.days())) - SignedDuration::from_secs(1);
    Question::of(by, begin(from), end.min(now - ON_ITS_WAY))
}

/// Leaves out what has arrived meanwhile, by this reading or by a webhook.
async fn still_missing(importer: &Importer, differences: Vec<Difference>) -> Result<Vec<Difference>> {
    importer.inbox.fold_all().await?;
    let mut missing = Vec::with_capacity(differences.len());
    for batch in differences.chunks(BATCH) {
        let ids: Vec<_> = batch.iter().filter_map(|one| one.order_id.clone()).collect();
        let known = importer.storage.known_by_id(&ids).await?;
        let known: HashMap<_, _> = known.into_iter().map(|order| (order.order_id, order.progress)).collect();
        for one in batch {
            let progress = one.order_id.as_ref().and_then(|id| known.get(id)).copied();
            let standing = compare::of_listed(&one.listed, progress);
            if matches!(standing, Standing::New | Standing::Newer) {
                missing.push(Difference { standing, ..one.clone() });
            }
        }
    }
    Ok(missing)
}

/// Why an order was not taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotTaken {
    /// A call failed.
    Failed(ApiFailure),
    /// Forstok does not list the order any more, or not as it was found.
    NotListed,
    /// Forstok shows the order without its products, so that no invoice could be created.
    WithoutProducts,
}

/// Fetches an order from Forstok, and takes it in unless nothing about it is new. `changed_at` is when it last changed,
/// as far as is known: without `forstok.api.order_path`, the list of that moment is requested.
pub async fn take_in(
    importer: &Importer,
    api: &ForstokApi,
    config: &BackfillConfig,
    id: &OrderId,
    changed_at: Option<Timestamp>,
) -> Result<std::result::Result<(), NotTaken>> {
    let fetching = async {
        match changed_at {
            Some(at) if !api.can_ask_for_one() => from_list(api, config, id, at).await,
            _ => api.order(id).await,
        }
    };
    let fetched = tokio::select! {
        fetched = fetching => fetched,
        () = importer.clock.sleep(A_PERSON_WAITS) => Err(ApiFailure::Unreachable("it took too long".to_owned())),
    };
    let row = match fetched {
        Ok(row) => row,
        Err(failure) => return Ok(Err(NotTaken::Failed(failure))),
    };
    let read = row.and_then(|row| Some((row.body, row.order.ok()?))).filter(|(_, order)| order.id == *id);
    let Some((body, order)) = read else { return Ok(Err(NotTaken::NotListed)) };
    if order.lines.is_empty() {
        return Ok(Err(NotTaken::WithoutProducts));
    }
    let mut comparing = Comparing::new(importer, Origin::Backfill, Mode::Ingest, 0);
    comparing.add(vec![Listed { line: None, body, order }]).await?;
    importer.inbox.fold_all().await?;
    Ok(Ok(()))
}

async fn from_list(
    api: &ForstokApi,
    config: &BackfillConfig,
    id: &OrderId,
    at: Timestamp,
) -> std::result::Result<Option<Row>, ApiFailure> {
    if config.by == By::Created {
        return Ok(None);
    }
    let question = Question::of(By::Updated, at, at);
    let mut reading = api.read_period(Source::Orders, &question);
    loop {
        let rows = match reading.next().await {
            Step::Rows(rows) => rows,
            Step::Complete => return Ok(None),
            Step::Incomplete(why) => return Err(why.into_failure()),
        };
        let found = rows.into_iter().find(|row| row.order.as_ref().is_ok_and(|order| order.id == *id));
        if found.is_some() {
            return Ok(found);
        }
    }
}
