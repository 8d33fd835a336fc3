//! What can go wrong with a request, GitLab's body shapes read into one message.

use serde_json::Value;

use crate::endpoint::Response;

/// A request that did not give what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No answer: down, blocked, or refused by CORS.
    #[error("backend did not answer")]
    Unreachable,
    /// The answer took longer than the time allowed.
    #[error("backend did not answer in time")]
    TimedOut,
    /// Nobody is signed in there, or the session has ended.
    #[error("not signed in")]
    SignedOut,
    /// 403.
    #[error("not allowed: {message}")]
    Forbidden {
        /// GitLab's words.
        message: String,
    },
    /// 404: absent, or not visible to this person.
    #[error("not found: {message}")]
    NotFound {
        /// GitLab's words.
        message: String,
    },
    /// 429.
    #[error("too many requests")]
    TooMany,
    /// Any other refusal.
    #[error("refused with {status}: {message}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// GitLab's words.
        message: String,
    },
    /// A body that is not what the API promises (an HTML page of a proxy, say).
    #[error("unreadable answer: {reason}")]
    Unreadable {
        /// The parser's words.
        reason: String,
    },
}

impl Error {
    /// The error that an answer outside 2xx stands for.
    #[must_use]
    pub fn from_response(response: &Response) -> Self {
        let message = message(&response.body);
        match response.status {
            401 => Self::SignedOut,
            403 => Self::Forbidden { message },
            404 => Self::NotFound { message },
            429 => Self::TooMany,
            status => Self::Refused { status, message },
        }
    }
}

/// GitLab's error bodies (GITLAB.md §2.3) as one sentence.
fn message(body: &[u8]) -> String {
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        return String::from_utf8_lossy(&body[..body.len().min(200)]).trim().to_owned();
    };
    let found = value.get("error_description").or_else(|| value.get("message")).or_else(|| value.get("error"));
    found.map(|found| sentence(None, found)).unwrap_or_default()
}

fn sentence(key: Option<&str>, value: &Value) -> String {
    match value {
        Value::String(text) => match key {
            Some(key) if key != "base" && key != "error" => format!("{key} {text}"),
            _ => text.clone(),
        },
        Value::Array(list) => list.iter().map(|item| sentence(key, item)).collect::<Vec<_>>().join("; "),
        Value::Object(map) => map.iter().map(|(key, item)| sentence(Some(key), item)).collect::<Vec<_>>().join("; "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::message;

    #[test]
    fn every_shape_becomes_a_sentence() {
        for (body, expected) in [
            (r#"{"message":"404 Project Not Found"}"#, "404 Project Not Found"),
            (r#"{"message":{"base":["Reference not found"]}}"#, "Reference not found"),
            (r#"{"message":{"path":["has already been taken"]}}"#, "path has already been taken"),
            (r#"{"message":["A","B"]}"#, "A; B"),
            (r#"{"error":"ref is missing"}"#, "ref is missing"),
            (r#"{"error":"invalid_token","error_description":"Token is expired."}"#, "Token is expired."),
            (r#"{"message":{"error":"Try again later."}}"#, "Try again later."),
            ("Retry later\n", "Retry later"),
        ] {
            assert_eq!(message(body.as_bytes()), expected);
        }
    }
}
