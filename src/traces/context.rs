//! The identifiers of W3C Trace Context.

use std::{
    fmt,
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::signing::unguessable;

/// Where something belongs: a trace, and the span in it that caused it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceContext {
    /// The trace.
    pub trace: u128,
    /// The span.
    pub span: u64,
    /// Whether whoever began the trace wants it recorded.
    pub sampled: bool,
}

impl TraceContext {
    /// A new trace with its first span.
    pub(super) fn begin() -> Self {
        Self { trace: (u128::from(fresh()) << 64) | u128::from(fresh()), span: fresh(), sampled: true }
    }

    /// Another span of the same trace.
    pub(super) fn next(self) -> Self {
        Self { span: fresh(), ..self }
    }

    /// Reads the header `traceparent`. A later version may append fields, which are ignored.
    pub fn parse(header: &str) -> Option<Self> {
        let mut parts = header.trim().split('-');
        let version = hexadecimal(parts.next()?, 2)?;
        let trace = hexadecimal(parts.next()?, 32)?;
        let span = u64::try_from(hexadecimal(parts.next()?, 16)?).ok()?;
        let flags = hexadecimal(parts.next()?, 2)?;
        let is_known = version != 0xff && (version > 0 || parts.next().is_none());
        (is_known && trace != 0 && span != 0).then_some(Self { trace, span, sampled: flags & 1 == 1 })
    }
}

impl fmt::Display for TraceContext {
    /// As the header `traceparent`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace, self.span, u8::from(self.sampled))
    }
}

fn hexadecimal(text: &str, digits: usize) -> Option<u128> {
    let is_lower = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    (text.len() == digits && text.bytes().all(is_lower)).then(|| u128::from_str_radix(text, 16).ok())?
}

/// An identifier that no other process gives. It needs no secrecy.
pub(crate) fn fresh() -> u64 {
    static SEED: LazyLock<u64> = LazyLock::new(|| {
        let [a, b, c, d, e, f, g, h, ..] = unguessable();
        u64::from_le_bytes([a, b, c, d, e, f, g, h])
    });
    static GIVEN: AtomicU64 = AtomicU64::new(1);
    // SplitMix64: each count becomes another number that looks random.
    let mut mixed = SEED.wrapping_add(GIVEN.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed ^ (mixed >> 31)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_traceparent_is_read_and_written_alike() {
        let context = TraceContext::parse(SENT).expect("it is the example of the standard");
        assert_eq!(context.to_string(), SENT);
        assert!(!TraceContext::parse(&SENT.replace("-01", "-00")).expect("valid").sampled);
        assert!(TraceContext::parse(&format!("01{}-more", &SENT[2..])).is_some(), "a later version");
    }

    #[test]
    fn what_is_not_a_traceparent_is_ignored() {
        let wrong = [
            "",
            "00",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01",
        ];
        for header in wrong {
            assert_eq!(TraceContext::parse(header), None, "{header}");
        }
    }

    #[test]
    fn identifiers_differ() {
        let ids: std::collections::BTreeSet<_> = (0..1000).map(|_| fresh()).collect();
        assert_eq!(ids.len(), 1000);
    }
}
