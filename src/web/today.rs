//! `/`: what needs attention, and the state of everything else.

use askama::Template;
use axum::{extract::State, response::Response};
use jiff::{SignedDuration, ToSpan, civil::Date};

use super::{
    after_sale::expected::Expected,
    books::Book,
    chart::Chart,
    format,
    order_line::rupiah,
    page::{Page, address, html},
    setup::Progress,
    to_do::ToDo,
};
use crate::{
    domain::{cause, day_in_wib, reason::Language},
    engine::{days::Day, queue},
    http::{App, problem::Problem},
    storage::{Cause, Count, State as OrderState},
};

/// Causes that are shown; `/problems` has all of them.
const CAUSES_SHOWN: i64 = 8;

#[derive(Template)]
#[template(path = "today.html")]
struct Today {
    page: Page,
    /// Monday 26/11/2026, 10:32:05 WIB.
    moment: String,
    verdict: Verdict,
    causes: Vec<CauseLine>,
    /// What else a person must act on.
    to_do: ToDo,
    /// What marketplaces still owe.
    expected: Option<Expected>,
    /// Warnings that nobody has acknowledged, and webhooks that could not be read.
    warned: i64,
    unreadable: i64,
    books: Vec<Book>,
    last_webhook: Option<(String, String)>,
    /// No webhook has arrived for a time that is unusual for this shop.
    is_silent: bool,
    queue: Queue,
    figures: Vec<Figures>,
    /// Last month and this one, each as a list with the sum of every state.
    months: Vec<(String, String)>,
    chart: Chart,
    /// There is no order at all.
    is_empty: bool,
    /// The next step of the setup, for an admin.
    setup_step: Option<usize>,
}

/// The overall state, in one sentence.
struct Verdict {
    /// `good`, `warn` or `bad`: icon and colour.
    kind: &'static str,
    heading: String,
    sentence: String,
}

struct CauseLine {
    sentence: String,
    total: String,
    waiting: String,
    link: String,
}

/// Orders that are being processed.
struct Queue {
    orders: i64,
    /// How long they take at the present rate; `None` while Accurate cannot be reached.
    time: Option<String>,
    /// When they are tried again, if all of them wait for that: `14:32 WIB`.
    again: Option<String>,
    /// Since when the longest waiting one is due.
    oldest: Option<String>,
    watching: i64,
}

/// The figures of some days.
struct Figures {
    heading: &'static str,
    received: String,
    created: String,
    sum: String,
}

/// `GET /`.
pub(super) async fn show(State(app): State<App>, page: Page) -> Result<Response, Problem> {
    let storage = app.engine.storage();
    let counts = storage.counts().await?;
    let causes = storage.causes(CAUSES_SHOWN).await?;
    let books: Vec<_> = app.engine.books().into_iter().map(|book| Book::new(book, &page)).collect();
    let days = app.engine.last_days().await?;
    let last_webhook = app.newest_webhook().await?;
    let unusual_silence = app.engine.unusual_silence().await?;
    let open = storage.open_warnings().await?;
    let to_do = ToDo::read(&app, &page).await?;
    let setup_step = if page.may_administer() { Progress::of(&app).await?.next() } else { None };
    html(&Today {
        setup_step,
        moment: page.today(),
        verdict: verdict(&page, &counts, &books, &to_do),
        causes: causes.into_iter().map(|cause| CauseLine::new(cause, &page)).collect(),
        to_do,
        expected: Expected::read(&app, &page).await?,
        warned: open.iter().map(|open| open.orders).sum(),
        unreadable: storage.unreadable_count().await?,
        books,
        last_webhook: last_webhook.map(|at| (page.ago(at), format::moment(at))),
        is_silent: last_webhook.is_some_and(|at| page.now.duration_since(at) > unusual_silence),
        queue: Queue::new(&app.engine.queue().await?, in_states(&counts, &[OrderState::Watching]), &page),
        figures: vec![
            Figures::new(page.t("Today", "Hari ini"), days.last()),
            Figures::new(page.t("Last 30 days", "30 hari terakhir"), &days),
        ],
        months: months(day_in_wib(page.now), &page),
        chart: Chart::new(&days),
        is_empty: counts.iter().all(|count| count.orders == 0),
        page,
    })
}

/// Links to the orders of last month and this one, for closing a month.
fn months(today: Date, page: &Page) -> Vec<(String, String)> {
    let month = |day: Date| {
        let (first, last) = (day.first_of_month().to_string(), day.last_of_month().to_string());
        (format::month(day, page.language), address("/orders", &[("from", &first), ("to", &last)]))
    };
    vec![month(today.first_of_month().saturating_sub(1.day())), month(today)]
}

fn in_states(counts: &[Count], states: &[OrderState]) -> i64 {
    counts.iter().filter(|count| states.contains(&count.state)).map(|count| count.orders).sum()
}

const UNDER_WAY: &[OrderState] = &[OrderState::Received, OrderState::Due, OrderState::VoidDue];

fn verdict(page: &Page, counts: &[Count], books: &[Book], to_do: &ToDo) -> Verdict {
    let invoiced = in_states(counts, &[OrderState::Invoiced]);
    let moving = if page.is_in_shadow { &[OrderState::Received] } else { UNDER_WAY };
    let under_way = in_states(counts, moving);
    let mut sentence = match page.language {
        Language::English => {
            let verb = if invoiced == 1 { "has" } else { "have" };
            format!("{} {verb} an invoice in Accurate", page.orders(invoiced))
        }
        Language::Indonesian => {
            format!("{} sudah memiliki faktur di Accurate", page.orders(invoiced))
        }
    };
    if under_way > 0 {
        let more = page.t("; {} are being processed", "; {} sedang diproses").replace("{}", &format::count(under_way));
        sentence.push_str(&more);
    }
    sentence.push('.');
    if let Some(trouble) = books.iter().find_map(|book| book.pause.as_ref()) {
        return Verdict { kind: "bad", heading: trouble.sentence.to_owned(), sentence: trouble.remedy.to_owned() };
    }
    if page.is_in_shadow {
        return in_shadow(page, in_states(counts, &[OrderState::Due]));
    }
    let (kind, heading) = if page.blocked > 0 {
        let heading = page.t("All booked except {}", "Semua sudah dibukukan kecuali {}");
        ("warn", heading.replace("{}", &page.orders(page.blocked)))
    } else if !to_do.findings.is_empty() {
        let heading = page.t(
            "No order is blocked, but the reconciliation found differences.",
            "Tidak ada pesanan yang tertahan, tetapi rekonsiliasi menemukan perbedaan.",
        );
        ("warn", heading.to_owned())
    } else if !to_do.after_sale.is_empty() {
        let heading = page.t(
            "Every invoice is booked. Payouts or returns wait for you.",
            "Semua faktur sudah dibukukan. Ada pencairan dana atau retur yang menunggu Anda.",
        );
        ("warn", heading.to_owned())
    } else if under_way > 0 {
        (
            "good",
            page.t(
                "Nothing needs your attention. Invoices are being created.",
                "Tidak ada yang perlu ditangani. Faktur sedang dibuat.",
            )
            .to_owned(),
        )
    } else {
        (
            "good",
            page.t(
                "All booked. Nothing needs your attention.",
                "Semua sudah dibukukan. Tidak ada yang perlu ditangani.",
            )
            .to_owned(),
        )
    };
    Verdict { kind, heading, sentence }
}

/// In shadow mode, drafts are what there is.
fn in_shadow(page: &Page, drafts: i64) -> Verdict {
    let heading = if drafts == 1 {
        page.t("1 invoice is drafted and not sent", "1 faktur dibuat sebagai draf dan tidak dikirim").to_owned()
    } else {
        page.t("{} invoices are drafted and not sent", "{} faktur dibuat sebagai draf dan tidak dikirim")
            .replace("{}", &format::count(drafts))
    };
    let sentence = match page.blocked {
        0 => page.t("No other order needs an invoice yet.", "Pesanan lainnya belum memerlukan faktur.").to_owned(),
        blocked => page
            .t("{} cannot be drafted and need attention.", "{} belum dapat dibuatkan draf dan perlu ditangani.")
            .replace("{}", &page.orders(blocked)),
    };
    Verdict { kind: if page.blocked > 0 { "warn" } else { "good" }, heading, sentence }
}

impl CauseLine {
    fn new(cause: Cause, page: &Page) -> Self {
        let Cause { reason, subject, about, oldest, sums } = cause;
        Self {
            sentence: cause::sentence(reason, &about, sums.orders, page.language),
            total: rupiah(sums.hundredths),
            waiting: page.since(oldest),
            link: address("/orders", &[("state", "blocked"), ("reason", reason.code()), ("subject", &subject)]),
        }
    }
}

impl Queue {
    fn new(queue: &queue::Queue, watching: i64, page: &Page) -> Self {
        let time = |seconds: i64| format::duration(SignedDuration::from_secs(seconds.max(1)), page.language);
        Self {
            orders: queue.orders,
            time: queue.seconds.map(time),
            again: queue.again_at.map(|at| format::time(at, page.now)),
            oldest: queue.oldest_due_at.map(|since| page.since(since)),
            watching,
        }
    }
}

impl Figures {
    fn new<'a>(heading: &'static str, days: impl IntoIterator<Item = &'a Day>) -> Self {
        let (mut received, mut invoiced, mut hundredths) = (0, 0, 0);
        for day in days {
            received += day.received;
            invoiced += day.invoiced;
            hundredths += day.invoiced_hundredths;
        }
        Self { heading, received: format::count(received), created: format::count(invoiced), sum: rupiah(hundredths) }
    }
}
