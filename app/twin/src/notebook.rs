//! Jupyter notebooks (nbformat 4, and 3 as far as it is the same): cells with their outputs, as
//! data. Nothing in them is run or taken for HTML.

use serde_json::Value;

/// What a cell is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CellKind {
    /// Text.
    Markdown,
    /// A program.
    Code,
    /// Anything else.
    Raw,
}

/// What a cell left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Text, of a stream or a value.
    Text(String),
    /// A picture that cannot act: its media type and its base64.
    Picture(&'static str, String),
    /// An exception.
    Error(String),
    /// Something that is not shown, by its media types.
    Other(String),
}

/// One cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// Which sort.
    pub kind: CellKind,
    /// Its text.
    pub source: String,
    /// The number of its last execution.
    pub count: Option<u64>,
    /// What it left.
    pub outputs: Vec<Output>,
}

/// A notebook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notebook {
    /// The language of its code.
    pub language: String,
    /// Its cells.
    pub cells: Vec<Cell>,
}

/// A text, or a list of its lines.
fn text(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(lines)) => lines.iter().filter_map(Value::as_str).collect(),
        _ => String::new(),
    }
}

/// Colours of terminals, which exceptions come with.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("\u{1b}[") {
        out.push_str(&rest[..start]);
        let tail = &rest[start + 2..];
        rest = tail.find(|c: char| c.is_ascii_alphabetic()).map_or("", |end| &tail[end + 1..]);
    }
    out + rest
}

fn output(value: &Value) -> Output {
    match value["output_type"].as_str() {
        Some("stream") => Output::Text(text(value.get("text"))),
        Some("error" | "pyerr") => {
            let trace = plain(&text(value.get("traceback")));
            let named = format!("{}: {}", value["ename"].as_str().unwrap_or("Error"), value["evalue"].as_str().unwrap_or_default());
            Output::Error(if trace.is_empty() { named } else { trace })
        }
        _ => {
            let empty = serde_json::Map::new();
            let data = value["data"].as_object().unwrap_or(&empty);
            for kind in ["image/png", "image/jpeg", "image/gif"] {
                if let Some(picture) = data.get(kind) {
                    return Output::Picture(kind, text(Some(picture)).split_whitespace().collect());
                }
            }
            match data.get("text/plain") {
                Some(words) => Output::Text(text(Some(words))),
                None => Output::Other(data.keys().cloned().collect::<Vec<_>>().join(", ")),
            }
        }
    }
}

impl Notebook {
    /// Reads one.
    ///
    /// # Errors
    /// A sentence for a person.
    pub fn parse(content: &str) -> Result<Self, String> {
        let value: Value = serde_json::from_str(content).map_err(|error| format!("This notebook is no valid JSON: {error}."))?;
        let cells = value["cells"].as_array().ok_or("This notebook has no list of cells; it may be older than nbformat 4.")?;
        let language = value["metadata"]["language_info"]["name"].as_str().or(value["metadata"]["kernelspec"]["language"].as_str()).unwrap_or_default().to_owned();
        let cell = |cell: &Value| Cell {
            kind: match cell["cell_type"].as_str() {
                Some("markdown") => CellKind::Markdown,
                Some("code") => CellKind::Code,
                _ => CellKind::Raw,
            },
            source: text(cell.get("source")),
            count: cell["execution_count"].as_u64(),
            outputs: cell["outputs"].as_array().map(|list| list.iter().map(output).collect()).unwrap_or_default(),
        };
        Ok(Self { language, cells: cells.iter().map(cell).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::{CellKind, Notebook, Output};

    #[test]
    fn cells_and_what_they_left() {
        let text = r##"{"nbformat":4,"metadata":{"language_info":{"name":"python"}},"cells":[
            {"cell_type":"markdown","source":["# A\n","text"]},
            {"cell_type":"code","source":"1/0","execution_count":3,"outputs":[
                {"output_type":"stream","name":"stdout","text":["a\n"]},
                {"output_type":"display_data","data":{"text/html":["<script>"],"image/png":"iVBO\nRw0="}},
                {"output_type":"execute_result","data":{"text/html":"<b>x</b>"}},
                {"output_type":"error","ename":"E","evalue":"v","traceback":["\u001b[0;31mE\u001b[0m: v"]}]}]}"##;
        let notebook = Notebook::parse(text).expect("a notebook");
        assert_eq!((notebook.language.as_str(), notebook.cells[0].kind, notebook.cells[0].source.as_str()), ("python", CellKind::Markdown, "# A\ntext"));
        let expected = [Output::Text("a\n".into()), Output::Picture("image/png", "iVBORw0=".into()), Output::Other("text/html".into()), Output::Error("E: v".into())];
        assert_eq!((notebook.cells[1].count, notebook.cells[1].outputs.as_slice()), (Some(3), expected.as_slice()));
        assert!(Notebook::parse("{").is_err() && Notebook::parse("{}").is_err());
    }
}
