// The drawer: everything about one span; of a call its tokens, the price that was used, and its messages.
import { $, css, element, toast } from "./elements.js";
import { clock, format } from "./format.js";
import { read } from "./server.js";

const PARTS = { input: "New input", cache_read: "Cache read", cache_write: "Cache write", cache_write_1h: "Cache write (1 h)", output: "Output", reasoning: "Reasoning", audio_input: "Audio input", audio_output: "Audio output", image_input: "Image input", image_output: "Image output", request: "Per request" };
const dollars = (value) => format(value, { unit: "currencyUSD" });
const count = (value) => (value === null || value === undefined ? "not reported" : Math.round(value).toLocaleString("en-US"));

export function drawer({ onClose, hrefOf }) {
  const dialog = $("drawer");
  $("drawer-close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("close", onClose);
  return {
    close: () => dialog.open && dialog.close(),
    async open(trace, span) {
      $("drawer-title").textContent = "Call";
      $("drawer-body").replaceChildren(element("p", { className: "nothing", text: "asking" }));
      if (!dialog.open) dialog.showModal();
      try {
        show(await read(`/page/calls/${encodeURIComponent(trace)}/${encodeURIComponent(span)}`), hrefOf);
      } catch (error) {
        $("drawer-body").replaceChildren(element("p", { className: "error", role: "alert", text: error.message }));
      }
    },
  };
}

function show({ span, attributes, messages, call, price }, hrefOf) {
  $("drawer-title").textContent = span.name || "(no name)";
  const model = call ? call.response_model || call.request_model : "";
  const about = [
    ["Outcome", span.status === "Error" ? attributes["error.type"] || span.status_message || "failed" : (call?.finish_reasons || []).join(", ") || "ok", span.status === "Error" ? "bad" : ""],
    ["Started", clock(span.start_ns / 1e6)],
    ["Duration", format(span.duration_s, { unit: "s" })],
    call?.ttft_s !== null && call && ["First chunk", format(call.ttft_s, { unit: "s" })],
    ["Service", span.service],
    call && ["Model", `${model}${call.provider ? ` (${call.provider})` : ""}`],
    call?.operation && ["Operation", [call.operation, call.step].filter(Boolean).join(" / ")],
    call?.user_id && ["User", call.user_id, "", hrefOf("users", { user: call.user_id })],
    call?.session_id && ["Session", call.session_id, "", hrefOf("session", { session: call.session_id, trace: span.trace_id })],
    ["Measured by", `${span.scope || "(no scope)"} ${span.scope_version}`],
  ].filter(Boolean);
  const body = [facts(about)];
  if (call) body.push(...tokens(call), ...paid(call, price));
  body.push(...said(messages, Boolean(call)));
  if (span.events?.length) body.push(element("h3", { text: "Events" }), facts(span.events.map((event) => [event.name, event.attributes])));
  body.push(...listed("Attributes", attributes), ...listed("Resource", span.resource));
  body.push(element("p", { className: "drawer-foot" }, element("button", { type: "button", text: "Copy link to this call", onclick: copyLink })));
  $("drawer-body").replaceChildren(...body);
}

async function copyLink() {
  await navigator.clipboard.writeText(location.href);
  toast("Link copied");
}

function facts(rows) {
  return element("dl", { className: "facts" }, ...rows.flatMap(([name, value, color, href]) => [
    element("dt", { text: name }),
    element("dd", { className: color || "" }, href ? element("a", { href, text: value }) : element("span", { text: value })),
  ]));
}

function tokens(call) {
  const input = call.input_tokens, read_ = call.cache_read_tokens || 0, written = call.cache_write_tokens || 0;
  const reasoning = call.reasoning_tokens || 0;
  const parts = [
    ["new input", Math.max((input || 0) - read_ - written, 0), "--c0"], ["cache read", read_, "--c1"], ["cache write", written, "--c5"],
    ["answer", Math.max((call.output_tokens || 0) - reasoning, 0), "--c2"], ["reasoning", reasoning, "--c3"],
  ].filter(([, size]) => size > 0);
  const total = parts.reduce((all, [, size]) => all + size, 0);
  const bar = element("div", { className: "token-bar", role: "img", "aria-label": parts.map(([name, size]) => `${name} ${count(size)}`).join(", ") || "no tokens reported" },
    ...parts.map(([, size, color]) => element("span", { style: { width: `${(size / total) * 100}%`, "background-color": css(color) } })));
  const legend = element("ul", { className: "token-legend" }, ...parts.map(([name, size, color]) => element("li", {}, element("s", { className: "swatch", style: { "background-color": css(color) } }), element("span", { text: name }), element("b", { text: count(size) }))));
  const full = call.context_utilization;
  const marks = [call.estimated && `estimated (${call.estimated})`, call.partial && "the stream broke off: partial", call.inconsistent && "the provider's parts did not fit their total"].filter(Boolean);
  return [
    element("h3", { text: "Tokens" }), total ? bar : null, total ? legend : null,
    facts([
      ["Input", count(input)], ["Output", count(call.output_tokens)],
      full !== null && full !== undefined && ["Context window", `${format(full, { unit: "percentunit", decimals: 1 })} of ${count(call.context_window)}`, full >= 0.95 ? "bad" : full >= 0.85 ? "warn" : full >= 0.7 ? "fair" : ""],
      marks.length && ["Note", marks.join("; ")],
    ].filter(Boolean)),
  ].filter(Boolean);
}

function paid(call, price) {
  const heading = element("h3", { text: "Cost" });
  if (call.cost_usd === null) return [heading, element("p", { text: price ? `No cost was put on the span; at the prices known here it would be ${dollars(price.usd)}.` : "This model has no known price, so this call is in no sum of money. A price file named in SUBMETER_PRICES gives it one." })];
  const found = [heading, element("p", { className: "price" }, element("b", { text: dollars(call.cost_usd) }), element("span", { className: "soft", text: call.price_version ? ` at the price table of ${call.price_version}` : " as stated by the sender" }))];
  if (!price) return found;
  const rows = Object.entries(price.parts).map(([part, usd]) => element("tr", {}, element("td", { text: PARTS[part] || part }),
    element("td", { className: "num", text: part in price.rates ? `${dollars(price.rates[part])}${part === "request" ? "" : " / M"}` : "as the whole" }), element("td", { className: "num", text: dollars(usd) })));
  found.push(element("table", { className: "parts" }, element("thead", {}, element("tr", {}, ...["Part", "Rate", "Cost"].map((text, index) => element("th", { scope: "col", className: index ? "num" : "", text })))), element("tbody", {}, ...rows)));
  const since = price.valid_from ? `in force since ${price.valid_from}` : "in force since ever";
  const differs = Math.abs(price.usd - call.cost_usd) > 1e-9 + call.cost_usd * 1e-6 ? ` The table has changed since: today's sum is ${dollars(price.usd)}.` : "";
  found.push(element("p", { className: "soft", text: `Price of ${price.model} at ${price.provider}, ${since}; source ${price.source || "not stated"}${price.checked ? `, checked ${price.checked}` : ""}.${differs}${price.is_assumed ? " The provider is not in the table: its model's maker's price was taken." : ""}` }));
  return found;
}

function said(messages, isCall) {
  if (messages.length) {
    return [element("h3", { text: "Messages" }), ...messages.map(({ role, text }) => element("div", { className: `message ${role === "assistant" ? "answer" : ""}` }, element("b", { text: role }), element("pre", { text })))];
  }
  return isCall ? [element("h3", { text: "Messages" }), element("p", { className: "soft", text: "Not captured. OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT in the program's environment turns capture on." })] : [];
}

function listed(title, values) {
  const names = Object.keys(values || {});
  if (!names.length) return [];
  const rows = names.sort().map((name) => element("tr", {}, element("th", { scope: "row", text: name }), element("td", { text: values[name] })));
  return [element("details", { open: title === "Attributes" }, element("summary", { text: `${title} (${names.length})` }), element("table", { className: "attributes" }, element("tbody", {}, ...rows)))];
}
