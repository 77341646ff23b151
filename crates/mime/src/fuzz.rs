use bytes::Bytes;

use crate::{ContentType, Message, Text, TransferEncoding, crlf, mailboxes, message_ids};

/// Reads bytes from an enemy in every way this crate can; must neither panic nor take long.
pub fn fuzz_message(data: &[u8]) {
    let mut message = Message::parse(crlf(Bytes::copy_from_slice(data)));
    for field in message.head.fields() {
        let value = field.unfolded();
        mailboxes(&value);
        message_ids(&value);
        let _ = ContentType::parse(&value).to_string();
        field.text();
    }
    if let Some(transfer) = TransferEncoding::of(&message.head) {
        transfer.decode(&message.body);
    }
    if let Ok(text) = Text::read(&message) {
        text.write(&mut message);
    }
    message.to_bytes();
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn nothing_panics(data in proptest::collection::vec(any::<u8>(), 0..300)) {
            super::fuzz_message(&data);
        }

        #[test]
        fn nothing_panics_on_what_looks_like_mail(
            data in "((From|Subject|Content-Type|Content-Transfer-Encoding|To): [ -~\t]{0,60}\n){0,6}\n\\PC{0,80}",
        ) {
            super::fuzz_message(data.as_bytes());
        }
    }

    /// What fuzzers found once stays found.
    #[test]
    fn corpus() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/message");
        let files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
        assert!(!files.is_empty());
        for file in files {
            super::fuzz_message(&std::fs::read(file).unwrap());
        }
    }
}
