// Pictures that fail to load are tried again, then shown as failed and not scored; the next unit's
// pictures are fetched while nothing else is to do.
import { place } from "./grid.js";
import { say } from "./words.js";

const AGAIN_AFTER = [1500, 5000]; // ms; then the picture counts as failed

export function watchPictures(grid, sheet, line) {
  const tries = new Map();
  const images = grid.shots.map((shot) => shot.querySelector("img"));

  function load(image) {
    image.loading = "eager";
    const { src, srcset } = image;
    image.removeAttribute("srcset");
    image.srcset = srcset;
    image.src = src;
  }

  function failed(image) {
    const count = tries.get(image) || 0;
    tries.set(image, count + 1);
    if (count < AGAIN_AFTER.length) setTimeout(() => load(image), AGAIN_AFTER[count]);
    else settle(image, true);
  }

  // What was judged before its picture was lost stays judged.
  function settle(image, isLost) {
    const where = place(image.closest(".shot"));
    sheet.setUnseen(where, isLost && !sheet.rejected.has(where));
    const many = sheet.unseen.size;
    line.hidden = !many;
    line.querySelector("span").textContent = many === 1
      ? say("1 picture failed to load and will not be scored.")
      : say("{number} pictures failed to load and will not be scored.", { number: many });
  }

  function again() {
    for (const image of images) {
      if (!sheet.unseen.has(place(image.closest(".shot")))) continue;
      tries.delete(image);
      load(image);
    }
  }

  for (const image of images) {
    image.addEventListener("error", () => failed(image));
    image.addEventListener("load", () => {
      tries.delete(image);
      settle(image, false);
    });
    if (image.complete && image.currentSrc && !image.naturalWidth) failed(image);
  }
  line.querySelector("button").addEventListener("click", again);
  window.addEventListener("online", again);
  // Pictures below the fold, too: whether one fails must be known before the answer is sent.
  whenIdle(() => images.forEach((image) => (image.loading = "eager")));
}

export async function fetchAhead(address, sizes) {
  if (navigator.connection?.saveData) return;
  const reply = await fetch(address, { headers: { Accept: "application/json" } }).catch(() => null);
  if (!reply?.ok || !reply.headers.get("Content-Type")?.startsWith("application/json")) return;
  const { pictures } = await reply.json();
  for (const [tile, sharp] of pictures) {
    const image = new Image();
    image.fetchPriority = "low";
    image.sizes = sizes;
    image.srcset = `${tile} 112w, ${sharp} 224w`;
  }
}

export function whenIdle(work) {
  const start = () => (window.requestIdleCallback ? requestIdleCallback(work, { timeout: 4000 }) : setTimeout(work, 1000));
  if (document.readyState === "complete") start();
  else window.addEventListener("load", start);
}
