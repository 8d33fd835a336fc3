//! How quickly a log is read: `speed FILE MEGABYTES` repeats the file to that length, pushes it in
//! pieces as a network would bring them, and prints megabytes a second, the median of nine runs.

#![expect(clippy::print_stdout, reason = "this is the answer of a command")]

use std::time::Instant;

use joblog::{Log, Mode};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let (Some(file), Some(megabytes)) = (words.next(), words.next()) else { return Err("usage: speed FILE MEGABYTES".into()) };
    let text = std::fs::read(file)?;
    let length = megabytes.parse::<usize>()? * 1_000_000;
    let input: Vec<u8> = text.iter().copied().cycle().take(length).collect();
    let mut speeds: Vec<f64> = (0..9)
        .map(|_| {
            let begin = Instant::now();
            let mut log = Log::new(Mode::Better);
            for piece in input.chunks(256 * 1024) {
                log.push(piece);
            }
            assert!(!log.is_empty());
            length as f64 / 1e6 / begin.elapsed().as_secs_f64()
        })
        .collect();
    speeds.sort_by(f64::total_cmp);
    println!("{:.1}", speeds[speeds.len() / 2]);
    Ok(())
}
