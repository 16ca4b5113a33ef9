//! The fingerprint of an object: what two bodies that say the same have in common.

use sha2::{Digest, Sha256};

use super::{Json, Object};

/// Ends a text, a number or a key. It is no byte of UTF-8, so that none of them can hold it.
const END: u8 = 0xFF;
/// Ends a list or an object; no byte of UTF-8 either, so that no key begins with it.
const CLOSE: u8 = 0xFE;
/// Hashing many small pieces costs more than gathering them first.
const GATHERED: usize = 4096;

impl Object<'_> {
    /// The same for every object that says the same, however it is written.
    pub(in crate::forstok) fn fingerprint(&self) -> [u8; 32] {
        let mut writing = Writing { gathered: Vec::with_capacity(GATHERED), hash: Sha256::new() };
        writing.object(self);
        writing.hash.update(&writing.gathered);
        writing.hash.finalize().into()
    }
}

/// The fingerprint in the making. Each value begins with a byte for its kind, which tells where it ends, so that two
/// different values are never written the same.
struct Writing {
    gathered: Vec<u8>,
    hash: Sha256,
}

impl Writing {
    fn text(&mut self, text: &str) {
        self.gathered.extend_from_slice(text.as_bytes());
        self.gathered.push(END);
    }

    fn object(&mut self, object: &Object<'_>) {
        self.gathered.push(b'{');
        for (key, value) in &object.0 {
            self.text(key);
            self.value(value);
        }
        self.gathered.push(CLOSE);
    }

    fn value(&mut self, value: &Json<'_>) {
        if self.gathered.len() > GATHERED {
            self.hash.update(&self.gathered);
            self.gathered.clear();
        }
        match value {
            Json::Null => self.gathered.push(b'n'),
            Json::Bool(true) => self.gathered.push(b't'),
            Json::Bool(false) => self.gathered.push(b'f'),
            Json::Whole(number) => {
                self.gathered.push(b'w');
                self.gathered.extend_from_slice(&number.to_le_bytes());
            }
            Json::Number(digits) => {
                self.gathered.push(b'#');
                self.text(digits);
            }
            Json::Text(text) => {
                self.gathered.push(b'"');
                self.text(text);
            }
            Json::List(entries) => {
                self.gathered.push(b'[');
                for entry in entries {
                    self.value(entry);
                }
                self.gathered.push(CLOSE);
            }
            Json::Object(object) => self.object(object),
        }
    }
}
