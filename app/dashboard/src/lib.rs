#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod panel;

pub use panel::{Alarm, Grid, Kind, Panel, Series, Shown, Source};
use serde_json::Value;

/// The name of the file in a twin's folder.
pub const FILE: &str = "dashboard.json";
/// The newest version that is understood.
pub const VERSION: u64 = 1;
/// More panels than this are not shown.
pub const MOST: usize = 40;

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Which panel, from 0; nothing where it is the file as a whole.
    pub panel: Option<usize>,
    /// What is wrong and what would be right.
    pub message: String,
}

/// What the file says.
#[derive(Debug, Clone, PartialEq)]
pub struct Board {
    /// What it is, in a line.
    pub title: String,
    /// Its panels in order, each as it is or what is wrong with it.
    pub panels: Vec<Result<Panel, String>>,
}

impl Board {
    /// Everything that is wrong, in the order of the file.
    #[must_use]
    pub fn faults(&self) -> Vec<Fault> {
        let fault = |(panel, found): (usize, &Result<Panel, String>)| found.as_ref().err().map(|message| Fault { panel: Some(panel), message: message.clone() });
        self.panels.iter().enumerate().filter_map(fault).collect()
    }
}

/// Reads the text of a `dashboard.json`.
///
/// # Errors
/// Why nothing of it can be shown.
pub fn read(text: &str) -> Result<Board, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| format!("This is no JSON: {error}."))?;
    let Some(map) = value.as_object() else { return Err("A dashboard is an object with the keys version and panels.".to_owned()) };
    match map.get("version").and_then(Value::as_u64) {
        Some(VERSION) => {}
        Some(newer) if newer > VERSION => return Err(format!("This dashboard has version {newer}, and this Twinport knows {VERSION}: update it.")),
        _ => return Err(format!("The key version is missing or wrong; write \"version\": {VERSION}.")),
    }
    if let Some(strange) = map.keys().find(|key| !["version", "title", "panels", "$schema"].contains(&key.as_str())) {
        return Err(format!("“{strange}” is not known here; a dashboard has version, title and panels."));
    }
    let Some(list) = map.get("panels").and_then(Value::as_array) else { return Err("The key panels must be a list.".to_owned()) };
    if list.len() > MOST {
        return Err(format!("A dashboard has at most {MOST} panels, and this one has {}.", list.len()));
    }
    let title = map.get("title").and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(Board { title, panels: list.iter().map(panel::read).collect() })
}

#[cfg(test)]
mod tests {
    use super::{Grid, Kind, Shown, Source, read};

    const BOARD: &str = r#"{"version": 1, "title": "Line", "panels": [
        {"kind": "time series", "title": "Levels", "unit": "m", "wide": true, "series": [
            {"name": "tank 1", "csv": "output/line.csv", "x": "time", "y": "level_1", "member": "line"},
            {"service": "broker", "topic": "line/state", "value": "level_1"},
            {"log": "execute", "match": "loss +([0-9.]+) W/K"},
            {"service": "db", "query": "SELECT mean(level) FROM tank"}],
         "alarms": [{"above": 1.5, "text": "Close to the brim"}]},
        {"kind": "gauge", "min": 0, "max": 2, "series": [{"service": "broker", "topic": "line/state", "value": "level_2"}]},
        {"kind": "text", "markdown": "Hello"},
        {"kind": "image", "path": "output/plot.png"},
        {"kind": "grafana", "url": "https://grafana.example/d-solo/x"}]}"#;

    #[test]
    fn a_whole_board() {
        let board = read(BOARD).expect("it is right");
        assert_eq!(board.faults(), []);
        let first = board.panels[0].as_ref().expect("it is right");
        assert_eq!((first.kind, first.series.len(), first.series[1].name.as_str()), (Kind::TimeSeries, 4, "line/state level_1"));
        assert_eq!(first.series[0].member.as_deref(), Some("line"));
        assert!(matches!(&first.series[2].source, Source::Log { job: Some(job), .. } if job == "execute"));
        assert_eq!(first.alarms[0].says(1.6), Some("Close to the brim"));
        assert_eq!(first.alarms[0].says(1.5), None);
    }

    #[test]
    fn a_mistake_stays_in_its_panel() {
        let said = |from: &str, to: &str| {
            let board = read(&BOARD.replace(from, to)).expect("the rest can be shown");
            let faults = board.faults();
            assert!(faults.len() == 1 && board.panels.len() == 5, "{faults:?}");
            faults[0].message.clone()
        };
        assert_eq!(said("\"gauge\"", "\"dial\""), "“dial” is no kind of panel; there are time series, gauge, state, table, matrix, text, image, grafana.");
        assert_eq!(
            said("\"y\": \"level_1\"", "\"z\": \"level_1\""),
            "Series 1: “z” is not known here; a series has name, unit, member, and csv with x and y, log with match, service with topic and value, or service with query."
        );
        assert_eq!(said("\"log\": \"execute\", ", ""), "Series 3 says not where its values come from: give it csv, log, or service.");
        assert_eq!(said("\"above\": 1.5", "\"above\": \"high\""), "An alarm has above or below, a number, and text.");
        assert_eq!(said("{\"kind\": \"text\", \"markdown\": \"Hello\"}", "7"), "A panel is an object with at least the key kind.");
        assert_eq!(said("https://grafana", "javascript:grafana"), "A grafana panel has url, an https address that Grafana gives for sharing a panel.");
        assert_eq!(said("([0-9.]+)", "[0-9.]+"), "Series 3: match needs one pair of brackets around the number: loss ([0-9.]+), say.");
    }

    #[test]
    fn a_matrix_says_by_what_it_is_laid_out() {
        let with = |keys: &str| {
            let text = format!(r#"{{"version": 1, "panels": [{{"kind": "matrix", {keys} "series": [{{"csv": "a.csv", "y": "b", "member": "case-*"}}]}}]}}"#);
            read(&text).expect("the file is right").panels.remove(0)
        };
        let grid = with(r#""rows": "MASS", "columns": "WIND", "show": "largest","#).expect("it is right").grid;
        assert_eq!(grid, Grid { rows: "MASS".to_owned(), columns: Some("WIND".to_owned()), show: Shown::Largest });
        assert!(with("").is_err_and(|why| why.contains("A matrix has rows")));
        assert!(with(r#""rows": "M", "show": "mean","#).is_err_and(|why| why.contains("last, smallest or largest")));
    }

    #[test]
    fn what_cannot_be_shown_at_all() {
        for (text, words) in [
            ("{", "no JSON"),
            ("[]", "is an object"),
            (r#"{"version": 2, "panels": []}"#, "update it"),
            (r#"{"panels": []}"#, "version"),
            (r#"{"version": 1}"#, "must be a list"),
            (r#"{"version": 1, "panels": [], "x": 1}"#, "“x” is not known"),
        ] {
            assert!(read(text).is_err_and(|message| message.contains(words)), "{text}");
        }
    }
}
