// Draws what the server says a page is made of. All text becomes text nodes; only the tags and
// attributes below exist, so that nothing from an event can become markup or code.
import { h } from "vue";
import { echarts } from "nicegui-echart";

const TAGS = new Set(
  ("a article aside b button caption code dd details dialog div dl dt em figcaption figure footer " +
    "form h1 h2 h3 header hr i input kbd label li main nav ol option p pre section select small " +
    "span strong summary svg path line circle table tbody td th thead time tr ul").split(" "),
);
const COLOURS = new Set(["color", "borderColor", "backgroundColor", "textBorderColor"]);
const UNCODED = /^(on|style$|src|formaction)/i;

// the colours of a chart are names of variables of the style sheet: "--name"
function coloured(value, style) {
  if (Array.isArray(value)) return value.map((part) => coloured(part, style));
  if (value === null || typeof value !== "object") return value;
  const found = {};
  for (const [name, part] of Object.entries(value)) {
    const variable = typeof part === "string" && part.startsWith("--") && COLOURS.has(name);
    const list = name === "color" && Array.isArray(part);
    if (variable) found[name] = resolved(part, style);
    else if (list) found[name] = part.map((one) => (one.startsWith?.("--") ? resolved(one, style) : one));
    else found[name] = coloured(part, style);
  }
  return found;
}

function resolved(variable, probe) {
  probe.style.color = `var(${variable})`;
  return getComputedStyle(probe).color;
}

const Chart = {
  props: { options: String, label: String, height: Number },
  mounted() {
    this.chart = echarts.init(this.$refs.canvas, null, { renderer: "canvas" });
    this.resizing = new ResizeObserver(() => this.chart.resize());
    this.resizing.observe(this.$refs.canvas);
    this.scheme = matchMedia("(prefers-color-scheme: dark)");
    this.scheme.addEventListener("change", this.show);
    window.addEventListener("tidegauge-theme", this.show);
    this.show();
  },
  updated() {
    this.show();
  },
  beforeUnmount() {
    this.resizing.disconnect();
    this.scheme.removeEventListener("change", this.show);
    window.removeEventListener("tidegauge-theme", this.show);
    this.chart.dispose();
  },
  methods: {
    show() {
      const options = coloured(JSON.parse(this.options), this.$refs.probe);
      this.chart.setOption(options, { notMerge: true });
    },
  },
  render() {
    return h("figure", { class: "chart", role: "img", "aria-label": this.label }, [
      h("i", { ref: "probe", class: "probe", "aria-hidden": "true" }),
      h("div", { ref: "canvas", style: { height: `${this.height}px` } }),
    ]);
  },
};

function drawn(node, place) {
  if (typeof node === "string") return node;
  const key = node.k || place;
  if (node.chart) {
    return h(Chart, { key, options: JSON.stringify(node.chart), label: node.label, height: node.height });
  }
  if (!TAGS.has(node.t)) return null;
  const props = { key };
  for (const [name, value] of Object.entries(node.a || {})) if (!UNCODED.test(name)) props[name] = value;
  if (node.c) props.class = node.c;
  if (node.t === "input") {
    // what somebody types is theirs until they leave the field
    const value = props.value ?? "";
    delete props.value;
    const fill = ({ el }) => {
      if (document.activeElement !== el && el.value !== value) el.value = value;
    };
    props.onVnodeMounted = props.onVnodeUpdated = fill;
  }
  if (node.v !== undefined) props.style = { "--v": node.v };
  return h(node.t, props, (node.n || []).map(drawn));
}

const THEMES = ["", "light", "dark"];

export default {
  props: { page: String },
  emits: ["go"],
  data() {
    return { blocks: JSON.parse(this.page) };
  },
  watch: {
    page(text) {
      this.blocks = JSON.parse(text);
    },
  },
  mounted() {
    this.$el.addEventListener("click", this.clicked);
    this.$el.addEventListener("submit", this.submitted);
    this.$el.addEventListener("input", this.typed);
    document.addEventListener("keydown", this.pressed);
    window.addEventListener("popstate", this.went);
  },
  beforeUnmount() {
    document.removeEventListener("keydown", this.pressed);
    window.removeEventListener("popstate", this.went);
  },
  methods: {
    // called by the server: which blocks there are, in order, and those that have changed
    patch(order, changed) {
      const known = { ...Object.fromEntries(this.blocks), ...JSON.parse(changed) };
      this.blocks = order.map((key) => [key, known[key]]);
      if (!this.turned) return;
      this.turned = false;
      window.scrollTo(0, 0);
      document.getElementById("content").focus({ preventScroll: true });
    },
    // somebody went back or forth, or follows a link
    went() {
      this.$emit("go", location.pathname + location.search);
    },
    go(href, { replace = false, turn = true } = {}) {
      history[replace ? "replaceState" : "pushState"](null, "", href);
      this.turned = turn;
      this.went();
    },
    clicked(event) {
      const acting = event.target.closest("[data-act]");
      if (acting) return this.act(acting.dataset.act);
      const link = event.target.closest("a[href]");
      if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
      const href = link.getAttribute("href");
      if (!href.startsWith("/")) return;
      event.preventDefault();
      this.go(href, { turn: !link.dataset.soft });
    },
    submitted(event) {
      event.preventDefault();
      clearTimeout(this.typing);
      const form = event.target;
      const live = form.querySelector("[data-live]");
      const base = live ? live.dataset.live : location.pathname;
      this.go(this.filled(form, base), { turn: !live });
    },
    typed(event) {
      const field = event.target;
      if (field.dataset.live === undefined) return;
      clearTimeout(this.typing);
      this.typing = setTimeout(
        () => this.go(this.filled(field.form, field.dataset.live), { replace: true, turn: false }),
        150,
      );
    },
    filled(form, base) {
      const [path, query] = base.split("?");
      const options = new URLSearchParams(query);
      for (const [name, value] of new FormData(form)) if (value) options.set(name, value);
      const text = options.toString();
      return text ? `${path}?${text}` : path;
    },
    act(what) {
      const help = document.getElementById("help");
      if (what === "help") help?.showModal();
      if (what === "close") help?.close();
      if (what === "theme") {
        const now = document.documentElement.dataset.theme || "";
        const next = THEMES[(THEMES.indexOf(now) + 1) % THEMES.length];
        if (next) document.documentElement.dataset.theme = next;
        else delete document.documentElement.dataset.theme;
        localStorage.setItem("tidegauge-theme", next);
        window.dispatchEvent(new Event("tidegauge-theme"));
      }
    },
    pressed(event) {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const field = event.target.closest?.("input, select, textarea");
      if (event.key === "Escape") return this.back(event, field);
      if (field || document.querySelector("dialog[open]")) return;
      const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[event.key];
      if (step) return this.step(event, step);
      const target = this.$el.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
      if (!target) return;
      event.preventDefault();
      if (target.tagName === "INPUT") target.focus();
      else target.click();
    },
    step(event, step) {
      const rows = [...this.$el.querySelectorAll("a.row")];
      if (!rows.length) return;
      event.preventDefault();
      const at = rows.indexOf(document.activeElement);
      const next = at < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, at + step));
      rows[next].focus();
    },
    back(event, field) {
      if (document.querySelector("dialog[open]")) return;
      if (field) {
        if (field.value && field.dataset.live !== undefined) {
          field.value = "";
          this.typed({ target: field });
        } else field.blur();
        return;
      }
      this.$el.querySelector("[data-up]")?.click();
    },
  },
  render() {
    const parts = this.blocks.map(([key, node]) => [key, drawn(node, key)]);
    const aside = new Set(["head", "notice", "help"]);
    return h("div", { class: "console" }, [
      ...parts.filter(([key]) => key === "head" || key === "notice").map(([, node]) => node),
      h("div", { id: "content", class: "page", tabindex: -1 }, parts.filter(([key]) => !aside.has(key)).map(([, node]) => node)),
      ...parts.filter(([key]) => key === "help").map(([, node]) => node),
    ]);
  },
};
