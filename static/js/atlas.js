// The atlas: arrow keys between units, plain or segmented images without a reload, the large view,
// filters that apply at once and fold away on narrow screens.
const filters = document.querySelector("details.filters");
if (filters) {
  // What is wrong with a filter stands beside it, and is not folded away.
  const narrow = window.matchMedia("(max-width: 800px)").matches;
  if (narrow && !filters.querySelector(".error")) filters.open = false;
  const form = filters.querySelector("form");
  form.addEventListener("change", (event) => {
    if (event.target.type !== "search") form.requestSubmit();
  });
  // An address without the fields that ask for nothing is one that can be read and sent.
  form.addEventListener("formdata", (event) => {
    for (const [name, value] of [...event.formData]) {
      if (value === "" || (name === "sort" && value === "unit")) event.formData.delete(name);
      if (name === "kinds" && !event.formData.get("concept")) event.formData.delete(name);
    }
  });
}

const dialog = document.querySelector("#large");
const tiles = [...document.querySelectorAll(".wall .tile")];
let shown = 0;

function show(place) {
  shown = (place + tiles.length) % tiles.length;
  const tile = tiles[shown];
  const image = dialog.querySelector("img");
  image.src = tile.href;
  image.alt = tile.querySelector("img")?.alt ?? tile.dataset.caption;
  dialog.querySelector("#large-caption").textContent = tile.dataset.caption;
}

if (dialog && tiles.length) {
  for (const [place, tile] of tiles.entries()) {
    tile.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      show(place);
      dialog.showModal();
    });
  }
  dialog.addEventListener("click", (event) => {
    const step = event.target.dataset.step;
    if (step) show(shown + Number(step));
    else if (event.target === dialog || "close" in event.target.dataset) dialog.close();
  });
  dialog.addEventListener("close", () => tiles[shown].focus());
}

for (const choice of document.querySelectorAll("[data-kind]")) {
  choice.addEventListener("click", (event) => {
    event.preventDefault();
    const kind = choice.dataset.kind;
    const other = kind === "plain" ? "/segmented-" : "/plain-";
    const swap = (text) => text.replaceAll(other, `/${kind}-`);
    for (const tile of tiles) {
      tile.href = swap(tile.href);
      const image = tile.querySelector("img");
      image.srcset = swap(image.srcset);
      image.src = swap(image.src);
    }
    for (const each of document.querySelectorAll("[data-kind]")) {
      if (each === choice) each.setAttribute("aria-current", "true");
      else each.removeAttribute("aria-current");
    }
    const here = new URL(window.location.href);
    if (kind === "plain") here.searchParams.set("view", "plain");
    else here.searchParams.delete("view");
    history.replaceState(null, "", here);
    // The neighbours are shown in the same way.
    for (const link of document.querySelectorAll("a[rel=prev], a[rel=next]")) {
      const there = new URL(link.href);
      there.search = here.search;
      link.href = there.href;
    }
  });
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.target.closest("input, select, textarea, summary")) return;
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!step) return;
  if (dialog?.open) {
    show(shown + step);
  } else {
    document.querySelector(step < 0 ? "a[rel=prev]" : "a[rel=next]")?.click();
  }
});
