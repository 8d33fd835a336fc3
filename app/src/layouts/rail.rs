//! The rail: one square an instance, always in sight.

use leptos::prelude::*;
use leptos_router::hooks::use_location;

use crate::bootstrap::Bootstrap;
use crate::routes::Route;

/// Two letters for a name.
fn initials(name: &str) -> String {
    let words: Vec<&str> = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    match words.as_slice() {
        [one] => one.chars().take(2).collect::<String>().to_uppercase(),
        [first, second, ..] => first.chars().take(1).chain(second.chars().take(1)).collect::<String>().to_uppercase(),
        [] => "?".to_owned(),
    }
}

/// One of eight colours, the same on every visit.
fn hue(id: &str) -> String {
    (id.bytes().fold(7_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte))) % 8).to_string()
}

/// The rail.
#[component]
pub fn Rail() -> impl IntoView {
    let bootstrap = expect_context::<Bootstrap>();
    let path = use_location().pathname;
    let here = Memo::new(move |_| Route::parse(&path.get()).instance().map(str::to_owned));
    let squares = bootstrap.instances.iter().map(|instance| {
        let id = instance.id.clone();
        let signed_in = bootstrap.person(&instance.backend).is_some();
        let to = Route::Library { instance: id.clone(), kind: None };
        let href = if signed_in { to.to_string() } else { to.sign_in(&instance.backend) };
        let title = if signed_in { instance.name.clone() } else { format!("{} (signed out)", instance.name) };
        let words = title.clone();
        let current = move || (here.get().as_deref() == Some(&id)).then_some("page");
        view! {
            <li>
                <a class="square" href=href rel=(!signed_in).then_some("external") data-hue=hue(&instance.id) data-out=(!signed_in).then_some("") aria-current=current title=title.clone()>
                    <span aria-hidden="true">{initials(&instance.name)}</span><span class="only-read">{words}</span>
                </a>
            </li>
        }
    });
    view! { <nav class="rail" aria-label="Instances"><ul>{squares.collect_view()}</ul></nav> }
}
