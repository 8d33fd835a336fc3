// A view in a page of somebody else tells that page how tall it is, and hears which theme it has.
// Messages go to the pages that the grant names, by exact origin, and come from no others.

const VERSION = 1;

// The page that frames us, if it is one of those.
function parentOf(parents) {
  const known = [...(location.ancestorOrigins ?? [])][0] ?? (document.referrer && new URL(document.referrer).origin);
  return known ? parents.filter((parent) => parent === known) : parents;
}

export function live(parents, theme) {
  const show = (name) => {
    if (name === 'light' || name === 'dark') document.documentElement.dataset.theme = name;
  };
  show(theme);
  if (window.parent === window) return;
  const origins = parentOf(parents);
  let told = 0;
  const tell = () => {
    const height = Math.ceil(document.getElementById('main')?.getBoundingClientRect().height ?? 0);
    if (!height || height === told) return;
    told = height;
    for (const origin of origins) window.parent.postMessage({ type: 'twinport:height', version: VERSION, height }, origin);
  };
  new ResizeObserver(tell).observe(document.getElementById('main'));
  tell();
  window.addEventListener('message', (event) => {
    if (event.source !== window.parent || !parents.includes(event.origin)) return;
    const said = event.data;
    if (said && typeof said === 'object' && said.type === 'twinport:theme' && said.version === VERSION) show(said.theme);
  });
}
