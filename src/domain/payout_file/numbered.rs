//! Ids of rows that have none of their own: from what does not change when a figure is corrected, and a number, because
//! several rows may agree in that.

/// Hexadecimal digits of what the rows agree in.
const DIGITS: usize = 2 * super::assemble::DIGEST_BYTES;

/// The id of the row with this number, from 1.
pub fn write(alike: &str, number: u64) -> String {
    format!("{alike}-{number}")
}

/// What such an id is made of; `None` if it is another one.
pub fn read(id: &str) -> Option<(&str, u64)> {
    let (alike, number) = id.rsplit_once('-')?;
    let is_digest = alike.len() == DIGITS && alike.bytes().all(|byte| byte.is_ascii_hexdigit());
    Some((alike, number.parse().ok()?)).filter(|_| is_digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ids_that_were_made_here_are_read() {
        let alike = "a".repeat(DIGITS);
        assert_eq!(read(&write(&alike, 12)), Some((alike.as_str(), 12)));
        for id in ["", "T-1", "2026-11-05", &alike, &format!("{alike}-x")] {
            assert_eq!(read(id), None, "{id}");
        }
    }
}
