// Light or dark: as the system says until the reader chooses, and then as he chose, remembered.
// Loaded in the head, not as a module, so that the page is never drawn in the wrong colours first.
(function () {
  "use strict";
  const root = document.documentElement;
  root.dataset.scripts = "on"; // styles that need scripts to be reachable wait for this
  const system = window.matchMedia("(prefers-color-scheme: dark)");

  function remembered() {
    try {
      return localStorage.getItem("theme");
    } catch {
      return null; // storage is closed to us: the system's choice stands
    }
  }

  function remember(theme) {
    try {
      if (theme) localStorage.setItem("theme", theme);
      else localStorage.removeItem("theme");
    } catch {
      // Nothing to do: the choice holds for this page.
    }
  }

  let chosen = remembered();

  function draw() {
    const dark = chosen ? chosen === "dark" : system.matches;
    if (chosen) root.dataset.theme = chosen;
    else delete root.dataset.theme;
    root.dataset.shown = dark ? "dark" : "light";
    for (const button of document.querySelectorAll(".theme-switch")) {
      button.hidden = false;
      button.setAttribute("aria-label", dark ? button.dataset.light : button.dataset.dark);
      button.title = button.getAttribute("aria-label");
    }
  }

  function flip() {
    const wanted = root.dataset.shown === "dark" ? "light" : "dark";
    // Back at what the system says, follow the system again.
    chosen = (wanted === "dark") === system.matches ? null : wanted;
    remember(chosen);
    draw();
  }

  draw();
  system.addEventListener("change", draw);
  document.addEventListener("DOMContentLoaded", () => {
    draw();
    document.addEventListener("click", (event) => {
      const menu = document.querySelector(".menu[open]");
      if (menu && !menu.contains(event.target)) menu.open = false;
      if (event.target.closest(".theme-switch")) flip();
    });
    document.addEventListener("keydown", (event) => {
      const menu = document.querySelector(".menu[open]");
      if (event.key !== "Escape" || !menu) return;
      menu.open = false;
      menu.querySelector("summary").focus();
    });
  });
})();
