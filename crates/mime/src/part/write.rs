use bytes::Bytes;

use super::{Content, Part};
use crate::Message;

impl Part {
    /// The message it has become. Where nothing was changed every byte is as it was read.
    pub fn into_message(mut self) -> Message {
        let mut body = vec![];
        if self.body_is_changed() {
            self.recoded();
            self.write_body(&mut body);
            Message { head: self.head, body: Bytes::from(body) }
        } else {
            Message { head: self.head, body: self.body }
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        match &self.raw {
            Some(raw) if !self.is_changed() => out.extend_from_slice(raw),
            _ => {
                let mut part = self.clone();
                part.recoded();
                part.head.write(out);
                part.write_body(out);
            }
        }
    }

    fn write_body(&self, out: &mut Vec<u8>) {
        if !self.body_is_changed() {
            out.extend_from_slice(&self.body);
            return;
        }
        match &self.content {
            Content::Leaf => out.extend_from_slice(&self.body),
            Content::Message(message) => message.write(out),
            Content::Multipart(multipart) => {
                out.extend_from_slice(&multipart.preamble);
                for part in &multipart.parts {
                    match &part.frame {
                        Some((delimiter, _)) if delimiter.ends_with(b"\n") => {
                            out.extend_from_slice(delimiter);
                        }
                        _ => out.extend_from_slice(format!("--{}\r\n", multipart.boundary).as_bytes()),
                    }
                    part.write(out);
                    match &part.frame {
                        // A part may be empty and yet be followed by the next delimiter; the last one of an open
                        // multipart has nothing behind it.
                        Some((_, gap))
                            if !gap.is_empty() || out.ends_with(b"\n") && !multipart.end.is_empty() =>
                        {
                            out.extend_from_slice(gap);
                        }
                        _ => out.extend_from_slice(b"\r\n"),
                    }
                }
                if multipart.end.is_empty() {
                    out.extend_from_slice(format!("--{}--\r\n", multipart.boundary).as_bytes());
                } else {
                    out.extend_from_slice(&multipart.end);
                }
            }
        }
    }

    #[cfg(test)]
    pub(super) fn mark_for_test(&mut self) {
        self.body_changed = true;
    }
}
