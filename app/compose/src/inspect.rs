//! What a file is, as JSON: the card of an FMU, and what can be said in short about tables,
//! notebooks and configurations.

use serde_json::{Value, json};
use twin::csv::Table;
use twin::notebook::{CellKind, Notebook};

use crate::scenario::Scenario;

/// The card of a file named `path`.
///
/// # Errors
/// A sentence for a person.
pub fn inspect(path: &str, bytes: &[u8]) -> Result<Value, String> {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path).to_lowercase();
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    // An archive says what it is in its first bytes, whatever it is called.
    if ending == "fmu" || bytes.starts_with(b"PK\x03\x04") {
        let card = fmu::read(bytes).map_err(|error| error.to_string())?;
        return serde_json::to_value(card).map_err(|error| error.to_string());
    }
    if bytes.starts_with(b"<?xml") || ending == "xml" {
        let card = fmu::read_description(bytes).map_err(|error| error.to_string())?;
        return serde_json::to_value(card).map_err(|error| error.to_string());
    }
    let text = std::str::from_utf8(bytes).map_err(|_| format!("{path} is neither an FMU nor text, so there is no card of it."))?;
    match ending {
        "csv" | "tsv" => table(text).ok_or_else(|| format!("{path} is no table: it has no header.")),
        "ipynb" => Ok(notebook(&Notebook::parse(text)?)),
        "json" => {
            let value: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| format!("{path} is no valid JSON: {error}."))?;
            Ok(Scenario::of(&value).map_or_else(|| plain(&value), |scenario| configuration(&scenario)))
        }
        _ => Err(format!("There is no card of {path}: it is no FMU, table, notebook or JSON configuration.")),
    }
}

fn table(text: &str) -> Option<Value> {
    let table = Table::parse(text)?;
    let series = table.series();
    let column = |name: &String| {
        let numbers = series.iter().find(|(of, _)| of == name).map(|(_, numbers)| numbers);
        let finite = || numbers.into_iter().flatten().copied().filter(|number| number.is_finite());
        let (least, most) = (finite().reduce(f64::min), finite().reduce(f64::max));
        json!({ "name": name, "type": if numbers.is_some() { "number" } else { "text" }, "min": least, "max": most })
    };
    Some(json!({ "kind": "table", "rows": table.rows.len(), "columns": table.header.iter().map(column).collect::<Vec<_>>() }))
}

fn notebook(notebook: &Notebook) -> Value {
    let count = |kind| notebook.cells.iter().filter(|cell| cell.kind == kind).count();
    json!({ "kind": "notebook", "language": notebook.language, "cells": notebook.cells.len(), "code_cells": count(CellKind::Code), "markdown_cells": count(CellKind::Markdown),
        "outputs": notebook.cells.iter().map(|cell| cell.outputs.len()).sum::<usize>() })
}

fn configuration(scenario: &Scenario) -> Value {
    let fmus: Vec<Value> = scenario.fmus.iter().map(|(key, path)| json!({ "key": key, "path": path })).collect();
    let links: Vec<Value> = scenario.links.iter().map(|(from, to)| json!({ "from": from.print(), "to": to.print() })).collect();
    let parameters: Vec<Value> = scenario.parameters.iter().map(|(port, value)| json!({ "name": port.print(), "value": value })).collect();
    json!({ "kind": "co-simulation", "fmus": fmus, "connections": links, "parameters": parameters, "unreadable": scenario.unreadable })
}

fn plain(value: &Value) -> Value {
    let shape = match value {
        Value::Object(map) => json!(map.keys().collect::<Vec<_>>()),
        Value::Array(list) => json!(list.len()),
        _ => Value::Null,
    };
    let form = match value {
        Value::Object(_) => "object",
        Value::Array(_) => "array",
        _ => "value",
    };
    json!({ "kind": "json", "form": form, "holds": shape })
}

#[cfg(test)]
mod tests {
    use super::inspect;

    #[test]
    fn one_card_a_kind() {
        let card = |path: &str, text: &str| inspect(path, text.as_bytes()).map(|card| card.to_string());
        assert_eq!(
            card("a.csv", "t,x,n\n0,1.5,a\n1,-2,b\n").as_deref(),
            Ok(
                r#"{"kind":"table","rows":2,"columns":[{"name":"t","type":"number","min":0.0,"max":1.0},{"name":"x","type":"number","min":-2.0,"max":1.5},{"name":"n","type":"text","min":null,"max":null}]}"#
            )
        );
        assert!(card("c.json", r#"{"fmus":{"{a}":"a.fmu"},"connections":{}}"#).is_ok_and(|text| text.contains("co-simulation")));
        assert_eq!(card("c.json", "[1,2]").as_deref(), Ok(r#"{"kind":"json","form":"array","holds":2}"#));
        assert!(card("c.json", "{").is_err_and(|why| why.contains("no valid JSON")));
        assert!(card("n.ipynb", r#"{"cells":[{"cell_type":"code","source":"x"}]}"#).is_ok_and(|text| text.contains("\"code_cells\":1")));
        assert!(inspect("x.bin", &[0xff, 0xfe]).is_err() && inspect("x.fmu", b"PK\x03\x04").is_err());
        assert!(card("modelDescription.xml", "<?xml version='1.0'?><fmiModelDescription fmiVersion='2.0' modelName='m'/>").is_ok_and(|text| text.contains("\"model_name\":\"m\"")));
    }
}
