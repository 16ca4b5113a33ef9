//! The language of an answer's sentences.

use std::convert::Infallible;

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};

use super::App;
use crate::domain::reason::Language;

/// The language that a program asks for in `Accept-Language`, else the one of the settings.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Preferred(pub(crate) Language);

impl FromRequestParts<App> for Preferred {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        Ok(Self(preferred(&parts.headers).unwrap_or(app.language)))
    }
}

/// The first language of `Accept-Language` that we have.
pub(crate) fn preferred(headers: &HeaderMap) -> Option<Language> {
    let wanted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok())?;
    let tags = wanted.split(',').map(|tag| tag.split([';', '-']).next().unwrap_or_default().trim().to_lowercase());
    let known = |tag: String| match tag.as_str() {
        // `in` is what old systems call Indonesian.
        "id" | "in" => Some(Language::Indonesian),
        "en" => Some(Language::English),
        _ => None,
    };
    tags.into_iter().find_map(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_language_that_we_have_is_taken() {
        for (wanted, expected) in [
            ("id-ID,id;q=0.9,en;q=0.8", Some(Language::Indonesian)),
            ("in", Some(Language::Indonesian)),
            ("de-DE, EN-gb;q=0.5", Some(Language::English)),
            ("de", None),
            ("", None),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT_LANGUAGE, wanted.parse().expect("a header"))]);
            assert_eq!(preferred(&headers), expected, "{wanted:?}");
        }
        assert_eq!(preferred(&HeaderMap::new()), None);
    }
}
