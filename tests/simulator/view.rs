//! What stands in the database, read beside the service on a connection of its own.

use std::{collections::BTreeMap, path::Path, time::Duration};

use forstok_accurate::{domain::order::OrderId, store::State};
use jiff::Timestamp;
use sqlx::{
    Connection, Row, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteRow},
};
use tokio::sync::Mutex;

/// One order, as far as the checks and the scheduler look at it. Moments are by the machine's clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OrderRow {
    pub(crate) state: State,
    pub(crate) reason: String,
    pub(crate) undecided: bool,
    pub(crate) lease_until: Timestamp,
    pub(crate) next_attempt_at: Timestamp,
    /// An invoice may stand that is not known.
    pub(crate) is_unsure: bool,
    /// Grows with each claim.
    pub(crate) attempt: i64,
    pub(crate) invoice_id: Option<i64>,
    pub(crate) warnings: String,
}

impl OrderRow {
    fn read(row: &SqliteRow) -> (String, Self) {
        let moment = |column| Timestamp::from_microsecond(row.get(column)).expect("in range");
        let order = Self {
            state: State::parse(row.get("state")).expect("a state"),
            reason: row.get("reason"),
            undecided: row.get::<i64, _>("undecided") == 1,
            lease_until: moment("lease_until"),
            next_attempt_at: moment("next_attempt_at"),
            is_unsure: row.get::<i64, _>("unsure_since") != 0,
            attempt: row.get("attempt"),
            invoice_id: row.get("invoice_id"),
            warnings: row.get("warnings"),
        };
        (row.get("order_id"), order)
    }

    /// It wants an attempt, and news does not stand in the way.
    pub(crate) fn may_be_claimed(&self) -> bool {
        match self.state {
            State::VoidDue => true,
            State::Due => !self.undecided || self.is_unsure,
            _ => false,
        }
    }

    /// It has news that may be decided about once the lease is over.
    pub(crate) fn may_be_decided(&self) -> bool {
        self.undecided && !(self.state == State::Due && self.is_unsure)
    }
}

/// All that the checks and the scheduler look at.
#[derive(Clone, Debug, Default)]
pub(crate) struct View {
    pub(crate) orders: BTreeMap<String, OrderRow>,
    /// Deliveries were answered and are not yet folded into their orders.
    pub(crate) has_unfolded: bool,
    /// When something that blocked orders wait for is looked at next.
    pub(crate) next_look: Option<Timestamp>,
}

/// The connection of the simulator itself.
#[derive(Debug)]
pub(crate) struct Watch(Mutex<SqliteConnection>);

impl Watch {
    pub(crate) async fn open(path: &Path) -> Self {
        let options = SqliteConnectOptions::new().filename(path).busy_timeout(Duration::from_secs(5));
        Self(Mutex::new(SqliteConnection::connect_with(&options).await.expect("the database can be opened")))
    }

    /// Reads everything.
    pub(crate) async fn look(&self) -> View {
        let mut connection = self.0.lock().await;
        let orders = sqlx::query(
            "SELECT order_id, state, reason, undecided, lease_until, next_attempt_at, unsure_since, attempt, invoice_id,
                    warnings
             FROM orders",
        )
        .fetch_all(&mut *connection)
        .await
        .expect("readable");
        let rest = "SELECT (SELECT MIN(next_at) FROM waits) AS at, EXISTS (SELECT 1 FROM unfolded) AS unfolded";
        let rest = sqlx::query(rest).fetch_one(&mut *connection).await.expect("readable");
        let look: Option<i64> = rest.get("at");
        let has_unfolded = rest.get::<i64, _>("unfolded") == 1;
        let next_look = look.map(|at| Timestamp::from_microsecond(at).expect("in range"));
        View { orders: orders.iter().map(OrderRow::read).collect(), has_unfolded, next_look }
    }

    /// Every delivery that is on disk: its order, empty for one that could not be read, and its fingerprint.
    pub(crate) async fn deliveries(&self) -> Vec<(String, Vec<u8>)> {
        let mut connection = self.0.lock().await;
        let rows = sqlx::query("SELECT order_id, fingerprint FROM deliveries").fetch_all(&mut *connection).await;
        rows.expect("readable").iter().map(|row| (row.get("order_id"), row.get("fingerprint"))).collect()
    }

    /// The bodies of an order, in the order of their arrival.
    pub(crate) async fn bodies(&self, order_id: &str) -> Vec<(i64, Vec<u8>)> {
        let mut connection = self.0.lock().await;
        let query = sqlx::query("SELECT id, body FROM deliveries WHERE order_id = $1 ORDER BY id").bind(order_id);
        let rows = query.fetch_all(&mut *connection).await.expect("readable");
        rows.iter().map(|row| (row.get("id"), row.get("body"))).collect()
    }

    /// For a switch: the attempt that is the order's own at this moment.
    pub(crate) async fn current_attempt(&self, order_id: &OrderId) -> i64 {
        let mut connection = self.0.lock().await;
        let query = sqlx::query("SELECT attempt FROM orders WHERE order_id = $1").bind(order_id.as_str());
        query.fetch_one(&mut *connection).await.expect("readable").get("attempt")
    }

    /// For a switch: orders under a lease may be claimed again.
    pub(crate) async fn forget_leases(&self, now: Timestamp) {
        let mut connection = self.0.lock().await;
        let query =
            sqlx::query("UPDATE orders SET next_attempt_at = $1 WHERE lease_until > $1").bind(now.as_microsecond());
        query.execute(&mut *connection).await.expect("writable");
    }
}
