// Wires the worker's page together.
import { Draft } from "./draft.js";
import { Focus } from "./focus.js";
import { Grid } from "./grid.js";
import { Lease } from "./lease.js";
import { Outbox } from "./outbox.js";
import { fetchAhead, watchPictures, whenIdle } from "./pictures.js";
import { Sheet } from "./sheet.js";
import { showErrors, watchSubmit } from "./submit.js";
import { say as words } from "./words.js";
import { Zoom } from "./zoom.js";

const form = document.getElementById("answer");
const panel = document.getElementById("panel");
const opener = document.getElementById("open-panel");
const status = document.getElementById("save-state");
const banner = document.getElementById("banner");
const how = document.getElementById("how");
const phone = window.matchMedia("(max-width: 620px)");

const sheet = new Sheet(form);
const zoom = new Zoom(document.getElementById("zoom"), sheet);
const grid = new Grid(document.getElementById("grid"), sheet, (index) => zoom.open(grid, index));
const focus = new Focus(Number(form.dataset.focused));
const draft = new Draft(form, sheet, focus);
const lease = new Lease(Number(form.dataset.secondsLeft), draft, focus, banner);

function drawCount() {
  const rejected = sheet.rejected.size;
  const kept = grid.shots.length - rejected - sheet.unseen.size;
  for (const count of form.querySelectorAll("[data-count]")) {
    const [fit, not] = count.querySelectorAll("b");
    fit.textContent = kept;
    not.textContent = rejected;
  }
}

function openPanel(open) {
  panel.classList.toggle("open", open);
  opener.setAttribute("aria-expanded", String(open));
  opener.textContent = open ? words("Back to the images") : words("Answer");
  opener.classList.toggle("quiet", open);
}

function say(state, text, next) {
  status.className = `save-state ${state}`;
  status.textContent = state === "refused" ? "" : text;
  if (state !== "refused") return;
  lease.say("");
  banner.hidden = false;
  const sentence = banner.querySelector("span");
  sentence.textContent = `${text} `;
  if (!next) return;
  const link = document.createElement("a");
  link.href = next;
  link.textContent = words("Go on");
  sentence.append(link);
}

draft.addEventListener("state", ({ detail: { state, news } }) => {
  if (state === "saved") say("saved", words("saved"));
  else if (state === "waiting") say("waiting", words("Not saved yet: it will be sent when the connection is back."));
  else if (state === "adopted") say("saved", words("Newer marks from another device were loaded."));
  else say("refused", news.error || words("Your marks cannot be saved from this page any longer: reload it."), news.next);
});
sheet.addEventListener("change", () => {
  if (!status.classList.contains("waiting")) say("", "");
});
sheet.addEventListener("drawn", drawCount);

const outbox = new Outbox(document.getElementById("outbox"), form.dataset.assignment);
watchSubmit({ form, sheet, draft, focus, outbox, say, onErrors: (errors) => {
  openPanel(true);
  showErrors(form, errors);
} });
watchPictures(grid, sheet, document.getElementById("failed-line"));

document.addEventListener("keydown", (event) => {
  const command = event.ctrlKey || event.metaKey;
  const writing = event.target === form.elements.concept;
  if (command && event.key === "Enter") form.requestSubmit();
  else if (command && event.key.toLowerCase() === "z" && !event.shiftKey && !writing) {
    if (sheet.undo()) event.preventDefault();
  }
});

// The thanks lead here without a redirect: the unit's own address is what is kept and reloaded.
if (new URLSearchParams(location.search).has("here")) {
  history.replaceState(null, "", form.getAttribute("action").replace(/submit\/$/, ""));
}

// The back button may bring a page as it was left: its unit may be answered since.
window.addEventListener("pageshow", (event) => event.persisted && location.reload());

opener.addEventListener("click", () => {
  openPanel(!panel.classList.contains("open"));
  if (panel.classList.contains("open")) form.elements.concept.focus();
});
document.getElementById("how-to").addEventListener("click", (event) => {
  event.preventDefault();
  how.showModal();
});
how.addEventListener("click", (event) => {
  if (event.target === how || event.target.closest("[data-close]")) how.close();
});
document.getElementById("give-back").addEventListener("submit", () => draft.close());

grid.draw();
drawCount();
const errors = Object.fromEntries(
  ["concept", "category", "images"].map((name) => [name, document.getElementById(`${name}-error`).textContent]),
);
if (Object.values(errors).some(Boolean)) {
  openPanel(true);
  showErrors(form, errors);
} else if (!phone.matches) form.elements.concept.focus({ preventScroll: true });
form.classList.add("ready"); // tests wait for this
whenIdle(() => fetchAhead(form.dataset.ahead, grid.shots[0].querySelector("img").sizes));
