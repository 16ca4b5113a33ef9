//! The OpenAPI document, made from the handlers themselves.

use axum::Json;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        Content, Ref, RefOr, ResponseBuilder,
        link::LinkBuilder,
        security::{Http, HttpAuthScheme, SecurityScheme},
    },
};

use super::{
    acknowledge, decision, export, health, mapping, mapping_history, metrics, orders, preview, problems, retry,
    snapshots, summary, totals, unreadable, webhook,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "forstok-accurate",
        description = "Scheduler Forstok orders into exactly one correct sales invoice each in Accurate Online."
    ),
    paths(
        webhook::receive,
        orders::list,
        orders::one,
        retry::one,
        retry::many,
        decision::decide,
        acknowledge::acknowledge,
        problems::list,
        unreadable::list,
        unreadable::body,
        unreadable::retry,
        snapshots::body,
        export::file,
        totals::list,
        mapping_history::list,
        mapping_history::one,
        summary::summary,
        mapping::get,
        mapping::put,
        mapping::check,
        preview::show,
        health::alive,
        health::ready,
        metrics::render,
        serve
    ),
    tags(
        (name = "webhook", description = "For Forstok"),
        (name = "operators", description = "For people and their tools; closed without the operator token"),
        (name = "probes", description = "For health and metrics probes")
    ),
    modifiers(&OperatorToken, &NoPages, &SameForAll, &Links)
)]
struct Document;

struct OperatorToken;

impl Modify for OperatorToken {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("operator_token", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    }
}

/// An action on all orders that match takes the list's filters, but not its pages.
struct NoPages;

impl Modify for NoPages {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let mut of_all = Vec::new();
        for (path, item) in &mut document.paths.paths {
            of_all.extend(match path.as_str() {
                "/v1/orders/retry" => item.post.as_mut(),
                "/v1/orders/export" => item.get.as_mut(),
                _ => None,
            });
        }
        for parameters in of_all.into_iter().filter_map(|operation| operation.parameters.as_mut()) {
            parameters.retain(|parameter| {
                !matches!(parameter, RefOr::T(parameter) if ["limit", "cursor", "totals"].contains(&parameter.name.as_str()))
            });
        }
    }
}

/// Answers that any operation for operators may give, so that no handler has to repeat them.
struct SameForAll;

impl Modify for SameForAll {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let operations = document.paths.paths.values_mut().flat_map(|path| {
            [&mut path.get, &mut path.put, &mut path.post, &mut path.delete, &mut path.patch].into_iter().flatten()
        });
        for operation in operations.filter(|operation| operation.security.is_some()) {
            let mut same = vec![
                ("429", "Too many wrong tokens within a minute; a right one still works"),
                ("503", "The database does not answer, or it took too long"),
            ];
            if operation.request_body.is_some() {
                same.push(("413", "The body is larger than 4 MiB"));
            }
            for (status, description) in same {
                let problem = Content::new(Some(Ref::from_schema_name("ProblemBody")));
                let response = ResponseBuilder::new()
                    .description(description)
                    .content("application/problem+json", problem)
                    .build();
                operation.responses.responses.entry(status.to_owned()).or_insert(RefOr::T(response));
            }
        }
    }
}

/// From which answer to which operation: the operation that answers, its name for the link, the operation that the
/// link leads to, and where that one's parameter stands in the answer.
const LINKS: [(&str, &str, &str, &str, &str); 3] = [
    ("/webhooks/forstok", "Order", "getOrder", "order_id", "$response.body#/order_id"),
    ("/webhooks/forstok", "Retry", "retryOrder", "order_id", "$response.body#/order_id"),
    ("/v1/orders", "NextPage", "listOrders", "cursor", "$response.body#/next_cursor"),
];

/// Says which answers lead to which operations.
struct Links;

impl Modify for Links {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        for (path, name, operation, parameter, place) in LINKS {
            let link = LinkBuilder::new().operation_id(operation).parameter(parameter, place).build();
            let item = document.paths.paths.get_mut(path);
            let from = item.and_then(|item| item.post.as_mut().or(item.get.as_mut()));
            if let Some(RefOr::T(response)) = from.and_then(|from| from.responses.responses.get_mut("200")) {
                response.links.insert(name.to_owned(), RefOr::T(link));
            }
        }
    }
}

/// The document of all routes.
pub fn document() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

/// The document as YAML. Numbers keep their digits in this program; the YAML writer shows that as a map, which is
/// undone here.
pub fn document_as_yaml() -> Result<String, String> {
    const NUMBER: &str = "$serde_json::private::Number: '";
    let yaml = document().to_yaml().map_err(|error| error.to_string())?;
    let mut lines: Vec<String> = Vec::new();
    for line in yaml.lines() {
        match (line.trim_start().strip_prefix(NUMBER).and_then(|rest| rest.strip_suffix('\'')), lines.last_mut()) {
            (Some(number), Some(key)) => *key = format!("{key} {number}"),
            _ => lines.push(line.to_owned()),
        }
    }
    Ok(lines.join("\n") + "\n")
}

/// This document.
#[utoipa::path(
    get,
    path = "/openapi.json",
    operation_id = "getOpenApiDocument",
    tag = "probes",
    responses((status = 200, description = "The OpenAPI document", body = serde_json::Value))
)]
pub(super) async fn serve() -> Json<utoipa::openapi::OpenApi> {
    Json(document())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::document;

    /// Every operation of the document, with its method and path.
    fn operations() -> Vec<(String, Value)> {
        let document = serde_json::to_value(document()).expect("a document is JSON");
        let paths = document["paths"].as_object().expect("paths").clone();
        let operations = |(path, methods): (String, Value)| {
            let methods = methods.as_object().expect("methods").clone();
            methods.into_iter().map(move |(method, operation)| (format!("{method} {path}"), operation))
        };
        paths.into_iter().flat_map(operations).collect()
    }

    #[test]
    fn every_operation_has_a_speaking_id_of_its_own() {
        let mut known = BTreeSet::new();
        for (at, operation) in operations() {
            let id = operation["operationId"].as_str().unwrap_or_default().to_owned();
            let speaks = id.len() >= 8 && id.chars().all(char::is_alphanumeric) && id.contains(char::is_uppercase);
            assert!(speaks, "{at}: {id:?}");
            assert!(known.insert(id.clone()), "{at}: {id} is another operation's too");
        }
    }

    #[test]
    fn every_body_has_a_schema_that_says_what_it_holds() {
        for (at, operation) in operations() {
            let contents = operation["requestBody"]["content"].as_object().into_iter().flat_map(|kinds| kinds.values());
            for content in contents {
                let schema = &content["schema"];
                assert!(schema["$ref"].is_string() || schema["items"].is_object(), "{at}: {schema}");
            }
        }
    }

    #[test]
    fn decisions_say_which_fields_they_need() {
        let document = serde_json::to_value(document()).expect("a document is JSON");
        let schemas = &document["components"]["schemas"];
        let mut needed = BTreeSet::new();
        for kind in schemas["DecisionBody"]["oneOf"].as_array().expect("kinds of decisions") {
            let name = kind["$ref"].as_str().and_then(|path| path.rsplit('/').next()).expect("a schema of its own");
            assert_eq!(schemas[name]["additionalProperties"], false, "{name}");
            for word in schemas[name]["properties"]["decision"]["enum"].as_array().expect("words") {
                let fields = schemas[name]["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
                let fields: Vec<_> = fields.filter(|field| *field != "decision").collect();
                needed.insert(format!("{}: {}", word.as_str().expect("a word"), fields.join(", ")));
            }
        }
        let expected = ["again: ", "by_hand: reason, document", "never: reason", "none: ", "now: ", "undo: "];
        assert_eq!(needed.iter().map(String::as_str).collect::<Vec<_>>(), expected);
    }
}
