//! Topics and the patterns over them: `/` and `+` in MQTT, `.` and `*` in AMQP, `#` for the rest in
//! both (MQTT 3.1.1 §4.7; RabbitMQ's topic exchange).

fn parts(text: &str, rabbit: bool) -> Vec<&str> {
    text.split(if rabbit { '.' } else { '/' }).collect()
}

fn is_one(part: &str, rabbit: bool) -> bool {
    part == if rabbit { "*" } else { "+" }
}

/// Whether a message on `topic` is one that `pattern` asks for.
pub fn fits(pattern: &str, topic: &str, rabbit: bool) -> bool {
    fn go(pattern: &[&str], topic: &[&str], rabbit: bool) -> bool {
        match (pattern.first(), topic.first()) {
            (None, None) => true,
            (Some(&"#"), _) => (0..=topic.len()).any(|skip| go(&pattern[1..], &topic[skip..], rabbit)),
            (Some(part), Some(word)) if is_one(part, rabbit) || part == word => go(&pattern[1..], &topic[1..], rabbit),
            _ => false,
        }
    }
    pattern == topic || go(&parts(pattern, rabbit), &parts(topic, rabbit), rabbit)
}

/// Whether everything that `wanted` asks for is something that `allowed` asks for.
pub fn covers(allowed: &str, wanted: &str, rabbit: bool) -> bool {
    let (allowed, wanted) = (parts(allowed, rabbit), parts(wanted, rabbit));
    for (place, part) in allowed.iter().enumerate() {
        if *part == "#" {
            return place + 1 == allowed.len();
        }
        match wanted.get(place) {
            Some(word) if part == word || (is_one(part, rabbit) && *word != "#") => {}
            _ => return false,
        }
    }
    allowed.len() == wanted.len()
}

#[cfg(test)]
mod tests {
    use super::{covers, fits};

    #[test]
    fn patterns() {
        for (pattern, topic, expected) in [
            ("a/b", "a/b", true),
            ("a/+", "a/b", true),
            ("a/+", "a/b/c", false),
            ("a/#", "a/b/c", true),
            ("a/#", "a", true),
            ("+/b", "a/b", true),
            ("#", "x/y", true),
            ("a/b", "a/c", false),
        ] {
            assert_eq!(fits(pattern, topic, false), expected, "{pattern} {topic}");
            assert_eq!(fits(&pattern.replace('/', ".").replace('+', "*"), &topic.replace('/', "."), true), expected, "{pattern} {topic} in AMQP");
        }
        for (allowed, wanted, expected) in [
            ("a/#", "a/b", true),
            ("a/#", "a/+/c", true),
            ("a/#", "#", false),
            ("a/+", "a/#", false),
            ("a/+", "a/+", true),
            ("a/b", "a/+", false),
            ("#", "#", true),
            ("a/+/c", "a/b/c", true),
            ("a/#", "b/c", false),
        ] {
            assert_eq!(covers(allowed, wanted, false), expected, "{allowed} {wanted}");
        }
    }
}
