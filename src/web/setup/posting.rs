//! Whether invoices are created, and the switch that starts it.

use crate::{
    domain::operator::Actor,
    http::{App, problem::Problem},
};

pub(super) fn is_on(app: &App) -> bool {
    app.engine.mapping().revision > 0 && !app.engine.is_in_shadow()
}

pub(super) async fn start(app: &App, actor: &Actor) -> Result<(), Problem> {
    app.engine.start_creating_invoices(actor).await?;
    Ok(())
}
