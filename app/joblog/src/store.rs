//! The bytes of a log, in pieces that never move: growing costs no copy of what is there, and a
//! line that can change no more lies in one piece.

/// A piece is closed at the first settled line end behind so many bytes.
const PIECE: usize = 1 << 20;

/// Pieces, each with the offset of its first byte.
#[derive(Debug, Clone, Default)]
pub(crate) struct Store {
    closed: Vec<(u64, Box<[u8]>)>,
    last: Vec<u8>,
    /// Offset of the first byte of `last`.
    start: u64,
}

impl Store {
    /// Bytes in all.
    pub fn len(&self) -> u64 {
        self.start + self.last.len() as u64
    }

    pub fn push(&mut self, bytes: &[u8]) {
        self.last.extend_from_slice(bytes);
    }

    /// Everything from `offset` on, which must not lie in a closed piece.
    pub fn open(&self, offset: u64) -> &[u8] {
        let from = usize::try_from(offset.saturating_sub(self.start)).unwrap_or(usize::MAX);
        self.last.get(from..).unwrap_or_default()
    }

    /// Closes the last piece at `settled` if it is large enough.
    pub fn close(&mut self, settled: u64) {
        let length = usize::try_from(settled - self.start).unwrap_or_default();
        if length < PIECE {
            return;
        }
        let rest = self.last.split_off(length);
        let piece = std::mem::replace(&mut self.last, rest);
        self.closed.push((self.start, piece.into_boxed_slice()));
        self.start = settled;
    }

    /// The bytes from `offset` to the end of the piece that holds it.
    pub fn from(&self, offset: u64) -> &[u8] {
        if offset >= self.start {
            return self.open(offset);
        }
        let index = self.closed.partition_point(|(start, _)| *start <= offset).saturating_sub(1);
        self.closed.get(index).and_then(|(start, piece)| piece.get(usize::try_from(offset - start).ok()?..)).unwrap_or_default()
    }

    /// Every piece, in order.
    pub fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        self.closed.iter().map(|(_, piece)| &**piece).chain(std::iter::once(self.last.as_slice()))
    }
}
