"use strict";
// Sliders show cells of a sweep: the stops of all sliders name a row of the table, and its cells are
// what the sentence, the numbers and the curve show. Nothing is computed but places of the curve.
(() => {
  const table = document.getElementById("cells");
  const levers = document.querySelector(".levers");
  const sliders = Array.from(levers.querySelectorAll("input"));
  const start = sliders.map((slider) => slider.getAttribute("value"));
  const rows = new Map(Array.from(table.tBodies[0].rows, (row) => [row.dataset.at, row]));
  const { top, bottom, left, step } = table.dataset;
  const shown = Array.from(document.querySelectorAll("[data-shows]"));

  const rowAt = (stops) => rows.get(stops.join(" "));
  const cell = (row, name) => row.querySelector(`[data-is="${name}"]`);
  const place = (stop, row) => {
    const chance = Number(cell(row, "share").querySelector("data").value);
    return [Number(left) + stop * Number(step), Number(bottom) - chance * (bottom - top)];
  };
  const label = (row, name) => cell(row, name).textContent;

  const show = () => {
    const stops = sliders.map((slider) => Number(slider.value));
    const row = rowAt(stops);
    for (const each of shown) {
      each.replaceChildren(...cell(row, each.dataset.shows).cloneNode(true).childNodes);
    }
    sliders.forEach((slider, index) => {
      slider.setAttribute("aria-valuetext", label(row, `stop-${index}`));
    });
    const points = [];
    for (let stop = 0; stop <= Number(sliders[0].max); stop += 1) {
      points.push(place(stop, rowAt([stop, ...stops.slice(1)])).join(","));
    }
    document.getElementById("curve").setAttribute("points", points.join(" "));
    const [x, y] = place(stops[0], row);
    document.getElementById("here").setAttribute("cx", x);
    document.getElementById("here").setAttribute("cy", y);
  };

  sliders.forEach((slider) => slider.addEventListener("input", show));
  document.getElementById("as-planned").addEventListener("click", () => {
    sliders.forEach((slider, index) => { slider.value = start[index]; });
    show();
  });
  levers.hidden = false;
  show();

  // Paper cannot be clicked: print what is folded away, and fold it again.
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = Array.from(document.querySelectorAll("main details:not([open])"));
    folded.forEach((each) => { each.open = true; });
  });
  addEventListener("afterprint", () => folded.forEach((each) => { each.open = false; }));
})();
