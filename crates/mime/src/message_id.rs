use sha1::{Digest, Sha1};

/// What identifies this value to archives: SHA-1 of the id without its angle brackets, in Base32.
pub fn message_id_hash(message_id: &str) -> String {
    let id =
        message_id.strip_prefix('<').and_then(|id| id.strip_suffix('>')).unwrap_or_else(|| message_id.trim());
    data_encoding::BASE32.encode(&Sha1::digest(id.as_bytes()))
}

/// The value without the square brackets some programs put in or around the angle ones: `[x]`, `<[x]>` → `<x>`.
pub fn clean_message_id(value: &str) -> String {
    let value = value.trim();
    let inner = value.strip_prefix('<').and_then(|v| v.strip_suffix('>')).unwrap_or(value);
    match inner.strip_prefix('[').and_then(|v| v.strip_suffix(']')) {
        Some(id) => format!("<{id}>"),
        None => value.to_owned(),
    }
}

/// Every `<id>` of a Message-ID, In-Reply-To or References value, angle brackets included.
pub fn message_ids(value: &str) -> Vec<&str> {
    let mut ids = vec![];
    let mut rest = value;
    while let Some(start) = rest.find('<') {
        let from = rest.get(start..).unwrap_or_default();
        let Some(end) = from.find('>') else { break };
        let (id, after) = from.split_at(end + 1);
        if id.len() > 2 && !id.contains(char::is_whitespace) {
            ids.push(id);
        }
        rest = after;
    }
    ids
}

/// A new Message-ID (RFC 5322 §3.6.4) from 16 bytes that nobody else has, random ones or those of a UUID.
pub fn make_message_id(unique: &[u8; 16], host: &str) -> String {
    format!("<{}@{host}>", data_encoding::BASE32_NOPAD.encode(unique).to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes() {
        for (id, hash) in [
            ("<ant>", "MS6QLWERIJLGCRF44J7USBFDELMNT2BW"),
            ("<badger>", "JYMZWSQ4IC2JPKK7ZUONRFRVC4ZYJGKJ"),
            ("<dog>", "4SKREUSPI62BHDMFBSOZ3BMXFETSQHNA"),
            (" dog ", "4SKREUSPI62BHDMFBSOZ3BMXFETSQHNA"),
            ("<aardvark>", "75E2XSUXAFQGWANWEROVQ7JGYMNWHJBT"),
        ] {
            assert_eq!(message_id_hash(id), hash, "{id}");
        }
    }

    #[test]
    fn square_brackets_go() {
        for (given, wanted) in
            [("[x@y]", "<x@y>"), ("<[x@y]>", "<x@y>"), ("<x@y>", "<x@y>"), ("<x@[1.2.3.4]>", "<x@[1.2.3.4]>")]
        {
            assert_eq!(clean_message_id(given), wanted);
        }
    }

    #[test]
    fn references() {
        assert_eq!(message_ids("<a@b> junk <c@d><e f> <>< "), ["<a@b>", "<c@d>"]);
        assert_eq!(make_message_id(&[0; 16], "h.example"), "<aaaaaaaaaaaaaaaaaaaaaaaaaa@h.example>");
    }
}
