//! Distinct signed webhooks, made from a sample by replacing what distinguishes orders.

use forstok_accurate::{sandbox::samples::SAMPLES, signing::hmac_sha256};

use super::service::WEBHOOK_SECRET;

/// The first Forstok id; all have nine digits.
const FIRST_ID: u64 = 300_000_000;

/// The texts of a sample that are replaced.
struct Marks {
    sample: &'static str,
    id: &'static str,
    number: &'static str,
    updated_at: &'static str,
}

/// Makes webhooks from one sample.
pub(crate) struct Orders {
    /// The parts of the sample's text, each with what follows it.
    pieces: Vec<(&'static str, Place)>,
}

#[derive(Clone, Copy, PartialEq)]
enum Place {
    Id,
    Number,
    UpdatedAt,
    End,
}

impl Orders {
    /// Orders with a status at which no invoice is created.
    pub(crate) fn open() -> Self {
        Self::from(&Marks {
            sample: "12-still-open",
            id: "138500007",
            number: "240107OPEN0001",
            updated_at: "2024-01-07T12:00:00.000+07:00\",\n  \"item_lines",
        })
    }

    /// Orders that are due immediately.
    pub(crate) fn ready_to_ship() -> Self {
        Self::from(&Marks {
            sample: "01-shopee-simple",
            id: "138163394",
            number: "231127PECAFY4J",
            updated_at: "2023-11-27T10:12:00.000+07:00\",\n  \"item_lines",
        })
    }

    fn from(marks: &Marks) -> Self {
        let sample = SAMPLES.iter().find(|sample| sample.name == marks.sample).expect("the sample exists");
        // The time is searched together with the text after it, but only the time is replaced.
        let moment = marks.updated_at.split('"').next().expect("a split has a first part");
        let mut places: Vec<_> = [(marks.id, marks.id, Place::Id), (marks.number, marks.number, Place::Number)]
            .into_iter()
            .chain([(marks.updated_at, moment, Place::UpdatedAt)])
            .flat_map(|(sought, taken, place)| {
                sample.body.match_indices(sought).map(move |(at, _)| (at, taken.len(), place))
            })
            .collect();
        places.sort_by_key(|(at, ..)| *at);
        let mut pieces = Vec::new();
        let mut from = 0;
        for (at, length, place) in places {
            pieces.push((&sample.body[from..at], place));
            from = at + length;
        }
        pieces.push((&sample.body[from..], Place::End));
        let count = |place| pieces.iter().filter(|piece| piece.1 == place).count();
        assert!(count(Place::Id) == 1 && count(Place::Number) >= 1 && count(Place::UpdatedAt) == 1);
        Self { pieces }
    }

    /// The body of the n-th order; the same `nth` always gives the same bytes.
    pub(crate) fn body(&self, nth: u64) -> String {
        let mut body = String::with_capacity(2_600);
        for (text, place) in &self.pieces {
            body.push_str(text);
            match place {
                Place::Id => body.push_str(&(FIRST_ID + nth).to_string()),
                Place::Number => body.push_str(&number(nth)),
                Place::UpdatedAt => body.push_str(&moment(nth)),
                Place::End => {}
            }
        }
        body
    }

    /// The signed HTTP request of the n-th order.
    pub(crate) fn request(&self, nth: u64) -> Box<[u8]> {
        signed(&self.body(nth))
    }

    /// The requests of `count` orders from `first` on.
    pub(crate) fn requests(&self, first: u64, count: u64) -> Vec<Box<[u8]>> {
        (first..first + count).map(|nth| self.request(nth)).collect()
    }
}

/// The signed HTTP request with this body.
pub(crate) fn signed(body: &str) -> Box<[u8]> {
    let signature = hex::encode(hmac_sha256(WEBHOOK_SECRET, None, body.as_bytes()));
    let head = format!(
        "POST /webhooks/forstok HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n\
         x-forstok-signature: {signature}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body.as_bytes()].concat().into_boxed_slice()
}

/// The marketplace number of an order, which is also its invoice's number.
pub(crate) fn number(nth: u64) -> String {
    format!("B{nth:09}")
}

/// A time in January 2024 in Jakarta, one millisecond later for each order.
fn moment(nth: u64) -> String {
    let (seconds, millis) = (nth / 1_000, nth % 1_000);
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    format!("2024-01-{:02}T{:02}:{:02}:{:02}.{millis:03}+07:00", days % 28 + 1, hours % 24, minutes % 60, seconds % 60)
}
