// Tables: sorted by a click on a heading, bars and colours in cells, links, and rows that open a call.
import { element, named } from "./elements.js";
import { asText, fieldOf, formatted, linkOf, thresholdColor, valueColor } from "./fields.js";
import { moment, precisely } from "./format.js";

const isDate = (field) => field.unit?.startsWith("dateTime");

export function table(panel, { answer }, context, memory) {
  const columns = asText(panel, answer).map((column) => ({ ...column, type: answer.meta[column.index].type }));
  const shown = columns.filter(({ field }) => !field.custom.hidden);
  if (!answer.data.length) return { root: element("p", { className: "nothing", text: panel.fieldConfig.defaults.noValue || "nothing in this range" }) };
  const body = element("tbody");
  const head = element("tr", {}, ...shown.map((column) => heading(column, () => sort(column))));
  const least = shown.reduce((all, { field }) => all + (field.custom.width || (field.custom.cellOptions?.wrapText ? 300 : 110)), 0);
  const root = element("div", { className: "scroll", tabindex: "0", role: "region", "aria-label": panel.title },
    element("table", { style: { "min-width": `${least}px` } }, element("colgroup", {}, ...shown.map(width)), element("thead", {}, head), body));
  function fill() {
    const rows = memory.sort ? sorted(answer.data, memory.sort) : answer.data;
    body.replaceChildren(...rows.map((cells) => line(panel, columns, shown, cells, context)));
    shown.forEach(({ index }, place) => {
      const order = memory.sort?.index === index ? (memory.sort.isDown ? "descending" : "ascending") : "none";
      head.children[place].setAttribute("aria-sort", order);
    });
  }
  function sort({ index, type }) {
    const isDown = memory.sort?.index === index ? !memory.sort.isDown : /Int|Float|Date/.test(type);
    memory.sort = { index, isDown };
    fill();
  }
  fill();
  return { root };
}

const isNumeric = ({ type, field }) => /Int|Float/.test(type) && !isDate(field) && field.custom.cellOptions?.type !== "gauge";

function width({ field }) {
  const made = element("col");
  if (field.custom.width) made.style.width = `${field.custom.width}px`;
  return made;
}

function heading(column, sort) {
  const button = element("button", { type: "button", text: column.title, title: `Sort by ${column.title}`, onclick: sort });
  return element("th", { scope: "col", className: isNumeric(column) ? "num" : "" }, button);
}

function sorted(rows, { index, isDown }) {
  const sign = isDown ? -1 : 1;
  return [...rows].sort((a, b) => {
    const [x, y] = [a[index], b[index]];
    if (x === null || y === null) return x === y ? 0 : x === null ? 1 : -1;
    return (x < y ? -1 : x > y ? 1 : 0) * sign;
  });
}

function line(panel, columns, shown, cells, context) {
  const row = Object.fromEntries(columns.map(({ name, index }) => [name, cells[index]]));
  const made = element("tr", {}, ...shown.map((column) => cell(column, row, context)));
  if (row.span && row.trace) {
    made.className = "opens";
    const open = () => context.open(row.trace, row.span);
    made.addEventListener("click", (event) => { if (!event.target.closest("a, button")) open(); });
    const first = made.firstElementChild;
    first.replaceChildren(element("button", { type: "button", className: "as-link", title: "All about this call", onclick: open }, ...first.childNodes));
  }
  return made;
}

function cell(column, row, context) {
  const { field, name } = column, value = row[name];
  if (field.custom.cellOptions?.type === "gauge") return gauge(field, value);
  const made = element("td", { className: isNumeric(column) ? "num" : "" });
  const text = value === null || value === "" ? "" : name === "trace" ? value.slice(0, 8) : formatted(field, value);
  const link = linkOf(field, { ...context, row, value });
  made.append(link ? element("a", { href: link.url, text, title: `${link.title}: ${value}` }) : element("span", { text }));
  if (isDate(field) && value) made.title = precisely(moment(value));
  else if (field.custom.cellOptions?.wrapText) made.classList.add("wrap");
  else if (!link && (text.length > 14 || typeof value === "number")) made.title = value;
  if (field.custom.cellOptions?.type === "color-text" && value !== null) {
    made.style.color = valueColor(field, value) || "";
    if (field.mappings) made.classList.add("mark");
  }
  return made;
}

function gauge(field, value) {
  if (value === null || value === undefined) return element("td", {}, element("span", { className: "soft", text: "unknown" }));
  const fill = element("span", { className: "bar-fill", style: { width: `${Math.min(value, 1) * 100}%`, "background-color": named(thresholdColor(field, value)) } });
  return element("td", { className: "gauge" }, element("span", { className: "bar-track", "aria-hidden": "true" }, fill), element("span", { className: "bar-value", text: formatted(field, value) }));
}

// Any panel's answer as a plain table, for whoever would rather read than look.
export function plain(panel, answer) {
  const columns = asText(panel, answer);
  const rows = answer.data.slice(0, 500).map((cells) => element("tr", {}, ...columns.map(({ index, name }) => {
    const field = fieldOf(panel, name), value = cells[index];
    return element("td", { className: typeof value === "number" ? "num" : "", text: typeof value === "number" ? formatted(field, value) : String(value ?? "") });
  })));
  return element("div", { className: "scroll", tabindex: "0", role: "region", "aria-label": `${panel.title}, as a table` },
    element("table", {}, element("thead", {}, element("tr", {}, ...columns.map(({ title }) => element("th", { scope: "col", text: title })))), element("tbody", {}, ...rows)));
}
