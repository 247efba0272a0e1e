// A slider beside a number: both always say the same, and letting go of the slider asks for it.
// The number is what the form sends; without scripts there is no slider.
for (const slider of document.querySelectorAll("input[type=range][data-for]")) {
  const number = document.getElementById(slider.dataset.for);
  slider.hidden = false;
  slider.addEventListener("input", () => (number.value = slider.value));
  number.addEventListener("input", () => (slider.value = number.value));
  // By keyboard every step would be a new page: there the button asks.
  slider.addEventListener("pointerup", () => {
    if (number.value !== number.defaultValue) number.form.requestSubmit();
  });
}
