use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::{Buf, Bytes};

/// Slices handed to the socket in one call.
pub(crate) const SLICES: usize = 64;

/// What still has to be written, in order, and how far the connection has come.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    pieces: VecDeque<Bytes>,
    queued: u64,
    written: u64,
}

impl Outgoing {
    /// Puts octets at the end.
    pub(crate) fn push(&mut self, piece: Bytes) {
        if !piece.is_empty() {
            self.queued += piece.len() as u64;
            self.pieces.push_back(piece);
        }
    }

    /// Where the stream ends once all is written, octets since the start.
    pub(crate) const fn end(&self) -> u64 {
        self.queued
    }

    /// Octets handed to the socket since the start. They may or may not have reached the relay.
    pub(crate) const fn written(&self) -> u64 {
        self.written
    }

    /// Nothing left to write.
    pub(crate) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// The first pieces, for a vectored write.
    pub(crate) fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>; SLICES]) -> usize {
        let mut used = 0;
        for (slot, piece) in slices.iter_mut().zip(&self.pieces) {
            *slot = IoSlice::new(piece);
            used += 1;
        }
        used
    }

    /// The socket took the first `count` octets.
    pub(crate) fn advance(&mut self, mut count: usize) {
        self.written += count as u64;
        while let Some(first) = self.pieces.front_mut() {
            if count < first.len() {
                first.advance(count);
                break;
            }
            count -= first.len();
            self.pieces.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advances_through_pieces() {
        let mut out = Outgoing::default();
        for piece in ["ab", "", "cde", "f"] {
            out.push(Bytes::from_static(piece.as_bytes()));
        }
        assert_eq!(out.end(), 6);
        out.advance(3);
        assert_eq!(out.written(), 3);
        let mut slices = [IoSlice::new(&[]); SLICES];
        assert_eq!(out.slices(&mut slices), 2);
        assert_eq!(&*slices[0], b"de");
        out.advance(3);
        assert!(out.is_empty());
    }
}
