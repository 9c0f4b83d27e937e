// Numbers and times for people, by the units that Grafana knows.

// Made once per number of decimals: a table of 300 rows formats 4,000 numbers, and making a formatter is the dear part.
const formatters = new Map();

function grouped(value, decimals) {
  if (!formatters.has(decimals)) {
    formatters.set(decimals, new Intl.NumberFormat("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals }));
  }
  return formatters.get(decimals).format(value);
}
const trimmed = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);

function scaled(value, steps, space = "") {
  const size = Math.abs(value);
  for (const [least, by, unit] of steps) {
    if (size >= least) {
      const shown = value / by;
      const decimals = Math.abs(shown) >= 100 ? 0 : Math.abs(shown) >= 10 ? 1 : 2;
      return trimmed(grouped(shown, decimals)) + space + unit;
    }
  }
  return null;
}

function count(value, decimals) {
  if (Math.abs(value) >= 1000) return scaled(value, [[1e12, 1e12, "T"], [1e9, 1e9, "B"], [1e6, 1e6, "M"], [1e3, 1e3, "K"]]);
  if (decimals !== undefined) return grouped(value, decimals);
  return Number.isInteger(value) ? String(value) : trimmed(value.toPrecision(3));
}

function dollars(value, decimals) {
  const sign = value < 0 ? "-" : "", size = Math.abs(value);
  if (size === 0) return "$0";
  if (size >= 1e5) return sign + "$" + scaled(size, [[1e9, 1e9, "B"], [1e6, 1e6, "M"], [1e3, 1e3, "K"]]);
  if (decimals !== undefined) return sign + "$" + grouped(size, decimals);
  if (size >= 1000) return sign + "$" + grouped(size, 0);
  if (size >= 1) return sign + "$" + grouped(size, 2);
  if (size >= 0.1) return sign + "$" + grouped(size, 3);
  if (size < 0.0001) return "< $0.0001";
  return sign + "$" + trimmed(Number(size.toPrecision(3)).toFixed(9));
}

function seconds(value, decimals) {
  const size = Math.abs(value);
  if (size < 0.001 && size > 0) return trimmed(grouped(value * 1e6, 0)) + " µs";
  if (size < 1) return size === 0 ? "0 s" : trimmed(grouped(value * 1e3, 0)) + " ms";
  if (size < 60) return grouped(value, decimals ?? (size < 10 ? 2 : 1)) + " s";
  return scaled(value, [[172800, 86400, "d"], [5400, 3600, "h"], [0, 60, "min"]], " ");
}

function share(value, decimals) {
  const percent = value * 100;
  const digits = decimals ?? (Math.abs(percent) >= 10 || percent === 0 ? 0 : 1);
  return grouped(percent, percent === 0 ? 0 : digits) + " %";
}

const bytes = (value) =>
  scaled(value, [[2 ** 40, 2 ** 40, "TiB"], [2 ** 30, 2 ** 30, "GiB"], [2 ** 20, 2 ** 20, "MiB"], [1024, 1024, "KiB"]], " ") ?? `${value} B`;

// Times come as the store prints them, in UTC.
export function moment(text) {
  const [day, clock = "00:00:00"] = String(text).split(/[ T]/);
  return Date.parse(`${day}T${clock.slice(0, 12).replace(/Z$/, "")}Z`);
}

const relative = new Intl.RelativeTimeFormat("en", { numeric: "always" });
export function ago(ms, now = Date.now()) {
  const past = (ms - now) / 1000, size = Math.abs(past);
  const [unit, by] = size < 60 ? ["second", 1] : size < 3600 ? ["minute", 60] : size < 86400 ? ["hour", 3600] : ["day", 86400];
  return relative.format(Math.round(past / by), unit);
}

const clockOf = new Intl.DateTimeFormat("en-GB", { day: "2-digit", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
const preciselyOf = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "long" });
export const clock = (ms) => clockOf.format(ms);
export const precisely = (ms) => preciselyOf.format(ms);

const UNITS = { currencyUSD: dollars, short: count, percentunit: share, s: seconds, bytes };

export function format(value, { unit = "", decimals, noValue = "-" } = {}) {
  if (value === null || value === undefined || value === "") return noValue || "-";
  if (unit === "dateTimeFromNow") return ago(moment(value));
  if (unit === "dateTimeAsSystem") return clock(moment(value));
  if (typeof value !== "number") return String(value);
  if (unit in UNITS) return UNITS[unit](value, decimals);
  return decimals === undefined ? trimmed(grouped(value, 2)) : grouped(value, decimals);
}
