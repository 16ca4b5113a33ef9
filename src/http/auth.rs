//! Who sends a request: an operator of the settings, recognised by bearer token or session, and what the role allows.

use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, header, request::Parts},
    middleware::Next,
    response::Response,
};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::{ConditionallySelectable, ConstantTimeEq};

use super::{App, origin::is_of_another_site, problem::Problem, session};
use crate::{
    domain::operator::{Actor, OPERATOR, Role},
    settings::Config,
};

/// All operators. Their tokens are kept as digests, so that not even a token's length can be measured.
#[derive(Clone, Debug, Default)]
pub struct Operators(Vec<(Actor, [u8; 32])>);

impl Operators {
    /// Those of the settings: the admin of `server.operator_token`, and everybody in `[operators]`.
    pub fn of(config: &Config) -> Self {
        let admin = config.operator_token.iter().map(|token| (OPERATOR, Role::Admin, token));
        let others = config.operators.iter().map(|(name, operator)| (name.as_str(), operator.role, &operator.token));
        let operator = |(name, role, token): (&str, Role, &SecretString)| {
            (Actor { name: name.to_owned(), role }, digest(token.expose_secret().as_bytes()))
        };
        Self(admin.chain(others).map(operator).collect())
    }

    /// Whether nobody can be let in.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The operator of this name.
    pub(super) fn named(&self, name: &str) -> Option<&Actor> {
        self.0.iter().map(|(actor, _)| actor).find(|actor| actor.name == name)
    }

    /// What `digest_of` makes of an operator's name, role and token; it changes when any of them does.
    pub(super) fn proof_of(&self, name: &str, digest_of: impl Fn(&[u8]) -> String) -> Option<String> {
        let (actor, digest) = self.0.iter().find(|(actor, _)| actor.name == name)?;
        Some(digest_of(&[digest.as_slice(), actor.role.as_str().as_bytes(), b" ", name.as_bytes()].concat()))
    }

    /// Whose token this is. The time it takes reveals neither the operator nor how close a wrong token is.
    pub(crate) fn with_token(&self, token: &[u8]) -> Option<Actor> {
        let given = digest(token);
        let mut found = u32::MAX;
        for (place, (_, digest)) in (0_u32..).zip(&self.0) {
            found.conditional_assign(&place, digest.ct_eq(&given));
        }
        self.0.get(found as usize).map(|(actor, _)| actor.clone())
    }
}

fn digest(token: &[u8]) -> [u8; 32] {
    Sha256::digest(token).into()
}

/// Admits a request with an operator's token or with the cookie of an operator who has signed in, and attaches the
/// operator for [`By`].
pub(crate) async fn operators_only(
    State(app): State<App>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let proofs = app.proofs.get();
    if proofs.operators.is_empty() {
        return Err(Problem::Closed);
    }
    let actor = match bearer(request.headers()) {
        Some(token) => match proofs.operators.with_token(token) {
            None => return Err(refused(&app)),
            actor => actor,
        },
        // A browser sends the cookie even with requests that another site's page causes.
        None if !request.method().is_safe() && is_of_another_site(&app, request.headers()) => {
            return Err(Problem::OtherSite);
        }
        None => session::actor(&app, request.headers()).await?,
    };
    request.extensions_mut().insert(actor.ok_or(Problem::TokenWrong)?);
    Ok(next.run(request).await)
}

/// Counts a wrong token, of a request or at the sign-in page.
pub(crate) fn count_refused(problem: &Problem) {
    metrics::counter!("forstok_accurate_operators_refused_total", "code" => problem.code()).increment(1);
}

/// The answer to a wrong token, which is counted in the log and in the metrics.
fn refused(app: &App) -> Problem {
    let problem = match app.token_limit().count(app.engine.monotonic()) {
        Ok(()) => Problem::TokenWrong,
        Err(wait) => Problem::TooManyAttempts(wait),
    };
    count_refused(&problem);
    app.refusals().note("operator token", problem.code());
    problem
}

/// Admits the roles `work` and `admin`: they retry, decide and acknowledge.
pub(crate) async fn workers_only(By(actor): By, request: Request, next: Next) -> Result<Response, Problem> {
    must(actor, Role::Work)?;
    Ok(next.run(request).await)
}

/// Admits the role `admin`, which changes the mapping.
pub(crate) async fn admins_only(By(actor): By, request: Request, next: Next) -> Result<Response, Problem> {
    must(actor, Role::Admin)?;
    Ok(next.run(request).await)
}

/// Refuses an operator whose role does not allow it.
pub(super) fn must(actor: Actor, needed: Role) -> Result<(), Problem> {
    if actor.may(needed) { Ok(()) } else { Err(Problem::RoleMissing { actor, needed }) }
}

/// The operator whose request it is. On a route outside of [`operators_only`] the request is refused.
#[derive(Debug)]
pub(crate) struct By(pub(crate) Actor);

impl<S: Sync> FromRequestParts<S> for By {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Actor>().cloned().map(Self).ok_or(Problem::TokenWrong)
    }
}

fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let value = headers.get(header::AUTHORIZATION)?.as_bytes();
    let (scheme, token) = value.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| token.trim_ascii())
}
