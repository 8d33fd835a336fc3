// The editor: CodeMirror with what configuration files and scripts need, in the colours of the page.
import { closeBrackets, closeBracketsKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, indentWithTab } from '@codemirror/commands';
import { HighlightStyle, StreamLanguage, bracketMatching, indentOnInput, syntaxHighlighting } from '@codemirror/language';
import { javascript, json } from '@codemirror/legacy-modes/mode/javascript';
import { properties } from '@codemirror/legacy-modes/mode/properties';
import { python } from '@codemirror/legacy-modes/mode/python';
import { shell } from '@codemirror/legacy-modes/mode/shell';
import { toml } from '@codemirror/legacy-modes/mode/toml';
import { xml } from '@codemirror/legacy-modes/mode/xml';
import { yaml } from '@codemirror/legacy-modes/mode/yaml';
import { lintGutter, setDiagnostics } from '@codemirror/lint';
import { highlightSelectionMatches, openSearchPanel, search, searchKeymap } from '@codemirror/search';
import { EditorState } from '@codemirror/state';
import { EditorView, drawSelection, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';

// Headings, emphasis, code and links are all that one line of Markdown shows.
const markdown = {
  startState: () => ({ fence: false }),
  token(stream, state) {
    if (stream.sol() && stream.match(/^\s*```/)) {
      state.fence = !state.fence;
      stream.skipToEnd();
      return 'meta';
    }
    if (state.fence) {
      stream.skipToEnd();
      return 'string';
    }
    if (stream.sol() && stream.match(/^#{1,6}\s.*/)) return 'heading';
    if (stream.sol() && stream.match(/^\s*([-*+]|\d+\.)\s/)) return 'keyword';
    if (stream.match(/^`[^`]*`/)) return 'string';
    if (stream.match(/^\*\*[^*]+\*\*/)) return 'strong';
    if (stream.match(/^!?\[[^\]]*\]\([^)]*\)/)) return 'link';
    stream.next();
    return null;
  },
};

const ENDINGS = { json, ipynb: json, js: javascript, yml: yaml, yaml, py: python, toml, xml, ini: properties, cfg: properties, conf: properties, sh: shell, bash: shell, md: markdown, lock: json };

function language(path, text) {
  const name = path.split('/').pop();
  const mode = name.includes('.') ? ENDINGS[name.split('.').pop().toLowerCase()] : /^#!.*python/.test(text) ? python : shell;
  return mode ? StreamLanguage.define(mode) : [];
}

const colours = HighlightStyle.define([
  { tag: tags.comment, color: 'var(--ink-2)', fontStyle: 'italic' },
  { tag: [tags.keyword, tags.tagName, tags.heading, tags.definitionKeyword], color: 'var(--plot-4)' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--good)' },
  { tag: [tags.number, tags.bool, tags.atom, tags.null], color: 'var(--plot-2)' },
  { tag: [tags.propertyName, tags.attributeName, tags.definition(tags.variableName)], color: 'var(--active)' },
  { tag: [tags.link, tags.url], color: 'var(--accent)' },
  { tag: tags.heading, fontWeight: '600' },
  { tag: tags.strong, fontWeight: '600' },
  { tag: tags.invalid, color: 'var(--bad)' },
]);

const look = EditorView.theme({
  '&': { height: '100%', fontSize: '13px', backgroundColor: 'var(--log-ground)', color: 'var(--ink)' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '1.55' },
  '.cm-content': { caretColor: 'var(--ink)' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '.cm-gutters': { backgroundColor: 'var(--log-ground)', color: 'var(--ink-2)', border: 'none' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'var(--surface-2)' },
  '&.cm-focused .cm-selectionBackground, .cm-selectionBackground': { backgroundColor: 'var(--active-soft) !important' },
  '.cm-panels': { backgroundColor: 'var(--surface)', color: 'var(--ink)', borderColor: 'var(--line)' },
  '.cm-panel.cm-search': { padding: '8px', fontFamily: 'system-ui, sans-serif' },
  '.cm-textfield': { border: '1px solid var(--line-2)', borderRadius: '6px', backgroundColor: 'var(--surface)', color: 'var(--ink)', fontSize: '13px' },
  '.cm-button': { backgroundImage: 'none', backgroundColor: 'var(--surface-2)', border: '1px solid var(--line-2)', borderRadius: '6px', color: 'var(--ink)', fontSize: '13px' },
  '.cm-searchMatch': { backgroundColor: 'var(--warn-soft)' },
  '.cm-tooltip': { backgroundColor: 'var(--surface)', border: '1px solid var(--line)', color: 'var(--ink)' },
});

// CodeMirror's styles are made while it runs. Below a shadow root it takes sheets that the page's
// policy allows; elements it would put into the document are not.
export function open(element, path, text, changed, save) {
  const root = element.shadowRoot ?? element.attachShadow({ mode: 'open' });
  const view = new EditorView({
    parent: root, root,
    state: EditorState.create({
      doc: text,
      extensions: [
        // Line ends stay what they are.
        ...(text.includes('\r\n') ? [EditorState.lineSeparator.of('\r\n')] : []), lineNumbers(), highlightActiveLine(), highlightActiveLineGutter(), history(), drawSelection(), indentOnInput(), bracketMatching(), closeBrackets(),
        highlightSelectionMatches(), search({ top: true }), lintGutter(), syntaxHighlighting(colours), look, language(path, text), EditorState.tabSize.of(4),
        EditorView.contentAttributes.of({ 'aria-label': `Text of ${path}` }),
        keymap.of([{ key: 'Mod-s', preventDefault: true, run: () => (save(), true) }, ...closeBracketsKeymap, ...searchKeymap, ...historyKeymap, ...defaultKeymap, indentWithTab]),
        EditorView.updateListener.of((update) => update.docChanged && changed(update.state.sliceDoc())),
      ],
    }),
  });
  return view;
}

export function replace(view, text) {
  view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
}

export function find(view) {
  openSearchPanel(view);
}

export function go(view, line) {
  const place = view.state.doc.line(Math.max(1, Math.min(line, view.state.doc.lines)));
  view.dispatch({ selection: { anchor: place.from }, effects: EditorView.scrollIntoView(place.from, { y: 'center' }) });
  view.focus();
}

// Findings as [line, severity, words].
export function mark(view, findings) {
  const list = findings.map(([line, severity, message]) => {
    const place = view.state.doc.line(Math.max(1, Math.min(line, view.state.doc.lines)));
    return { from: place.from, to: place.to, severity, message };
  });
  view.dispatch(setDiagnostics(view.state, list));
}

export function close(view) {
  view.destroy();
}
