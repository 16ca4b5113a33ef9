//! The error answers that many operations share, described once.

use std::collections::BTreeMap;

use utoipa::{
    IntoResponses,
    openapi::{Content, Ref, RefOr, Response, ResponseBuilder},
};

/// The errors of every operation for operators.
pub(super) struct OperatorErrors;

impl IntoResponses for OperatorErrors {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        described([
            ("401", "Operator token missing or wrong"),
            ("403", "No operator token is set"),
            ("429", "Too many wrong tokens within a minute; a correct token still works"),
            ("503", "The database does not answer, or it took too long"),
        ])
    }
}

/// The errors of an operation that needs more than the role `read`.
pub(super) struct RoleErrors;

impl IntoResponses for RoleErrors {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let mut responses = OperatorErrors::responses();
        responses.extend(described([("403", "No operator token is set, or the role does not allow it")]));
        responses
    }
}

/// The errors of an operation that takes a body.
pub(super) struct BodyErrors;

impl IntoResponses for BodyErrors {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        described([("413", "The body is larger than 4 MiB")])
    }
}

fn described<const N: usize>(errors: [(&str, &str); N]) -> BTreeMap<String, RefOr<Response>> {
    let response = |(status, description): (&str, &str)| {
        (status.to_owned(), RefOr::T(ResponseBuilder::new().description(description).build()))
    };
    errors.map(response).into()
}

/// Gives an error that is only described the body that every error has.
pub(super) fn with_problem_body(response: &mut Response) {
    if response.content.is_empty() {
        let problem = Content::new(Some(Ref::from_schema_name("ProblemBody")));
        response.content.insert("application/problem+json".to_owned(), problem.into());
    }
}
