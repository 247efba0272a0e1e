// The review queue: j and k go from unit to unit, and nothing else has a key.
const units = [...document.querySelectorAll(".unit-review")];
const told = document.querySelector("[data-keys]");
if (told && units.length > 1) told.hidden = false;

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (event.target.closest("input, select, textarea")) return;
  const step = { j: 1, k: -1 }[event.key];
  if (!step || !units.length) return;
  const here = units.findIndex((unit) => unit.contains(document.activeElement));
  const there = here < 0 ? 0 : Math.min(Math.max(here + step, 0), units.length - 1);
  event.preventDefault();
  units[there].focus();
  units[there].scrollIntoView({ block: "start" });
});
