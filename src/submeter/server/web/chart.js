// Charts over time and over rows, drawn by uPlot: lines, stacked bars, threshold lines, a legend and a tooltip.
/* global uPlot */
import { css, element, named } from "./elements.js";
import { fieldOf, seriesOf } from "./fields.js";
import { format } from "./format.js";

const LEGEND_MOST = 12;

const axis = (extra) => ({
  stroke: css("--soft"), font: "11px system-ui, sans-serif", grid: { stroke: css("--grid"), width: 1 },
  ticks: { show: false }, ...extra,
});

function stacked(series, count) {
  const base = new Array(count).fill(0);
  return series.map((one) => one.shown ? one.values.map((value, index) => (base[index] += value || 0)) : new Array(count).fill(null));
}

// A grid of every interval, so that empty ones are seen to be empty.
function slots(times, from, to, step) {
  const first = Math.floor(Math.min(from, times[0] ?? from) / step) * step, found = [];
  for (let at = first; at <= Math.max(to, times.at(-1) ?? to); at += step) found.push(at);
  return found;
}

export function timeChart(panel, { answer, interval_s: step }, context) {
  const { times, series } = seriesOf(panel, answer);
  const isBars = panel.fieldConfig.defaults.custom?.drawStyle === "bars";
  let [from, to] = [context.fromMs / 1000, context.toMs / 1000];
  if (times.length && (times[0] < from - step || times.at(-1) > to + step)) [from, to] = [times[0], times.at(-1) + (isBars ? step : 0)];
  const isDotted = panel.fieldConfig.defaults.custom?.showPoints === "always";
  if (isDotted && times.length) {
    const margin = Math.max((times.at(-1) - times[0]) * 0.03, 5);
    [from, to] = [times[0] - margin, times.at(-1) + margin];
  }
  const xs = isBars ? slots(times, from, to, step) : times;
  for (const one of series) one.values = xs.map((at) => one.points.get(at) ?? null);
  series.sort((a, b) => sum(b) - sum(a));
  return chart(panel, { xs, series, isBars, isStacked: isBars, isDotted, from, to, isTime: true });
}

export function rowChart(panel, { answer }) {
  const [label, ...numbers] = answer.meta;
  const series = numbers.map(({ name }, index) => {
    const found = seriesOf(panel, { meta: [{ name: "t", type: "DateTime" }, { name, type: "Float64" }], data: [["1970-01-01 00:00:00", 0]] }).series[0];
    return { ...found, values: answer.data.map((row) => row[index + 1]) };
  });
  const names = answer.data.map((row) => String(row[0]));
  return chart(panel, { xs: names.map((_, index) => index), names, label: label?.name, series, isBars: true, isStacked: panel.options.stacking === "normal" });
}

const sum = (series) => series.values.reduce((all, value) => all + (value || 0), 0);

function chart(panel, given) {
  const field = fieldOf(panel, given.series[0]?.name);
  const shape = { ...given, field, shown: null };
  for (const one of given.series) one.shown = true;
  const place = element("div", { className: "chart-place" });
  const legend = given.series.length > 1 || given.isTime ? legendOf(shape, () => redraw()) : null;
  const root = element("div", { className: "chart", role: "img", "aria-label": summary(panel, shape) }, place, legend);
  let drawn = null;
  function redraw() {
    const { width, height } = place.getBoundingClientRect();
    if (width < 40 || height < 40) return;
    drawn?.destroy();
    drawn = new uPlot(optionsOf(panel, shape, Math.floor(width), Math.floor(height)), dataOf(shape), place);
  }
  return { root, draw: redraw, destroy: () => drawn?.destroy() };
}

function dataOf({ xs, series, isStacked }) {
  return [xs, ...(isStacked ? stacked(series, xs.length).reverse() : series.map((one) => one.shown ? one.values : one.values.map(() => null)))];
}

function optionsOf(panel, shape, width, height) {
  const { xs, series, isBars, isStacked, field, names, isTime, from, to } = shape;
  const order = isStacked ? [...series].reverse() : series;
  const steps = field.custom?.thresholdsStyle?.mode !== "off" ? (field.thresholds?.steps || []).filter(({ value }) => value !== null) : [];
  const most = Math.max(0, ...(isStacked ? stacked(series, xs.length).at(-1) || [0] : series.flatMap(({ values }) => values.filter((value) => value !== null))));
  const wide = width / Math.max(xs.length, 1) * (isBars ? 0.75 : 1);
  return {
    width, height, padding: [8, 18, 0, 0], legend: { show: false },
    cursor: { y: false, points: { show: !isBars }, drag: { x: false, y: false } },
    scales: {
      x: { time: Boolean(isTime), range: isTime ? [from, to] : [-0.6, xs.length - 0.4] },
      y: { range: [0, steps.length ? Math.max(1, most * 1.04) : most > 0 ? most * 1.08 : 1] },
    },
    series: [{}, ...order.map((one) => ({
      label: one.title, stroke: one.color, width: isBars ? 0 : 2, fill: isBars ? one.color : undefined, spanGaps: true,
      points: { show: Boolean(shape.isDotted) || (!isBars && xs.length < 3), size: 6, fill: one.color },
      paths: isBars ? uPlot.paths.bars({ size: [0.75, Math.max(60, wide)], align: isTime ? 1 : 0, radius: 0.08 }) : undefined,
    }))],
    axes: [
      axis({ space: 70, size: 28, grid: { show: false }, ...(isTime ? { values: timeLabels } : { values: (_, ticks) => ticks.map((tick) => shortened(names[tick], width / xs.length)), splits: () => thinned(names, width) }) }),
      axis({ size: 58, space: 34, values: (_, ticks) => ticks.map((tick) => tickText(tick, field)) }),
    ],
    hooks: { draw: [(u) => thresholdLines(u, steps, field)] },
    plugins: [tooltip(shape, order)],
  };
}

// "5 s", not "5.00 s": ticks are round.
const tickText = (tick, field) => format(tick, { ...field, decimals: undefined }).replace(/(\.\d*?)0+(?=\D|$)/, "$1").replace(/\.(?=\D|$)/, "");

function thinned(names, width) {
  const every = Math.max(1, Math.ceil(names.length / Math.max(1, Math.floor(width / 78))));
  return names.map((_, index) => index).filter((index) => index % every === 0);
}

const shortened = (name, room) => {
  const letters = Math.max(9, Math.floor(room / 6.2));
  if (name?.length > letters && /^\d+\. /.test(name)) return name.split(".")[0];
  return name === undefined ? "" : name.length > letters ? name.slice(0, letters - 1) + "…" : name;
};

const clockOf = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", hour12: false });
const secondOf = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
const dayOf = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });

function timeLabels(_, ticks) {
  const step = ticks.length > 1 ? ticks[1] - ticks[0] : 60;
  let last = "";
  return ticks.map((tick) => {
    const at = new Date(tick * 1000), day = dayOf.format(at);
    if (step >= 86400) return day;
    const isNew = day !== last && at.getHours() === 0 && at.getMinutes() === 0;
    last = day;
    return isNew ? day : (step < 60 ? secondOf : clockOf).format(at);
  });
}

function thresholdLines(u, steps, field) {
  const { ctx, bbox } = u;
  ctx.save();
  for (const { value, color } of steps) {
    const y = Math.round(u.valToPos(value, "y", true));
    if (y < bbox.top || y > bbox.top + bbox.height) continue;
    ctx.strokeStyle = ctx.fillStyle = named(color);
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([5 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.font = `${10 * devicePixelRatio}px system-ui, sans-serif`;
    ctx.textAlign = "left";
    ctx.fillText(format(value, field), bbox.left + 4, y - 3 * devicePixelRatio);
  }
  ctx.restore();
}

function tooltip({ names, isTime, field, series }) {
  let box;
  return {
    hooks: {
      init: (u) => { box = element("div", { className: "tip", hidden: true }); u.over.append(box); },
      setCursor: (u) => {
        const { idx, left, top } = u.cursor;
        const rows = idx === null || idx === undefined || left < 0 ? [] : series.filter((one) => one.shown && one.values[idx] !== null && one.values[idx] !== 0)
          .map((one) => [one, one.values[idx]]).sort((a, b) => b[1] - a[1]).slice(0, LEGEND_MOST);
        box.hidden = rows.length === 0;
        if (box.hidden) return;
        const head = isTime ? new Date(u.data[0][idx] * 1000).toLocaleString("en-GB", { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" }) : names[idx];
        box.replaceChildren(element("b", { text: head }), ...rows.map(([one, value]) =>
          element("div", {}, swatch(one.color), element("span", { text: one.title }), element("i", { text: format(value, field) }))));
        const { width, height } = box.getBoundingClientRect();
        const room = u.over.getBoundingClientRect();
        box.style.left = `${left + 14 + width > room.width ? Math.max(left - width - 14, 0) : left + 14}px`;
        box.style.top = `${Math.max(0, Math.min(top, room.height - height))}px`;
      },
    },
  };
}

const swatch = (color) => element("s", { className: "swatch", style: { "background-color": color } });

function legendOf(shape, redraw) {
  const items = shape.series.map((one) => element("button", {
    type: "button", className: "legend-item", "aria-pressed": "true", title: `${one.title}: click to hide or show`,
    onclick: (event) => {
      one.shown = !one.shown;
      event.currentTarget.setAttribute("aria-pressed", String(one.shown));
      redraw();
    },
  }, swatch(one.color), element("span", { text: one.title })));
  return element("div", { className: "legend", role: "group", "aria-label": "Series" }, ...items);
}

function summary(panel, { series, xs, names }) {
  if (!xs.length) return `${panel.title}: no data`;
  const field = fieldOf(panel, series[0]?.name);
  const parts = series.slice(0, 6).map((one) => {
    const last = one.values.findLast((value) => value !== null);
    return `${one.title} ${format(last ?? null, field)}`;
  });
  return `${panel.title}: ${names ? `${names.length} bars` : "latest values"}, ${parts.join(", ")}`;
}

