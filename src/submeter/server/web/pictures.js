// The other pictures: one number, bars by row, a ring, a map of time and bucket.
import { colorOf, css, element, named, svg } from "./elements.js";
import { familyOf, fieldOf, formatted, linkOf, rowsOf, seriesOf, thresholdColor, valueColor } from "./fields.js";
import { format } from "./format.js";

const reduced = (panel) => (panel.options.reduceOptions?.fields || "").replace(/^\/\^|\$\/$/g, "");
const empty = (text) => ({ root: element("p", { className: "nothing", text }) });

export function stat(panel, { answer }, context) {
  const name = reduced(panel), row = rowsOf(answer).at(-1) || {};
  const field = fieldOf(panel, name), value = row[name];
  const number = element("span", { className: "number", text: formatted(field, value) });
  const isNull = value === null || value === undefined || value === "";
  if (isNull) number.classList.add("none");
  else if (field.color?.mode === "thresholds") number.style.color = valueColor(field, value);
  if (String(number.textContent).length > 10) number.classList.add("long");
  const link = linkOf(field, { ...context, row, value });
  return { root: link ? element("a", { className: "stat", href: link.url }, number) : element("div", { className: "stat" }, number) };
}

export function barGauge(panel, { answer }, context) {
  const rows = rowsOf(answer);
  if (!rows.length) return empty("nothing in this range");
  const name = reduced(panel), field = fieldOf(panel, name);
  const label = answer.meta.map((column) => column.name).find((column) => column !== name);
  const most = field.max ?? Math.max(...rows.map((row) => row[name] || 0));
  const items = rows.map((row) => {
    const link = linkOf(field, { ...context, row, value: row[name] });
    const width = `${Math.max(Math.min((row[name] || 0) / (most || 1), 1) * 100, 0.6)}%`;
    const text = element(link ? "a" : "span", { className: "bar-name", text: row[label], title: row[label], ...(link ? { href: link.url } : {}) });
    const bar = element("span", { className: "bar-fill", style: { width, "background-color": named(thresholdColor(field, row[name])) } });
    return element("li", {}, text, element("span", { className: "bar-track", "aria-hidden": "true" }, bar), element("span", { className: "bar-value", text: formatted(field, row[name]) }));
  });
  return { root: element("ul", { className: "bars", tabindex: "0", "aria-label": panel.title }, ...items) };
}

export function pie(panel, { answer }) {
  const rows = rowsOf(answer), name = reduced(panel);
  const total = rows.reduce((all, row) => all + (row[name] || 0), 0);
  if (!total) return empty("nothing in this range");
  const label = answer.meta.map((column) => column.name).find((column) => column !== name);
  const family = familyOf(panel, [label]), round = 2 * Math.PI * 40;
  let turned = 0;
  const parts = rows.map((row) => {
    const length = (row[name] / total) * round, gap = rows.length > 1 ? 1.2 : 0;
    const part = svg("circle", {
      cx: 50, cy: 50, r: 40, fill: "none", stroke: colorOf(row[label], family), "stroke-width": 15,
      "stroke-dasharray": `${Math.max(length - gap, 0.5)} ${round}`, "stroke-dashoffset": -turned, transform: "rotate(-90 50 50)",
    });
    turned += length;
    return part;
  });
  const field = fieldOf(panel, name);
  const middle = svg("text", { x: 50, y: 54, "text-anchor": "middle", class: "pie-total" });
  middle.textContent = formatted(field, total);
  const lines = rows.map((row) => element("tr", {},
    element("td", {}, element("s", { className: "swatch", style: { "background-color": colorOf(row[label], family) } }), element("span", { text: row[label] })),
    element("td", { className: "num", text: formatted(field, row[name]) }), element("td", { className: "num soft", text: format(row[name] / total, { unit: "percentunit" }) })));
  const ring = svg("svg", { viewBox: "0 0 100 100", role: "img", "aria-label": `${panel.title}: ${rows.length} parts` }, ...parts, middle);
  return { root: element("div", { className: "pie" }, ring, element("table", {}, element("tbody", {}, ...lines))) };
}

export function heatmap(panel, { answer, interval_s: step }, context) {
  const { series } = seriesOf(panel, answer);
  if (!series.length) return empty("nothing in this range");
  const root = element("div", { className: "heatmap", role: "img", "aria-label": `${panel.title}: ${series.length} buckets over time` });
  const draw = () => drawHeatmap(root, panel, series.sort((a, b) => (a.title < b.title ? 1 : -1)), step, context);
  return { root, draw };
}

function drawHeatmap(root, panel, series, step, context) {
  const { width, height } = root.getBoundingClientRect();
  if (width < 80) return;
  const [left, bottom] = [52, 22], [from, to] = [context.fromMs / 1000, context.toMs / 1000];
  const most = Math.max(...series.flatMap(({ points }) => [...points.values()]));
  const tall = (height - bottom) / series.length, across = (at) => left + ((at - from) / (to - from)) * (width - left - 6);
  const cells = [], labels = [];
  series.forEach((one, index) => {
    const text = svg("text", { x: left - 8, y: index * tall + tall / 2 + 4, "text-anchor": "end" });
    text.textContent = one.title.replace(/^0+(?=\d)/, "").replace(/\.?0+(?= s$)/, (zeros) => (zeros.startsWith(".") ? "" : zeros));
    labels.push(text);
    for (const [at, value] of one.points) {
      const x = Math.max(across(at), left);
      const cell = svg("rect", { x, y: index * tall + 1, width: Math.max(across(at + step) - x - 1, 1), height: Math.max(tall - 2, 1), rx: 2, fill: css("--c0"), "fill-opacity": 0.12 + 0.88 * Math.sqrt(value / most) });
      const title = svg("title");
      title.textContent = `${new Date(at * 1000).toLocaleString("en-GB")}, ${one.title.trim()}: ${value}`;
      cell.append(title);
      cells.push(cell);
    }
  });
  const days = new Intl.DateTimeFormat("en-GB", to - from > 2 * 86400 ? { day: "numeric", month: "short" } : { hour: "2-digit", minute: "2-digit" });
  const marks = Math.max(2, Math.floor(width / 110));
  for (let mark = 0; mark < marks; mark += 1) {
    const at = from + ((mark + 0.5) / marks) * (to - from);
    const text = svg("text", { x: across(at), y: height - 6, "text-anchor": "middle" });
    text.textContent = days.format(new Date(at * 1000));
    labels.push(text);
  }
  root.replaceChildren(svg("svg", { width, height, viewBox: `0 0 ${width} ${height}` }, ...cells, ...labels));
}
