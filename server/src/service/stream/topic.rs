//! Topics and the patterns over them: `/` and `+` in MQTT, `.` and `*` in AMQP, `#` for the rest in
//! both (MQTT 3.1.1 §4.7; RabbitMQ's topic exchange). In AMQP a topic may begin with the name of an exchange
//! and a colon.

/// The exchange of topics that name none.
pub const EXCHANGE: &str = "amq.topic";

/// The exchange of a topic, and the rest.
#[must_use]
pub fn exchange(topic: &str) -> (&str, &str) {
    topic.split_once(':').unwrap_or((EXCHANGE, topic))
}

/// Exchange and words.
fn parts(text: &str, rabbit: bool) -> (&str, Vec<&str>) {
    if !rabbit {
        return ("", text.split('/').collect());
    }
    let (exchange, key) = exchange(text);
    (exchange, key.split('.').collect())
}

fn is_one(part: &str, rabbit: bool) -> bool {
    part == if rabbit { "*" } else { "+" }
}

/// Whether a pattern is written as it must be: wildcards alone in their place, `#` only at the end.
pub fn is_whole(pattern: &str, rabbit: bool) -> bool {
    let (_, words) = parts(pattern, rabbit);
    let last = words.len() - 1;
    !pattern.is_empty()
        && words.iter().enumerate().all(|(place, word)| (*word == "#" && place == last) || is_one(word, rabbit) || !word.contains(['#', if rabbit { '*' } else { '+' }]))
}

/// Whether a message on `topic` is one that `pattern` asks for.
pub fn fits(pattern: &str, topic: &str, rabbit: bool) -> bool {
    let ((one, pattern), (other, topic)) = (parts(pattern, rabbit), parts(topic, rabbit));
    let open = pattern.last() == Some(&"#");
    let fixed = &pattern[..pattern.len() - usize::from(open)];
    let long = if open { topic.len() >= fixed.len() } else { topic.len() == fixed.len() };
    one == other && long && fixed.iter().zip(&topic).all(|(part, word)| is_one(part, rabbit) || part == word)
}

/// Whether everything that `wanted` asks for is something that `allowed` asks for. What brokers keep for
/// themselves (`$SYS`, `$share`) is only what names it.
pub fn covers(allowed: &str, wanted: &str, rabbit: bool) -> bool {
    if !is_whole(allowed, rabbit) || !is_whole(wanted, rabbit) {
        return false;
    }
    let ((one, allowed), (other, wanted)) = (parts(allowed, rabbit), parts(wanted, rabbit));
    if one != other || (!rabbit && wanted[0].starts_with('$') && allowed[0] != wanted[0]) {
        return false;
    }
    for (place, part) in allowed.iter().enumerate() {
        if *part == "#" {
            return true;
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
    use super::{covers, fits, is_whole};

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
            ("#", "$SYS/#", false),
            ("#", "$share/g/a", false),
            ("$SYS/#", "$SYS/broker", true),
            ("a/#", "a/#/b", false),
            ("a/#", "a/b#", false),
        ] {
            assert_eq!(covers(allowed, wanted, false), expected, "{allowed} {wanted}");
        }
        for (allowed, wanted, expected) in
            [("*", "payroll:#", false), ("#", "amq.rabbitmq.trace:#", false), ("*.state", "other:a.state", false), ("plant:#", "plant:a.b", true), ("#", "amq.topic:a", true)]
        {
            assert_eq!(covers(allowed, wanted, true), expected, "{allowed} {wanted} in AMQP");
        }
        assert!(!is_whole("", false) && !is_whole("a/#/b", false) && is_whole("a/+/#", false));
    }
}
