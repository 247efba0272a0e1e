// Keeps the draft: in this browser at once, on the server soon after, again after a lost connection.
// The newest version wins, whichever device it came from.

const SOON = 700; // ms after the last change
const AGAIN = [1000, 2000, 5000, 10000, 20000, 30000]; // ms between tries without a connection

export class Draft extends EventTarget {
  constructor(form, sheet, focus) {
    super();
    this.form = form;
    this.sheet = sheet;
    this.focus = focus;
    this.version = Number(form.dataset.version);
    this.saved = this.version;
    this.key = `unitscope-draft-${form.dataset.assignment}`;
    this.tries = 0;
    this.closed = false;
    this.restore();
    sheet.addEventListener("change", () => this.changed());
    window.addEventListener("online", () => this.send());
    for (const [target, name] of [[document, "visibilitychange"], [window, "pagehide"]]) {
      target.addEventListener(name, () => {
        if (document.visibilityState === "hidden" || name === "pagehide") this.leave();
      });
    }
  }

  // What this browser kept is newer than the page when the last saving did not get through.
  restore() {
    let kept = null;
    try {
      kept = JSON.parse(localStorage.getItem(this.key));
    } catch {
      return; // storage is closed to us or its text is not ours: the server's draft stands
    }
    if (!kept) return;
    this.focus.start(kept.focused);
    if (!(kept.version > this.version)) return;
    this.version = kept.version;
    this.sheet.write(kept.draft);
    this.plan(0);
  }

  changed() {
    // A clock in milliseconds counts the versions, so that the last change is the newest anywhere.
    this.version = Math.max(Date.now(), this.version + 1);
    this.mirror();
    this.plan(SOON);
  }

  mirror() {
    const kept = { version: this.version, draft: this.sheet.read(), focused: this.focus.seconds() };
    try {
      localStorage.setItem(this.key, JSON.stringify(kept));
    } catch {
      // Full or closed: the server keeps it all the same.
    }
  }

  plan(delay) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.send(), delay);
  }

  fields() {
    return this.sheet.fields({ version: this.version, focused_seconds: this.focus.seconds() });
  }

  get unsaved() {
    return this.version > this.saved;
  }

  // Also a sign of life: the server extends the lease whenever it hears from us.
  async send() {
    if (this.closed) return;
    if (this.sending) {
      this.plan(SOON);
      return;
    }
    clearTimeout(this.timer);
    const version = this.version;
    this.sending = true;
    this.stopper = new AbortController();
    try {
      const reply = await fetch(this.form.dataset.draft, {
        method: "POST",
        body: this.fields(),
        headers: { Accept: "application/json" },
        signal: this.stopper.signal,
      });
      if (reply.status >= 500) throw new Error(`the server answered ${reply.status}`);
      this.tries = 0;
      await this.heard(reply, version);
    } catch {
      if (this.closed) return; // held: the answer has what it said
      this.plan(AGAIN[Math.min(this.tries++, AGAIN.length - 1)]);
      this.tell("waiting");
    } finally {
      this.sending = false;
    }
  }

  async heard(reply, version) {
    const isJson = reply.headers.get("Content-Type")?.startsWith("application/json");
    const news = isJson ? await reply.json() : {};
    if (!reply.ok) {
      this.closed = true; // what was refused once is not sent again and again
      this.tell("refused", news);
    } else if (news.draft && news.version > this.version) {
      this.adopt(news);
    } else {
      this.saved = Math.max(this.saved, version);
      if (this.unsaved) this.plan(SOON);
      else this.tell("saved", news);
    }
  }

  adopt(news) {
    this.version = this.saved = news.version;
    this.sheet.write(news.draft);
    this.mirror();
    this.tell("adopted", news);
  }

  // The page goes away: the last change is sent without waiting for an answer.
  leave() {
    if (this.closed) return;
    this.mirror();
    if (this.unsaved) navigator.sendBeacon(this.form.dataset.draft, this.fields());
  }

  // The answer is on its way, or waits for a connection: a draft that came after it would be refused.
  hold() {
    this.closed = true;
    clearTimeout(this.timer);
    this.stopper?.abort();
  }

  resume() {
    this.closed = false;
    if (this.unsaved) this.plan(SOON);
  }

  // The answer is given: nothing is left to keep.
  close() {
    this.hold();
    try {
      localStorage.removeItem(this.key);
    } catch {
      // Nothing was kept.
    }
  }

  tell(state, news = {}) {
    this.dispatchEvent(new CustomEvent("state", { detail: { state, news } }));
  }
}
