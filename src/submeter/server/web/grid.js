// The grid of panels: each asks for its answer when it comes into view, and draws what its type says.
import { element } from "./elements.js";
import { rowChart, timeChart } from "./chart.js";
import { barGauge, heatmap, pie, stat } from "./pictures.js";
import { plain, table } from "./table.js";
import { trace } from "./trace.js";

const DRAW = { stat, timeseries: timeChart, barchart: rowChart, bargauge: barGauge, piechart: pie, heatmap, table, traces: trace };
const MARGIN = "300px";

export class Grid {
  constructor(place, context) {
    this.place = place;
    this.context = context;
    this.panels = [];
    this.answers = new Map();
    this.seen = new IntersectionObserver((entries) => entries.forEach((entry) => this.#cameIntoView(entry)), { rootMargin: MARGIN });
    this.sized = new ResizeObserver((entries) => entries.forEach(({ target }) => target.redraw?.()));
  }

  show(board) {
    this.seen.disconnect();
    this.sized.disconnect();
    for (const panel of this.panels) panel.picture?.destroy?.();
    const ordered = [...board.panels].sort((a, b) => a.gridPos.y - b.gridPos.y || a.gridPos.x - b.gridPos.x);
    this.panels = ordered.map((config) => this.#made(config));
    this.place.replaceChildren(...this.panels.map(({ root }) => root));
    for (const panel of this.panels) this.seen.observe(panel.root);
    this.restart();
  }

  // A new generation of answers; what is in view asks at once, the rest when it comes into view.
  restart() {
    this.abort?.abort();
    this.abort = new AbortController();
    this.answers.clear();
    for (const panel of this.panels) {
      panel.isAsked = false;
      panel.root.dataset.state = "waiting";
    }
    return Promise.all(this.panels.filter(({ isInView }) => isInView).map((panel) => this.#ask(panel)));
  }

  redraw() {
    for (const panel of this.panels) if (panel.text) this.#draw(panel);
  }

  #made(config) {
    const { x, y, w, h } = config.gridPos;
    const id = `panel-${config.id}`;
    const body = element("div", { className: "body" });
    const panel = { config, body, text: "", picture: null, memory: {}, isInView: false, isAsked: false, isPlain: false };
    const about = element("button", { type: "button", className: "about", "aria-label": `About ${config.title}: ${config.description}`, text: "?", data: { tip: config.description } });
    const tools = element("div", { className: "tools" }, about);
    if (!["stat", "table", "traces"].includes(config.type)) {
      tools.append(element("button", { type: "button", className: "flip", "aria-pressed": "false", title: "Show as a table", "aria-label": `${config.title} as a table`, text: "▤", onclick: (event) => {
        panel.isPlain = !panel.isPlain;
        event.currentTarget.setAttribute("aria-pressed", String(panel.isPlain));
        this.#draw(panel);
      } }));
    }
    panel.root = element("section", { className: `panel ${config.type}`, "aria-labelledby": id, data: { panel: config.id, title: config.title, state: "waiting" }, style: { "grid-column": `${x + 1} / span ${w}`, "grid-row": `${y + 1} / span ${h}`, "--h": h } },
      element("div", { className: "head" }, element("h2", { id, text: config.title }), tools), body);
    return panel;
  }

  #cameIntoView({ target, isIntersecting }) {
    const panel = this.panels.find(({ root }) => root === target);
    if (!panel) return;
    panel.isInView = isIntersecting;
    if (isIntersecting && !panel.isAsked) this.#ask(panel);
  }

  #answer(id) {
    if (!this.answers.has(id)) this.answers.set(id, this.context.ask(id, this.abort.signal));
    return this.answers.get(id);
  }

  async #ask(panel) {
    panel.isAsked = true;
    panel.root.dataset.state = "asking";
    const [target] = panel.config.targets;
    const generation = this.abort;
    try {
      const text = await this.#answer(target.panelId ?? panel.config.id);
      if (generation !== this.abort) return;
      performance.mark(`answered ${panel.config.title}`);
      if (text !== panel.text || panel.root.dataset.failed) {
        panel.text = text;
        this.#draw(panel);
      } else panel.root.dataset.state = "ready";
    } catch (error) {
      if (error.name === "AbortError" || generation !== this.abort) return;
      this.#fail(panel, error);
    }
  }

  #draw(panel) {
    const { config, body } = panel;
    const scrolled = body.firstElementChild ? [body.firstElementChild.scrollLeft, body.firstElementChild.scrollTop] : [0, 0];
    panel.picture?.destroy?.();
    this.sized.unobserve(body);
    try {
      const answer = JSON.parse(panel.text);
      const draw = DRAW[config.type];
      panel.picture = panel.isPlain || !draw ? { root: plain(config, answer.answer) } : this.#drawn(draw, panel, answer);
      body.replaceChildren(panel.picture.root);
      body.redraw = panel.picture.draw;
      panel.picture.draw?.();
      if (panel.picture.draw) this.sized.observe(body);
      body.firstElementChild.scrollTo?.(...scrolled);
      delete panel.root.dataset.failed;
      panel.root.dataset.state = "ready";
      requestAnimationFrame(() => performance.mark(`painted ${config.title}`));
    } catch (error) {
      this.#fail(panel, error);
    }
  }

  #drawn(draw, panel, answer) {
    const isEmpty = answer.answer.data.length === 0 && ["timeseries", "barchart"].includes(panel.config.type);
    if (isEmpty) return { root: element("p", { className: "nothing", text: "nothing in this range" }) };
    return draw(panel.config, answer, this.context.now(), panel.memory);
  }

  #fail(panel, error) {
    panel.root.dataset.state = "error";
    panel.root.dataset.failed = "yes";
    panel.body.replaceChildren(element("p", { className: "error", role: "alert", text: error.message }));
    this.context.failed(error);
  }
}
