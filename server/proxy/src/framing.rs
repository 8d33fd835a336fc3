//! Where requests begin and end on an HTTP/1.1 connection, read as strictly as RFC 9112 allows.
//! A front and an upstream that disagree about it can be made to disagree about who asked for what
//! (§11.2), so everything that is written in two ways is refused, also what §6 lets a server accept.

use memchr::memmem;

/// Most bytes of a head.
pub const HEAD: usize = 48 * 1024;
/// Most bytes of the line before a chunk, with its extensions.
const CHUNK_LINE: usize = 256;
/// Most bytes behind the last chunk.
const TRAILERS: usize = 8 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// In a head, or before one.
    Head,
    /// So many bytes of a body are left.
    Counted(u64),
    /// In the line before a chunk: its size, whether a digit came, whether the digits are over, its length.
    Size { size: u64, digits: bool, over: bool, length: usize },
    /// In a chunk.
    Chunk(u64),
    /// Behind a chunk.
    Ending { carriage: bool },
    /// Behind the last chunk: bytes of this line, bytes of all.
    Trailers { line: usize, all: usize },
    /// A protocol that is none of ours.
    Open,
}

/// The state of one connection.
#[derive(Debug)]
pub struct Framing {
    state: State,
    /// What came of a head that is not whole yet.
    head: Vec<u8>,
    last: u8,
}

impl Default for Framing {
    fn default() -> Self {
        Self { state: State::Head, head: Vec::new(), last: 0 }
    }
}

/// What follows a head.
fn after(head: &[u8]) -> Option<State> {
    let (mut length, mut chunked, mut websocket) = (None, false, false);
    let mut start = 0;
    let mut lines = memchr::memchr_iter(b'\n', head).map(|end| {
        let line = &head[start..end];
        start = end + 1;
        line.strip_suffix(b"\r").unwrap_or(line)
    });
    let request = lines.next()?;
    for line in lines.take_while(|line| !line.is_empty()) {
        let colon = memchr::memchr(b':', line)?;
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        // A folded line begins with a space, and “Name :” has one where some look for none.
        if name.is_empty() || name.iter().any(|byte| byte.is_ascii_whitespace() || byte.is_ascii_control()) {
            return None;
        }
        if memchr::memchr2(b'\r', 0, line).is_some() {
            return None;
        }
        match name.len() {
            14 if name.eq_ignore_ascii_case(b"content-length") => {
                let plain = !value.is_empty() && value.len() < 19 && value.iter().all(u8::is_ascii_digit);
                let number = std::str::from_utf8(value).ok().filter(|_| plain)?.parse::<u64>().ok()?;
                if length.replace(number).is_some() {
                    return None;
                }
            }
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => {
                if chunked || !value.eq_ignore_ascii_case(b"chunked") {
                    return None;
                }
                chunked = true;
            }
            7 if name.eq_ignore_ascii_case(b"upgrade") => websocket |= value.eq_ignore_ascii_case(b"websocket"),
            _ => {}
        }
    }
    if memchr::memchr2(b'\r', 0, request).is_some() || (chunked && (length.is_some() || request.ends_with(b"HTTP/1.0"))) {
        return None;
    }
    if websocket {
        return (!chunked && length.unwrap_or(0) == 0).then_some(State::Open);
    }
    Some(match (chunked, length) {
        (true, _) => State::Size { size: 0, digits: false, over: false, length: 0 },
        (false, Some(1..)) => State::Counted(length.unwrap_or_default()),
        _ => State::Head,
    })
}

impl Framing {
    /// Whether bytes of a body are expected.
    #[must_use]
    pub fn in_body(&self) -> bool {
        !matches!(self.state, State::Head | State::Open)
    }

    /// Takes what came. `Some(n)` when it goes wrong: only its first `n` bytes may be passed on.
    pub fn feed(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        while at < bytes.len() {
            let rest = &bytes[at..];
            let taken = match self.state {
                State::Open => return None,
                State::Head => match self.head(rest) {
                    Ok(taken) => taken,
                    Err(()) => return Some(at),
                },
                State::Counted(left) => {
                    let taken = rest.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                    self.state = if taken as u64 == left { State::Head } else { State::Counted(left - taken as u64) };
                    taken
                }
                State::Chunk(left) => {
                    let taken = rest.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                    self.state = if taken as u64 == left { State::Ending { carriage: false } } else { State::Chunk(left - taken as u64) };
                    taken
                }
                state => match step(state, self.last, rest[0]) {
                    Some(next) => {
                        self.state = next;
                        1
                    }
                    None => return Some(at),
                },
            };
            self.last = bytes[at + taken - 1];
            at += taken;
        }
        None
    }

    /// Takes what belongs to a head.
    fn head(&mut self, rest: &[u8]) -> Result<usize, ()> {
        // An empty line before a request line is passed over (RFC 9112 §2.2).
        if self.head.is_empty() && rest.starts_with(b"\r\n") {
            return Ok(2);
        }
        if self.head == b"\r" && rest[0] == b'\n' {
            self.head.clear();
            return Ok(1);
        }
        let known = self.head.len();
        // A line that ends with LF alone ends a head for some and not for others.
        let bare = |at: usize| {
            let before = if at > 0 { rest.get(at - 1).copied() } else { self.head.last().copied() };
            before != Some(b'\r')
        };
        let end = if known == 0 { memmem::find(rest, b"\r\n\r\n").map(|at| at + 4) } else { self.end_across(rest) };
        let own = &rest[..end.unwrap_or(rest.len())];
        if memchr::memchr_iter(b'\n', own).any(bare) || known + own.len() > HEAD {
            return Err(());
        }
        let Some(end) = end else {
            self.head.extend_from_slice(own);
            return Ok(own.len());
        };
        let next = if known == 0 {
            after(own)
        } else {
            self.head.extend_from_slice(own);
            after(&self.head)
        };
        self.head = Vec::new();
        self.state = next.ok_or(())?;
        Ok(end)
    }

    /// Where the head ends that began earlier.
    fn end_across(&self, rest: &[u8]) -> Option<usize> {
        let tail = &self.head[self.head.len().saturating_sub(3)..];
        for split in 1..=tail.len() {
            let (had, needed) = (&tail[tail.len() - split..], 4 - split);
            if rest.len() >= needed && b"\r\n\r\n".starts_with(had) && rest[..needed] == b"\r\n\r\n"[split..] {
                return Some(needed);
            }
        }
        memmem::find(rest, b"\r\n\r\n").map(|at| at + 4)
    }
}

/// One byte of what surrounds chunks; nothing when it may not stand there.
fn step(state: State, last: u8, byte: u8) -> Option<State> {
    match state {
        State::Size { size, digits, over, length } => {
            let length = length + 1;
            match byte {
                b'\n' if digits && last == b'\r' => Some(if size == 0 { State::Trailers { line: 0, all: 0 } } else { State::Chunk(size) }),
                b'\n' => None,
                _ if last == b'\r' && over => None,
                b'\r' if digits => Some(State::Size { size, digits, over: true, length }),
                b';' if digits => Some(State::Size { size, digits, over: true, length }),
                _ if length > CHUNK_LINE || byte.is_ascii_control() => None,
                _ if over => Some(State::Size { size, digits, over, length }),
                _ => {
                    let digit = (byte as char).to_digit(16)?;
                    let size = size.checked_mul(16)?.checked_add(u64::from(digit)).filter(|size| *size < 1 << 60)?;
                    Some(State::Size { size, digits: true, over, length })
                }
            }
        }
        State::Ending { carriage: false } => (byte == b'\r').then_some(State::Ending { carriage: true }),
        State::Ending { carriage: true } => (byte == b'\n').then_some(State::Size { size: 0, digits: false, over: false, length: 0 }),
        State::Trailers { line, all } => match byte {
            b'\n' if last != b'\r' => None,
            b'\n' if line <= 1 => Some(State::Head),
            b'\n' => Some(State::Trailers { line: 0, all: all + 1 }),
            _ if last == b'\r' && line > 0 => None,
            _ if all > TRAILERS => None,
            _ => Some(State::Trailers { line: line + 1, all: all + 1 }),
        },
        other => Some(other),
    }
}

#[cfg(test)]
mod tests {
    use super::Framing;
    use proptest::prelude::*;

    fn whole(text: &str) -> Option<usize> {
        Framing::default().feed(text.as_bytes())
    }

    /// The same, one byte at a time: whether it goes wrong.
    fn slowly(text: &str) -> bool {
        let mut framing = Framing::default();
        text.bytes().any(|byte| framing.feed(&[byte]).is_some())
    }

    const NEXT: &str = "GET /next HTTP/1.1\r\nHost: a\r\n\r\n";

    #[test]
    fn what_could_be_read_in_two_ways() {
        let heads = [
            "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
            "Content-Length: 3\r\nContent-Length: 3\r\n",
            "Content-Length: 3\r\nContent-Length: 4\r\n",
            "Content-Length: 3, 3\r\n",
            "Content-Length: +3\r\n",
            "Content-Length: -1\r\n",
            "Content-Length: 0x3\r\n",
            "Content-Length:\r\n",
            "Content-Length: 3 4\r\n",
            "Content-Length : 3\r\n",
            "Content-Length\t: 3\r\n",
            "Content-Length: 99999999999999999999\r\n",
            "Transfer-Encoding: xchunked\r\n",
            "Transfer-Encoding: chunked, identity\r\n",
            "Transfer-Encoding: identity, chunked\r\n",
            "Transfer-Encoding: identity\r\n",
            "Transfer-Encoding: gzip, chunked\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            "Transfer-Encoding : chunked\r\n",
            "Transfer-Encoding: \x0bchunked\r\n",
            "Transfer-Encoding: \"chunked\"\r\n",
            "Transfer-Encoding: chunked;q=1\r\n",
            "Transfer-Encoding:\r\n chunked\r\n",
            "X: a\r\n b\r\n",
            " X: a\r\n",
            "X: a\rb\r\n",
            "X: a\0b\r\n",
            "No colon\r\n",
            ": no name\r\n",
            "X: a\n",
            "X: a\nTransfer-Encoding: chunked\r\n",
            "Upgrade: websocket\r\nContent-Length: 5\r\n",
            "Upgrade: websocket\r\nTransfer-Encoding: chunked\r\n",
        ];
        for head in heads {
            let text = format!("POST / HTTP/1.1\r\nHost: a\r\n{head}\r\nabc{NEXT}");
            assert_eq!(whole(&text), Some(0), "{head:?}");
            assert!(slowly(&text), "{head:?} byte by byte");
            let second = format!("{NEXT}{text}");
            assert_eq!(whole(&second), Some(NEXT.len()), "{head:?} as a second request");
        }
        for text in
            ["GET / HTTP/1.1\nHost: a\n\n", "GET / HTTP/1.1\r\nHost: a\n\r\n", "GET /\r x HTTP/1.1\r\n\r\n", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"]
        {
            assert!(whole(text).is_some() && slowly(text), "{text:?}");
        }
    }

    #[test]
    fn chunks_are_what_they_say() {
        let start = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
        let long = format!("3;{}\r\nabc\r\n0\r\n\r\n", "x".repeat(300));
        let trailers = format!("0\r\nX: {}\r\n\r\n", "x".repeat(9_000));
        for body in [
            "3\nabc\r\n0\r\n\r\n",
            "3\r\nabcd\r\n0\r\n\r\n",
            "3\r\nabc\n0\r\n\r\n",
            "0x3\r\nabc\r\n0\r\n\r\n",
            "+3\r\nabc\r\n0\r\n\r\n",
            " 3\r\nabc\r\n0\r\n\r\n",
            "3 \r\nabc\r\n0\r\n\r\n",
            "\r\nabc\r\n",
            "fffffffffffffffff\r\nabc",
            "3\r\rabc",
            "3\r\nabc\r\n0\r\nX: a\n\r\n",
            "3\r\nabc\r\n0\n\n",
            "3;a\rb\r\nabc\r\n0\r\n\r\n",
            &long,
            &trailers,
        ] {
            let text = format!("{start}{body}{NEXT}");
            assert!(whole(&text).is_some_and(|kept| kept >= start.len()) && slowly(&text), "{body:?}");
        }
        for body in ["3\r\nabc\r\n0\r\n\r\n", "3;name=value\r\nabc\r\n0\r\nX: y\r\n\r\n", "A\r\n0123456789\r\n0\r\n\r\n", "0\r\n\r\n", "00003\r\nabc\r\n000\r\n\r\n"] {
            let text = format!("{start}{body}{NEXT}");
            assert_eq!((whole(&text), slowly(&text)), (None, false), "{body:?}");
        }
    }

    #[test]
    fn plain_requests_follow_each_other() {
        let text = format!("\r\n{NEXT}POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n\n\n\n\n\n{NEXT}GET / HTTP/1.1\r\nUpgrade: h2c\r\n\r\n{NEXT}");
        assert_eq!((whole(&text), slowly(&text)), (None, false));
        let open = "GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n\n\0\nanything";
        assert_eq!((whole(open), slowly(open)), (None, false));
        let long = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(50_000));
        assert!(whole(&long).is_some());
    }

    proptest! {
        /// However it is cut, the same is accepted.
        #[test]
        fn cuts_change_nothing(cuts in proptest::collection::vec(0_usize..400, 0..12), which in 0_usize..6) {
            let texts = [
                format!("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;x\r\nhello\r\n0\r\nT: 1\r\n\r\n{NEXT}{NEXT}"),
                format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\n\r\n\r\nabc{NEXT}"),
                format!("{NEXT}\r\n{NEXT}{NEXT}"),
                format!("{NEXT}GET / HTTP/1.1\nHost: a\n\n"),
                format!("{NEXT}GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"),
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello!\r\n0\r\n\r\n".to_owned(),
            ];
            let text = texts[which].as_bytes();
            let mut places: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            places.extend([0, text.len()]);
            places.sort_unstable();
            let mut framing = Framing::default();
            let wrong = places.windows(2).any(|pair| framing.feed(&text[pair[0]..pair[1]]).is_some());
            prop_assert_eq!(wrong, which >= 3);
        }
    }
}
