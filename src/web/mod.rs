//! Pages for the people who keep the books: one file each, rendered on the server, usable without JavaScript.
//!
//! [`page`] is what every page knows (who reads it, in which language); [`format`] writes amounts, days and times;
//! [`assets`] are style sheet and script; [`failure`] says in words what went wrong. What a page changes, it changes
//! through the same functions as `/v1`.

mod assets;
mod books;
mod failure;
mod format;
mod language;
mod login;
mod page;
mod today;

use axum::{
    Router,
    middleware::from_fn_with_state,
    routing::{get, post},
};

use crate::http::{App, auth, origin};

/// All pages.
pub fn pages(app: &App) -> Router<App> {
    let readers =
        Router::new().route("/", get(today::show)).route_layer(from_fn_with_state(app.clone(), auth::operators_only));
    let anybody = Router::new()
        .route("/login", get(login::show).post(login::sign_in))
        .route("/login/once/{code}", get(login::sign_in_once))
        .route("/logout", post(login::sign_out))
        .route("/language", post(language::choose))
        .route_layer(from_fn_with_state(app.clone(), origin::same_site_only));
    readers.merge(anybody).route("/static/{name}", get(assets::serve))
}

/// Routes whose errors a browser shows as a page instead of JSON.
pub fn for_browsers(routes: Router, app: &App) -> Router {
    routes.layer(from_fn_with_state(app.clone(), failure::as_page))
}
