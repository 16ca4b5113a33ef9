//! What Forstok lists about an order that never arrived here, or arrived only in an older state.

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use super::{Class, Finding, Subject};
use crate::domain::{
    day_in_wib,
    history::Progress,
    import::{Difference, Standing},
    money::Rupiah,
    status::Status,
};

/// An order as Forstok lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AtForstok {
    /// The marketplace's number, or Forstok's id if there is none.
    pub order: String,
    /// Its status, as Forstok writes it.
    pub status: String,
    /// Its total in hundredths of a rupiah, if it can be read.
    pub total: Option<i64>,
    /// When it last changed, if that can be read.
    pub updated_at: Option<Timestamp>,
    /// The day of that change, in Jakarta: an invoice would be dated by it.
    pub day: Date,
}

impl AtForstok {
    /// What a person has seen of it. A later time alone says nothing new.
    pub(super) fn shape(&self) -> String {
        format!("{} {}", self.status, self.total.map(|total| total.to_string()).unwrap_or_default())
    }

    /// In a sentence: number, status and total.
    pub(super) fn in_words(&self) -> String {
        let total = self.total.map(|total| format!(", {}", Rupiah::from_hundredths(total).in_words()));
        format!("{} ({}{})", self.order, self.status, total.unwrap_or_default())
    }

    /// Whether an order that is so far leaves nothing of a finding of this class.
    pub fn has_arrived(&self, class: Class, known: Progress) -> bool {
        match (class, self.updated_at) {
            (Class::Stale, Some(at)) => Progress::of(Status::parse(&self.status), at) <= known,
            _ => true,
        }
    }
}

impl Finding {
    /// The finding about an order that Forstok lists; `None` if its id is not known, or nothing is missing.
    pub fn of_forstok(difference: &Difference, now: Timestamp) -> Option<Self> {
        let class = match difference.standing {
            Standing::New => Class::MissedWebhook,
            Standing::Newer => Class::Stale,
            Standing::Same | Standing::Older => return None,
        };
        let id = difference.order_id.clone()?;
        let number = Some(difference.channel_order_id.clone()).filter(|number| !number.is_empty());
        let listed = &difference.listed;
        let forstok = AtForstok {
            order: number.unwrap_or_else(|| id.to_string()),
            status: listed.status.clone(),
            total: listed.total.map(Rupiah::hundredths),
            updated_at: listed.updated_at,
            day: day_in_wib(listed.updated_at.unwrap_or(now)),
        };
        Some(Self {
            class,
            subject: Subject::Listed(id.clone()),
            order_id: Some(id),
            store_id: difference.store_id.clone(),
            accurate_id: None,
            ledger: None,
            accurate: None,
            forstok: Some(forstok),
            owed: None,
            namesake: None,
            unsettled: None,
            fields: Vec::new(),
            is_draft: false,
        })
    }
}
