//! News in words. Text from sellers and from Accurate becomes one line of plain text.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Blocked, Day, FailedRun, Held, News, Pause, Refused, Why, held};
use crate::domain::{
    cause,
    format::{count, day, duration, moment, weekday},
    pause,
    reason::{Language, Reason},
    reconciliation::Class,
};

/// The code of a pause of only those documents that need a right.
const RIGHT_MISSING: &str = "right_missing";

/// Causes that a notice lists; the page has all of them.
pub(super) const MOST_LISTED: usize = 8;

/// Longest line that somebody else wrote, in characters.
const LONGEST_LINE: usize = 240;

impl News {
    /// The heading, in one line.
    pub fn title(&self, language: Language) -> String {
        let (english, indonesian) = match self {
            Self::Paused { book, pause } if pause.code == RIGHT_MISSING => {
                let book = one_line(book.as_str());
                (
                    format!("A right is missing in Accurate database “{book}”"),
                    format!("Hak akses di database Accurate “{book}” belum lengkap"),
                )
            }
            Self::Resumed { book, code, .. } if code == RIGHT_MISSING => {
                let book = one_line(book.as_str());
                (
                    format!("The right in Accurate database “{book}” was granted"),
                    format!("Hak akses di database Accurate “{book}” sudah lengkap"),
                )
            }
            Self::Paused { book, .. } => {
                let book = one_line(book.as_str());
                (format!("Accurate database “{book}” is paused"), format!("Database Accurate “{book}” terhenti"))
            }
            Self::Resumed { book, .. } => {
                let book = one_line(book.as_str());
                (
                    format!("Accurate database “{book}” works again"),
                    format!("Database Accurate “{book}” berfungsi lagi"),
                )
            }
            Self::WebhooksStopped { silence, .. } => (
                format!("No webhook from Forstok for {}", duration(*silence, Language::English)),
                format!("Tidak ada webhook dari Forstok selama {}", duration(*silence, Language::Indonesian)),
            ),
            Self::WebhooksRefused { .. } => {
                ("All webhooks from Forstok are refused".to_owned(), "Semua webhook dari Forstok ditolak".to_owned())
            }
            Self::WebhooksResumed { .. } => {
                ("Webhooks from Forstok are arriving again".to_owned(), "Webhook dari Forstok diterima lagi".to_owned())
            }
            Self::Blocked { causes } => {
                let orders = causes.iter().map(|cause| cause.orders).sum();
                let verb = if orders == 1 { "needs" } else { "need" };
                (
                    format!("{} {verb} attention", counted(orders, "order", "orders")),
                    format!("{} pesanan perlu ditangani", count(orders)),
                )
            }
            Self::Held { kind, causes } => {
                let rows = causes.iter().map(|cause| cause.rows).sum();
                let verb = if rows == 1 { "needs" } else { "need" };
                (
                    format!("{} {verb} attention", held::counted_rows(*kind, rows, Language::English)),
                    format!("{} perlu ditangani", held::counted_rows(*kind, rows, Language::Indonesian)),
                )
            }
            Self::Findings { open } => {
                let findings = open.iter().map(|(_, findings)| findings).sum();
                (
                    format!("Reconciliation: {} to check", counted(findings, "finding", "findings")),
                    format!("Rekonsiliasi: {} temuan perlu diperiksa", count(findings)),
                )
            }
            Self::RunFailed(FailedRun { period, .. }) => {
                let (from, to) = (day(period.from), day(period.to));
                (
                    format!("The reconciliation of {from} to {to} is incomplete"),
                    format!("Rekonsiliasi {from} sampai {to} tidak lengkap"),
                )
            }
            Self::Digest(Day { orders, invoices, blocked, .. }) => {
                let verb = if *blocked == 1 { "needs" } else { "need" };
                let english = format!(
                    "{}, {}, {} {verb} attention",
                    counted(*orders, "order", "orders"),
                    counted(*invoices, "invoice", "invoices"),
                    count(*blocked)
                );
                let (orders, invoices, blocked) = (count(*orders), count(*invoices), count(*blocked));
                (english, format!("{orders} pesanan, {invoices} faktur, {blocked} perlu ditangani"))
            }
            Self::Test { .. } => {
                ("Test notice from forstok-accurate".to_owned(), "Pemberitahuan uji dari forstok-accurate".to_owned())
            }
        };
        in_language(language, english, indonesian)
    }

    /// The text below the heading.
    pub fn text(&self, language: Language) -> String {
        match self {
            Self::Paused { pause, .. } => paused(pause, language),
            Self::Resumed { code, lasted, .. } if code == RIGHT_MISSING => {
                let lasted = duration(*lasted, language);
                in_language(
                    language,
                    format!("Documents that need this right are created again, after a pause of {lasted}."),
                    format!("Dokumen yang memerlukan hak akses ini diproses lagi setelah tertunda selama {lasted}."),
                )
            }
            Self::Resumed { lasted, .. } => {
                let lasted = duration(*lasted, language);
                in_language(
                    language,
                    format!("Invoices are being created again. The pause lasted {lasted}."),
                    format!("Pembuatan faktur berlanjut lagi setelah terhenti selama {lasted}."),
                )
            }
            Self::WebhooksStopped { last, .. } => {
                let last = moment(*last);
                in_language(
                    language,
                    format!(
                        "The last one arrived on {last}. If there have been orders since then, check the webhook's \
                         address and key in Forstok, and the proxy in front of this service."
                    ),
                    format!(
                        "Webhook terakhir diterima {last}. Bila sejak itu ada pesanan, periksa alamat dan kunci \
                         webhook di Forstok, serta proxy di depan layanan ini."
                    ),
                )
            }
            Self::WebhooksRefused { last, refused: Refused { since, webhooks } } => {
                let (last, since) = (moment(*last), moment(*since));
                let refused = counted(*webhooks, "webhook has", "webhooks have");
                let webhooks = count(*webhooks);
                in_language(
                    language,
                    format!(
                        "{refused} been refused since {since}, because the key or signature is missing or wrong. The \
                         last one was accepted on {last}. New orders are not arriving: check that the webhook key in \
                         Forstok is the one of this service, and that the proxy in front of this service forwards all \
                         headers."
                    ),
                    format!(
                        "{webhooks} webhook ditolak sejak {since} karena kunci atau tanda tangannya tidak ada atau \
                         salah. Webhook terakhir yang diterima: {last}. Pesanan baru tidak masuk: pastikan kunci \
                         webhook di Forstok sama dengan kunci di layanan ini, dan proxy di depan layanan ini \
                         meneruskan semua header."
                    ),
                )
            }
            Self::WebhooksResumed { last, newest } => {
                let (last, newest) = (moment(*last), moment(*newest));
                in_language(
                    language,
                    format!(
                        "No webhook was accepted between {last} and {newest}. Orders from that time may be missing: \
                         the page “Import orders” finds them."
                    ),
                    format!(
                        "Tidak ada webhook yang diterima antara {last} dan {newest}. Pesanan dari waktu itu mungkin \
                         belum masuk: periksa di halaman “Impor pesanan”."
                    ),
                )
            }
            Self::Blocked { causes } => blocked(causes, language),
            Self::Held { kind, causes } => held::in_words(*kind, causes, language),
            Self::Findings { open } => {
                let lines = open.iter().map(|(class, open)| format!("- {}: {}", class.name(language), count(*open)));
                lines.collect::<Vec<_>>().join("\n")
            }
            Self::RunFailed(FailedRun { why, .. }) => {
                let lines = why.iter().map(|why| format!("- {}\n", one_line(why)));
                let next = in_language(
                    language,
                    "Data that could not be read was not compared. Run the reconciliation again on its page, or wait \
                     for the next nightly run."
                        .to_owned(),
                    "Data yang tidak terbaca tidak dibandingkan. Jalankan lagi di halaman “Rekonsiliasi”, atau tunggu \
                     rekonsiliasi malam berikutnya."
                        .to_owned(),
                );
                lines.collect::<String>() + &next
            }
            Self::Digest(day) => digest(day, language),
            Self::Test { by } => {
                let by = one_line(by);
                in_language(
                    language,
                    format!("{by} is testing this channel. Notices from forstok-accurate arrive here."),
                    format!("{by} sedang menguji saluran ini. Pemberitahuan dari forstok-accurate masuk ke sini."),
                )
            }
        }
    }

    /// The same for programs.
    pub fn details(&self) -> Value {
        let at = |at: &Timestamp| at.to_string();
        match self {
            Self::Paused { book, pause: Pause { code, since, .. } } => {
                json!({ "book": book, "code": code, "since": at(since) })
            }
            Self::Resumed { book, lasted, .. } => json!({ "book": book, "seconds": lasted.as_secs() }),
            Self::WebhooksStopped { last, .. } => json!({ "last_webhook_at": at(last) }),
            Self::WebhooksRefused { last, refused: Refused { since, webhooks } } => {
                json!({ "count": webhooks, "refused_since": at(since), "last_webhook_at": at(last) })
            }
            Self::WebhooksResumed { last, newest } => {
                json!({ "silent_from": at(last), "last_webhook_at": at(newest) })
            }
            Self::Blocked { causes } => {
                let cause = |Blocked { reason, subject, orders, .. }: &Blocked| json!({ "reason": reason.code(), "subject": subject, "count": orders });
                json!({ "causes": causes.iter().map(cause).collect::<Vec<_>>() })
            }
            Self::Held { causes, .. } => {
                let cause = |Held { why, rows, fees, .. }: &Held| match why {
                    Why::Blocked(Reason::FeeKindUnmapped) => {
                        json!({ "reason": why.code(), "count": rows, "fees": fees })
                    }
                    _ => json!({ "reason": why.code(), "count": rows }),
                };
                json!({ "causes": causes.iter().map(cause).collect::<Vec<_>>() })
            }
            Self::Findings { open } => {
                let class = |(class, open): &(Class, i64)| json!({ "class": class.as_str(), "count": open });
                json!({ "findings": open.iter().map(class).collect::<Vec<_>>() })
            }
            Self::RunFailed(run) => json!({
                "reconciliation": run.id, "from": run.period.from.to_string(), "to": run.period.to.to_string(),
            }),
            Self::Digest(Day { day, orders, invoices, blocked, payouts, returns, findings }) => json!({
                "day": day.to_string(), "orders": orders, "invoices": invoices, "blocked": blocked,
                "payouts": payouts, "returns": returns, "findings": findings,
            }),
            Self::Test { by } => json!({ "by": by }),
        }
    }
}

fn paused(Pause { code, words, since }: &Pause, language: Language) -> String {
    let (sentence, remedy) = pause::in_words(code, language);
    let (since, words) = (moment(*since), one_line(words));
    let waiting = if code == RIGHT_MISSING {
        in_language(language, format!("Since {since}."), format!("Sejak {since}."))
    } else {
        in_language(
            language,
            format!("Paused since {since}. Orders wait and nothing is lost."),
            format!("Terhenti sejak {since}. Pesanan menunggu dan tidak ada yang hilang."),
        )
    };
    let quoted = if words.is_empty() { String::new() } else { format!("\n\nAccurate: {words}") };
    format!("{sentence} {waiting}\n\n{remedy}{quoted}")
}

/// The causes, each reason with its remedy below.
fn blocked(causes: &[Blocked], language: Language) -> String {
    let mut parts: Vec<(Reason, String)> = Vec::new();
    for Blocked { reason, about, orders, .. } in causes.iter().take(MOST_LISTED) {
        let line = format!("- {}.\n", one_line(&cause::sentence(*reason, about, *orders, language)));
        match parts.iter_mut().find(|(other, _)| other == reason) {
            Some((_, lines)) => lines.push_str(&line),
            None => parts.push((*reason, line)),
        }
    }
    let mut parts: Vec<_> =
        parts.into_iter().map(|(reason, lines)| format!("{lines}{}", reason.remedy(language))).collect();
    let more = causes.len().saturating_sub(MOST_LISTED);
    if more > 0 {
        let more = more as i64;
        parts.push(in_language(
            language,
            format!("And {}.", counted(more, "more cause", "more causes")),
            format!("Dan {} penyebab lainnya.", count(more)),
        ));
    }
    parts.join("\n\n")
}

fn digest(figures: &Day, language: Language) -> String {
    let Day { day: date, orders, invoices, blocked, payouts, returns, findings } = figures;
    let (weekday, date) = (weekday(*date, language), day(*date));
    let (orders, invoices) = (count(*orders), count(*invoices));
    let received = in_language(
        language,
        format!("{weekday}, {date}\n- orders received: {orders}\n- invoices created: {invoices}"),
        format!("{weekday}, {date}\n- pesanan masuk: {orders}\n- faktur dibuat: {invoices}"),
    );
    let now = [
        (blocked, "orders", "pesanan"),
        (payouts, "payouts", "pencairan dana"),
        (returns, "returns", "retur"),
        (findings, "findings of the reconciliation", "temuan rekonsiliasi"),
    ];
    let line = |(number, english, indonesian): (&i64, &str, &str)| {
        let name = if language == Language::English { english } else { indonesian };
        (*number > 0).then(|| format!("\n- {name}: {}", count(*number)))
    };
    let lines: String = now.into_iter().filter_map(line).collect();
    let heading = match (lines.is_empty(), language) {
        (true, Language::English) => "Nothing needs attention now.",
        (true, Language::Indonesian) => "Saat ini tidak ada yang perlu ditangani.",
        (false, Language::English) => "Needs attention now:",
        (false, Language::Indonesian) => "Saat ini perlu ditangani:",
    };
    format!("{received}\n\n{heading}{lines}")
}

pub(super) fn counted(number: i64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

fn in_language(language: Language, english: String, indonesian: String) -> String {
    match language {
        Language::English => english,
        Language::Indonesian => indonesian,
    }
}

/// A text that somebody else wrote, as one line: nothing in it may begin another line, hide what follows, or turn the
/// direction of reading.
pub(super) fn one_line(text: &str) -> String {
    let turns =
        |letter: char| matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let breaks = |letter: char| letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}');
    let plain = text.chars().filter(|letter| !turns(*letter)).map(|letter| if breaks(letter) { ' ' } else { letter });
    let line: String = plain.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= LONGEST_LINE {
        return line;
    }
    line.chars().take(LONGEST_LINE - 1).chain(['…']).collect()
}
