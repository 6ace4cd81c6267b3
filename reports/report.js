// A hover line that says what every lane is at that time, and copy buttons.
// The page says everything without this script.
"use strict";
document.documentElement.classList.add("scripted");

function millisText(millis) {
  if (millis < 999.5) return (millis < 10 ? millis.toFixed(1) : Math.round(millis)) + " ms";
  if (millis < 60000) return (millis / 1000).toFixed(2) + " s";
  const seconds = Math.round(millis / 1000);
  return Math.floor(seconds / 60) + " min " + String(seconds % 60).padStart(2, "0") + " s";
}

// A drawing with data-zero counts from a moment within it.
function offsetText(millis) {
  const size = Math.abs(millis), sign = millis < 0 ? "−" : "+";
  if (size < 1) return sign + (size * 1000).toFixed(1) + " µs";
  return sign + (size < 1000 ? size.toFixed(2) + " ms" : millisText(size));
}

for (const lanes of document.querySelectorAll("svg.lanes")) {
  const knots = lanes.dataset.knots.split(" ").map((knot) => knot.split(":").map(Number));
  const cursor = lanes.querySelector(".cursor");
  const readout = document.querySelector(".readout");
  const segments = Array.from(lanes.querySelectorAll("[data-hover]"), (g) => ({
    from: Number(g.dataset.from), to: Number(g.dataset.to), hover: g.dataset.hover,
  }));
  const millisAt = (x) => {
    let i = 1;
    while (i < knots.length - 1 && knots[i][1] < x) i++;
    const [t0, x0] = knots[i - 1], [t1, x1] = knots[i];
    return t0 + ((t1 - t0) * (x - x0)) / (x1 - x0 || 1);
  };
  const zero = "zero" in lanes.dataset ? Number(lanes.dataset.zero) : null;
  const timeAt = (x) => (zero === null ? millisText(millisAt(x)) : offsetText(millisAt(x) - millisAt(zero)));
  const show = () => { if (zero !== null) lanes.parentElement.scrollLeft = zero - lanes.parentElement.clientWidth / 4; };
  for (const mode of document.querySelectorAll(".mode")) mode.addEventListener("change", show);
  show();
  const clear = () => {
    cursor.setAttribute("x1", -9);
    cursor.setAttribute("x2", -9);
    readout.textContent = "";
  };
  lanes.addEventListener("pointermove", (event) => {
    const x = event.clientX - lanes.getBoundingClientRect().left;
    if (x < 0 || x > lanes.width.baseVal.value) return clear();
    cursor.setAttribute("x1", x);
    cursor.setAttribute("x2", x);
    const said = segments.filter((s) => s.hover && s.from <= x && x < s.to).map((s) => s.hover);
    readout.textContent = [timeAt(x), ...new Set(said)].join(" · ");
  });
  lanes.addEventListener("pointerleave", clear);
}

for (const button of document.querySelectorAll(".copy")) {
  button.addEventListener("click", async () => {
    const code = button.parentElement.querySelector("code");
    try {
      await navigator.clipboard.writeText(code.textContent);
    } catch {
      const range = document.createRange();
      range.selectNodeContents(code);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      document.execCommand("copy");
    }
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
}
