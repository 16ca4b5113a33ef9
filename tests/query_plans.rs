//! No statement reads a whole table, so that a query with a million orders is as fast as with ten.
//!
//! The statements are not copied into this test. The test uses storage through its traits, the driver logs what it
//! sends, and the database explains its plans. The test needs a process of its own, because the log belongs to the
//! whole process.

mod after_sale;
mod postgres;
mod uses;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use tracing::field::{Field, Visit};
use tracing_subscriber::{Layer, layer::SubscriberExt, registry::Registry};

use self::uses::use_everything;
use crate::{
    alone::is_alone,
    world::{Base, World},
};

/// Every statement that the driver logged.
#[derive(Clone, Default)]
struct Statements(Arc<Mutex<BTreeSet<String>>>);

#[derive(Default)]
struct Logged {
    summary: String,
    statement: String,
}

impl Visit for Logged {
    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "summary" => value.clone_into(&mut self.summary),
            "db.statement" | "sql" => value.trim().clone_into(&mut self.statement),
            _ => {}
        }
    }
}

impl<S: tracing::Subscriber> Layer<S> for Statements {
    fn on_event(&self, event: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        if !["sqlx::query", "forstok_accurate::statement"].contains(&event.metadata().target()) {
            return;
        }
        let mut logged = Logged::default();
        event.record(&mut logged);
        // The driver does not shorten a statement of four words or less.
        let sql = if logged.statement.is_empty() { logged.summary } else { logged.statement };
        self.0.lock().expect("no test panics while it holds this").insert(sql);
    }
}

/// Partial indexes, which contain only relevant rows.
const BY_PART: [&str; 6] = [
    "orders_undecided",
    "documents_by_lane",
    "documents_due_since",
    "documents_blocked",
    "deliveries_unreadable",
    "mappings_in_shadow",
];

/// `u` is `unfolded`, which contains only pending rows. `SCAN o` means a whole table. A partial index may be read
/// whole, because it contains only relevant rows. Reading all orders of one state just to display something is also
/// forbidden: there may be as many.
fn reads_a_whole_table(sql: &str, step: &str) -> bool {
    if sql.starts_with("SELECT") && step.ends_with("orders_by_state (state=?)") {
        return true;
    }
    // So is counting all bodies that could not be read.
    if sql.starts_with("SELECT COUNT(*)") && step.contains("deliveries_unreadable") {
        return true;
    }
    // All that a run was shown, for each of many orders.
    if sql.contains("json_each") && step.ends_with("PRIMARY KEY (part=?)") {
        return true;
    }
    let Some(table) = step.strip_prefix("SCAN ").and_then(|rest| rest.split(' ').next()) else { return false };
    let small = [
        "order_counts",
        "delivery_counts",
        "warning_counts",
        "cause_counts",
        "shadow_counts",
        "finding_counts",
        "settlement_counts",
        "receivables",
        "fee_kinds",
        "stores",
        "seen_warehouses",
        "json_each",
        "v",
        "u",
        "CONSTANT",
        "mappings",
    ]
    .contains(&table);
    let by_part = BY_PART.iter().any(|index| step.contains(index));
    !small && !by_part && !step.starts_with("SCAN (")
}

impl Statements {
    /// The statements of storage that were logged since the previous call.
    fn take(&self) -> Vec<String> {
        let logged = std::mem::take(&mut *self.0.lock().expect("no test panics while it holds this"));
        let words = ["SELECT", "UPDATE", "INSERT", "DELETE", "WITH"];
        // Some statements are sent together in one text.
        let each = logged.iter().filter(|sql| !sql.contains("CREATE ")).flat_map(|sql| sql.split(';'));
        let own = each.map(str::trim).filter(|sql| words.iter().any(|word| sql.starts_with(word)));
        let foreign = ["_sqlx_migrations", "sqlite_", "pg_", "current_", "set_config"];
        let own: Vec<_> = own.filter(|sql| !foreign.iter().any(|name| sql.contains(name))).map(str::to_owned).collect();
        assert!(own.len() >= 25, "only {} statements were seen: the log has changed its form", own.len());
        own
    }
}

#[tokio::test]
async fn no_statement_reads_a_whole_table() {
    if !is_alone("query_plans::no_statement_reads_a_whole_table") {
        return;
    }
    let statements = Statements::default();
    let subscriber = Registry::default().with(statements.clone());
    tracing::subscriber::set_global_default(subscriber).expect("this is the only test of its process");
    let mut world = World::new().await;
    use_everything(&mut world).await;
    let mut slow = slow_in_sqlite(&world, statements.take());
    let mut world = World::on(Base::Postgres).await;
    use_everything(&mut world).await;
    slow.extend(postgres::slow(&world, &statements.take()).await);
    assert!(slow.is_empty(), "{}", slow.join("\n\n"));
}

fn slow_in_sqlite(world: &World, statements: Vec<String>) -> Vec<String> {
    let connection = rusqlite::Connection::open(world.database()).expect("the file can be opened");
    let mut slow = Vec::new();
    for sql in statements {
        let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).expect("what was run can be explained");
        let mut rows = plan.raw_query();
        let mut steps = Vec::<String>::new();
        while let Some(row) = rows.next().expect("a plan") {
            steps.push(row.get("detail").expect("a text"));
        }
        // The result of a subquery is read whole.
        let found = |name: &str| steps.iter().any(|step| *step == format!("CO-ROUTINE {name}"));
        if steps.iter().any(|step| reads_a_whole_table(&sql, step) && !found(step.trim_start_matches("SCAN "))) {
            slow.push(format!("{sql}\n  {}", steps.join("\n  ")));
        }
    }
    slow
}
