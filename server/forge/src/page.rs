//! Lists with GitLab's paging headers: offset pages, and keyset where GitLab has it.

use axum::Json;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use crate::error::{ApiError, ApiResult};
use crate::params::Params;

/// Which slice of a list is wanted.
#[derive(Debug, Clone, Copy)]
pub struct Paging {
    /// From 1.
    pub page: usize,
    /// 1 to 100.
    pub per_page: usize,
}

impl Paging {
    /// `page` and `per_page`, clamped as GitLab does.
    pub fn read(params: &Params) -> ApiResult<Self> {
        let page = params.number("page")?.unwrap_or(1);
        let per_page = params.number("per_page")?.unwrap_or(20);
        if per_page < 1 {
            return Err(ApiError::Parameter("per_page has a value not allowed".to_owned()));
        }
        let clamp = |number: i64, most: usize| usize::try_from(number).unwrap_or(1).clamp(1, most);
        Ok(Self { page: clamp(page, 1_000_000), per_page: clamp(per_page, 100) })
    }

    /// How many entries come before.
    #[must_use]
    pub fn skip(self) -> usize {
        (self.page - 1) * self.per_page
    }
}

/// Where this list is, to build links to its other pages.
#[derive(Debug, Clone)]
pub struct Place {
    /// The absolute URL without query.
    pub url: String,
    /// The query as it was sent.
    pub query: String,
}

impl Place {
    fn link(&self, replaced: &[(&str, String)]) -> String {
        let names: Vec<&str> = replaced.iter().map(|(key, _)| *key).collect();
        let mut pairs = Params::query_pairs(&self.query, &names);
        pairs.extend(replaced.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        format!("{}?{query}", self.url)
    }
}

fn put(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// One page out of a list that is in memory, with totals.
pub fn whole_list(place: &Place, paging: Paging, items: Vec<Value>) -> Response {
    let total = items.len();
    let slice: Vec<Value> = items.into_iter().skip(paging.skip()).take(paging.per_page).collect();
    respond(place, paging, slice, Some(total), false)
}

/// One page that was cut elsewhere; `total` where it is known, `more` where it is not.
pub fn respond(place: &Place, paging: Paging, items: Vec<Value>, total: Option<usize>, more: bool) -> Response {
    let pages = total.map(|total| total.div_ceil(paging.per_page).max(1));
    let has_next = pages.map_or(more, |pages| paging.page < pages);
    let mut headers = HeaderMap::new();
    let number = |wanted: bool, number: usize| if wanted { number.to_string() } else { String::new() };
    put(&mut headers, "x-page", &paging.page.to_string());
    put(&mut headers, "x-per-page", &paging.per_page.to_string());
    put(&mut headers, "x-prev-page", &number(paging.page > 1, paging.page.saturating_sub(1)));
    put(&mut headers, "x-next-page", &number(has_next, paging.page + 1));
    let link = |page: usize, rel: &str| {
        let url = place.link(&[("page", page.to_string()), ("per_page", paging.per_page.to_string())]);
        format!("<{url}>; rel=\"{rel}\"")
    };
    let mut links = Vec::new();
    if paging.page > 1 {
        links.push(link(paging.page - 1, "prev"));
    }
    if has_next {
        links.push(link(paging.page + 1, "next"));
    }
    links.push(link(1, "first"));
    if let (Some(total), Some(pages)) = (total, pages) {
        put(&mut headers, "x-total", &total.to_string());
        put(&mut headers, "x-total-pages", &pages.to_string());
        links.push(link(pages, "last"));
    }
    put(&mut headers, "link", &links.join(", "));
    (headers, Json(items)).into_response()
}

/// A keyset page: only `rel="next"`, with the cursor in `parameter`.
pub fn keyset(place: &Place, items: Vec<Value>, next: Option<(&str, String)>) -> Response {
    let mut headers = HeaderMap::new();
    if let Some((parameter, cursor)) = next {
        let url = place.link(&[(parameter, cursor)]);
        put(&mut headers, "link", &format!("<{url}>; rel=\"next\""));
    }
    (headers, Json(items)).into_response()
}

/// A keyset page of things with names: those behind `page_token`, as GitLab pages branches and tags.
pub fn named(place: &Place, params: &Params, items: Vec<(String, Value)>) -> ApiResult {
    let paging = Paging::read(params)?;
    if params.filled("pagination").as_deref() != Some("keyset") {
        return Ok(whole_list(place, paging, items.into_iter().map(|(_, value)| value).collect()));
    }
    let token = params.filled("page_token");
    let start = token.as_ref().map_or(0, |token| items.iter().position(|(name, _)| name == token).map_or(items.len(), |at| at + 1));
    let (names, page): (Vec<String>, Vec<Value>) = items.into_iter().skip(start).take(paging.per_page).unzip();
    let next = names.last().filter(|_| page.len() == paging.per_page).map(|name| ("page_token", name.clone()));
    Ok(keyset(place, page, next))
}

impl axum::extract::FromRequestParts<crate::Forge> for Place {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut axum::http::request::Parts, forge: &crate::Forge) -> Result<Self, ApiError> {
        use axum::extract::OriginalUri;
        let uri = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |original| &original.0);
        let path = uri.path().strip_prefix(forge.mount().as_str()).unwrap_or(uri.path()).trim_start_matches('/');
        Ok(Self { url: forge.url(path), query: uri.query().unwrap_or_default().to_owned() })
    }
}
