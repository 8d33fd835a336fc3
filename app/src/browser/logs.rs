//! A log in its worker (`public/js/logworker.js`): bytes go from the network to it without passing
//! through the app, and rows come back.

use std::cell::Cell;

use gitlab::trace::{Opening, Trace};
use gitlab::{Error, Response};
use js_sys::{Array, Object, Reflect, Uint32Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use super::Way;

#[wasm_bindgen(inline_js = "export function open(url, hear) {\n\
  const worker = new Worker(url, { type: 'module' });\n\
  worker.onmessage = (event) => hear(event.data);\n\
  worker.onerror = (event) => hear({ broken: String(event.message || 'its file could not be loaded') });\n\
  return worker;\n\
}\n\
export function close(worker) { worker.gone = true; worker.reader?.cancel().catch(() => {}); worker.onmessage = null; worker.terminate(); }\n\
export function tell(worker, message) { worker.postMessage(message); }\n\
export async function pump(worker, response, skip, idle) {\n\
  let left = skip, got = 0, stalled = false, timer;\n\
  const reader = worker.reader = response.body.getReader();\n\
  // Cancelling ends a read as the end of the log does.\n\
  const silent = () => { stalled = true; reader.cancel().catch(() => {}); };\n\
  if (worker.gone) { silent(); return [got, left, false]; }\n\
  try {\n\
    for (;;) {\n\
      timer = setTimeout(silent, idle);\n\
      const { done, value } = await reader.read();\n\
      clearTimeout(timer);\n\
      if (worker.gone) { silent(); return [got, left, false]; }\n\
      if (done) return [got, left, !stalled];\n\
      let bytes = value;\n\
      if (left > 0) { const known = Math.min(left, bytes.length); left -= known; bytes = bytes.subarray(known); }\n\
      if (bytes.length === 0) continue;\n\
      got += bytes.length;\n\
      worker.postMessage({ push: bytes }, [bytes.buffer]);\n\
    }\n\
  } catch { clearTimeout(timer); return [got, left, false]; }\n\
}")]
extern "C" {
    type Worker;
    fn open(url: &str, hear: &Closure<dyn FnMut(JsValue)>) -> Worker;
    fn close(worker: &Worker);
    fn tell(worker: &Worker, message: &JsValue);
    fn pump(worker: &Worker, response: &web_sys::Response, skip: f64, idle: u32) -> js_sys::Promise;
}

/// Text of one style.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Piece {
    /// The text.
    pub text: String,
    /// Class names.
    pub classes: String,
    /// Colours that have no class.
    pub foreground: Option<String>,
    /// The same, behind the text.
    pub background: Option<String>,
}

/// The first line of a section.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Head {
    /// Whether what follows is hidden.
    pub folded: bool,
    /// How long it took, empty while it goes on.
    pub duration: String,
}

/// One row of a log.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Row {
    /// As people count.
    pub number: u32,
    /// As the engine counts.
    pub line: u32,
    /// When it was written.
    pub time: Option<String>,
    /// In how many sections it lies.
    pub depth: u32,
    /// Of a section.
    pub head: Option<Head>,
    /// Bytes that are not shown.
    pub left_out: u32,
    /// What it says.
    pub pieces: Vec<Piece>,
}

/// What is looked at.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Shown {
    /// The rows.
    pub rows: Vec<Row>,
    /// Number of the first of them.
    pub first: usize,
    /// How many there are.
    pub total: usize,
    /// How many lines there are.
    pub lines: usize,
    /// How many bytes.
    pub bytes: f64,
}

/// What a search has found so far.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Found {
    /// Matches.
    pub total: usize,
    /// Lines with some, in order.
    pub lines: Vec<u32>,
    /// How much was searched, up to 1.
    pub part: f64,
    /// What is wrong with the expression.
    pub error: Option<String>,
    /// Whether it only tells of lines that were written since the search.
    pub grown: bool,
}

/// A line that looks like trouble.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// As the engine counts.
    pub line: u32,
    /// As people count.
    pub number: u32,
    /// How many lines are like it.
    pub count: u32,
    /// What it says.
    pub text: String,
}

/// What a worker says.
#[derive(Debug, Clone, PartialEq)]
pub enum Said {
    /// Rows to show.
    Shown(Shown),
    /// A search.
    Found(Found),
    /// Where a line that was asked for is: its row, the line, its number.
    Gone(usize, u32, u32),
    /// Lines that look like trouble.
    Digest(Vec<Trouble>),
    /// Text to be copied.
    Copied(String),
    /// All bytes, at an address, and what they are for.
    Blob(String, String),
    /// It does not work.
    Broken(String),
}

fn get(value: &JsValue, name: &str) -> Option<JsValue> {
    Reflect::get(value, &name.into()).ok().filter(|value| !value.is_undefined())
}

fn number(value: &JsValue, name: &str) -> f64 {
    get(value, name).and_then(|value| value.as_f64()).unwrap_or_default()
}

fn row(value: &JsValue) -> Row {
    let row = Array::from(value);
    let count = |place| row.get(place).as_f64().unwrap_or_default() as u32;
    let head = Some(row.get(5)).filter(|head| !head.is_null()).map(|head| Array::from(&head));
    let piece = |place: u32| Piece {
        text: row.get(place).as_string().unwrap_or_default(),
        classes: row.get(place + 1).as_string().unwrap_or_default(),
        foreground: row.get(place + 2).as_string(),
        background: row.get(place + 3).as_string(),
    };
    Row {
        number: count(0),
        line: count(1),
        time: row.get(4).as_string(),
        depth: count(2),
        head: head.map(|head| Head { folded: head.get(0).as_bool().unwrap_or_default(), duration: head.get(1).as_string().unwrap_or_default() }),
        left_out: count(3),
        pieces: (6..row.length()).step_by(4).map(piece).collect(),
    }
}

fn trouble(value: &JsValue) -> Trouble {
    let entry = Array::from(value);
    let count = |place| entry.get(place).as_f64().unwrap_or_default() as u32;
    Trouble { line: count(0), number: count(1), count: count(2), text: entry.get(3).as_string().unwrap_or_default() }
}

fn said(message: &JsValue) -> Option<Said> {
    if let Some(rows) = get(message, "rows") {
        let count = |name: &str| number(message, name) as usize;
        let rows = Array::from(&rows).iter().map(|value| row(&value)).collect();
        return Some(Said::Shown(Shown { rows, first: count("first"), total: count("total"), lines: count("lines"), bytes: number(message, "bytes") }));
    }
    if let Some(found) = get(message, "found") {
        let lines = get(&found, "lines").map(|lines| Uint32Array::new(&lines).to_vec()).unwrap_or_default();
        let error = get(&found, "error").and_then(|error| error.as_string());
        return Some(Said::Found(Found {
            total: number(&found, "total") as usize,
            lines,
            part: number(&found, "part"),
            error,
            grown: get(&found, "grown").is_some_and(|grown| grown.is_truthy()),
        }));
    }
    if let Some(gone) = get(message, "gone") {
        return Some(Said::Gone(number(&gone, "row") as usize, number(&gone, "line") as u32, number(&gone, "number") as u32));
    }
    if let Some(digest) = get(message, "digest") {
        return Some(Said::Digest(Array::from(&digest).iter().map(|value| trouble(&value)).collect()));
    }
    if let Some(text) = get(message, "copied") {
        return text.as_string().map(Said::Copied);
    }
    if let Some(blob) = get(message, "blob") {
        let address = web_sys::Url::create_object_url_with_blob(blob.unchecked_ref()).ok()?;
        return Some(Said::Blob(address, get(message, "name")?.as_string()?));
    }
    get(message, "broken").and_then(|text| text.as_string()).map(Said::Broken)
}

/// A log in its worker; gone when this is.
pub struct LogWorker {
    worker: Worker,
    opened: Cell<(f64, Option<f64>)>,
    _hear: Closure<dyn FnMut(JsValue)>,
}

impl Drop for LogWorker {
    fn drop(&mut self) {
        close(&self.worker);
    }
}

/// What bringing a log brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Brought {
    /// Where the log begins anew.
    pub anew: bool,
    /// New bytes.
    pub bytes: u64,
    /// Whether the answer came to its end.
    pub whole: bool,
}

impl LogWorker {
    /// Ends it, and the answer that it is being brought: a view that has gone must not hold one of the
    /// few connections that a browser opens.
    pub fn close(&self) {
        close(&self.worker);
    }

    /// Starts one; what it says goes to `hear`.
    pub fn new(mut hear: impl FnMut(Said) + 'static) -> Self {
        let hear = Closure::new(move |message: JsValue| {
            if let Some(said) = said(&message) {
                hear(said);
            }
        });
        Self { worker: open(&super::beside_app("logworker.js"), &hear), opened: Cell::new((0.0, None)), _hear: hear }
    }

    /// When the log was asked for last, in milliseconds of the monotonic clock, and when it had been written to last by
    /// then (`Last-Modified`, RFC 9110 §8.8.2), in milliseconds since 1970, where its backend says so.
    pub fn opened(&self) -> (f64, Option<f64>) {
        self.opened.get()
    }

    fn tell(&self, name: &str, value: &JsValue) {
        let message = Object::new();
        let _ = Reflect::set(&message, &name.into(), value);
        tell(&self.worker, &message);
    }

    fn tell_all(&self, name: &str, values: &[(&str, JsValue)]) {
        let object = Object::new();
        for (key, value) in values {
            let _ = Reflect::set(&object, &(*key).into(), value);
        }
        self.tell(name, &object);
    }

    /// What is looked at: `count` rows from `first` on, or the last ones.
    pub fn view(&self, first: usize, count: usize, end: bool) {
        self.tell_all("view", &[("first", (first as f64).into()), ("count", (count as f64).into()), ("end", end.into())]);
    }

    /// Folds or unfolds the section that begins at `line`.
    pub fn toggle(&self, line: u32) {
        self.tell("toggle", &line.into());
    }

    /// Folds every section, or none.
    pub fn fold_all(&self, fold: bool) {
        self.tell("foldAll", &fold.into());
    }

    /// Searches the whole log; an empty text ends a search.
    pub fn search(&self, text: &str, regex: bool, exact: bool) {
        self.tell_all("search", &[("text", text.into()), ("regex", regex.into()), ("exact", exact.into())]);
    }

    /// Asks for the row of a line, by its number as people count, or as the engine does.
    pub fn go(&self, number: Option<u32>, line: Option<u32>) {
        let or = |value: Option<u32>| value.map_or(JsValue::UNDEFINED, JsValue::from);
        self.tell_all("go", &[("number", or(number)), ("line", or(line))]);
    }

    /// Asks for the lines that look like trouble.
    pub fn digest(&self) {
        self.tell("digest", &JsValue::TRUE);
    }

    /// Asks for the text of the section that begins at `line`.
    pub fn copy(&self, line: u32) {
        self.tell("copy", &line.into());
    }

    /// Asks for all bytes; `what_for` comes back with them.
    pub fn blob(&self, what_for: &str) {
        self.tell("blob", &what_for.into());
    }

    /// Sends `trace` on `way` and gives the worker what comes.
    pub async fn bring(&self, way: &Way, trace: &Trace) -> Result<Brought, Error> {
        let request = trace.request();
        let mut builder = way.begin(&format!("{}{}", way.base, request.url())).cache(web_sys::RequestCache::NoStore);
        if let Some(from) = request.from_byte {
            builder = builder.header("Range", &format!("bytes={from}-"));
        }
        let answer = builder.send().await.map_err(|_| Error::Unreachable)?;
        self.opened.set((super::ticks(), answer.headers().get("last-modified").and_then(|time| super::parse_time(&time))));
        let headers = answer.headers().entries().map(|(name, value)| (name.to_lowercase(), value)).collect();
        let body = if answer.ok() { Vec::new() } else { answer.binary().await.unwrap_or_default() };
        let opening = trace.open(&Response { status: answer.status(), headers, body })?;
        let skip = match opening {
            Opening::Nothing => return Ok(Brought { anew: false, bytes: 0, whole: true }),
            Opening::Goes { skip } => skip,
            Opening::Anew => {
                self.tell("reset", &JsValue::TRUE);
                0
            }
        };
        if !answer.ok() {
            return Ok(Brought { anew: true, bytes: 0, whole: true });
        }
        let counts = JsFuture::from(pump(&self.worker, &answer.into(), skip as f64, IDLE)).await.map_err(|_| Error::Unreachable)?;
        let counts = Array::from(&counts);
        let count = |place| counts.get(place).as_f64().unwrap_or_default();
        let whole = counts.get(2).is_truthy();
        // Fewer bytes than are known: the log was erased, and its new start is not known yet.
        if whole && count(1) > 0.0 {
            self.tell("reset", &JsValue::TRUE);
            return Ok(Brought { anew: true, bytes: 0, whole: true });
        }
        Ok(Brought { anew: opening == Opening::Anew, bytes: count(0) as u64, whole })
    }
}

/// Milliseconds without a byte after which a connection is given up.
const IDLE: u32 = 45_000;
