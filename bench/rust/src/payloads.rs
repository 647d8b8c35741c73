//! Makes the messages that every client sends, the same ones as `peers/payloads.mjs`.

use bytes::{BufMut, Bytes, BytesMut};
use serde::Deserialize;

const MAX_DISTINCT_PAYLOADS: usize = 128;
const MAX_PAYLOAD_BYTES: usize = 1024 * 1024;
const NUMBER_DIGITS: usize = 8;
const ASCII: &str =
    r#"The quick brown fox jumps over the lazy dog. {"id":42,"side":"buy","price":101.25} "#;
const MIXED: &str = "Grüße aus Köln, 世界こんにちは, привет мир, €100 für 🌍🚀. ";

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub enum Content {
    Binary,
    Ascii,
    Mixed,
}

/// Payloads that are sent in turn, or replies that are expected in turn.
pub struct Payloads(Vec<Bytes>);

impl Payloads {
    pub fn new(content: Content, size: usize) -> Payloads {
        match content {
            Content::Binary => Payloads::binary(size),
            Content::Ascii => Payloads::text(ASCII, size),
            Content::Mixed => Payloads::text(MIXED, size),
        }
    }

    fn binary(size: usize) -> Payloads {
        let count = distinct(size);
        let words = count + size.div_ceil(8);
        let mut pattern = BytesMut::with_capacity(words * 8);
        for word in 0..words as u32 {
            pattern.put_u32_le(word);
            pattern.put_u32_le((word + 1).wrapping_mul(0x9e37_79b1));
        }
        let payload = |i| Bytes::copy_from_slice(&pattern[i * 8..i * 8 + size]);
        Payloads((0..count).map(payload).collect())
    }

    fn text(characters: &str, size: usize) -> Payloads {
        let count = characters.chars().count();
        let one = |i: usize| {
            let number = format!("{i:0width$}", width = NUMBER_DIGITS);
            let mut text = number[number.len() - size.min(NUMBER_DIGITS)..].to_owned();
            for character in characters.chars().cycle().skip(i % count) {
                if text.len() + character.len_utf8() > size {
                    break;
                }
                text.push(character);
            }
            text.extend(std::iter::repeat_n('.', size - text.len()));
            Bytes::from(text)
        };
        Payloads((0..distinct(size)).map(one).collect())
    }

    /// The acknowledgements of batches of the given size, in turn.
    pub fn acknowledgements(&self, per_reply: usize) -> Payloads {
        let last = |reply| self.get(per_reply * (reply + 1) - 1);
        let first_bytes = |reply| last(reply).slice(..last(reply).len().min(8));
        Payloads((0..self.0.len()).map(first_bytes).collect())
    }

    pub fn get(&self, index: usize) -> &Bytes {
        &self.0[index % self.0.len()]
    }
}

fn distinct(size: usize) -> usize {
    (MAX_PAYLOAD_BYTES / size).clamp(2, MAX_DISTINCT_PAYLOADS)
}
