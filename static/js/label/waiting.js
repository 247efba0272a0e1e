// On the worker's other pages: answers kept in this browser are sent, and their draft is forgotten.
import { Outbox } from "./outbox.js";

const outbox = new Outbox(document.getElementById("outbox"));
outbox.addEventListener("sent", ({ detail: { assignment } }) => {
  try {
    localStorage.removeItem(`unitscope-draft-${assignment}`);
  } catch {
    // Nothing was kept.
  }
});
