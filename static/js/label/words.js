// Sentences in the reader's language: the page brings those that differ from the English ones here.

const told = JSON.parse(document.getElementById("words")?.textContent || "{}");

export function say(sentence, values = {}) {
  return (told[sentence] || sentence).replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);
}
