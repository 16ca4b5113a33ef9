//! How a SKU is spelled: what people do not see when they compare two of them, and how to show it.

use unicode_normalization::UnicodeNormalization;

/// A part of a text as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Characters that people can see.
    Plain(String),
    /// A character that they cannot see, or that looks like another one: `␣`, `U+200B` or `Ａ U+FF21`.
    Marked(String),
}

/// The text without what people overlook: case, blanks, invisible characters, and other forms of the same character
/// (full-width letters, ligatures, hyphens). Two SKUs with one form are one SKU to a person.
pub fn form_of(text: &str) -> String {
    if text.is_ascii() {
        return text.chars().filter(char::is_ascii_graphic).map(|letter| letter.to_ascii_lowercase()).collect();
    }
    let folded: String = text.nfkc().filter(|letter| !is_unseen(*letter)).flat_map(char::to_lowercase).collect();
    // Lower case may bring back what composes to another character.
    folded
        .nfkc()
        .filter(|letter| !is_unseen(*letter))
        .map(|letter| if is_hyphen(letter) { '-' } else { letter })
        .collect()
}

/// The letters and digits of a text in lower case, split where there is anything else.
pub(super) fn words_of(text: &str) -> Vec<String> {
    let lower: String = if text.is_ascii() {
        text.to_ascii_lowercase()
    } else {
        text.nfkc()
            .filter(|letter| letter.is_whitespace() || !is_unseen(*letter))
            .flat_map(char::to_lowercase)
            .collect()
    };
    lower.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// The text with every blank and everything invisible marked, to compare it with another spelling.
pub fn marked(text: &str) -> Vec<Piece> {
    pieces(text, |letter| if letter == ' ' { Some("␣".to_owned()) } else { mark_of(letter) })
}

/// The text with everything invisible marked; ordinary spaces between words are left as they are.
pub fn marked_unless_space(text: &str) -> Vec<Piece> {
    pieces(text, |letter| if letter == ' ' { None } else { mark_of(letter) })
}

/// The text with everything invisible written out, such as `Biaya⟨U+00A0⟩Komisi`.
pub fn written_out(text: &str) -> String {
    let shown = |piece| match piece {
        Piece::Plain(text) => text,
        Piece::Marked(mark) => format!("⟨{mark}⟩"),
    };
    marked_unless_space(text).into_iter().map(shown).collect()
}

fn pieces(text: &str, mark: impl Fn(char) -> Option<String>) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for letter in text.chars() {
        match (mark(letter), pieces.last_mut()) {
            (Some(mark), _) => pieces.push(Piece::Marked(mark)),
            (None, Some(Piece::Plain(plain))) => plain.push(letter),
            (None, _) => pieces.push(Piece::Plain(letter.to_string())),
        }
    }
    pieces
}

/// How a character is shown that would be overlooked.
fn mark_of(letter: char) -> Option<String> {
    let code = u32::from(letter);
    if is_unseen(letter) {
        return Some(format!("U+{code:04X}"));
    }
    let is_form_of_another = |letter: char| std::iter::once(letter).nfkc().any(|other| other.is_ascii_graphic());
    (!letter.is_ascii() && (is_hyphen(letter) || is_form_of_another(letter))).then(|| format!("{letter} U+{code:04X}"))
}

fn is_hyphen(letter: char) -> bool {
    matches!(letter, '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' | '\u{ff0d}')
}

/// The text without invisible characters and without blanks around it; line breaks and other control characters inside
/// it stay.
pub fn without_invisible(text: &str) -> String {
    let stays = |letter: &char| *letter == ' ' || letter.is_control() || !is_unseen(*letter);
    let seen: String = text.chars().filter(stays).collect();
    seen.trim().to_owned()
}

/// Whether a character leaves nothing or only a blank on the screen.
fn is_unseen(letter: char) -> bool {
    letter.is_whitespace()
        || letter.is_control()
        || matches!(letter,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As it is shown, with marks in brackets.
    fn shown(pieces: &[Piece]) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Plain(text) => text.clone(),
            Piece::Marked(text) => format!("[{text}]"),
        };
        pieces.iter().map(piece).collect()
    }

    #[test]
    fn what_people_cannot_see_is_written_out() {
        assert_eq!(written_out("Biaya\u{a0}Komisi 5%"), "Biaya⟨U+00A0⟩Komisi 5%");
        assert_eq!(written_out("Biaya Komisi"), "Biaya Komisi");
    }

    #[test]
    fn what_cannot_be_seen_is_marked() {
        for (text, expected) in [
            ("KAOS M", "KAOS[␣]M"),
            ("KAOS\u{a0}M", "KAOS[U+00A0]M"),
            ("\u{feff}KAOS-M", "[U+FEFF]KAOS-M"),
            ("KAOS\u{200b}-M", "KAOS[U+200B]-M"),
            ("KA\u{ad}OS\tM", "KA[U+00AD]OS[U+0009]M"),
            ("ＫAOS–M", "[Ｋ U+FF2B]AOS[– U+2013]M"),
            ("Café-É", "Café-É"),
            ("", ""),
        ] {
            assert_eq!(shown(&marked(text)), expected);
        }
        assert_eq!(shown(&marked_unless_space("KAOS M\u{200b}")), "KAOS M[U+200B]");
    }

    #[test]
    fn two_spellings_of_one_sku_have_one_form() {
        for other in [
            "KAOS-M",
            " kaos - m ",
            "KAOS\u{a0}-M",
            "\u{feff}KAOS-M",
            "KAOS-\u{200d}M",
            "ＫＡＯＳ－Ｍ",
            "KAOS–M",
            "KA\u{ad}OS-M",
        ] {
            assert_eq!(form_of(other), "kaos-m", "{other:?}");
        }
        assert_ne!(form_of("KAOS-M"), form_of("KAOSM"), "a hyphen can be seen");
        assert_ne!(form_of("KAOS-1"), form_of("KAOS-I"));
    }

    proptest! {
        #[test]
        fn case_blanks_and_invisible_characters_make_no_difference(
            sku in "[A-Z0-9./_-]{1,20}",
            noise in proptest::collection::vec((any::<prop::sample::Index>(), prop::sample::select(vec![
                ' ', '\t', '\u{a0}', '\u{3000}', '\u{200b}', '\u{200d}', '\u{feff}', '\u{ad}', '\u{2060}', '\u{202e}',
            ])), 0..5),
            lower in any::<bool>(),
        ) {
            let mut letters: Vec<char> = if lower { sku.to_lowercase() } else { sku.clone() }.chars().collect();
            for (place, letter) in noise {
                letters.insert(place.index(letters.len() + 1), letter);
            }
            let other: String = letters.into_iter().collect();
            prop_assert_eq!(form_of(&other), form_of(&sku));
        }

        #[test]
        fn marking_loses_no_visible_character_and_every_form_is_stable(text in ".{0,30}") {
            let plain: String = marked_unless_space(&text)
                .into_iter()
                .filter_map(|piece| if let Piece::Plain(plain) = piece { Some(plain) } else { None })
                .collect();
            prop_assert!(plain.chars().all(|letter| letter == ' ' || !is_unseen(letter)));
            let form = form_of(&text);
            prop_assert!(!form.chars().any(is_unseen));
            prop_assert_eq!(form_of(&form), form);
        }
    }
}
