//! The plans that PostgreSQL makes with the statistics of a shop that has existed for a while.

use forstok_accurate::settings::Database;
use secrecy::ExposeSecret;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};

use super::BY_PART;
use crate::world::World;

/// Tables that grow with every order.
const GROWING: [&str; 8] =
    ["masters", "owing", "orders", "documents", "deliveries", "timeline", "order_terms", "order_warnings"];

/// A shop with 20,000 orders. Of a hundred orders 95 are invoiced; the others are ignored, deleted, blocked or watched.
/// One in a thousand is due.
const FILL: &str = "
    SET session_replication_role = replica;
    CREATE TEMPORARY TABLE past AS SELECT n, 1000 + n AS id, 1600000000000000 + CAST(n AS BIGINT) * 60000000 AS at,
            CASE WHEN n % 1000 = 0 THEN 'due' WHEN n % 100 = 95 THEN 'ignored' WHEN n % 100 = 96 THEN 'voided'
                 WHEN n % 100 = 97 THEN 'blocked' WHEN n % 100 >= 98 THEN 'watching' ELSE 'invoiced' END AS state
        FROM generate_series(1, 20000) AS n;
    INSERT INTO orders SELECT (jsonb_populate_record(o, jsonb_build_object(
            'id', p.id, 'order_id', p.id, 'store_id', 8270 + p.n % 5, 'channel_order_id', 'INV/' || p.n,
            'state', p.state, 'undecided', 0, 'amount', p.n % 500 * 100000,
            'reason', CASE p.state WHEN 'blocked' THEN CASE p.n % 3 WHEN 0 THEN 'item_not_found'
                                        ELSE 'store_unmapped' END WHEN 'ignored' THEN 'before_start' ELSE '' END,
            'subject', CASE p.state WHEN 'blocked' THEN 'item:SKU-' || p.n % 20 ELSE '' END,
            'ordered_at', p.at, 'received_at', p.at, 'created_at', p.at, 'latest_delivery', 2 * p.id,
            'invoice_id', CASE WHEN p.state IN ('invoiced', 'voided') THEN p.id END,
            'invoice_number', CASE WHEN p.state IN ('invoiced', 'voided') THEN 'SI-' || p.n END,
            'invoiced_at', CASE WHEN p.state IN ('invoiced', 'voided') THEN p.at END))).*
        FROM orders o, past p WHERE o.order_id = '2';
    INSERT INTO documents SELECT (jsonb_populate_record(d, jsonb_build_object(
            'id', p.id, 'order_id', p.id, 'number', 'SI-' || p.n, 'wanted', CASE p.state WHEN 'voided' THEN 'gone' ELSE 'exist' END,
            'state', CASE p.state WHEN 'invoiced' THEN 'exists' WHEN 'voided' THEN 'gone' ELSE p.state END,
            'waits_for', CASE p.state WHEN 'blocked' THEN 'item:SKU-' || p.n % 20 ELSE '' END,
            'due_since', CASE p.state WHEN 'due' THEN p.at END, 'next_attempt_at', CASE p.state WHEN 'due' THEN p.at ELSE 0 END,
            'lease_until', 0, 'accurate_id', CASE WHEN p.state IN ('invoiced', 'voided') THEN p.id END))).*
        FROM documents d, past p WHERE d.order_id = '2' AND p.state IN ('invoiced', 'voided', 'blocked', 'due');
    INSERT INTO owing SELECT p.id, 8270 + p.n % 5, 10000000 FROM past p WHERE p.n % 5 < 4;
    INSERT INTO deliveries SELECT (jsonb_populate_record(d, jsonb_build_object(
            'id', 2 * p.id + s, 'order_id', p.id, 'received_at', p.at, 'fingerprint', '\\x' || lpad(to_hex(2 * p.id + s), 8, '0')))).*
        FROM deliveries d, past p, generate_series(0, 1) s
        WHERE d.id = (SELECT MIN(id) FROM deliveries WHERE order_id = '2');
    INSERT INTO timeline SELECT (jsonb_populate_record(t, jsonb_build_object('order_id', p.id, 'at', p.at))).*
        FROM timeline t, past p WHERE t.order_id = '2';
    INSERT INTO order_terms SELECT term || p.n, p.id
        FROM past p, unnest(ARRAY['s:sku-', 'r:vni', 'a:']) AS term;
    INSERT INTO masters SELECT p.n % 5, p.n % 2, p.id, p.id, 'Barang', '', 0, p.id || ' barang' FROM past p;
    INSERT INTO order_warnings SELECT CASE p.n % 3 WHEN 0 THEN 'customer_created' ELSE 'name_cut' END, p.id, p.n % 2
        FROM past p WHERE p.n % 4 = 0";

/// The server may have analysed the tables in the background while they were nearly empty; that is forgotten, and does
/// not happen again.
fn forget_statistics() -> String {
    let switches = GROWING.map(|table| format!("ALTER TABLE {table} SET (autovacuum_enabled = off);")).concat();
    let names = GROWING.map(|table| format!("'{table}'")).join(", ");
    format!(
        "{switches} DELETE FROM pg_statistic WHERE starelid IN (SELECT oid FROM pg_class WHERE relname IN ({names}));
         UPDATE pg_class SET reltuples = -1, relpages = 0, relallvisible = 0 WHERE relname IN ({names})"
    )
}

/// What a person requests, seldom: without statistics it may read a table.
const SELDOM: [&str; 1] = ["UPDATE documents SET failures = 0,\n"];

/// What is given for a value of a statement: a limit of a page, the end of a list, or something of its type.
fn example(sql: &str, nth: usize) -> &'static str {
    let name = format!("${nth}");
    let stands = |before: &str, behind: &str| {
        let found = format!("{before}{name}{behind}");
        sql.match_indices(&found)
            .any(|(at, _)| !sql[at + found.len()..].starts_with(|next: char| next.is_ascii_digit()))
    };
    if stands("LIMIT ", "") {
        "'50'"
    } else if stands("< ", "") || stands("<= ", "") {
        "'9000000000000000'"
    } else if stands(">= ", "") {
        "'1601199000000000'"
    } else if stands("", "::") {
        "'{}'"
    } else {
        "'1'"
    }
}

/// The statements that read a whole table, with the steps that do: planned without statistics, as in the first minute
/// of a busy service, and with them.
pub(super) async fn slow(world: &World, statements: &[String]) -> Vec<String> {
    let Database::Postgres(url) = &world.place else { panic!("a server's") };
    let mut connection = PgConnection::connect(url.expose_secret()).await.expect("the server lets us in");
    sqlx::raw_sql(FILL).execute(&mut connection).await.expect("filled");
    sqlx::raw_sql(AssertSqlSafe(forget_statistics())).execute(&mut connection).await.expect("forgotten");
    let mut slow = Vec::new();
    for sql in statements.iter().filter(|sql| !SELDOM.iter().any(|seldom| sql.starts_with(seldom))) {
        let plan = plan(&mut connection, sql, "force_custom_plan").await;
        slow.extend(described("without statistics", sql, &plan));
    }
    sqlx::raw_sql("ANALYZE").execute(&mut connection).await.expect("analysed");
    for sql in statements {
        let for_these = plan(&mut connection, sql, "force_custom_plan").await;
        slow.extend(described("for these values", sql, &for_these));
        // The driver prepares statements, so the server may use one plan for all values. It does so if that plan is
        // hardly more expensive; here even if it is twice as expensive.
        let for_all = plan(&mut connection, sql, "force_generic_plan").await;
        if cost(&for_all) < 2.0 * cost(&for_these) {
            slow.extend(described("for all values", sql, &for_all));
        }
    }
    slow
}

async fn plan(connection: &mut PgConnection, sql: &str, mode: &str) -> Value {
    let values = (1..100).take_while(|nth| sql.contains(&format!("${nth}")));
    let values = values.map(|nth| example(sql, nth)).collect::<Vec<_>>();
    let values = if values.is_empty() { String::new() } else { format!("({})", values.join(", ")) };
    let explain = format!(
        "SET plan_cache_mode = {mode}; PREPARE it AS {sql}; EXPLAIN (FORMAT JSON) EXECUTE it{values}; DEALLOCATE it"
    );
    let rows = sqlx::raw_sql(AssertSqlSafe(explain)).fetch_all(connection).await;
    let rows = rows.unwrap_or_else(|error| panic!("what was run once can be explained: {error}\n{sql}"));
    let plan: String = rows.first().expect("a plan").get_unchecked(0);
    serde_json::from_str(&plan).expect("JSON")
}

fn cost(plan: &Value) -> f64 {
    plan[0]["Plan"]["Total Cost"].as_f64().expect("a plan has a cost")
}

fn described(planned: &str, sql: &str, plan: &Value) -> Option<String> {
    let mut whole = Vec::new();
    whole_reads(plan, &mut whole);
    (!whole.is_empty()).then(|| format!("planned {planned}: {sql}\n  {}", whole.join("\n  ")))
}

/// Steps of a plan that read a whole table that grows with history, also through an index. A partial index may be read
/// whole, because it contains only relevant rows; so may the end of a list with a limit.
fn whole_reads(plan: &Value, whole: &mut Vec<String>) {
    match plan {
        Value::Array(steps) => steps.iter().for_each(|step| whole_reads(step, whole)),
        Value::Object(step) => {
            let text = |key: &str| step.get(key).and_then(Value::as_str).unwrap_or_default();
            let (kind, table, index) = (text("Node Type"), text("Relation Name"), text("Index Name"));
            let grows = GROWING.contains(&table);
            let by_part = BY_PART.contains(&index);
            if grows
                && kind != "ModifyTable"
                && !by_part
                && !kind.contains("Bitmap Heap")
                && !step.contains_key("Index Cond")
            {
                whole.push(format!("{kind} {index} on {table}: {}", text("Filter")));
            }
            step.values().for_each(|inner| whole_reads(inner, whole));
        }
        _ => {}
    }
}
