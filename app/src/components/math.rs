//! Formulas in Markdown: TeX to MathML, which browsers draw themselves. The reader of TeX is in a file of
//! its own, which comes with the first formula.

#![allow(unsafe_code, reason = "what `wasm_split` expands to declares the other file's functions, in the browser only")]

use leptos::wasm_split::{SplitLoaderError, wasm_split};
use pulldown_latex::config::{DisplayMode, RenderConfig};
use pulldown_latex::{Parser, Storage, push_mathml};

/// A formula, and whether it stands on a line of its own.
pub type Formula = (String, bool);

/// Longer formulas stay as they are written, in bytes.
const LONGEST: usize = 4_000;

/// The elements that a formula may become (MathML Core), and those of no other kind.
const ELEMENTS: [&str; 30] = [
    "math",
    "semantics",
    "annotation",
    "mrow",
    "mi",
    "mo",
    "mn",
    "ms",
    "mtext",
    "mspace",
    "mfrac",
    "msqrt",
    "mroot",
    "mstyle",
    "merror",
    "mpadded",
    "mphantom",
    "msub",
    "msup",
    "msubsup",
    "munder",
    "mover",
    "munderover",
    "mmultiscripts",
    "mprescripts",
    "mtable",
    "mtr",
    "mtd",
    "none",
    "mlabeledtr",
];

/// Whether a text holds nothing but such elements, without anything that could act. The policy of
/// the page allows no style of theirs either, so those go.
fn harmless(mathml: &str) -> Option<String> {
    let mut out = String::with_capacity(mathml.len());
    let mut rest = mathml;
    while let Some(start) = rest.find('<') {
        out.push_str(&rest[..start]);
        let end = start + rest[start..].find('>')?;
        let tag = &rest[start + 1..end];
        let name = tag.trim_start_matches('/').split([' ', '/', '\n']).next()?;
        if !ELEMENTS.contains(&name) {
            return None;
        }
        out.push('<');
        let mut words = tag;
        while let Some(place) = words.find(" style=\"") {
            out.push_str(&words[..place]);
            words = words[place + 8..].split_once('"')?.1;
        }
        let lower = words.to_lowercase();
        if [" on", "href", "src", "javascript", "class"].iter().any(|word| lower.contains(word)) && lower.contains('=') && !lower.starts_with("math xmlns") {
            let plain =
                lower.split_whitespace().skip(1).all(|part| !part.starts_with("on") && !part.starts_with("href") && !part.starts_with("src") && !part.contains("javascript"));
            if !plain {
                return None;
            }
        }
        out.push_str(words);
        out.push('>');
        rest = &rest[end + 1..];
    }
    out.push_str(rest);
    Some(out)
}

fn one((text, display): &Formula) -> Option<String> {
    if text.len() > LONGEST {
        return None;
    }
    let storage = Storage::new();
    let events: Vec<_> = Parser::new(text, &storage).collect::<Result<_, _>>().ok()?;
    let config = RenderConfig { display_mode: if *display { DisplayMode::Block } else { DisplayMode::Inline }, ..RenderConfig::default() };
    let mut out = String::new();
    push_mathml(&mut out, events.into_iter().map(Ok::<_, std::convert::Infallible>), config).ok()?;
    harmless(&out)
}

#[wasm_split(part_math, wasm_split_path = leptos::wasm_split, fallible)]
fn all(list: Vec<Formula>) -> Result<Vec<Option<String>>, SplitLoaderError> {
    Ok(list.iter().map(one).collect())
}

/// The MathML of each formula, nothing for one that cannot be read.
pub async fn mathml(list: Vec<Formula>) -> Vec<Option<String>> {
    let count = list.len();
    all(list).await.unwrap_or_else(|_| vec![None; count])
}

#[cfg(test)]
mod tests {
    use super::{harmless, one};

    #[test]
    fn formulas_and_what_is_none() {
        let shown = one(&(r"\frac{a}{b} + \sqrt{x_1}".to_owned(), true)).unwrap_or_default();
        assert!(shown.contains("<mfrac") && shown.contains("<msqrt") && shown.starts_with("<math"), "{shown}");
        assert_eq!(one(&(r"\frac{".to_owned(), false)), None);
        for text in [r"\href{javascript:alert(1)}{x}", r"\text{<img src=x onerror=alert(1)>}", r"\class{x}{y}", r"<script>alert(1)</script>", r"\style{color:red}{x}"] {
            let shown = one(&(text.to_owned(), false)).unwrap_or_default();
            assert!(!shown.contains("<img") && !shown.contains("<script") && !shown.contains("href") && !shown.contains("style="), "{text}: {shown}");
        }
        assert_eq!(harmless("<math><script>x</script></math>"), None);
        assert_eq!(harmless("<math><mi onclick=\"x\">y</mi></math>"), None);
        assert_eq!(harmless("<math><mi style=\"a\">y</mi></math>").as_deref(), Some("<math><mi>y</mi></math>"));
    }
}
