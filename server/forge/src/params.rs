//! Parameters as GitLab takes them: from the query, JSON, a form or multipart, for every method,
//! with `k[]` and `k[sub]` nested, and lenient booleans (GITLAB.md §2.1).

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use serde_json::{Map, Value};

use crate::error::{ApiError, ApiResult};

/// How deep names may nest; what goes deeper is left out (each level costs stack).
const DEEPEST: usize = 16;

/// All parameters of a request, the body's winning over the query's.
#[derive(Debug, Clone, Default)]
pub struct Params(Map<String, Value>);

impl Params {
    /// From a query string alone.
    #[must_use]
    pub fn from_query(query: &str) -> Self {
        let mut map = Map::new();
        for (key, value) in url::form_urlencoded::parse(query.as_bytes()) {
            insert(&mut map, &key, Value::String(value.into_owned()));
        }
        Self(map)
    }

    /// The value as it came.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key).filter(|value| !value.is_null())
    }

    /// Whether the key was sent, null or not.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// A string; numbers and booleans are taken as text. Empty ones count.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<String> {
        self.get(key).and_then(scalar)
    }

    /// A string that is not empty.
    #[must_use]
    pub fn filled(&self, key: &str) -> Option<String> {
        self.text(key).filter(|text| !text.is_empty())
    }

    /// A string that must be there.
    pub fn required(&self, key: &str) -> ApiResult<String> {
        self.text(key).ok_or_else(|| ApiError::Parameter(format!("{key} is missing")))
    }

    /// A boolean in any of GitLab's spellings.
    pub fn flag(&self, key: &str) -> ApiResult<Option<bool>> {
        let Some(text) = self.filled(key) else { return Ok(None) };
        match text.to_lowercase().as_str() {
            "true" | "t" | "1" | "on" | "yes" | "y" => Ok(Some(true)),
            "false" | "f" | "0" | "off" | "no" | "n" => Ok(Some(false)),
            _ => Err(ApiError::Parameter(format!("{key} is invalid"))),
        }
    }

    /// A whole number.
    pub fn number(&self, key: &str) -> ApiResult<Option<i64>> {
        let Some(text) = self.filled(key) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| ApiError::Parameter(format!("{key} is invalid")))
    }

    /// One of these words, or nothing.
    pub fn one_of(&self, key: &str, words: &[&str]) -> ApiResult<Option<String>> {
        match self.filled(key) {
            Some(word) if !words.contains(&word.as_str()) => Err(ApiError::Parameter(format!("{key} does not have a valid value"))),
            other => Ok(other),
        }
    }

    /// A point in time, ISO 8601, a date alone included.
    pub fn time(&self, key: &str) -> ApiResult<Option<chrono::DateTime<chrono::Utc>>> {
        let Some(text) = self.filled(key) else { return Ok(None) };
        let found = crate::clock::parse(&text).or_else(|| crate::clock::parse(&format!("{text}T00:00:00Z")));
        found.map(Some).ok_or_else(|| ApiError::Parameter(format!("{key} is invalid")))
    }

    /// A list of strings: an array, a single value, or commas.
    #[must_use]
    pub fn list(&self, key: &str) -> Vec<String> {
        match self.get(key) {
            Some(Value::Array(items)) => items.iter().filter_map(scalar).collect(),
            Some(value) => {
                scalar(value).into_iter().flat_map(|text| text.split(',').map(|part| part.trim().to_owned()).collect::<Vec<_>>()).filter(|part| !part.is_empty()).collect()
            }
            None => Vec::new(),
        }
    }

    /// The pairs of the query that would repeat this request, for `Link`.
    #[must_use]
    pub fn query_pairs(query: &str, without: &[&str]) -> Vec<(String, String)> {
        url::form_urlencoded::parse(query.as_bytes())
            .filter(|(key, _)| !without.contains(&key.as_ref()) && !CREDENTIALS.contains(&key.as_ref()))
            .map(|(key, value)| (key.into_owned(), value.into_owned()))
            .collect()
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

/// Parameters that say who asks; an answer never repeats them.
pub const CREDENTIALS: [&str; 4] = ["private_token", "access_token", "bearer_token", "job_token"];

/// Puts `a[b][]=v` where it belongs.
fn insert(map: &mut Map<String, Value>, key: &str, value: Value) {
    let (head, rest) = key.split_once('[').map_or((key, None), |(head, rest)| (head, Some(rest)));
    let Some(rest) = rest else {
        map.insert(head.to_owned(), value);
        return;
    };
    let parts: Vec<&str> = rest.trim_end_matches(']').split("][").take(DEEPEST + 1).collect();
    if parts.len() > DEEPEST {
        return;
    }
    place(map.entry(head.to_owned()).or_insert(Value::Null), &parts, value);
}

fn place(target: &mut Value, parts: &[&str], value: Value) {
    let Some((part, rest)) = parts.split_first() else {
        *target = value;
        return;
    };
    if part.is_empty() || part.bytes().all(|byte| byte.is_ascii_digit()) {
        if !target.is_array() {
            *target = Value::Array(Vec::new());
        }
        let Value::Array(list) = target else { return };
        // `k[][a]=1&k[][b]=2` is one entry until a key repeats, as in Rack.
        let open = rest.first().is_some_and(|next| list.last().is_some_and(|last| last.is_object() && last.get(*next).is_none()));
        let index = part.parse::<usize>().ok().filter(|index| *index < list.len());
        match index {
            Some(index) => place(&mut list[index], rest, value),
            None if part.is_empty() && open => {
                let last = list.len() - 1;
                place(&mut list[last], rest, value);
            }
            None => {
                let mut item = Value::Null;
                place(&mut item, rest, value);
                list.push(item);
            }
        }
        return;
    }
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    if let Value::Object(map) = target {
        place(map.entry((*part).to_owned()).or_insert(Value::Null), rest, value);
    }
}

async fn multipart(content_type: &str, body: Bytes, map: &mut Map<String, Value>) -> ApiResult<()> {
    let refuse = |error: multer::Error| ApiError::bad(format!("failed to read the form: {error}"));
    let boundary = multer::parse_boundary(content_type).map_err(refuse)?;
    let stream = futures::stream::once(async move { Ok::<_, std::io::Error>(body) });
    let mut form = multer::Multipart::new(stream, boundary);
    while let Some(field) = form.next_field().await.map_err(refuse)? {
        let name = field.name().unwrap_or_default().to_owned();
        let text = field.text().await.map_err(refuse)?;
        insert(map, &name, Value::String(text));
    }
    Ok(())
}

impl<S: Send + Sync> FromRequest<S> for Params {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let Self(mut map) = Self::from_query(request.uri().query().unwrap_or_default());
        let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        let body = Bytes::from_request(request, state).await.map_err(|_| ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "413 Request Entity Too Large"))?;
        if body.is_empty() {
            return Ok(Self(map));
        }
        let kind = content_type.split(';').next().unwrap_or_default().trim().to_lowercase();
        match kind.as_str() {
            "application/x-www-form-urlencoded" => {
                for (key, value) in url::form_urlencoded::parse(&body) {
                    insert(&mut map, &key, Value::String(value.into_owned()));
                }
            }
            "multipart/form-data" => multipart(&content_type, body, &mut map).await?,
            "" | "application/json" | "text/json" => match serde_json::from_slice::<Value>(&body) {
                Ok(Value::Object(sent)) => map.extend(sent),
                Ok(_) => {}
                Err(_) => {
                    let fields = serde_json::json!({ "message": "Invalid json", "error": "Invalid json" });
                    return Err(ApiError::Json(StatusCode::BAD_REQUEST, fields));
                }
            },
            other => return Err(ApiError::bad(format!("Unsupported Content-Type: {other}"))),
        }
        Ok(Self(map))
    }
}

#[cfg(test)]
mod tests {
    use super::Params;

    #[test]
    fn nesting() {
        let found = |query: &str| serde_json::to_string(&Params::from_query(query).0).unwrap_or_default();
        assert_eq!(found("a=1&k[]=x&k[]=y&h[s]=v"), r#"{"a":"1","k":["x","y"],"h":{"s":"v"}}"#);
        assert_eq!(found("v[0][key]=A&v[0][value]=B&v[1][key]=C"), r#"{"v":[{"key":"A","value":"B"},{"key":"C"}]}"#);
        assert_eq!(found("v[][key]=A&v[][value]=B&v[][key]=C"), r#"{"v":[{"key":"A","value":"B"},{"key":"C"}]}"#);
    }

    #[test]
    fn too_deep_is_left_out() {
        let query = format!("a{}=1&b=2", "[b]".repeat(20_000));
        let params = Params::from_query(&query);
        assert!(!params.has("a"));
        assert!(params.has("b"));
    }

    #[test]
    fn booleans() {
        for (text, expected) in [("True", Some(true)), ("0", Some(false)), ("on", Some(true)), ("", None)] {
            let params = Params::from_query(&format!("x={text}"));
            assert_eq!(params.flag("x").ok().flatten(), expected, "{text}");
        }
        assert!(Params::from_query("x=maybe").flag("x").is_err());
    }
}
