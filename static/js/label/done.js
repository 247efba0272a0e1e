// While the worker reads the thanks, the pictures of his next unit are fetched; its page comes at once.
import { fetchAhead, whenIdle } from "./pictures.js";

const { ahead } = document.querySelector("script[data-ahead]").dataset;
whenIdle(() => fetchAhead(ahead, "(min-width: 1480px) 152px, 112px"));
// The page itself in place of a redirect to it: `page.js` puts its address right.
document.getElementById("next").search = "?here";
