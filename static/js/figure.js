// Draws the figures of a page: Vega-Lite from the server, in the colours of the page, light or dark.
// Expressions are interpreted, not compiled, as the content security policy has it. Nothing moves.
// A mark of a row with `href` opens that page: only pages of this site are opened, nothing is fetched.
const root = document.documentElement;

function token(name) {
  return getComputedStyle(root).getPropertyValue(`--${name}`).trim();
}

function isNarrow() {
  return window.matchMedia("(max-width: 600px)").matches;
}

// What the names of styles in the server's drawings look like.
function config() {
  const [ink, muted, line, accent] = ["ink", "muted", "line", "accent"].map(token);
  const font = getComputedStyle(document.body).fontFamily;
  const words = { labelColor: muted, titleColor: muted, labelFont: font, titleFont: font };
  const narrow = isNarrow();
  const sizes = { labelFontSize: 13, titleFontSize: 13, titleFontWeight: 500 };
  return {
    background: token("raised"),
    font,
    padding: 4,
    view: { stroke: null },
    axis: { ...words, ...sizes, gridColor: line, domainColor: line, tickColor: line, labelLimit: narrow ? 160 : 240 },
    axisX: { labelAngle: 0, labelOverlap: true },
    legend: {
      ...words,
      ...sizes,
      orient: "top",
      direction: narrow ? "vertical" : "horizontal",
      labelLimit: 320,
    },
    header: { ...words, ...sizes },
    text: { color: ink, font, fontSize: 13 },
    range: {
      category: ["accent", "simple", "region", "scene", "texture", "object"].map(token),
      ordinal: ["simple", "texture", "region", "part", "object", "scene"].map(token),
      symbol: ["circle", "square", "triangle-up", "diamond", "cross", "triangle-down"],
    },
    bar: { color: accent },
    point: { size: 70 },
    tick: { bandSize: 18, thickness: 1.5 },
    style: {
      observed: { color: accent, opacity: 1 },
      reference: { color: muted, strokeDash: [5, 4] },
      published: { color: muted, strokeWidth: 2, opacity: 1 },
      // On a narrow screen labels would lie over one another: the table has them.
      label: { color: ink, font, fontSize: 13, baseline: "bottom", dy: -6, opacity: narrow ? 0 : 1 },
      interval: { color: muted, strokeWidth: 1.5 },
      halo: { color: token("raised"), strokeWidth: 4.5, opacity: 0.85 },
    },
  };
}

// ---- On a narrow screen ----
const NAME = 18; // letters of a name beside an axis that find room in a line
const KEY = 28; // of a name in the legend
const TITLE = { bottom: 22, left: 38 }; // letters of an axis' title, by the side where it stands
const LINE = 16; // pixels
const NEARLY = 4; // so many letters more than that still find room

// Returns where a label of lines of `most` letters is broken: behind a blank or a hyphen, or where
// it has none just there.
function places(most) {
  const room = most + NEARLY;
  return `(?!.{1,${most}}$)(.{1,${most}}[ _-]|.{1,${room - 1}}[ _-]|(?!.{1,${room}}$).{${most}})`;
}

// Returns the expression of a label's lines.
function inLines(most) {
  return `split(replace(datum.label, regexp('${places(most)}', 'gu'), '$1\\n'), '\\n')`;
}

function namesOf(channel, rows) {
  if (!["ordinal", "nominal"].includes(channel?.type)) return [];
  return [...new Set(rows.map((row) => String(row[channel.field] ?? "")))];
}

// Breaks long names beside the axis into lines, and gives them the height that takes: what tells
// two names apart is often their end.
function broken(spec) {
  const layers = (spec.layer ?? [spec]).filter((layer) => layer.encoding?.y);
  const names = layers.flatMap(({ encoding, data }) =>
    namesOf(encoding.y, (data ?? spec.data)?.values ?? []));
  const place = new RegExp(places(NAME), "gu");
  const lines = Math.max(1, ...names.map((name) => name.replace(place, "$1\n").split("\n").length));
  if (lines === 1) return spec;
  const wider = structuredClone(spec);
  for (const { encoding } of wider.layer ?? [wider]) {
    if (encoding?.y) encoding.y.axis = { ...encoding.y.axis, labelExpr: inLines(NAME) };
  }
  wider.height = Math.max(spec.height ?? 0, 40 + (LINE * lines + 2) * new Set(names).size);
  return wider;
}

// Breaks what would run out of the drawing: titles of axes, names in legends.
function folded(compiled) {
  for (const legend of compiled.legends ?? []) {
    legend.encode = { ...legend.encode, labels: { update: { text: { signal: inLines(KEY) } } } };
  }
  for (const axis of compiled.axes ?? []) {
    const labels = axis.encode?.labels?.update;
    // The first of several lines stands where a single one would: they go up by half of what is more.
    if (labels?.text?.signal === inLines(NAME)) labels.dy = { signal: `-7 * (length(${inLines(NAME)}) - 1)` };
    const most = TITLE[axis.orient];
    if (!most || typeof axis.title !== "string") continue;
    axis.title = axis.title.split(" ").reduce((lines, word) => {
      const longer = `${lines.at(-1)} ${word}`;
      return longer.length > most ? [...lines, word] : [...lines.slice(0, -1), longer];
    }, [""]).map((line) => line.trim()).filter(Boolean);
  }
  return compiled;
}

function compile(spec) {
  const narrow = isNarrow();
  const compiled = vegaLite.compile(narrow ? broken(spec) : spec, { config: config() }).spec;
  return narrow ? folded(compiled) : compiled;
}

// What an address in a row may lead to: rows hold words that anybody may have written.
export function samePlace(address) {
  const found = new URL(address, location.href);
  if (!String(address).startsWith("/") || found.origin !== location.origin) {
    throw new Error(`${address} is not a page of this site`);
  }
  return { href: found.href };
}

function loader() {
  const none = vega.loader();
  none.load = async (address) => {
    throw new Error(`figures fetch nothing: ${address}`);
  };
  none.sanitize = async (address) => samePlace(address);
  return none;
}

class Figure {
  constructor(place) {
    this.place = place;
    this.name = place.dataset.figure;
    this.spec = JSON.parse(document.getElementById(this.name).textContent);
    this.drawing = place.querySelector(".drawing");
  }

  async draw() {
    try {
      this.view?.finalize();
      const view = new vega.View(vega.parse(compile(this.spec), null, { ast: true }), {
        expr: vega.expressionInterpreter,
        loader: loader(),
        renderer: "svg",
        container: this.drawing,
        hover: true,
      });
      this.view = await view.runAsync();
      this.place.dataset.drawn = root.dataset.shown ?? "";
    } catch (error) {
      console.error(`figure ${this.name}:`, error);
      this.drawing.hidden = true;
      this.place.querySelector("[data-failed]").hidden = false;
    }
  }
}

const figures = [...document.querySelectorAll("[data-figure]")].map((place) => new Figure(place));
// One after the other, so that clicks and scrolling are answered in between.
async function drawAll() {
  for (const figure of figures) {
    await figure.draw();
    await new Promise((resolve) => { setTimeout(resolve); });
  }
}
await drawAll();
new MutationObserver(drawAll).observe(root, { attributes: true, attributeFilter: ["data-shown"] });
