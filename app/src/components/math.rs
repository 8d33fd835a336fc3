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

/// What such elements may say about themselves; anything else, styles and classes too, goes.
const ATTRIBUTES: [&str; 18] = [
    "xmlns",
    "display",
    "displaystyle",
    "scriptlevel",
    "mathvariant",
    "form",
    "fence",
    "separator",
    "stretchy",
    "symmetric",
    "movablelimits",
    "accent",
    "accentunder",
    "lspace",
    "rspace",
    "minsize",
    "linethickness",
    "columnalign",
];

/// The words of a tag with the attributes that it may have, each written anew; nothing for a tag of
/// another kind, or one that is not `name="value"` throughout.
fn tag(text: &str) -> Option<String> {
    let (close, text) = text.strip_prefix('/').map_or(("", text), |text| ("/", text));
    let (text, end) = text.trim_end().strip_suffix('/').map_or((text, ""), |text| (text, "/"));
    let (name, mut rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    if !ELEMENTS.contains(&name) {
        return None;
    }
    let mut out = format!("<{close}{name}");
    while !rest.trim().is_empty() {
        let (attribute, after) = rest.trim_start().split_once("=\"")?;
        let (value, after) = after.split_once('"')?;
        let plain = value.chars().all(|c| c.is_ascii_alphanumeric() || " .,%#:/-".contains(c));
        if ATTRIBUTES.contains(&attribute) && plain {
            out.push_str(&format!(" {attribute}=\"{value}\""));
        }
        rest = after;
    }
    Some(out + end + ">")
}

/// A formula with nothing in it but such elements and attributes, or nothing.
fn harmless(mathml: &str) -> Option<String> {
    let mut out = String::with_capacity(mathml.len());
    let mut rest = mathml;
    while let Some((before, after)) = rest.split_once('<') {
        let (inside, after) = after.split_once('>')?;
        out.push_str(before);
        out.push_str(&tag(inside)?);
        rest = after;
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
        for (text, expected) in [
            ("<math><mi onclick=\"x\">y</mi></math>", Some("<math><mi>y</mi></math>")),
            (
                "<math xmlns=\"http://www.w3.org/1998/Math/MathML\" onclick=\"x\" style=\"a\"><mspace lspace=\"1em\" /></math>",
                Some("<math xmlns=\"http://www.w3.org/1998/Math/MathML\"><mspace lspace=\"1em\"/></math>"),
            ),
            ("<math display=\"block\"><mi lspace=\"javascript&#58;x\">y</mi></math>", Some("<math display=\"block\"><mi>y</mi></math>")),
            ("<math><mi onclick=x>y</mi></math>", None),
            ("<math><mi lspace=\"a>b\">y</mi></math>", None),
            ("<math><mi", None),
        ] {
            assert_eq!(harmless(text).as_deref(), expected, "{text}");
        }
    }
}
