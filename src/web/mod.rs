//! Pages for the people who keep the books: one file each, rendered on the server, usable without JavaScript.
//!
//! `page` is what every page knows (its reader, the language); [`format`] writes amounts, days and times; `assets` are
//! the style sheet and scripts; `failure` explains errors. A page changes things through the same functions as `/v1`.

mod accurate_webhook;
mod after_sale;
mod assets;
mod back;
mod books;
mod chart;
mod comparison;
mod connection;
mod done;
mod failure;
mod format;
mod import;
mod language;
mod login;
mod mapping;
mod masters;
mod mistakes;
mod notices;
mod order;
mod order_line;
mod orders;
mod page;
mod problems;
mod reconciliation;
mod setup;
mod shadow;
mod shadow_order;
mod skus;
mod to_do;
mod today;
mod upload;
mod webhooks;
mod words;

use std::sync::Arc;

use axum::{
    Extension, Router,
    extract::DefaultBodyLimit,
    middleware::{from_fn, from_fn_with_state},
    routing::{get, post},
};

use crate::http::{App, auth, origin};

/// All pages.
pub fn pages(app: &App) -> Router<App> {
    let readers = Router::new()
        .route("/", get(today::show))
        .route("/problems", get(problems::show))
        .route("/problems/webhooks/{id}", get(webhooks::show))
        .route("/orders", get(orders::show))
        .route("/orders/import", get(import::show))
        .route("/orders/{order_id}", get(order::show))
        .route("/mapping", get(mapping::show))
        .route("/mapping/shadow", get(shadow::show))
        .route("/mapping/skus", get(skus::show))
        .route("/mapping/skus/items", get(skus::items))
        .route("/mapping/skus/export", get(skus::export))
        .route("/mapping/history", get(mapping::history::show))
        .route("/mapping/export", get(mapping::export))
        .route("/mapping/choices/{kind}", get(mapping::choices))
        .route("/payouts", get(after_sale::payouts::show))
        .route("/payouts/import", get(after_sale::import::show))
        .route("/payouts/export", get(after_sale::export::payouts))
        .route("/returns", get(after_sale::returns::show))
        .route("/returns/export", get(after_sale::export::returns))
        .route("/reconciliation", get(reconciliation::show))
        .route("/reconciliation/export", get(reconciliation::export::show))
        .route("/reconciliation/days/{day}", get(reconciliation::day::show))
        .route("/reconciliation/findings/{id}", get(reconciliation::finding::show))
        .route("/connection", get(connection::show))
        .route("/notices", get(notices::show));
    let workers = Router::new()
        .route("/problems/retry", post(problems::retry_all))
        .route("/problems/acknowledge", post(problems::acknowledge))
        .route("/problems/acknowledge-all", post(problems::acknowledge_all))
        .route("/problems/webhooks/{id}/retry", post(webhooks::retry))
        .route("/orders/import", post(import::compare).layer(DefaultBodyLimit::max(import::LARGEST_FORM)))
        .route("/orders/import/columns", post(import::choose))
        .route("/orders/{order_id}/retry", post(order::retry))
        .route("/orders/{order_id}/decision", post(order::decide))
        .route("/payouts/import", post(after_sale::import::read).layer(DefaultBodyLimit::max(import::LARGEST_FORM)))
        .route("/payouts/import/columns", post(after_sale::import_columns::choose))
        .route("/payouts/approve", post(after_sale::approve::payouts))
        .route("/payouts/approve-all", post(after_sale::approve::all_payouts))
        .route("/payouts/decision", post(after_sale::by_hand::of_payout))
        .route("/returns/approve", post(after_sale::approve::returns))
        .route("/returns/approve-all", post(after_sale::approve::all_returns))
        .route("/returns/decision", post(after_sale::by_hand::of_return))
        .route("/reconciliation", post(reconciliation::run))
        .route("/reconciliation/close", post(reconciliation::closing::close))
        .route("/reconciliation/findings/{id}", post(reconciliation::finding::do_it))
        .route("/mapping/shadow/compare", post(shadow::compare_again))
        .route("/connection/check", post(connection::check))
        .route("/connection/refresh", post(masters::refresh))
        .route_layer(from_fn(auth::workers_only));
    let admins = setup::routes()
        .route("/mapping", post(mapping::save))
        .route("/mapping/try", post(mapping::try_it))
        .route("/mapping/history/{revision}/restore", post(mapping::history::restore))
        .route("/mapping/skus", post(skus::change))
        .route("/payouts/fees", post(after_sale::fees::save))
        .route("/mapping/shadow/start", post(shadow::start))
        .route("/notices/test", post(notices::test))
        .route_layer(from_fn(auth::admins_only));
    let checks = Arc::new(connection::Checks::default());
    let operators = readers
        .merge(workers)
        .merge(admins)
        .layer(Extension(checks))
        .route_layer(from_fn_with_state(app.clone(), auth::operators_only));
    let anybody = Router::new()
        .route("/login", get(login::show).post(login::sign_in))
        .route("/login/once/{code}", get(login::sign_in_once))
        .route("/logout", post(login::sign_out))
        .route("/language", post(language::choose))
        .route_layer(from_fn_with_state(app.clone(), origin::same_site_only));
    operators.merge(anybody).route("/static/{name}", get(assets::serve))
}

/// Adds pages for errors, which a browser gets instead of JSON.
pub fn for_browsers(routes: Router, app: &App) -> Router {
    routes.layer(from_fn_with_state(app.clone(), failure::as_page))
}
