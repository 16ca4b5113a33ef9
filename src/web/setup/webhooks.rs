//! The first step: the address and the key for Forstok, and the first webhook.

use std::sync::Arc;

use axum::{
    Extension, Form,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Redirect, Response},
};
use secrecy::SecretString;
use serde::Deserialize;

use super::{Origin, Trouble, shown};
use crate::{
    forstok::{
        recognise::Way,
        signature::{Encoding, Scheme},
    },
    http::{App, auth::By, problem::Problem},
    setup::{Change, Why, new_webhook_key},
    web::{
        connection::Checks,
        page::{Page, address},
    },
};

/// The number of this step.
const STEP: usize = 1;

/// Where webhooks are taken.
const PATH: &str = "/webhooks/forstok";

/// Keys that are accepted at a time: the newest, and the one before it until Forstok uses the newest.
const MOST_KEYS: usize = 2;

/// Shortest and longest key that somebody may enter.
const LENGTHS: std::ops::RangeInclusive<usize> = 16..=200;

pub(super) struct Webhooks {
    /// The address for Forstok.
    pub(super) address: String,
    /// The address can be reached from this machine or its network only.
    pub(super) is_local: bool,
    pub(super) origin: Origin,
    /// The key that was generated just now.
    pub(super) new_key: Option<String>,
    /// An earlier key is accepted too.
    pub(super) has_earlier_key: bool,
    /// How webhooks must prove themselves now.
    pub(super) way: String,
    /// The way that a refused webhook has shown.
    pub(super) recognised: Option<Recognised>,
    /// When the latest webhook without any proof came, and what was wrong.
    pub(super) refused: Option<(String, &'static str)>,
    /// When the latest webhook was taken.
    pub(super) received: Option<String>,
}

/// A way of proof that an admin may confirm.
pub(super) struct Recognised {
    pub(super) at: String,
    pub(super) way: String,
    /// Names it in the form.
    pub(super) code: String,
    /// The settings say how webhooks prove themselves, so it must be changed there.
    pub(super) settings: Option<String>,
}

impl Webhooks {
    pub(super) async fn new(
        app: &App,
        headers: &HeaderMap,
        new_key: Option<String>,
        page: &Page,
    ) -> Result<Self, Problem> {
        let proofs = app.proofs.get();
        let seen = app.first_webhook().seen();
        let (base, is_local) = base(app, headers);
        let way = Way { scheme: proofs.verifier.scheme.clone(), header: proofs.verifier.header.clone() };
        let by_settings = proofs.sources.way_is_in_settings || proofs.sources.file.is_none();
        let recognised = seen.recognised.map(|(at, way)| Recognised {
            at: page.moment(at),
            way: in_words(&way, page),
            code: as_settings(&way),
            settings: by_settings.then(|| as_settings(&way)),
        });
        Ok(Self {
            address: format!("{base}{PATH}"),
            is_local,
            origin: Origin::new(app, proofs.sources.webhook, page),
            new_key,
            has_earlier_key: proofs.verifier.secrets.len() > 1,
            way: in_words(&way, page),
            recognised,
            refused: seen.refused.map(|(at, why)| (page.moment(at), why_in_words(why, page))),
            received: app.newest_webhook().await?.map(|at| page.moment(at)),
        })
    }
}

/// The address at which webhooks arrive, as far as it is known here, and whether it is not a public one.
fn base(app: &App, headers: &HeaderMap) -> (String, bool) {
    if let (Some(url), None) = (&app.public_url, app.webhook_port) {
        return (url.as_str().trim_end_matches('/').to_owned(), false);
    }
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(header::HOST.as_str()).unwrap_or_default();
    if let Some(port) = app.webhook_port {
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        return (format!("http://{name}:{port}"), true);
    }
    let scheme = if text("x-forwarded-proto") == Some("https") { "https" } else { "http" };
    (format!("{scheme}://{host}"), scheme == "http")
}

/// How a webhook proves itself, as the end of a sentence.
fn in_words(way: &Way, page: &Page) -> String {
    let header = way.header_as_written();
    let text = match (&way.scheme, way.time_as_written()) {
        (Scheme::SharedKey, _) => {
            page.t("the key itself in the header {}", "kunci itu sendiri di header {}").to_owned()
        }
        (Scheme::Hmac { encoding, .. }, None) => page
            .t("a signature (HMAC-SHA256, {e}) in the header {}", "tanda tangan (HMAC-SHA256, {e}) di header {}")
            .replace("{e}", written(*encoding)),
        (Scheme::Hmac { encoding, .. }, Some(time)) => page
            .t(
                "a signature (HMAC-SHA256, {e}) in the header {}, which also covers the time in the header {t}",
                "tanda tangan (HMAC-SHA256, {e}) di header {}, yang juga mencakup waktu di header {t}",
            )
            .replace("{e}", written(*encoding))
            .replace("{t}", &time),
    };
    text.replace("{}", &header)
}

fn written(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Hex => "hex",
        Encoding::Base64 => "base64",
    }
}

/// As the keys of `[forstok.webhook]`.
fn as_settings(way: &Way) -> String {
    let header = way.header_as_written();
    match &way.scheme {
        Scheme::SharedKey => format!("scheme = \"shared-key\", header = \"{header}\""),
        Scheme::Hmac { encoding, .. } => {
            let encoding = written(*encoding);
            let time = way.time_as_written().map(|time| format!(", timestamp_header = \"{time}\"")).unwrap_or_default();
            format!("scheme = \"hmac-sha256\", header = \"{header}\", encoding = \"{encoding}\"{time}")
        }
    }
}

fn why_in_words(why: Why, page: &Page) -> &'static str {
    match why {
        Why::NoKeyYet => page.t(
            "It arrived before a key was set, so it was not stored. Its order arrives with its next change in Forstok.",
            "Webhook itu tiba sebelum ada kunci, sehingga tidak disimpan. Pesanannya masuk saat berubah lagi di Forstok.",
        ),
        Why::NoProof => page.t(
            "None of its headers contained the key or a signature made with it. Check in Forstok whether the key is entered.",
            "Tidak ada header yang berisi kunci atau tanda tangan dari kunci itu. Periksa di Forstok apakah kunci sudah diisi.",
        ),
        Why::OtherKey => page.t(
            "It was sent with another key. Paste the key into Forstok again, or generate a new one here.",
            "Webhook itu dikirim dengan kunci lain. Tempel lagi kuncinya di Forstok, atau buat kunci baru di sini.",
        ),
        Why::WrongTime => page.t(
            "Its time differs from this server's clock by more than five minutes.",
            "Waktu pada webhook itu berselisih lebih dari lima menit dengan jam server ini.",
        ),
    }
}

/// A key that Forstok already has; empty to have one generated.
#[derive(Deserialize)]
pub(super) struct KeyForm {
    #[serde(default)]
    key: String,
}

/// `POST /setup/webhooks/key`: generates a key, which the next page shows once, or takes one that Forstok already has.
pub(super) async fn change_key(
    State(app): State<App>,
    Extension(checks): Extension<Arc<Checks>>,
    By(actor): By,
    headers: HeaderMap,
    page: Page,
    Form(KeyForm { key }): Form<KeyForm>,
) -> Result<Response, Problem> {
    let given = key.trim();
    let is_usable = LENGTHS.contains(&given.chars().count()) && given.chars().all(|letter| letter.is_ascii_graphic());
    if !given.is_empty() && !is_usable {
        let sentence = page.t("This key cannot be used.", "Kunci ini tidak dapat dipakai.");
        let remedy = page.t(
            "It must have 16 to 200 characters: letters without accents, digits and punctuation, without spaces.",
            "Panjangnya harus 16 sampai 200 karakter: huruf, angka, dan tanda baca biasa, tanpa spasi.",
        );
        return shown(&app, &checks, &headers, page, None, Some(Trouble::new(STEP, sentence, remedy))).await;
    }
    let key = if given.is_empty() { new_webhook_key() } else { given.to_owned() };
    // The key before stays valid until Forstok uses the new one; a key that has never been used is dropped.
    let was_used = app.newest_webhook().await?.is_some();
    let earlier = app.proofs.get().verifier.secrets.clone();
    let keys: Vec<SecretString> =
        std::iter::once(key.as_str().into()).chain(earlier.into_iter().filter(|_| was_used)).take(MOST_KEYS).collect();
    match app.changes.request(Change::WebhookKeys(keys), &actor.name).await {
        Ok(()) => {
            app.first_webhook().forget();
            if given.is_empty() {
                // An address of its own, which shows the key once: whoever loads the page again generates no other key.
                let code = app.new_webhook_key().keep(key.into());
                return Ok(Redirect::to(&format!("{}#step-1", address("/setup", &[("key", &code)]))).into_response());
            }
            Ok(Redirect::to("/setup?done=secret_saved").into_response())
        }
        Err(refused) => {
            let trouble = Trouble::of(refused, STEP, &page);
            shown(&app, &checks, &headers, page, None, Some(trouble)).await
        }
    }
}

/// `POST /setup/webhooks/earlier`: only the newest key is accepted from now on.
pub(super) async fn drop_earlier_keys(
    State(app): State<App>,
    Extension(checks): Extension<Arc<Checks>>,
    By(actor): By,
    headers: HeaderMap,
    page: Page,
) -> Result<Response, Problem> {
    let newest = app.proofs.get().verifier.secrets.iter().take(1).cloned().collect();
    match app.changes.request(Change::WebhookKeys(newest), &actor.name).await {
        Ok(()) => Ok(Redirect::to("/setup?done=secret_saved").into_response()),
        Err(refused) => {
            let trouble = Trouble::of(refused, STEP, &page);
            shown(&app, &checks, &headers, page, None, Some(trouble)).await
        }
    }
}

/// The way that the admin saw.
#[derive(Deserialize)]
pub(super) struct WayForm {
    way: String,
}

/// `POST /setup/webhooks/way`: accepts webhooks that are authenticated in the way that was recognised. Refused ones
/// were not stored.
pub(super) async fn confirm_way(
    State(app): State<App>,
    Extension(checks): Extension<Arc<Checks>>,
    By(actor): By,
    headers: HeaderMap,
    page: Page,
    Form(WayForm { way: seen }): Form<WayForm>,
) -> Result<Response, Problem> {
    let recognised = app.first_webhook().seen().recognised.map(|(_, way)| way).filter(|way| as_settings(way) == seen);
    // Another way has been recognised since: the page shows it, and asks again.
    let Some(way) = recognised else { return Ok(Redirect::to("/setup").into_response()) };
    match app.changes.request(Change::Way(way), &actor.name).await {
        Ok(()) => {
            app.first_webhook().forget();
            Ok(Redirect::to("/setup?done=way_confirmed").into_response())
        }
        Err(refused) => {
            let trouble = Trouble::of(refused, STEP, &page);
            shown(&app, &checks, &headers, page, None, Some(trouble)).await
        }
    }
}
