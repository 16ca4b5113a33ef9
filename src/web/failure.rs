//! What went wrong, as a page for a browser: in words, with what to do.

use askama::Template;
use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};

use super::page::{Page, address, html};
use crate::{
    domain::manual::Refused,
    http::{App, problem::Problem, session},
};

#[derive(Template)]
#[template(path = "failure.html")]
struct Failure {
    page: Page,
    heading: &'static str,
    sentence: String,
    remedy: &'static str,
}

/// Shows a [`Problem`] as a page to whoever asked for one; sends whoever is not signed in to do that first.
pub(super) async fn as_page(State(app): State<App>, request: Request, next: Next) -> Response {
    let headers = request.headers().clone();
    let (method, here) = (request.method().clone(), request.uri().clone());
    let response = next.run(request).await;
    let for_tools = here.path().starts_with("/v1/") || !wants_page(&headers);
    let Some(problem) = response.extensions().get::<Problem>().filter(|_| !for_tools).cloned() else { return response };
    let here = here.path_and_query().map_or("/", |here| here.as_str());
    if problem == Problem::TokenWrong {
        return to_sign_in(&method, here, &headers);
    }
    let page = Page::of_nobody(&app, &headers, here);
    let actor = session::actor(&app, &headers).await.ok().flatten();
    page_about(&problem, Page { actor, ..page }).unwrap_or(response)
}

fn wants_page(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepted.contains("text/html") || headers.contains_key("hx-request")
}

/// A page that updates itself must not show the sign-in form inside of it.
fn to_sign_in(method: &Method, here: &str, headers: &HeaderMap) -> Response {
    // What was to be sent is lost; the page that it came from is where to go on.
    let next = if method == Method::GET { here } else { "/" };
    let address = if next == "/" { "/login".to_owned() } else { address("/login", &[("next", next)]) };
    if headers.contains_key("hx-request")
        && let Ok(address) = HeaderValue::from_str(&address)
    {
        return (StatusCode::UNAUTHORIZED, [(HeaderName::from_static("hx-redirect"), address)]).into_response();
    }
    Redirect::to(&address).into_response()
}

fn page_about(problem: &Problem, page: Page) -> Option<Response> {
    let (heading, sentence, remedy) = match problem {
        Problem::UnknownRoute => (
            page.t("Page not found", "Halaman tidak ditemukan"),
            page.t("There is nothing at this address.", "Tidak ada apa-apa di alamat ini.").to_owned(),
            page.t("Check the address, or start from Today.", "Periksa alamatnya, atau mulai dari Hari ini."),
        ),
        Problem::UnknownOrder(id) => (
            page.t("Order not found", "Pesanan tidak ditemukan"),
            page.t("Order {} is not known here.", "Pesanan {} tidak dikenal di sini.").replace("{}", id),
            page.t(
                "Search for it by its marketplace number. If it is not there, Forstok has not sent it yet.",
                "Cari dengan nomor marketplace-nya. Jika tidak ada, Forstok belum mengirimnya.",
            ),
        ),
        Problem::RoleMissing { .. } => (
            page.t("Not allowed", "Tidak diizinkan"),
            page.t("Your account may look at everything but not change this.", "Akun Anda boleh melihat semuanya, tetapi tidak boleh mengubah ini.")
                .to_owned(),
            page.t(
                "Ask the person who runs this service to give you another role, or ask a colleague who may do it.",
                "Minta pengelola layanan ini memberi Anda peran lain, atau minta rekan yang boleh melakukannya.",
            ),
        ),
        Problem::Refused(refused) => (
            page.t("This is not possible", "Tidak dapat dilakukan"),
            refusal(*refused, &page).to_owned(),
            page.t("Go back to the order and look at its state.", "Kembali ke pesanan dan lihat statusnya."),
        ),
        Problem::OtherSite => (
            page.t("Refused", "Ditolak"),
            page.t("This was sent by a page of another site.", "Permintaan ini dikirim oleh halaman situs lain.").to_owned(),
            page.t("Open the page here and do it again.", "Buka halamannya di sini lalu ulangi."),
        ),
        Problem::Closed => (
            page.t("Closed", "Tertutup"),
            page.t("Nobody can sign in yet.", "Belum ada yang dapat masuk.").to_owned(),
            page.t(
                "Set server.operator_token in the settings, then start the service again.",
                "Isi server.operator_token di pengaturan, lalu jalankan ulang layanan.",
            ),
        ),
        Problem::NotStored(_) | Problem::Unavailable | Problem::Crowded => (
            page.t("Not available right now", "Sedang tidak tersedia"),
            page.t("The database does not answer as it should.", "Database tidak menjawab sebagaimana mestinya.").to_owned(),
            page.t(
                "Nothing was changed. Try again in a minute; if it stays like this, tell the person who runs this service.",
                "Tidak ada yang diubah. Coba lagi sebentar lagi; jika tetap begini, beri tahu pengelola layanan ini.",
            ),
        ),
        Problem::Broken => (
            page.t("Something went wrong", "Terjadi kesalahan"),
            page.t("This page could not be shown.", "Halaman ini tidak dapat ditampilkan.").to_owned(),
            page.t(
                "Try again. If it happens again, tell the person who runs this service; the log says what happened.",
                "Coba lagi. Jika terulang, beri tahu pengelola layanan ini; penyebabnya tercatat di log.",
            ),
        ),
        other => (
            page.t("This did not work", "Tidak berhasil"),
            other.to_string(),
            page.t("Go back, correct it and try again.", "Kembali, perbaiki, lalu coba lagi."),
        ),
    };
    let page = html(&Failure { page, heading, sentence, remedy }).ok()?;
    Some((problem.status(), page).into_response())
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
