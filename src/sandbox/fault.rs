//! Faults of one call.

use std::{mem::discriminant, time::Duration};

use super::{Action, Deed};
use crate::domain::document::Kind;

/// A fault of one call. *Before* and *after* mean before and after the call is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The connection is closed; nothing was done.
    DroppedBefore,
    /// The connection is closed; the call was carried out.
    DroppedAfter,
    /// HTTP 500, 502, 503 or 504; nothing was done.
    Error5xxBefore,
    /// HTTP 500, 502, 503 or 504; the call was carried out.
    Error5xxAfter,
    /// A proxy's page, with HTTP 200 or 502; nothing was done.
    HtmlBefore,
    /// A proxy's page, with HTTP 200 or 502; the call was carried out.
    HtmlAfter,
    /// HTTP 200, `"s":false`, `Upsss...`; nothing was done.
    UpsssBefore,
    /// HTTP 200, `"s":false`, `Upsss...`; the call was carried out.
    UpsssAfter,
    /// HTTP 200, `"s":false`, `Unable to acquire JDBC Connection`; nothing was done.
    DatabaseTrouble,
    /// The call is carried out immediately; the reply is delayed by this time.
    Slow(Duration),
    /// The call itself is delayed by this time, and carried out even if the caller has disconnected.
    Late(Duration),
    /// HTTP 429 although no limit was exceeded.
    Limit429,
    /// The message about a limit although no limit was exceeded.
    LimitMessage,
    /// HTTP 401 or 403, as a page or as OAuth's error; nothing was done.
    DeniedBefore,
    /// HTTP 401 or 403, as a page or as OAuth's error, from a proxy; the call was carried out.
    DeniedAfter,
    /// HTTP 200, `"s":false` and a text that accurate.md does not contain; nothing was done.
    UnknownTextBefore,
    /// HTTP 200, `"s":false` and a text that accurate.md does not contain; the call was carried out.
    UnknownTextAfter,
    /// An error page that shows the request with its headers; nothing was done.
    EchoedBefore,
    /// An error page that shows the request with its headers; the call was carried out.
    EchoedAfter,
    /// The call was carried out; its reply is padded to 16 MiB.
    Huge,
    /// The call was carried out; the reply is 16 MiB of nested lists.
    Deep,
    /// The reply shows another customer than the document has.
    WrongCustomer,
    /// The reply shows another description than the invoice has.
    WrongDescription,
    /// The reply shows another total than the document has; of a receipt, other money.
    WrongTotal,
    /// The reply says `"s":true` and contains no record.
    NoRecord,
    /// The total in the reply is missing or is not a number.
    UnreadableTotal,
    /// The first document that the call saves gets a total that is 0.01 higher than its lines.
    TotalOff,
    /// The first document that the call should save is reported as saved, but is not.
    NotSaved,
    /// The document is reported as deleted, but is not.
    NotDeleted,
    /// A list answers with its first page, whichever page was asked for.
    ListRepeats,
    /// A page says that the list has one row more than it has.
    ListCountOff,
    /// A page lacks its last row.
    ListCutOff,
    /// A list seems to be empty.
    ListEmpty,
    /// A list ignores its filters.
    ListUnfiltered,
    /// Before a page of masters is read, somebody adds an item and a customer.
    ListGrows,
}

/// Every fault with its name in counters and control routes, and its description in `/sandbox`.
const TABLE: [(&str, Fault, &str); 35] = [
    ("dropped_before", Fault::DroppedBefore, "the connection is closed; the call was not carried out"),
    ("dropped_after", Fault::DroppedAfter, "the connection is closed; the call was carried out"),
    ("error_5xx_before", Fault::Error5xxBefore, "HTTP 500, 502, 503 or 504; the call was not carried out"),
    ("error_5xx_after", Fault::Error5xxAfter, "HTTP 500, 502, 503 or 504; the call was carried out"),
    ("html_before", Fault::HtmlBefore, "a proxy's page, HTTP 200 or 502; the call was not carried out"),
    ("html_after", Fault::HtmlAfter, "a proxy's page, HTTP 200 or 502; the call was carried out"),
    ("upsss_before", Fault::UpsssBefore, "Accurate's own error; the call was not carried out"),
    ("upsss_after", Fault::UpsssAfter, "Accurate's own error; the call was carried out"),
    ("database_trouble", Fault::DatabaseTrouble, "no database connection; the call was not carried out"),
    ("slow", Fault::Slow(Duration::ZERO), "the call is carried out immediately; the reply is sent slow_seconds later"),
    (
        "late",
        Fault::Late(Duration::ZERO),
        "the call is carried out slow_seconds later, even if the caller has disconnected",
    ),
    ("limit_429", Fault::Limit429, "HTTP 429 although no limit was exceeded"),
    ("limit_message", Fault::LimitMessage, "the message about a limit although no limit was exceeded"),
    ("denied_before", Fault::DeniedBefore, "HTTP 401 or 403; the call was not carried out"),
    ("denied_after", Fault::DeniedAfter, "HTTP 401 or 403; the call was carried out"),
    (
        "unknown_text_before",
        Fault::UnknownTextBefore,
        "s:false with an undocumented message; the call was not carried out",
    ),
    ("unknown_text_after", Fault::UnknownTextAfter, "s:false with an undocumented message; the call was carried out"),
    (
        "echoed_before",
        Fault::EchoedBefore,
        "an error page that shows the request with its headers; the call was not carried out",
    ),
    (
        "echoed_after",
        Fault::EchoedAfter,
        "an error page that shows the request with its headers; the call was carried out",
    ),
    ("huge", Fault::Huge, "the call was carried out; the reply is padded to 16 MiB"),
    ("deep", Fault::Deep, "the call was carried out; the reply is 16 MiB of nested lists"),
    ("wrong_customer", Fault::WrongCustomer, "the reply has another customer than the document"),
    ("wrong_description", Fault::WrongDescription, "the reply has another description than the invoice"),
    ("wrong_total", Fault::WrongTotal, "the reply has another total than the document"),
    ("no_record", Fault::NoRecord, "the reply has s:true but no record"),
    ("unreadable_total", Fault::UnreadableTotal, "the total in the reply is missing or not a number"),
    ("total_off", Fault::TotalOff, "the first saved document gets a total that is 0.01 too high"),
    ("not_saved", Fault::NotSaved, "the first document is reported as saved, but is not"),
    ("not_deleted", Fault::NotDeleted, "the document is reported as deleted, but is not"),
    ("list_repeats", Fault::ListRepeats, "a list answers every page with its first"),
    ("list_count_off", Fault::ListCountOff, "a page of a list says that the list has one row more"),
    ("list_cut_off", Fault::ListCutOff, "a page of a list lacks its last row"),
    ("list_empty", Fault::ListEmpty, "a list seems to be empty"),
    ("list_unfiltered", Fault::ListUnfiltered, "a list ignores its filters"),
    ("list_grows", Fault::ListGrows, "somebody adds an item and a customer before a page of masters is read"),
];

/// What a fault affects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Affected {
    /// The data.
    Data,
    /// Only the reply.
    Reply,
}

impl Fault {
    /// The names that [`Fault::named`] accepts.
    pub const NAMES: [&'static str; TABLE.len()] = {
        let mut names = [""; TABLE.len()];
        let mut at = 0;
        while at < TABLE.len() {
            names[at] = TABLE[at].0;
            at += 1;
        }
        names
    };

    /// The names of faults that any client of any service meets: calls and replies that are lost, delayed or rejected.
    pub const ORDINARY: &'static [&'static str] = Self::NAMES.split_at(13).0;

    /// The fault with this name; only `slow` and `late` use `wait`.
    pub fn named(name: &str, wait: Duration) -> Option<Self> {
        TABLE.iter().find(|(known, ..)| *known == name).map(|(_, fault, _)| match fault {
            Self::Slow(_) => Self::Slow(wait),
            Self::Late(_) => Self::Late(wait),
            fault => *fault,
        })
    }

    fn row(self) -> &'static (&'static str, Self, &'static str) {
        let row = TABLE.iter().find(|(_, known, _)| discriminant(known) == discriminant(&self));
        row.expect("every fault is in the table: a test asks for each of its rows")
    }

    /// Its name in counters and control routes.
    pub fn name(self) -> &'static str {
        self.row().0
    }

    /// Its description.
    pub fn what(self) -> &'static str {
        self.row().2
    }

    /// Whether the data stays unchanged.
    pub(super) fn prevents_the_work(self) -> bool {
        matches!(
            self,
            Self::DroppedBefore
                | Self::Error5xxBefore
                | Self::HtmlBefore
                | Self::UpsssBefore
                | Self::DatabaseTrouble
                | Self::Limit429
                | Self::LimitMessage
                | Self::DeniedBefore
                | Self::UnknownTextBefore
                | Self::EchoedBefore
        )
    }

    /// What it affects: one call can meet one fault of each.
    pub(super) fn affects(self) -> Affected {
        match self {
            Self::TotalOff | Self::NotSaved | Self::NotDeleted => Affected::Data,
            _ if self.is_of_lists() => Affected::Data,
            _ => Affected::Reply,
        }
    }

    /// Whether it affects only lists: those of masters, and on request those of documents.
    pub fn is_of_lists(self) -> bool {
        matches!(
            self,
            Self::ListRepeats
                | Self::ListCountOff
                | Self::ListCutOff
                | Self::ListEmpty
                | Self::ListUnfiltered
                | Self::ListGrows
        )
    }

    /// Whether this call can meet it at random.
    pub(super) fn can_meet(self, action: Action) -> bool {
        let deed = action.on_documents().map(|(_, deed)| deed);
        let saves = deed.is_some_and(Deed::saves);
        match self {
            // At random only in bulks, because a client would need one call per order to read every single save back.
            Self::NotSaved => deed == Some(Deed::BulkSave),
            Self::WrongDescription => action.saves(Kind::Invoice),
            Self::TotalOff | Self::WrongCustomer | Self::WrongTotal | Self::NoRecord => saves,
            Self::UnreadableTotal => saves || matches!(deed, Some(Deed::Detail | Deed::List)),
            Self::NotDeleted => deed == Some(Deed::Delete),
            fault if fault.is_of_lists() => action.lists_masters(),
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_names_its_fault() {
        for (name, fault, what) in TABLE {
            assert_eq!(Fault::named(name, Duration::ZERO), Some(fault));
            assert_eq!((fault.name(), fault.what()), (name, what));
        }
        assert_eq!(Fault::named("gremlins", Duration::ZERO), None);
        assert_eq!(Fault::named("late", Duration::from_secs(7)), Some(Fault::Late(Duration::from_secs(7))));
        assert_eq!(Fault::ORDINARY.last(), Some(&"limit_message"));
    }
}
