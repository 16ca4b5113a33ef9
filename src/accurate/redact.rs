//! Removes our secrets from texts that are kept: an error page may echo the request with its headers.

use std::collections::HashSet;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use secrecy::ExposeSecret;

use super::credentials::Credentials;

/// Replaces a secret.
const HIDDEN: &str = "***";

/// The length in bytes of the pieces of a secret that are searched for, because an echo may cut or break the secret.
/// Shorter secrets exist only on a developer's machine.
const PIECE: usize = 8;

/// The secrets in one call.
#[derive(Clone, Default)]
pub(super) struct Secrets(Vec<String>);

impl Secrets {
    /// The credentials, and their signature.
    pub(super) fn of(credentials: &Credentials, headers: &[(&'static str, String)]) -> Self {
        let signature = headers.iter().filter(|(name, _)| *name == "x-api-signature").map(|(_, value)| value.clone());
        let kept = [&credentials.api_token, &credentials.signature_secret];
        Self(kept.into_iter().map(|secret| secret.expose_secret().to_owned()).chain(signature).collect())
    }

    /// Replaces every secret and every piece of one: unchanged, in hex, base64, percent-encoded, or escaped for HTML or
    /// JSON.
    pub(super) fn hidden_in(&self, text: &str) -> String {
        // Most replies have no message; their secrets need not be taken to pieces.
        if text.len() < PIECE {
            return text.to_owned();
        }
        let pieces: HashSet<u64> =
            self.0.iter().flat_map(|secret| forms(secret)).flat_map(|form| pieces(&form).collect::<Vec<_>>()).collect();
        let mut secret = vec![false; text.len()];
        for (at, piece) in pieces_at(text) {
            if pieces.contains(&piece) {
                secret[at..at + PIECE].fill(true);
            }
        }
        let mut shown = String::with_capacity(text.len());
        let mut hidden_before = false;
        for (at, character) in text.char_indices() {
            if !secret[at] {
                shown.push(character);
            } else if !hidden_before {
                shown.push_str(HIDDEN);
            }
            hidden_before = secret[at];
        }
        shown
    }
}

/// The forms in which an echo may write a secret.
fn forms(secret: &str) -> Vec<String> {
    let escaped = |escape: &dyn Fn(u8) -> String| -> String {
        let escaped = |byte: u8| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { escape(byte) };
        secret.bytes().map(escaped).collect()
    };
    let mut forms = vec![
        secret.to_owned(),
        hex::encode(secret),
        escaped(&|byte| format!("%{byte:02x}")),
        escaped(&|byte| format!("%25{byte:02x}")),
        escaped(&|byte| format!("&#{byte};")),
        escaped(&|byte| format!("&#x{byte:x};")),
        escaped(&|byte| format!("\\u{byte:04x}")),
        secret.replace('/', "\\/"),
    ];
    // Base64 of a longer text that contains the secret: three alignments, without the characters at both ends that
    // neighbouring text affects.
    for shift in 0..3 {
        let shifted = [&b"\0\0"[..shift], secret.as_bytes()].concat();
        for encoded in [STANDARD_NO_PAD.encode(&shifted), URL_SAFE_NO_PAD.encode(&shifted)] {
            let inner = encoded.get(shift.min(1) * 4..encoded.len().saturating_sub(1));
            forms.extend(inner.map(str::to_owned));
        }
    }
    forms
}

fn pieces(text: &str) -> impl Iterator<Item = u64> + '_ {
    pieces_at(text).map(|(_, piece)| piece)
}

/// All pieces with their positions, ignoring letter case. A piece is the number that its bytes are.
fn pieces_at(text: &str) -> impl Iterator<Item = (usize, u64)> + '_ {
    let ends = text.bytes().scan(0_u64, |piece, byte| {
        *piece = (*piece << 8) | u64::from(byte.to_ascii_lowercase());
        Some(*piece)
    });
    ends.skip(PIECE - 1).enumerate()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "aat.NTA.eyJ2IjoxLCJ1Ijo4ODg4fQ+/xyz==";

    fn secrets() -> Secrets {
        Secrets(vec![TOKEN.to_owned(), "0123456789abcdef0123456789abcdef".to_owned()])
    }

    /// Whether no piece of the token is left that is long enough to be of use.
    fn is_clean(shown: &str) -> bool {
        forms(TOKEN).iter().all(|form| pieces(form).all(|piece| pieces_at(shown).all(|(_, seen)| seen != piece)))
    }

    #[test]
    fn a_secret_is_hidden_in_every_form_that_an_echo_may_write() {
        let query = url_encoded(TOKEN);
        let html = TOKEN.replace('+', "&#43;").replace('/', "&#x2F;").replace('=', "&#61;");
        let echoes = [
            TOKEN.to_owned(),
            TOKEN.to_uppercase(),
            hex::encode(TOKEN),
            hex::encode_upper(TOKEN),
            query,
            html,
            TOKEN.replace('/', "\\/"),
            base64::engine::general_purpose::STANDARD.encode(TOKEN),
            base64::engine::general_purpose::STANDARD.encode(format!("Authorization: Bearer {TOKEN}\r\nX: y")),
            base64::engine::general_purpose::URL_SAFE.encode(format!("a Bearer {TOKEN}")),
            base64::engine::general_purpose::STANDARD.encode(format!("ab Bearer {TOKEN}")),
            TOKEN[..20].to_owned(),
            TOKEN[10..].to_owned(),
        ];
        for echo in echoes {
            let shown = secrets().hidden_in(&format!("<html>Authorization: Bearer {echo} was not understood</html>"));
            assert!(is_clean(&shown), "{echo} is shown as {shown}");
            assert!(shown.starts_with("<html>Authorization: Bearer ") && shown.contains("***"), "{shown}");
            assert!(shown.ends_with(" was not understood</html>"), "{shown}");
        }
    }

    fn url_encoded(text: &str) -> String {
        let url = reqwest::Url::parse_with_params("http://x/", [("", text)]).expect("a URL");
        url.query().and_then(|query| query.strip_prefix('=')).expect("a query").to_owned()
    }

    #[test]
    fn what_holds_no_secret_is_shown_as_it_came() {
        let text = "Barang & Jasa KAOS-M tidak ditemukan atau sudah dihapus · Größe ½";
        assert_eq!(secrets().hidden_in(text), text);
        assert_eq!(Secrets(vec!["short".to_owned(), String::new()]).hidden_in("short"), "short");
    }
}
