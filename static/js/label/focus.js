// Seconds in which the worker was really here: page in front, and something done in the last minute.

const AWAY_AFTER = 60; // s

export class Focus {
  constructor(seconds) {
    this.counted = seconds || 0;
    this.last = Date.now();
    for (const name of ["pointerdown", "pointermove", "keydown", "scroll", "touchstart"]) {
      window.addEventListener(name, () => (this.last = Date.now()), { passive: true, capture: true });
    }
    setInterval(() => this.tick(), 1000);
  }

  start(seconds) {
    this.counted = Math.max(this.counted, Number(seconds) || 0);
  }

  get active() {
    const here = document.visibilityState === "visible" && document.hasFocus();
    return here && Date.now() - this.last < AWAY_AFTER * 1000;
  }

  tick() {
    if (this.active) this.counted += 1;
  }

  seconds() {
    return this.counted;
  }
}
