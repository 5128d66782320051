// What report.html does beyond showing text: its theme, its plots (which zoom together), the tables behind them, and the
// buttons that copy. Everything that a run wrote comes from the JSON block and is only ever set as text.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const root = document.documentElement;
  const plots = [];
  let moving = false;

  // Okabe and Ito's colours, darker and lighter: told apart by those who see fewer. Dashes tell them apart without any.
  const inks = {
    light: ["#0060a0", "#b34a00", "#00795a", "#9c3c7c", "#5a5a00", "#1f8fc4", "#8a2c1a", "#444a55"],
    dark: ["#5cb4f0", "#f2a04a", "#3fd0a4", "#e59ac9", "#e6dc52", "#9adcff", "#ff9d8a", "#c4cad4"],
  };
  const dashes = [null, [8, 4], [2, 3], [10, 3, 2, 3], [5, 2], [12, 5], [3, 6], [1, 2]];

  const theme = () => root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  const css = (name) => getComputedStyle(root).getPropertyValue(name).trim();
  const make = (tag, text, parent) => {
    const element = document.createElement(tag);
    if (text !== undefined) element.textContent = text;
    if (parent) parent.append(element);
    return element;
  };

  const short = (value) => (value >= 100 ? value.toFixed(0) : Number(value.toPrecision(3)).toString());
  const scaled = (value, units) => {
    if (value === 0) return "0 " + units[0][1];
    let [size, name] = units[0];
    for (const [bigger, its] of units) if (Math.abs(value) >= bigger) [size, name] = [bigger, its];
    return short(value / size) + (name ? " " + name : "");
  };
  const formats = {
    rate: (value) => scaled(value, [[1, ""], [1e3, "k"], [1e6, "M"]]).trim() + "/s",
    count: (value) => scaled(value, [[1, ""], [1e3, "k"], [1e6, "M"]]).trim(),
    ms: (value) => scaled(value * 1e6, [[1, "ns"], [1e3, "µs"], [1e6, "ms"], [1e9, "s"]]),
    cores: (value) => (Math.abs(value) < 1e-9 ? "0" : short(value)),
    bytes: (value) => scaled(value, [[1, "B"], [1 << 10, "KiB"], [1 << 20, "MiB"], [1 << 30, "GiB"]]),
  };
  const seconds = (value) => {
    const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
    return (value < 0 ? "" : "+") + Number(value.toFixed(digits)) + " s";
  };
  const quantile = (x) => {
    const decimals = Math.max(0, Math.round(x) - 2);
    return (100 * (1 - Math.pow(10, -x))).toFixed(decimals).replace(/^0$/, "0") + " %";
  };

  // Faults behind the lines: dark while they were on, light until the last client had recovered.
  function bands(context, area, graph, named) {
    const put = (from, to, fill) => {
      const left = Math.max(area.x, graph.toDomXCoord(from));
      const right = Math.min(area.x + area.w, graph.toDomXCoord(to));
      if (right <= left && (right < area.x || left > area.x + area.w)) return null;
      context.fillStyle = fill;
      context.fillRect(left, area.y, Math.max(2, right - left), area.h);
      return left;
    };
    context.save();
    const fault = css("--fault");
    let free = area.x;
    context.font = "12px system-ui, sans-serif";
    for (const phase of data.phases) {
      const x = graph.toDomXCoord(phase.from);
      if (x < area.x || x > area.x + area.w) continue;
      context.strokeStyle = css("--line");
      context.setLineDash([3, 3]);
      context.beginPath();
      context.moveTo(x, area.y);
      context.lineTo(x, area.y + area.h);
      context.stroke();
      context.setLineDash([]);
      if (!named || x < free) continue;
      context.fillStyle = css("--soft");
      context.fillText(phase.name, x + 4, area.y + 27);  // below the faults' names
      free = x + 8 + context.measureText(phase.name).width;
    }
    free = area.x;
    for (const band of data.bands) {
      context.globalAlpha = 0.12;
      put(band.to, band.recovered, fault);
      context.globalAlpha = 0.3;
      const left = put(band.from, band.to, fault);
      context.globalAlpha = 1;
      if (!named || left === null || left < free) continue;
      context.fillStyle = fault;
      context.fillText(band.name, left + 4, area.y + 12);
      free = left + 8 + context.measureText(band.name).width;
    }
    context.restore();
  }

  function legend(plot, row) {
    plot.values.forEach((cell, index) => {
      const value = row ? row[index + 1] : null;
      cell.textContent = row ? (value === null || Number.isNaN(value) ? ": –" : ": " + formats[plot.of.unit](value)) : "";
    });
    plot.where.textContent = row ? (plot.of.x === "quantile" ? quantile(row[0]) : seconds(row[0])) : "";
  }
  function makeLegend(plot, figure) {
    const list = make("ul");
    list.className = "legend";
    plot.of.names.forEach((name, index) => {
      const item = make("li", undefined, list);
      const swatch = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      swatch.setAttribute("width", "26");
      swatch.setAttribute("height", "8");
      swatch.setAttribute("aria-hidden", "true");
      const line = document.createElementNS("http://www.w3.org/2000/svg", "line");
      for (const [key, value] of [["x1", 0], ["x2", 26], ["y1", 4], ["y2", 4], ["stroke-width", 3]]) line.setAttribute(key, value);
      if (dashes[index % 8]) line.setAttribute("stroke-dasharray", dashes[index % 8].join(" "));
      swatch.append(line);
      item.append(swatch);
      make("span", name, item);
      plot.swatches.push(line);
      plot.values.push(make("span", "", item));
    });
    plot.where = make("li", "", list);
    plot.where.className = "soft";
    figure.querySelector(".plot").before(list);
  }

  const paints = () => ({
    colors: inks[theme()], axisLineColor: css("--soft"), gridLineColor: css("--line"),
  });
  function makePlot(of) {
    const figure = document.getElementById("figure-" + of.id);
    const holder = figure.querySelector(".plot");
    const plot = { of, values: [], swatches: [], over_time: of.x === "time" };
    makeLegend(plot, figure);
    const keys = of.names.map((_, index) => "s" + index);
    const series = {};
    keys.forEach((key, index) => { series[key] = { strokePattern: dashes[index % 8] }; });
    const rows = of.rows.map((row) => row.map((cell) => (cell === null ? NaN : cell)));
    const x = plot.over_time
      ? { axisLabelFormatter: seconds }
      : { axisLabelFormatter: quantile,
          ticker: (from, to) => {
            const ticks = [];
            for (let at = Math.ceil(from); at <= to; ++at) ticks.push({ v: at, label: quantile(at) });
            return ticks;
          } };
    plot.graph = new Dygraph(holder, rows, {
      ...paints(), labels: ["x", ...keys], series, legend: "never", strokeWidth: 1.7, logscale: of.log,
      axes: { x: { ...x, axisLabelWidth: 62, drawGrid: !plot.over_time, pixelsPerLabel: 70 }, y: { axisLabelFormatter: formats[of.unit], axisLabelWidth: 66, pixelsPerLabel: 34 } },
      connectSeparatedPoints: false, drawPoints: false, animatedZooms: false, includeZero: !of.log, drawIsolatedPoints: true,
      dateWindow: plot.over_time ? data.span : undefined, highlightCircleSize: 3, xRangePad: 0, fillGraph: of.fill === true, fillAlpha: 0.12,
      underlayCallback: plot.over_time ? (context, area, graph) => bands(context, area, graph, of.named) : undefined,
      highlightCallback: (event, at, points, row) => { for (const other of plots) if (other.over_time === plot.over_time) legend(other, other.over_time || other === plot ? other.of.rows[row] : null); },
      unhighlightCallback: () => { for (const other of plots) legend(other, null); },
      drawCallback: (graph, first) => { if (!first && plot.over_time) follow(plot); },
    });
    // The keyboard's and the screen reader's way are the buttons and the table.
    for (const canvas of holder.querySelectorAll("canvas")) canvas.setAttribute("aria-hidden", "true");
    plots.push(plot);
    figure.querySelector("details").addEventListener("toggle", (event) => fillTable(event.target, of), { once: true });
  }

  const over_time = () => plots.filter((plot) => plot.over_time);
  function follow(from) {
    if (moving) return;
    moving = true;
    const range = from.graph.xAxisRange();
    for (const plot of over_time()) if (plot !== from) plot.graph.updateOptions({ dateWindow: range });
    tell(range);
    moving = false;
  }
  function tell(range) {
    const shown = document.getElementById("shown");
    if (shown) shown.textContent = "Shown: " + seconds(range[0]) + " to " + seconds(range[1]);
  }
  function show(from, to) {
    const [begin, end] = data.span;
    const width = Math.min(end - begin, Math.max(to - from, (end - begin) / 500));
    const left = Math.min(Math.max(from, begin), end - width);
    moving = true;
    for (const plot of over_time()) plot.graph.updateOptions({ dateWindow: [left, left + width], valueRange: null });
    moving = false;
    tell([left, left + width]);
  }
  const moves = {
    in: (from, to) => show(from + (to - from) / 4, to - (to - from) / 4),
    out: (from, to) => show(from - (to - from) / 2, to + (to - from) / 2),
    left: (from, to) => show(from - (to - from) / 4, to - (to - from) / 4),
    right: (from, to) => show(from + (to - from) / 4, to + (to - from) / 4),
    all: () => show(data.span[0], data.span[1]),
  };
  function makeTools() {
    const tools = document.getElementById("tools");
    if (!tools || over_time().length === 0) return;
    tools.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      if (button.dataset.move) moves[button.dataset.move](...over_time()[0].graph.xAxisRange());
      if (button.dataset.band) {
        const band = data.bands[Number(button.dataset.band)];
        const margin = Math.max(0.2, (band.recovered - band.from) * 0.15);
        show(band.from - margin, band.recovered + margin);
      }
    });
    tell(data.span);
    tools.hidden = false;
  }

  function fillTable(details, of) {
    const box = details.querySelector(".scroll");
    const table = make("table", undefined, box);
    const head = make("tr", undefined, make("thead", undefined, table));
    for (const name of [of.x === "quantile" ? "percentile" : "since the begin of the load", ...of.names]) {
      make("th", name, head).scope = "col";
    }
    const body = make("tbody", undefined, table);
    for (const row of of.rows) {
      const line = make("tr", undefined, body);
      make("th", of.x === "quantile" ? (100 * (1 - Math.pow(10, -row[0]))).toPrecision(7) + " %" : seconds(row[0]), line).scope = "row";
      for (const cell of row.slice(1)) make("td", cell === null ? "–" : formats[of.unit](cell), line).className = "n";
    }
  }

  function repaint() {
    moving = true;
    for (const plot of plots) {
      plot.swatches.forEach((line, index) => line.setAttribute("stroke", inks[theme()][index % 8]));
      plot.graph.updateOptions(paints());
    }
    moving = false;
    const button = document.getElementById("theme");
    if (button) button.textContent = theme() === "dark" ? "Light" : "Dark";
  }

  // Its own legend is made of HTML with styles in it, which the page's policy forbids; ours stands beside each plot.
  if (data.plots.length > 0) Dygraph.PLUGINS = Dygraph.PLUGINS.filter((plugin) => plugin !== Dygraph.Plugins.Legend);
  for (const of of data.plots) makePlot(of);
  makeTools();
  const button = document.getElementById("theme");
  if (button) {
    button.hidden = false;
    button.addEventListener("click", () => {
      root.dataset.theme = theme() === "dark" ? "light" : "dark";
      repaint();
    });
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
  let before = "";
  addEventListener("beforeprint", () => {
    before = root.dataset.theme || "";
    root.dataset.theme = "light";
    for (const details of document.querySelectorAll("details.print")) details.open = true;
    repaint();
  });
  addEventListener("afterprint", () => {
    if (before) root.dataset.theme = before; else delete root.dataset.theme;
    repaint();
  });
  for (const copy of document.querySelectorAll(".copy button")) {
    copy.hidden = false;
    copy.addEventListener("click", () => {
      const text = copy.parentElement.querySelector("pre").textContent;
      navigator.clipboard.writeText(text).then(() => { copy.textContent = "Copied"; }, () => { copy.textContent = "Select it by hand"; });
    });
  }
  repaint();
  root.dataset.ready = "yes";
})();
