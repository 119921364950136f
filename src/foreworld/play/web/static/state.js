// The numbers of a system's state: a trace of two of them, and nudges for each.
"use strict";

const TRACE_LEN = 800;

let trace = { rows: [], values: [], broken: true };

function buildTrace() {
  trace = { rows: [], values: [], broken: true };
  const names = page.axes.map((axis) => axis.name);
  at("trace").hidden = page.plane.length < 2;
  at("state").hidden = !page.nudges;
  for (const [id, start] of [["across", page.plane[0]], ["up", page.plane[1]]]) {
    at(id).replaceChildren(...names.map((name, i) => new Option(name, i, false, i === start)));
  }
  if (!page.nudges) return;
  page.axes.forEach((axis, column) => {
    const row = make("div", "nudge", at("state-rows"));
    const name = make("span", "", row, `${axis.name} `);
    if (axis.unit) make("small", "", name, powers(axis.unit));
    trace.values.push(make("b", "", row));
    for (const [sign, text, word] of [[-1, "\u2212", "less"], [1, "+", "more"]]) {
      const button = make("button", "", row, text);
      button.type = "button";
      button.id = `nudge-${column}-${word}`;
      button.setAttribute("aria-label", `nudge ${axis.name}: ${word}`);
      button.addEventListener("click", () => {
        trace.broken = true;
        say("nudge", { column, amount: sign * nudgeSize(column) });
      });
    }
  });
}

// A tenth of how far the number has gone, or something to begin with.
function nudgeSize(column) {
  const values = trace.rows.map((row) => row.state[column]).filter(Number.isFinite);
  const span = values.length ? Math.max(...values) - Math.min(...values) : 0;
  const now = Math.abs(values.at(-1) ?? 0);
  return Math.max(0.1 * Math.min(span, 20 + now), 0.05 * now, 0.05);
}

function showState(state, steps) {
  if (!state.length) return;
  if (steps === 0 && trace.last) trace.rows = [];
  trace.last = steps;
  trace.rows.push({ state: state.map((value) => value ?? NaN), broken: trace.broken });
  trace.broken = false;
  if (trace.rows.length > TRACE_LEN) trace.rows.shift();
  trace.values.forEach((node, i) => {
    node.textContent = state[i] === null ? "not finite" : shortest(state[i]);
  });
  if (!at("trace").hidden) drawTrace();
}

// Angles are shown within half a turn of 0.
function shown(value, axis) {
  return axis.unit === "rad" ? value - 2 * Math.PI * Math.round(value / (2 * Math.PI)) : value;
}

function span(column) {
  const axis = page.axes[column];
  if (axis.unit === "rad") return [-Math.PI, Math.PI];
  const values = trace.rows.map((row) => row.state[column]).filter(Number.isFinite);
  const low = Math.min(...values), high = Math.max(...values);
  if (!(high > low)) return [(low || 0) - 0.5, (low || 0) + 0.5];
  const room = 0.06 * (high - low);
  return [low - room, high + room];
}

function drawTrace() {
  const canvas = at("plane"), box = canvas.getBoundingClientRect();
  const dense = window.devicePixelRatio || 1;
  canvas.width = Math.round(box.width * dense);
  canvas.height = Math.round(box.height * dense);
  const paper = canvas.getContext("2d"), ink = getComputedStyle(document.documentElement);
  const columns = [Number(at("across").value), Number(at("up").value)];
  const [wide, tall] = columns.map(span);
  const pad = { left: 46, right: 12, top: 10, bottom: 34 };
  const place = (row) => [
    pad.left + (box.width - pad.left - pad.right)
      * (shown(row.state[columns[0]], page.axes[columns[0]]) - wide[0]) / (wide[1] - wide[0]),
    box.height - pad.bottom - (box.height - pad.top - pad.bottom)
      * (shown(row.state[columns[1]], page.axes[columns[1]]) - tall[0]) / (tall[1] - tall[0]),
  ];
  paper.scale(dense, dense);
  frameTrace(paper, box, pad, ink, columns, wide, tall);
  paper.strokeStyle = paper.fillStyle = ink.getPropertyValue("--accent");
  paper.lineWidth = 1.5;
  paper.lineJoin = "round";
  let before = null;
  trace.rows.forEach((row, i) => {
    const [x, y] = place(row);
    const far = before && (Math.abs(x - before[0]) > box.width * 0.5 || Math.abs(y - before[1]) > box.height * 0.5);
    if (before && !row.broken && !far) {
      paper.globalAlpha = 0.15 + 0.85 * (i / trace.rows.length) ** 2;
      paper.beginPath();
      paper.moveTo(...before);
      paper.lineTo(x, y);
      paper.stroke();
    }
    before = [x, y];
  });
  paper.globalAlpha = 1;
  paper.beginPath();
  paper.arc(...before, 4, 0, 2 * Math.PI);
  paper.fill();
}

function frameTrace(paper, box, pad, ink, columns, wide, tall) {
  paper.fillStyle = ink.getPropertyValue("--faint");
  paper.strokeStyle = ink.getPropertyValue("--track");
  paper.lineWidth = 1;
  paper.strokeRect(pad.left, pad.top, box.width - pad.left - pad.right, box.height - pad.top - pad.bottom);
  paper.font = "11px system-ui, sans-serif";
  const label = (column) => {
    const axis = page.axes[column];
    return axis.unit ? `${axis.name} (${powers(axis.unit)})` : axis.name;
  };
  const low = box.height - pad.bottom;
  paper.textAlign = "left";
  paper.fillText(end(wide[0], columns[0]), pad.left, low + 14);
  paper.textAlign = "right";
  paper.fillText(end(wide[1], columns[0]), box.width - pad.right, low + 14);
  paper.fillText(end(tall[0], columns[1]), pad.left - 5, low);
  paper.fillText(end(tall[1], columns[1]), pad.left - 5, pad.top + 10);
  paper.textAlign = "center";
  paper.fillText(label(columns[0]), (pad.left + box.width - pad.right) / 2, low + 28);
  paper.save();
  paper.translate(12, (pad.top + low) / 2);
  paper.rotate(-Math.PI / 2);
  paper.fillText(label(columns[1]), 0, 0);
  paper.restore();
}

function end(value, column) {
  if (page.axes[column].unit === "rad") return value < 0 ? "\u2212\u03c0" : "\u03c0";
  return String(Number(value.toPrecision(3)));
}
