//! `[forstok.api]` and `[backfill]`: Forstok's order API, off until `forstok.api.orders_path` is set.

use jiff::SignedDuration;
use reqwest::Url;
use secrecy::SecretString;

use super::{is_loopback, secrets::Secrets};
use crate::{
    domain::toml_text::Section,
    forstok::api::{ApiConfig, By, ParamNames},
};

/// Where the data of sellers is, as far as it is known.
const BASE_URL: &str = "https://accounts.forstok.com";

/// Where sellers sign in.
const AUTH_URL: &str = "https://integration.forstok.com/api/v2/auth";

/// How Forstok's order API is asked for orders that this service has never heard of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackfillConfig {
    /// Which time of an order a period is about.
    pub by: By,
    /// Orders per page.
    pub page_size: i64,
    /// Calls per minute.
    pub calls_per_minute: u32,
    /// How far back the first reading goes.
    pub days: SignedDuration,
    /// How far each later reading goes back behind the end of the one before.
    pub overlap: SignedDuration,
    /// What is done with orders that are missing.
    pub mode: BackfillMode,
}

/// What is done with orders that are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackfillMode {
    /// The first reading reports, the following ones take in.
    ReportFirst,
    /// Every reading only reports.
    Report,
    /// Every reading takes in.
    Ingest,
}

impl Default for BackfillConfig {
    fn default() -> Self {
        Self {
            by: By::Updated,
            page_size: 50,
            calls_per_minute: 30,
            days: SignedDuration::from_hours(7 * 24),
            overlap: SignedDuration::from_mins(60),
            mode: BackfillMode::ReportFirst,
        }
    }
}

pub(super) fn read_backfill(section: &Section<'_>) -> BackfillConfig {
    let default = BackfillConfig::default();
    let modes = [("", BackfillMode::ReportFirst), ("report", BackfillMode::Report), ("ingest", BackfillMode::Ingest)];
    let calls = section.whole("calls_per_minute", 1..=600).and_then(|calls| u32::try_from(calls).ok());
    BackfillConfig {
        by: section.choice("by", &[("updated", By::Updated), ("created", By::Created)]),
        page_size: section.whole("page_size", 1..=1000).unwrap_or(default.page_size),
        calls_per_minute: calls.unwrap_or(default.calls_per_minute),
        days: section.whole("days", 1..=365).map_or(default.days, |days| SignedDuration::from_hours(days * 24)),
        overlap: section.whole("overlap_minutes", 0..=10_080).map_or(default.overlap, SignedDuration::from_mins),
        mode: section.choice("mode", &modes),
    }
}

/// `None` while `orders_path` is empty, or if there are errors.
pub(super) fn read_api(
    section: &Section<'_>,
    credentials: &Secrets<'_>,
    backfill: &BackfillConfig,
) -> Option<ApiConfig> {
    let text = |key: &'static str, default: &str| section.text(key).unwrap_or_else(|| default.to_owned());
    let base_url = url(section, "base_url", BASE_URL);
    let auth_url = url(section, "auth_url", AUTH_URL);
    let (orders_path, order_path) = (section.text("orders_path"), section.text("order_path"));
    let webhook_log_path = section.text("webhook_log_path");
    if let Some(path) = order_path.as_ref().filter(|path| !path.contains("{order_id}")) {
        let remedy =
            format!("must contain {{order_id}}, for example /api/v1/orders/{{order_id}}.json, and is {path:?}");
        section.problem("order_path", None, remedy);
    }
    let paths = [("orders_path", &orders_path), ("order_path", &order_path), ("webhook_log_path", &webhook_log_path)];
    for (key, path) in paths {
        if path.as_ref().is_some_and(|path| !path.starts_with('/') || path.starts_with("//")) {
            section.problem(
                key,
                section.value(key),
                "must be a path that begins with one /, such as /api/v1/orders.json",
            );
        }
    }
    let (id, user_id) = (text("id", ""), text("user_id", ""));
    let kind = section.choice("type", &[("seller", "seller"), ("channel", "channel")]);
    let auth_type = text("auth_type", "jwt");
    let list_key = section.text("list_key");
    let params = read_params(section);
    let secret_key = credentials.one(section, "secret_key");
    let orders_path = orders_path?;
    if id.is_empty() {
        section.problem("id", None, "is missing: give the e-mail address with which the seller signs in to Forstok");
    }
    if matches!(secret_key, Ok(None)) {
        let remedy = "is missing: copy the secret key from Forstok, or name a file with it, secret_key_file";
        credentials.absent.add(section.path_of("secret_key"), None, remedy);
    }
    Some(ApiConfig {
        base_url: base_url?,
        auth_url: auth_url?,
        auth_type,
        id,
        secret_key: SecretString::from(secret_key.ok()?.unwrap_or_default()),
        kind,
        user_id,
        orders_path,
        order_path,
        webhook_log_path,
        list_key,
        params,
        page_size: backfill.page_size,
        calls_per_minute: backfill.calls_per_minute,
    })
}

fn read_params(section: &Section<'_>) -> ParamNames {
    let names = section.section("params");
    // An empty name means that the parameter is not sent.
    let name = |key: &'static str, default: &str| {
        let given = names.as_ref().and_then(|names| names.value(key)).and_then(toml::Value::as_str);
        given.unwrap_or(default).to_owned()
    };
    let read = ParamNames {
        from: name("from", "from"),
        to: name("to", "to"),
        page: name("page", "page"),
        size: name("size", "size"),
        status: name("status", "status"),
        store: name("store", "store"),
    };
    if let Some(names) = names {
        for key in ["from", "to", "page", "size", "status", "store"] {
            if names.value(key).is_some_and(|value| !value.is_str()) {
                names.problem(key, names.value(key), "must be the name of a parameter, in quotes");
            }
        }
        names.finish();
    }
    read
}

fn url(section: &Section<'_>, key: &'static str, default: &str) -> Option<Url> {
    let text = section.text(key).unwrap_or_else(|| default.to_owned());
    let url = Url::parse(&text).ok().filter(Url::has_host);
    let safe = url.filter(|url| url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url)));
    if safe.is_none() {
        let remedy = "must be https (http only for a sandbox on this machine): credentials are sent there";
        section.problem(key, section.value(key), remedy);
    }
    safe
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;
    use crate::settings::tests::load_text;

    const REST: &str = "[forstok.webhook]\nsecrets = [\"0123456789abcdef\"]\n[books.main]\napi_token = \
                        \"0123456789abcdef\"\nsignature_secret = \"0123456789abcdef\"\n";

    #[test]
    fn it_is_off_until_the_path_is_set_and_everything_else_has_a_default() {
        let off = load_text(REST, &[]).expect("right");
        assert!(off.forstok_api.is_none());
        let text = format!(
            "{REST}[forstok.api]\norders_path = \"/api/v1/orders.json\"\nid = \"a@b\"\nsecret_key = \
             \"0123456789abcdef\"\nparams = {{ from = \"updated_from\", status = \"\" }}\n"
        );
        let config = load_text(&text, &[]).expect("right");
        let api = config.forstok_api.expect("it is on");
        assert_eq!((api.base_url.as_str(), api.auth_url.as_str()), ("https://accounts.forstok.com/", AUTH_URL));
        assert_eq!((api.auth_type.as_str(), api.kind, api.page_size, api.calls_per_minute), ("jwt", "seller", 50, 30));
        assert_eq!(
            (api.params.from.as_str(), api.params.to.as_str(), api.params.status.as_str()),
            ("updated_from", "to", "")
        );
        assert_eq!(api.secret_key.expose_secret(), "0123456789abcdef");
        let backfill = config.backfill;
        assert_eq!((backfill.days.as_hours(), backfill.overlap.as_mins()), (168, 60));
        assert_eq!((backfill.by, backfill.mode), (By::Updated, BackfillMode::ReportFirst));
    }

    #[test]
    fn what_would_send_credentials_elsewhere_or_cannot_work_is_reported() {
        let text = format!(
            "{REST}[forstok.api]\norders_path = \"//evil.example/orders\"\norder_path = \"/one\"\nwebhook_log_path = \"logs\"\nbase_url = \
             \"http://accounts.forstok.com\"\n[backfill]\nmode = \"always\"\npage_size = 0\n"
        );
        let problems = load_text(&text, &[]).expect_err("wrong");
        let keys: Vec<_> = problems.iter().map(|problem| problem.key.as_str()).collect();
        for key in [
            "forstok.api.orders_path",
            "forstok.api.order_path",
            "forstok.api.webhook_log_path",
            "forstok.api.base_url",
            "forstok.api.id",
            "forstok.api.secret_key",
            "backfill.mode",
            "backfill.page_size",
        ] {
            assert!(keys.contains(&key), "{key} is not in {keys:?}");
        }
    }
}
