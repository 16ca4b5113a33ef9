//! What the page sends: the filter, what was entered before, what is typed in the rows, and what to do.

use std::collections::BTreeMap;

use axum::{
    Form,
    body::Bytes,
    extract::{FromRequest, Multipart, Request},
    http::header,
};

use crate::{
    http::{params::read_word, problem::Problem},
    skus::{Changes, Filter, Kind},
};

/// Which rows are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct View {
    pub(super) q: String,
    pub(super) rows: Rows,
    /// The first page is 1.
    pub(super) page: usize,
}

/// Which rows of those that contain the text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Rows {
    #[default]
    All,
    Waiting,
    Matching(Kind),
    /// What was entered and not saved.
    Changed,
}

impl Rows {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::All => "",
            Self::Waiting => "waiting",
            Self::Matching(kind) => kind.as_str(),
            Self::Changed => "changed",
        }
    }

    fn parse(word: &str) -> Self {
        match word {
            "waiting" => Self::Waiting,
            "changed" => Self::Changed,
            word => Kind::parse(word).map_or(Self::All, Self::Matching),
        }
    }
}

impl View {
    /// From the parameters of an address.
    pub(super) fn asked(query: &BTreeMap<String, String>) -> Result<Self, Problem> {
        let kinds = Kind::ALL.map(Kind::as_str);
        let words = ["waiting", "changed"].into_iter().chain(kinds);
        let is_known = |word: &str| (Rows::parse(word) != Rows::All).then_some(());
        read_word("match", query.get("match"), is_known, words)?;
        Ok(Self::read(|name| query.get(name).map(String::as_str)))
    }

    /// From the fields of a form; what cannot be understood counts as not given.
    pub(super) fn read<'a>(value: impl Fn(&str) -> Option<&'a str>) -> Self {
        Self {
            q: value("q").unwrap_or_default().trim().chars().take(200).collect(),
            rows: Rows::parse(value("match").unwrap_or_default()),
            page: value("page").and_then(|page| page.parse().ok()).unwrap_or(1).clamp(1, 100_000),
        }
    }

    pub(super) fn filter(&self) -> Filter {
        let kind = if let Rows::Matching(kind) = self.rows { Some(kind) } else { None };
        Filter { text: self.q.clone(), kind, waiting: self.rows == Rows::Waiting }
    }

    /// The parameters that show the same rows.
    pub(super) fn query(&self) -> Vec<(&'static str, String)> {
        let page = if self.page > 1 { self.page.to_string() } else { String::new() };
        let all = [("q", self.q.clone()), ("match", self.rows.word().to_owned()), ("page", page)];
        all.into_iter().filter(|(_, value)| !value.is_empty()).collect()
    }
}

/// What the person wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Another filter or page.
    Show,
    Save,
    /// Report what saving would change.
    Try,
    /// Enter all suggestions that differ only in spelling.
    AcceptSpellings,
    /// Enter one suggestion.
    Use {
        sku: String,
        item_no: String,
    },
    /// Enter two columns of a text.
    Paste,
    /// Enter two columns of a file.
    Import,
    /// Forget what was entered.
    Discard,
    /// Read the items of Accurate again.
    Refresh,
}

/// A page that was sent.
#[derive(Debug)]
pub(in crate::web) struct Sent {
    pub(super) view: View,
    /// The revision of the mapping that the page was made from.
    pub(super) revision: i64,
    pub(super) changes: Changes,
    pub(super) action: Action,
    /// Numbers that Accurate does not have are saved nevertheless.
    pub(super) anyway: bool,
    /// Why, for the history.
    pub(super) note: String,
    pub(super) pasted: String,
    pub(super) file: Bytes,
}

impl<S: Send + Sync> FromRequest<S> for Sent {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE).map(|kind| kind.as_bytes().to_ascii_lowercase());
        if kind.is_some_and(|kind| kind.starts_with(b"multipart/form-data")) {
            let (fields, file) = parts(request, state).await?;
            return Self::read(&fields, file);
        }
        let Form(fields) = Form::<Vec<(String, String)>>::from_request(request, state)
            .await
            .map_err(|rejection| Problem::BadRequest(rejection.body_text()))?;
        Self::read(&fields, Bytes::new())
    }
}

async fn parts<S: Send + Sync>(request: Request, state: &S) -> Result<(Vec<(String, String)>, Bytes), Problem> {
    let mut parts = Multipart::from_request(request, state)
        .await
        .map_err(|rejection| Problem::BadRequest(rejection.body_text()))?;
    let (mut fields, mut file) = (Vec::new(), Bytes::new());
    let wrong = |error: axum::extract::multipart::MultipartError| Problem::BadRequest(error.body_text());
    while let Some(part) = parts.next_field().await.map_err(wrong)? {
        match part.name().unwrap_or_default().to_owned() {
            name if name == "file" => file = part.bytes().await.map_err(wrong)?,
            name => fields.push((name, part.text().await.map_err(wrong)?)),
        }
    }
    Ok((fields, file))
}

impl Sent {
    fn read(fields: &[(String, String)], file: Bytes) -> Result<Self, Problem> {
        let value = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let broken = || Problem::BadRequest("the form is incomplete; reload the page and send it again".to_owned());
        let revision = value("revision").and_then(|revision| revision.parse().ok()).ok_or_else(broken)?;
        let mut changes = Changes::from_text(value("draft").unwrap_or_default()).ok_or_else(broken)?;
        enter_rows(fields, &mut changes);
        let mut view = View::read(value);
        let action = read_action(value("do").unwrap_or_default(), &mut view);
        let anyway = value("anyway").is_some();
        let note = value("note").unwrap_or_default().to_owned();
        let pasted = value("pasted").unwrap_or_default().to_owned();
        Ok(Self { view, revision, changes, action, anyway, note, pasted, file })
    }
}

/// Each row has three fields: its SKU, the number that was shown, and the number that is typed now.
fn enter_rows(fields: &[(String, String)], changes: &mut Changes) {
    let (mut sku, mut was) = ("", "");
    for (name, value) in fields {
        match name.as_str() {
            "sku" => sku = value,
            "was" => was = value,
            "item" if value.trim() != was.trim() => changes.enter(sku, value),
            _ => {}
        }
    }
}

fn read_action(word: &str, view: &mut View) -> Action {
    if let Ok(("use", sku, item_no)) = serde_json::from_str::<(&str, String, String)>(word) {
        return Action::Use { sku, item_no };
    }
    match word.split_once(':') {
        Some(("page", page)) => view.page = page.parse().unwrap_or(1).clamp(1, 100_000),
        Some(("match", rows)) => *view = View { rows: Rows::parse(rows), page: 1, q: std::mem::take(&mut view.q) },
        _ if word.is_empty() || word == "show" => view.page = 1,
        _ => {}
    }
    match word {
        "save" => Action::Save,
        "try" => Action::Try,
        "accept_spellings" => Action::AcceptSpellings,
        "paste" => Action::Paste,
        "import" => Action::Import,
        "discard" => Action::Discard,
        "refresh" => Action::Refresh,
        _ => Action::Show,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(fields: &[(&str, &str)]) -> Result<Sent, Problem> {
        let fields: Vec<_> = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Sent::read(&fields, Bytes::new())
    }

    #[test]
    fn only_what_was_typed_since_the_page_was_made_is_a_change() {
        let rows = [
            ("revision", "7"),
            ("draft", r#"{"D":"4"}"#),
            ("sku", "A"),
            ("was", "1"),
            ("item", " 1 "),
            ("sku", "B"),
            ("was", "2"),
            ("item", "22"),
            ("sku", "C"),
            ("was", "3"),
            ("item", ""),
            ("do", "save"),
        ];
        let sent = sent(&rows).expect("complete");
        assert_eq!((sent.revision, sent.action), (7, Action::Save));
        assert_eq!(sent.changes.iter().collect::<Vec<_>>(), [("B", "22"), ("C", ""), ("D", "4")]);
    }

    #[test]
    fn a_button_says_what_to_do_and_which_rows_to_show() {
        let asked = |word: &str| {
            let sent = sent(&[("revision", "1"), ("q", "x"), ("match", "near"), ("page", "3"), ("do", word)]);
            let sent = sent.expect("complete");
            (sent.action, sent.view.rows, sent.view.page)
        };
        assert_eq!(asked("page:4"), (Action::Show, Rows::Matching(Kind::Near), 4));
        assert_eq!(asked("match:none"), (Action::Show, Rows::Matching(Kind::None), 1));
        assert_eq!(asked("show"), (Action::Show, Rows::Matching(Kind::Near), 1), "a search begins on the first page");
        assert_eq!(asked("save"), (Action::Save, Rows::Matching(Kind::Near), 3));
        let (sku, item_no) = ("a\"b".to_owned(), "c:d".to_owned());
        let word = serde_json::to_string(&("use", &sku, &item_no)).expect("JSON");
        assert_eq!(asked(&word).0, Action::Use { sku, item_no });
    }

    #[test]
    fn a_form_that_is_not_ours_is_refused() {
        for fields in [&[("revision", "x")][..], &[], &[("revision", "1"), ("draft", "[1]")]] {
            assert!(matches!(sent(fields), Err(Problem::BadRequest(_))), "{fields:?}");
        }
    }
}
