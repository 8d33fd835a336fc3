//! Lengths of time as people write them in CI files: `3h 30m`, `one hour`, `10 minutes`.

/// Ten thousand years: for ever, and still a date.
const LONGEST: u64 = 300_000_000_000;

/// Seconds, or `None` when the text is no length of time. A bare number is seconds.
#[must_use]
pub fn seconds(text: &str) -> Option<u64> {
    let spaced: String = space_out(&text.to_lowercase());
    let mut total = 0_f64;
    let mut number: Option<f64> = None;
    let mut any = false;
    for word in spaced.split_whitespace().filter(|word| *word != "and") {
        if let Some(value) = word.parse::<f64>().ok().filter(|value| *value >= 0.0).or_else(|| spelled(word)) {
            total += number.replace(value).unwrap_or(0.0);
            any = true;
        } else {
            total += number.take()? * unit(word)?;
        }
    }
    any.then_some(((total + number.unwrap_or(0.0)) as u64).min(LONGEST))
}

/// `3h30m` to `3 h 30 m`.
fn space_out(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut digit = None;
    for c in text.chars().map(|c| if c == ',' { ' ' } else { c }) {
        let now = c.is_ascii_digit() || c == '.';
        if digit.is_some_and(|before| before != now) {
            out.push(' ');
        }
        out.push(c);
        digit = Some(now);
    }
    out
}

fn unit(word: &str) -> Option<f64> {
    Some(match word {
        "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
        "m" | "min" | "mins" | "minute" | "minutes" => 60.0,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3_600.0,
        "d" | "day" | "days" => 86_400.0,
        "w" | "wk" | "wks" | "week" | "weeks" => 604_800.0,
        "mo" | "mos" | "month" | "months" => 2_592_000.0,
        "y" | "yr" | "yrs" | "year" | "years" => 31_557_600.0,
        _ => return None,
    })
}

fn spelled(word: &str) -> Option<f64> {
    const WORDS: [&str; 13] = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];
    match word {
        "a" | "an" => Some(1.0),
        _ => WORDS.iter().position(|known| *known == word).map(|number| number as f64),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn lengths_of_time() {
        for (text, expected) in [
            ("3h 30m", Some(12_600)),
            ("one hour", Some(3_600)),
            ("10 minutes", Some(600)),
            ("1h30m", Some(5_400)),
            ("2 days and 1 hour", Some(176_400)),
            ("3600", Some(3_600)),
            ("1.5h", Some(5_400)),
            ("300000000000 years", Some(super::LONGEST)),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(super::seconds(text), expected, "{text}");
        }
    }
}
