//! What every page knows: its reader, the language, and how much needs attention on each page.

use std::borrow::Borrow;

use askama::Template;
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, request::Parts},
    response::{Html, IntoResponse, Response},
};
use jiff::Timestamp;

use super::{
    assets::{self, Addresses},
    format, language,
    to_do::Waiting,
};
use crate::{
    domain::{
        WIB,
        operator::{Actor, Role},
        reason::Language,
    },
    http::{App, problem::Problem},
    storage::State,
};

/// A page in the navigation.
pub(super) struct Link {
    pub(super) path: &'static str,
    pub(super) icon: &'static str,
    pub(super) text: &'static str,
    /// How much needs attention there.
    pub(super) count: i64,
    /// Whether the reader is there.
    pub(super) is_here: bool,
}

/// What every page knows.
#[derive(Clone, Debug)]
pub(super) struct Page {
    /// Who reads it; nobody on the sign-in page.
    pub(super) actor: Option<Actor>,
    pub(super) language: Language,
    pub(super) now: Timestamp,
    /// Path and query, to come back to.
    pub(super) here: String,
    /// Orders that need attention.
    pub(super) blocked: i64,
    /// What waits for a person on other pages.
    pub(super) waiting: Waiting,
    /// Nothing is sent to Accurate, as the mapping says.
    pub(super) is_in_shadow: bool,
    /// What the reader has just done, in words.
    pub(super) done: Option<String>,
}

impl Page {
    /// A page for a reader who is not signed in.
    pub(super) fn of_nobody(app: &App, headers: &HeaderMap, here: &str) -> Self {
        let language = language::of(app, headers);
        let (here, is_in_shadow) = (here.to_owned(), false);
        Self {
            actor: None,
            language,
            now: app.engine.now(),
            here,
            blocked: 0,
            waiting: Waiting::default(),
            is_in_shadow,
            done: None,
        }
    }

    /// The text in the reader's language.
    pub(super) fn t(&self, english: &'static str, indonesian: &'static str) -> &'static str {
        match self.language {
            Language::English => english,
            Language::Indonesian => indonesian,
        }
    }

    pub(super) fn lang(&self) -> &'static str {
        self.t("en", "id")
    }

    /// The navigation.
    pub(super) fn links(&self) -> [Link; 8] {
        let link = |path, icon, text, count| Link { path, icon, text, count, is_here: self.is_in(path) };
        [
            link("/", "today", self.t("Today", "Hari ini"), 0),
            link("/problems", "problems", self.t("Needs attention", "Perlu ditangani"), self.blocked),
            link("/orders", "orders", self.t("Orders", "Pesanan"), 0),
            link("/payouts", "payouts", self.t("Payouts", "Pencairan dana"), self.waiting.payouts),
            link("/returns", "returns", self.t("Returns", "Retur"), self.waiting.returns),
            link("/reconciliation", "reconciliation", self.t("Reconciliation", "Rekonsiliasi"), self.waiting.findings),
            link("/mapping", "mapping", self.t("Mapping", "Pemetaan"), 0),
            link("/connection", "connection", self.t("Accurate connection", "Koneksi Accurate"), 0),
        ]
    }

    /// Whether the reader is on this page, or on one below it.
    fn is_in(&self, path: &str) -> bool {
        let here = self.here.split('?').next().unwrap_or_default();
        here == path || (path != "/" && here.strip_prefix(path).is_some_and(|below| below.starts_with('/')))
    }

    #[expect(clippy::unused_self, reason = "a template reaches it through the page")]
    pub(super) fn assets(&self) -> &'static Addresses {
        assets::addresses()
    }

    pub(super) fn is_signed_in(&self) -> bool {
        self.actor.is_some()
    }

    pub(super) fn name(&self) -> &str {
        self.actor.as_ref().map_or("", |actor| &actor.name)
    }

    /// Whether the reader's role allows it.
    pub(super) fn may(&self, needed: Role) -> bool {
        self.actor.as_ref().is_some_and(|actor| actor.may(needed))
    }

    /// Whether the reader may change secrets and the mapping.
    pub(super) fn may_administer(&self) -> bool {
        self.may(Role::Admin)
    }

    /// Whether the reader may retry, decide and acknowledge.
    pub(super) fn may_work(&self) -> bool {
        self.may(Role::Work)
    }

    /// Whether to show that nothing is sent to Accurate: on every page except those that say it anyway.
    pub(super) fn shows_shadow(&self) -> bool {
        self.is_in_shadow && !self.is_in("/mapping/shadow") && !self.is_in("/setup")
    }

    pub(super) fn role(&self) -> &'static str {
        match self.actor.as_ref().map(|actor| actor.role) {
            None => "",
            Some(Role::Read) => self.t("can view", "boleh melihat"),
            Some(Role::Work) => self.t("can process orders", "boleh memproses pesanan"),
            Some(Role::Admin) => self.t("admin", "admin"),
        }
    }

    /// `1 order`, `12 orders`, `12 pesanan`.
    pub(super) fn orders(&self, number: impl Borrow<i64>) -> String {
        self.counted(number, "order", "orders", "pesanan")
    }

    /// A number with what it counts.
    pub(super) fn counted(
        &self,
        number: impl Borrow<i64>,
        one: &'static str,
        many: &'static str,
        indonesian: &'static str,
    ) -> String {
        let number = *number.borrow();
        let word = self.t(if number == 1 { one } else { many }, indonesian);
        format!("{} {word}", format::count(number))
    }

    #[expect(clippy::unused_self, reason = "a template reaches it through the page")]
    pub(super) fn count(&self, number: impl Borrow<i64>) -> String {
        format::count(*number.borrow())
    }

    pub(super) fn ago(&self, at: Timestamp) -> String {
        format::ago(at, self.now, self.language)
    }

    pub(super) fn since(&self, at: impl Borrow<Timestamp>) -> String {
        format::duration(self.now.duration_since(*at.borrow()), self.language)
    }

    #[expect(clippy::unused_self, reason = "a template reaches it through the page")]
    pub(super) fn moment(&self, at: impl Borrow<Timestamp>) -> String {
        format::moment(*at.borrow())
    }

    /// `Monday 26/11/2026, 10:32:05 WIB`.
    pub(super) fn today(&self) -> String {
        let here = WIB.to_datetime(self.now);
        format!("{} {}", format::weekday(here.date(), self.language), here.strftime("%d/%m/%Y, %H:%M:%S WIB"))
    }
}

impl FromRequestParts<App> for Page {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let here = parts.uri.path_and_query().map_or("/", |here| here.as_str());
        let actor = parts.extensions.get::<Actor>().cloned().ok_or(Problem::TokenWrong)?;
        let (blocked, waiting) = (blocked(app).await?, Waiting::read(app).await?);
        let page = Self::of_nobody(app, &parts.headers, here);
        let done = page.done(parts.uri.query().unwrap_or_default());
        Ok(Self { actor: Some(actor), blocked, waiting, is_in_shadow: app.engine.is_in_shadow(), done, ..page })
    }
}

/// How many orders need attention.
pub(super) async fn blocked(app: &App) -> Result<i64, Problem> {
    let counts = app.engine.storage().counts().await?;
    Ok(counts.iter().filter(|count| count.state == State::Blocked).map(|count| count.orders).sum())
}

/// A rendered template as an answer.
pub(super) fn html(template: &impl Template) -> Result<Response, Problem> {
    template.render().map(|text| Html(text).into_response()).map_err(|error| {
        tracing::error!("a page could not be rendered: {error}");
        Problem::Broken
    })
}

/// A path with these parameters, percent-encoded.
pub(super) fn address(path: &str, query: &[(&str, &str)]) -> String {
    let pairs: Vec<_> = query.iter().map(|(key, value)| format!("{key}={}", encoded(value))).collect();
    if pairs.is_empty() { path.to_owned() } else { format!("{path}?{}", pairs.join("&")) }
}

/// Percent-encoded for a parameter's value.
fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

/// The path to continue on, if it is our own, else the first page.
pub(super) fn own_path(text: &str) -> &str {
    let own = text.starts_with('/')
        && !text[1..].starts_with(['/', '\\'])
        && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if own { text } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_never_leaves_this_site() {
        for path in ["/", "/orders?state=blocked", "/orders/1?form=by_hand"] {
            assert_eq!(own_path(path), path);
        }
        for path in
            ["", "https://evil.example", "//evil.example", "/\\evil.example", "/a\\b", "/a\r\nb", "javascript:x"]
        {
            assert_eq!(own_path(path), "/", "{path:?}");
        }
    }
}
