//! What a reply of Accurate means: the one place where its statuses and messages are told apart.
//!
//! Accurate says business errors with HTTP 200 and an Indonesian text (accurate.md §3), so the texts of that
//! section's table are what we have to go by.

use serde_json::Value;

use super::wire::{WireFault, WireReply};
use crate::domain::reason::Reason;

/// The envelope of a successful reply: `d`, `r`, `sp`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Envelope {
    /// Record of a detail, rows of a list, messages of a save.
    pub d: Value,
    /// Saved record of a save.
    pub r: Value,
    /// Paging of a list.
    pub sp: Value,
}

/// Why a call did not do what was asked.
#[derive(Clone, Debug, PartialEq)]
pub enum Failure {
    /// Accurate's limits: the same again a little later.
    SlowDown(String),
    /// It is certain that nothing reached Accurate.
    NotSent(String),
    /// Nobody knows whether it was done.
    Ambiguous(String),
    /// It was not done, and Accurate gives the reason in words that we know.
    Refused(Refusal),
    /// `"s":false` with words that we do not know: they prove nothing about a save (design.md §4).
    UnknownText(String),
    /// Accurate does not take calls for this book at all.
    BookRefused(BookRefusal),
    /// The user who made the token may not do this. Calls that need other rights still work.
    RightMissing(MissingRight),
}

/// Why Accurate takes no call for a book, with its own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookRefusal {
    /// What is wrong.
    pub trouble: BookTrouble,
    /// All messages as they came.
    pub words: String,
    /// Whether the call may still have been carried out.
    pub effect: Effect,
}

/// A right that a call needs and the token's user lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingRight {
    /// Which right.
    pub right: Right,
    /// All messages as they came.
    pub words: String,
    /// Whether the call may still have been carried out.
    pub effect: Effect,
}

/// What a refusal says about the call's effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The call was not carried out: Accurate itself says so.
    None,
    /// The call may have been carried out: a proxy can answer 401 or 403 after a save has passed it.
    Unknown,
}

/// The rights that our calls need. One that is missing stops the calls that need it, and no others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Right {
    /// To read sales invoices: every look-up needs it.
    ReadInvoices,
    /// To save sales invoices.
    SaveInvoices,
    /// To delete sales invoices.
    DeleteInvoices,
    /// To read and create customers.
    CreateCustomers,
    /// To read accounts, items and the other master lists.
    ReadMasters,
}

impl Right {
    /// The right that a call needs, by the call's name.
    pub fn of(call: &str) -> Self {
        match call {
            "sales-invoice/save" | "sales-invoice/bulk-save" => Self::SaveInvoices,
            "sales-invoice/delete" => Self::DeleteInvoices,
            "customer/save" | "customer/list" => Self::CreateCustomers,
            call if call.starts_with("sales-invoice/") => Self::ReadInvoices,
            _ => Self::ReadMasters,
        }
    }
}

/// What Accurate has against a call, with its own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What it means.
    pub meaning: Meaning,
    /// All its messages as they came.
    pub words: String,
}

/// What a refusal means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// The number, or the customer's number, is taken.
    Duplicate,
    /// There is no such record.
    NotFound,
    /// A person must act, for this reason.
    Person(Reason),
}

/// What is wrong with a whole book.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BookTrouble {
    /// Token revoked, wrong, or of another app.
    TokenRefused,
    /// This machine's clock is more than ten minutes off.
    WrongClock,
}

impl BookTrouble {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::TokenRefused, Self::WrongClock];

    /// A stable code for probes and pages.
    pub fn code(self) -> &'static str {
        match self {
            Self::TokenRefused => "token_refused",
            Self::WrongClock => "wrong_clock",
        }
    }

    /// What to do.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::TokenRefused => {
                "make a new API Token in Accurate for the same app and put it and the app's signature secret into the settings"
            }
            Self::WrongClock => "set this machine's clock: it differs from Accurate's by more than ten minutes",
        }
    }
}

impl Failure {
    /// One word for metrics and timeline.
    pub fn class(&self) -> &'static str {
        match self {
            Self::SlowDown(_) => "slow_down",
            Self::NotSent(_) => "not_sent",
            Self::Ambiguous(_) => "ambiguous",
            Self::Refused(_) => "refused",
            Self::UnknownText(_) => "unknown_text",
            Self::BookRefused(_) => "book_refused",
            Self::RightMissing(_) => "right_missing",
        }
    }

    /// Whether the call may have been carried out although it failed.
    pub fn leaves_doubt(&self) -> bool {
        match self {
            Self::Ambiguous(_) | Self::UnknownText(_) => true,
            Self::BookRefused(BookRefusal { effect, .. }) | Self::RightMissing(MissingRight { effect, .. }) => {
                *effect == Effect::Unknown
            }
            Self::SlowDown(_) | Self::NotSent(_) | Self::Refused(_) => false,
        }
    }

    /// The same for a call that was not made, because the one before it failed like this.
    #[must_use]
    pub fn of_a_call_not_made(mut self) -> Self {
        match &mut self {
            Self::Ambiguous(words) | Self::UnknownText(words) => return Self::NotSent(std::mem::take(words)),
            Self::BookRefused(BookRefusal { effect, .. }) | Self::RightMissing(MissingRight { effect, .. }) => {
                *effect = Effect::None;
            }
            Self::SlowDown(_) | Self::NotSent(_) | Self::Refused(_) => {}
        }
        self
    }

    /// What Accurate, or the way to it, said.
    pub fn words(&self) -> &str {
        match self {
            Self::SlowDown(words)
            | Self::NotSent(words)
            | Self::Ambiguous(words)
            | Self::UnknownText(words)
            | Self::Refused(Refusal { words, .. })
            | Self::BookRefused(BookRefusal { words, .. })
            | Self::RightMissing(MissingRight { words, .. }) => words,
        }
    }
}

/// What a fragment of a message leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    SlowDown,
    Ambiguous,
    Refused(Meaning),
    Book(BookTrouble),
    RightMissing,
}

/// Fragments of accurate.md §1 to §3 and what they mean. The first that is found in any message counts,
/// so what concerns the whole book stands before what concerns one order.
const FRAGMENTS: &[(&str, Class)] = {
    use self::{BookTrouble as Book, Class as C, Meaning as M, Reason as R};
    &[
        ("request per detik", C::SlowDown),
        ("paralel", C::SlowDown),
        ("X-Api-Timestamp", C::Book(Book::WrongClock)),
        ("X-Api Timestamp", C::Book(Book::WrongClock)),
        ("X-Api-Signature", C::Book(Book::TokenRefused)),
        ("Invalid or Revoked API Token", C::Book(Book::TokenRefused)),
        ("invalid_token", C::Book(Book::TokenRefused)),
        ("Unauthorized", C::Book(Book::TokenRefused)),
        ("Data Session Key tidak tepat", C::Book(Book::TokenRefused)),
        ("insufficient_scope", C::RightMissing),
        ("Anda tidak mempunyai hak untuk", C::RightMissing),
        ("Upsss", C::Ambiguous),
        ("terdeteksi terproses dua kali", C::Ambiguous),
        ("Unable to acquire JDBC Connection", C::Ambiguous),
        ("java.lang.RuntimeException", C::Ambiguous),
        ("Sudah ada data lain dengan", C::Refused(M::Duplicate)),
        ("Faktur Penjualan tidak tepat", C::Refused(M::NotFound)),
        ("harus diisi", C::Refused(M::Person(R::RefusedByAccurate))),
        ("Karakter yang diperbolehkan", C::Refused(M::Person(R::RefusedByAccurate))),
        ("Maksimal", C::Refused(M::Person(R::RefusedByAccurate))),
        ("Profil pengguna anda memiliki akses ke lebih dari satu cabang", C::Refused(M::Person(R::BranchRequired))),
        ("Tanggal transaksi tidak dapat lebih kecil", C::Refused(M::Person(R::PeriodClosed))),
        ("Diskon tidak boleh melebihi nilai sub total", C::Refused(M::Person(R::DiscountAboveSubtotal))),
        ("Detail dari transaksi belum diisi", C::Refused(M::Person(R::NoLines))),
        ("berstatus Non Aktif", C::Refused(M::Person(R::AccountInactive))),
    ]
};

/// `<kind> X tidak ditemukan atau sudah dihapus`: which kind means what. An unknown kind is shown as it came.
const NOT_FOUND: &[(&str, Reason)] = &[
    ("Pelanggan ", Reason::CustomerNotFound),
    ("Barang & Jasa ", Reason::ItemNotFound),
    ("Akun ", Reason::AccountUnmapped),
    ("Gudang ", Reason::WarehouseUnmapped),
    ("Cabang ", Reason::BranchRequired),
];

/// Reads the reply to a call with this name, or the lack of one.
pub fn read(call: &str, result: Result<WireReply, WireFault>) -> Result<Envelope, Failure> {
    let reply = match result {
        Ok(reply) => reply,
        Err(WireFault::NotSent(words)) => return Err(Failure::NotSent(words)),
        Err(WireFault::TooLate) => return Err(Failure::SlowDown(WireFault::TooLate.to_string())),
        Err(WireFault::Lost(words)) => return Err(Failure::Ambiguous(words)),
    };
    if reply.status == 429 {
        return Err(Failure::SlowDown("HTTP 429".to_owned()));
    }
    let json: Option<Value> = serde_json::from_slice(&reply.body).ok();
    let success = json.as_ref().and_then(|json| json.get("s")).and_then(Value::as_bool);
    if let (Some(true), 200..=299, Some(mut json)) = (success, reply.status, json.clone()) {
        let mut take = |key: &str| json.get_mut(key).map(Value::take).unwrap_or_default();
        return Ok(Envelope { d: take("d"), r: take("r"), sp: take("sp") });
    }
    let messages = json.as_ref().map(messages_of).unwrap_or_default();
    Err(failure(call, reply.status, success, &messages, &reply.body))
}

/// Reads the reply to a bulk of `sent` elements: one result each, in the order sent (accurate.md §3, B).
///
/// The outer failure stands for all of them: the bulk was refused as a whole, or nobody knows.
pub fn read_many(
    call: &str,
    result: Result<WireReply, WireFault>,
    sent: usize,
) -> Result<Vec<Result<Envelope, Failure>>, Failure> {
    let elements = match &result {
        // The outer `s` is false when any element failed, so it says nothing about the others.
        Ok(reply) if (200..=299).contains(&reply.status) => serde_json::from_slice::<Value>(&reply.body)
            .ok()
            .and_then(|mut json| serde_json::from_value::<Vec<Value>>(json.get_mut("d")?.take()).ok())
            .filter(|elements| !elements.is_empty() && elements.iter().all(Value::is_object)),
        _ => None,
    };
    let Some(elements) = elements else {
        read(call, result)?;
        return Err(Failure::Ambiguous("the reply to the bulk does not say what became of its elements".to_owned()));
    };
    if elements.len() != sent {
        return Err(Failure::Ambiguous(format!("{sent} invoices were sent, the reply tells of {}", elements.len())));
    }
    Ok(elements.into_iter().map(|element| read_element(call, element)).collect())
}

fn read_element(call: &str, mut element: Value) -> Result<Envelope, Failure> {
    let mut take = |key: &str| element.get_mut(key).map(Value::take).unwrap_or_default();
    match take("s") {
        Value::Bool(true) => Ok(Envelope { d: take("d"), r: take("r"), sp: Value::Null }),
        success => Err(failure(call, 200, success.as_bool(), &messages_of(&element), b"")),
    }
}

fn failure(call: &str, status: u16, success: Option<bool>, messages: &[String], body: &[u8]) -> Failure {
    let words = if messages.is_empty() { excerpt(status, body) } else { messages.join(" · ") };
    // Only Accurate answers a call with HTTP 200; a 401 or 403 may come from a proxy that the call has passed.
    let effect = if (200..=299).contains(&status) { Effect::None } else { Effect::Unknown };
    let right_missing = |words| Failure::RightMissing(MissingRight { right: Right::of(call), words, effect });
    let book = |trouble, words| Failure::BookRefused(BookRefusal { trouble, words, effect });
    match class_of(messages) {
        Some(Class::SlowDown) => return Failure::SlowDown(words),
        Some(Class::Ambiguous) => return Failure::Ambiguous(words),
        Some(Class::Book(trouble)) => return book(trouble, words),
        Some(Class::RightMissing) => return right_missing(words),
        Some(Class::Refused(meaning)) if status < 500 => return Failure::Refused(Refusal { meaning, words }),
        Some(Class::Refused(_)) | None => {}
    }
    match status {
        401 => book(BookTrouble::TokenRefused, words),
        403 => right_missing(words),
        200..=299 | 400 | 402 | 405..=499 if success == Some(false) => Failure::UnknownText(words),
        // A wrong address or an unknown move: the call itself did not take place.
        300..=399 | 404 => Failure::NotSent(words),
        _ => Failure::Ambiguous(words),
    }
}

fn class_of(messages: &[String]) -> Option<Class> {
    let any_holds = |fragment: &str| messages.iter().any(|message| message.contains(fragment));
    // A missing customer can be helped by ourselves, so it is told before what else may be missing.
    let mut missing = NOT_FOUND.iter().filter(|(kind, _)| {
        messages.iter().any(|message| message.contains("tidak ditemukan") && message.starts_with(kind))
    });
    let listed = FRAGMENTS.iter().find(|(fragment, _)| any_holds(fragment)).map(|(_, class)| *class);
    listed.or_else(|| missing.next().map(|(_, reason)| Class::Refused(Meaning::Person(*reason))))
}

/// The texts of `d`, or of an OAuth error, wherever they stand.
fn messages_of(json: &Value) -> Vec<String> {
    let texts = |value: &Value| match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(values) => values.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    let keys = ["d", "error", "error_description", "message"];
    keys.iter().filter_map(|key| json.get(key)).flat_map(texts).collect()
}

/// The beginning of a body that is not an envelope, for the timeline.
fn excerpt(status: u16, body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(400)]);
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text: String = text.chars().take(160).collect();
    if text.is_empty() { format!("HTTP {status}, empty") } else { format!("HTTP {status}: {text}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAVE: &str = "sales-invoice/save";

    fn reply(status: u16, body: &str) -> Result<Envelope, Failure> {
        read(SAVE, Ok(WireReply { status, location: None, date: None, body: body.to_owned().into() }))
    }

    fn said(message: &str) -> Failure {
        reply(200, &serde_json::json!({"s": false, "d": [message]}).to_string()).expect_err("a failure")
    }

    #[test]
    fn every_message_of_the_fact_sheet_leads_to_its_outcome() {
        let person = |reason: Reason| format!("refused {reason}");
        let table = [
            ("Sudah ada data lain dengan No Faktur # \"231127PECAFY4J\"", "refused duplicate".to_owned()),
            ("Sudah ada data lain dengan ID Pelanggan # \"8277\"", "refused duplicate".to_owned()),
            ("Barang & Jasa AAA tidak ditemukan atau sudah dihapus", person(Reason::ItemNotFound)),
            ("Pelanggan 8277 tidak ditemukan atau sudah dihapus", person(Reason::CustomerNotFound)),
            ("Akun 700101 tidak ditemukan atau sudah dihapus", person(Reason::AccountUnmapped)),
            ("Gudang Utama tidak ditemukan atau sudah dihapus", person(Reason::WarehouseUnmapped)),
            ("Cabang Pusat tidak ditemukan atau sudah dihapus", person(Reason::BranchRequired)),
            ("Akun X berstatus Non Aktif. Akun ini tidak dapat digunakan", person(Reason::AccountInactive)),
            ("Faktur Penjualan tidak tepat", "refused not found".to_owned()),
            ("Kode Barang harus diisi", person(Reason::RefusedByAccurate)),
            ("Profil pengguna anda memiliki akses ke lebih dari satu cabang", person(Reason::BranchRequired)),
            ("Tanggal transaksi tidak dapat lebih kecil dari 01/01/2020", person(Reason::PeriodClosed)),
            ("Diskon tidak boleh melebihi nilai sub total", person(Reason::DiscountAboveSubtotal)),
            ("Detail dari transaksi belum diisi!", person(Reason::NoLines)),
            ("Karakter yang diperbolehkan a-z", person(Reason::RefusedByAccurate)),
            ("No Faktur Maksimal 30 karakter", person(Reason::RefusedByAccurate)),
            ("Transaksi terdeteksi terproses dua kali", "ambiguous".to_owned()),
            ("Anda tidak mempunyai hak untuk membuat Faktur Penjualan", "right_missing".to_owned()),
            ("Unable to acquire JDBC Connection", "ambiguous".to_owned()),
            ("java.lang.RuntimeException: x", "ambiguous".to_owned()),
            ("Upsss... Telah terjadi permasalahan. Kode Referensi: 1", "ambiguous".to_owned()),
            ("Melebihi batas 8 request per detik", "slow_down".to_owned()),
            ("Melebihi batas proses paralel", "slow_down".to_owned()),
            ("Invalid or Revoked API Token", "book token_refused".to_owned()),
            ("Header X-Api-Signature is required", "book token_refused".to_owned()),
            ("Header X-Api-Signature invalid: Require Application 'x' signature", "book token_refused".to_owned()),
            ("Header X-Api-Timestamp is invalid", "book wrong_clock".to_owned()),
            ("Header X-Api Timestamp difference more than 600 seconds with Server Time", "book wrong_clock".to_owned()),
            ("Data Session Key tidak tepat", "book token_refused".to_owned()),
            ("Something nobody has seen", "unknown_text".to_owned()),
        ];
        for (message, expected) in table {
            let failure = said(message);
            let seen = match &failure {
                Failure::Refused(Refusal { meaning: Meaning::Person(reason), .. }) => person(*reason),
                Failure::Refused(Refusal { meaning: Meaning::Duplicate, .. }) => "refused duplicate".to_owned(),
                Failure::Refused(Refusal { meaning: Meaning::NotFound, .. }) => "refused not found".to_owned(),
                Failure::BookRefused(refusal) => format!("book {}", refusal.trouble.code()),
                other => other.class().to_owned(),
            };
            assert_eq!(seen, expected, "{message}");
            assert_eq!(failure.words(), message, "the words must be shown as they came");
        }
    }

    #[test]
    fn success_hands_out_the_envelope() {
        let envelope = reply(200, r#"{"s":true,"d":["Faktur berhasil disimpan"],"r":{"id":1}}"#).expect("success");
        assert_eq!(envelope.r["id"], serde_json::json!(1));
    }

    #[test]
    fn statuses_without_a_known_message_have_their_outcome() {
        let table = [
            (429, "", "slow_down"),
            (401, r#"{"error":"invalid_token"}"#, "book_refused"),
            (401, "<html>", "book_refused"),
            (403, r#"{"error":"insufficient_scope"}"#, "right_missing"),
            (404, r#"{"s":false,"d":["URL API tidak tepat"]}"#, "not_sent"),
            (308, "", "not_sent"),
            (500, "", "ambiguous"),
            (502, "<html>Bad Gateway</html>", "ambiguous"),
            (503, r#"{"s":false,"d":["Sudah ada data lain dengan No Faktur"]}"#, "ambiguous"),
            (200, "<html>maintenance</html>", "ambiguous"),
            (200, "", "ambiguous"),
            (200, r#"{"s":"#, "ambiguous"),
            (500, r#"{"s":true}"#, "ambiguous"),
        ];
        for (status, body, expected) in table {
            assert_eq!(reply(status, body).expect_err("a failure").class(), expected, "{status} {body}");
        }
    }

    #[test]
    fn whether_anything_was_sent_is_kept_apart() {
        let not_sent = read(SAVE, Err(WireFault::NotSent("refused".to_owned())));
        assert_eq!(not_sent, Err(Failure::NotSent("refused".to_owned())));
        let lost = read(SAVE, Err(WireFault::Lost("cut".to_owned())));
        assert_eq!(lost, Err(Failure::Ambiguous("cut".to_owned())));
    }

    #[test]
    fn a_missing_customer_is_told_before_a_missing_item() {
        let failure = reply(
            200,
            r#"{"s":false,"d":["Barang & Jasa X tidak ditemukan atau sudah dihapus","Pelanggan 1 tidak ditemukan"]}"#,
        );
        let meaning = Meaning::Person(Reason::CustomerNotFound);
        assert!(matches!(failure, Err(Failure::Refused(refusal)) if refusal.meaning == meaning));
    }

    #[test]
    fn what_proves_nothing_about_a_save_leaves_doubt() {
        let doubtful = [
            (401, r#"{"error":"invalid_token"}"#),
            (401, "<html>"),
            (403, "<html>"),
            (500, ""),
            (200, r#"{"s":false,"d":["Something nobody has seen"]}"#),
        ];
        for (status, body) in doubtful {
            assert!(reply(status, body).expect_err("a failure").leaves_doubt(), "{status} {body}");
        }
        for certain in ["Invalid or Revoked API Token", "Anda tidak mempunyai hak untuk x", "Kode Barang harus diisi"] {
            assert!(!said(certain).leaves_doubt(), "{certain}");
        }
    }

    fn many(status: u16, body: &str) -> Result<Vec<Result<Envelope, Failure>>, Failure> {
        read_many(SAVE, Ok(WireReply { status, location: None, date: None, body: body.to_owned().into() }), 2)
    }

    #[test]
    fn each_element_of_a_bulk_has_its_own_outcome_whatever_the_whole_says() {
        let good = r#"{"s":true,"d":["berhasil disimpan"],"r":{"id":1}}"#;
        let bad = r#"{"s":false,"d":["Sudah ada data lain dengan No Faktur"]}"#;
        for whole in ["true", "false"] {
            let results = many(200, &format!(r#"{{"s":{whole},"d":[{good},{bad}]}}"#)).expect("told one by one");
            assert_eq!(results[0].as_ref().map(|element| element.r["id"].clone()), Ok(serde_json::json!(1)));
            assert_eq!(results[1].as_ref().expect_err("refused").class(), "refused");
        }
    }

    #[test]
    fn a_bulk_whose_elements_are_not_told_apart_is_never_taken_for_saved() {
        let table = [
            (200, r#"{"s":false,"d":["data harus diisi"]}"#, "refused"),
            (200, r#"{"s":true,"d":["berhasil disimpan"]}"#, "ambiguous"),
            (200, r#"{"s":true,"d":[]}"#, "ambiguous"),
            (200, r#"{"s":true,"d":[{"s":true}]}"#, "ambiguous"),
            (200, "<html>", "ambiguous"),
            (200, r#"{"s":false,"d":["Upsss..."]}"#, "ambiguous"),
            (502, "", "ambiguous"),
            (429, "", "slow_down"),
            (404, r#"{"s":false,"d":["URL API tidak tepat"]}"#, "not_sent"),
        ];
        for (status, body, class) in table {
            assert_eq!(many(status, body).expect_err("all of them").class(), class, "{status} {body}");
        }
        let unclear = many(200, r#"{"s":false,"d":[{},{"s":true}]}"#).expect("told one by one");
        assert_eq!(unclear[0].as_ref().expect_err("unclear").class(), "ambiguous");
    }
}
