//! One panel.

use serde_json::{Map, Value};

/// What a panel is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Values over time, or over another column.
    TimeSeries,
    /// The last value of each series, on a scale.
    Gauge,
    /// Stretches of time in which a text stayed the same.
    State,
    /// The last values, as a table.
    Table,
    /// One value a member, by what the members were started with: a what-if study.
    Matrix,
    /// Markdown.
    Text,
    /// A picture that the run left.
    Image,
    /// A panel of a Grafana.
    Grafana,
}

const KINDS: [(&str, Kind); 8] = [
    ("time series", Kind::TimeSeries),
    ("gauge", Kind::Gauge),
    ("state", Kind::State),
    ("table", Kind::Table),
    ("matrix", Kind::Matrix),
    ("text", Kind::Text),
    ("image", Kind::Image),
    ("grafana", Kind::Grafana),
];

/// Which of a series' values stands for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Shown {
    /// The newest.
    #[default]
    Last,
    /// The smallest.
    Smallest,
    /// The largest.
    Largest,
}

/// By which variables a matrix is laid out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Grid {
    /// The variable of the rows.
    pub rows: String,
    /// That of the columns; one column when absent.
    pub columns: Option<String>,
    /// What stands in a field.
    pub show: Shown,
}

/// Where values come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Columns of a table that the run left.
    Csv {
        /// Its path, from the twin's folder or from the project's.
        path: String,
        /// The column of the axis; the first when absent.
        x: Option<String>,
        /// The column of the values.
        y: String,
    },
    /// What an expression with one pair of brackets finds in the lines of a log.
    Log {
        /// The job; any when absent.
        job: Option<String>,
        /// A regular expression of JavaScript.
        pattern: String,
    },
    /// Messages of a broker, as they come.
    Topic {
        /// The service.
        service: String,
        /// The topic.
        topic: String,
        /// Where the value is in a message.
        value: String,
    },
    /// The answer of a database.
    Query {
        /// The service.
        service: String,
        /// The question.
        query: String,
    },
}

/// Values with a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// In the legend.
    pub name: String,
    /// The member of a federation whose run is meant; the run that is looked at when absent.
    pub member: Option<String>,
    /// Where they come from.
    pub source: Source,
}

/// A value that somebody should know of.
#[derive(Debug, Clone, PartialEq)]
pub struct Alarm {
    /// It is too high above this.
    pub above: Option<f64>,
    /// It is too low below this.
    pub below: Option<f64>,
    /// What that means.
    pub text: String,
}

impl Alarm {
    /// What is to be said about a value, if something is.
    #[must_use]
    pub fn says(&self, value: f64) -> Option<&str> {
        let beyond = self.above.is_some_and(|above| value > above) || self.below.is_some_and(|below| value < below);
        beyond.then_some(self.text.as_str())
    }
}

/// The panel.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// What it is.
    pub kind: Kind,
    /// Above it.
    pub title: String,
    /// Of its values.
    pub unit: String,
    /// Whether it takes the whole width.
    pub wide: bool,
    /// Its values.
    pub series: Vec<Series>,
    /// What to watch for.
    pub alarms: Vec<Alarm>,
    /// The ends of its scale.
    pub range: (Option<f64>, Option<f64>),
    /// How a matrix is laid out.
    pub grid: Grid,
    /// Markdown, the path of a picture, or the address of a panel elsewhere, by its kind.
    pub body: String,
}

fn text(map: &Map<String, Value>, key: &str) -> Option<String> {
    map.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn only(map: &Map<String, Value>, known: &[&str], said: &str) -> Result<(), String> {
    map.keys().find(|key| !known.contains(&key.as_str())).map_or(Ok(()), |strange| Err(format!("“{strange}” is not known here; {said}.")))
}

pub(crate) fn read(value: &Value) -> Result<Panel, String> {
    let Some(map) = value.as_object() else { return Err("A panel is an object with at least the key kind.".to_owned()) };
    let word = map.get("kind").and_then(Value::as_str).unwrap_or_default();
    let list = || KINDS.map(|(word, _)| word).join(", ");
    let kind = KINDS.iter().find(|(known, _)| *known == word).map(|(_, kind)| *kind).ok_or_else(|| format!("“{word}” is no kind of panel; there are {}.", list()))?;
    let known = ["kind", "title", "unit", "wide", "series", "alarms", "min", "max", "markdown", "path", "url", "rows", "columns", "show"];
    only(map, &known, "a panel has kind, title, unit, wide, series, alarms, min, max, and by its kind markdown, path, url, or rows, columns and show")?;
    let grid = if kind == Kind::Matrix { grid(map)? } else { Grid::default() };
    let body = match kind {
        Kind::Text => text(map, "markdown").ok_or("A text panel has markdown.")?,
        Kind::Image => text(map, "path").ok_or("An image panel has path, a picture that the run left.")?,
        Kind::Grafana => text(map, "url")
            .filter(|url| url.starts_with("https://") || url.starts_with("http://"))
            .ok_or("A grafana panel has url, an https address that Grafana gives for sharing a panel.")?,
        _ => String::new(),
    };
    let own = map.get("series").map_or(Some(&[] as &[Value]), |series| series.as_array().map(Vec::as_slice)).ok_or("series must be a list.")?;
    let series: Vec<Series> = own.iter().enumerate().map(|(number, value)| one(number + 1, value)).collect::<Result<_, _>>()?;
    if body.is_empty() && series.is_empty() {
        return Err(format!("A {word} panel has series, at least one."));
    }
    let alarms = map.get("alarms").map_or(Some(&[] as &[Value]), |alarms| alarms.as_array().map(Vec::as_slice)).ok_or("alarms must be a list.")?;
    Ok(Panel {
        kind,
        title: text(map, "title").unwrap_or_default(),
        unit: text(map, "unit").unwrap_or_default(),
        wide: map.get("wide").and_then(Value::as_bool).unwrap_or(false),
        series,
        alarms: alarms.iter().map(alarm).collect::<Result<_, _>>()?,
        range: (map.get("min").and_then(Value::as_f64), map.get("max").and_then(Value::as_f64)),
        grid,
        body,
    })
}

fn grid(map: &Map<String, Value>) -> Result<Grid, String> {
    let rows = text(map, "rows").ok_or("A matrix has rows, and may have columns: the variables that its members were started with.")?;
    let show = match map.get("show").map(|value| value.as_str().unwrap_or_default()) {
        None | Some("last") => Shown::Last,
        Some("smallest") => Shown::Smallest,
        Some("largest") => Shown::Largest,
        Some(_) => return Err("show is last, smallest or largest.".to_owned()),
    };
    Ok(Grid { rows, columns: text(map, "columns"), show })
}

fn alarm(value: &Value) -> Result<Alarm, String> {
    let number = |key: &str| value.get(key).map_or(Ok(None), |value| value.as_f64().map(Some).ok_or(()));
    let said = value.get("text").and_then(Value::as_str);
    match (number("above"), number("below"), said) {
        (Ok(above), Ok(below), Some(text)) if above.is_some() || below.is_some() => Ok(Alarm { above, below, text: text.to_owned() }),
        _ => Err("An alarm has above or below, a number, and text.".to_owned()),
    }
}

fn one(number: usize, value: &Value) -> Result<Series, String> {
    const SAID: &str = "a series has name, unit, member, and csv with x and y, log with match, service with topic and value, or service with query";
    let Some(map) = value.as_object() else { return Err(format!("Series {number} must be an object.")) };
    only(map, &["name", "unit", "member", "csv", "x", "y", "log", "match", "service", "topic", "value", "query"], SAID).map_err(|why| format!("Series {number}: {why}"))?;
    let nowhere = || format!("Series {number} says not where its values come from: give it csv, log, or service.");
    let needed = |key: &str, of: &str| text(map, key).ok_or_else(|| format!("Series {number} has {of} and needs {key}, too."));
    let (source, name) = if let Some(path) = text(map, "csv") {
        let y = needed("y", "csv")?;
        (Source::Csv { path, x: text(map, "x"), y: y.clone() }, y)
    } else if let Some(job) = text(map, "log") {
        let pattern = needed("match", "log")?;
        let plain = pattern.replace("\\\\", "").replace("\\(", "").replace("(?:", "");
        if plain.matches('(').count() != 1 {
            return Err(format!("Series {number}: match needs one pair of brackets around the number: loss ([0-9.]+), say."));
        }
        (Source::Log { job: (job != "*").then_some(job), pattern: pattern.clone() }, pattern)
    } else if let Some(service) = text(map, "service") {
        match (text(map, "topic"), text(map, "query")) {
            (Some(topic), None) => {
                let value = text(map, "value").unwrap_or_default();
                let name = format!("{topic} {value}").trim().to_owned();
                (Source::Topic { service, topic, value }, name)
            }
            (None, Some(query)) => (Source::Query { service, query: query.clone() }, query.chars().take(60).collect()),
            _ => return Err(format!("Series {number} has service and needs topic or query, too.")),
        }
    } else {
        return Err(nowhere());
    };
    Ok(Series { name: text(map, "name").unwrap_or(name), member: text(map, "member"), source })
}
