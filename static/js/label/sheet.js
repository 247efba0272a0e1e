// What the worker has said so far: words, group, marks; with undo, and one event at every change.

export class Sheet extends EventTarget {
  constructor(form) {
    super();
    this.form = form;
    this.rejected = new Set();
    this.unseen = new Set();
    this.past = [];
    for (const field of ["concept", "category"]) {
      form.addEventListener(field === "concept" ? "input" : "change", (event) => {
        if (event.target.name === field) this.changed(field);
      });
    }
    form.elements.all_fit.addEventListener("change", (event) => this.sayAllFit(event.target.checked));
  }

  get allFit() {
    return this.form.elements.all_fit.checked;
  }

  // A mark and "all fit" contradict each other: the later one stands.
  toggle(place) {
    if (this.unseen.has(place)) return;
    this.remember(this.allFit);
    if (!this.rejected.delete(place)) {
      this.rejected.add(place);
      this.form.elements.all_fit.checked = false;
    }
    this.changed("marks");
  }

  sayAllFit(yes) {
    this.remember(!yes);
    if (yes) this.rejected.clear();
    this.changed("marks");
  }

  remember(allFit) {
    this.past.push({ rejected: [...this.rejected], allFit });
  }

  undo() {
    const last = this.past.pop();
    if (!last) return false;
    this.rejected = new Set(last.rejected);
    this.form.elements.all_fit.checked = last.allFit;
    this.changed("marks");
    return true;
  }

  setUnseen(place, failed) {
    if (failed === this.unseen.has(place)) return;
    if (failed) this.unseen.add(place);
    else this.unseen.delete(place);
    this.changed("marks");
  }

  read() {
    return {
      concept: this.form.elements.concept.value,
      category: this.form.elements.category.value,
      rejected: [...this.rejected].sort((a, b) => a - b),
      unseen: [...this.unseen].sort((a, b) => a - b),
      all_fit: this.allFit,
    };
  }

  // Take over what was kept elsewhere, without calling it a change of the worker's.
  write(draft) {
    this.form.elements.concept.value = draft.concept || "";
    for (const radio of this.form.querySelectorAll("[name=category]")) {
      radio.checked = radio.value === draft.category;
    }
    this.rejected = new Set(draft.rejected || []);
    this.form.elements.all_fit.checked = Boolean(draft.all_fit);
    this.past = [];
    this.dispatchEvent(new CustomEvent("drawn"));
  }

  changed(what) {
    this.dispatchEvent(new CustomEvent("drawn"));
    this.dispatchEvent(new CustomEvent("change", { detail: what }));
  }

  // The answer as the server reads it, by script as by the plain form.
  fields(more) {
    const { concept, category, rejected, unseen, all_fit } = this.read();
    const fields = new FormData();
    fields.set("csrfmiddlewaretoken", this.form.elements.csrfmiddlewaretoken.value);
    fields.set("concept", concept);
    fields.set("category", category);
    fields.set("rejected", rejected.join(","));
    fields.set("unseen", unseen.join(","));
    if (all_fit) fields.set("all_fit", "1");
    for (const [name, value] of Object.entries(more)) fields.set(name, value);
    return fields;
  }
}
