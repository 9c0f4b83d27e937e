// The controls of a dashboard: one per variable. A list of values is asked for when it is first opened.
import { element } from "./elements.js";

const ALL = "$__all";

export function control(variable, chosen, { ask, change }) {
  return variable.type === "textbox" ? typed(variable, chosen, change) : listed(variable, chosen, ask, change);
}

function typed(variable, chosen, change) {
  const input = element("input", { type: "text", id: `var-${variable.name}`, size: variable.name === "session" || variable.name === "trace" ? 26 : 10, title: variable.description, autocomplete: "off", spellcheck: "false" });
  input.value = chosen[0] ?? "";
  input.addEventListener("change", () => change([input.value.trim()]));
  return element("label", { className: "variable", for: input.id }, element("span", { text: variable.label }), input);
}

function listed(variable, chosen, ask, change) {
  const picked = new Set(chosen.filter((value) => value !== ALL));
  const summary = element("summary", { title: variable.description, data: { variable: variable.name } });
  const list = element("div", { className: "options", role: "group", "aria-label": variable.label });
  const search = element("input", { type: "search", placeholder: "Search, or type a value and press Enter", "aria-label": `Search ${variable.label}` });
  const root = element("details", { className: "pick variable" }, summary, element("div", { className: "menu" }, search, list));
  let known = null, before = "";
  const say = () => summary.replaceChildren(element("span", { text: variable.label }), element("b", { text: picked.size === 0 ? "All" : picked.size <= 2 ? [...picked].join(" + ") : `${[...picked][0]} + ${picked.size - 1}` }));
  function option(value, text, isOn) {
    const box = element("input", { type: "checkbox", value });
    box.checked = isOn;
    box.addEventListener("change", () => {
      if (value === ALL) picked.clear();
      else if (box.checked) picked.add(value);
      else picked.delete(value);
      for (const other of list.querySelectorAll("input")) other.checked = other.value === ALL ? picked.size === 0 : picked.has(other.value);
      say();
    });
    return element("label", {}, box, element("span", { text }));
  }
  function fill() {
    say();
    const wanted = search.value.toLowerCase();
    const values = [...new Set([...picked, ...(known || [])])].filter((value) => value.toLowerCase().includes(wanted));
    list.replaceChildren(option(ALL, "All", picked.size === 0), ...values.map((value) => option(value, value, picked.has(value))));
    if (known === null) list.append(element("p", { className: "soft", text: "asking" }));
  }
  root.addEventListener("toggle", async () => {
    if (!root.open) {
      if (before !== [...picked].join("\n")) change(picked.size ? [...picked] : [ALL]);
      return;
    }
    before = [...picked].join("\n");
    fill();
    search.focus();
    known = await ask().catch(() => []);
    fill();
  });
  root.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { root.open = false; summary.focus(); }
    if (event.key === "Enter" && event.target === search && search.value.trim()) {
      event.preventDefault();
      const wanted = search.value.trim();
      const match = (known || []).find((value) => value === wanted) ?? (known || []).find((value) => value.toLowerCase().includes(wanted.toLowerCase())) ?? wanted;
      picked.add(match);
      search.value = "";
      root.open = false;
      summary.focus();
    }
  });
  search.addEventListener("input", fill);
  say();
  return root;
}

// A click outside closes what is open, as everywhere.
document.addEventListener("click", (event) => {
  for (const open of document.querySelectorAll("details.pick[open]")) if (!open.contains(event.target)) open.open = false;
});
