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

/// The largest answer that is passed on, in bytes.
const MOST: usize = 64 * 1024 * 1024;
/// The longest question, in characters.
const LONGEST: usize = 10_000;

/// A question in InfluxQL (`GET /query`, which 2.x knows too) or, where it begins with `from(`, in Flux.
pub fn request(http: &reqwest::Client, known: &Known, question: &str) -> reqwest::RequestBuilder {
    let settings = &known.settings;
    let base = settings.url.trim_end_matches('/');
    let request = if question.trim_start().starts_with("from(") {
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

/// Why a question may not be asked, if it may not.
fn forbidden(known: &Known, question: &str) -> Option<String> {
    let lower = question.to_lowercase();
    let settings = &known.settings;
    if question.len() > LONGEST {
        return Some("The question is too long.".to_owned());
    }
    if lower.trim_start().starts_with("from(") {
        let Some(bucket) = &settings.bucket else { return Some("No bucket of this service may be read: whoever runs this Twinport has to name it.".to_owned()) };
        let compact: String = question.split_whitespace().collect();
        let named = compact.matches("from(").count();
        let right = compact.matches(&format!("from(bucket:\"{bucket}\")")).count();
        let writes = ["to(", "import", "http.", "sql.", "secrets", "buckets("].iter().any(|word| lower.contains(word));
        return (named != right || writes).then(|| format!("A panel may read the bucket “{bucket}” with from(bucket: \"{bucket}\"), and nothing else."));
    }
    if settings.database.is_none() && settings.bucket.is_none() {
        return Some("No database of this service may be read: whoever runs this Twinport has to name it.".to_owned());
    }
    let words: Vec<&str> = lower.split(|letter: char| !letter.is_alphanumeric() && letter != '_').filter(|word| !word.is_empty()).collect();
    let select = words.first() == Some(&"select");
    // A measurement of another database is written with two dots, or with dots between quotes.
    let elsewhere = lower.contains("..") || lower.contains("\".\"") || lower.contains("\".") || lower.contains(".\"");
    (!select || lower.contains(';') || words.contains(&"into") || elsewhere).then(|| "A panel asks one SELECT, of the database that the configuration names.".to_owned())
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
            ("from(bucket: \"lab\") |> range(start: -1h)", true),
            ("from(bucket: \"secret\") |> range(start: -1h)", false),
            ("from(bucket: \"lab\") |> to(bucket: \"lab\")", false),
            ("import \"sql\" from(bucket: \"lab\")", false),
        ] {
            assert_eq!(forbidden(&known, question).is_none(), allowed, "{question}");
        }
    }
}
