// Sending the answer: once, with each error beside what it is about, and nothing lost on the way.
import { say as words } from "./words.js";

const PLACES = ["concept", "category", "images"];

const KEPT = words("No connection: your answer is kept in this browser and is sent by itself when it is back.");
const NOT_KEPT = words("Not sent: no connection. Press Submit again when it is back.");

export function watchSubmit({ form, sheet, draft, focus, outbox, onErrors, say }) {
  const button = form.querySelector("#submit");
  const { assignment } = form.dataset;
  let sending = false;

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });

  async function send() {
    if (sending) return; // a double click is one answer
    sending = true;
    button.setAttribute("aria-disabled", "true");
    draft.mirror();
    draft.hold();
    outbox.say("");
    const fields = sheet.fields({ focused_seconds: focus.seconds() });
    try {
      const headers = { Accept: "application/json" };
      const reply = await fetch(form.action, { method: "POST", body: fields, headers });
      if (reply.status >= 500) throw new Error(`the server answered ${reply.status}`);
      outbox.drop(assignment);
      await heard(reply);
    } catch {
      wait(outbox.keep(assignment, form.getAttribute("action"), fields));
    } finally {
      sending = false;
      button.removeAttribute("aria-disabled");
    }
  }

  // An answer that is kept is out of hand: no draft is sent after it, unless something is changed.
  function wait(isKept) {
    if (isKept) draft.hold();
    else draft.resume();
    say("waiting", isKept ? KEPT : NOT_KEPT);
  }

  async function heard(reply) {
    const isJson = reply.headers.get("Content-Type")?.startsWith("application/json");
    tell(reply, isJson ? await reply.json() : {});
  }

  function tell(reply, news) {
    if (reply.ok && news.next) {
      draft.close();
      location.assign(news.next);
    } else if (reply.status === 422) {
      draft.resume();
      showErrors(form, news.errors);
      onErrors(news.errors);
    } else {
      if (reply.status !== 409) draft.resume(); // the unit may still be hers: drafts keep it
      say("refused", news.error || words("The server did not take the answer: reload the page and try again."), news.next);
    }
  }

  outbox.addEventListener("answered", ({ detail: { reply, news } }) => tell(reply, news));
  outbox.addEventListener("elsewhere", () => location.reload()); // it leads on, or shows the draft
  if (outbox.has(assignment)) wait(true);

  sheet.addEventListener("change", ({ detail }) => {
    if (outbox.has(assignment)) {
      outbox.drop(assignment);
      draft.resume();
      outbox.say(words("You changed the answer that was kept: press Submit again to send it."));
    }
    clearError(form, detail === "marks" ? "images" : detail);
  });
}

// The first error in the order of the page takes the focus.
export function showErrors(form, errors) {
  for (const name of PLACES) setError(form, name, errors[name] || "");
  const first = PLACES.find((name) => errors[name]);
  const target = {
    concept: form.elements.concept,
    category: form.querySelector("[name=category]:checked") || form.querySelector("[name=category]"),
    images: form.querySelector("#images-error"),
  }[first];
  target?.focus();
}

export function clearError(form, name) {
  setError(form, name, "");
}

function setError(form, name, sentence) {
  form.querySelector(`#${name}-error`).textContent = sentence;
  const owner = { concept: form.elements.concept, category: form.querySelector(".groups") }[name];
  if (!owner) return;
  if (sentence) owner.setAttribute("aria-invalid", "true");
  else owner.removeAttribute("aria-invalid");
}
