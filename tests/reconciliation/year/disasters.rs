//! The service is down for days, and its database is lost and restored from a backup of some days ago.

use std::path::PathBuf;

use forstok_accurate::{
    domain::{
        day_in_wib,
        reconciliation::{Class, Period},
    },
    forstok::api::{By, Question},
    importing::{Mode, backfill},
    settings::Database,
    storage::{self, Existing, Restored},
};
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::{RUN_DAYS, Shop, asked, asking};
use crate::world::{forstok_api, order};

/// Orders of a day on which the service is down.
const A_DAY_WITHOUT: usize = 5;

/// How much earlier than the backup what is taken in begins, as a person would choose it.
const OVERLAP: SignedDuration = SignedDuration::from_hours(1);

/// Differences that are named.
const MOST_NAMED: usize = 10;

/// A copy of the database, and where the shop was when it was made.
pub(super) struct Backup {
    file: PathBuf,
    at: Timestamp,
    pub(super) next_order: u32,
}

impl Shop {
    /// It dies in the night; nobody answers webhooks until it starts again.
    pub(super) async fn lies_down_for(mut self, days: i64) -> Self {
        self.world = asking(&self.forstok, self.world.dies_and_starts_again().await);
        for _ in 0..days {
            self.world.advance(86_400);
            for _ in 0..A_DAY_WITHOUT {
                let id = self.next_id();
                let order = order(&id.to_string()).ready_to_ship().updated_at(&self.moment());
                self.loses(id, &order, Class::MissedWebhook);
            }
        }
        self
    }

    pub(super) async fn makes_a_backup(&mut self) {
        let database = self.world.database();
        let backup = Backup {
            file: database.with_file_name("backup.db"),
            at: self.world.clock_now(),
            next_order: self.next_order,
        };
        storage::backup(&database, &backup.file).await.expect("there is room for a copy");
        self.planted.backup_is_made();
        self.backup = Some(backup);
    }

    /// The database is lost; a backup takes its place, and what Forstok lists since then is taken in again. Each order
    /// from after the backup has its invoice in Accurate already.
    pub(super) async fn comes_back_from_the_backup(mut self) -> Self {
        let backup = self.backup.take().expect("one was made");
        let (now, invoices) = (self.world.clock_now(), self.world.accurate.invoice_count());
        let put_in_place = async |place| {
            let Database::Sqlite(database) = &place else { panic!("it is a file") };
            let restored = storage::restore(&backup.file, database, Existing::KeepAside, now).await;
            let Restored::Done(_, Some(aside)) = restored.expect("restored") else { panic!("the backup is whole") };
            for file in [aside, backup.file] {
                std::fs::remove_file(file).expect("it is there");
            }
            place
        };
        self.world = asking(&self.forstok, self.world.dies_and_meanwhile(put_in_place).await);
        assert!(self.untouched.iter().any(|(id, _)| *id >= backup.next_order), "orders were lost");
        let api = forstok_api(asked(), &self.forstok, &self.world.clock);
        let question = Question::of(By::Updated, backup.at - OVERLAP, now);
        let ran = backfill::run_for(&self.world.engine.importer(), &api, &question, Mode::Ingest, MOST_NAMED).await;
        let ran = ran.expect("stored").expect("no other reading is under way");
        assert_eq!(ran.comparison.incomplete, None);
        self.settles().await;
        for (id, day) in self.untouched.clone().into_iter().filter(|(id, _)| *id >= backup.next_order) {
            assert_eq!(self.world.state(&id.to_string()).await, "invoiced", "order {id}");
            // A total that Accurate changed was corrected: nobody remembers that it was known.
            self.books(id, day);
        }
        let (orders, cancelled) = self.planted.what_was_lost_arrives();
        let expected = invoices + orders.len() - cancelled.len();
        assert_eq!(self.world.accurate.invoice_count(), expected, "none is created twice");
        for id in orders {
            self.books(id, self.lost_on[&id]);
        }
        for id in cancelled {
            self.ledger.forgets(id);
        }
        self.compares_what_the_lost_database_had_compared(backup.at).await;
        self
    }

    /// As the runbook says: the restored database knows no finding from after the backup, and the next nightly run no
    /// longer compares the earliest of these days.
    async fn compares_what_the_lost_database_had_compared(&self, backup_at: Timestamp) {
        let earliest = day_in_wib(backup_at).saturating_sub(RUN_DAYS.days());
        let period = Period { from: earliest, to: self.now().date() };
        self.compares(period).await;
    }
}
