//! The text of timeline entries, for people.

use jiff::Timestamp;

use super::{
    Entry, Event,
    replies::{call_in_words, reply_in_words},
};
use crate::domain::{
    WIB,
    document::Kind,
    money::Rupiah,
    origin::Origin,
    payout::RowState,
    reason::{Finding, Language, OrderWarning, Warning},
    recheck::Subject,
};

impl Entry {
    /// The entry in one line, for people.
    pub fn in_words(&self, language: Language) -> String {
        let words = self.event.in_words(language);
        let (times, since) = (self.times, moment(self.since));
        match language {
            _ if times < 2 => words,
            Language::English => format!("{words} ({times} times since {since})"),
            Language::Indonesian => format!("{words} ({times} kali sejak {since})"),
        }
    }
}

impl Event {
    /// The event in one line, for people.
    pub fn in_words(&self, language: Language) -> String {
        match language {
            Language::English => self.in_english(),
            Language::Indonesian => self.in_indonesian(),
        }
    }

    fn in_english(&self) -> String {
        const LANGUAGE: Language = Language::English;
        match self {
            Self::Received { status, event, times, origin } => {
                let came = match origin {
                    Origin::Webhook => "Forstok sent",
                    Origin::Import => "imported from a file:",
                    Origin::Backfill => "fetched from Forstok:",
                };
                format!("{came} \"{status}\" ({event}){}", repeated(*times, "times"))
            }
            Self::Unreadable { problem, times } => {
                format!("a webhook that names this order cannot be read: {problem}{}", repeated(*times, "times"))
            }
            Self::Warned { warnings } => warned(warnings, "please check: ", LANGUAGE),
            Self::Watching => "waiting for the chosen status".to_owned(),
            Self::Ignored { reason } => format!("ignored: {}", clause(reason.sentence(LANGUAGE))),
            Self::Blocked { document, findings } => format!("blocked: {}", listed(findings, *document, LANGUAGE)),
            Self::Due { number, total } => format!("invoice {number} for {} will be created", money(total)),
            Self::Attempt { attempt, document, number } => {
                format!("attempt {attempt} for {} {number}", document.in_words(LANGUAGE))
            }
            Self::Reply { call, outcome, words } => {
                format!("{}: {}", call_in_words(call, LANGUAGE), reply_in_words(outcome, words, LANGUAGE))
            }
            Self::RowDecided { document, source, id, hundredths, state, finding } => {
                let row = row_in_words(*document, source, id, LANGUAGE);
                let money = money_of_row(*document, *hundredths);
                format!("{row}{money}: {}", decided_in_words(*document, *state, finding.as_ref(), LANGUAGE))
            }
            Self::Approved { document, source, id, actor } => {
                format!("\"{actor}\" approved {}", row_in_words(*document, source, id, LANGUAGE))
            }
            Self::BookedByHand { document, source, id, number, amount, reason, actor } => {
                let row = row_in_words(*document, source, id, LANGUAGE);
                let money = amount.map(|amount| format!(", {}", amount.in_words())).unwrap_or_default();
                format!("\"{actor}\" marked {row} as booked by hand in Accurate, document {number}{money}: {reason}")
            }
            Self::NotByHand { document, source, id, actor } => {
                let row = row_in_words(*document, source, id, LANGUAGE);
                format!("\"{actor}\" took back the mark of {row}")
            }
            Self::RowExcluded { document, source, id, reason, actor } => {
                let row = row_in_words(*document, source, id, LANGUAGE);
                format!("\"{actor}\" decided that nothing is booked for {row}: {reason}")
            }
            Self::Booked { document, number, id, total } => {
                let document = document.in_words(LANGUAGE);
                format!("{document} {number} was created in Accurate (id {id}, {})", money(total))
            }
            Self::Removed { document, number, already_gone } => {
                let way = if *already_gone { "no longer exists" } else { "was deleted" };
                format!("{} {number} {way} in Accurate", document.in_words(LANGUAGE))
            }
            Self::Invoiced { number, id, total, warnings } => format!(
                "invoice {number} {} in Accurate (id {id}, {}){}",
                if is_adopted(warnings) { "already existed" } else { "was created" },
                money(total),
                warned(warnings, "; please check: ", LANGUAGE)
            ),
            Self::Adopted { number, id, total } => format!(
                "invoice {number} already existed in Accurate (id {id}, {}). It has the same \
                 customer, date, branch, payment term, warehouse, products, prices, discount, shipping, tax and total \
                 as the draft, so it is used",
                money(total)
            ),
            Self::Postponed { until, outcome, words } => {
                format!("next attempt {}: {}", moment(*until), reply_in_words(outcome, words, LANGUAGE))
            }
            Self::VoidDue { number } => format!("invoice {number} will be deleted"),
            Self::Voided { number, already_gone: true } => format!("invoice {number} no longer existed in Accurate"),
            Self::Voided { number, .. } => format!("invoice {number} was deleted"),
            Self::Kept { number } => format!("cancelled: invoice {number} is kept, as the mapping says"),
            Self::Changed { about } => {
                format!("the order changed after its invoice was created: {}", about.in_words(LANGUAGE))
            }
            Self::Rearmed { actor } if actor.is_empty() => "retried on request".to_owned(),
            Self::Rearmed { actor } => format!("retried at the request of \"{actor}\""),
            Self::Decided { decision: None, reason, actor, .. } => {
                format!("\"{actor}\" took the decision back{}", quoted(reason.as_deref(), ": "))
            }
            Self::Decided { decision: Some(decision), reason, document, actor } => format!(
                "\"{actor}\" decided: {}{}{}",
                decision.in_words(LANGUAGE),
                quoted(document.as_deref(), ", document "),
                quoted(reason.as_deref(), ": ")
            ),
            Self::FindingActed { .. } | Self::FindingClosed { .. } => self.about_a_finding(LANGUAGE),
            Self::Acknowledged { warning, actor } => {
                format!("\"{actor}\" acknowledged: {}", clause(warning.sentence(LANGUAGE)))
            }
            Self::TriedAgain => "tried again automatically".to_owned(),
            Self::NotDecided => {
                "an error in this program prevented a decision on this order; the log has the details. \
                                 The order is decided again with its next webhook and after the next start"
                    .to_owned()
            }
            Self::Rechecked { subject } => rechecked(subject, LANGUAGE),
        }
    }

    /// What a person did about a finding of the reconciliation; empty for every other event.
    fn about_a_finding(&self, language: Language) -> String {
        match (self, language) {
            (Self::FindingActed { class, action, actor, reason }, _) => {
                let what = match language {
                    Language::English => "dealt with",
                    Language::Indonesian => "menangani",
                };
                let reason = quoted(Some(reason.as_str()).filter(|reason| !reason.is_empty()), ": ");
                format!("\"{actor}\" {what} \"{}\": {}{reason}", class.name(language), action.name(language))
            }
            (Self::FindingClosed { class, actor, reason }, Language::English) => {
                format!("\"{actor}\" closed the finding \"{}\": {reason}", class.name(language))
            }
            (Self::FindingClosed { class, actor, reason }, Language::Indonesian) => {
                format!("\"{actor}\" menutup temuan \"{}\": {reason}", class.name(language))
            }
            _ => String::new(),
        }
    }

    fn in_indonesian(&self) -> String {
        const LANGUAGE: Language = Language::Indonesian;
        match self {
            Self::Received { status, event, times, origin } => {
                let came = match origin {
                    Origin::Webhook => "Forstok mengirim",
                    Origin::Import => "diimpor dari berkas:",
                    Origin::Backfill => "diambil dari Forstok:",
                };
                format!("{came} \"{status}\" ({event}){}", repeated(*times, "kali"))
            }
            Self::Unreadable { problem, times } => {
                format!("webhook untuk pesanan ini tidak dapat dibaca: {problem}{}", repeated(*times, "kali"))
            }
            Self::Warned { warnings } => warned(warnings, "mohon diperiksa: ", LANGUAGE),
            Self::Watching => "menunggu status yang dipilih".to_owned(),
            Self::Ignored { reason } => format!("diabaikan: {}", clause(reason.sentence(LANGUAGE))),
            Self::Blocked { document, findings } => format!("tertahan: {}", listed(findings, *document, LANGUAGE)),
            Self::Due { number, total } => format!("faktur {number} senilai {} akan dibuat", money(total)),
            Self::Attempt { attempt, document, number } => {
                format!("percobaan ke-{attempt} untuk {} {number}", document.in_words(LANGUAGE))
            }
            Self::RowDecided { document, source, id, hundredths, state, finding } => {
                let row = row_in_words(*document, source, id, LANGUAGE);
                let money = money_of_row(*document, *hundredths);
                format!("{row}{money}: {}", decided_in_words(*document, *state, finding.as_ref(), LANGUAGE))
            }
            Self::Approved { document, source, id, actor } => {
                format!("\"{actor}\" menyetujui {}", row_in_words(*document, source, id, LANGUAGE))
            }
            Self::BookedByHand { document, source, id, number, amount, reason, actor } => {
                let row = row_in_words(*document, source, id, LANGUAGE);
                let money = amount.map(|amount| format!(", {}", amount.in_words())).unwrap_or_default();
                format!(
                    "\"{actor}\" menandai {row} sudah dibukukan manual di Accurate, dokumen {number}{money}: {reason}"
                )
            }
            Self::NotByHand { document, source, id, actor } => {
                let row = row_in_words(*document, source, id, LANGUAGE);
                format!("\"{actor}\" mencabut tanda pada {row}")
            }
            Self::RowExcluded { document, source, id, reason, actor } => {
                let row = row_in_words(*document, source, id, LANGUAGE);
                format!("\"{actor}\" memutuskan {row} tidak dibukukan: {reason}")
            }
            Self::Booked { document, number, id, total } => {
                let document = document.in_words(LANGUAGE);
                format!("{document} {number} dibuat di Accurate (id {id}, {})", money(total))
            }
            Self::Removed { document, number, already_gone } => {
                let way = if *already_gone { "sudah tidak ada" } else { "dihapus" };
                format!("{} {number} {way} di Accurate", document.in_words(LANGUAGE))
            }
            Self::Reply { call, outcome, words } => {
                format!("{}: {}", call_in_words(call, LANGUAGE), reply_in_words(outcome, words, LANGUAGE))
            }
            Self::Invoiced { number, id, total, warnings } => format!(
                "faktur {number} {} di Accurate (id {id}, {}){}",
                if is_adopted(warnings) { "sudah ada" } else { "berhasil dibuat" },
                money(total),
                warned(warnings, "; mohon diperiksa: ", LANGUAGE)
            ),
            Self::Adopted { number, id, total } => format!(
                "faktur {number} sudah ada di Accurate (id {id}, {}). Pelanggan, tanggal, cabang, syarat pembayaran, \
                 gudang, barang, harga, diskon, ongkos kirim, pajak, dan totalnya sama dengan draf, sehingga faktur itu \
                 yang dipakai",
                money(total)
            ),
            Self::Postponed { until, outcome, words } => {
                format!("percobaan berikutnya {}: {}", moment(*until), reply_in_words(outcome, words, LANGUAGE))
            }
            Self::VoidDue { number } => format!("faktur {number} akan dihapus"),
            Self::Voided { number, already_gone: true } => {
                format!("faktur {number} ternyata sudah tidak ada di Accurate")
            }
            Self::Voided { number, .. } => format!("faktur {number} sudah dihapus"),
            Self::Kept { number } => format!("pesanan dibatalkan: faktur {number} tidak dihapus, sesuai pemetaan"),
            Self::Changed { about } => {
                format!("pesanan berubah setelah fakturnya dibuat: {}", about.in_words(LANGUAGE))
            }
            Self::Rearmed { actor } if actor.is_empty() => "dicoba lagi atas permintaan pengguna".to_owned(),
            Self::Rearmed { actor } => format!("dicoba lagi atas permintaan pengguna \"{actor}\""),
            Self::Decided { decision: None, reason, actor, .. } => {
                format!("\"{actor}\" mencabut keputusan sebelumnya{}", quoted(reason.as_deref(), ": "))
            }
            Self::Decided { decision: Some(decision), reason, document, actor } => format!(
                "\"{actor}\" memutuskan: {}{}{}",
                decision.in_words(LANGUAGE),
                quoted(document.as_deref(), ", dokumen "),
                quoted(reason.as_deref(), ": ")
            ),
            Self::FindingActed { .. } | Self::FindingClosed { .. } => self.about_a_finding(LANGUAGE),
            Self::Acknowledged { warning, actor } => {
                format!("\"{actor}\" menandai sudah dilihat: {}", clause(warning.sentence(LANGUAGE)))
            }
            Self::TriedAgain => "dicoba lagi secara otomatis".to_owned(),
            Self::NotDecided => "pesanan ini belum dapat diproses karena kesalahan pada program; rinciannya ada di log. \
                                 Pesanan diproses lagi saat webhook berikutnya masuk atau setelah program dijalankan ulang"
                .to_owned(),
            Self::Rechecked { subject } => rechecked(subject, LANGUAGE),
        }
    }
}

/// `, 3 times`; empty for one time.
fn repeated(times: i64, word: &str) -> String {
    if times == 1 { String::new() } else { format!(", {times} {word}") }
}

/// Why an order continues after a recheck. A closed day is only known to be open once an attempt succeeds.
fn rechecked(subject: &Subject, language: Language) -> String {
    let what = subject.in_words(language);
    match (subject, language) {
        (Subject::Day(_), Language::English) => format!("{what} is tried again"),
        (Subject::Day(_), Language::Indonesian) => format!("{what} dicoba lagi"),
        (_, Language::English) => format!("{what} is available in Accurate; the order continues"),
        (_, Language::Indonesian) => format!("{what} sudah tersedia di Accurate; pesanan diproses lagi"),
    }
}

/// A payout row or a return record, with its id at its source.
fn row_in_words(document: Kind, source: &str, id: &str, language: Language) -> String {
    let what = match (document, language) {
        (Kind::Return, Language::English) => "return",
        (Kind::Return, Language::Indonesian) => "retur",
        (_, Language::English) => "payout",
        (_, Language::Indonesian) => "pencairan dana",
    };
    format!("{what} {source} {id}")
}

/// The money of a row, in brackets. A return need not say what the buyer got back.
fn money_of_row(document: Kind, hundredths: i64) -> String {
    if document == Kind::Return && hundredths == 0 {
        return String::new();
    }
    format!(" ({})", Rupiah::from_hundredths(hundredths).in_words())
}

/// What was decided about a row.
fn decided_in_words(document: Kind, state: RowState, finding: Option<&Finding>, language: Language) -> String {
    let means = match (state, language) {
        (RowState::Unmatched, Language::English) => "no order has its number",
        (RowState::Unmatched, Language::Indonesian) => "tidak ada pesanan dengan nomor ini",
        (RowState::Waiting, Language::English) => "waits",
        (RowState::Waiting, Language::Indonesian) => "menunggu",
        (RowState::Due, Language::English) => "will be booked",
        (RowState::Due, Language::Indonesian) => "akan dibukukan",
        (RowState::Settled, Language::English) => "booked",
        (RowState::Settled, Language::Indonesian) => "sudah dibukukan",
        (RowState::Blocked, Language::English) => "needs attention",
        (RowState::Blocked, Language::Indonesian) => "perlu ditangani",
        (RowState::Ignored, Language::English) => "nothing is booked",
        (RowState::Ignored, Language::Indonesian) => "tidak dibukukan",
    };
    let why = finding.map(|finding| format!(": {}", listed(std::slice::from_ref(finding), document, language)));
    format!("{means}{}", why.unwrap_or_default())
}

/// A sentence for use inside another one: without its full stop, and with a small first letter unless it begins with a
/// name.
fn clause(sentence: &str) -> String {
    let sentence = sentence.trim_end_matches('.');
    if ["Accurate", "Forstok"].iter().any(|name| sentence.starts_with(name)) {
        return sentence.to_owned();
    }
    let mut letters = sentence.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

fn listed(findings: &[Finding], document: Kind, language: Language) -> String {
    let one = |finding: &Finding| {
        let sentence = finding.reason.sentence_about(document, language);
        format!("{} ({})", clause(&sentence), finding.about.in_words(language))
    };
    findings.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn warned(warnings: &[OrderWarning], before: &str, language: Language) -> String {
    let one =
        |one: &OrderWarning| format!("{} ({})", clause(one.warning.sentence(language)), one.about.in_words(language));
    let listed: Vec<_> = warnings.iter().map(one).collect();
    if listed.is_empty() { String::new() } else { format!("{before}{}", listed.join("; ")) }
}

/// These words followed by the text that a person typed; empty if nothing was typed.
fn quoted(text: Option<&str>, before: &str) -> String {
    text.map_or_else(String::new, |text| format!("{before}{text}"))
}

fn is_adopted(warnings: &[OrderWarning]) -> bool {
    warnings.iter().any(|one| one.warning == Warning::InvoiceAdopted)
}

/// A stored amount for people; a text that is not an amount is unchanged.
fn money(amount: &str) -> String {
    Rupiah::parse(amount).map_or_else(|_| amount.to_owned(), Rupiah::in_words)
}

/// A time in Jakarta, to the second.
fn moment(at: Timestamp) -> String {
    WIB.to_datetime(at).strftime("%d/%m/%Y %H:%M:%S WIB").to_string()
}
