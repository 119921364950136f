// Live play: draws the frames that arrive, says what the person does. No library.
"use strict";

const at = (id) => document.getElementById(id);
const decoder = new TextDecoder();
const CURVE_LEN = 200;
const SLOWEST = 0.5;
const FASTEST = 60;

let socket = null;
let page = null;
let playing = false;
let agentActs = false;
let retry = 500;
let seen = { bars: {}, numbers: {}, sliders: {} };

function say(type, rest = {}) {
  if (socket && socket.readyState === WebSocket.OPEN) {
    socket.send(JSON.stringify({ type, ...rest }));
  }
}

function make(tag, className, parent, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  if (parent) parent.append(node);
  return node;
}

function status(state, text) {
  at("status").dataset.state = state;
  at("status").textContent = text;
}

// ---------------------------------------------------------------- connection

function connect() {
  const where = new URL("socket" + location.search, location.href);
  where.protocol = "ws:";
  where.hash = "";
  socket = new WebSocket(where);
  socket.binaryType = "arraybuffer";
  socket.onmessage = (event) => {
    if (typeof event.data === "string") build(JSON.parse(event.data));
    else receive(event.data);
  };
  socket.onopen = () => { retry = 500; };
  socket.onclose = (event) => {
    const fault = event.code === 1011 ? "a fault: see the server's terminal" : "";
    const why = fault || event.reason || "the server is gone";
    status("lost", `${why}; trying again`);
    setTimeout(connect, retry);
    retry = Math.min(retry * 2, 5000);
  };
}

function receive(buffer) {
  const size = new DataView(buffer).getUint32(0, true);
  const header = JSON.parse(decoder.decode(new Uint8Array(buffer, 4, size)));
  // A sleeping tab draws nothing and so acknowledges nothing: the server waits.
  requestAnimationFrame(() => {
    draw(header, new Uint8Array(buffer, 4 + size));
    say("ack", { frame: header.frame });
  });
}

// ---------------------------------------------------------------- the page

function build(made) {
  page = made;
  seen = { bars: {}, numbers: {}, sliders: {} };
  document.title = `${page.title} · Foreworld`;
  at("title").textContent = page.title;
  at("summary").textContent = powers(page.summary);
  at("hint").textContent = page.hint;
  at("notice").textContent = "";
  at("truth").hidden = !page.has_model;
  at("agent").hidden = !page.has_agent;
  at("restart").textContent = page.keys.length || page.has_agent || isGame() ? "New episode" : "New start";
  at("step").hidden = page.keys.length > 0 && !page.has_agent && !page.has_model;
  for (const id of ["pictures", "numbers", "state-rows"]) at(id).replaceChildren();
  for (const node of document.querySelectorAll(".bar, .slider")) node.remove();
  page.pictures.forEach((caption, index) => picture(caption, index));
  buildFields(page.keys.length ? [{ name: "", keys: page.keys, sliders: [] }] : []);
  at("sliders").hidden = page.sliders.length === 0;
  for (const field of page.sliders) slider(field);
  at("bars").hidden = !page.has_agent;
  buildTrace();
  buildSeats();
  status("live", "live");
}

function picture(caption, index) {
  const figure = make("figure", "", at("pictures"));
  const canvas = make("canvas", "picture", figure);
  canvas.id = `picture-${index}`;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", caption || page.title);
  if (index === 0) make("div", "", figure).id = "targets";
  if (caption) make("figcaption", "", figure, caption);
  if (page.draggable && index === 0) drag(canvas);
}

function drag(canvas) {
  let queued = null;
  canvas.classList.add("draggable");
  const send = (event) => {
    const box = canvas.getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width;
    const y = (event.clientY - box.top) / box.height;
    trace.broken = true;
    if (queued === null) {
      requestAnimationFrame(() => { say("grab", queued); queued = null; });
    }
    queued = { x, y };
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    canvas.classList.add("held");
    send(event);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (canvas.classList.contains("held")) send(event);
  });
  for (const end of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(end, () => {
      canvas.classList.remove("held");
      // After the last queued position.
      requestAnimationFrame(() => say("release"));
    });
  }
}

function slider(field) {
  const row = make("div", "slider", at("sliders"));
  const label = make("label", "", row, `${field.name.replaceAll("_", " ")} `);
  if (field.unit) make("span", "", label, powers(field.unit));
  const range = make("input", "", row);
  const box = make("input", "", row);
  range.type = "range";
  range.id = `field-${field.name}`;
  label.htmlFor = range.id;
  range.min = field.low;
  range.max = field.high;
  range.step = "any";
  box.type = "number";
  box.step = "any";
  box.setAttribute("aria-label", field.name);
  range.value = field.value;
  box.value = shortest(field.value);
  let queued = false;
  const send = () => {
    queued = false;
    say("set", { name: field.name, value: Number(range.value) });
  };
  range.addEventListener("input", () => {
    at("notice").textContent = "";
    box.value = shortest(Number(range.value));
    if (!queued) { queued = true; requestAnimationFrame(send); }
  });
  box.addEventListener("change", () => {
    at("notice").textContent = "";
    const value = box.valueAsNumber;
    // What fits into 32 bits, as the world's own numbers.
    if (Math.abs(value) <= 3.4e38) say("set", { name: field.name, value });
    else at("notice").textContent = `${field.name} must be a number up to 3.4e38.`;
  });
  seen.sliders[field.name] = { range, box };
}

// ---------------------------------------------------------------- a frame

function draw(header, pixels) {
  playing = header.playing;
  agentActs = header.agent_acts;
  let offset = 0;
  // How to paint each picture; those of what agents observe come after the page's own.
  const paints = header.pictures.map(([height, width, channels]) => {
    const begin = offset;
    offset += height * width * channels;
    return (canvas) => paint(canvas, pixels, begin, height, width, channels);
  });
  page.pictures.forEach((_, index) => paints[index](at(`picture-${index}`)));
  at("play").textContent = playing ? "Pause" : "Play";
  showRate(header.rate);
  at("agent").setAttribute("aria-pressed", String(agentActs));
  at("agent").disabled = agentActs;
  at("agent").textContent = agentActs ? "The agent acts" : "Let the agent act";
  at("banner").textContent = header.banner;
  if (header.notice) at("notice").textContent = header.notice;
  for (const number of header.numbers) showNumber(number);
  showCurves();
  const steps = header.numbers.find((number) => number.name === "step");
  showState(header.state, steps ? steps.value : null);
  const most = Math.max(...header.bars.map((bar) => bar.value));
  for (const bar of header.bars) showBar(bar, bar.value === most, seen.bars, at("bars"));
  showSeats(header, paints);
  showTargets(header.targets, header.chosen[""]);
  for (const [name, value] of Object.entries(header.fields)) showField(name, value, header.notice);
  at("stage").dataset.frame = header.frame;
}

function paint(canvas, pixels, offset, height, width, channels) {
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
    fit();
  }
  const image = new ImageData(width, height);
  const out = image.data;
  for (let i = 0, j = offset; i < out.length; i += 4, j += channels) {
    out[i] = pixels[j];
    out[i + 1] = pixels[channels === 1 ? j : j + 1];
    out[i + 2] = pixels[channels === 1 ? j : j + 2];
    out[i + 3] = 255;
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}

function fit() {
  const all = [...document.querySelectorAll("canvas.picture")];
  const room = (at("pictures").clientWidth - 10 * (all.length - 1)) / all.length;
  for (const canvas of all) {
    const tall = Math.max(160, window.innerHeight * (isGame() ? 0.4 : 0.55));
    let scale = Math.min(room / canvas.width, tall / canvas.height);
    // Whole multiples keep all pixels the same size.
    if (scale >= 2) scale = Math.floor(scale);
    canvas.style.width = `${canvas.width * scale}px`;
    canvas.style.height = `${canvas.height * scale}px`;
  }
}

function showNumber({ name, value, unit, curve }) {
  let row = seen.numbers[name];
  if (!row) {
    const node = make("div", "number", at("numbers"));
    node.dataset.name = name;
    make("span", "name", node, name);
    row = seen.numbers[name] = { node, unit, text: make("b", "", node), curve: [] };
    if (curve) {
      const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      svg.setAttribute("preserveAspectRatio", "none");
      svg.setAttribute("viewBox", "0 0 100 100");
      row.line = document.createElementNS("http://www.w3.org/2000/svg", "polyline");
      svg.append(row.line);
      node.append(svg);
    }
  }
  row.text.textContent = value === null ? "not finite" : shortest(value);
  if (unit) make("small", "", row.text, ` ${powers(unit)}`);
  if (curve && value !== null) {
    row.curve.push(value);
    if (row.curve.length > CURVE_LEN) row.curve.shift();
  }
}

// Curves of one unit share their scale, so that they can be compared.
function showCurves() {
  const rows = Object.values(seen.numbers).filter((row) => row.line);
  for (const row of rows) {
    const values = rows.filter((one) => one.unit === row.unit).flatMap((one) => one.curve);
    const low = Math.min(0, ...values);
    const high = Math.max(...values, low + 1e-9);
    row.line.setAttribute("points", row.curve.map((y, i) =>
      `${(100 * i) / (CURVE_LEN - 1)},${95 - (90 * (y - low)) / (high - low)}`).join(" "));
  }
}

function showBar({ name, value }, top, rows, parent) {
  let row = rows[name];
  if (!row) {
    const node = make("div", "bar", parent);
    make("span", "name", node, name);
    const fill = make("div", "fill", make("div", "track", node));
    row = rows[name] = { node, fill, share: make("span", "share", node) };
  }
  row.node.classList.toggle("top", top);
  row.fill.style.width = `${100 * value}%`;
  row.share.textContent = `${(100 * value).toFixed(1)}%`;
}

function showField(name, value, refused) {
  const { range, box } = seen.sliders[name];
  // Not while the person moves it, unless the world said no.
  if (document.activeElement === range || document.activeElement === box) {
    if (!refused) return;
  }
  range.value = value;
  box.value = shortest(value);
}

function powers(text) {
  return text.replaceAll("^2", "²").replaceAll("^3", "³");
}

function shortest(value) {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)));
}

// ---------------------------------------------------------------- the person

window.addEventListener("resize", fit);
for (const id of ["across", "up"]) {
  at(id).addEventListener("change", () => { if (trace.rows.length) drawTrace(); });
}

at("play").addEventListener("click", () => say("play", { on: !playing }));
at("step").addEventListener("click", () => say("tick"));
at("restart").addEventListener("click", () => {
  trace.broken = true;
  say("restart");
});
at("truth").addEventListener("click", () => say("truth"));
at("agent").addEventListener("click", () => say("agent", { on: true }));

// The speed goes in equal ratios along the slider.
at("rate").addEventListener("input", () => {
  const share = Number(at("rate").value);
  const value = SLOWEST * (FASTEST / SLOWEST) ** share;
  say("rate", { value: Math.min(FASTEST, Math.max(SLOWEST, Number(value.toPrecision(2)))) });
});

function showRate(rate) {
  if (document.activeElement !== at("rate")) {
    at("rate").value = Math.log(rate / SLOWEST) / Math.log(FASTEST / SLOWEST);
  }
  at("rate-value").textContent = `${shortest(rate)} steps/s`;
}

connect();
