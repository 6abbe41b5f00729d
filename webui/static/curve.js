/* Draws the day curve, and its picture as PNG. All times and labels come from the server in the site's zone; this script never asks the browser's.
   Values are means over a slot, so the curve is stepped; a slot without a reading is a gap, a hole is hatched. */
"use strict";
(() => {
  let plot = null;
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const watts = (value) => value == null ? "–" : value.toLocaleString("en-US").replace(/,/g, document.documentElement.dataset.thousands) + " W";
  const say = (id, text) => { const place = document.getElementById(id); if (place) place.textContent = text; };

  const hatch = (line) => {
    const tile = document.createElement("canvas");
    tile.width = tile.height = 8;
    const pen = tile.getContext("2d");
    pen.strokeStyle = line; pen.lineWidth = 1; pen.globalAlpha = .55;
    pen.beginPath(); pen.moveTo(-2, 10); pen.lineTo(10, -2); pen.moveTo(-2, 2); pen.lineTo(2, -2); pen.moveTo(6, 10); pen.lineTo(10, 6); pen.stroke();
    return pen.createPattern(tile, "repeat");
  };

  const draw = () => {
    const place = document.getElementById("curve"), source = document.getElementById("curve-data");
    if (!place || !source) return;
    const day = JSON.parse(source.textContent);
    if (plot) plot.destroy();
    place.replaceChildren();
    const sun = colour("--sun"), use = colour("--use"), soft = colour("--faint"), line = colour("--line");
    const ticks = new Map(day.ticks);
    const narrow = place.clientWidth < 520;
    const marks = narrow ? day.ticks.filter((_, index) => index % 2 === 0) : day.ticks;
    const axis = { stroke: soft, font: "12px system-ui, sans-serif", ticks: { show: false } };
    const steps = uPlot.paths.stepped({ align: 1 });
    const series = [{}, { stroke: sun, width: 1.6, paths: steps, points: { show: false }, spanGaps: false,
      fill: (chart) => {
        const shade = chart.ctx.createLinearGradient(0, chart.bbox.top, 0, chart.bbox.top + chart.bbox.height);
        shade.addColorStop(0, sun + "66"); shade.addColorStop(1, sun + "0d");
        return shade;
      } }];
    const data = [day.times, day.production_w];
    if (day.consumption_w) {
      series.push({ stroke: use, width: 1.6, paths: steps, points: { show: false }, spanGaps: false });
      data.push(day.consumption_w);
    }
    if (day.ghost_w) {
      series.push({ stroke: soft, width: 1.1, dash: [4, 4], paths: steps, points: { show: false }, spanGaps: false });
      data.push(day.ghost_w);
    }
    const top = Math.max(1000, ...day.production_w, ...(day.consumption_w || []), ...(day.ghost_w || []));
    plot = new uPlot({
      width: place.clientWidth, height: Math.max(240, Math.min(340, place.clientWidth * .42)), series,
      legend: { show: false }, padding: [10, 18, 0, 0],
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 7, fill: colour("--card") } },
      scales: { x: { time: false, range: () => [day.start, day.end] }, y: { range: () => [0, top * 1.06] } },
      axes: [
        { ...axis, grid: { show: false }, splits: () => marks.map((mark) => mark[0]), values: (_, at) => at.map((time) => ticks.get(time)) },
        { ...axis, size: 52, space: 48, grid: { stroke: line, width: 1 }, values: (_, at) => at.map((value) => value === 0 ? "0" : (value / 1000).toFixed(1) + " kW") },
      ],
      hooks: {
        drawClear: [(chart) => {
          if (!day.holes.length) return;
          const pattern = hatch(soft), { ctx, bbox } = chart;
          ctx.save(); ctx.fillStyle = pattern;
          for (const [from, to] of day.holes) {
            const x = chart.valToPos(from, "x", true), end = chart.valToPos(to, "x", true);
            ctx.fillRect(x, bbox.top, end - x, bbox.height);
          }
          ctx.restore();
        }],
        setCursor: [(chart) => {
          const index = chart.cursor.idx;
          const known = index != null && chart.cursor.left >= 0;
          say("at-time", known ? day.labels[index] : "");
          say("at-production", known ? watts(day.production_w[index]) : "");
          say("at-consumption", known && day.consumption_w ? watts(day.consumption_w[index]) : "");
        }],
      },
    }, data, place);
  };

  document.addEventListener("click", (event) => {      // the server's picture, drawn once more for programs that take no SVG
    const button = event.target.closest("[data-picture]");
    if (!button) return;
    const image = new Image();
    image.addEventListener("load", () => {
      const canvas = document.createElement("canvas");
      canvas.width = 2 * image.width; canvas.height = 2 * image.height;
      canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
      const link = document.createElement("a");
      link.download = button.dataset.name;
      link.href = canvas.toDataURL("image/png");
      link.click();
    });
    image.src = button.dataset.picture;
  });

  let width = 0;
  new ResizeObserver(([entry]) => {
    if (Math.abs(entry.contentRect.width - width) > 4) { width = entry.contentRect.width; draw(); }
  }).observe(document.getElementById("day"));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  document.addEventListener("refreshed", (event) => { if (event.target.id === "day") draw(); });
})();
