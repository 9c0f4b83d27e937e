// The page: shows the dashboards of Grafana's own files, follows what is new, and keeps all of it in the address.
import { $, element, toast } from "./elements.js";
import { control } from "./controls.js";
import { drawer } from "./drawer.js";
import { Grid } from "./grid.js";
import { Locked, ask, question, read } from "./server.js";
import { RANGES, millis, parse, write } from "./address.js";

const LOOK_MS = 2000;
const SETTLE = 5;
const ALL = "$__all";
const HIDDEN = "submeter-session";

const view = { ...parse(), board: null, boards: [], version: -1, lastMs: 0, isBusy: false };

const defaults = (board) => Object.fromEntries(board.templating.list.map((item) => [item.name, item.type === "textbox" ? [item.query] : [ALL]]));
const chosen = () => ({ ...defaults(view.board), ...Object.fromEntries(Object.entries(view.variables).filter(([name]) => name in defaults(view.board))) });
const span = () => ({ fromMs: millis(view.from), toMs: millis(view.to) });

const grid = new Grid($("grid"), {
  ask: (id, signal) => question(`/page/dashboards/${view.board.uid}/panels/${id}`, body(), signal),
  now: () => ({ ...span(), from: view.from, to: view.to, variables: chosen(), open: openCall }),
  failed: (error) => { if (error instanceof Locked) lock(); },
});
const details = drawer({
  onClose: () => { if (view.call && !view.isOpening) { view.call = null; remember(); } },
  hrefOf: (name, variables) => write({ uid: `submeter-${name}`, from: view.from, to: view.to, variables: Object.fromEntries(Object.entries(variables).map(([key, value]) => [key, [value]])) }),
});

function body() {
  const { fromMs, toMs } = span();
  return { from: fromMs, to: toMs, variables: chosen() };
}

function openCall(trace, id) {
  view.call = { trace, span: id };
  remember();
  details.open(trace, id);
}

const address = () => write({ ...view, variables: view.board ? changed() : view.variables });

// Only what differs from the dashboard's own defaults belongs into the address.
function changed() {
  const usual = defaults(view.board);
  return Object.fromEntries(Object.entries(chosen()).filter(([name, values]) => JSON.stringify(values) !== JSON.stringify(usual[name])));
}

function remember(isNew = false) {
  history[isNew ? "pushState" : "replaceState"]({}, "", address());
  drawNav();
}

// --- showing -----------------------------------------------------------------------------------------------------

let opened = 0;

// Whoever is overtaken by a later one leaves the page to that.
async function open() {
  const turn = (opened += 1);
  view.isOpening = true;
  details.close();
  const board = await read(`/page/dashboards/${view.uid}`);
  if (turn !== opened) return;
  view.board = board;
  view.from ||= board.time.from;
  view.to ||= board.time.to;
  document.title = `${board.title} - submeter`;
  $("title").textContent = board.title;
  $("description").textContent = board.description;
  drawControls();
  drawNav();
  $("first").hidden = $("locked").hidden = true;
  $("board").hidden = false;
  grid.show(board);
  view.isOpening = false;
  if (view.call) details.open(view.call.trace, view.call.span);
  say();
}

async function refresh() {
  if (view.isBusy || view.isOpening) return;
  view.isBusy = true;
  const began = performance.now();
  await grid.restart();
  view.lastMs = performance.now() - began;
  view.isBusy = false;
  say();
}

const say = () => { $("state").textContent = `${view.isLive ? "" : "paused, "}${new Date().toLocaleTimeString("en-GB")}`; };

function drawNav() {
  const shared = view.board ? changed() : view.variables;
  const keep = { from: view.from, to: view.to, isLive: view.isLive };
  const common = Object.fromEntries(Object.entries(shared).filter(([name]) => ["service", "model", "operation"].includes(name)));
  $("nav").replaceChildren(...view.boards.filter(({ uid }) => uid !== HIDDEN || uid === view.uid).map(({ uid, title, description }) => element("a", {
    href: write({ uid, ...keep, variables: common }), text: title, title: description, "aria-current": uid === view.uid ? "page" : undefined,
  })));
}

function drawControls() {
  const values = chosen();
  $("variables").replaceChildren(...view.board.templating.list.map((variable) => control(variable, values[variable.name], {
    ask: async () => JSON.parse(await question(`/page/dashboards/${view.board.uid}/variables/${variable.name}`, body())).answer.data.map(([value]) => value),
    change: (picked) => {
      view.variables = { ...chosen(), [variable.name]: picked };
      if (variable.name === "session") view.variables.trace = [""];
      remember(true);
      drawControls();
      refresh();
    },
  })));
  const known = RANGES.some(([from]) => from === view.from && view.to === "now");
  const own = known ? [] : [element("option", { value: "own", text: ownRange(), selected: true })];
  $("range").replaceChildren(...RANGES.map(([from, text]) => element("option", { value: from, text, selected: from === view.from && view.to === "now" })), ...own);
  $("live").setAttribute("aria-pressed", String(view.isLive));
  $("live").textContent = view.isLive ? "Live" : "Paused";
}

function ownRange() {
  const { fromMs, toMs } = span();
  const short = (ms) => new Date(ms).toLocaleString("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
  return `${short(fromMs)} to ${short(toMs)}`;
}

// --- the first run -----------------------------------------------------------------------------------------------

function showFirst(state) {
  $("board").hidden = $("locked").hidden = true;
  $("first").hidden = false;
  const arrived = state.spans === 1 ? "One span has arrived, which is no call to a model" : `${state.spans} spans have arrived, none of them a call to a model`;
  $("first-state").textContent = state.spans ? arrived : "Waiting for the first span";
}

function lock() {
  $("board").hidden = $("first").hidden = true;
  $("locked").hidden = false;
  $("token").focus();
}

// --- following ---------------------------------------------------------------------------------------------------

async function look() {
  const state = await read("/page/state");
  const isNew = state.version !== view.version, isEmpty = !state.calls;
  view.version = state.version;
  if (isEmpty && view.uid === "submeter-overview") return showFirst(state);
  if (view.isOpening) return undefined;
  if (!view.board || $("board").hidden) return open();
  const rest = performance.now() - (view.askedAt || 0);
  if (isNew && view.isLive && !document.hidden && view.to === "now" && rest > view.lastMs * SETTLE) {
    view.askedAt = performance.now();
    return refresh();
  }
  if (isNew && view.isLive) view.version = -1;
  return undefined;
}

async function follow() {
  try {
    if (!document.hidden || view.version < 0) await look();
  } catch (error) {
    if (error instanceof Locked) lock();
    else $("state").textContent = error.message;
  }
  setTimeout(follow, LOOK_MS);
}

// --- what people do ----------------------------------------------------------------------------------------------

function setRange(from, to) {
  Object.assign(view, { from, to });
  remember(true);
  drawControls();
  refresh();
}

$("range").addEventListener("change", () => { if ($("range").value !== "own") setRange($("range").value, "now"); });
$("custom").addEventListener("toggle", () => {
  const { fromMs, toMs } = span();
  const local = (ms) => new Date(ms - new Date(ms).getTimezoneOffset() * 60000).toISOString().slice(0, 16);
  $("custom-from").value = local(fromMs);
  $("custom-to").value = local(toMs);
});
$("custom-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const [from, to] = [new Date($("custom-from").value).getTime(), new Date($("custom-to").value).getTime()];
  if (!(from < to)) return toast("From must be before To");
  $("custom").open = false;
  return setRange(String(from), String(to));
});
$("live").addEventListener("click", () => {
  view.isLive = !view.isLive;
  remember();
  drawControls();
  say();
  if (view.isLive) refresh();
});
$("refresh").addEventListener("click", refresh);
$("copy").addEventListener("click", async () => {
  await navigator.clipboard.writeText(location.href);
  toast("Link copied");
});
$("grafana").addEventListener("click", async () => {
  try {
    const answer = await ask("/page/grafana.zip");
    const url = URL.createObjectURL(await answer.blob());
    element("a", { href: url, download: "submeter-grafana.zip" }).click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
    toast("Downloaded: unpack it and read README.md");
  } catch (error) { toast(error.message); }
});
const THEMES = ["auto", "light", "dark"];
const sayTheme = () => { $("theme").textContent = `Theme: ${document.documentElement.dataset.theme}`; };
$("theme").addEventListener("click", () => {
  const next = THEMES[(THEMES.indexOf(document.documentElement.dataset.theme) + 1) % THEMES.length];
  document.documentElement.dataset.theme = next;
  localStorage.setItem("theme", next);
  sayTheme();
  grid.redraw();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => grid.redraw());
$("unlock").addEventListener("submit", async (event) => {
  event.preventDefault();
  sessionStorage.setItem("token", $("token").value);
  try {
    await boot();
  } catch { $("unlock-error").textContent = "That is not the token."; }
});
$("sample").addEventListener("click", async () => {
  $("sample").disabled = true;
  $("sample-state").textContent = "Loading two weeks of calls; this takes some seconds.";
  try {
    await ask("/page/sample", { method: "POST" });
    await look();
  } catch (error) { $("sample-state").textContent = error.message; }
  $("sample").disabled = false;
});
$("first-copy").addEventListener("click", async () => {
  await navigator.clipboard.writeText($("first-command").textContent);
  toast("Copied");
});

// Links within the page change what is shown without loading it again.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='/d/'], a.brand");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  history.pushState({}, "", link.getAttribute("href"));
  travel();
  scrollTo(0, 0);
});
addEventListener("popstate", travel);

function travel() {
  Object.assign(view, parse(), { askedAt: performance.now() });
  open().catch((error) => {
    view.isOpening = false;
    if (error instanceof Locked) lock();
    else toast(error.message);
  });
}

async function boot() {
  view.boards = await read("/page/dashboards");
  $("locked").hidden = true;
  drawNav();
  await look();
}

sayTheme();
$("first-command").textContent = location.port === "4318" ? "SUBMETER=1 python app.py" : `SUBMETER=1 OTEL_EXPORTER_OTLP_ENDPOINT=${location.origin} python app.py`;
boot().catch((error) => { if (error instanceof Locked) lock(); else toast(error.message); }).finally(() => setTimeout(follow, LOOK_MS));
