//! `/v1`: what people and their tools ask for. One file per operation, named like its `operationId`.

pub(crate) mod acknowledge_warning;
pub(crate) mod act_on_finding;
mod approval;
pub(super) mod approve_payouts;
pub(super) mod approve_returns;
pub(crate) mod check_mapping;
pub(crate) mod close_finding;
pub(crate) mod close_findings;
pub(super) mod compare_mapping_revisions;
pub(crate) mod decide_order;
pub(super) mod decide_payout;
pub(super) mod decide_return;
pub(super) mod export_orders;
pub(crate) mod get_finding;
pub(super) mod get_mapping;
pub(super) mod get_mapping_revision;
pub(super) mod get_order;
pub(super) mod get_reconciliation;
pub(super) mod get_shadow;
pub(super) mod get_snapshot;
pub(super) mod get_summary;
pub(super) mod get_totals;
pub(super) mod get_unreadable_webhook;
pub(crate) mod import_orders;
pub(crate) mod list_findings;
pub(super) mod list_mapping_revisions;
pub(crate) mod list_masters;
pub(crate) mod list_notices;
pub(super) mod list_orders;
pub(super) mod list_payouts;
pub(super) mod list_problems;
pub(super) mod list_reconciliations;
pub(super) mod list_returns;
pub(crate) mod list_shadow_differences;
pub(super) mod list_skus;
pub(crate) mod list_unreadable_webhooks;
mod order;
mod order_with_timeline;
pub(crate) mod preview_order;
pub(super) mod put_mapping;
pub(crate) mod reconciliation;
pub(super) mod record_payouts;
pub(super) mod record_returns;
mod recorded_rows;
pub(super) mod refresh_masters;
pub(crate) mod request_reconciliation;
pub(crate) mod restore_mapping;
pub(crate) mod retry_order;
pub(super) mod retry_orders;
pub(super) mod retry_unreadable_webhook;
pub(crate) mod row_decision;
pub(crate) mod rows;
pub(super) mod test_notices;
pub(super) mod try_mapping;

use axum::{
    Router, middleware,
    routing::{get, post, put},
};

use super::{App, auth};

/// All of it, each operation behind the role that it needs.
pub(super) fn routes(app: &App) -> Router<App> {
    let readers = Router::new()
        .route("/v1/orders", get(list_orders::handler))
        .route("/v1/orders/export", get(export_orders::handler))
        .route("/v1/orders/{order_id}", get(get_order::handler))
        .route("/v1/orders/{order_id}/snapshots/{id}", get(get_snapshot::handler))
        .route("/v1/problems", get(list_problems::handler))
        .route("/v1/unreadable", get(list_unreadable_webhooks::handler))
        .route("/v1/unreadable/{id}", get(get_unreadable_webhook::handler))
        .route("/v1/totals", get(get_totals::handler))
        .route("/v1/summary", get(get_summary::handler))
        .route("/v1/notices", get(list_notices::handler))
        .route("/v1/shadow", get(get_shadow::handler))
        .route("/v1/shadow/differences", get(list_shadow_differences::handler))
        .route("/v1/reconciliations", get(list_reconciliations::handler))
        .route("/v1/reconciliations/{id}", get(get_reconciliation::handler))
        .route("/v1/findings", get(list_findings::handler))
        .route("/v1/payouts", get(list_payouts::handler))
        .route("/v1/returns", get(list_returns::handler))
        .route("/v1/findings/{id}", get(get_finding::handler))
        .route("/v1/mapping", get(get_mapping::handler))
        .route("/v1/mapping/history", get(list_mapping_revisions::handler))
        .route("/v1/mapping/revisions/{revision}", get(get_mapping_revision::handler))
        .route("/v1/mapping/skus", get(list_skus::handler))
        .route("/v1/mapping/revisions/{revision}/changes", get(compare_mapping_revisions::handler))
        .route("/v1/mapping/check", post(check_mapping::handler))
        .route("/v1/books/{book}/masters/{kind}", get(list_masters::handler))
        .route("/v1/mapping/try", post(try_mapping::handler))
        .route("/v1/preview", post(preview_order::handler));
    let workers = Router::new()
        .route("/v1/orders/retry", post(retry_orders::handler))
        .route("/v1/orders/import", post(import_orders::handler))
        .route("/v1/orders/{order_id}/retry", post(retry_order::handler))
        .route("/v1/orders/{order_id}/decision", post(decide_order::handler))
        .route("/v1/orders/{order_id}/warnings/{code}/acknowledge", post(acknowledge_warning::handler))
        .route("/v1/payouts", post(record_payouts::handler))
        .route("/v1/payouts/approve", post(approve_payouts::handler))
        .route("/v1/payouts/decision", post(decide_payout::handler))
        .route("/v1/returns", post(record_returns::handler))
        .route("/v1/returns/approve", post(approve_returns::handler))
        .route("/v1/returns/decision", post(decide_return::handler))
        .route("/v1/reconciliations", post(request_reconciliation::handler))
        .route("/v1/findings/close", post(close_findings::handler))
        .route("/v1/findings/{id}/close", post(close_finding::handler))
        .route("/v1/findings/{id}/action", post(act_on_finding::handler))
        .route("/v1/unreadable/{id}/retry", post(retry_unreadable_webhook::handler))
        .route("/v1/books/{book}/masters/{kind}/refresh", post(refresh_masters::handler))
        .route_layer(middleware::from_fn(auth::workers_only));
    let admins = Router::new()
        .route("/v1/mapping", put(put_mapping::handler))
        .route("/v1/notices/test", post(test_notices::handler))
        .route("/v1/mapping/revisions/{revision}/restore", post(restore_mapping::handler))
        .route_layer(middleware::from_fn(auth::admins_only));
    readers.merge(workers).merge(admins).route_layer(middleware::from_fn_with_state(app.clone(), auth::operators_only))
}
