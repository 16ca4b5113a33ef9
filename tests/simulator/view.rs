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
use sqlx::{Connection, PgConnection, Row as _, postgres::PgRow};
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

/// A row of either database. Its values are read in the order of the statement, because looking for their names took a
/// tenth of the simulator's time.
struct Row<'a, R> {
    row: &'a R,
    next: usize,
}

impl<'a, R> Row<'a, R> {
    fn of(row: &'a R) -> Self {
        Self { row, next: 0 }
    }

    fn place(&mut self) -> usize {
        self.next += 1;
        self.next - 1
    }
}

/// The next value of a row.
trait Read {
    fn number(&mut self) -> i64 {
        self.number_if_any().expect("a number")
    }
    fn number_if_any(&mut self) -> Option<i64>;
    fn text(&mut self) -> String;
    fn bytes(&mut self) -> Vec<u8>;
}

impl Read for Row<'_, rusqlite::Row<'_>> {
    fn number_if_any(&mut self) -> Option<i64> {
        let place = self.place();
        self.row.get(place).expect("readable")
    }

    fn text(&mut self) -> String {
        let place = self.place();
        self.row.get(place).expect("readable")
    }

    fn bytes(&mut self) -> Vec<u8> {
        let place = self.place();
        self.row.get(place).expect("readable")
    }
}

impl Read for Row<'_, PgRow> {
    fn number_if_any(&mut self) -> Option<i64> {
        let place = self.place();
        self.row.get(place)
    }

    fn text(&mut self) -> String {
        let place = self.place();
        self.row.get(place)
    }

    fn bytes(&mut self) -> Vec<u8> {
        let place = self.place();
        self.row.get(place)
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
                while let Some(row) = rows.next().expect("readable") {
                    let mut $row = Row::of(row);
                    found.push($read);
                }
                found
            }
            Connected::Postgres(connection) => {
                let rows = sqlx::query($sql)$(.bind($value))*.fetch_all(connection).await.expect("readable");
                let read = |row| {
                    let mut $row = Row::of(row);
                    $read
                };
                rows.iter().map(read).collect::<Vec<_>>()
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
            "SELECT o.order_id, o.state, o.reason, o.undecided, COALESCE(d.lease_until, 0),
                    COALESCE(d.next_attempt_at, 0), COALESCE(d.doubt_since, 0), COALESCE(d.attempt, 0), o.invoice_id,
                    COALESCE(d.state, ''), o.warnings
             FROM orders o LEFT JOIN documents d ON d.order_id = o.order_id AND d.kind = 'invoice'",
            [],
            |row| {
                let id = row.text();
                let state = State::parse(&row.text()).expect("a state");
                let (reason, undecided) = (row.text(), row.number() == 1);
                let (lease_until, next_attempt_at) = (moment(row.number()), moment(row.number()));
                let doubt_since = moment(row.number());
                let order = OrderRow {
                    state,
                    reason,
                    undecided,
                    lease_until,
                    next_attempt_at,
                    is_unsure: doubt_since != Timestamp::UNIX_EPOCH,
                    doubt_since,
                    attempt: row.number(),
                    invoice_id: row.number_if_any(),
                    has_invoice: row.text() == Progress::Exists.as_str(),
                    warnings: row.text(),
                };
                (id, order)
            }
        );
        let rest = "SELECT (SELECT MIN(at) FROM (SELECT MIN(next_at) AS at FROM rechecks UNION ALL
                        SELECT MIN(recheck_at) FROM documents WHERE recheck_at > 0) AS looks) AS at, (SELECT COUNT(*) FROM unfolded) AS unfolded";
        let rest = rows!(self, rest, [], |row| (row.number_if_any(), row.number()));
        let (look, unfolded) = rest[0];
        let booked = if after_sale { self.booked().await } else { Booked::default() };
        let (orders, next_recheck) = (orders.into_iter().collect(), look.map(moment));
        View { orders, has_unfolded: unfolded > 0, next_recheck, booked }
    }

    async fn booked(&self) -> Booked {
        let documents = rows!(
            self,
            "SELECT order_id, kind, part, number, state, wanted, accurate_id, COALESCE(total, ''), doubt_since, lease_until,
                    next_attempt_at, attempt FROM documents WHERE kind <> 'invoice'",
            [],
            |row| {
                let key = (row.text(), Kind::parse(&row.text()).expect("a kind"), row.number());
                let document = DocumentRow {
                    number: row.text(),
                    state: Progress::parse(&row.text()).expect("a state"),
                    wanted: Wanted::parse(&row.text()).expect("a word"),
                    id: row.number_if_any(),
                    total: row.text(),
                    is_unsure: row.number() != 0,
                    lease_until: moment(row.number()),
                    next_attempt_at: moment(row.number()),
                    attempt: row.number(),
                };
                (key, document)
            }
        );
        let rows = rows!(
            self,
            "SELECT row_id, kind, order_id, state, reason, COALESCE(waits_for, ''), COALESCE(approved_at, 0),
                    COALESCE(by_hand, ''), COALESCE(amount, 0), settles, COALESCE(part, 0),
                    CAST(CASE WHEN state = 'blocked' AND finding LIKE '%\"what\":\"corrected\"%' THEN 1 ELSE 0 END AS BIGINT),
                    channel_order_id
             FROM settlement_rows",
            [],
            |row| {
                let id = row.text();
                let read = SettlementRow {
                    kind: if row.text() == "return" { Kind::Return } else { Kind::Receipt },
                    order: row.text(),
                    state: RowState::parse(&row.text()).expect("a state"),
                    reason: row.text(),
                    waits_for: row.text(),
                    is_approved: row.number() != 0,
                    by_hand: Some(row.text())
                        .filter(|json| !json.is_empty())
                        .map(|json| serde_json::from_str(&json).expect("a mark")),
                    amount: row.number(),
                    settles: row.number(),
                    part: row.number(),
                    is_corrected: row.number() == 1,
                    named: row.text(),
                };
                (id, read)
            }
        );
        let unsettled = "SELECT order_id, due_at FROM unsettled WHERE due_at IS NOT NULL";
        let unsettled = rows!(self, unsettled, [], |row| (row.text(), moment(row.number())));
        Booked {
            documents: documents.into_iter().collect(),
            rows: rows.into_iter().collect(),
            unsettled: unsettled.into_iter().collect(),
        }
    }

    /// The mapping of a new world.
    pub(crate) async fn begin_with(&self, mapping: &str) {
        let sql = "UPDATE mappings SET document = $1 WHERE document <> $1 RETURNING revision";
        let changed = rows!(self, sql, [mapping], |row| row.number());
        assert!(changed.len() < 2, "a new world has one mapping");
    }

    /// It is decided again about every order what is booked besides its invoice.
    pub(crate) async fn unsettle_all(&self) {
        let sql = "INSERT INTO unsettled (order_id)
                       SELECT DISTINCT order_id FROM settlement_rows WHERE order_id <> ''
                   ON CONFLICT (order_id) DO UPDATE SET due_at = 0 RETURNING revision";
        drop(rows!(self, sql, [], |row| row.number()));
    }

    /// Every delivery on disk: its order, empty if unreadable, and its fingerprint.
    pub(crate) async fn deliveries(&self) -> Vec<(String, Vec<u8>)> {
        let sql = "SELECT order_id, fingerprint FROM deliveries";
        rows!(self, sql, [], |row| (row.text(), row.bytes()))
    }

    /// The bodies of an order, in order of arrival.
    pub(crate) async fn bodies(&self, order_id: &str) -> Vec<(i64, Vec<u8>)> {
        let sql = "SELECT id, body FROM deliveries WHERE order_id = $1 ORDER BY id";
        rows!(self, sql, [order_id], |row| (row.number(), row.bytes()))
    }

    /// Orders that must wait without a recorded reason.
    pub(crate) async fn waiting_without_reason(&self) -> Vec<String> {
        let sql = r#"SELECT order_id FROM timeline WHERE event LIKE '%"postponed"%' AND event LIKE '%"why":""%'"#;
        rows!(self, sql, [], |row| row.text())
    }

    /// The timelines of all orders, for the report of a violation.
    pub(crate) async fn timelines(&self) -> String {
        let sql = "SELECT order_id, seq, event FROM timeline ORDER BY order_id, seq";
        let rows = rows!(self, sql, [], |row| {
            let (order, seq): (String, i64) = (row.text(), row.number());
            let event: String = row.text();
            format!("{order} {seq:>4}  {event}\n")
        });
        rows.into_iter().take(MOST_ENTRIES).collect()
    }

    /// For a switch: the document's current attempt.
    pub(crate) async fn current_attempt(&self, document: &DocumentKey) -> i64 {
        let sql = "SELECT attempt FROM documents WHERE order_id = $1 AND kind = $2 AND part = $3";
        let DocumentKey { order_id, kind, part } = document;
        rows!(self, sql, [order_id.as_str(), kind.as_str(), part.0], |row| row.number())[0]
    }

    /// For a switch: makes the invoices of orders under a lease claimable; returns the orders.
    pub(crate) async fn forget_leases(&self, now: Timestamp) -> Vec<String> {
        let sql =
            "UPDATE documents SET next_attempt_at = $1 WHERE lease_until > $1 AND kind = 'invoice' RETURNING order_id";
        rows!(self, sql, [now.as_microsecond()], |row| row.text())
    }
}
