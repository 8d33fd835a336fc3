//! Times of schedules in words.

/// What people want most: cron's words, in UTC, and ours.
pub const EVERY: [(&str, &str); 5] = [
    ("0 * * * *", "Each hour"),
    ("0 3 * * *", "Each night at 3:00 UTC"),
    ("0 6 * * 1-5", "On weekdays at 6:00 UTC"),
    ("0 6 * * 1", "On Mondays at 6:00 UTC"),
    ("*/15 * * * *", "Each quarter of an hour"),
];

const DAYS: [&str; 7] = ["Sundays", "Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays"];

/// Times as cron has them, in words where those are short; “At times of its own” else.
#[must_use]
pub fn said(cron: &str) -> String {
    if let Some((_, words)) = EVERY.iter().find(|(known, _)| *known == cron.trim()) {
        return (*words).to_owned();
    }
    let fields: Vec<&str> = cron.split_whitespace().collect();
    let [minute, hour, day, month, weekday] = fields[..] else { return "Five fields: minute, hour, day, month, weekday".to_owned() };
    let number = |text: &str, most: u32| text.parse::<u32>().ok().filter(|number| *number <= most);
    let step = |text: &str| text.strip_prefix("*/").and_then(|text| text.parse::<u32>().ok()).filter(|step| *step > 0);
    let all = |text: &str| text == "*";
    match (number(minute, 59), number(hour, 23)) {
        (Some(minute), Some(hour)) if all(day) && all(month) => match number(weekday, 7) {
            Some(weekday) => format!("On {} at {hour}:{minute:02} UTC", DAYS[weekday as usize % 7]),
            None if all(weekday) => format!("Each day at {hour}:{minute:02} UTC"),
            None => "At times of its own".to_owned(),
        },
        (Some(minute), Some(hour)) if all(month) && all(weekday) => match number(day, 31) {
            Some(day) => format!("On day {day} of each month at {hour}:{minute:02} UTC"),
            None => "At times of its own".to_owned(),
        },
        (Some(minute), None) if all(hour) && all(day) && all(month) && all(weekday) => format!("Each hour, {minute} minutes past it"),
        (None, None) if all(hour) && all(day) && all(month) && all(weekday) => step(minute).map_or_else(|| "At times of its own".to_owned(), |step| format!("Each {step} minutes")),
        _ => "At times of its own".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::said;

    #[test]
    fn times_in_words() {
        for (cron, words) in [
            ("0 3 * * *", "Each night at 3:00 UTC"),
            ("5 14 * * *", "Each day at 14:05 UTC"),
            ("30 7 * * 5", "On Fridays at 7:30 UTC"),
            ("0 0 1 * *", "On day 1 of each month at 0:00 UTC"),
            ("7 * * * *", "Each hour, 7 minutes past it"),
            ("*/5 * * * *", "Each 5 minutes"),
            ("0 1,13 * * *", "At times of its own"),
            ("every day", "Five fields: minute, hour, day, month, weekday"),
        ] {
            assert_eq!(said(cron), words, "{cron}");
        }
    }
}
