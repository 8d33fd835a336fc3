//! Going on to another page when something is done, unless whoever waited for it has left meanwhile.

use std::rc::Rc;

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

type Go = Rc<dyn Fn(&str)>;

/// The way on from the component that made it.
#[derive(Clone, Copy)]
pub struct Onward(StoredValue<Go, LocalStorage>);

impl Onward {
    /// From the component that is being made.
    #[must_use]
    pub fn here() -> Self {
        let navigate = use_navigate();
        Self(StoredValue::new_local(Rc::new(move |href| navigate(href, NavigateOptions::default()))))
    }

    /// Goes to `href`; `false`, and nothing happens, when the component is gone.
    pub fn to(self, href: &str) -> bool {
        self.0.try_get_value().inspect(|go| go(href)).is_some()
    }
}
