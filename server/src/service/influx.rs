//! Reading series out of InfluxDB for panels, in the name of the service's own account. Only what the
//! configuration names can be read, and nothing be written.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State as Shared};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tower_sessions::Session;

use super::Known;
use super::api::{refuse, whose};
use crate::State;
use crate::config::service::Kind;
use crate::failure::Failure;
use crate::middleware::ByTheApp;

/// The largest answer that is passed on, in bytes.
const MOST: usize = 64 * 1024 * 1024;
/// The longest question, in characters.
const LONGEST: usize = 10_000;

/// A question in InfluxQL (`GET /query`, which 2.x knows too) or, where it begins with `from(`, in Flux.
pub fn request(http: &reqwest::Client, known: &Known, question: &str) -> reqwest::RequestBuilder {
    let settings = &known.settings;
    let base = settings.url.trim_end_matches('/');
    let request = if question.trim_start().starts_with("from") {
        let organisation = settings.organisation.clone().unwrap_or_default();
        let body = serde_json::json!({ "query": question, "type": "flux", "dialect": { "annotations": [] } });
        http.post(format!("{base}/api/v2/query")).query(&[("org", organisation)]).header(header::ACCEPT, "application/csv").json(&body)
    } else {
        let database = settings.database.clone().or(settings.bucket.clone()).unwrap_or_default();
        http.get(format!("{base}/query")).query(&[("db", database.as_str()), ("q", question), ("epoch", "ms")])
    };
    match (settings.username.as_deref(), known.secret.as_deref()) {
        (Some(name), password) => request.basic_auth(name, password),
        (None, Some(token)) => request.header(header::AUTHORIZATION, format!("Token {token}")),
        (None, None) => request,
    }
}

/// Words that a question in Flux may have, beside names of columns: those that read and reckon.
const FLUX: [&str; 69] = [
    "from",
    "bucket",
    "range",
    "start",
    "stop",
    "filter",
    "fn",
    "r",
    "and",
    "or",
    "not",
    "exists",
    "if",
    "then",
    "else",
    "true",
    "false",
    "now",
    "aggregateWindow",
    "every",
    "createEmpty",
    "mean",
    "median",
    "min",
    "max",
    "sum",
    "count",
    "first",
    "last",
    "spread",
    "stddev",
    "quantile",
    "q",
    "n",
    "group",
    "columns",
    "mode",
    "by",
    "sort",
    "desc",
    "limit",
    "offset",
    "tail",
    "keep",
    "drop",
    "rename",
    "pivot",
    "rowKey",
    "columnKey",
    "valueColumn",
    "column",
    "derivative",
    "difference",
    "unit",
    "nonNegative",
    "cumulativeSum",
    "movingAverage",
    "fill",
    "usePrevious",
    "value",
    "window",
    "yield",
    "name",
    "toFloat",
    "toInt",
    "float",
    "int",
    "duplicate",
    "as",
];

/// Whether a question in Flux reads `bucket` and does nothing else: one `from`, and words that are known.
fn is_plain_flux(question: &str, bucket: &str) -> bool {
    let compact: String = question.split_whitespace().collect();
    if !compact.starts_with(&format!("from(bucket:\"{bucket}\")|>")) || bucket.contains(['"', '\\']) {
        return false;
    }
    let (mut rest, mut froms) = (question, 0);
    while let Some(first) = rest.chars().next() {
        if first == '"' {
            // Text has no escapes here, so that it ends where it seems to.
            let Some(end) = rest[1..].find(['"', '\\', '$']).filter(|end| rest.as_bytes()[end + 1] == b'"') else { return false };
            rest = &rest[end + 2..];
        } else if first.is_alphabetic() || first == '_' {
            let end = rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(rest.len());
            let word = &rest[..end];
            let member = question[..question.len() - rest.len()].ends_with("r.");
            froms += usize::from(word == "from");
            if !(member || word.starts_with('_') || FLUX.contains(&word)) {
                return false;
            }
            rest = &rest[end..];
        } else if first.is_ascii_digit() {
            rest = rest.trim_start_matches(|letter: char| letter.is_ascii_alphanumeric() || letter == '.' || letter == ':');
        } else {
            let two = rest.get(..2).unwrap_or_default();
            let known = ["|>", "=>", "==", "!=", "<=", ">="].contains(&two);
            // A single `=` gives something a name, and a slash begins a comment.
            if !(known || first.is_whitespace() || "()[]{}.,:<>+-*".contains(first)) {
                return false;
            }
            rest = &rest[if known { 2 } else { first.len_utf8() }..];
        }
    }
    froms == 1
}

/// Whether a question in InfluxQL is one SELECT of measurements that are named without a database: dots
/// stand in numbers only, and there is nothing that hides what follows.
fn is_plain_select(question: &str) -> bool {
    let mut plain = String::new();
    let mut parts = question.split('\'');
    while let (Some(outside), inside) = (parts.next(), parts.next()) {
        plain.push_str(outside);
        plain.push_str(if inside.is_some() { "''" } else { "" });
    }
    let lower = plain.to_lowercase();
    let bytes = lower.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let dots = lower.match_indices('.').all(|(at, _)| at > 0 && digit(at - 1) && digit(at + 1));
    let words: Vec<&str> = lower.split(|letter: char| !letter.is_alphanumeric() && letter != '_').filter(|word| !word.is_empty()).collect();
    let once = words.iter().filter(|word| **word == "select").count() == 1;
    words.first() == Some(&"select")
        && once
        && dots
        && question.matches('\'').count().is_multiple_of(2)
        && !words.contains(&"into")
        && !lower.contains([';', '/', '\\'])
        && !lower.contains("--")
}

/// Why a question may not be asked, if it may not.
fn forbidden(known: &Known, question: &str) -> Option<String> {
    let settings = &known.settings;
    if question.len() > LONGEST {
        return Some("The question is too long.".to_owned());
    }
    if question.trim_start().starts_with("from") {
        let Some(bucket) = &settings.bucket else { return Some("No bucket of this service may be read: whoever runs this Twinport has to name it.".to_owned()) };
        return (!is_plain_flux(question, bucket)).then(|| format!("A panel reads the bucket “{bucket}” with from(bucket: \"{bucket}\") |> …, and what reckons with its values."));
    }
    if settings.database.is_none() && settings.bucket.is_none() {
        return Some("No database of this service may be read: whoever runs this Twinport has to name it.".to_owned());
    }
    (!is_plain_select(question))
        .then(|| "A panel asks one SELECT of measurements of the database that the configuration names, without dots in their names, “/” and “;”.".to_owned())
}

/// What is asked.
#[derive(Debug, Deserialize)]
pub struct Question {
    query: String,
}

/// `POST /services/{instance}/{id}/query`: InfluxDB's own answer, JSON for InfluxQL and CSV for Flux.
pub async fn query(
    Shared(state): Shared<State>,
    session: Session,
    headers: HeaderMap,
    Path((instance, id)): Path<(String, String)>,
    _: ByTheApp,
    Json(question): Json<Question>,
) -> Result<Response, Failure> {
    let known = match whose(&state, &session, &headers, &instance, &id).await? {
        Ok((known, _)) => known,
        Err(refusal) => return Ok(refusal),
    };
    if known.settings.kind != Kind::Influxdb {
        return Ok(refuse(StatusCode::BAD_REQUEST, "no_series", "This service has no series to read."));
    }
    if let Some(why) = forbidden(&known, &question.query) {
        return Ok(refuse(StatusCode::FORBIDDEN, "forbidden_question", &why));
    }
    let name = known.settings.name.clone().unwrap_or_else(|| known.settings.id.clone());
    let answer = match request(&state.relay_http, &known, &question.query).send().await {
        Ok(answer) => answer,
        Err(error) => return Ok(refuse(StatusCode::BAD_GATEWAY, "down", &format!("{name} did not answer: {}.", crate::failure::chain(&error)))),
    };
    if !answer.status().is_success() {
        let status = answer.status();
        let why = answer.text().await.unwrap_or_default();
        return Ok(refuse(StatusCode::BAD_GATEWAY, "refused", &format!("{name} refused the question ({status}): {}", why.chars().take(300).collect::<String>())));
    }
    if answer.content_length().is_some_and(|length| length > MOST as u64) {
        return Ok(refuse(StatusCode::BAD_GATEWAY, "too_large", "The answer is larger than 64 MB: ask for fewer points, with GROUP BY time(…)."));
    }
    let kind = answer.headers().get(header::CONTENT_TYPE).cloned();
    let body = http_body_util::Limited::new(reqwest::Body::from(answer), MOST);
    let mut response = Body::new(body).into_response();
    if let Some(kind) = kind {
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    response.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::{Known, forbidden};
    use crate::config::service::{Kind, Service};

    #[test]
    fn only_reading_and_only_there() {
        let settings = Service {
            id: "db".into(),
            instance: "local".into(),
            kind: Kind::Influxdb,
            name: None,
            url: "http://h:8086".into(),
            inside: None,
            link: None,
            username: None,
            password_file: None,
            hand: false,
            variables: None,
            topics: Vec::new(),
            database: Some("lab".into()),
            organisation: Some("o".into()),
            bucket: Some("lab".into()),
            note: String::new(),
        };
        let known = Known { settings, secret: None };
        for (question, allowed) in [
            ("SELECT mean(\"level\") FROM tank WHERE time > now() - 1h GROUP BY time(1s)", true),
            ("select level from tank", true),
            ("SELECT level INTO other FROM tank", false),
            ("DROP DATABASE lab", false),
            ("SELECT 1; DROP DATABASE lab", false),
            ("SELECT * FROM \"secret\"..\"tank\"", false),
            ("SELECT * FROM \"secret\".\"autogen\".\"tank\"", false),
            ("SELECT * FROM secret..tank", false),
            ("SELECT * FROM secret.autogen.tank", false),
            ("SELECT * FROM /.*/", false),
            ("SELECT mean(level) * 1.5 FROM tank WHERE site = 'a.b' AND time > now() - 1h", true),
            ("SELECT level FROM tank WHERE site = 'x' -- ' FROM secret.autogen.tank", false),
            ("SELECT level FROM (SELECT * FROM tank)", false),
            ("f = from\nf(bucket: \"lab\")", false),
            ("from(bucket: \"lab\") |> range(start: -1h) |> filter(fn: (r) => r._measurement == \"tank\" and r.site == \"a\") |> aggregateWindow(every: 1m, fn: mean)", true),
            ("from(bucket: \"lab\") |> range(start: -1h) f = from f(bucket: \"secret\")", false),
            ("from(bucket: \"lab\") |> range(start: 0)\nt = to", false),
            ("from//x\n(bucket:\"lab\")", false),
            ("from(bucket: \"lab\") |> map(fn: (r) => ({r with x: http.get(url: \"http://inside\")}))", false),
            ("from(bucket: \"lab\", host: \"http://inside\") |> range(start: 0)", false),
            ("from(bucket: \"lab\") |> range(start: 0) |> union(tables: [from(bucket: \"secret\")])", false),
            ("from(bucket: \"lab\") |> range(start: -1h)", true),
            ("from(bucket: \"secret\") |> range(start: -1h)", false),
            ("from(bucket: \"lab\") |> to(bucket: \"lab\")", false),
            ("import \"sql\" from(bucket: \"lab\")", false),
        ] {
            assert_eq!(forbidden(&known, question).is_none(), allowed, "{question}");
        }
    }
}
