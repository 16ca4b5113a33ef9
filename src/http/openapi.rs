//! The OpenAPI document, made from the handlers themselves.

use axum::Json;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        RefOr, Required,
        link::LinkBuilder,
        security::{Http, HttpAuthScheme, SecurityScheme},
    },
};

use super::{
    accurate_webhook, health, metrics,
    problem::ProblemBody,
    responses::with_problem_body,
    v1::{
        acknowledge_warning, act_on_finding, approve_payouts, approve_returns, check_mapping, close_finding,
        close_findings, compare_mapping_revisions, decide_order, decide_payout, decide_return, export_orders,
        get_finding, get_mapping, get_mapping_revision, get_order, get_reconciliation, get_shadow, get_snapshot,
        get_summary, get_totals, get_unreadable_webhook, import_orders, list_findings, list_mapping_revisions,
        list_masters, list_notices, list_orders, list_payouts, list_problems, list_reconciliations, list_returns,
        list_shadow_differences, list_skus, list_unreadable_webhooks, preview_order, put_mapping, record_payouts,
        record_returns, refresh_masters, request_reconciliation, restore_mapping, retry_order, retry_orders,
        retry_unreadable_webhook, test_notices, try_mapping,
    },
    webhook,
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "forstok-accurate",
        description = "Creates exactly one correct sales invoice in Accurate Online for each Forstok order, and books its payouts and returns."
    ),
    paths(
        webhook::receive,
        accurate_webhook::receive,
        list_orders::handler,
        get_order::handler,
        retry_order::handler,
        retry_orders::handler,
        import_orders::handler,
        decide_order::handler,
        acknowledge_warning::handler,
        list_problems::handler,
        list_unreadable_webhooks::handler,
        get_unreadable_webhook::handler,
        retry_unreadable_webhook::handler,
        get_snapshot::handler,
        export_orders::handler,
        get_totals::handler,
        list_mapping_revisions::handler,
        get_mapping_revision::handler,
        list_skus::handler,
        get_summary::handler,
        get_shadow::handler,
        list_shadow_differences::handler,
        request_reconciliation::handler,
        list_reconciliations::handler,
        get_reconciliation::handler,
        list_findings::handler,
        get_finding::handler,
        close_finding::handler,
        close_findings::handler,
        act_on_finding::handler,
        record_payouts::handler,
        list_payouts::handler,
        approve_payouts::handler,
        decide_payout::handler,
        record_returns::handler,
        list_returns::handler,
        approve_returns::handler,
        decide_return::handler,
        get_mapping::handler,
        put_mapping::handler,
        restore_mapping::handler,
        compare_mapping_revisions::handler,
        check_mapping::handler,
        list_masters::handler,
        refresh_masters::handler,
        try_mapping::handler,
        preview_order::handler,
        list_notices::handler,
        test_notices::handler,
        health::alive,
        health::ready,
        metrics::render,
        serve
    ),
    components(schemas(ProblemBody)),
    tags(
        (name = "webhook", description = "For Forstok"),
        (name = "operators", description = "For people and their tools; closed if neither `server.operator_token` nor `[operators]` is set"),
        (name = "probes", description = "For health and metrics probes")
    ),
    modifiers(&OperatorToken, &NoPages, &ErrorBodies, &Links)
)]
struct Document;

struct OperatorToken;

impl Modify for OperatorToken {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("operator_token", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    }
}

/// An operation on all rows that match takes the list's filters, but has no pages.
struct NoPages;

impl Modify for NoPages {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let mut of_all = Vec::new();
        for (path, item) in &mut document.paths.paths {
            of_all.extend(match path.as_str() {
                "/v1/orders/retry" | "/v1/payouts/approve" | "/v1/returns/approve" => item.post.as_mut(),
                "/v1/orders/export" => item.get.as_mut(),
                _ => None,
            });
        }
        for operation in of_all {
            // The filters replace it.
            if let Some(RefOr::T(body)) = &mut operation.request_body {
                body.required = Some(Required::False);
            }
            operation.parameters.iter_mut().for_each(|parameters| parameters.retain(|parameter| {
                !matches!(parameter, RefOr::T(parameter) if ["limit", "cursor", "totals"].contains(&parameter.name.as_str()))
            }));
        }
    }
}

/// Every error has the same body, so that no operation has to repeat it.
struct ErrorBodies;

impl Modify for ErrorBodies {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let operations = document.paths.paths.values_mut().flat_map(|path| {
            [&mut path.get, &mut path.put, &mut path.post, &mut path.delete, &mut path.patch].into_iter().flatten()
        });
        for (status, response) in operations.flat_map(|operation| &mut operation.responses.responses) {
            if let RefOr::T(response) = response
                && status.starts_with(['4', '5'])
            {
                with_problem_body(response);
            }
        }
    }
}

/// Links from answers to operations: path of the answer, name of the link, operation that it leads to, parameter of
/// that operation, and where the answer contains it.
const LINKS: [(&str, &str, &str, &str, &str); 3] = [
    ("/webhooks/forstok", "Order", "getOrder", "order_id", "$response.body#/order_id"),
    ("/webhooks/forstok", "Retry", "retryOrder", "order_id", "$response.body#/order_id"),
    ("/v1/orders", "NextPage", "listOrders", "cursor", "$response.body#/next_cursor"),
];

/// Adds [`LINKS`].
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
    use std::{collections::BTreeSet, path::Path};

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
            assert!(known.insert(id.clone()), "{at}: another operation has the id {id} too");
        }
    }

    #[test]
    fn every_operation_of_v1_has_a_file_of_its_name_and_the_errors_that_all_of_them_have() {
        for (at, operation) in operations().into_iter().filter(|(at, _)| at.contains(" /v1/")) {
            let id = operation["operationId"].as_str().expect("an id");
            let name: String = id.chars().fold(String::new(), |name, letter| match letter {
                'A'..='Z' => format!("{name}_{}", letter.to_ascii_lowercase()),
                _ => format!("{name}{letter}"),
            });
            let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/http/v1/{name}.rs"));
            assert!(file.exists(), "{at}: {id} is not in {}", file.display());
            let with_body = operation["requestBody"].is_object().then_some("413");
            for status in ["401", "403", "429", "503"].into_iter().chain(with_body) {
                let body = &operation["responses"][status]["content"]["application/problem+json"]["schema"]["$ref"];
                assert_eq!(body, "#/components/schemas/ProblemBody", "{at}: {status}");
            }
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
