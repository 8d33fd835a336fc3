//! Where in a library something panicked. The compiler writes file, line and column of every place
//! that can panic into the app: of libraries these are two hundredths of what everybody downloads, and
//! the paths are those of the machine that built it. Places in our own crates stay; the stack of a
//! panic in a library leads there.

use std::collections::HashSet;
use std::path::Path;

use anyhow::{Context, Result};
use walrus::ir::Value;
use walrus::{ConstExpr, DataKind, Module, ModuleConfig};

/// What stands in the place of a path.
const INSTEAD: &[u8] = b"(a library)\0";
/// More than lines and columns of any source.
const LINES: u32 = 200_000;
const COLUMNS: u32 = 4_000;

/// A part of the memory, as it begins.
struct Segment {
    start: usize,
    bytes: Vec<u8>,
}

/// Bytes at an address.
fn at(segments: &[Segment], start: usize, length: usize) -> Option<&[u8]> {
    let inside = |segment: &&Segment| start >= segment.start && start + length <= segment.start + segment.bytes.len();
    segments.iter().find(inside).map(|segment| &segment.bytes[start - segment.start..][..length])
}

/// A `core::panic::Location` (library/core/src/panic/location.rs): address and length of the path, line, column.
fn location(record: &[u8], segments: &[Segment]) -> Option<(usize, usize)> {
    let number = |place: usize| u32::from_le_bytes([record[place], record[place + 1], record[place + 2], record[place + 3]]);
    let (start, length, line, column) = (number(0) as usize, number(4) as usize, number(8), number(12));
    let plausible = (4..400).contains(&length) && (1..LINES).contains(&line) && (1..COLUMNS).contains(&column);
    let text = at(segments, start, length).filter(|_| plausible)?;
    let path = text.strip_suffix(b"\0").unwrap_or(text);
    // Ours are named from the root of the project.
    (path.starts_with(b"/") && path.ends_with(b".rs") && path.is_ascii()).then_some((start, length))
}

/// Takes the places in libraries out of `segments`; how many there were.
fn taken_out(segments: &mut [Segment]) -> usize {
    let mut records = Vec::new();
    let mut paths = HashSet::new();
    for (number, segment) in segments.iter().enumerate() {
        let first = segment.start.next_multiple_of(4) - segment.start;
        for place in (first..segment.bytes.len().saturating_sub(15)).step_by(4) {
            if let Some(path) = location(&segment.bytes[place..place + 16], segments) {
                records.push((number, place));
                paths.insert(path);
            }
        }
    }
    let Some(instead) = paths.iter().filter(|(_, length)| *length >= INSTEAD.len()).min().copied() else { return 0 };
    for (start, length) in &paths {
        let segment = segments.iter_mut().find(|segment| *start >= segment.start && start + length <= segment.start + segment.bytes.len());
        let Some(segment) = segment else { continue };
        segment.bytes[start - segment.start..][..*length].fill(0);
        if *start == instead.0 {
            segment.bytes[start - segment.start..][..INSTEAD.len()].copy_from_slice(INSTEAD);
        }
    }
    for (number, place) in &records {
        let record = &mut segments[*number].bytes[*place..place + 16];
        record.fill(0);
        record[..4].copy_from_slice(&(instead.0 as u32).to_le_bytes());
        record[4..8].copy_from_slice(&(INSTEAD.len() as u32).to_le_bytes());
    }
    records.len()
}

/// Takes them out of a module.
pub fn forget(path: &Path) -> Result<usize> {
    let mut module: Module = ModuleConfig::new().parse_file(path).with_context(|| format!("{} is no WebAssembly module", path.display()))?;
    let mut segments = Vec::new();
    let mut ids = Vec::new();
    for data in module.data.iter() {
        if let DataKind::Active { offset: ConstExpr::Value(Value::I32(start)), .. } = &data.kind {
            segments.push(Segment { start: *start as u32 as usize, bytes: data.value.clone() });
            ids.push(data.id());
        }
    }
    let found = taken_out(&mut segments);
    if found > 0 {
        for (id, segment) in ids.into_iter().zip(segments) {
            module.data.get_mut(id).value = segment.bytes;
        }
        module.emit_wasm_file(path)?;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::{INSTEAD, Segment, taken_out};

    fn record(start: u32, length: usize, line: u32) -> Vec<u8> {
        [start, length as u32, line, 7].iter().flat_map(|number| number.to_le_bytes()).collect()
    }

    #[test]
    fn places_in_libraries_go_and_all_else_stays() {
        let (theirs, ours) = (b"/home/me/.cargo/leptos/src/a.rs\0".as_slice(), b"app/src/routes.rs\0".as_slice());
        let text = [theirs, ours, b"say this"].concat();
        let mut bytes = text.clone();
        bytes.resize(text.len().next_multiple_of(4), 0);
        let first = bytes.len();
        let records = [record(1024, theirs.len(), 12), record(1024 + theirs.len() as u32, ours.len(), 3), record(1024, 8, 9), vec![9; 16]].concat();
        bytes.extend_from_slice(&records);
        let mut segments = [Segment { start: 1024, bytes }];
        assert_eq!(taken_out(&mut segments), 1);
        let bytes = &segments[0].bytes;
        assert_eq!(&bytes[..INSTEAD.len()], INSTEAD);
        assert!(bytes[INSTEAD.len()..theirs.len()].iter().all(|byte| *byte == 0));
        assert_eq!(&bytes[theirs.len()..text.len()], &text[theirs.len()..]);
        assert_eq!(bytes[first..first + 16], record(1024, INSTEAD.len(), 0).iter().enumerate().map(|(place, byte)| if place >= 12 { 0 } else { *byte }).collect::<Vec<u8>>());
        assert_eq!(bytes[first + 16..], records[16..], "ours, a part of a path, and what is something else");
    }
}
