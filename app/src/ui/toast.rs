//! Short messages about acts that were not done in a form of their own. Bad news stays until it
//! is closed.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::icon::{Icon, Picture};

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Toast {
    number: u32,
    title: String,
    text: String,
    bad: bool,
}

/// All messages.
#[derive(Debug, Clone, Copy)]
pub struct Toasts {
    list: RwSignal<Vec<Toast>>,
    count: StoredValue<u32>,
}

/// Good news goes after so long.
const MILLISECONDS: u32 = 6_000;

impl Toasts {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self { list: RwSignal::new(Vec::new()), count: StoredValue::new(0) }
    }

    fn add(self, title: String, text: String, bad: bool) {
        self.count.update_value(|count| *count += 1);
        let number = self.count.get_value();
        self.list.update(|list| list.push(Toast { number, title, text, bad }));
        if !bad {
            spawn_local(async move {
                crate::browser::sleep(MILLISECONDS).await;
                self.close(number);
            });
        }
    }

    /// Good news.
    pub fn good(self, title: impl Into<String>) {
        self.add(title.into(), String::new(), false);
    }

    /// Bad news, with what to do.
    pub fn bad(self, title: impl Into<String>, text: impl Into<String>) {
        self.add(title.into(), text.into(), true);
    }

    fn close(self, number: u32) {
        let _ = self.list.try_update(|list| list.retain(|toast| toast.number != number));
    }
}

impl Default for Toasts {
    fn default() -> Self {
        Self::new()
    }
}

/// Where they appear.
#[component]
pub fn ToastList() -> impl IntoView {
    let toasts = expect_context::<Toasts>();
    view! {
        <div class="toasts" role="status" aria-live="polite">
            <For each=move || toasts.list.get() key=|toast| toast.number let:toast>
                <div class="toast" data-variant=if toast.bad { "bad" } else { "good" }>
                    <div><p class="notice-title">{toast.title.clone()}</p>{(!toast.text.is_empty()).then(|| view! { <p>{toast.text.clone()}</p> })}</div>
                    <button type="button" class="button" data-variant="quiet" on:click=move |_| toasts.close(toast.number)>
                        <Picture icon=Icon::Cross/><span class="only-read">"Close this message"</span>
                    </button>
                </div>
            </For>
        </div>
    }
}
