//! The metrics and probe routes that `deploy/` relies on.

use std::collections::BTreeSet;

use crate::{
    forstok::order,
    service::{Home, Service, accurate},
};

const RULES: &str = include_str!("../../deploy/prometheus/alerts.yaml");
const TESTS_OF_RULES: &str = include_str!("../../deploy/prometheus/alerts.test.yaml");
const TESTS_OVER_DAYS: &str = include_str!("../../deploy/prometheus/alerts-over-days.test.yaml");
const DASHBOARD: &str = include_str!("../../deploy/grafana/dashboard.json");
const KUBERNETES: &str = include_str!("../../deploy/kubernetes.yaml");

/// A service that has invoiced an order, so that every metric has a value.
async fn after_an_invoice() -> Service {
    let accurate = accurate().await;
    let hints =
        [("FORSTOK_ACCURATE_BOOKS__MAIN__WEBHOOK", "hint"), ("FORSTOK_ACCURATE_BOOKS__MAIN__WEBHOOK_SECRET", "s")];
    let service = Home::new(&accurate).serve_with(&hints).await;
    service.send(&order(1)).await;
    service.order_once("1", "invoiced").await;
    service
}

/// The words of a text that begin with this prefix.
fn words(text: &str, beginning: &str) -> BTreeSet<String> {
    let of_a_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.split(|c| !of_a_name(c)).filter(|word| word.starts_with(beginning)).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn alert_rules_and_dashboard_use_only_metrics_of_the_service() {
    let told = after_an_invoice().await.get("/metrics").await.text;
    let known: BTreeSet<_> = told.lines().filter_map(|line| line.split(['{', ' ']).next()).collect();
    let files = [
        ("alerts.yaml", RULES),
        ("alerts.test.yaml", TESTS_OF_RULES),
        ("alerts-over-days.test.yaml", TESTS_OVER_DAYS),
        ("dashboard.json", DASHBOARD),
    ];
    for (file, text) in files {
        let asked = words(text, "forstok_accurate_");
        assert!(asked.len() > 3, "{file} asks for {asked:?}");
        for metric in asked.into_iter().chain(words(text, "process_")) {
            assert!(known.contains(metric.as_str()), "{file} asks for {metric}, which is not in\n{told}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dashboard_shows_every_metric() {
    let told = after_an_invoice().await.get("/metrics").await.text;
    let shown: BTreeSet<_> =
        ["forstok_accurate_", "process_"].into_iter().flat_map(|beginning| words(DASHBOARD, beginning)).collect();
    for line in told.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let (name, kind) = line.split_once(' ').expect("a name and its kind");
        let name = if kind == "histogram" { format!("{name}_bucket") } else { name.to_owned() };
        assert!(shown.contains(&name), "{name} is nowhere on the dashboard");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_routes_that_kubernetes_probes_answer() {
    let service = after_an_invoice().await;
    let probes = KUBERNETES.lines().filter_map(|line| line.split_once("httpGet: {path: ")?.1.split_once(','));
    let paths: Vec<_> = probes.map(|(path, _)| path).collect();
    assert_eq!(paths.len(), 3, "start, readiness and liveness: {paths:?}");
    for path in paths {
        assert_eq!(service.get(path).await.status, 200, "{path}");
    }
}

#[test]
fn the_settings_that_the_manifests_give_are_settings() {
    let (compose, kubernetes) = (include_str!("../../deploy/compose.yaml"), KUBERNETES);
    for manifest in [compose, kubernetes] {
        let folder = tempfile::tempdir().expect("a folder");
        let file = |name: &str, content: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, content).expect("the folder takes files");
            path.display().to_string()
        };
        let mut names = words(manifest, "FORSTOK_ACCURATE_");
        // An argument of the image's build.
        names.retain(|name| name != "FORSTOK_ACCURATE_COMMIT");
        assert!(names.len() >= 6, "{names:?}");
        let value = |name: &str| match name {
            name if name.ends_with("MAPPING__FILE") => {
                file("mapping.toml", forstok_accurate::sandbox::samples::MAPPING)
            }
            name if name.ends_with("DATABASE__URL_FILE") => file("database-url", "sqlite://orders.db"),
            name if name.ends_with("_FILE") => file(name, &format!("a secret of the test: {name}")),
            name if name.ends_with("OPERATOR_LISTEN") => "0.0.0.0:8081".to_owned(),
            name if name.ends_with("SCHEME") => "shared-key".to_owned(),
            name => panic!("{name} is not expected in a manifest"),
        };
        let environment = names.iter().map(|name| (name.clone(), value(name)));
        let config =
            forstok_accurate::settings::load(None, environment).expect("the manifest gives all that is needed");
        assert!(config.operator_token.is_some() && config.mapping.is_some());
    }
}
