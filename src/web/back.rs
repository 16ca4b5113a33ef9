//! The page to go back to: the one with the form that was sent, or with the link that was followed.

use axum::http::{HeaderMap, Method, Uri, header};

use super::page::own_path;
use crate::http::{App, origin::is_ours};

/// Last segments of addresses that only take forms; the form is on the page above.
const TAKE_FORMS: [&str; 17] = [
    "acknowledge",
    "acknowledge-all",
    "approve",
    "approve-all",
    "check",
    "close",
    "columns",
    "compare",
    "decision",
    "fees",
    "language",
    "logout",
    "refresh",
    "retry",
    "start",
    "test",
    "try",
];

/// The page that a request came from, which can be opened; `None` if it is not known.
pub(super) fn page_before(app: &App, headers: &HeaderMap, method: &Method, here: &str) -> Option<String> {
    let named = headers
        .get(header::REFERER)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| of_referer(app, headers, text));
    let before = named.or_else(|| is_form(method).then(|| page_with_form(here)))?;
    (own_path(&before) == before && (is_form(method) || before != here)).then_some(before)
}

/// Whether a request with this method sends a form.
pub(super) fn is_form(method: &Method) -> bool {
    ![Method::GET, Method::HEAD].contains(method)
}

fn of_referer(app: &App, headers: &HeaderMap, referer: &str) -> Option<String> {
    let referer: Uri = referer.parse().ok()?;
    let is_own = is_ours(app, headers, &format!("{}://{}", referer.scheme_str()?, referer.authority()?));
    let path = referer.path_and_query().filter(|_| is_own)?.as_str();
    (!path.starts_with("/login")).then(|| page_with_form(path))
}

/// The page with the form that is sent to this address.
fn page_with_form(address: &str) -> String {
    let path = address.split('?').next().unwrap_or_default();
    let page = match path.rsplit_once('/') {
        _ if path.starts_with("/setup/") => "/setup",
        Some((above, last)) if TAKE_FORMS.contains(&last) => above,
        Some((above, "restore")) => above.rsplit_once('/').map_or("/", |(above, _)| above),
        _ => address,
    };
    page.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_leads_to_a_page_that_can_be_opened() {
        let routes =
            include_str!("mod.rs").lines().filter_map(|line| line.trim().strip_prefix(".route(\"")?.split_once('"'));
        let routes: Vec<_> =
            routes.map(|(path, method)| (path, method.contains("get("), method.contains("post("))).collect();
        let opens = |path: &str| path.is_empty() || routes.iter().any(|(of, get, _)| of == &path && *get);
        let forms: Vec<_> = routes.iter().filter(|(_, _, post)| *post).map(|(path, ..)| *path).collect();
        assert!(forms.len() > 20, "{forms:?}");
        for form in forms {
            let page = page_with_form(form);
            assert!(opens(&page), "{form} leads to {page:?}");
        }
    }

    #[test]
    fn what_only_takes_a_form_leads_to_the_page_with_the_form() {
        for (address, page) in [
            ("/orders?state=blocked", "/orders?state=blocked"),
            ("/orders/1/decision", "/orders/1"),
            ("/orders/import", "/orders/import"),
            ("/orders/import/columns", "/orders/import"),
            ("/payouts/approve?only=1", "/payouts"),
            ("/mapping", "/mapping"),
            ("/mapping/try", "/mapping"),
            ("/mapping/history/3/restore", "/mapping/history"),
            ("/mapping/shadow/start", "/mapping/shadow"),
            ("/problems/webhooks/7/retry", "/problems/webhooks/7"),
            ("/setup/webhooks/key", "/setup"),
            ("/reconciliation/findings/1", "/reconciliation/findings/1"),
        ] {
            assert_eq!(page_with_form(address), page);
        }
    }
}
