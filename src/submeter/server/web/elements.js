// Building blocks of the page: everything from the server is written as text, never as markup.

export const $ = (id) => document.getElementById(id);

export function element(name, options = {}, ...children) {
  const made = document.createElement(name);
  const { text, className, style, data, ...rest } = options;
  if (className) made.className = className;
  if (text !== undefined && text !== null) made.textContent = text;
  for (const [property, value] of Object.entries(style || {})) made.style.setProperty(property, value);
  for (const [key, value] of Object.entries(data || {})) made.dataset[key] = value;
  for (const [key, value] of Object.entries(rest)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value !== undefined && value !== null) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export function svg(name, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

export function toast(text) {
  const place = $("toast");
  place.textContent = text;
  place.classList.add("shown");
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => place.classList.remove("shown"), 2500);
}

export const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// --- colours -----------------------------------------------------------------------------------------------------

const SLOTS = 10;
const families = new Map();

const NAMED = { text: "--ink", green: "--good", yellow: "--fair", orange: "--warn", red: "--bad", blue: "--c0", purple: "--c3", "light-green": "--c1" };

export const named = (color) => css(NAMED[color] || "--ink");

function hash(text) {
  let value = 7;
  for (const letter of text) value = (value * 31 + letter.codePointAt(0)) >>> 0;
  return value;
}

// The same name has the same colour in every panel; a family are names that stand beside one another.
export function colorOf(name, family = "") {
  if (!families.has(family)) families.set(family, new Map());
  const taken = families.get(family);
  if (!taken.has(name)) {
    const used = new Set(taken.values());
    let slot = hash(name) % SLOTS;
    for (let tries = 0; used.has(slot) && tries < SLOTS; tries += 1) slot = (slot + 1) % SLOTS;
    taken.set(name, slot);
  }
  return css(`--c${taken.get(name)}`);
}
