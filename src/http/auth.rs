//! The operators' surface opens only to the token of the settings.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, header},
    middleware::Next,
    response::Response,
};
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{App, problem::Problem};

/// Lets a request through that carries the operator's token.
pub(super) async fn operators_only(State(app): State<App>, request: Request, next: Next) -> Result<Response, Problem> {
    let proofs = app.proofs.get();
    let token = proofs.operator_token.as_ref().ok_or(Problem::Closed)?;
    let given = bearer(request.headers()).ok_or(Problem::TokenWrong)?;
    // By digest, so that not even the length of the token can be measured.
    let same = Sha256::digest(given).ct_eq(&Sha256::digest(token.expose_secret()));
    if !bool::from(same) {
        return Err(Problem::TokenWrong);
    }
    Ok(next.run(request).await)
}

fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let value = headers.get(header::AUTHORIZATION)?.as_bytes();
    let (scheme, token) = value.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| token.trim_ascii())
}
