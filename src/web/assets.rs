//! Style sheet, scripts and icon. Their addresses contain a digest of their content, so that browsers can
//! keep them permanently.

use std::{collections::BTreeMap, sync::LazyLock};

use axum::{
    extract::Path,
    http::header,
    response::{IntoResponse, Response},
};
use sha2::{Digest, Sha256};

use crate::http::problem::Problem;

/// Digits of the digest that are enough to tell two versions apart.
const DIGITS: usize = 12;

/// Content never changes under its address.
const IMMUTABLE: &str = "public, max-age=31536000, immutable";

struct Asset {
    kind: &'static str,
    body: &'static [u8],
}

/// Where the pages find them.
pub(super) struct Addresses {
    pub(super) style: String,
    pub(super) icon: String,
    pub(super) htmx: String,
    pub(super) live: String,
    pub(super) choices: String,
}

static ASSETS: LazyLock<(Addresses, BTreeMap<String, Asset>)> = LazyLock::new(|| {
    let mut assets = BTreeMap::new();
    let mut add = |name: &str, extension: &str, kind, body: &'static [u8]| {
        let digest = hex::encode(Sha256::digest(body));
        let name = format!("{name}-{}.{extension}", &digest[..DIGITS]);
        let address = format!("/static/{name}");
        assets.insert(name, Asset { kind, body });
        address
    };
    let script = "text/javascript; charset=utf-8";
    let addresses = Addresses {
        style: add("style", "css", "text/css; charset=utf-8", include_bytes!("../../static/style.css")),
        icon: add("icon", "svg", "image/svg+xml", include_bytes!("../../static/icon.svg")),
        htmx: add("htmx", "js", script, include_bytes!("../../static/htmx-4.0.1.min.js")),
        live: add("live", "js", script, include_bytes!("../../static/live.js")),
        choices: add("choices", "js", script, include_bytes!("../../static/choices.js")),
    };
    (addresses, assets)
});

/// Where the pages find them.
pub(super) fn addresses() -> &'static Addresses {
    &ASSETS.0
}

/// `GET /static/{name}`.
pub(super) async fn serve(Path(name): Path<String>) -> Result<Response, Problem> {
    let asset = ASSETS.1.get(&name).ok_or(Problem::UnknownRoute)?;
    Ok(([(header::CONTENT_TYPE, asset.kind), (header::CACHE_CONTROL, IMMUTABLE)], asset.body).into_response())
}
