//! Errors as pages: what is wrong, and what to do.

use std::time::Duration;

use askama::Template;
use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};

use jiff::SignedDuration;

use super::{
    back::{is_form, page_before},
    format,
    page::{Page, address, blocked, html},
};
use crate::{
    domain::manual::Refused,
    engine::forstok_reconciliation::NotImported,
    http::{App, problem::Problem, session, uniform::is_the_frameworks_refusal},
    importing::missing::NotTaken,
};

#[derive(Template)]
#[template(path = "failure.html")]
struct Failure {
    page: Page,
    heading: &'static str,
    sentence: String,
    remedy: &'static str,
    /// The name of the link that leads back, and where to.
    back: Option<(&'static str, String)>,
}

/// Shows a [`Problem`] as a page if the request asked for one; redirects a reader who is not signed in to `/login`.
pub(super) async fn as_page(State(app): State<App>, request: Request, next: Next) -> Response {
    let headers = request.headers().clone();
    let (method, here) = (request.method().clone(), request.uri().clone());
    let response = next.run(request).await;
    let for_tools = here.path().starts_with("/v1/") || !wants_page(&headers);
    if for_tools {
        return response;
    }
    let Some(problem) = problem_of(&response) else { return response };
    let here = here.path_and_query().map_or("/", |here| here.as_str());
    let before = page_before(&app, &headers, &method, here);
    if problem == Problem::TokenWrong {
        return to_sign_in(&method, here, before.as_deref(), &headers);
    }
    let page = Page::of_nobody(&app, &headers, here);
    let actor = session::actor(&app, &headers).await.ok().flatten();
    let blocked = if actor.is_some() { blocked(&app).await.unwrap_or(0) } else { 0 };
    let name =
        if is_form(&method) { page.t("Back to the form", "Kembali ke formulir") } else { page.t("Back", "Kembali") };
    let back = before.map(|before| (name, before));
    page_about(&problem, back, Page { actor, blocked, ..page }).unwrap_or(response)
}

/// Our own problem, or a refusal of the framework, which is in English.
fn problem_of(response: &Response) -> Option<Problem> {
    let by_framework = || Problem::ByFramework(response.status(), String::new());
    response.extensions().get().cloned().or_else(|| is_the_frameworks_refusal(response).then(by_framework))
}

fn wants_page(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepted.contains("text/html") || headers.contains_key("hx-request")
}

/// A page that updates itself must not show the sign-in form inside of it.
fn to_sign_in(method: &Method, here: &str, before: Option<&str>, headers: &HeaderMap) -> Response {
    // What was in the form is lost. The sign-in page says so, and leads back to the page with the form.
    let address = match before.filter(|_| is_form(method)) {
        Some(before) => address("/login", &[("next", before), ("lost", "1")]),
        None if here == "/" => "/login".to_owned(),
        None => address("/login", &[("next", here)]),
    };
    if headers.contains_key("hx-request")
        && let Ok(address) = HeaderValue::from_str(&address)
    {
        return (StatusCode::UNAUTHORIZED, [(HeaderName::from_static("hx-redirect"), address)]).into_response();
    }
    Redirect::to(&address).into_response()
}

fn page_about(problem: &Problem, back: Option<(&'static str, String)>, page: Page) -> Option<Response> {
    let (heading, sentence, remedy) = in_words(problem, &page);
    let page = html(&Failure { page, heading, sentence, remedy, back }).ok()?;
    Some((problem.status(), page).into_response())
}

/// That a document of ours books a row, whose number is left open.
fn booked_here(problem: &Problem, page: &Page) -> &'static str {
    if matches!(problem, Problem::CorrectedHere(_)) {
        page.t(
            "{} was created for this. Give this number once you have corrected the document in Accurate, even if you renumbered or replaced it there.",
            "{} dibuat untuk data ini. Isikan nomor tersebut setelah dokumennya Anda perbaiki di Accurate, termasuk bila nomornya Anda ubah atau dokumennya Anda ganti di sana.",
        )
    } else {
        page.t("{} already books this, or is about to.", "{} sudah atau segera membukukannya.")
    }
}

/// Heading, what is wrong, and what to do.
fn in_words(problem: &Problem, page: &Page) -> (&'static str, String, &'static str) {
    let not_found = page.t("Page not found", "Halaman tidak ditemukan");
    let did_not_work = page.t("This did not work", "Tidak berhasil");
    let correct_it = page.t("Go back, correct it and try again.", "Kembali, perbaiki, lalu coba lagi.");
    match problem {
        Problem::UnknownRoute | Problem::WrongMethod => {
            (not_found, page.t("There is nothing at this address.", "Tidak ada halaman di alamat ini.").to_owned(), from_today(page))
        }
        Problem::UnknownOrder(id) => (
            page.t("Order not found", "Pesanan tidak ditemukan"),
            page.t("Order {} is not known here.", "Pesanan {} tidak dikenal di sini.").replace("{}", id),
            page.t(
                "Search for it by its marketplace number. If it is not there, Forstok has not sent it yet.",
                "Cari dengan nomor marketplace-nya. Jika tidak ada, Forstok belum mengirimnya.",
            ),
        ),
        Problem::UnknownWarning { .. }
        | Problem::UnknownSnapshot { .. }
        | Problem::UnknownUnreadable(_)
        | Problem::UnknownRevision(_)
        | Problem::UnknownNumber(..)
        | Problem::UnknownRow { .. }
        | Problem::FindingChanged
        | Problem::MappingStale(_)
        | Problem::UnknownList { .. } => (
            page.t("No longer there", "Sudah tidak ada"),
            page.t(
                "The data you are looking for has changed, or is no longer stored.",
                "Data yang Anda cari sudah berubah, atau sudah tidak disimpan.",
            ).into(),
            page.t("Go back and load the page again.", "Kembali, lalu muat ulang halamannya."),
        ),
        Problem::NotImported(why) => (
            page.t("The order was not imported", "Pesanan tidak diimpor"),
            not_imported(why, page).to_owned(),
            later_or_from_a_file(page),
        ),
        Problem::RoleMissing { .. } => not_allowed(page),
        Problem::Refused(refused) => not_possible(refusal(*refused, page).to_owned(), page),
        Problem::BookedHere(number) | Problem::CorrectedHere(number) => {
            not_possible(booked_here(problem, page).replace("{}", number.as_str()), page)
        }
        Problem::OtherSite => (
            page.t("Refused", "Ditolak"),
            page.t("Another site sent this request.", "Permintaan ini dikirim oleh halaman situs lain.").to_owned(),
            page.t("Open the page in this service and try again.", "Buka halaman di layanan ini, lalu ulangi."),
        ),
        Problem::Closed => (
            page.t("Closed", "Tertutup"),
            page.t("Nobody can sign in yet.", "Belum ada yang dapat masuk.").to_owned(),
            page.t(
                "Set server.operator_token or add people under [operators] in the settings, then restart the service.",
                "Isi server.operator_token atau tambahkan pengguna di bagian [operators] pada pengaturan, lalu \
                 jalankan ulang layanan.",
            ),
        ),
        Problem::TooManyAttempts(wait) => (did_not_work, too_many(*wait, page), page.t("Then try again.", "Setelah itu coba lagi.")),
        Problem::WrongField(wrong) => (did_not_work, wrong.in_words(page.language), correct_it),
        Problem::TooLarge(_) | Problem::TooSlow => (
            did_not_work,
            page.t("The data is too large, or did not arrive in time.", "Data yang dikirim terlalu besar atau tidak tiba tepat waktu.").to_owned(),
            page.t("Go back and try again.", "Kembali, lalu coba lagi."),
        ),
        Problem::NotStored(_) | Problem::Unavailable | Problem::Crowded => (
            page.t("Not available right now", "Sedang tidak tersedia"),
            page.t("The database does not answer.", "Database tidak menjawab.").to_owned(),
            page.t(
                "Nothing was changed. Try again in a minute; if the problem remains, tell the person who runs this service.",
                "Tidak ada yang diubah. Coba lagi sebentar lagi; jika tetap begini, beri tahu pengelola layanan ini.",
            ),
        ),
        Problem::Broken => (
            page.t("Something went wrong", "Terjadi kesalahan"),
            page.t("This page could not be shown.", "Halaman ini tidak dapat ditampilkan.").to_owned(),
            page.t(
                "Try again. If it happens again, tell the person who runs this service; the log has the cause.",
                "Coba lagi. Jika terulang, beri tahu pengelola layanan ini; penyebabnya tercatat di log.",
            ),
        ),
        // Only programs cause these, and their own text is in English.
        Problem::SignatureMissing(_)
        | Problem::NotSetUp
        | Problem::SignatureWrong(_)
        | Problem::TokenWrong
        | Problem::BadRequest(_)
        | Problem::RevisionMissing
        | Problem::MappingWrong(_)
        | Problem::UnreadableFile(_)
        | Problem::ColumnsUnknown(_)
        | Problem::ByFramework(..) => (
            did_not_work,
            page.t(
                "The address or the form contains something that this page does not understand.",
                "Alamat atau formulir ini berisi sesuatu yang tidak dapat dipahami.",
            )
            .to_owned(),
            correct_it,
        ),
    }
}

fn not_possible(sentence: String, page: &Page) -> (&'static str, String, &'static str) {
    let remedy = page.t("Go back to the order and check its state.", "Kembali ke pesanan, lalu lihat statusnya.");
    (page.t("This is not possible", "Tidak dapat dilakukan"), sentence, remedy)
}

fn not_allowed(page: &Page) -> (&'static str, String, &'static str) {
    let sentence = page.t(
        "Your account can view everything but cannot change this.",
        "Akun Anda dapat melihat semuanya, tetapi tidak dapat mengubah ini.",
    );
    let remedy = page.t(
        "Ask the person who runs this service to give you another role, or ask a colleague who may do it.",
        "Minta pengelola layanan ini memberi Anda peran lain, atau minta rekan yang boleh melakukannya.",
    );
    (page.t("Not allowed", "Tidak diizinkan"), sentence.to_owned(), remedy)
}

fn from_today(page: &Page) -> &'static str {
    page.t("Check the address, or start from Today.", "Periksa alamatnya, atau mulai dari Hari ini.")
}

fn later_or_from_a_file(page: &Page) -> &'static str {
    page.t(
        "Try again a little later, or import the order from a file.",
        "Coba lagi beberapa saat lagi, atau impor pesanan dari berkas.",
    )
}

fn too_many(wait: Duration, page: &Page) -> String {
    let wait = format::duration(wait.try_into().unwrap_or(SignedDuration::MAX), page.language);
    let sentence =
        page.t("Too many wrong tokens were entered. Wait {}.", "Terlalu banyak token salah dimasukkan. Tunggu {}.");
    sentence.replace("{}", &wait)
}

/// Why an order could not be fetched from Forstok.
fn not_imported(why: &NotImported, page: &Page) -> &'static str {
    match why {
        NotImported::Off => page.t(
            "This service is not connected to Forstok's order API.",
            "Layanan ini tidak terhubung ke API pesanan Forstok.",
        ),
        NotImported::NotTaken(NotTaken::Failed(_)) => {
            page.t("Forstok did not return the order.", "Forstok tidak memberikan data pesanan.")
        }
        NotImported::NotTaken(NotTaken::NotListed) => page.t(
            "Forstok no longer lists the order as it was found. Run the comparison again.",
            "Forstok tidak lagi mencantumkan pesanan seperti saat ditemukan. Jalankan perbandingan lagi.",
        ),
        NotImported::NotTaken(NotTaken::WithoutProducts) => page.t(
            "Forstok lists the order without its products, so no invoice could be created from it.",
            "Forstok mencantumkan pesanan tanpa produknya, sehingga fakturnya tidak dapat dibuat.",
        ),
    }
}

/// Why a decision is refused.
fn refusal(refused: Refused, page: &Page) -> &'static str {
    match refused {
        Refused::AlreadyInvoiced => {
            page.t("This order already has an invoice in Accurate.", "Pesanan ini sudah memiliki faktur di Accurate.")
        }
        Refused::NothingToUndo => page.t("This order has no invoice.", "Pesanan ini tidak memiliki faktur."),
        Refused::NotVoided => {
            page.t("The invoice of this order was not deleted.", "Faktur pesanan ini tidak pernah dihapus.")
        }
        Refused::Voided => page.t(
            "The invoice of this order was deleted; it can only be created again.",
            "Faktur pesanan ini sudah dihapus; faktur hanya dapat dibuat ulang.",
        ),
        Refused::Cancelled => page.t(
            "The order was cancelled in Forstok, so it gets no invoice.",
            "Pesanan dibatalkan di Forstok, sehingga tidak dibuatkan faktur.",
        ),
        Refused::Deleting => page.t(
            "The invoice of this order is being deleted. Try again once that is done.",
            "Faktur pesanan ini sedang dihapus. Coba lagi setelah selesai.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::{
        domain::{money::Rupiah, reason::Language},
        http::wrong_field::WrongField,
    };

    fn words(problem: &Problem, language: Language) -> String {
        let page = Page {
            actor: None,
            language,
            now: Timestamp::UNIX_EPOCH,
            here: "/".to_owned(),
            blocked: 0,
            waiting: crate::web::to_do::Waiting::default(),
            is_in_shadow: false,
            done: None,
        };
        let (heading, sentence, remedy) = in_words(problem, &page);
        format!("{heading}. {sentence} {remedy}")
    }

    #[test]
    fn an_error_is_in_the_readers_language_on_a_page() {
        let wrong = [
            WrongField::NotOneOf { name: "state", word: "lost".to_owned(), all: "due, blocked".to_owned() },
            WrongField::NotADay { name: "from", word: "31/11".to_owned() },
            WrongField::NotAMonth { name: "month", word: "11".to_owned() },
            WrongField::Outside { name: "limit", text: "0".to_owned(), most: 500 },
            WrongField::NotAPlace { name: "cursor", cursor: "x".to_owned() },
            WrongField::TooLong { name: "reason", most: 500 },
            WrongField::Nul { name: "reason" },
            WrongField::ReasonMissing,
            WrongField::DocumentMissing,
            WrongField::NotAnAmount {
                text: "75.000".to_owned(),
                problem: "amount: \"75.000\" is ambiguous".to_owned(),
            },
            WrongField::AmountMissing,
            WrongField::AmountAbove { amount: Rupiah::whole(200_000), left: Rupiah::whole(150_000) },
        ];
        let others = [
            Problem::BadRequest("Failed to deserialize query string: the field is unknown".to_owned()),
            Problem::ByFramework(StatusCode::BAD_REQUEST, "the body is not a form".to_owned()),
            Problem::Broken,
            Problem::Unavailable,
            Problem::Crowded,
            Problem::NotStored("the change could not be stored".to_owned()),
            Problem::UnknownRoute,
            Problem::WrongMethod,
            Problem::TooLarge(1),
            Problem::TooManyAttempts(std::time::Duration::from_secs(30)),
            Problem::UnknownRevision("7".to_owned()),
            Problem::Refused(Refused::Voided),
            Problem::Refused(Refused::Cancelled),
        ];
        for problem in wrong.map(Problem::WrongField).into_iter().chain(others) {
            let (english, indonesian) = (words(&problem, Language::English), words(&problem, Language::Indonesian));
            for word in [" the ", " is ", " of ", " not ", " and ", " again", " longer ", " wait"] {
                let text = indonesian.to_lowercase();
                assert!(!text.contains(word), "{word:?} in {indonesian:?}");
            }
            assert_ne!(english, indonesian);
        }
    }
}
