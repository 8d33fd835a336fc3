//! Shortcuts against all rules, long lines, folded rows.

use super::{Log, Mode};

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % most
    }
}

const PIECES: [&[u8]; 26] = [
    b"\x1b]0;build s\x07",
    b"\x1b]8;;http://x/\x1b\\",
    b"\x1b(B",
    b"\x1b]",
    b"a",
    b"text ",
    b"\n",
    b"\n",
    b"\n",
    b"\r",
    b"\r\n",
    b"\r\r\n",
    b"\x1b[31m",
    b"\x1b[0m",
    b"\x1b[0K",
    b"\x1b",
    b"\x1b[38;2;1;2;3m",
    b"section_",
    b"section_start:10:x\r\x1b[0K",
    b"section_start:20:y[collapsed=true]\r\x1b[0K",
    b"section_end:30:x\r\x1b[0K",
    b"section_end:95:y\r\x1b[0K",
    "\u{e9}".as_bytes(),
    b"\xff",
    b"2024-05-14T11:19:19.899359Z 01O ",
    b"2024-05-14T11:19:20.000000Z 01O+",
];

fn log(dice: &mut Dice, timestamps: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..dice.below(60) {
        if timestamps && (bytes.is_empty() || bytes.ends_with(b"\n")) && dice.below(8) > 0 {
            bytes.extend_from_slice(PIECES[24 + usize::from(dice.below(4) == 0 && !bytes.is_empty())]);
        }
        bytes.extend_from_slice(PIECES[dice.below(PIECES.len() - 2 * usize::from(!timestamps))]);
    }
    bytes
}

#[test]
fn shortcuts_show_what_all_rules_show() {
    let mut dice = Dice(7);
    for round in 0..20_000 {
        let bytes = log(&mut dice, round % 2 == 0);
        let mode = if round % 3 == 0 { Mode::GitLab } else { Mode::Better };
        let mut careful = Log { careful: true, ..Log::new(mode) };
        careful.push(&bytes);
        let mut quick = Log::new(mode);
        for piece in bytes.chunks(1 + dice.below(40)) {
            quick.push(piece);
        }
        let expected = careful.lines(0, usize::MAX, usize::MAX);
        let shown = String::from_utf8_lossy(&bytes);
        assert_eq!(quick.lines(0, usize::MAX, usize::MAX), expected, "{round}: {shown:?}");
        assert_eq!(quick.len(), expected.len(), "{round}: {shown:?}");
        for (index, line) in expected.iter().enumerate() {
            assert_eq!(quick.lines(index, index + 1, usize::MAX).first(), Some(line), "{round} line {index}: {shown:?}");
        }
        let (mut text, mut from) = (String::new(), 0);
        while from < expected.len() {
            let mut part = String::new();
            from = quick.text(from, 5, &mut part);
            text += &part;
        }
        let plain: String = expected.iter().map(|line| line.text() + "\n").collect();
        assert_eq!(text, plain, "{round}: {shown:?}");
        assert_eq!(quick.sections().list(), careful.sections().list(), "{round}: {shown:?}");
    }
}

#[test]
fn a_long_line_is_read_in_part() {
    let mut log = Log::default();
    log.push(&vec![b'x'; 3_000_000]);
    log.push(b"\nshort\n");
    let lines = log.lines(0, 2, 1_000);
    assert_eq!((lines[0].text().len(), lines[0].left_out), (1_000, 2_999_001));
    assert_eq!(lines[1].text(), "short");
    assert!(log.memory() < 4_000_000);
}

#[test]
fn a_line_that_still_grows_says_what_it_leaves_out() {
    let mut log = Log::default();
    log.push(&[b"short\n".as_slice(), &vec![b'x'; 50_000]].concat());
    let lines = log.lines(0, 9, 20_000);
    assert_eq!(lines.iter().map(|line| (line.text().len(), line.left_out)).collect::<Vec<_>>(), [(5, 0), (20_000, 30_000)]);
}

#[test]
fn titles_links_and_character_sets_are_not_shown() {
    let text = b"\x1b]0;building title\x07one \x1b]8;;https://lab.example/\x1b\\two\x1b]8;;\x1b\\ \x1b(B\x1b[mthree\x1b7\x1b]not ended\n";
    let shown = |mode| {
        let mut log = Log::new(mode);
        log.push(text);
        log.lines(0, 1, 1_000)[0].text()
    };
    assert_eq!(shown(Mode::Better), "one two threeot ended");
    // GitLab shows what its expression does not match.
    assert!(shown(Mode::GitLab).starts_with("uilding title\u{7}one "));
}

#[test]
fn sections_opened_twice_or_never_ended_end_with_what_they_lie_in() {
    let mut log = Log::default();
    log.push(b"section_start:1:all\r\x1b[0KA\nsection_start:2:x\r\x1b[0KX\nsection_start:4:x\r\x1b[0KX\nin\nsection_end:9:x\r\x1b[0K\nsection_start:9:y\r\x1b[0KY\nsection_end:11:all\r\x1b[0K\nafter\n");
    let sections = log.sections();
    let of: Vec<_> = sections.list().iter().map(|section| (section.name.as_str(), section.end.is_some(), section.duration.as_deref())).collect();
    assert_eq!(of, [("all", true, Some("00:10")), ("x", true, None), ("x", true, Some("00:05")), ("y", true, None)]);
    let lines = log.lines(0, usize::MAX, usize::MAX).len();
    assert_eq!(sections.rows(&sections.list().iter().map(|section| section.header).collect()).row(lines), 2);
}

#[test]
fn folded_rows() {
    let mut log = Log::default();
    log.push(b"a\nsection_start:1:x\r\x1b[0Khead\nin\nsection_start:2:y\r\x1b[0Kinner\ndeep\nsection_end:5:y\r\x1b[0Ksection_end:9:x\r\x1b[0Kafter\n");
    let sections = log.sections();
    let shown = |folded: &[usize]| {
        let rows = sections.rows(&folded.iter().copied().collect());
        let lines = log.lines(0, usize::MAX, usize::MAX);
        let text: Vec<String> = (0..).map(|row| rows.line(row)).take_while(|line| *line < lines.len()).map(|line| lines[line].text()).collect();
        for row in 0..text.len() {
            assert_eq!(rows.row(rows.line(row)), row);
            assert!(!rows.hides(rows.line(row)));
        }
        (text.join(" "), rows.row(lines.len()))
    };
    assert_eq!(shown(&[]), ("a head in inner deep after".into(), 6));
    assert_eq!(shown(&[1]), ("a head after".into(), 3));
    assert_eq!(shown(&[3]), ("a head in inner after".into(), 5));
    assert_eq!(shown(&[1, 3]), ("a head after".into(), 3));
    assert_eq!(sections.at(1).and_then(|section| section.duration.clone()).as_deref(), Some("00:08"));
    assert_eq!(sections.around(4).map(|section| section.name.as_str()).collect::<Vec<_>>(), ["x", "y"]);
    assert_eq!((sections.line_of(1), sections.line_of(5), sections.line_of(6)), (0, 4, 7));
}
