//! Encoded words: text other than ASCII in header fields (RFC 2047).

use crate::{base64, charset};

/// The longest encoded word, characters (RFC 2047 §2).
const LONGEST: usize = 75;
/// A word of ASCII longer than this is encoded too, since only an encoded one can be folded.
const UNFOLDABLE: usize = 400;

/// Replaces every encoded word by what it means. What only looks like one stays as it is.
pub fn decode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    // Neighbours in one charset are read as one text, since some programs split characters between words.
    let mut run: Option<(String, Vec<u8>)> = None;
    let mut rest = text;
    while let Some(start) = rest.find("=?") {
        let (before, candidate) = rest.split_at(start);
        let Some((label, bytes, after)) = parse(candidate) else {
            flush(&mut run, &mut out);
            out.push_str(before);
            out.push_str("=?");
            rest = candidate.get(2..).unwrap_or_default();
            continue;
        };
        // White space between encoded words is no part of the text (RFC 2047 §6.2).
        if run.is_none() || !before.chars().all(char::is_whitespace) {
            flush(&mut run, &mut out);
            out.push_str(before);
        }
        match &mut run {
            Some((previous, collected)) if *previous == label => collected.extend(bytes),
            _ => {
                flush(&mut run, &mut out);
                run = Some((label, bytes));
            }
        }
        rest = after;
    }
    flush(&mut run, &mut out);
    out.push_str(rest);
    out
}

/// Writes `text` so that it may stand in an unstructured field: words that need it become encoded words in UTF-8.
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut pending = String::new();
    let mut space = String::new();
    for piece in text.split_inclusive([' ', '\t']) {
        let word = piece.trim_end_matches([' ', '\t']);
        let blank = piece.get(word.len()..).unwrap_or_default();
        if word.is_empty() {
            space.push_str(blank);
            continue;
        }
        if needs_encoding(word) {
            if pending.is_empty() {
                out.push_str(&space);
            } else {
                pending.push_str(&space);
            }
            pending.push_str(word);
        } else {
            push_encoded(&mut out, &mut pending);
            out.push_str(&space);
            out.push_str(word);
        }
        blank.clone_into(&mut space);
    }
    push_encoded(&mut out, &mut pending);
    out.push_str(&space);
    out
}

/// Writes a display name (RFC 5322 §3.2.5): as atoms, as a quoted string, or as encoded words.
pub fn encode_phrase(name: &str) -> String {
    let name: String = name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let name = name.trim();
    let atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~ ".contains(c);
    if name.split(' ').any(needs_encoding) {
        let mut out = String::new();
        push_encoded(&mut out, &mut name.to_owned());
        out
    } else if name.chars().all(atom) && !name.contains("  ") {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
    }
}

fn needs_encoding(word: &str) -> bool {
    !word.is_ascii() || word.contains("=?") || word.len() > UNFOLDABLE
}

/// One encoded word at the start of `text`: its charset, its bytes, and what follows.
fn parse(text: &str) -> Option<(String, Vec<u8>, &str)> {
    let mut parts = text.strip_prefix("=?")?.splitn(3, '?');
    let (label, kind, rest) = (parts.next()?, parts.next()?, parts.next()?);
    // In Q a "?" may not stand (RFC 2047 §4.2), so the first "?=" ends the word.
    let (data, after) = rest.split_once("?=")?;
    if label.is_empty() || label.contains(char::is_whitespace) || data.contains('?') {
        return None;
    }
    // A language may follow the charset (RFC 2231 §5).
    let label = label.split('*').next()?.to_ascii_lowercase();
    let bytes = match kind {
        "b" | "B" => base64::decode(data.as_bytes()),
        "q" | "Q" => decode_q(data.as_bytes()),
        _ => return None,
    };
    Some((label, bytes, after))
}

fn flush(run: &mut Option<(String, Vec<u8>)>, out: &mut String) {
    if let Some((label, bytes)) = run.take() {
        out.push_str(&charset::decode_lossy(&label, &bytes));
    }
}

fn decode_q(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len());
    let mut rest = data;
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        match first {
            b'_' => out.push(b' '),
            b'=' => match tail.split_at_checked(2).and_then(|(pair, after)| Some((hex_pair(pair)?, after))) {
                Some((byte, after)) => {
                    out.push(byte);
                    rest = after;
                }
                None => out.push(b'='),
            },
            other => out.push(*other),
        }
    }
    out
}

/// The byte that two hexadecimal digits name.
pub(crate) fn hex_pair(pair: &[u8]) -> Option<u8> {
    let digit = |b: u8| char::from(b).to_digit(16);
    match pair {
        [high, low] => u8::try_from(digit(*high)? * 16 + digit(*low)?).ok(),
        _ => None,
    }
}

/// Adds `pending` to `out` as encoded words, in Q or B, whichever is shorter, and empties it.
fn push_encoded(out: &mut String, pending: &mut String) {
    if pending.is_empty() {
        return;
    }
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b' ' || b"!*+-/".contains(&b);
    let q_length: usize = pending.bytes().map(|b| if plain(b) { 1 } else { 3 }).sum();
    let quoted = q_length <= pending.len().div_ceil(3) * 4;
    let room = LONGEST - "=?utf-8?q??=".len();
    let mut words: Vec<String> = vec![];
    let mut piece = String::new();
    let mut used = 0;
    for c in pending.drain(..) {
        let mut buffer = [0; 4];
        let bytes = c.encode_utf8(&mut buffer).as_bytes();
        let more =
            if quoted { bytes.iter().map(|b| if plain(*b) { 1 } else { 3 }).sum() } else { bytes.len() };
        let limit = if quoted { room } else { room / 4 * 3 };
        if used + more > limit {
            words.push(encoded_word(&piece, quoted, plain));
            piece.clear();
            used = 0;
        }
        piece.push(c);
        used += more;
    }
    words.push(encoded_word(&piece, quoted, plain));
    out.push_str(&words.join(" "));
}

fn encoded_word(piece: &str, quoted: bool, plain: impl Fn(u8) -> bool) -> String {
    if !quoted {
        return format!("=?utf-8?b?{}?=", data_encoding::BASE64.encode(piece.as_bytes()));
    }
    let mut data = String::new();
    for byte in piece.bytes() {
        match byte {
            b' ' => data.push('_'),
            b if plain(b) => data.push(char::from(b)),
            b => data.extend(['=', hex_digit(b >> 4), hex_digit(b & 15)]),
        }
    }
    format!("=?utf-8?q?{data}?=")
}

fn hex_digit(nibble: u8) -> char {
    char::from_digit(u32::from(nibble), 16).unwrap_or('0').to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn decodes() {
        for (given, wanted) in [
            ("plain", "plain"),
            ("=?utf-8?q?Gr=C3=BC=C3=9Fe_an?= alle", "Grüße an alle"),
            ("=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=", "ab"),
            ("=?ISO-8859-1?Q?a?= x =?ISO-8859-1?Q?b?=", "a x b"),
            ("=?iso-2022-jp?b?GyRCRnxLXBsoQg==?=", "日本"),
            ("=?utf-8?b?4pc=?= =?utf-8?b?jw==?=", "●"),
            ("=?utf-8*en?q?hi?=", "hi"),
            ("=?x-nonsense?q?caf=C3=A9?=", "café"),
            ("=?broken", "=?broken"),
            ("=?utf-8?z?x?=", "=?utf-8?z?x?="),
            ("a=?utf-8?q?b?=c", "abc"),
            ("=? =?utf-8?q?b?=", "=? b"),
            ("=?utf-8?q?=E?=", "=E"),
        ] {
            assert_eq!(decode(given), wanted, "{given}");
        }
    }

    #[test]
    fn encodes_no_more_than_needed() {
        assert_eq!(encode("[Test] Hello"), "[Test] Hello");
        assert_eq!(encode("[Test] Grüße an alle"), "[Test] =?utf-8?b?R3LDvMOfZQ==?= an alle");
        assert_eq!(encode("two  blanks "), "two  blanks ");
        assert_eq!(encode("=?utf-8?q?no?="), "=?utf-8?b?PT91dGYtOD9xP25vPz0=?=");
    }

    #[test]
    fn phrases() {
        assert_eq!(encode_phrase("Anne Person"), "Anne Person");
        assert_eq!(encode_phrase("Person, \"Anne\""), "\"Person, \\\"Anne\\\"\"");
        assert_eq!(encode_phrase("Jürgen"), "=?utf-8?q?J=C3=BCrgen?=");
    }

    proptest! {
        #[test]
        fn what_is_encoded_decodes(text in "\\PC{0,120}") {
            let encoded = encode(&text);
            prop_assert!(encoded.is_ascii());
            prop_assert_eq!(decode(&encoded), text);
        }

        #[test]
        fn encoded_words_are_short(text in "[ü日a ]{0,300}") {
            prop_assert!(encode(&text).split(' ').all(|w| w.len() <= LONGEST || w.is_ascii()));
            prop_assert!(encode(&text).split(' ').filter(|w| w.starts_with("=?")).all(|w| w.len() <= LONGEST));
        }

        #[test]
        fn nothing_panics(text in any::<String>()) {
            decode(&text);
            encode_phrase(&text);
        }
    }
}
