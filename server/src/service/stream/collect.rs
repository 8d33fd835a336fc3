//! What one viewer has not got yet: of each series a few stretches of time, whatever the rate.

use serde_json::{Value, json};

use super::Want;
use super::topic::fits;

/// A stretch, in milliseconds.
const STRETCH: f64 = 25.0;
/// A viewer that does not read gets longer stretches, never more of them.
const MOST: usize = 64;
/// The longest text that is a state, in characters.
const LONGEST: usize = 120;

/// The values of a stretch of time.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Stretch {
    from: f64,
    at: f64,
    least: f64,
    most: f64,
    last: f64,
    count: u32,
}

#[derive(Debug)]
struct Series {
    want: Want,
    stretches: Vec<Stretch>,
    length: f64,
    text: Option<(f64, String)>,
    text_before: Option<String>,
}

/// All series of one viewer.
#[derive(Debug)]
pub struct Collector {
    series: Vec<Series>,
}

/// The value at `path` in a message: keys and places with dots between.
fn pick<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').filter(|key| !key.is_empty()).try_fold(value, |value, key| match value {
        Value::Array(list) => list.get(key.parse::<usize>().ok()?),
        other => other.get(key),
    })
}

/// A message as JSON, or as the text that it is.
fn read(payload: &[u8]) -> Value {
    serde_json::from_slice(payload).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(payload).trim().to_owned()))
}

impl Collector {
    pub fn new(wants: &[Want]) -> Self {
        let series = |want: &Want| Series { want: want.clone(), stretches: Vec::new(), length: STRETCH, text: None, text_before: None };
        Self { series: wants.iter().map(series).collect() }
    }

    /// Takes a message in; `value` is it as it was read for another viewer.
    pub fn take(&mut self, topic: &str, payload: &[u8], value: &mut Option<Value>, at: f64, rabbit: bool) {
        for series in self.series.iter_mut().filter(|series| fits(&series.want.topic, topic, rabbit)) {
            let value = value.get_or_insert_with(|| read(payload));
            match pick(value, &series.want.value) {
                Some(Value::Number(number)) => series.number(number.as_f64().unwrap_or(f64::NAN), at),
                Some(Value::Bool(value)) => series.number(f64::from(u8::from(*value)), at),
                Some(Value::String(text)) => match text.parse::<f64>() {
                    Ok(number) => series.number(number, at),
                    Err(_) => series.text = Some((at, text.chars().take(LONGEST).collect())),
                },
                _ => {}
            }
        }
    }

    /// Everything that came since the last time, as a line; nothing where nothing did.
    pub fn flush(&mut self) -> Option<String> {
        let (mut numbers, mut texts) = (Vec::new(), Vec::new());
        for (place, series) in self.series.iter_mut().enumerate() {
            numbers.extend(series.stretches.drain(..).map(|one| json!([place, one.at, one.least, one.most, one.last, one.count])));
            series.length = STRETCH;
            if let Some((at, text)) = series.text.take().filter(|(_, text)| series.text_before.as_ref() != Some(text)) {
                texts.push(json!([place, at, text]));
                series.text_before = Some(text);
            }
        }
        if numbers.is_empty() && texts.is_empty() { None } else { Some(json!({ "s": numbers, "x": texts }).to_string()) }
    }
}

impl Series {
    fn number(&mut self, value: f64, at: f64) {
        if !value.is_finite() {
            return;
        }
        if let Some(last) = self.stretches.last_mut().filter(|last| at - last.from < self.length) {
            (last.least, last.most, last.last, last.at) = (last.least.min(value), last.most.max(value), value, at);
            last.count = last.count.saturating_add(1);
            return;
        }
        if self.stretches.len() >= MOST {
            self.length *= 2.0;
            self.stretches = self.stretches.chunks(2).map(|pair| pair.iter().copied().reduce(join).unwrap_or(pair[0])).collect();
        }
        self.stretches.push(Stretch { from: at, at, least: value, most: value, last: value, count: 1 });
    }
}

fn join(first: Stretch, second: Stretch) -> Stretch {
    Stretch { from: first.from, least: first.least.min(second.least), most: first.most.max(second.most), count: first.count.saturating_add(second.count), ..second }
}

#[cfg(test)]
mod tests {
    use super::{Collector, MOST, Want};
    use serde_json::Value;

    fn want(topic: &str, value: &str) -> Want {
        Want { topic: topic.to_owned(), value: value.to_owned() }
    }

    #[test]
    fn peaks_are_kept_and_memory_is_bounded() {
        let mut collector = Collector::new(&[want("a/+", "x.0")]);
        for number in 0..100_000_u32 {
            let value = if number == 77_777 { 900.0 } else { f64::from(number % 10) };
            collector.take("a/b", format!("{{\"x\":[{value}]}}").as_bytes(), &mut None, f64::from(number) * 0.1, false);
        }
        assert!(collector.series[0].stretches.len() <= MOST);
        let line: Value = serde_json::from_str(&collector.flush().expect("there is something")).expect("it is JSON");
        let rows = line["s"].as_array().expect("a list");
        assert_eq!(rows.iter().map(|row| row[5].as_u64().unwrap_or(0)).sum::<u64>(), 100_000);
        assert!(rows.iter().any(|row| row[3] == 900.0), "the one peak among them is there");
        assert!(rows.iter().all(|row| row[2] == 0.0));
        assert_eq!(collector.flush(), None);
    }

    #[test]
    fn texts_are_states_and_strange_messages_do_no_harm() {
        let mut collector = Collector::new(&[want("s", "mode"), want("s", ""), want("n", "")]);
        for text in ["{\"mode\":\"idle\"}", "{\"mode\":\"idle\"}", "nonsense", "\u{0}\u{1}", "[]", "{\"mode\":null}"] {
            collector.take("s", text.as_bytes(), &mut None, 1.0, false);
        }
        collector.take("n", b"3.5", &mut None, 1.0, false);
        collector.take("n", b"NaN", &mut None, 2.0, false);
        let line: Value = serde_json::from_str(&collector.flush().expect("there is something")).expect("it is JSON");
        assert_eq!(line["x"][0], serde_json::json!([0, 1.0, "idle"]));
        assert_eq!(line["s"], serde_json::json!([[2, 1.0, 3.5, 3.5, 3.5, 1]]));
        collector.take("s", b"{\"mode\":\"idle\"}", &mut None, 3.0, false);
        assert_eq!(collector.flush(), None, "a state that stays is told once");
    }
}
