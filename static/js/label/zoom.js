// The large view: arrows to the neighbours, the whole picture or what the unit sees, mark, close.
import { place } from "./grid.js";
import { say } from "./words.js";

export class Zoom {
  constructor(dialog, sheet) {
    this.dialog = dialog;
    this.sheet = sheet;
    this.picture = dialog.querySelector("img");
    this.plain = false;
    this.index = 0;
    dialog.addEventListener("click", (event) => this.onClick(event));
    dialog.addEventListener("keydown", (event) => this.onKey(event));
    dialog.addEventListener("close", () => this.grid.focus(this.index));
    sheet.addEventListener("drawn", () => this.draw());
  }

  open(grid, index) {
    this.grid = grid;
    this.index = index;
    this.draw();
    if (!this.dialog.open) this.dialog.showModal();
    this.dialog.querySelector("[data-mark]").focus();
  }

  get shot() {
    return this.grid.shots[this.index];
  }

  go(by) {
    const many = this.grid.shots.length;
    this.index = (this.index + by + many) % many;
    this.draw();
  }

  // A picture's addresses differ in kind and size only.
  address(kind) {
    const tile = this.shot.querySelector("img").getAttribute("src");
    return tile.replace(/segmented-tile\.webp$/, `${kind}-large.webp`);
  }

  draw() {
    if (!this.grid) return;
    const address = this.address(this.plain ? "plain" : "segmented");
    if (this.picture.getAttribute("src") !== address) this.picture.src = address;
    const marked = this.sheet.rejected.has(place(this.shot));
    this.picture.alt = say("Image {number}", { number: this.index + 1 });
    this.picture.parentElement.classList.toggle("marked", marked);
    this.dialog.querySelector(".zoom-number").textContent = say("{number} of {total}", {
      number: this.index + 1,
      total: this.grid.shots.length,
    });
    this.dialog.querySelector("[data-mark]").setAttribute("aria-pressed", String(marked));
    this.dialog.querySelector("[data-plain]").setAttribute("aria-pressed", String(this.plain));
  }

  switchKind() {
    this.plain = !this.plain;
    this.draw();
  }

  onClick(event) {
    const button = event.target.closest("button");
    if (event.target === this.dialog || button?.matches("[data-close]")) this.dialog.close();
    else if (button?.matches("[data-go]")) this.go(Number(button.dataset.go));
    else if (button?.matches("[data-plain]")) this.switchKind();
    else if (button?.matches("[data-mark]")) this.sheet.toggle(place(this.shot));
  }

  onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key.toLowerCase();
    if (key === "arrowleft" || key === "arrowright") this.go(key === "arrowleft" ? -1 : 1);
    else if (key === "z") this.dialog.close();
    else if (key === "p") this.switchKind();
    else if (key === " " && !event.target.closest("button:not([data-mark])")) {
      this.sheet.toggle(place(this.shot));
    } else return;
    event.preventDefault();
  }
}
