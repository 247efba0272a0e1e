// The tiles: one tab stop, arrows move, Space marks, Z or a long press enlarges.
import { say } from "./words.js";

const LONG_PRESS = 450; // ms
const SLIP = 10; // px a finger may slip and still hold

export class Grid {
  constructor(element, sheet, enlarge) {
    this.element = element;
    this.sheet = sheet;
    this.enlarge = enlarge;
    this.shots = [...element.querySelectorAll(".shot")];
    for (const shot of this.shots) {
      if (shot.getAttribute("aria-pressed") === "true") sheet.rejected.add(place(shot));
    }
    element.addEventListener("click", (event) => this.onClick(event));
    element.addEventListener("keydown", (event) => this.onKey(event));
    element.addEventListener("focusin", (event) => this.onFocus(event));
    this.watchLongPress();
    sheet.addEventListener("drawn", () => this.draw());
  }

  draw() {
    for (const shot of this.shots) {
      shot.setAttribute("aria-pressed", String(this.sheet.rejected.has(place(shot))));
      const failed = this.sheet.unseen.has(place(shot));
      if (failed === shot.hasAttribute("aria-disabled")) continue;
      shot.toggleAttribute("aria-disabled", failed);
      if (failed) shot.setAttribute("aria-disabled", "true");
      const number = this.shots.indexOf(shot) + 1;
      const words = failed
        ? say("Image {number} failed to load and is not scored", { number })
        : say("Image {number} does not fit", { number });
      shot.setAttribute("aria-label", words);
    }
  }

  onClick(event) {
    const shot = event.target.closest(".shot");
    if (!shot) return;
    if (this.held) {
      this.held = false; // the click that ends a long press
      return;
    }
    this.focus(this.shots.indexOf(shot));
    this.sheet.toggle(place(shot));
  }

  onFocus(event) {
    const shot = event.target.closest(".shot");
    if (!shot) return;
    for (const other of this.shots) other.tabIndex = other === shot ? 0 : -1;
  }

  focus(index) {
    const shot = this.shots[index];
    if (!shot) return false;
    shot.focus();
    return true;
  }

  columns() {
    const top = this.shots[0].offsetTop + this.shots[0].parentElement.offsetTop;
    const below = this.shots.findIndex((s) => s.offsetTop + s.parentElement.offsetTop > top);
    return below < 0 ? this.shots.length : below;
  }

  onKey(event) {
    const here = this.shots.indexOf(event.target.closest(".shot"));
    if (here < 0 || event.altKey) return;
    const last = this.shots.length - 1;
    const row = this.columns();
    const start = here - (here % row);
    const all = event.ctrlKey || event.metaKey;
    const steps = {
      ArrowLeft: Math.max(here - 1, 0),
      ArrowRight: Math.min(here + 1, last),
      ArrowUp: here - row >= 0 ? here - row : here,
      ArrowDown: here + row <= last ? here + row : here,
      Home: all ? 0 : start,
      End: all ? last : Math.min(start + row - 1, last),
    };
    if (event.key in steps) {
      event.preventDefault();
      this.focus(steps[event.key]);
    } else if (event.key.toLowerCase() === "z" && !all) {
      event.preventDefault();
      this.enlarge(here);
    }
  }

  watchLongPress() {
    let timer = 0;
    let from = null;
    const stop = () => clearTimeout(timer);
    this.element.addEventListener("pointerdown", (event) => {
      const shot = event.target.closest(".shot");
      this.held = false;
      if (!shot || event.pointerType === "mouse") return;
      from = event;
      timer = setTimeout(() => {
        this.held = true;
        this.enlarge(this.shots.indexOf(shot));
      }, LONG_PRESS);
    });
    this.element.addEventListener("pointermove", (event) => {
      if (from && Math.hypot(event.clientX - from.clientX, event.clientY - from.clientY) > SLIP) stop();
    });
    // Lifting the finger would click whatever the large view has put under it.
    this.element.addEventListener("touchend", (event) => this.held && event.preventDefault());
    for (const name of ["pointerup", "pointercancel", "pointerleave"]) {
      this.element.addEventListener(name, stop);
    }
    this.element.addEventListener("contextmenu", (event) => {
      if (from && from.pointerType !== "mouse") event.preventDefault(); // a long press is ours
    });
  }
}

export function place(shot) {
  return Number(shot.dataset.place);
}
