// While the worker reads the thanks, the pictures of his next unit are fetched.
import { fetchAhead, whenIdle } from "./pictures.js";

const { ahead } = document.querySelector("script[data-ahead]").dataset;
whenIdle(() => fetchAhead(ahead, "(min-width: 1480px) 152px, 112px"));
