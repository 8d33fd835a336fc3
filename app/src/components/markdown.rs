//! READMEs: GitHub-flavoured Markdown to HTML in which nothing can act. This is the only place
//! where HTML is made from text, and the only `inner_html`.

use super::file_view::{Whose, picture_kind};
use super::math::{Formula, mathml};
use crate::browser::files::{pictures_in, show_picture};
use crate::queries::twin::file;
use leptos::html::Div;
use leptos::prelude::*;
use leptos::task::spawn_local;
use pulldown_cmark::{CowStr, Event, LinkType, Options, Parser, Tag, TagEnd, html};

/// What ids of a text begin with, so that none is one of the page's own.
const OWN: &str = "md-";

/// The id of a heading, as GitLab makes it: words in small letters with `-` between them.
fn anchor(text: &str) -> String {
    let words: String = text.trim().to_lowercase().chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_')).collect();
    format!("{OWN}{}", words.replace(' ', "-"))
}

/// Gives headings their ids, and footnotes ids of their own.
fn named(mut events: Vec<Event<'_>>) -> Vec<Event<'_>> {
    for place in 0..events.len() {
        if let Event::Start(Tag::Heading { .. }) = &events[place] {
            let inner = events[place..].iter().take_while(|event| !matches!(event, Event::End(TagEnd::Heading(_))));
            let text: String = inner.filter_map(|event| if let Event::Text(text) | Event::Code(text) = event { Some(text.as_ref()) } else { None }).collect();
            if let Event::Start(Tag::Heading { id, .. }) = &mut events[place] {
                *id = Some(CowStr::from(anchor(&text)));
            }
        }
        match &mut events[place] {
            Event::FootnoteReference(label) | Event::Start(Tag::FootnoteDefinition(label)) => *label = CowStr::from(format!("{OWN}note-{label}")),
            _ => {}
        }
    }
    events
}

/// Where a link may lead: to the web, to mail, within the page, or to a file beside this one.
fn destination(url: &str, folder: &str) -> Option<String> {
    let clean = url.trim();
    let lower = clean.to_lowercase();
    if lower.starts_with("https://") || lower.starts_with("http://") || lower.starts_with("mailto:") {
        return Some(clean.to_owned());
    }
    if let Some(heading) = clean.strip_prefix('#') {
        return Some(format!("#{OWN}{heading}"));
    }
    inside(clean, folder).map(|path| format!("?file={}", percent_encoding::utf8_percent_encode(&path, percent_encoding::NON_ALPHANUMERIC)))
}

/// The file of the project that a relative address means; nothing for one with a scheme of its own,
/// or that leaves this server.
fn inside(url: &str, folder: &str) -> Option<String> {
    let clean = url.trim();
    let scheme = clean.split(['/', '?', '#']).next().is_some_and(|first| first.contains(':'));
    if scheme || clean.starts_with('/') || clean.contains('\\') || clean.is_empty() {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in clean.split(['?', '#']).next().unwrap_or_default().split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let path = percent_encoding::percent_decode_str(&parts.join("/")).decode_utf8_lossy().into_owned();
    (!path.is_empty()).then_some(path)
}

/// Markdown to safe HTML: raw HTML becomes text, pictures of the same project become
/// places for them, others their descriptions, links are checked. `folder` is where relative links start.
#[must_use]
pub fn to_html(text: &str, folder: &str, formulas: &[Option<String>]) -> String {
    let options = Options::ENABLE_MATH
        | Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
    let mut dropped: Vec<bool> = Vec::new();
    let mut pictures: Vec<bool> = Vec::new();
    let mut formula = 0_usize;
    let events = Parser::new_ext(text, options).filter_map(|event| match event {
        Event::Html(raw) | Event::InlineHtml(raw) => Some(Event::Text(raw)),
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            let address = if link_type == LinkType::Email { Some(format!("mailto:{dest_url}")) } else { destination(&dest_url, folder) };
            dropped.push(address.is_none());
            let link_type = if link_type == LinkType::Email { LinkType::Inline } else { link_type };
            address.map(|address| Event::Start(Tag::Link { link_type, dest_url: CowStr::from(address), title, id }))
        }
        Event::End(TagEnd::Link) => (!dropped.pop().unwrap_or(false)).then_some(Event::End(TagEnd::Link)),
        // A picture of this asset is fetched with the person's own rights afterwards; one of another
        // server would tell that server who reads this.
        Event::Start(Tag::Image { dest_url, .. }) => match inside(&dest_url, folder) {
            Some(path) => {
                pictures.push(true);
                Some(Event::InlineHtml(CowStr::from(format!(
                    "<span class=\"md-picture\" data-file=\"{}\">",
                    percent_encoding::utf8_percent_encode(&path, percent_encoding::NON_ALPHANUMERIC)
                ))))
            }
            None => {
                pictures.push(false);
                Some(Event::Text(CowStr::from("[picture: ")))
            }
        },
        Event::End(TagEnd::Image) => Some(if pictures.pop() == Some(true) { Event::InlineHtml(CowStr::from("</span>")) } else { Event::Text(CowStr::from("]")) }),
        Event::InlineMath(tex) | Event::DisplayMath(tex) => {
            let known = formulas.get(formula).and_then(Option::as_ref);
            formula += 1;
            // Until it is drawn, and if it cannot be, a formula is what was written.
            Some(known.map_or(Event::Code(tex), |mathml| Event::InlineHtml(CowStr::from(mathml.clone()))))
        }
        other => Some(other),
    });
    let mut out = String::with_capacity(text.len() * 2);
    html::push_html(&mut out, named(events.collect()).into_iter());
    // Wide tables and code scroll by themselves, and can be reached by keyboard to do so.
    out.replace("<table>", "<div class=\"table-scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Table\"><table>")
        .replace("</table>", "</table></div>")
        .replace("<pre>", "<pre tabindex=\"0\">")
        .replace("<a href=\"http", "<a rel=\"noopener noreferrer nofollow\" href=\"http")
}

/// The formulas of a text, in order.
fn formulas_in(text: &str) -> Vec<Formula> {
    let found = Parser::new_ext(
        text,
        Options::ENABLE_MATH
            | Options::ENABLE_TABLES
            | Options::ENABLE_STRIKETHROUGH
            | Options::ENABLE_TASKLISTS
            | Options::ENABLE_FOOTNOTES
            | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS,
    );
    found
        .filter_map(|event| match event {
            Event::InlineMath(tex) => Some((tex.into_string(), false)),
            Event::DisplayMath(tex) => Some((tex.into_string(), true)),
            _ => None,
        })
        .collect()
}

/// Shows Markdown.
#[component]
pub fn Markdown(#[prop(into)] text: String, #[prop(into)] folder: String) -> impl IntoView {
    let place = NodeRef::<Div>::new();
    let html = RwSignal::new(to_html(&text, &folder, &[]));
    let formulas = formulas_in(&text);
    if !formulas.is_empty() {
        spawn_local(async move {
            let _ = html.try_set(to_html(&text, &folder, &mathml(formulas).await));
        });
    }
    if let Some(Whose(client, asset)) = use_context::<Whose>() {
        Effect::new(move |_| {
            html.track();
            let Some(element) = place.get() else { return };
            for (spot, path) in pictures_in(&element) {
                let (client, asset) = (client.clone(), asset.clone());
                let Some(kind) = picture_kind(&path) else { continue };
                spawn_local(async move {
                    if let Ok(bytes) = file(client, asset, path).await {
                        show_picture(&spot, &bytes, kind);
                    }
                });
            }
        });
    }
    view! { <div class="prose" node_ref=place inner_html=move || html.get()></div> }
}

#[cfg(test)]
mod tests {
    use super::to_html;

    #[test]
    fn nothing_acts() {
        for text in [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "[x](javascript:alert(1))",
            "[x](JaVaScRiPt:alert(1))",
            "[x](data:text/html,x)",
            "![x](https://evil.test/track.png)",
            "<a href='javascript:x'>y</a>",
            "[x](//evil.test)",
            "[x](vbscript:x)",
            "<javascript:alert(1)>",
            "[x](\\\\evil.test)",
        ] {
            let html = to_html(text, "a/b", &[]);
            let lower = html.to_lowercase();
            assert!(
                !lower.contains("<script") && !lower.contains("<img") && !lower.contains("href=\"javascript") && !lower.contains("href=\"data") && !lower.contains("href=\"//"),
                "{text}: {html}"
            );
            assert!(!lower.contains("href=\"vbscript"), "{html}");
        }
    }

    /// What is made holds nothing that `ammonia`, a sanitiser, would take away: its own defaults, and what we write besides.
    #[test]
    fn a_sanitiser_takes_nothing_away() {
        let mut ours = ammonia::Builder::default();
        ours.add_tags(["input", "section"]).add_generic_attributes(["class", "id", "tabindex", "role", "aria-label", "data-file"]);
        ours.add_tag_attributes("input", ["type", "checked", "disabled"]).add_tag_attributes("a", ["rel", "target"]).add_tag_attributes("ol", ["start"]).link_rel(None);
        ours.url_relative(ammonia::UrlRelative::PassThrough);
        let tags = |html: &str| -> Vec<String> {
            let inner = html.split('<').skip(1).filter_map(|part| part.split_once('>'));
            let named = inner.map(|(tag, _)| tag.split([' ', '/', '\n']).next().unwrap_or_default().to_owned() + if tag.contains("href=") { " href" } else { "" });
            named.filter(|tag| !tag.is_empty()).collect()
        };
        let texts = [
            "<script>x</script>",
            "<svg><style><img src=x onerror=y>",
            "a <b>c</b>",
            "[x](javascript:y)",
            "[x](https://h.test \"t\")",
            "- [x] a\n- [ ] b",
            "|a|b|\n|:-|-:|\n|1|2|",
            "a[^1]\n\n[^1]: b",
            "# h *i* `c`\n\n> q\n\n1. a\n2. b",
            "```html\n<img>\n```",
            "![p](a.png) ![q](https://h.test/x.png)",
            "<math><mi//xlink:href=\"data:x,<script>y</script>\">",
            "~~s~~ **b**\\\nline",
            "<a href=\"x\" title=\"&quot;><img src=x onerror=y>\">z</a>",
            "[x](<a b.md>)",
            "<https://h.test/?a=1&b=2>",
            "<a@b.test>",
            "5. five",
        ];
        for text in texts {
            let html = to_html(text, "a/b", &[]);
            assert_eq!(tags(&ours.clean(&html).to_string()), tags(&html), "{text}: {html}");
        }
    }

    #[test]
    fn relative_links_name_files() {
        assert!(to_html("[x](../c/d.md)", "a/b", &[]).contains("href=\"?file=a%2Fc%2Fd%2Emd\""));
        assert!(to_html("[x](https://h.test)", "a", &[]).contains("href=\"https://h.test\""));
        let text = to_html("# Use `it` now!\n[x](#use-it-now)[^bootstrap]\n\n[^bootstrap]: y", "", &[]);
        assert!(text.contains("<h1 id=\"md-use-it-now\">") && text.contains("href=\"#md-use-it-now\"") && !text.contains("id=\"bootstrap\""), "{text}");
        assert!(to_html("|a|\n|-|\n|1|", "", &[]).contains("<table>"));
    }
}
