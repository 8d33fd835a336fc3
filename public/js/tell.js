// Tells somebody who looks elsewhere that something has ended.

// Whether it may: "granted", "denied", or "absent" where the browser has no such thing.
export async function allow() {
  if (!('Notification' in window)) return 'absent';
  return Notification.permission === 'default' ? Notification.requestPermission() : Notification.permission;
}

export function tell(title, body) {
  try {
    const one = new Notification(title, { body, tag: location.pathname });
    one.onclick = () => { window.focus(); one.close(); };
  } catch {
    // Chrome on Android shows them for service workers only: the name of the tab says it there.
    document.title = title;
  }
}
