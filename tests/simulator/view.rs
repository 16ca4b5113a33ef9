//! The content of the database, read through a separate connection.

use std::{collections::BTreeMap, time::Duration};

use forstok_accurate::{
    domain::{
        document::{Kind, Progress, Wanted},
        payout::RowState,
    },
    settings::Database,
    storage::{DocumentKey, State},
};
use jiff::Timestamp;
use secrecy::ExposeSecret;
use sqlx::{Connection, PgConnection, Row, postgres::PgRow};
use tokio::sync::Mutex;

use super::booked::{Booked, DocumentRow, SettlementRow};

/// One order, as far as the checks and the scheduler need it. Times are by the machine's clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OrderRow {
    pub(crate) state: State,
    pub(crate) reason: String,
    pub(crate) undecided: bool,
    pub(crate) lease_until: Timestamp,
    pub(crate) next_attempt_at: Timestamp,
    /// An unknown invoice may exist.
    pub(crate) is_unsure: bool,
    /// When the latest save of unknown outcome was sent, by the database's clock.
    pub(crate) doubt_since: Timestamp,
    /// Incremented by each claim.
    pub(crate) attempt: i64,
    pub(crate) invoice_id: Option<i64>,
    /// Its invoice exists, as far as the service knows.
    pub(crate) has_invoice: bool,
    pub(crate) warnings: String,
}

impl OrderRow {
    /// Its invoice needs an attempt, and no undecided snapshot prevents it.
    fn may_be_claimed(&self) -> bool {
        match self.state {
            // A new snapshot may cancel the deletion.
            State::VoidDue => !self.undecided,
            State::Due => !self.undecided || self.is_unsure,
            _ => false,
        }
    }

    /// Nothing is decided about it before its invoice was looked up.
    fn is_busy(&self) -> bool {
        self.state == State::Due && self.is_unsure
    }
}

/// Number of timeline entries that are shown for a failed world.
const MOST_ENTRIES: usize = 400;

/// Everything that the checks and the scheduler need.
#[derive(Clone, Debug, Default)]
pub(crate) struct View {
    pub(crate) orders: BTreeMap<String, OrderRow>,
    /// Deliveries were answered and are not yet folded into their orders.
    pub(crate) has_unfolded: bool,
    /// When the next recheck is due.
    pub(crate) next_recheck: Option<Timestamp>,
    /// What comes after the sale.
    pub(crate) booked: Booked,
}

impl View {
    /// When each order that waits for a decision can be decided.
    pub(crate) fn news(&self) -> impl Iterator<Item = Timestamp> + '_ {
        self.orders.iter().filter_map(|(id, order)| {
            let unsettled = self.booked.unsettled.get(id).copied();
            let since = if order.undecided { Some(Timestamp::UNIX_EPOCH) } else { unsettled }?;
            let is_free = !order.is_busy() && !self.booked.is_busy(id);
            is_free.then(|| since.max(order.lease_until).max(self.booked.leased_until(id)))
        })
    }

    /// Next attempts and leases of all documents that wait for an attempt.
    pub(crate) fn claimable(&self) -> impl Iterator<Item = (Timestamp, Timestamp)> + '_ {
        let is_claimable = |(id, order): &(&String, &OrderRow)| {
            let waits_for_others =
                order.state == State::VoidDue && Kind::Invoice.goes_after().any(|kind| self.booked.has(id, kind));
            order.may_be_claimed() && !waits_for_others
        };
        let times = |(_, order): (_, &OrderRow)| (order.next_attempt_at, order.lease_until);
        self.orders.iter().filter(is_claimable).map(times).chain(self.booked.claimable(&self.orders))
    }
}

/// The simulator's own connection.
#[derive(Debug)]
pub(crate) struct Watch(Mutex<Connected>);

#[derive(Debug)]
enum Connected {
    Sqlite(rusqlite::Connection),
    Postgres(PgConnection),
}

/// A row of either database.
trait Read {
    fn number(&self, column: &str) -> i64 {
        self.number_if_any(column).expect("a number")
    }
    fn number_if_any(&self, column: &str) -> Option<i64>;
    fn text(&self, column: &str) -> String;
    fn bytes(&self, column: &str) -> Vec<u8>;
}

impl Read for rusqlite::Row<'_> {
    fn number_if_any(&self, column: &str) -> Option<i64> {
        self.get(column).expect("readable")
    }

    fn text(&self, column: &str) -> String {
        self.get(column).expect("readable")
    }

    fn bytes(&self, column: &str) -> Vec<u8> {
        self.get(column).expect("readable")
    }
}

impl Read for PgRow {
    fn number_if_any(&self, column: &str) -> Option<i64> {
        self.get(column)
    }

    fn text(&self, column: &str) -> String {
        self.get(column)
    }

    fn bytes(&self, column: &str) -> Vec<u8> {
        self.get(column)
    }
}

/// The result of a statement, the same for both databases.
macro_rules! rows {
    ($watch:expr, $sql:expr, [$($value:expr),*], |$row:ident| $read:expr) => {
        match &mut *$watch.0.lock().await {
            Connected::Sqlite(connection) => {
                let mut statement = connection.prepare_cached($sql).expect("valid");
                let mut rows = statement.query(rusqlite::params![$($value),*]).expect("readable");
                let mut found = Vec::new();
                while let Some($row) = rows.next().expect("readable") {
                    found.push($read);
                }
                found
            }
            Connected::Postgres(connection) => {
                let rows = sqlx::query($sql)$(.bind($value))*.fetch_all(connection).await.expect("readable");
                rows.iter().map(|$row| $read).collect::<Vec<_>>()
            }
        }
    };
}

fn moment(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).expect("in range")
}

impl Watch {
    pub(crate) async fn open(place: &Database) -> Self {
        Self(Mutex::new(match place {
            Database::Sqlite(path) => {
                let connection = rusqlite::Connection::open(path).expect("the database can be opened");
                connection.busy_timeout(Duration::from_secs(5)).expect("set");
                Connected::Sqlite(connection)
            }
            Database::Postgres(url) => {
                let connected = PgConnection::connect(url.expose_secret()).await;
                Connected::Postgres(connected.expect("the database can be opened"))
            }
        }))
    }

    /// Reads everything.
    pub(crate) async fn look(&self, after_sale: bool) -> View {
        let orders = rows!(
            self,
            "SELECT o.order_id, o.state, o.reason, o.undecided, COALESCE(d.lease_until, 0) AS lease_until,
                    COALESCE(d.next_attempt_at, 0) AS next_attempt_at, COALESCE(d.doubt_since, 0) AS doubt_since,
                    COALESCE(d.attempt, 0) AS attempt, o.invoice_id, o.warnings,
                    COALESCE(d.state, '') AS invoice_state
             FROM orders o LEFT JOIN documents d ON d.order_id = o.order_id AND d.kind = 'invoice'",
            [],
            |row| {
                let order = OrderRow {
                    state: State::parse(&row.text("state")).expect("a state"),
                    reason: row.text("reason"),
                    undecided: row.number("undecided") == 1,
                    lease_until: moment(row.number("lease_until")),
                    next_attempt_at: moment(row.number("next_attempt_at")),
                    is_unsure: row.number("doubt_since") != 0,
                    doubt_since: moment(row.number("doubt_since")),
                    attempt: row.number("attempt"),
                    invoice_id: row.number_if_any("invoice_id"),
                    has_invoice: row.text("invoice_state") == Progress::Exists.as_str(),
                    warnings: row.text("warnings"),
                };
                (row.text("order_id"), order)
            }
        );
        let rest = "SELECT (SELECT MIN(at) FROM (SELECT MIN(next_at) AS at FROM rechecks UNION ALL
                        SELECT MIN(recheck_at) FROM documents WHERE recheck_at > 0) AS looks) AS at, (SELECT COUNT(*) FROM unfolded) AS unfolded";
        let rest = rows!(self, rest, [], |row| (row.number_if_any("at"), row.number("unfolded")));
        let (look, unfolded) = rest[0];
        let booked = if after_sale { self.booked().await } else { Booked::default() };
        let (orders, next_recheck) = (orders.into_iter().collect(), look.map(moment));
        View { orders, has_unfolded: unfolded > 0, next_recheck, booked }
    }

    async fn booked(&self) -> Booked {
        let documents = rows!(
            self,
            "SELECT order_id, kind, part, number, state, wanted, accurate_id, COALESCE(total, '') AS total, doubt_since,
                    lease_until, next_attempt_at, attempt FROM documents WHERE kind <> 'invoice'",
            [],
            |row| {
                let document = DocumentRow {
                    number: row.text("number"),
                    state: Progress::parse(&row.text("state")).expect("a state"),
                    wanted: Wanted::parse(&row.text("wanted")).expect("a word"),
                    id: row.number_if_any("accurate_id"),
                    total: row.text("total"),
                    is_unsure: row.number("doubt_since") != 0,
                    lease_until: moment(row.number("lease_until")),
                    next_attempt_at: moment(row.number("next_attempt_at")),
                    attempt: row.number("attempt"),
                };
                ((row.text("order_id"), Kind::parse(&row.text("kind")).expect("a kind"), row.number("part")), document)
            }
        );
        let rows = rows!(
            self,
            "SELECT row_id, kind, order_id, state, reason, COALESCE(waits_for, '') AS waits_for,
                    COALESCE(approved_at, 0) AS approved_at, COALESCE(by_hand, '') AS by_hand,
                    COALESCE(amount, 0) AS amount, settles, COALESCE(part, 0) AS part, channel_order_id,
                    CAST(CASE WHEN state = 'blocked' AND finding LIKE '%\"what\":\"corrected\"%' THEN 1 ELSE 0 END AS BIGINT)
                        AS is_corrected
             FROM settlement_rows",
            [],
            |row| {
                let read = SettlementRow {
                    kind: if row.text("kind") == "return" { Kind::Return } else { Kind::Receipt },
                    order: row.text("order_id"),
                    state: RowState::parse(&row.text("state")).expect("a state"),
                    reason: row.text("reason"),
                    waits_for: row.text("waits_for"),
                    is_approved: row.number("approved_at") != 0,
                    by_hand: Some(row.text("by_hand"))
                        .filter(|json| !json.is_empty())
                        .map(|json| serde_json::from_str(&json).expect("a mark")),
                    amount: row.number("amount"),
                    settles: row.number("settles"),
                    part: row.number("part"),
                    is_corrected: row.number("is_corrected") == 1,
                    named: row.text("channel_order_id"),
                };
                (row.text("row_id"), read)
            }
        );
        let unsettled = "SELECT order_id, due_at FROM unsettled WHERE due_at IS NOT NULL";
        let unsettled = rows!(self, unsettled, [], |row| (row.text("order_id"), moment(row.number("due_at"))));
        Booked {
            documents: documents.into_iter().collect(),
            rows: rows.into_iter().collect(),
            unsettled: unsettled.into_iter().collect(),
        }
    }

    /// The mapping of a new world.
    pub(crate) async fn begin_with(&self, mapping: &str) {
        let sql = "UPDATE mappings SET document = $1 WHERE document <> $1 RETURNING revision";
        let changed = rows!(self, sql, [mapping], |row| row.number("revision"));
        assert!(changed.len() < 2, "a new world has one mapping");
    }

    /// It is decided again about every order what is booked besides its invoice.
    pub(crate) async fn unsettle_all(&self) {
        let sql = "INSERT INTO unsettled (order_id)
                       SELECT DISTINCT order_id FROM settlement_rows WHERE order_id <> ''
                   ON CONFLICT (order_id) DO UPDATE SET due_at = 0 RETURNING revision";
        drop(rows!(self, sql, [], |row| row.number("revision")));
    }

    /// Every delivery on disk: its order, empty if unreadable, and its fingerprint.
    pub(crate) async fn deliveries(&self) -> Vec<(String, Vec<u8>)> {
        let sql = "SELECT order_id, fingerprint FROM deliveries";
        rows!(self, sql, [], |row| (row.text("order_id"), row.bytes("fingerprint")))
    }

    /// The bodies of an order, in order of arrival.
    pub(crate) async fn bodies(&self, order_id: &str) -> Vec<(i64, Vec<u8>)> {
        let sql = "SELECT id, body FROM deliveries WHERE order_id = $1 ORDER BY id";
        rows!(self, sql, [order_id], |row| (row.number("id"), row.bytes("body")))
    }

    /// Orders that must wait without a recorded reason.
    pub(crate) async fn waiting_without_reason(&self) -> Vec<String> {
        let sql = r#"SELECT order_id FROM timeline WHERE event LIKE '%"postponed"%' AND event LIKE '%"why":""%'"#;
        rows!(self, sql, [], |row| row.text("order_id"))
    }

    /// The timelines of all orders, for the report of a violation.
    pub(crate) async fn timelines(&self) -> String {
        let sql = "SELECT order_id, seq, event FROM timeline ORDER BY order_id, seq";
        let rows = rows!(self, sql, [], |row| {
            let (order, seq): (String, i64) = (row.text("order_id"), row.number("seq"));
            let event: String = row.text("event");
            format!("{order} {seq:>4}  {event}\n")
        });
        rows.into_iter().take(MOST_ENTRIES).collect()
    }

    /// For a switch: the document's current attempt.
    pub(crate) async fn current_attempt(&self, document: &DocumentKey) -> i64 {
        let sql = "SELECT attempt FROM documents WHERE order_id = $1 AND kind = $2 AND part = $3";
        let DocumentKey { order_id, kind, part } = document;
        rows!(self, sql, [order_id.as_str(), kind.as_str(), part.0], |row| row.number("attempt"))[0]
    }

    /// For a switch: makes the invoices of orders under a lease claimable; returns the orders.
    pub(crate) async fn forget_leases(&self, now: Timestamp) -> Vec<String> {
        let sql =
            "UPDATE documents SET next_attempt_at = $1 WHERE lease_until > $1 AND kind = 'invoice' RETURNING order_id";
        rows!(self, sql, [now.as_microsecond()], |row| row.text("order_id"))
    }
}
