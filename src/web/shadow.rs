//! `/mapping/shadow`: how the drafts of shadow mode compare with what another integration has created, and the switch
//! that ends it.

use askama::Template;
use axum::{
    extract::{Query, State},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use super::{
    format,
    order_line::rupiah,
    page::{Page, address, html},
};
use crate::{
    domain::{document::Kind as DocumentKind, order::OrderId, payout::RowState, shadow::Kind},
    http::{
        App,
        auth::By,
        paging::{Page as Cut, read_cursor},
        problem::Problem,
        v1::list_shadow_differences::{page as differences, read_kind},
    },
    storage::{ComparisonResult, DifferenceRow, RowCount, RowSum, ShadowSums, State as OrderState, Sums},
};

/// Orders that are shown of each kind of difference.
const SHOWN: i64 = 5;

/// Orders on the page of one kind.
const ON_A_PAGE: i64 = 50;

#[derive(Template)]
#[template(path = "shadow.html")]
struct Shadow {
    page: Page,
    /// Whether nothing is sent.
    is_on: bool,
    /// The results in one sentence: 412 equal, 9 differ, 3 not in Accurate yet.
    heading: String,
    /// Empty if shadow mode is off and nothing is left to compare.
    results: Vec<ResultLine>,
    waiting: i64,
    /// How much of the comparison is done, in percent.
    percent: i64,
    groups: Vec<Group>,
    absent: Absent,
    /// Only one kind is shown.
    kind: Option<&'static str>,
    next: Option<String>,
    /// The form that ends shadow mode is open.
    form: bool,
    /// What happens when it ends, and to how many orders.
    consequences: Vec<String>,
    is_live: bool,
}

/// One result with its orders and what their drafts are worth.
struct ResultLine {
    kind: &'static str,
    text: &'static str,
    meaning: &'static str,
    orders: String,
    total: String,
}

/// Orders with one kind of difference.
struct Group {
    code: &'static str,
    name: &'static str,
    meaning: &'static str,
    orders: String,
    /// What their drafts are worth.
    total: String,
    /// How much the invoices in Accurate are too high or too low.
    difference: Option<String>,
    rows: Vec<Row>,
    /// Where all of them are, if not all are shown.
    all: Option<String>,
}

struct Row {
    order_id: String,
    number: String,
    total: String,
    draft: String,
    accurate: String,
    difference: String,
}

/// Orders whose invoice is not in Accurate.
struct Absent {
    rows: Vec<(String, String)>,
    more: i64,
}

/// What the address asks for.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Asked {
    kind: Option<String>,
    cursor: Option<String>,
    form: Option<String>,
}

/// `GET /mapping/shadow`.
pub(super) async fn show(State(app): State<App>, page: Page, Query(asked): Query<Asked>) -> Result<Response, Problem> {
    let storage = app.engine.storage();
    let sums = storage.shadow_sums().await?;
    let only = read_kind(asked.kind.as_ref())?;
    let before = read_cursor("cursor", asked.cursor.as_deref(), |cursor| cursor.parse().ok())?;
    let (mut groups, mut next) = (Vec::new(), None);
    for (kind, orders, difference) in sums.kinds.iter().filter(|(kind, ..)| only.is_none_or(|only| only == *kind)) {
        let limit = if only.is_some() { ON_A_PAGE } else { SHOWN };
        let Cut { rows, next: more } = differences(&app, Some(*kind), before, limit).await?;
        next = more.filter(|_| only.is_some());
        let is_short = only.is_none() && orders.orders > rows.len() as i64;
        let all = is_short.then(|| address("/mapping/shadow", &[("kind", kind.code())]));
        groups.push(Group { all, ..Group::new(*kind, *orders, *difference, rows, &page) });
    }
    let absent = storage.orders_compared(ComparisonResult::Absent, None, ON_A_PAGE).await?;
    let is_on = app.engine.is_in_shadow();
    let form = is_on && page.may_administer() && asked.form.as_deref() == Some("start");
    let all = all(&sums);
    html(&Shadow {
        is_on,
        heading: heading(&sums, &page),
        results: if is_on || all > 0 { results(&sums, &page) } else { Vec::new() },
        waiting: sums.waiting.orders,
        percent: if all == 0 { 100 } else { (all - sums.waiting.orders) * 100 / all },
        absent: Absent::new(absent, sums.absent.orders),
        kind: only.map(|kind| kind.name(page.language)),
        next: next
            .zip(only)
            .map(|(id, kind)| address("/mapping/shadow", &[("kind", kind.code()), ("cursor", &id.to_string())])),
        consequences: consequences(&app, &sums, &page).await?,
        is_live: !form && (sums.waiting.orders > 0 || (!is_on && all > 0)),
        form,
        groups,
        page,
    })
}

fn all(sums: &ShadowSums) -> i64 {
    [sums.waiting, sums.equal, sums.differs, sums.absent].iter().map(|sums| sums.orders).sum()
}

fn heading(sums: &ShadowSums, page: &Page) -> String {
    if all(sums) == 0 {
        return page.t("No invoice has been drafted yet", "Belum ada draf faktur").to_owned();
    }
    let count = |sums: Sums, text: &str| format!("{} {text}", format::count(sums.orders));
    [
        count(sums.equal, page.t("equal", "sama")),
        count(
            sums.differs,
            if sums.differs.orders == 1 { page.t("differs", "berbeda") } else { page.t("differ", "berbeda") },
        ),
        count(sums.absent, page.t("not in Accurate yet", "belum ada di Accurate")),
    ]
    .join(", ")
}

fn results(sums: &ShadowSums, page: &Page) -> Vec<ResultLine> {
    let line = |kind, text, meaning, sums: Sums| ResultLine {
        kind,
        text,
        meaning,
        orders: page.orders(sums.orders),
        total: rupiah(sums.hundredths),
    };
    let mut lines = vec![
        line(
            "good",
            page.t("Equal", "Sama"),
            page.t("The invoice in Accurate equals the draft.", "Isi faktur di Accurate sama dengan draf."),
            sums.equal,
        ),
        line(
            "warn",
            page.t("Differs", "Berbeda"),
            page.t("The invoice in Accurate differs from the draft.", "Isi faktur di Accurate tidak sama dengan draf."),
            sums.differs,
        ),
        line(
            "",
            page.t("Not in Accurate yet", "Belum ada di Accurate"),
            page.t(
                "Accurate has no invoice with this number. It is looked for again every day.",
                "Tidak ada faktur dengan nomor ini di Accurate. Dicari lagi setiap hari.",
            ),
            sums.absent,
        ),
    ];
    if sums.waiting.orders > 0 {
        lines.push(line(
            "busy",
            page.t("Not compared yet", "Belum dibandingkan"),
            page.t("It will be compared soon.", "Segera dibandingkan."),
            sums.waiting,
        ));
    }
    lines
}

/// What happens when shadow mode ends, and to how many orders, payouts and returns.
pub(super) async fn consequences(app: &App, sums: &ShadowSums, page: &Page) -> Result<Vec<String>, Problem> {
    let storage = app.engine.storage();
    let counts = storage.counts().await?;
    let to_delete = counts.iter().filter(|count| count.state == OrderState::VoidDue).map(|count| count.orders).sum();
    let receipts = storage.row_counts(DocumentKind::Receipt).await?;
    let returns = storage.row_counts(DocumentKind::Return).await?;
    let of_orders = of_orders(sums, to_delete, page).into_iter();
    Ok(of_orders.chain(after_the_sale(&receipts, &returns, page)).collect())
}

/// What happens to the orders when shadow mode ends.
fn of_orders(sums: &ShadowSums, to_delete: i64, page: &Page) -> Vec<String> {
    let say = |orders: i64, sentence: &str| (orders > 0).then(|| sentence.replace("{}", &page.orders(orders)));
    [
        say(
            sums.absent.orders,
            page.t(
                "{} without an invoice in Accurate: the invoice is created now.",
                "{} belum memiliki faktur di Accurate: fakturnya langsung dibuat.",
            ),
        ),
        say(
            sums.equal.orders,
            page.t(
                "{} with an equal invoice: that invoice is used, and none is created.",
                "{} dengan faktur yang sama: faktur itu yang dipakai, tidak dibuat lagi.",
            ),
        ),
        say(
            sums.differs.orders,
            page.t(
                "{} with a different invoice: nothing is created or changed. They wait under “Needs attention” until you \
                 correct or delete the invoice in Accurate, or mark the order as done by hand.",
                "{} dengan faktur yang berbeda: tidak ada yang dibuat atau diubah. Pesanan menunggu di “Perlu ditangani” \
                 sampai Anda memperbaiki atau menghapus fakturnya di Accurate, atau menandainya sudah dibuat manual.",
            ),
        ),
        say(
            sums.waiting.orders,
            page.t(
                "{} not compared yet: the invoice is looked up in Accurate first. If there is none, it is created; an equal \
                 one is used; a different one makes the order wait under “Needs attention”.",
                "{} belum dibandingkan: fakturnya dicari dulu di Accurate. Jika belum ada, faktur dibuat; jika sama, faktur \
                 itu yang dipakai; jika berbeda, pesanan menunggu di “Perlu ditangani”.",
            ),
        ),
        say(
            to_delete,
            page.t(
                "{} whose invoice is to be deleted, because of a cancellation or a person's decision: it is deleted.",
                "{} yang fakturnya harus dihapus karena pembatalan atau keputusan seseorang: fakturnya dihapus.",
            ),
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// What happens to payouts and returns that nothing holds up any more when shadow mode ends.
fn after_the_sale(receipts: &[RowCount], returns: &[RowCount], page: &Page) -> Vec<String> {
    let say = |counts: &[RowCount], one: &'static str, many: &'static str, indonesian: &'static str, becomes: &str| {
        let due = RowSum::of(counts, |count| count.state == RowState::Due);
        (due.rows > 0)
            .then(|| format!("{}, {}: {becomes}", page.counted(due.rows, one, many, indonesian), due.total.in_words()))
    };
    let receipt = page.t("a receipt is created for each.", "masing-masing langsung dibuatkan penerimaan penjualan.");
    let sales_return =
        page.t("a sales return is created for each.", "masing-masing langsung dibuatkan retur penjualan.");
    [
        say(receipts, "payout to be booked", "payouts to be booked", "pencairan dana yang siap dibukukan", receipt),
        say(returns, "return to be booked", "returns to be booked", "retur yang siap dibukukan", sales_return),
    ]
    .into_iter()
    .flatten()
    .collect()
}

impl Group {
    fn new(kind: Kind, sums: Sums, difference: i64, rows: Vec<DifferenceRow>, page: &Page) -> Self {
        let difference = match difference {
            0 => None,
            more if more > 0 => {
                Some(page.t("{} too much in Accurate", "{} terlalu tinggi di Accurate").replace("{}", &rupiah(more)))
            }
            less => {
                Some(page.t("{} too little in Accurate", "{} terlalu rendah di Accurate").replace("{}", &rupiah(-less)))
            }
        };
        Self {
            code: kind.code(),
            name: kind.name(page.language),
            meaning: kind.meaning(page.language),
            orders: page.orders(sums.orders),
            total: rupiah(sums.hundredths),
            difference,
            all: None,
            rows: rows.into_iter().map(|row| Row::new(row, page)).collect(),
        }
    }
}

impl Row {
    fn new(row: DifferenceRow, page: &Page) -> Self {
        let DifferenceRow { order_id, channel_order_id, hundredths, difference, .. } = row;
        let (kind, language) = (difference.kind, page.language);
        let side = |of: &dyn Fn(&crate::domain::shadow::Detail) -> String| {
            let with_product = |detail: &crate::domain::shadow::Detail| match detail.about.as_str() {
                "" => of(detail),
                item => format!("{item}: {}", of(detail)),
            };
            difference.details.iter().map(with_product).collect::<Vec<_>>().join("; ")
        };
        let amount = difference.rupiah.in_words();
        Self {
            order_id: order_id.to_string(),
            number: channel_order_id,
            total: rupiah(hundredths),
            draft: side(&|detail| detail.draft(kind, language)),
            accurate: side(&|detail| detail.accurate(kind, language)),
            difference: match amount.as_str() {
                "Rp0" => String::new(),
                less if less.starts_with('-') => less.to_owned(),
                more => format!("+{more}"),
            },
        }
    }
}

impl Absent {
    fn new(orders: Vec<(OrderId, String)>, all: i64) -> Self {
        let more = (all - orders.len() as i64).max(0);
        Self { rows: orders.into_iter().map(|(id, number)| (id.to_string(), number)).collect(), more }
    }
}

/// `POST /mapping/shadow/start`: ends shadow mode.
pub(super) async fn start(State(app): State<App>, By(actor): By) -> Result<Response, Problem> {
    let started = app.engine.start_creating_invoices(&actor).await?;
    let done = if started { "started" } else { "started_before" };
    Ok(Redirect::to(&address("/mapping/shadow", &[("done", done)])).into_response())
}

/// `POST /mapping/shadow/compare`: compares again what is not equal.
pub(super) async fn compare_again(State(app): State<App>, By(actor): By) -> Result<Response, Problem> {
    let count = app.engine.compare_again(&actor).await?.to_string();
    Ok(Redirect::to(&address("/mapping/shadow", &[("done", "comparing"), ("count", &count)])).into_response())
}
