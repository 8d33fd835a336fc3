//! Series over a common axis. The table beside it says the same in numbers.

use leptos::html::Div;
use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::browser;

/// The plot.
#[component]
pub fn Plot(series: Vec<(String, Vec<f64>)>, #[prop(into)] name: String) -> impl IntoView {
    let place = NodeRef::<Div>::new();
    let failed = RwSignal::new(None::<String>);
    let series = StoredValue::new(series);
    Effect::new(move |_| {
        if let Some(element) = place.get() {
            spawn_local(async move {
                let outcome = browser::plot(&element, &series.get_value()).await;
                let _ = failed.try_set(outcome.err());
            });
        }
    });
    let names: Vec<String> = series.with_value(|series| series.iter().skip(1).map(|(name, _)| name.clone()).collect());
    let label = format!("Plot of {} from {name}; the table below has the numbers", names.join(", "));
    view! {
        <div class="plot" role="img" aria-label=label node_ref=place></div>
        {move || failed.get().map(|reason| view! { <p class="faint" role="status">{format!("The plot could not be drawn ({reason}). Reload the page to try again; the table has the numbers.")}</p> })}
    }
}
