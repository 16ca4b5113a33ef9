//! Which rows are shown: those of a state, or those that wait for one thing; and how many there are of each.

use serde::Deserialize;

use super::super::{
    format,
    order_line::rupiah,
    page::{Page, address},
};
use crate::{
    domain::{after_sale::Waits, document::Kind, payout::RowState, reason::Reason},
    http::{App, paging::read_cursor, params::read_word, problem::Problem},
    storage::{RowCount, RowFilter},
};

/// Which rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    All,
    State(RowState),
    Waits(Waits),
}

/// What needs a person comes first, what needs nobody last.
const IN_ORDER: [Shown; 14] = [
    Shown::State(RowState::Blocked),
    Shown::Waits(Waits::Approval),
    Shown::Waits(Waits::Person),
    Shown::Waits(Waits::Decision),
    Shown::State(RowState::Unmatched),
    Shown::Waits(Waits::Goods),
    Shown::Waits(Waits::ReturnRecord),
    Shown::Waits(Waits::Payout),
    Shown::Waits(Waits::Invoice),
    Shown::Waits(Waits::Day),
    Shown::State(RowState::Waiting),
    Shown::State(RowState::Due),
    Shown::State(RowState::Settled),
    Shown::State(RowState::Ignored),
];

/// What the address asks for.
#[derive(Clone, Debug, Default, Deserialize)]
pub(in crate::web) struct Asked {
    pub(super) show: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) cursor: Option<String>,
    pub(super) form: Option<String>,
    /// The row that is to be marked as booked by hand.
    pub(super) mark: Option<i64>,
    pub(super) format: Option<String>,
    /// Of an export: the order.
    pub(super) order: Option<String>,
}

impl Asked {
    /// Refuses words that mean no rows; else, all rows would be shown, or exported.
    pub(super) fn check(&self) -> Result<(), Problem> {
        let shown = |word: &str| IN_ORDER.into_iter().find(|shown| shown.word() == word);
        read_word("show", self.show.as_ref(), shown, IN_ORDER.map(Shown::word))?;
        let reasons = Reason::ALL.iter().map(|reason| reason.code());
        read_word("reason", self.reason.as_ref(), Reason::from_code, reasons)?;
        Ok(())
    }

    pub(super) fn shown(&self) -> Shown {
        let word = self.show.as_deref().unwrap_or_default();
        IN_ORDER.into_iter().find(|shown| shown.word() == word).unwrap_or(Shown::All)
    }

    fn reason(&self) -> Option<Reason> {
        self.reason.as_deref().and_then(Reason::from_code)
    }

    pub(super) fn filter(&self) -> RowFilter {
        let filter = RowFilter { reason: self.reason(), ..RowFilter::default() };
        match self.shown() {
            Shown::All => filter,
            Shown::State(state) => RowFilter { state: Some(state), ..filter },
            Shown::Waits(waits) => RowFilter { waits: Some(waits), ..filter },
        }
    }

    /// The number that the page begins below.
    pub(super) fn before(&self) -> Result<Option<i64>, Problem> {
        read_cursor("cursor", self.cursor.as_deref(), |cursor| cursor.parse().ok())
    }

    /// The parameters of the same rows.
    pub(super) fn query(&self) -> Vec<(&'static str, &str)> {
        let shown = self.shown().word();
        let reason = self.reason().map_or("", Reason::code);
        [("show", shown), ("reason", reason)].into_iter().filter(|(_, value)| !value.is_empty()).collect()
    }

    /// The page of the same rows that begins below a number; without one, the first.
    pub(super) fn page_below(&self, path: &str, cursor: Option<i64>) -> String {
        let cursor = cursor.map(|cursor| cursor.to_string());
        let mut query = self.query();
        query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
        address(path, &query)
    }
}

impl Shown {
    /// The word in addresses.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::All => "",
            Self::State(state) => state.as_str(),
            Self::Waits(waits) => waits.as_str(),
        }
    }

    fn of(count: &RowCount) -> Self {
        count.waits.map_or(Self::State(count.state), Self::Waits)
    }

    /// The colour of the style sheet.
    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::State(RowState::Blocked) => "bad",
            Self::State(RowState::Unmatched) | Self::Waits(Waits::Approval | Waits::Person | Waits::Decision) => "warn",
            Self::State(RowState::Due) => "busy",
            Self::State(RowState::Settled) => "good",
            Self::All | Self::State(_) | Self::Waits(_) => "",
        }
    }

    pub(super) fn text(self, page: &Page) -> &'static str {
        match self {
            Self::All => page.t("All", "Semua"),
            Self::State(RowState::Unmatched) => page.t("Order not found", "Pesanan tidak ditemukan"),
            Self::State(RowState::Waiting) => page.t("Just arrived", "Baru masuk"),
            Self::State(RowState::Due) => page.t("Being booked", "Sedang dibukukan"),
            Self::State(RowState::Settled) => page.t("Booked", "Sudah dibukukan"),
            Self::State(RowState::Blocked) => page.t("Needs attention", "Perlu ditangani"),
            Self::State(RowState::Ignored) => page.t("Not booked here", "Tidak dibukukan di sini"),
            Self::Waits(Waits::Invoice) => page.t("Waiting for the invoice", "Menunggu faktur"),
            Self::Waits(Waits::Day) => page.t("Waiting for its day", "Menunggu tanggalnya"),
            Self::Waits(Waits::Approval) => page.t("Waiting for approval", "Menunggu persetujuan"),
            Self::Waits(Waits::Payout) => page.t("Waiting for the payout", "Menunggu pencairan dana"),
            Self::Waits(Waits::ReturnRecord) => page.t("Waiting for a return", "Menunggu data retur"),
            Self::Waits(Waits::Goods) => page.t("Waiting for the goods", "Menunggu barang"),
            Self::Waits(Waits::Decision) => page.t("Waiting for your decision", "Menunggu keputusan Anda"),
            Self::Waits(Waits::Person) => page.t("To be booked by you", "Perlu Anda bukukan"),
        }
    }
}

/// How many rows there are of each sort.
pub(super) struct Counts {
    kind: Kind,
    rows: Vec<RowCount>,
}

/// A number of rows and their sum.
#[derive(Clone, Copy, Default)]
pub(super) struct Sum {
    pub(super) count: i64,
    pub(super) hundredths: i64,
    /// How many of them have no amount yet.
    pub(super) unknown: i64,
}

/// A link to the rows of one sort.
pub(super) struct Chip {
    pub(super) link: String,
    pub(super) kind: &'static str,
    pub(super) text: String,
    pub(super) count: String,
    pub(super) total: String,
    pub(super) is_here: bool,
}

impl Sum {
    /// The sum, as far as it is known; empty if no row has an amount.
    fn in_words(self, page: &Page) -> String {
        match self.unknown {
            0 => rupiah(self.hundredths),
            unknown if unknown == self.count => String::new(),
            _ => page.t("at least {}", "minimal {}").replace("{}", &rupiah(self.hundredths)),
        }
    }

    /// How many of the rows have no amount yet; empty if all have one.
    pub(super) fn unknown_in_words(self, page: &Page) -> String {
        let of_unknown = page.t("{} of an amount not yet known", "{} yang nominalnya belum diketahui");
        if self.unknown == 0 { String::new() } else { of_unknown.replace("{}", &format::count(self.unknown)) }
    }
}

impl Counts {
    pub(super) async fn read(app: &App, kind: Kind) -> Result<Self, Problem> {
        Ok(Self { kind, rows: app.engine.storage().row_counts(kind).await? })
    }

    fn sum(&self, of: impl Fn(&RowCount) -> bool) -> Sum {
        let rows = self.rows.iter().filter(|count| of(count));
        rows.fold(Sum::default(), |sum, count| Sum {
            count: sum.count + count.count,
            hundredths: sum.hundredths + count.hundredths,
            unknown: sum.unknown + count.unknown,
        })
    }

    pub(super) fn all(&self) -> Sum {
        self.sum(|_| true)
    }

    pub(super) fn of(&self, shown: Shown) -> Sum {
        self.sum(|count| shown == Shown::All || Shown::of(count) == shown)
    }

    /// Those that a person must look at.
    pub(super) fn blocked(&self) -> Sum {
        self.of(Shown::State(RowState::Blocked))
    }

    /// Those whose order is not known.
    pub(super) fn without_order(&self) -> Sum {
        self.of(Shown::State(RowState::Unmatched))
    }

    /// Those that a person has to approve.
    pub(super) fn to_approve(&self) -> Sum {
        self.of(Shown::Waits(Waits::Approval))
    }

    /// Those that a person has to book in Accurate.
    pub(super) fn to_book(&self) -> Sum {
        self.of(Shown::Waits(Waits::Person))
    }

    /// A chip for each sort that has rows.
    pub(super) fn chips(&self, path: &str, here: Shown, page: &Page) -> Vec<Chip> {
        let all = std::iter::once(Shown::All).chain(IN_ORDER);
        let chip = |shown: Shown| {
            let sum = self.of(shown);
            (sum.count > 0 || shown == here).then(|| Chip {
                link: address(path, &if shown == Shown::All { vec![] } else { vec![("show", shown.word())] }),
                kind: shown.kind(),
                text: shown.text(page).to_owned(),
                count: format::count(sum.count),
                total: sum.in_words(page),
                is_here: shown == here,
            })
        };
        all.filter_map(chip).collect()
    }

    /// Why rows need a person, each with its link.
    pub(super) fn reasons(&self, path: &str, asked: &Asked, page: &Page) -> Vec<Chip> {
        let shown = asked.shown();
        if shown != Shown::State(RowState::Blocked) {
            return Vec::new();
        }
        let of_state = self.rows.iter().filter(|count| Shown::of(count) == shown);
        let chip = |count: &RowCount| {
            let reason = count.reason?;
            let query = [("show", shown.word()), ("reason", reason.code())];
            Some(Chip {
                link: address(path, &query),
                kind: "",
                text: reason.sentence_about(self.kind, page.language),
                count: format::count(count.count),
                total: Sum { count: count.count, hundredths: count.hundredths, unknown: count.unknown }.in_words(page),
                is_here: asked.reason() == Some(reason),
            })
        };
        of_state.filter_map(chip).collect()
    }
}
