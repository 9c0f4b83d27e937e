// The address: dashboard, range, variables and call, written as Grafana writes them.

const QUICK = [["now-15m", "Last 15 minutes"], ["now-1h", "Last hour"], ["now-6h", "Last 6 hours"], ["now-24h", "Last 24 hours"], ["now-2d", "Last 2 days"], ["now-7d", "Last 7 days"], ["now-14d", "Last 14 days"], ["now-30d", "Last 30 days"], ["now-90d", "Last 90 days"], ["now-1y", "Last year"]];
export const RANGES = QUICK;

const SIZES = { s: 1e3, m: 6e4, h: 36e5, d: 864e5, w: 6048e5, M: 2592e6, y: 31536e6 };

export function millis(text, now = Date.now()) {
  if (/^\d+$/.test(text)) return Number(text);
  const found = /^now(?:-(\d+)([smhdwMy]))?$/.exec(text);
  if (!found) return Date.parse(text) || now;
  return found[1] ? now - Number(found[1]) * SIZES[found[2]] : now;
}

export function parse(url = location) {
  const uid = /^\/d\/([^/]+)/.exec(url.pathname)?.[1] || "submeter-overview";
  const query = new URLSearchParams(url.search), variables = {};
  for (const [name, value] of query) if (name.startsWith("var-")) (variables[name.slice(4)] ||= []).push(value);
  const [trace, span] = (query.get("call") || "").split(":");
  return { uid, from: query.get("from"), to: query.get("to"), variables, call: span ? { trace, span } : null, isLive: query.get("live") !== "off" };
}

export function write({ uid, from, to, variables = {}, call, isLive = true }) {
  const query = new URLSearchParams();
  if (from) query.set("from", from);
  if (to) query.set("to", to);
  for (const [name, values] of Object.entries(variables)) {
    for (const value of values) if (value !== "" && value !== "$__all") query.append(`var-${name}`, value);
  }
  if (call) query.set("call", `${call.trace}:${call.span}`);
  if (!isLive) query.set("live", "off");
  const text = query.toString();
  return `/d/${uid}${text ? `?${text}` : ""}`;
}
