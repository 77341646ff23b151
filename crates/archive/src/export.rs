use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use posthaste_model::Timestamp;

/// A post as it stands in an mbox (RFC 4155) of the "mboxrd" kind: lines that begin with `From ` or marks before that get one
/// mark more, lines end in LF.
pub fn mbox_piece(raw: &[u8], received: Timestamp) -> Vec<u8> {
    let date = received.to_jiff().strftime("%a %b %e %H:%M:%S %Y");
    let mut out = Vec::with_capacity(raw.len() + 64);
    out.extend_from_slice(format!("From MAILER-DAEMON {date}\n").as_bytes());
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        let marks = line.iter().take_while(|byte| **byte == b'>').count();
        if line.get(marks..).is_some_and(|rest| rest.starts_with(b"From ")) {
            out.push(b'>');
        }
        match line {
            [rest @ .., b'\r', b'\n'] => {
                out.extend_from_slice(rest);
                out.push(b'\n');
            }
            line => out.extend_from_slice(line),
        }
    }
    if !out.ends_with(b"\n") {
        out.push(b'\n');
    }
    out.push(b'\n');
    out
}

/// An mbox, compressed (RFC 1952), that comes out piece by piece.
pub struct Export(GzEncoder<Vec<u8>>);

impl Default for Export {
    fn default() -> Self {
        Self(GzEncoder::new(Vec::new(), Compression::fast()))
    }
}

impl Export {
    /// Takes one more post; what is ready to be sent now, perhaps nothing.
    pub fn push(&mut self, raw: &[u8], received: Timestamp) -> Vec<u8> {
        // A vector takes everything.
        let _ = self.0.write_all(&mbox_piece(raw, received));
        std::mem::take(self.0.get_mut())
    }

    /// The end of it.
    pub fn finish(self) -> Vec<u8> {
        self.0.finish().unwrap_or_default()
    }
}
