// Hovering over a cell says its operation and outcome; a click keeps it said
// and marks the operation in the list.
const outcomeWords = { O: "old generation", N: "new generation", B: "old or new", E: "EMPTY", M: "MIXED", L: "LOST", W: "WON'T OPEN" };
const operations = Array.from(document.querySelectorAll(".operations li"));
const outcomes = Array.from(document.querySelectorAll(".spans [data-outcomes]"), (div) => div.dataset);
const cellReadout = document.querySelector(".cell-readout");
let kept = "";

for (const matrix of document.querySelectorAll("svg.matrix")) {
  const cell = Number(matrix.dataset.cell);
  const cursor = matrix.querySelector(".cursor");
  const tops = Array.from(matrix.querySelectorAll("g.cells"), (g) => Number(g.dataset.top));
  const hit = (event) => {
    const box = matrix.getBoundingClientRect();
    const x = event.clientX - box.left, y = event.clientY - box.top;
    const column = Math.floor(x / cell), row = tops.findIndex((top) => top <= y && y < top + 20);
    return { x, column, row, operation: operations[column] };
  };
  const said = ({ column, row, operation }) => {
    if (!operation) return "";
    let text = "after operation " + operation.value.toLocaleString("en") + ": " + operation.textContent.trim();
    if (row < 0) return text;
    const letter = outcomes[row].outcomes[column];
    const what = outcomeWords[letter.toUpperCase()] || "no image of its own";
    return what + " · " + outcomes[row].name + " · " + text + (letter >= "a" && letter <= "z" ? " · same content as another image" : "");
  };
  const show = () => { matrix.parentElement.scrollLeft = Number(matrix.dataset.focus) - matrix.parentElement.clientWidth / 2; };
  for (const mode of document.querySelectorAll(".mode")) mode.addEventListener("change", show);
  const at = (x) => { cursor.setAttribute("x1", x); cursor.setAttribute("x2", x); };
  matrix.addEventListener("pointermove", (event) => {
    const found = hit(event);
    at((found.column + 0.5) * cell);
    cellReadout.textContent = said(found) || kept;
  });
  matrix.addEventListener("pointerleave", () => { at(-9); cellReadout.textContent = kept; });
  matrix.addEventListener("click", (event) => {
    const found = hit(event);
    kept = said(found);
    cellReadout.textContent = kept;
    for (const picked of document.querySelectorAll(".picked")) picked.classList.remove("picked");
    if (found.operation) found.operation.classList.add("picked");
  });
}
