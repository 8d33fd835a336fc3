// <twinport-view src="…" label="…" theme="light|dark"> in a page of somebody else: a frame that grows
// with what it shows and follows the theme of its page. It needs nothing but this file.

const VERSION = 1;
const SANDBOX = 'allow-scripts allow-same-origin allow-popups allow-popups-to-escape-sandbox';

class TwinportView extends HTMLElement {
  static observedAttributes = ['src', 'theme', 'label'];
  #frame;
  #hear = (event) => {
    // Only what our own frame says counts, and only from where it was loaded.
    if (!this.#frame || event.source !== this.#frame.contentWindow || event.origin !== this.#origin) return;
    const said = event.data;
    if (said?.type !== 'twinport:height' || said.version !== VERSION || !Number.isFinite(said.height)) return;
    this.#frame.height = Math.min(Math.max(Math.ceil(said.height), 40), 4000);
    this.dispatchEvent(new CustomEvent('twinport-height', { detail: said.height }));
  };

  get #origin() {
    try { return new URL(this.getAttribute('src'), location.href).origin; } catch { return ''; }
  }

  connectedCallback() {
    window.addEventListener('message', this.#hear);
    this.#show();
  }

  disconnectedCallback() {
    window.removeEventListener('message', this.#hear);
  }

  attributeChangedCallback(name) {
    if (!this.isConnected) return;
    if (name === 'theme' && this.#frame) this.#frame.contentWindow?.postMessage({ type: 'twinport:theme', version: VERSION, theme: this.getAttribute('theme') }, this.#origin);
    else this.#show();
  }

  #show() {
    const src = this.getAttribute('src');
    let url;
    try { url = new URL(src, location.href); } catch { url = null; }
    if (!src || !/^https?:$/.test(url?.protocol ?? '')) return this.replaceChildren();
    if (this.getAttribute('theme')) url.searchParams.set('theme', this.getAttribute('theme'));
    this.#frame ??= document.createElement('iframe');
    Object.assign(this.#frame, { title: this.getAttribute('label') || 'A view of Twinport', width: '100%', height: '420', loading: 'lazy', referrerPolicy: 'strict-origin-when-cross-origin' });
    this.#frame.setAttribute('sandbox', SANDBOX);
    this.#frame.setAttribute('frameborder', '0');
    if (this.#frame.src !== url.href) this.#frame.src = url.href;
    if (!this.#frame.isConnected) this.replaceChildren(this.#frame);
  }
}

customElements.define('twinport-view', TwinportView);
