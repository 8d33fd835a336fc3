//! A notebook to be read: its text, code and what that left. Nothing of it is run.

use leptos::prelude::*;
use twin::notebook::{Cell, CellKind, Notebook, Output};

use super::parts;
use crate::ui::notice::{Notice, Tone};

/// Cells that are shown.
const SHOWN: usize = 300;

fn output(output: Output) -> AnyView {
    match output {
        Output::Text(text) => view! { <pre class="cell-output">{text}</pre> }.into_any(),
        Output::Error(text) => view! { <pre class="cell-output" data-variant="bad">{text}</pre> }.into_any(),
        Output::Picture(kind, data) => match crate::browser::picture(kind, &data) {
            Some(address) => view! { <img class="picture" src=address alt="Output of the cell"/> }.into_any(),
            None => view! { <p class="faint">"A picture that cannot be read."</p> }.into_any(),
        },
        Output::Other(kinds) => view! { <p class="faint">{format!("An output of the kind {kinds}, which is not shown here.")}</p> }.into_any(),
    }
}

fn cell(cell: Cell, folder: String) -> AnyView {
    match cell.kind {
        CellKind::Markdown => view! { <div class="cell">{parts::markdown(cell.source, folder)}</div> }.into_any(),
        CellKind::Code => {
            let count = cell.count.map_or_else(|| "[ ]".to_owned(), |count| format!("[{count}]"));
            view! { <div class="cell"><pre class="cell-code"><span class="cell-count" aria-hidden="true">{count}</span><code>{cell.source}</code></pre>{cell.outputs.into_iter().map(output).collect_view()}</div> }.into_any()
        }
        CellKind::Raw => view! { <div class="cell"><pre>{cell.source}</pre></div> }.into_any(),
    }
}

/// The notebook.
#[component]
pub fn NotebookView(text: String, folder: String) -> impl IntoView {
    match Notebook::parse(&text) {
        Err(why) => view! { <Notice tone=Tone::Bad title="This notebook cannot be shown." text=why/> }.into_any(),
        Ok(notebook) => {
            let total = notebook.cells.len();
            let cells = notebook.cells.into_iter().take(SHOWN).map(|one| cell(one, folder.clone())).collect_view();
            view! { <div class="notebook">{cells}</div>{(total > SHOWN).then(|| view! { <p class="faint">{format!("The first {SHOWN} of {total} cells.")}</p> })} }.into_any()
        }
    }
}
