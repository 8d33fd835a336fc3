//! The values of a JSON or YAML file as a form beside its text: each changes only its own characters.

use compose::parameters::{Field, Form, fields, set};
use leptos::prelude::*;

use crate::ui::dynamic::dynamic;

fn entry(number: usize, field: &Field, path: String, text: RwSignal<String>) -> AnyView {
    let id = format!("parameter-{number}");
    let wrong = RwSignal::new(None::<&'static str>);
    // A word is in the text at every key, as whoever leaves keeps the text. A number that is half typed is another number: it
    // waits until it is whole, and so does what is to be said of it.
    let change = move |value: String, whole: bool| {
        let Some(now) = text.try_get_untracked() else { return };
        // The places of values move with every change, so they are looked up anew.
        let Some(field) = fields(&path, &now).and_then(|fields| fields.get(number).cloned()) else { return };
        match set(&now, &field, &value) {
            Ok(new) => {
                wrong.set(None);
                if new != now {
                    text.set(new);
                }
            }
            Err(why) if whole => wrong.set(Some(why)),
            Err(_) => {}
        }
    };
    let control = match field.form {
        Form::Boolean => {
            let on = field.value == "true";
            view! { <select id=id.clone() on:change=move |event| change(event_target_value(&event), true)><option value="true" selected=on>"true"</option><option value="false" selected=!on>"false"</option></select> }.into_any()
        }
        _ => view! { <input id=id.clone() value=field.value.clone() autocomplete="off" spellcheck="false" on:input={ let (change, word) = (change.clone(), field.form != Form::Number); move |event| if word { change(event_target_value(&event), false) } } on:change=move |event| change(event_target_value(&event), true)/> }.into_any(),
    };
    let said = dynamic(move || wrong.get().map(|why| view! { <p class="field-wrong" role="alert">{why}</p> }));
    view! { <div class="field"><label for=id>{field.path.join(" › ")}</label>{control}{said}</div> }.into_any()
}

/// The form.
#[component]
pub fn ParameterForm(path: String, text: RwSignal<String>) -> impl IntoView {
    // It is made anew when fields come or go, and stays while only values change.
    let (of, stored) = (path.clone(), StoredValue::new(path));
    let shape =
        Memo::new(move |_| text.with(|text| fields(&of, text)).map(|fields| fields.iter().map(|field| (field.path.clone(), field.form == Form::Boolean)).collect::<Vec<_>>()));
    dynamic(move || match shape.get() {
        None => view! { <p class="faint">"The file cannot be read as it stands, or has too many values for a form. Its text is beside this."</p> }.into_any(),
        Some(list) if list.is_empty() => view! { <p class="faint">"It holds no single values."</p> }.into_any(),
        Some(_) => {
            let path = stored.get_value();
            let all = text.with_untracked(|text| fields(&path, text)).unwrap_or_default();
            all.iter().enumerate().map(|(number, field)| entry(number, field, path.clone(), text)).collect_view().into_any()
        }
    })
}
