//! What comes in a file of its own, fetched when it is first shown. The server renders the shape of
//! it only; a file that does not arrive leaves a notice, and the rest of the page as it is.

use std::future::Future;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::{LocalBoxFuture, join};

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos::wasm_split::SplitLoaderError;
use leptos_meta::Title;

use super::dynamic::dynamic;
use super::loaded::Skeleton;
use super::notice::{Notice, Tone};
use crate::browser;

/// A view, or the news that its file did not arrive.
pub type Arrived = Result<AnyView, SplitLoaderError>;

/// A part that only browsers show. The server renders no part that comes later, so it is built without them, which takes
/// half the time.
macro_rules! in_browser {
    ($view:expr) => {{
        #[cfg(any(feature = "hydrate", test))]
        let view = Ok($view);
        #[cfg(not(any(feature = "hydrate", test)))]
        let view = Ok(leptos::prelude::IntoAny::into_any(()));
        view
    }};
}
pub(crate) use in_browser;

/// Where the file stands.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Stage {
    Coming,
    Here,
    Lost,
}

/// Shows `part` when `fetch` has brought its file. By then `part` answers at once, so that it is
/// made where it is shown, and ends with it. A whole page has a `heading`, which stands there before it.
pub fn later<F, P>(heading: Option<String>, fetch: impl Fn() -> F + Copy + Send + Sync + 'static, part: impl Fn() -> P + Send + 'static) -> AnyView
where
    F: Future<Output = Result<(), SplitLoaderError>> + 'static,
    P: Future<Output = Arrived> + 'static,
{
    boxed(heading, Arc::new(move || fetch().boxed_local()), Box::new(move || part().now_or_never().and_then(Result::ok)))
}

/// Shows `part` once `fetch` has brought its file, and nothing before or where it does not come: for what a page is whole without.
pub fn quietly<F, P>(fetch: impl Fn() -> F + 'static, part: impl Fn() -> P + Send + 'static) -> AnyView
where
    F: Future<Output = Result<(), SplitLoaderError>> + 'static,
    P: Future<Output = Arrived> + 'static,
{
    let here = RwSignal::new(false);
    Effect::new(move |_| {
        let coming = fetch();
        spawn_local(async move {
            if coming.await.is_ok() {
                let _ = here.try_set(true);
            }
        });
    });
    dynamic(move || here.get().then(|| part().now_or_never().and_then(Result::ok))).into_any()
}

/// Brings a file.
type Fetch = Arc<dyn Fn() -> LocalBoxFuture<'static, Result<(), SplitLoaderError>> + Send + Sync>;

/// One copy of it for all parts.
fn boxed(heading: Option<String>, fetch: Fetch, part: Box<dyn Fn() -> Option<AnyView> + Send>) -> AnyView {
    let stage = RwSignal::new(Stage::Coming);
    let fetch = StoredValue::new(fetch);
    let again = move || {
        stage.set(Stage::Coming);
        let Some(fetch) = fetch.try_get_value() else { return };
        spawn_local(async move {
            let (arrived, ()) = join(fetch(), browser::sheet()).await;
            let _ = stage.try_set(if arrived.is_ok() { Stage::Here } else { Stage::Lost });
        });
    };
    Effect::new(move |_| again());
    let now = move || match stage.get() {
        Stage::Coming => view! { {before(&heading)}<Skeleton rows=6 label="Loading"/> }.into_any(),
        Stage::Here => part().unwrap_or_else(|| lost(&heading, again)),
        Stage::Lost => lost(&heading, again),
    };
    dynamic(now).into_any()
}

/// Title and heading of a page that is not here yet.
fn before(heading: &Option<String>) -> AnyView {
    let shown = |heading: String| view! { <Title text=heading.clone()/><div class="page-head"><h1>{heading}</h1></div> };
    heading.clone().map(shown).into_any()
}

fn lost(heading: &Option<String>, again: impl Fn() + Send + 'static) -> AnyView {
    view! {
        {before(heading)}
        <Notice tone=Tone::Bad title="This part of the app could not be loaded from the Twinport server." text="It may be down, or just have been updated. Try again; if that does not help, reload.">
            <button type="button" class="button" on:click=move |_| again()>"Try again"</button>
        </Notice>
    }
    .into_any()
}
