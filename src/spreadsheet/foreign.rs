//! Files that are neither a workbook nor a table, which people pick by mistake: recognised by their content, because
//! their names often say something else.

use std::io::{self, BufRead, BufReader, Read, Seek};

use zip::ZipArchive;

use super::Unreadable;

/// How the kinds begin that have a fixed beginning.
const BEGINNINGS: [(&[u8], Unreadable); 9] = [
    (b"%PDF", Unreadable::Pdf),
    (b"\x89PNG", Unreadable::Picture),
    (b"\xff\xd8\xff", Unreadable::Picture),
    (b"GIF8", Unreadable::Picture),
    (b"RIFF", Unreadable::Picture),
    (b"Rar!", Unreadable::Archive),
    (b"7z\xbc\xaf", Unreadable::Archive),
    (b"\x1f\x8b", Unreadable::Archive),
    (b"<", Unreadable::WebPage),
];

/// The container of old Office documents, and of locked new ones.
const OLD_CONTAINER: &[u8] = b"\xd0\xcf\x11\xe0";

/// The stream that a workbook with a password has in its container.
const LOCKED: &str = "EncryptedPackage";

/// What this file is, unless it may be a workbook or a table. Reads on where the beginning does not tell.
pub(super) fn recognise(beginning: &[u8], file: &mut (impl Read + Seek)) -> io::Result<Option<Unreadable>> {
    let text = beginning.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(beginning).trim_ascii_start();
    if let Some((_, kind)) = BEGINNINGS.iter().find(|(start, _)| text.starts_with(start)) {
        return Ok(Some(*kind));
    }
    // What a phone makes of a screenshot or a photo.
    if beginning.get(4..8) == Some(b"ftyp") {
        return Ok(Some(Unreadable::Picture));
    }
    if beginning.starts_with(OLD_CONTAINER) {
        file.rewind()?;
        return Ok(Some(if is_locked(file)? { Unreadable::Locked } else { Unreadable::OldWorkbook }));
    }
    if beginning.starts_with(b"PK\x03\x04") {
        file.rewind()?;
        return Ok(ZipArchive::new(file).ok().and_then(|archive| packed(&archive)));
    }
    Ok(is_json(text).then_some(Unreadable::Json))
}

/// Whether a container has the stream of a locked workbook: its directory names it in UTF-16.
fn is_locked(file: &mut impl Read) -> io::Result<bool> {
    let name: Vec<u8> = LOCKED.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut file = BufReader::new(file);
    let mut seen: Vec<u8> = Vec::new();
    loop {
        let piece = file.fill_buf()?;
        if piece.is_empty() {
            return Ok(false);
        }
        let length = piece.len();
        seen.extend_from_slice(piece);
        if seen.windows(name.len()).any(|window| window == name) {
            return Ok(true);
        }
        // The name may be cut by the end of the piece.
        seen.drain(..seen.len().saturating_sub(name.len()));
        file.consume(length);
    }
}

/// What an archive is, if it is not an XLSX. One without any part that we know may be a damaged XLSX.
fn packed<R: Read + Seek>(archive: &ZipArchive<R>) -> Option<Unreadable> {
    let names: Vec<_> = archive.file_names().flatten().collect();
    let has = |part: &str| names.iter().any(|name| name.starts_with(part));
    let ends = |ending: &str| names.iter().any(|name| name.to_ascii_lowercase().ends_with(ending));
    if has("xl/workbook.xml") {
        None
    } else if has("xl/") && ends(".bin") || has("content.xml") || has("Index/") {
        Some(Unreadable::OtherWorkbook)
    } else if has("word/") || has("ppt/") {
        Some(Unreadable::Document)
    } else if has("xl/") {
        None
    } else {
        Some(Unreadable::Archive)
    }
}

/// Whether a text begins as JSON does; no table begins like this.
fn is_json(text: &[u8]) -> bool {
    let Some((b'{' | b'[', rest)) = text.split_first() else { return false };
    matches!(rest.trim_ascii_start().first(), Some(b'"' | b'{' | b'[' | b'}'))
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use super::*;

    fn archive(parts: &[&str]) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        let mut writer = zip::ZipWriter::new(&mut file);
        for part in parts {
            writer.start_file(*part, zip::write::SimpleFileOptions::default()).expect("a part");
            writer.write_all(b"x").expect("written");
        }
        writer.finish().expect("an archive");
        file.into_inner()
    }

    fn container(stream: &str) -> Vec<u8> {
        let name = stream.encode_utf16().flat_map(u16::to_le_bytes);
        // Across the end of a piece that is read at once.
        OLD_CONTAINER.iter().copied().chain(std::iter::repeat_n(0, 8 * 1024 - 10)).chain(name).collect()
    }

    #[test]
    fn a_file_is_known_by_its_content_whatever_its_name_is() {
        let found = |file: &[u8]| recognise(file, &mut Cursor::new(file)).expect("it is in memory");
        let files: [(&[u8], Unreadable); 15] = [
            (b"%PDF-1.7\n", Unreadable::Pdf),
            (b"\x89PNG\r\n\x1a\n\0", Unreadable::Picture),
            (b"\xff\xd8\xff\xe0\0\x10JFIF", Unreadable::Picture),
            (b"\0\0\0\x18ftypheic", Unreadable::Picture),
            (b"Rar!\x1a\x07", Unreadable::Archive),
            (b"\n <!DOCTYPE html><table>", Unreadable::WebPage),
            (b"\xEF\xBB\xBF<?xml version=\"1.0\"?><Workbook>", Unreadable::WebPage),
            (b"[{\"source\": \"shopee\"}]", Unreadable::Json),
            (b"{ \"rows\": [] }", Unreadable::Json),
            (&container("Workbook"), Unreadable::OldWorkbook),
            (&container("EncryptedPackage"), Unreadable::Locked),
            (&archive(&["xl/workbook.bin"]), Unreadable::OtherWorkbook),
            (&archive(&["mimetype", "content.xml"]), Unreadable::OtherWorkbook),
            (&archive(&["[Content_Types].xml", "word/document.xml"]), Unreadable::Document),
            (&archive(&["income.xlsx"]), Unreadable::Archive),
        ];
        for (file, kind) in files {
            assert_eq!(found(file), Some(kind), "{:?}", String::from_utf8_lossy(file));
        }
        for file in [&b"[No];Total\n"[..], b"No. Pesanan,Total\n", b"PK\x03\x04 cut", &archive(&["xl/workbook.xml"])] {
            assert_eq!(found(file), None, "{:?}", String::from_utf8_lossy(file));
        }
    }
}
