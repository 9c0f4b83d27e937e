// A trace as a waterfall: every span a row, indented under its parent, a bar where it lies in time.
import { css, element } from "./elements.js";
import { rowsOf } from "./fields.js";
import { format } from "./format.js";

const value = (tags, name) => tags.find(({ key }) => key === name)?.value ?? "";

function kindOf(tags) {
  const kind = value(tags, "gen_ai.operation.name");
  if (kind === "execute_tool") return ["tool", "--c2"];
  if (kind.startsWith("invoke") || kind === "create_agent") return ["agent", "--c3"];
  if (kind === "embeddings") return ["embeddings", "--c1"];
  return kind ? ["call", "--c0"] : ["other", "--soft"];
}

export function trace(panel, { answer }, context) {
  const spans = rowsOf(answer);
  if (!spans.length) return { root: element("p", { className: "nothing", text: "choose a turn above: its spans are shown here" }) };
  const start = Math.min(...spans.map((span) => span.startTime));
  const whole = Math.max(...spans.map((span) => span.startTime + span.duration)) - start || 1;
  const ruler = element("div", { className: "ruler", "aria-hidden": "true" }, element("span"), element("div", {}, ...[0, 0.25, 0.5, 0.75, 1].map((part) => element("span", { text: format((whole * part) / 1000, { unit: "s" }) }))));
  const rows = ordered(spans).map(({ span, depth }) => row(span, depth, start, whole, context));
  const [first] = spans;
  const about = element("p", { className: "trace-about" }, element("span", { text: `${spans.length} ${spans.length === 1 ? "span" : "spans"}, ${format(whole / 1000, { unit: "s" })}, trace ` }), element("code", { text: first.traceID }));
  return { root: element("div", { className: "trace scroll", tabindex: "0", role: "region", "aria-label": panel.title }, about, ruler, element("ol", {}, ...rows)) };
}

function ordered(spans) {
  const known = new Set(spans.map(({ spanID }) => spanID)), below = new Map();
  for (const span of spans) {
    const parent = known.has(span.parentSpanID) ? span.parentSpanID : "";
    below.set(parent, [...(below.get(parent) || []), span]);
  }
  const found = [], seen = new Set();
  const visit = (parent, depth) => {
    for (const span of below.get(parent) || []) {
      if (seen.has(span.spanID)) continue;
      seen.add(span.spanID);
      found.push({ span, depth });
      visit(span.spanID, depth + 1);
    }
  };
  visit("", 0);
  return found;
}

function row(span, depth, start, whole, context) {
  const [kind, color] = kindOf(span.tags), isError = span.statusCode === 2;
  const input = value(span.tags, "gen_ai.usage.input_tokens"), output = value(span.tags, "gen_ai.usage.output_tokens");
  const cost = value(span.tags, "submeter.cost.usd");
  const facts = [input && `${format(Number(input), { unit: "short" })} in`, output && `${format(Number(output), { unit: "short" })} out`, cost && format(Number(cost), { unit: "currencyUSD" })].filter(Boolean).join(", ");
  const left = ((span.startTime - start) / whole) * 100, wide = Math.max((span.duration / whole) * 100, 0.3);
  const bar = element("span", { className: "span-bar", style: { left: `${left}%`, width: `${Math.min(wide, 100 - left)}%`, "background-color": isError ? css("--bad") : css(color) } });
  const isLate = left + wide > 60;
  const note = element("span", { className: "span-note", text: [format(span.duration / 1000, { unit: "s" }), facts].filter(Boolean).join(" · "), style: isLate ? { right: `${100 - left + 0.5}%` } : { left: `${left + wide + 0.5}%` } });
  if (isLate && left < 40) Object.assign(note.style, { right: "", left: `${left + 0.5}%` }), note.classList.add("inside");
  const name = element("span", { className: "span-name", style: { "padding-left": `${Math.min(depth, 12) * 14}px` } }, element("s", { className: "swatch", style: { "background-color": css(color) } }), element("span", { text: span.operationName }));
  const label = `${kind} ${span.operationName}, ${format(span.duration / 1000, { unit: "s" })}${facts ? `, ${facts}` : ""}${isError ? ", failed" : ""}`;
  return element("li", {}, element("button", { type: "button", className: isError ? "span failed" : "span", "aria-label": label, title: `${span.serviceName}: ${span.operationName}`, onclick: () => context.open(span.traceID, span.spanID) }, name, element("span", { className: "span-lane" }, bar, note)));
}
