// The lease: extended while the worker is active, warned about before it ends.
import { say } from "./words.js";

const WARN = 120; // s before the end, or a quarter of a short lease

export class Lease {
  constructor(seconds, draft, focus, banner) {
    this.draft = draft;
    this.focus = focus;
    this.banner = banner;
    this.button = banner.querySelector("button");
    this.button.addEventListener("click", () => draft.send());
    this.renew(seconds);
    draft.addEventListener("state", ({ detail }) => {
      if (detail.news.held) this.renew(detail.news.seconds_left);
    });
    setInterval(() => this.tick(), 1000);
  }

  renew(seconds) {
    this.whole = seconds;
    this.end = Date.now() + seconds * 1000;
    this.asked = Date.now();
    if (this.warning) this.say("");
  }

  tick() {
    if (this.draft.closed) return;
    const left = (this.end - Date.now()) / 1000;
    const since = (Date.now() - this.asked) / 1000;
    if (this.focus.active && since > Math.max(5, this.whole / 4)) {
      this.asked = Date.now();
      this.draft.send();
    } else if (left <= Math.min(WARN, this.whole / 4)) this.warn(left);
  }

  warn(left) {
    const text =
      left > 0
        ? say("This unit goes back to others soon, since nothing was done here for a while.")
        : say("The time for this unit has ended. It may still be free: keep it, or submit.");
    if (this.warning !== text) this.say(text);
  }

  say(text) {
    this.warning = text;
    this.banner.hidden = !text;
    this.button.hidden = !text;
    this.banner.querySelector("span").textContent = text;
  }
}
