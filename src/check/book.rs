//! Checks one book from outside: credentials, clock, rights, masters, customers, items. Nothing is saved or deleted.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde_json::json;

use super::{
    Finding,
    masters::{Masters, compare},
};
use crate::{
    accurate::{
        client::{Call, Session},
        customers,
        documents::Found,
        invoices::FoundInvoice,
        masters,
        outcome::{BookTrouble, Failure, Right},
        receipts::FoundReceipt,
        reply::Skipped,
        returns::FoundReturn,
    },
    domain::{
        document::Kind,
        mapping::{Mapping, OnCancel},
        masters::{Master, MasterKind},
    },
};

/// A clock that is off by more than this many seconds is reported; Accurate refuses calls at ten minutes (accurate.md
/// §1).
const CLOCK_WARNING: i64 = 60;

/// How often a call is repeated when Accurate asks to slow down.
const MOST_REPEATS: usize = 10;

/// An invoice number that no invoice has.
const UNUSED_NUMBER: &str = "forstok-accurate check";

/// What to do about credentials that were entered just now and are refused.
const TRY_OTHERS: (&str, &str) = (
    "copy both from Accurate again: the API Token that was created in this database, and the signature secret of the \
     app that it was created for",
    "salin lagi keduanya dari Accurate: API Token yang dibuat di database ini, dan signature secret dari aplikasi yang \
     dipakai saat membuatnya",
);

/// What to do about credentials that the service uses and that are refused.
const CHANGE_SETTINGS: (&str, &str) = (
    BookTrouble::TokenRefused.remedy(),
    "buat API Token baru di Accurate untuk aplikasi yang sama, lalu minta pengelola layanan memasangnya di pengaturan",
);

/// Tries credentials: which rights to read they lack, and whether the clock is right. If Accurate does not accept them,
/// the only finding says why.
pub async fn check_access(session: &Session) -> Result<Vec<Finding>, Finding> {
    let book = format!("book {}", session.name());
    let mut findings = Vec::new();
    let accounts = first_call(session, &book, TRY_OTHERS, &mut findings).await?;
    kept(accounts, &book, MasterKind::Accounts, &mut findings);
    for wanted in [MasterKind::Warehouses, MasterKind::Branches, MasterKind::Terms] {
        list(session, &book, wanted, &mut findings).await;
    }
    let one = [("sp.pageSize", "1")];
    for call in [
        Call::get("item/list", &one),
        Call::get("customer/list", &one),
        Call::get("sales-invoice/detail", &[("number", UNUSED_NUMBER)]),
    ] {
        findings.extend(refused_right(session, &book, &call).await);
    }
    Ok(findings)
}

/// Checks one book. `item_nos` are the items of waiting orders.
pub async fn check_book(session: &Session, mapping: &Mapping, item_nos: &BTreeSet<String>) -> Vec<Finding> {
    let book = format!("book {}", session.name());
    let mut findings = Vec::new();
    let accounts = match first_call(session, &book, CHANGE_SETTINGS, &mut findings).await {
        Ok(accounts) => accounts,
        Err(finding) => return vec![finding],
    };
    let masters = Masters {
        accounts: kept(accounts, &book, MasterKind::Accounts, &mut findings),
        warehouses: list(session, &book, MasterKind::Warehouses, &mut findings).await,
        branches: list(session, &book, MasterKind::Branches, &mut findings).await,
        payment_terms: list(session, &book, MasterKind::Terms, &mut findings).await,
    };
    findings.extend(compare(session.name(), mapping, &masters));
    let read = Call::get("sales-invoice/detail", &[("number", UNUSED_NUMBER)]);
    findings.extend(refused_right(session, &book, &read).await);
    check_customers(session, mapping, &mut findings).await;
    check_items(session, &book, item_nos, &mut findings).await;
    findings
}

/// The accounts. This first call shows whether others can succeed; if not, the error says why.
///
/// `if_refused` is what to do about a token that Accurate refuses, in English and in Indonesian.
async fn first_call(
    session: &Session,
    book: &str,
    if_refused: (&str, &str),
    findings: &mut Vec<Finding>,
) -> Result<Result<Vec<Master>, Failure>, Finding> {
    let accounts = match with_repeats(session, || masters::list(session, MasterKind::Accounts)).await {
        Err(failure @ (Failure::NotSent(_) | Failure::Ambiguous(_))) => {
            let address = session.account_url();
            let found = format!("Accurate does not answer: {}", failure.words());
            let finding =
                Finding::error(book, found, format!("make sure that this server reaches {address}, then try again"));
            return Err(finding.indonesian(
                "Accurate tidak menjawab",
                format!("pastikan server ini dapat menghubungi {address}, lalu coba lagi"),
            ));
        }
        Err(Failure::BookRefused(refusal)) => {
            let (remedy, in_indonesian) = match refusal.trouble {
                BookTrouble::TokenRefused => if_refused,
                BookTrouble::WrongClock => (
                    refusal.trouble.remedy(),
                    "setel jam server ini: selisihnya dengan jam Accurate lebih dari sepuluh menit",
                ),
            };
            let finding = Finding::error(book, format!("Accurate refuses access: {}", refusal.words), remedy);
            return Err(finding.indonesian(format!("Accurate menolak akses: {}", refusal.words), in_indonesian));
        }
        accounts => accounts,
    };
    let credentials = Finding::ok(book, "Accurate accepts the credentials");
    findings.push(credentials.indonesian("Accurate menerima kredensialnya", ""));
    findings.extend(clock(book, session));
    Ok(accounts)
}

fn clock(book: &str, session: &Session) -> Option<Finding> {
    let seconds = session.accurate_is_ahead()?.as_secs();
    if seconds.abs() <= CLOCK_WARNING {
        let agrees = Finding::ok(book, "this machine's clock agrees with Accurate's");
        return Some(agrees.indonesian("jam server ini sesuai dengan jam Accurate", ""));
    }
    let (direction, in_indonesian) = if seconds > 0 { ("behind", "lebih lambat") } else { ("ahead of", "lebih cepat") };
    let seconds = seconds.abs();
    let found = format!("this machine's clock is {seconds} s {direction} Accurate's");
    let remedy = "set the clock, for example with NTP; beyond 600 s Accurate refuses every call";
    Some(Finding::warning(book, found, remedy).indonesian(
        format!("jam server ini {seconds} detik {in_indonesian} daripada jam Accurate"),
        "setel jamnya, misalnya dengan NTP; jika selisihnya lebih dari 600 detik, Accurate menolak semua permintaan",
    ))
}

async fn list(session: &Session, book: &str, wanted: MasterKind, findings: &mut Vec<Finding>) -> Option<Vec<Master>> {
    let rows = with_repeats(session, || masters::list(session, wanted)).await;
    kept(rows, book, wanted, findings)
}

fn kept(
    rows: Result<Vec<Master>, Failure>,
    book: &str,
    wanted: MasterKind,
    findings: &mut Vec<Finding>,
) -> Option<Vec<Master>> {
    match rows {
        Ok(rows) => Some(rows),
        Err(failure) => {
            findings.push(refused(book, masters::call_of(wanted), &failure));
            None
        }
    }
}

/// The failure, with the name of the missing right if that is the cause.
fn refused(book: &str, call: &str, failure: &Failure) -> Finding {
    match failure {
        Failure::RightMissing(missing) => Finding::error(
            book,
            format!("the right for {call} is missing: {}", missing.words),
            "grant it in Accurate to the user who created the API Token",
        )
        .indonesian(
            format!("hak akses untuk {call} belum diberikan: {}", missing.words),
            "berikan hak akses ini di Accurate kepada pengguna yang membuat API Token",
        ),
        failure => Finding::error(
            book,
            format!("{call}: {}", failure.words()),
            "run the check again; if it fails again, contact Accurate's support",
        )
        .indonesian(
            format!("{call} gagal: {}", failure.words()),
            "periksa lagi; jika tetap gagal, hubungi dukungan Accurate",
        ),
    }
}

/// Tests the rights to save and delete, with calls that cannot be carried out: empty records, and an id that does not
/// exist.
pub async fn try_rights(session: &Session, mapping: &Mapping) -> Vec<Finding> {
    let book = format!("book {}", session.name());
    let mut calls = vec![Call::post("sales-invoice/save", &json!({}))];
    if mapping.create_missing_customers {
        calls.push(Call::post("customer/save", &json!({})));
    }
    if mapping.on_cancel == OnCancel::Void {
        calls.push(Call::delete("sales-invoice/delete", 0));
    }
    let (mut findings, mut given) = (Vec::new(), Vec::new());
    for call in calls {
        match refused_right(session, &book, &call).await {
            None => given.push(call.name),
            Some(finding) => findings.push(finding),
        }
    }
    if !given.is_empty() {
        let given = given.join(", ");
        let found = Finding::ok(book, format!("rights to write: {given}"));
        findings.push(found.indonesian(format!("hak akses untuk menyimpan dan menghapus: {given}"), ""));
    }
    findings
}

/// Tries rights that were missing, with calls that cannot be carried out. Returns those that are still missing, and the
/// rights that exist now.
pub async fn try_missing(session: &Session, rights: &[Right]) -> (Vec<Finding>, Vec<Right>) {
    let book = format!("book {}", session.name());
    let (mut findings, mut given) = (Vec::new(), Vec::new());
    for (right, call) in rights.iter().filter_map(|right| Some((*right, trial_of(*right)?))) {
        match refused_right(session, &book, &call).await {
            None => given.push(right),
            Some(finding) => findings.push(finding),
        }
    }
    (findings, given)
}

/// A call that needs a right and changes nothing: it saves an empty record, or names one that does not exist.
fn trial_of(right: Right) -> Option<Call> {
    let calls = |kind| match kind {
        Kind::Invoice => FoundInvoice::CALLS,
        Kind::Receipt => FoundReceipt::CALLS,
        Kind::Return => FoundReturn::CALLS,
    };
    Some(match right {
        Right::Save(kind) => Call::post(calls(kind).save, &json!({})),
        Right::Delete(kind) => Call::delete(calls(kind).delete, 0),
        Right::Read(kind) => Call::get(calls(kind).detail, &[("number", UNUSED_NUMBER)]),
        Right::CreateCustomers => Call::post("customer/save", &json!({})),
        Right::Other(call) if call.ends_with("/list") => Call::get(call, &[("sp.pageSize", "1")]),
        Right::Other(call) if call.ends_with("/detail") => Call::get(call, &[("no", UNUSED_NUMBER)]),
        Right::Other(_) => return None,
    })
}

/// Why a call is not permitted. If Accurate refuses only the content of a call, the right exists.
async fn refused_right(session: &Session, book: &str, call: &Call) -> Option<Finding> {
    match with_repeats(session, || session.call::<Skipped, Skipped>(call)).await {
        Ok(_) | Err(Failure::Refused(_) | Failure::UnknownText(_)) => None,
        Err(failure) => Some(refused(book, call.name, &failure)),
    }
}

async fn check_customers(session: &Session, mapping: &Mapping, findings: &mut Vec<Finding>) {
    for (id, store) in mapping.stores.iter().filter(|(_, store)| &store.book == session.name()) {
        let no = store.customer_no.as_deref().unwrap_or(id);
        let part = format!("stores.\"{id}\".customer_no");
        findings.push(match with_repeats(session, || customers::exists(session, no)).await {
            Ok(true) => Finding::ok(part, format!("customer {no}")).indonesian(format!("pelanggan {no}"), ""),
            Ok(false) if mapping.create_missing_customers => {
                Finding::ok(part, format!("customer {no} does not exist yet; the first invoice creates it"))
                    .indonesian(format!("pelanggan {no} belum ada dan akan dibuat bersama faktur pertamanya"), "")
            }
            Ok(false) => Finding::error(
                part,
                format!("customer {no} does not exist in Accurate"),
                "create it there, correct customer_no, or set create_missing_customers = true",
            )
            .indonesian(
                format!("pelanggan {no} tidak ada di Accurate"),
                "buat pelanggan dengan ID Pelanggan ini di Accurate, perbaiki ID Pelanggan di pemetaan, atau izinkan \
                 pembuatan pelanggan otomatis di pemetaan",
            ),
            Err(failure) => refused(&part, "customer/list", &failure),
        });
    }
}

async fn check_items(session: &Session, book: &str, item_nos: &BTreeSet<String>, findings: &mut Vec<Finding>) {
    let mut known = 0;
    for no in item_nos {
        match with_repeats(session, || masters::item_is_usable(session, no)).await {
            Ok(true) => known += 1,
            Ok(false) => findings.push(
                Finding::error(
                    book,
                    format!("item {no} of a waiting order does not exist in Accurate, or is suspended there"),
                    "create or activate it there, or map the SKU to another item number in [skus]",
                )
                .indonesian(
                    format!("barang {no} pada pesanan yang menunggu tidak ada atau nonaktif di Accurate"),
                    "buat atau aktifkan barang tersebut di Accurate (Barang & Jasa), atau petakan SKU-nya ke Kode Barang \
                     lain",
                ),
            ),
            Err(failure) => findings.push(refused(book, "item/detail", &failure)),
        }
    }
    if known > 0 {
        let found = Finding::ok(book, format!("{known} items of waiting orders are known"));
        findings.push(found.indonesian(format!("{known} barang pada pesanan yang menunggu ada di Accurate"), ""));
    }
}

/// A check may run at the same time as the service, which has the same limits: it waits whenever Accurate asks it to
/// slow down.
async fn with_repeats<T, F: Future<Output = Result<T, Failure>>>(
    session: &Session,
    make: impl Fn() -> F,
) -> Result<T, Failure> {
    for _ in 0..MOST_REPEATS {
        match make().await {
            Err(Failure::SlowDown(_)) => session.slow_down(SignedDuration::from_secs(1)),
            result => return result,
        }
    }
    make().await
}
