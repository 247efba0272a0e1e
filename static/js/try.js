// Trying a network: an image may be dropped or pasted, and is looked at as soon as it is chosen.
const form = document.getElementById("try");
const field = document.getElementById("image");
const drop = document.getElementById("drop");
const answer = document.getElementById("answer");

function refuse(sentence) {
  const message = document.createElement("div");
  message.className = "message bad";
  message.setAttribute("role", "alert");
  message.append(Object.assign(document.createElement("p"), { textContent: sentence }));
  answer.replaceChildren(message);
}

function take(files) {
  const image = [...files].find((file) => file.type.startsWith("image/"));
  if (!image) {
    refuse("That is not an image.");
    return;
  }
  const held = new DataTransfer();
  held.items.add(image);
  field.files = held.files;
  look();
}

function look() {
  if (!field.files.length) return;
  if (field.files[0].size > Number(form.dataset.largest)) {
    refuse("The file is too large: send a smaller copy.");
    field.value = "";
    return;
  }
  form.requestSubmit(document.getElementById("look"));
}

field.addEventListener("change", look);
for (const name of ["dragenter", "dragover"]) {
  document.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) drop.classList.remove("over");
});
document.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  if (event.dataTransfer.files.length) take(event.dataTransfer.files);
});
document.addEventListener("paste", (event) => {
  if (event.clipboardData.files.length) take(event.clipboardData.files);
});

// An image that cannot be used is an answer too: htmx would keep a page with an error to itself.
document.body.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target === answer && event.detail.serverResponse) {
    event.detail.shouldSwap = true;
    event.detail.isError = false;
  }
});
document.body.addEventListener("htmx:afterSwap", () => answer.focus({ preventScroll: false }));
document.body.addEventListener("htmx:sendError", () => {
  refuse("The server cannot be reached: try again.");
});
