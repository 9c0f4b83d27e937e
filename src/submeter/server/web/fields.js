// A panel's field configuration and its answer, read the way Grafana reads them.
import { colorOf, named } from "./elements.js";
import { format, moment } from "./format.js";

// --- configuration -----------------------------------------------------------------------------------------------

export function fieldOf(panel, name) {
  const { defaults = {}, overrides = [] } = panel.fieldConfig;
  const field = { ...defaults, custom: { ...(defaults.custom || {}) } };
  for (const { matcher, properties } of overrides) {
    if (matcher.id !== "byName" || matcher.options !== name) continue;
    for (const { id, value } of properties) {
      if (id.startsWith("custom.")) field.custom[id.slice(7)] = value;
      else field[id] = value;
    }
  }
  return field;
}

export function thresholdColor(field, value) {
  const steps = field.thresholds?.steps || [];
  let color = steps[0]?.color || "text";
  for (const step of steps) if (step.value === null || value >= step.value) color = step.color;
  return color;
}

export function valueColor(field, value) {
  const mapped = field.mappings?.[0]?.options?.[value];
  if (mapped) return named(mapped.color);
  if (field.color?.mode === "fixed") return named(field.color.fixedColor);
  if (typeof value !== "number") return null;
  return named(thresholdColor(field, value));
}

export const formatted = (field, value) => format(value, field);

// --- links -------------------------------------------------------------------------------------------------------

export function linkOf(field, context) {
  const link = field.links?.[0];
  if (!link || context.value === null || context.value === undefined || context.value === "") return null;
  const url = link.url.replace(/\$\{([^}:]+)(?::(\w+))?\}/g, (_, name) => {
    if (name === "__url_time_range") return `from=${encodeURIComponent(context.from)}&to=${encodeURIComponent(context.to)}`;
    if (name === "datasource") return "";
    let value = "";
    if (name === "__value.raw" || name === "__value.text") value = context.value;
    else if (name.startsWith("__data.fields.")) value = context.row?.[name.slice(14)];
    else value = context.variables?.[name]?.[0];
    return encodeURIComponent(value ?? "");
  });
  return { title: link.title, url: url.replace(/[&?]+$/, "").replace("?&", "?") };
}

// --- answers -----------------------------------------------------------------------------------------------------

const isTime = (type) => type.includes("DateTime") || type === "Date";
const isNumber = (type) => /Int|Float|Decimal/.test(type) && !type.startsWith("Array") && !type.startsWith("Map");

export function rowsOf(answer) {
  const names = answer.meta.map(({ name }) => name);
  return answer.data.map((cells) => Object.fromEntries(cells.map((cell, index) => [names[index], cell])));
}

// Long rows (time, labels, values) as one series per label and value, over the union of their times in seconds.
export function seriesOf(panel, answer) {
  const columns = answer.meta.map(({ name, type }, index) => ({ name, type, index }));
  const time = columns.find(({ type }) => isTime(type));
  const values = columns.filter((column) => column !== time && isNumber(column.type));
  const labels = columns.filter((column) => column !== time && !isNumber(column.type));
  const found = new Map(), times = new Set();
  for (const row of answer.data) {
    const at = moment(row[time.index]) / 1000;
    times.add(at);
    for (const value of values) {
      const key = JSON.stringify([value.name, ...labels.map(({ index }) => row[index])]);
      if (!found.has(key)) {
        const own = Object.fromEntries(labels.map(({ name, index }) => [name, row[index]]));
        found.set(key, { ...identity(panel, value.name, own), points: new Map() });
      }
      found.get(key).points.set(at, row[value.index]);
    }
  }
  return { times: [...times].sort((a, b) => a - b), series: [...found.values()] };
}

function identity(panel, name, labels) {
  const field = fieldOf(panel, name);
  const pattern = field.displayName;
  const own = Object.values(labels).join(" ");
  const title = pattern ? pattern.replace(/\$\{__field\.labels\.(\w+)\}/g, (_, label) => labels[label] ?? "") : own || name;
  const color = field.color?.mode === "fixed" ? named(field.color.fixedColor) : colorOf(title, familyOf(panel, Object.keys(labels)));
  return { name, title: title || "(none)", field, color };
}

// "name" says nothing about what is named, so such names stand for themselves in their panel alone.
export const familyOf = (panel, labels) => (labels.length && labels[0] !== "name" ? labels.join(" ") : panel.title);

export function asText(panel, answer) {
  return answer.meta.map(({ name }, index) => {
    const field = fieldOf(panel, name);
    return { name, index, field, title: field.displayName && !field.displayName.includes("${") ? field.displayName : name };
  });
}
