//! Words to be taken away.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::browser;
use crate::ui::icon::{Icon, Picture};
use crate::ui::toast::Toasts;

/// Words to be taken away, with a button for that.
pub fn snippet(title: &'static str, about: &'static str, text: String) -> AnyView {
    let toasts = expect_context::<Toasts>();
    let taken = text.clone();
    let copy = move |_| {
        let text = taken.clone();
        spawn_local(async move {
            if browser::copy(&text).await { toasts.good("Copied.") } else { toasts.bad("The browser did not let us copy.", "Select the text and copy it by hand.") }
        });
    };
    view! {
        <section class="snippet">
            <div class="snippet-head"><h3>{title}</h3><button type="button" class="button" data-variant="quiet" on:click=copy><Picture icon=Icon::Copy/><span class="only-read">{format!("Copy: {title}")}</span></button></div>
            <p class="faint">{about}</p>
            <pre tabindex="0"><code>{text}</code></pre>
        </section>
    }
    .into_any()
}
