// The way into a workspace without a browser: follow the links, keep the cookies.
import { connect } from 'node:net';

const raw = (port, text) => new Promise((done, fail) => {
  let all = '';
  const socket = connect(port, '127.0.0.1', () => socket.write(text));
  socket.on('data', (data) => (all += data)).on('end', () => done(all)).on('error', fail);
});

// Host, port, and the cookie that lets one in.
export async function passOf(server, name) {
  const jar = {};
  const ask = async (url) => {
    const answer = await fetch(url, { redirect: 'manual', headers: { Cookie: Object.entries(jar).map(([key, value]) => `${key}=${value}`).join('; '), Connection: 'close' } });
    for (const set of answer.headers.getSetCookie()) {
      const [pair] = set.split(';');
      const at = pair.indexOf('=');
      jar[pair.slice(0, at)] = pair.slice(at + 1);
    }
    await answer.text();
    return answer.headers.get('location') && new URL(answer.headers.get('location'), url).href;
  };
  let to = server.link;
  for (let turn = 0; turn < 12 && to; turn += 1) to = await ask(to);
  // Node does not know the hosts below localhost on every system, so these heads are written by hand.
  const inside = async (address, cookie) => {
    const { host, port, pathname, search } = new URL(address);
    const head = await raw(port, `GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${cookie ? `Cookie: ${cookie}\r\n` : ''}\r\n`);
    return { head, to: head.match(/location: (\S+)/i)?.[1] };
  };
  const begun = await inside(await ask(`${server.url}/workspaces/enter/${name}`));
  const ticket = new URL(await ask(begun.to));
  const { head } = await inside(ticket.href, begun.head.match(/set-cookie: ([^;]+);/i)?.[1]);
  const pass = head.match(/set-cookie: ([^;]+);/i)?.[1];
  if (!pass) throw new Error(`no pass: ${head}`);
  return { host: ticket.host, pass, port: Number(ticket.port) };
}
