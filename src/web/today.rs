//! `/`: what needs somebody, and how everything is.

use askama::Template;
use axum::{extract::State, response::Response};

use super::{
    books::Book,
    page::{Page, html},
};
use crate::{
    http::{App, problem::Problem},
    store::{Count, State as OrderState},
};

#[derive(Template)]
#[template(path = "today.html")]
struct Today {
    page: Page,
    /// Monday 26/11/2026, 10:32:05 WIB.
    moment: String,
    verdict: Verdict,
    books: Vec<Book>,
    /// Orders on their way: received, due, to be deleted.
    under_way: i64,
    /// Since when the longest waiting one is due.
    oldest_due: Option<String>,
}

/// The one sentence that says how it is.
struct Verdict {
    /// `good`, `warn` or `bad`: icon and colour.
    kind: &'static str,
    heading: String,
    sentence: String,
}

/// `GET /`.
pub(super) async fn show(State(app): State<App>, page: Page) -> Result<Response, Problem> {
    let store = app.engine.store();
    let counts = store.counts().await?;
    let books: Vec<_> = app.engine.books().into_iter().map(|book| Book::new(book, &page)).collect();
    let verdict = verdict(&page, &counts, &books);
    let under_way = in_states(&counts, &[OrderState::Received, OrderState::Due, OrderState::VoidDue]);
    let oldest_due = store.oldest_due().await?.map(|since| page.since(since));
    html(&Today { moment: page.today(), verdict, books, under_way, oldest_due, page })
}

fn in_states(counts: &[Count], states: &[OrderState]) -> i64 {
    counts.iter().filter(|count| states.contains(&count.state)).map(|count| count.orders).sum()
}

fn verdict(page: &Page, counts: &[Count], books: &[Book]) -> Verdict {
    let invoiced = in_states(counts, &[OrderState::Invoiced]);
    let booked = page
        .t("{} have an invoice in Accurate.", "{} sudah memiliki faktur di Accurate.")
        .replace("{}", &page.orders(invoiced));
    if let Some(trouble) = books.iter().find_map(|book| book.pause.as_ref()) {
        return Verdict { kind: "bad", heading: trouble.sentence.to_owned(), sentence: trouble.remedy.to_owned() };
    }
    if page.blocked > 0 {
        let heading = page
            .t("Everything is booked except {}", "Semua sudah dibukukan kecuali {}")
            .replace("{}", &page.orders(page.blocked));
        return Verdict { kind: "warn", heading, sentence: booked };
    }
    let heading =
        page.t("Everything is booked. Nothing needs you.", "Semua sudah dibukukan. Tidak ada yang perlu ditangani.");
    Verdict { kind: "good", heading: heading.to_owned(), sentence: booked }
}
