/* Arranges the panels: each is a button in a cell of the roof, or on the shelf below. Dragged by any pointer, moved by the arrow
   keys; the row and column fields of the form hold what is saved, and changing them moves the panel. */
"use strict";
(() => {
  const roof = document.getElementById("roof"), shelf = document.getElementById("shelf"), moved = document.getElementById("moved");
  if (!roof) return;
  const cell = (row, column) => roof.querySelector(`td[data-row="${row}"][data-column="${column}"]`);
  const field = (tile, what) => document.getElementById(`${what}-${tile.dataset.panel}`);
  const say = (tile) => {
    const place = tile.parentElement;
    moved.textContent = (place === shelf ? moved.dataset.off : moved.dataset.on).replace("ROW", place.dataset.row)
      .replace("COLUMN", place.dataset.column).replace("NAME", tile.textContent);
  };
  const put = (tile, place) => {      // where another one is, the two change places
    const from = tile.parentElement, other = place === shelf ? null : place.querySelector("button");
    if (other && other !== tile) note(other, from || shelf);
    note(tile, place);
  };
  const note = (tile, place) => {
    const focused = document.activeElement === tile;
    place.append(tile);
    if (focused) tile.focus();
    field(tile, "row").value = place.dataset.row || "";
    field(tile, "column").value = place.dataset.column || "";
  };

  for (const row of document.querySelectorAll(".place")) {
    const tile = document.createElement("button");
    tile.type = "button";
    tile.className = "tile";
    tile.dataset.panel = row.dataset.panel;
    tile.textContent = row.dataset.name;
    shelf.append(tile);
    const follow = () => {
      const place = cell(field(tile, "row").value, field(tile, "column").value);
      if (place && !(place.querySelector("button") && place.querySelector("button") !== tile)) place.append(tile);
    };
    follow();
    field(tile, "row").addEventListener("change", follow);
    field(tile, "column").addEventListener("change", follow);
    field(tile, "name").addEventListener("input", () => { tile.textContent = field(tile, "name").value || row.dataset.name; });

    tile.addEventListener("keydown", (event) => {
      const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
      const here = tile.parentElement;
      let place = null;
      if (event.key === "Delete") place = shelf;
      else if (step && here === shelf) place = [...roof.querySelectorAll("td")].find((free) => !free.firstElementChild);
      else if (step) place = cell(Number(here.dataset.row) + step[0], Number(here.dataset.column) + step[1]);
      if (!step && event.key !== "Delete") return;
      event.preventDefault();
      if (!place) return;
      put(tile, place);
      say(tile);
    });

    tile.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      tile.setPointerCapture(event.pointerId);
      tile.classList.add("dragged");
    });
    tile.addEventListener("pointermove", (event) => {
      for (const place of roof.querySelectorAll(".over")) place.classList.remove("over");
      if (tile.classList.contains("dragged")) under(event)?.classList.add("over");
    });
    for (const name of ["pointerup", "pointercancel"]) tile.addEventListener(name, (event) => {
      if (!tile.classList.contains("dragged")) return;
      tile.classList.remove("dragged");
      for (const place of roof.querySelectorAll(".over")) place.classList.remove("over");
      const place = name === "pointerup" && under(event);
      if (place && place !== tile.parentElement) { put(tile, place); say(tile); }
    });
  }
  const under = (event) => document.elementsFromPoint(event.clientX, event.clientY)
    .map((found) => found.closest("#roof td, #shelf")).find((found) => found);
})();
