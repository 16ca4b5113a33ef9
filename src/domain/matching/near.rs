//! Items that resemble a SKU which Accurate does not have.
//!
//! Every SKU and item is described by a few hashes, its keys: two that resemble each other share one. The keys of the
//! SKUs are collected first and every item looks its own up, so that the time grows with the number of SKUs plus the
//! number of items, not with their product.

use std::collections::HashMap;

use super::{Item, spelling::words_of};

/// Candidates that are suggested for one SKU; a person chooses from no more.
const MOST: usize = 5;

/// Resemblances that are examined for one SKU, so that thousands of similar numbers take no longer.
const MOST_EXAMINED: usize = 40;

/// Fewest characters that can be mistyped.
const SHORTEST: usize = 4;

/// Most characters for which typing errors are looked for.
const LONGEST: usize = 40;

/// Words up to this length are taken for sizes or colours: `M` instead of `L` is another product, not a typing error.
const LONGEST_CODE: usize = 3;

/// A product that Accurate does not have under its SKU.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The SKU; empty for a product without one.
    pub sku: &'a str,
    /// Product and variant name.
    pub name: &'a str,
}

/// An item that may be meant, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate<'a> {
    /// The item.
    pub item: &'a Item,
    /// The resemblance.
    pub resemblance: Resemblance,
}

/// Why an item may be meant; the most convincing reason first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resemblance {
    /// The letters and digits are the same; hyphens, dots or slashes differ.
    Punctuation,
    /// The parts are the same, in another order.
    Order,
    /// Product and item have the same name.
    Name,
    /// One letter was added, left out, replaced or swapped.
    Typo,
    /// One begins with the other.
    Beginning,
}

/// What is compared of a SKU or an item.
struct Described {
    words: Vec<String>,
    /// The words without anything between them.
    core: String,
    name: Vec<String>,
}

impl Described {
    fn new(number: &str, name: &str) -> Self {
        let words = words_of(number);
        Self { core: words.concat(), words, name: words_of(name) }
    }

    fn sorted(&self) -> Vec<&str> {
        let mut words: Vec<_> = self.words.iter().map(String::as_str).collect();
        words.sort_unstable();
        words
    }

    /// The keys under which it is found, and those under which it looks for others that begin as it does.
    fn keys(&self, mut add: impl FnMut(u64)) {
        if !self.name.is_empty() {
            add(self.name.iter().fold(hash_of(b"name"), |hash, word| continued(continued(hash, word), " ")));
        }
        if self.core.is_empty() {
            return;
        }
        add(continued(hash_of(b"core"), &self.core));
        if self.words.len() > 1 {
            add(self.sorted().iter().fold(hash_of(b"words"), |hash, word| continued(continued(hash, word), " ")));
        }
        let letters = self.core.chars().count();
        if (SHORTEST..=LONGEST).contains(&letters) {
            // Two that differ in one letter are equal without it.
            for (place, letter) in self.core.char_indices() {
                let without = continued(hash_of(b"core"), &self.core[..place]);
                add(continued(without, &self.core[place + letter.len_utf8()..]));
            }
        }
    }

    /// Keys of its beginnings, at the end of a word and at least half of it; the last is the whole.
    fn beginnings(&self) -> impl Iterator<Item = u64> {
        let (mut hash, mut length) = (hash_of(b"beginning"), 0);
        self.words.iter().filter_map(move |word| {
            hash = continued(continued(hash, word), " ");
            length += word.len();
            (length >= SHORTEST && length * 2 >= self.core.len()).then_some(hash)
        })
    }

    fn whole(&self) -> Option<u64> {
        self.beginnings().last()
    }

    /// Why an item may be meant by this SKU; `None` if only a hash was equal by chance.
    fn resemblance(&self, item: &Self) -> Option<Resemblance> {
        if !self.core.is_empty() && self.core == item.core {
            Some(Resemblance::Punctuation)
        } else if !self.core.is_empty() && self.sorted() == item.sorted() {
            Some(Resemblance::Order)
        } else if !self.name.is_empty() && self.name == item.name {
            Some(Resemblance::Name)
        } else if self.is_typo_of(item) {
            Some(Resemblance::Typo)
        } else if !self.words.is_empty() && (item.words.starts_with(&self.words) || self.words.starts_with(&item.words))
        {
            Some(Resemblance::Beginning)
        } else {
            None
        }
    }

    fn is_typo_of(&self, item: &Self) -> bool {
        strsim::osa_distance(&self.core, &item.core) == 1
            && numbers_in(&self.core) == numbers_in(&item.core)
            && !self.differs_in_a_code(item)
    }

    fn differs_in_a_code(&self, item: &Self) -> bool {
        let is_short = |word: &str| word.chars().count() <= LONGEST_CODE && !word.chars().all(char::is_numeric);
        let is_code = |(one, other): (&String, &String)| one != other && is_short(one) && is_short(other);
        self.words.len() == item.words.len() && self.words.iter().zip(&item.words).any(is_code)
    }
}

/// The numbers in a text, without leading zeros: `KAOS-01` and `KAOS-1` may be one product, `KAOS-1` and `KAOS-2`
/// never.
fn numbers_in(text: &str) -> Vec<&str> {
    let runs = text.split(|letter: char| !letter.is_numeric()).filter(|run| !run.is_empty());
    runs.map(|run| run.trim_start_matches('0')).collect()
}

/// Products by a key.
type Places = HashMap<u64, Vec<usize>>;

/// Candidates for each product, the most convincing first; five at most. Inactive items are none.
pub fn candidates<'a>(wanted: &[Wanted<'_>], items: &'a [Item]) -> Vec<Vec<Candidate<'a>>> {
    let described: Vec<_> = wanted.iter().map(|wanted| Described::new(wanted.sku, wanted.name)).collect();
    // By key: which of `described`. Beginnings of a SKU are kept apart from whole SKUs, for a beginning alone is no
    // resemblance.
    let (mut by_key, mut by_beginning, mut by_whole) = (Places::new(), Places::new(), Places::new());
    for (place, one) in described.iter().enumerate() {
        let into = |map: &mut Places, key| map.entry(key).or_default().push(place);
        one.keys(|key| into(&mut by_key, key));
        one.beginnings().for_each(|key| into(&mut by_beginning, key));
        one.whole().into_iter().for_each(|key| into(&mut by_whole, key));
    }
    let mut found: Vec<Vec<Candidate<'a>>> = wanted.iter().map(|_| Vec::new()).collect();
    let mut examined = vec![0; wanted.len()];
    let mut places: Vec<usize> = Vec::new();
    let items = if wanted.is_empty() { &[] } else { items };
    for item in items.iter().filter(|item| !item.suspended) {
        let of_item = Described::new(&item.no, &item.name);
        places.clear();
        of_item.keys(|key| places.extend(by_key.get(&key).into_iter().flatten()));
        places.extend(of_item.whole().and_then(|key| by_beginning.get(&key)).into_iter().flatten());
        for key in of_item.beginnings() {
            places.extend(by_whole.get(&key).into_iter().flatten());
        }
        places.sort_unstable();
        places.dedup();
        for &place in &places {
            if examined[place] >= MOST_EXAMINED {
                continue;
            }
            examined[place] += 1;
            if let Some(resemblance) = described[place].resemblance(&of_item) {
                found[place].push(Candidate { item, resemblance });
            }
        }
    }
    for candidates in &mut found {
        candidates.sort_by(|one, other| (one.resemblance, &one.item.no).cmp(&(other.resemblance, &other.item.no)));
        candidates.truncate(MOST);
    }
    found
}

/// FNV-1a, which can be continued: most keys differ from others only in their last part.
fn hash_of(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

fn continued(hash: u64, text: &str) -> u64 {
    text.bytes().fold(hash, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn items(numbers: &[(&str, &str)]) -> Vec<Item> {
        let item = |(no, name): &(&str, &str)| Item {
            no: (*no).to_owned(),
            name: (*name).to_owned(),
            suspended: no.starts_with("OLD"),
        };
        numbers.iter().map(item).collect()
    }

    fn found(sku: &str, name: &str, items: &[Item]) -> Vec<(String, Resemblance)> {
        let candidates = candidates(&[Wanted { sku, name }], items).remove(0);
        candidates.into_iter().map(|one| (one.item.no.clone(), one.resemblance)).collect()
    }

    #[test]
    fn items_that_may_be_meant_come_with_the_reason_the_most_convincing_first() {
        let items = items(&[
            ("KAOS-POLOS-M", "Kaos Polos Katun M"),
            ("KAOS-POLOS-L", "Kaos Polos Katun L"),
            ("SEPATU-38", "Sepatu Formal 38"),
            ("SEPATU-39", "Sepatu Formal 39"),
            ("TAS-01", "Tas Selempang"),
            ("OLD-TAS-1", "Tas Selempang Lama"),
        ]);
        let one = |no: &str, resemblance| vec![(no.to_owned(), resemblance)];
        for (sku, name, expected) in [
            ("KAOS_POLOS/M", "", one("KAOS-POLOS-M", Resemblance::Punctuation)),
            ("M-KAOS-POLOS", "", one("KAOS-POLOS-M", Resemblance::Order)),
            ("KAOS-POLSO-M", "", one("KAOS-POLOS-M", Resemblance::Typo)),
            ("SEPATUU-38", "", one("SEPATU-38", Resemblance::Typo)),
            ("TAS-1", "", one("TAS-01", Resemblance::Typo)),
            ("X1", "tas selempang", one("TAS-01", Resemblance::Name)),
            ("", "Tas Selempang", one("TAS-01", Resemblance::Name)),
            ("TAS-01-HTM", "", one("TAS-01", Resemblance::Beginning)),
            ("SEPATU-40", "", Vec::new()),
            ("OLD-TAS-01", "", Vec::new()),
            ("", "", Vec::new()),
            ("CELANA", "", Vec::new()),
        ] {
            assert_eq!(found(sku, name, &items), expected, "{sku} {name}");
        }
        let both = found("KAOS-POLOS", "", &items);
        assert_eq!(both.iter().map(|one| one.0.as_str()).collect::<Vec<_>>(), ["KAOS-POLOS-L", "KAOS-POLOS-M"]);
    }

    #[test]
    fn a_size_or_a_number_that_differs_is_another_product() {
        let items = items(&[("KAOS-POLOS-M", ""), ("KAOS-POLOS-XL", ""), ("AAA2002", ""), ("LAMPU-5W", "")]);
        for sku in ["KAOS-POLOS-L", "KAOS-POLOS-XS", "AAA2003", "AAA20021", "LAMPU-7W"] {
            assert_eq!(found(sku, "", &items), [], "{sku}");
        }
    }

    #[test]
    fn few_are_suggested_of_many_that_resemble() {
        let numbers: Vec<_> = (0..1_000).map(|number| format!("KAOS-POLOS-{}", "A".repeat(number % 7 + 1))).collect();
        let numbers: Vec<_> = numbers.iter().map(|number| (number.as_str(), "")).collect();
        assert_eq!(found("KAOS-POLOS", "", &items(&numbers)).len(), MOST);
    }

    proptest! {
        #[test]
        fn a_mistyped_letter_is_found_and_an_inactive_item_never(
            words in proptest::collection::vec("[A-Z]{4,8}", 1..3),
            place in any::<prop::sample::Index>(),
            change in 0..3,
            suspended in any::<bool>(),
        ) {
            let no = words.join("-");
            let item = Item { no: no.clone(), name: String::new(), suspended };
            let mut letters: Vec<char> = no.chars().collect();
            let places: Vec<_> = (0..letters.len()).filter(|at| letters[*at] != '-').collect();
            let at = places[place.index(places.len())];
            match change {
                0 => drop(letters.remove(at)),
                1 => letters.insert(at, 'Q'),
                _ => letters[at] = 'q',
            }
            let sku: String = letters.into_iter().collect();
            let all = [item];
            let candidates = candidates(&[Wanted { sku: &sku, name: "" }], &all).remove(0);
            prop_assert_eq!(candidates.len(), usize::from(!suspended), "{} for {}", no, sku);
        }

        #[test]
        fn no_text_makes_it_fail(skus in proptest::collection::vec(".{0,12}", 0..8), nos in proptest::collection::vec(".{0,12}", 0..8)) {
            let items: Vec<_> = nos.iter().map(|no| Item { no: no.clone(), name: no.clone(), suspended: false }).collect();
            let wanted: Vec<_> = skus.iter().map(|sku| Wanted { sku, name: sku }).collect();
            prop_assert_eq!(candidates(&wanted, &items).len(), skus.len());
        }
    }
}
