// Sending the answer: once, with each error beside what it is about, and nothing lost on the way.

const PLACES = ["concept", "category", "images"];

export function watchSubmit({ form, sheet, draft, focus, onErrors, say }) {
  const button = form.querySelector("#submit");
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
    try {
      const reply = await fetch(form.action, {
        method: "POST",
        body: sheet.fields({ focused_seconds: focus.seconds() }),
        headers: { Accept: "application/json" },
      });
      if (reply.status >= 500) throw new Error(`the server answered ${reply.status}`);
      await heard(reply);
    } catch {
      say("waiting", "Not sent: no connection. Your answer is kept here; press Submit again when it is back.");
    } finally {
      sending = false;
      button.removeAttribute("aria-disabled");
    }
  }

  async function heard(reply) {
    const isJson = reply.headers.get("Content-Type")?.startsWith("application/json");
    const news = isJson ? await reply.json() : {};
    if (reply.ok && news.next) {
      draft.close();
      location.assign(news.next);
    } else if (reply.status === 422) {
      showErrors(form, news.errors);
      onErrors(news.errors);
    } else {
      say("refused", news.error || "The server did not take the answer: reload the page and try again.", news.next);
    }
  }

  sheet.addEventListener("change", ({ detail }) => {
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
