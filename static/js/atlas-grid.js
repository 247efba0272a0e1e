// The grid of the atlas: pages of units come as one nears them and go when they are far, each in a
// box of its own height, so that nothing jumps; the address names the page one looks at.
const grid = document.querySelector("#grid");
const STATE = "unitscope-grid";
const NEAR = 1.2; // pages on either side that are fetched
const AHEAD = 400; // ms: where one will be by then is fetched first, for that is what a fetch takes
const MOST_AHEAD = 5; // pages
const KEPT = 8; // pages on either side that stay; those beyond are emptied
const AT_ONCE = 3; // fetches; whatever is passed while it waits for its turn is not fetched

if (grid) {
  const pages = Number(grid.dataset.pages);
  const size = Number(grid.dataset.size);
  const count = Number(grid.dataset.count);
  const first = grid.querySelector(".units-page");
  const here = Number(first.dataset.page);
  const known = new Map(); // page → its HTML
  const near = new Set(); // pages that ought to be there
  const filled = new Set();
  let seen = { at: here, when: 0, soon: here };
  const under = new Map(); // page → the promise that fills it
  let current = (here - 1) * size; // number of the unit that Tab leads to

  // ---- Boxes ----------------------------------------------------------------------------------
  const boxes = [null]; // pages count from 1
  for (let page = 1; page <= pages; page += 1) {
    let box = first;
    if (page !== here) {
      box = document.createElement("div");
      box.className = "units-page";
      box.dataset.page = page;
    }
    boxes.push(box);
  }
  first.classList.add("first");
  measure();
  grid.classList.add("endless");
  // In one step with the scrolling below: between them nothing is painted.
  first.before(...boxes.slice(1, here));
  first.after(...boxes.slice(here + 1));
  restore();
  look();
  new ResizeObserver(() => { measure(); look(); }).observe(grid);

  function columns() {
    const list = grid.querySelector(".unit-grid");
    return getComputedStyle(list).gridTemplateColumns.split(" ").length;
  }

  function measure() {
    const list = grid.querySelector(".unit-grid");
    const card = list?.firstElementChild;
    if (!card) return;
    const gap = Number.parseFloat(getComputedStyle(list).rowGap);
    const step = card.getBoundingClientRect().height + gap;
    const padding = 8; // .units-page has it above and below
    const rows = Math.ceil(size / columns());
    const last = Math.ceil((count - (pages - 1) * size) / columns());
    grid.style.setProperty("--page-height", `${rows * step + padding}px`);
    boxes[pages].style.setProperty("--page-height", `${last * step + padding}px`);
  }

  // ---- Fetching and letting go ------------------------------------------------------------------
  // Page and part of it in the middle of the screen: 3.5 is half-way through page 3.
  function place() {
    const box = boxes[1].getBoundingClientRect();
    return (window.innerHeight / 2 - box.top) / box.height + 1;
  }

  function look() {
    const now = performance.now();
    const at = place();
    const speed = now - seen.when < 200 ? (at - seen.at) / Math.max(1, now - seen.when) : 0;
    const ahead = Math.min(MOST_AHEAD, Math.max(-MOST_AHEAD, speed * AHEAD));
    seen = { at, when: now, soon: at + ahead };
    const from = Math.floor(Math.min(at, seen.soon) - NEAR);
    const to = Math.floor(Math.max(at, seen.soon) + NEAR);
    near.clear(); // what was passed before its turn came is not fetched
    for (let page = Math.max(1, from); page <= Math.min(pages, to); page += 1) {
      if (!boxes[page].childElementCount && !under.has(page)) near.add(page);
    }
    for (const page of filled) if (page < from - KEPT || page > to + KEPT) leave(page);
    next();
  }

  function next() {
    if (!near.size || under.size >= AT_ONCE) return;
    const away = (page) => Math.abs(page + 0.5 - seen.soon);
    const page = [...near].reduce((one, other) => (away(other) < away(one) ? other : one));
    near.delete(page);
    fill(page).finally(next);
    next();
  }

  function leave(page) {
    // What the keyboard is in stays, and what the cards are measured by.
    if (boxes[page] === first || boxes[page].contains(document.activeElement)) return;
    boxes[page].replaceChildren();
    filled.delete(page);
  }

  function fill(page) {
    const box = boxes[page];
    if (box.childElementCount && !box.querySelector(".lost")) return Promise.resolve();
    if (!under.has(page)) {
      under.set(page, fetched(page).then(
        (html) => put(box, html),
        () => lose(box, page),
      ).finally(() => under.delete(page)));
    }
    return under.get(page);
  }

  async function fetched(page) {
    if (known.has(page)) return known.get(page);
    const address = new URL(window.location.href);
    address.searchParams.set("page", page);
    address.searchParams.set("part", "units");
    const answer = await fetch(address, { headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) throw new Error(answer.status);
    const html = await answer.text();
    known.set(page, html);
    return html;
  }

  function put(box, html) {
    const made = document.createRange().createContextualFragment(html);
    box.replaceChildren(...made.querySelector(".units-page").children);
    filled.add(Number(box.dataset.page));
    rove(box);
  }

  function lose(box, page) {
    const told = document.createElement("p");
    told.className = "lost cluster";
    const again = document.createElement("button");
    again.type = "button";
    again.className = "button quiet small";
    again.textContent = grid.dataset.again;
    again.addEventListener("click", () => fill(page));
    told.append(grid.dataset.lost, " ", again);
    box.replaceChildren(told);
    filled.add(page);
  }

  // ---- The place in the address -----------------------------------------------------------------
  function top(box) {
    return box.getBoundingClientRect().top + window.scrollY;
  }

  function restore() {
    history.scrollRestoration = "manual";
    const place = history.state?.[STATE];
    if (place?.page === here) window.scrollTo(0, top(first) + place.offset);
    else if (here > 1) window.scrollTo(0, top(first));
  }

  let waiting = 0;
  let frame = 0;
  function remember() {
    waiting = 0;
    const box = boxes[1].getBoundingClientRect();
    const page = Math.min(pages, Math.max(1, Math.floor((1 - box.top) / box.height) + 1));
    const address = new URL(window.location.href);
    if (page > 1) address.searchParams.set("page", page);
    else address.searchParams.delete("page");
    const offset = window.scrollY - top(boxes[page]);
    history.replaceState({ ...history.state, [STATE]: { page, offset } }, "", address);
  }
  window.addEventListener("scroll", () => {
    waiting ||= setTimeout(remember, 250); // browsers count how often an address changes
    frame ||= requestAnimationFrame(() => { frame = 0; look(); });
  }, { passive: true });
  window.addEventListener("pagehide", remember);

  // ---- One tab stop, arrows between units -------------------------------------------------------
  const keys = document.createElement("p");
  keys.className = "visually-hidden";
  keys.id = "grid-keys";
  keys.textContent = grid.dataset.keys;
  grid.before(keys);
  rove(first);

  function rove(box) {
    const begin = (Number(box.dataset.page) - 1) * size;
    for (const [place, link] of [...box.querySelectorAll(".best")].entries()) {
      link.tabIndex = begin + place === current ? 0 : -1;
      link.number = begin + place;
      if (link.tabIndex === 0) link.setAttribute("aria-describedby", keys.id);
    }
  }

  async function go(number) {
    const page = Math.floor(number / size) + 1;
    if (!boxes[page].querySelector(".best")) {
      boxes[page].scrollIntoView({ block: "start" });
      await fill(page);
    }
    const link = boxes[page].querySelectorAll(".best")[number % size];
    if (!link) return;
    link.focus();
    link.closest("li").scrollIntoView({ block: "nearest" });
  }

  grid.addEventListener("focusin", (event) => {
    const link = event.target.closest(".best");
    if (!link || link.number === current) return;
    grid.querySelector(".best[tabindex='0']")?.setAttribute("tabindex", "-1");
    current = link.number;
    link.tabIndex = 0;
  });

  grid.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (!event.target.closest(".best")) return;
    const wide = columns();
    const to = {
      ArrowLeft: current - 1,
      ArrowRight: current + 1,
      ArrowUp: current - wide,
      ArrowDown: current + wide,
      Home: 0,
      End: count - 1,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault(); // also tells atlas.js not to turn the page
    if (to >= 0 && to < count) go(to);
  });
}

// ---- What was found is said, and the filter that was changed keeps the focus ----------------------
const CHANGED = "unitscope-filter";
const form = document.querySelector("#filters");
form?.addEventListener("change", (event) => sessionStorage.setItem(CHANGED, event.target.id));
form?.addEventListener("submit", () => {
  const at = document.activeElement?.id;
  if (at) sessionStorage.setItem(CHANGED, at);
});
const changed = sessionStorage.getItem(CHANGED);
sessionStorage.removeItem(CHANGED);
if (changed && form) {
  document.getElementById(changed)?.focus({ preventScroll: true });
  const status = document.querySelector("#found");
  // A region that is filled after it was there is read out.
  setTimeout(() => { status.textContent = document.querySelector("#units").textContent; }, 300);
}
