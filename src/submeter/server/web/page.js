"use strict";
// The page asks the same REST questions as everyone else and writes answers as text, never as markup.

const REFRESH_MS = 3000;
const $ = (id) => document.getElementById(id);
const show = (id, shown) => { $(id).hidden = !shown; };

const count = (n) => n === null || n === undefined ? "-" : Math.round(n).toLocaleString("en-US");
const money = (n) => {
  if (n === null || n === undefined) return "-";
  if (n === 0) return "$0";
  return "$" + (n >= 1 ? n.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 })
    : n >= 0.01 ? n.toFixed(4) : Number(n.toPrecision(3)).toFixed(8).replace(/0+$/, ""));
};
const clock = (iso) => {
  const moment = new Date(iso), today = new Date().toDateString() === moment.toDateString();
  return today ? moment.toLocaleTimeString() : moment.toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
};

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

async function ask(path) {
  const token = sessionStorage.getItem("token");
  const answer = await fetch("/api/v1/" + path, token ? { headers: { Authorization: "Bearer " + token } } : {});
  if (answer.status === 401) throw new Error("locked");
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.message || answer.statusText);
  return body;
}

function drawTotals(totals) {
  const tiles = [
    [money(totals.cost_usd) + (totals.unpriced_calls ? "+" : ""), totals.unpriced_calls ? `cost, ${count(totals.unpriced_calls)} calls without a known price` : "cost"],
    [count(totals.calls), totals.errors ? `calls, ${count(totals.errors)} failed` : "calls"],
    [count(totals.input_tokens), "tokens in"],
    [count(totals.output_tokens), "tokens out"],
    [count(totals.cache_read_tokens), "of the input read from cache"],
  ];
  $("totals").replaceChildren(...tiles.map(([number, title]) => {
    const tile = element("div", undefined, "tile");
    tile.append(element("b", number), element("span", title));
    return tile;
  }));
}

function drawSessions(sessions) {
  $("session-rows").replaceChildren(...sessions.map((session) => {
    const row = document.createElement("tr");
    const name = element("td", session.session_id || "(without a session)");
    name.title = session.session_id;
    const context = document.createElement("td");
    if (session.max_context_utilization !== null) {
      const meter = document.createElement("meter");
      Object.assign(meter, { max: 1, low: 0.7, high: 0.85, optimum: 0.1, value: session.max_context_utilization });
      context.append(meter, Math.floor(session.max_context_utilization * 100 + 1e-9) + " %");
    }
    row.append(name, element("td", session.user_id), element("td", session.service));
    row.append(element("td", count(session.calls), "number"), element("td", count(session.input_tokens), "number"));
    row.append(element("td", count(session.output_tokens), "number"));
    row.append(element("td", money(session.cost_usd) + (session.unpriced_calls ? "+" : ""), "number"));
    row.append(context, element("td", clock(session.last_ts)));
    return row;
  }));
}

function drawWarnings(warnings) {
  $("warning-list").replaceChildren(...warnings.map((warning) => {
    const line = document.createElement("li");
    line.append(element("time", clock(warning.ts)), element("span", warning.severity, warning.severity), element("span", warning.message));
    return line;
  }));
}

async function refresh() {
  const since = $("period").value ? "since=" + $("period").value : "";
  try {
    const [summary, sessions, warnings] = await Promise.all([
      ask("summary?" + since), ask("sessions?limit=50&" + since), ask("warnings?limit=20&" + since),
    ]);
    const isEmpty = !summary.totals.calls;
    const isNew = isEmpty && (!since || !(await ask("summary")).totals.calls);
    show("locked", false);
    show("waiting", isNew);
    show("totals", !isEmpty);
    show("sessions", !isEmpty);
    show("warnings", warnings.warnings.length > 0);
    drawTotals(summary.totals);
    drawSessions(sessions.sessions);
    drawWarnings(warnings.warnings);
    $("state").textContent = (isEmpty && !isNew ? "no call in this period, " : "live, ") + new Date().toLocaleTimeString();
  } catch (error) {
    if (error.message === "locked") {
      for (const id of ["waiting", "totals", "sessions", "warnings"]) show(id, false);
      show("locked", true);
    }
    $("state").textContent = error.message === "locked" ? "locked" : "not answering: " + error.message;
  }
}

$("start").textContent = location.port === "4318"
  ? "SUBMETER=1 python app.py"
  : `SUBMETER=1 OTEL_EXPORTER_OTLP_ENDPOINT=${location.origin} python app.py`;
$("period").addEventListener("change", refresh);
$("unlock").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem("token", $("token").value);
  refresh();
});
refresh();
setInterval(() => { if (!document.hidden) refresh(); }, REFRESH_MS);
