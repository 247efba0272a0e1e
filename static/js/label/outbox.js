// Answers given without a connection: kept in this browser and sent, each once, when it is back.
// The server knows an answer by its unit and its worker, so that sending it again changes nothing.
// Only answers of the worker who looks at the page are sent: another's wait until he is back.
import { say } from "./words.js";

const PREFIX = "unitscope-outbox-";
const AGAIN = 10_000; // ms between tries; the browser does not always notice that it is connected
const NOT_LET_IN = {
  401: say("You are signed out. Sign in again: what you answered is kept here and will be sent."),
  403: say("An answer kept here was not let in. Open the campaign’s link again; it is still kept."),
  404: say("An answer kept here belongs to a worker who is not signed in now, or its unit is gone. It is still kept."),
};

export class Outbox extends EventTarget {
  // `own` is the unit of this page, if it is one: what becomes of its answer, the page says itself.
  constructor(line, own = "") {
    super();
    this.line = line;
    this.own = own;
    this.prefix = `${PREFIX}${line.dataset.worker}-`;
    this.told = [];
    window.addEventListener("online", () => this.sendAll());
    window.addEventListener("storage", ({ key, newValue }) => {
      const mine = key === this.key(own) && newValue === null;
      if (own && mine) this.dispatchEvent(new CustomEvent("elsewhere")); // another tab sent it
    });
    this.draw();
    this.sendAll();
  }

  key(assignment) {
    return `${this.prefix}${assignment}`;
  }

  // False where this browser lets us keep nothing.
  keep(assignment, address, fields) {
    const entry = { assignment, address, fields: Object.fromEntries(fields) };
    delete entry.fields.csrfmiddlewaretoken; // the page that sends it has a newer one
    try {
      localStorage.setItem(this.key(assignment), JSON.stringify(entry));
    } catch {
      return false;
    }
    this.plan();
    return true;
  }

  drop(assignment) {
    try {
      localStorage.removeItem(this.key(assignment));
    } catch {
      // Nothing was kept.
    }
  }

  has(assignment) {
    return this.entries().some((entry) => entry.assignment === assignment);
  }

  entries() {
    try {
      const keys = Object.keys(localStorage).filter((key) => key.startsWith(this.prefix));
      return keys.map((key) => JSON.parse(localStorage.getItem(key))).filter((one) => one?.address);
    } catch {
      return []; // storage is closed to us, or its text is not ours
    }
  }

  say(text) {
    this.told = text ? [text] : [];
    this.draw();
  }

  plan() {
    clearTimeout(this.timer);
    if (this.entries().length) this.timer = setTimeout(() => this.sendAll(), AGAIN);
  }

  // One tab at a time; what another tab has sent meanwhile is no longer there.
  async sendAll() {
    if (this.sending || !this.entries().length) return;
    this.sending = true;
    const one = async () => {
      for (const entry of this.entries()) await this.send(entry);
    };
    try {
      if (navigator.onLine) await (navigator.locks ? navigator.locks.request(PREFIX, one) : one());
    } catch {
      // No connection yet, or a server in trouble: the answer waits.
    } finally {
      this.sending = false;
      this.plan();
      this.draw();
    }
  }

  async send(entry) {
    const fields = new FormData();
    for (const [name, value] of Object.entries(entry.fields)) fields.set(name, value);
    fields.set("csrfmiddlewaretoken", this.line.dataset.token);
    const headers = { Accept: "application/json" };
    const reply = await fetch(entry.address, { method: "POST", body: fields, headers });
    if (reply.status >= 500) throw new Error(`the server answered ${reply.status}`);
    const isJson = reply.headers.get("Content-Type")?.startsWith("application/json");
    const news = isJson ? await reply.json() : {};
    this.heard(entry, reply, news);
  }

  heard(entry, reply, news) {
    if (reply.status in NOT_LET_IN) {
      this.told = [NOT_LET_IN[reply.status]];
      return;
    }
    this.drop(entry.assignment);
    if (entry.assignment === this.own) {
      this.dispatchEvent(new CustomEvent("answered", { detail: { reply, news } }));
    } else if (reply.ok && news.next) {
      this.sent = (this.sent || 0) + 1;
      this.dispatchEvent(new CustomEvent("sent", { detail: entry }));
    } else {
      const errors = Object.values(news.errors || {}).join(" ");
      this.told.push(
        errors
          ? `${say("An answer kept here was not taken; it is a draft again, under “Go on”.")} ${errors}`
          : `${say("An answer kept here could not be taken.")} ${news.error || say("Its unit is no longer there for you.")}`,
      );
    }
  }

  draw() {
    const waiting = this.entries().filter((entry) => entry.assignment !== this.own).length;
    const words = [...this.told];
    if (this.sent === 1) words.push(say("1 answer kept in this browser was sent."));
    else if (this.sent) words.push(say("{number} answers kept in this browser were sent.", { number: this.sent }));
    if (waiting === 1) words.push(say("1 answer is kept in this browser, to be sent when the connection is back."));
    else if (waiting) words.push(say("{number} answers are kept in this browser, to be sent when the connection is back.", { number: waiting }));
    this.line.textContent = words.join(" ");
    this.line.hidden = !words.length;
  }
}
