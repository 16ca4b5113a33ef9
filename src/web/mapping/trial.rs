//! What a trial of a mapping found, in words.

use jiff::civil::Date;

use super::words;
use crate::{
    deciding::trial::{AfterSale, Tried},
    domain::{
        money::Rupiah,
        reason::Reason,
        state::State,
        trial::{Example, Move, Outcome, Part, Side, Trial},
    },
    storage::RowSum,
    web::{format, page::Page, words::state_shown},
};

/// A trial as the page shows it.
pub(in crate::web) struct TrialShown {
    /// `good`, `warn` or `bad`.
    pub(in crate::web) kind: &'static str,
    pub(in crate::web) headline: String,
    pub(in crate::web) sentence: String,
    /// What happens as soon as the mapping is saved.
    pub(in crate::web) now: Vec<String>,
    pub(in crate::web) moves: Vec<MoveShown>,
    pub(in crate::web) parts: Vec<PartShown>,
    pub(in crate::web) examples: Vec<ExampleShown>,
    /// Which orders were not looked at.
    pub(in crate::web) left_out: Vec<String>,
}

/// Orders whose decision would change in the same way.
pub(in crate::web) struct MoveShown {
    pub(in crate::web) from: String,
    pub(in crate::web) to: String,
    /// A class of the style sheet.
    pub(in crate::web) kind: &'static str,
    pub(in crate::web) orders: String,
    /// How many of them have an invoice, which stays.
    pub(in crate::web) existing: Option<String>,
    /// Empty if there is no invoice under either mapping.
    pub(in crate::web) total: String,
}

/// Invoices that would differ in one part.
pub(in crate::web) struct PartShown {
    pub(in crate::web) part: &'static str,
    pub(in crate::web) invoices: String,
    pub(in crate::web) before: String,
    pub(in crate::web) after: String,
}

/// One order under both mappings.
pub(in crate::web) struct ExampleShown {
    pub(in crate::web) order_id: String,
    pub(in crate::web) number: String,
    pub(in crate::web) state: &'static str,
    /// What differs: which part, before, after.
    pub(in crate::web) rows: Vec<(String, String, String)>,
}

impl TrialShown {
    pub(in crate::web) fn new(tried: &Tried, page: &Page) -> Self {
        let Tried { trial, only_from, after_sale } = tried;
        let (kind, headline, sentence) = verdict(tried, page);
        let part = |(part, changed): (Part, &crate::domain::trial::Changed)| PartShown {
            part: part_in_words(part, page),
            invoices: page.count(changed.invoices as i64),
            before: changed.before.in_words(),
            after: changed.after.in_words(),
        };
        Self {
            kind,
            headline,
            sentence,
            now: now(trial, page).into_iter().chain(of_payouts_and_returns(after_sale, page)).collect(),
            moves: trial.moves().iter().map(|change| MoveShown::new(change, page)).collect(),
            parts: trial.parts().map(part).collect(),
            examples: trial.examples().iter().map(|example| ExampleShown::new(example, page)).collect(),
            left_out: left_out(trial, *only_from, page),
        }
    }
}

/// The one sentence that says whether this is safe.
fn verdict(Tried { trial, after_sale, .. }: &Tried, page: &Page) -> (&'static str, String, String) {
    let blocked = trial.newly_blocked();
    let checked = page
        .t("Tried: {}. Same result: {same}.", "Dicoba: {}. Hasilnya tetap sama: {same}.")
        .replace("{same}", &page.count(trial.same as i64))
        .replace("{}", &page.orders(trial.orders as i64));
    if trial.orders == 0 {
        let headline = page.t("There is no order to try this on.", "Belum ada pesanan untuk menguji perubahan ini.");
        return ("warn", headline.to_owned(), String::new());
    }
    if trial.stops_every_invoice() {
        let headline = page.t(
            "With this mapping, no order would get an invoice any more.",
            "Dengan pemetaan ini, tidak ada lagi pesanan yang dibuatkan faktur.",
        );
        let sentence = page
            .t("Blocked or ignored instead of invoiced: {}. ", "Tertahan atau diabaikan, bukan dibuatkan faktur: {}. ")
            .replace("{}", &page.orders(trial.invoiced_before as i64));
        return ("bad", headline.to_owned(), sentence + &checked);
    }
    if blocked.orders > 0 {
        let headline = page
            .t("Blocked instead of invoiced: {}, {total}.", "Tertahan, bukan dibuatkan faktur: {}, {total}.")
            .replace("{total}", &blocked.total.in_words())
            .replace("{}", &page.orders(blocked.orders as i64));
        return ("warn", headline, checked);
    }
    if trial.same == trial.orders {
        let moves_none = trial.tried_again.orders == 0 && trial.sent.orders == 0 && after_sale.is_none();
        let headline = if moves_none {
            page.t("Nothing would change.", "Tidak ada yang berubah.")
        } else {
            page.t("No order would be decided differently.", "Tidak ada pesanan yang hasilnya berbeda.")
        };
        return ("good", headline.to_owned(), checked);
    }
    let differ = page
        .t("Decided differently: {}.", "Hasilnya berbeda: {}.")
        .replace("{}", &page.orders((trial.orders - trial.same) as i64));
    ("good", differ, checked)
}

/// What saving does at once, and what it leaves alone.
fn now(trial: &Trial, page: &Page) -> Vec<String> {
    let mut lines = Vec::new();
    for change @ Move { from, to, waiting, .. } in trial.moves().iter().filter(|change| change.waiting.orders > 0) {
        let line = page
            .t("{}: from “{from}” to “{to}”", "{}: dari “{from}” menjadi “{to}”")
            .replace("{from}", &outcome(*from, page))
            .replace("{to}", &outcome(*to, page))
            .replace("{}", &page.orders(waiting.orders as i64));
        let total = if change.has_invoices() { format!(" ({})", waiting.total.in_words()) } else { String::new() };
        lines.push(format!("{line}{total}."));
    }
    let sent = page.t(
        "Only drafted until now, and sent to Accurate when you save: {}, {total}. Payouts and returns follow.",
        "Selama ini hanya draf, dan dikirim ke Accurate bila Anda menyimpan: {}, {total}. Pencairan dan retur menyusul.",
    );
    let tried_again = page.t(
        "Blocked, for example because Accurate refused it, and attempted again when you save: {}, {total}.",
        "Tertahan, misalnya karena ditolak Accurate, dan dicoba lagi bila Anda menyimpan: {}, {total}.",
    );
    for (sum, line) in [(trial.sent, sent), (trial.tried_again, tried_again)] {
        if sum.orders > 0 {
            let orders = page.orders(sum.orders as i64);
            lines.push(line.replace("{total}", &sum.total.in_words()).replace("{}", &orders));
        }
    }
    if lines.is_empty() {
        let none = page.t("No waiting order changes its state.", "Tidak ada pesanan menunggu yang berubah status.");
        lines.push(none.to_owned());
    }
    let existing = match trial.existing {
        0 => page.t("Existing invoices stay as they are.", "Faktur yang sudah ada tidak berubah.").to_owned(),
        number => page
            .t(
                "Existing invoices stay as they are; {} of them would be different if they were created today.",
                "Faktur yang sudah ada tidak berubah; {} di antaranya akan berbeda jika dibuat hari ini.",
            )
            .replace("{}", &page.count(number as i64)),
    };
    lines.push(existing);
    if trial.no_longer_created() > 0 {
        let sentence = page.t(
            "Orders whose invoice exists and stays, although this mapping would create none: {}.",
            "Pesanan yang fakturnya sudah ada dan tidak dihapus, meskipun pemetaan ini tidak akan membuatnya: {}.",
        );
        lines.push(sentence.replace("{}", &page.count(trial.no_longer_created() as i64)));
    }
    if page.is_in_shadow && trial.sent.orders == 0 {
        let nothing_is_sent = page.t(
            "Shadow mode is on: invoices are only drafted, and nothing is sent to Accurate.",
            "Mode bayangan aktif: faktur hanya dibuat sebagai draf, dan tidak ada yang dikirim ke Accurate.",
        );
        lines.push(nothing_is_sent.to_owned());
    }
    lines
}

/// What saving does to payouts and returns.
fn of_payouts_and_returns(after_sale: &AfterSale, page: &Page) -> Vec<String> {
    let receipts = match after_sale.after_days {
        0 => page.t(
            "Payouts that wait for approval and whose receipts will be created without it: {}.",
            "Pencairan yang menunggu persetujuan dan akan dibuatkan penerimaan tanpa persetujuan: {}.",
        ),
        _ => page.t(
            "Payouts that wait for approval and whose receipts will be created without it, {days} days after they arrived: {}.",
            "Pencairan yang menunggu persetujuan dan akan dibuatkan penerimaan tanpa persetujuan, {days} hari setelah diterima: {}.",
        ),
    };
    let listed = if after_sale.automatically {
        page.t(
            "Returns that are only listed now and will be booked in Accurate: {}. First mark those that you have booked yourself as done by hand.",
            "Retur yang kini hanya ditampilkan dan akan dibukukan di Accurate: {}. Tandai dahulu yang sudah Anda bukukan sendiri.",
        )
    } else {
        page.t(
            "Returns that are only listed now and will wait for your approval: {}. First mark those that you have booked yourself as done by hand.",
            "Retur yang kini hanya ditampilkan dan akan menunggu persetujuan Anda: {}. Tandai dahulu yang sudah Anda bukukan sendiri.",
        )
    };
    let released_returns = page.t(
        "Returns that wait for approval and will be booked in Accurate without it: {}.",
        "Retur yang menunggu persetujuan dan akan dibukukan di Accurate tanpa persetujuan: {}.",
    );
    let blocked_payouts = page
        .t("Blocked payouts that are decided and attempted again: {}.", "Pencairan tertahan yang diproses lagi: {}.");
    let blocked_returns =
        page.t("Blocked returns that are decided and attempted again: {}.", "Retur tertahan yang diproses lagi: {}.");
    let days = page.count(i64::from(after_sale.after_days));
    [
        (after_sale.released_payouts, receipts),
        (after_sale.released_returns, released_returns),
        (after_sale.listed_returns, listed),
        (after_sale.blocked_payouts, blocked_payouts),
        (after_sale.blocked_returns, blocked_returns),
    ]
    .into_iter()
    .filter(|(sum, _)| sum.rows > 0)
    .map(|(RowSum { rows, total }, line)| {
        let rows = format!("{} ({})", page.count(rows), total.in_words());
        line.replace("{days}", &days).replace("{}", &rows)
    })
    .collect()
}

fn left_out(trial: &Trial, only_from: Option<Date>, page: &Page) -> Vec<String> {
    let without_body = (trial.without_body > 0).then(|| {
        page.t(
            "Not tried, because the data is no longer stored: {}.",
            "Tidak diuji karena datanya sudah tidak disimpan: {}.",
        )
        .replace("{}", &page.orders(trial.without_body as i64))
    });
    let undecidable = (trial.undecidable > 0).then(|| {
        page.t(
            "Not tried, because of an error in this program, whose log names them: {}.",
            "Tidak diuji karena kesalahan dalam program ini; log-nya menyebutkan pesanan mana saja: {}.",
        )
        .replace("{}", &page.orders(trial.undecidable as i64))
    });
    let only_from = only_from.map(|day| {
        page.t(
            "There was no time for orders before {}. Choose fewer days to try older ones.",
            "Pesanan sebelum {} belum sempat diuji. Pilih rentang tanggal yang lebih pendek untuk menguji yang lebih lama.",
        )
        .replace("{}", &format::day(day))
    });
    without_body.into_iter().chain(undecidable).chain(only_from).collect()
}

impl MoveShown {
    fn new(change: &Move, page: &Page) -> Self {
        Self {
            from: outcome(change.from, page),
            to: outcome(change.to, page),
            kind: match change.to.state {
                State::Blocked => "bad",
                State::Due => "good",
                _ => "",
            },
            orders: page.count(change.all.orders as i64),
            existing: (change.existing > 0).then(|| {
                page.t("{} already with an invoice, which stays", "{} sudah memiliki faktur, yang tidak berubah")
                    .replace("{}", &page.count(change.existing as i64))
            }),
            total: if change.has_invoices() { change.all.total.in_words() } else { String::new() },
        }
    }
}

impl ExampleShown {
    fn new(example: &Example, page: &Page) -> Self {
        let (before, after) = (&example.before, &example.after);
        let mut rows = Vec::new();
        if example.invoice_exists && after.total.is_none() {
            let stays = page.t("exists, and stays", "sudah ada, dan tidak dihapus").to_owned();
            let exists = page.t("exists", "sudah ada").to_owned();
            rows.push((page.t("Invoice in Accurate", "Faktur di Accurate").to_owned(), exists, stays));
        }
        if before.outcome != after.outcome {
            let result = page.t("Result", "Hasil").to_owned();
            rows.push((result, side(before, page), side(after, page)));
            if before.total != after.total {
                let total = |side: &Side| side.total.map(Rupiah::in_words).unwrap_or_default();
                rows.push((page.t("Invoice", "Faktur").to_owned(), total(before), total(after)));
            }
        }
        rows.extend(example.differences.iter().map(|difference| {
            let (before, after) =
                (value(difference.part, &difference.before, page), value(difference.part, &difference.after, page));
            (part_in_words(difference.part, page).to_owned(), before, after)
        }));
        Self {
            order_id: example.order_id.clone(),
            number: example.channel_order_id.clone(),
            state: state_shown(example.state, page).text,
            rows,
        }
    }
}

fn side(side: &Side, page: &Page) -> String {
    let words = outcome(side.outcome, page);
    match &side.about {
        Some(about) => format!("{words} ({})", about.in_words(page.language)),
        None => words,
    }
}

/// What a decision leads to.
fn outcome(Outcome { state, reason }: Outcome, page: &Page) -> String {
    let state = match state {
        State::Due => page.t("invoice", "faktur"),
        state => state_shown(state, page).text,
    };
    let why = reason.map(|reason: Reason| reason.sentence(page.language).trim_end_matches('.'));
    why.map_or_else(|| state.to_owned(), |why| format!("{state}: {why}"))
}

fn part_in_words(part: Part, page: &Page) -> &'static str {
    match part {
        Part::Total => page.t("Total", "Total"),
        Part::Database => page.t("Accurate database", "Database Accurate"),
        Part::Number => page.t("Number", "Nomor"),
        Part::Date => page.t("Date", "Tanggal"),
        Part::Customer => page.t("Customer", "Pelanggan"),
        Part::Branch => page.t("Branch", "Cabang"),
        Part::PaymentTerm => page.t("Payment term", "Syarat Pembayaran"),
        Part::Description => page.t("Description", "Keterangan"),
        Part::Tax => page.t("Tax", "Pajak"),
        Part::Lines => page.t("Items, quantities and prices", "Barang, jumlah, dan harga"),
        Part::Warehouse => page.t("Warehouse", "Gudang"),
        Part::Discount => page.t("Discount", "Diskon"),
        Part::Shipping => page.t("Shipping", "Ongkos kirim"),
        Part::Account => page.t("Account for shipping", "Akun ongkos kirim"),
    }
}

/// The value of a part in words.
fn value(part: Part, text: &str, page: &Page) -> String {
    match part {
        Part::Tax => words::tax_word(text, page).to_owned(),
        Part::Date => text.parse().map_or_else(|_| text.to_owned(), format::day),
        _ => text.to_owned(),
    }
}
