// The controls of an action: keys that are buttons too, a row for each field, sliders.
"use strict";

// More buttons than there are keys scroll.
const MANY = 36;

let rows = [];
let keys = [];
let heldKey = null;
let holding = false;

// A field has a name (empty where an action is one choice), keys or sliders.
function buildFields(fields) {
  rows = [];
  keys = [];
  heldKey = null;
  holding = false;
  at("keys").replaceChildren();
  at("keys").hidden = fields.length === 0;
  for (const field of fields) rows.push(fieldRow(field, fields.length === 1));
}

function fieldRow(field, alone) {
  const node = make("div", "field", at("keys"));
  node.dataset.field = field.name;
  const head = make("p", "field-head", node);
  make("b", "", head, field.name);
  const told = make("span", "faint", head);
  const list = make("div", "field-choices", node);
  list.setAttribute("role", "group");
  list.setAttribute("aria-label", field.name || "actions");
  list.classList.toggle("many", field.keys.length > MANY);
  const row = { field, told, buttons: [], ranges: [], enter: null };
  for (const key of field.keys) {
    const own = { ...key, field: field.name };
    own.button = keyButton(own, list);
    keys.push(own);
    row.buttons.push(own);
  }
  for (const one of field.sliders) row.ranges.push(entryRange(one, list));
  if (field.sliders.length) {
    row.enter = make("button", "", list, alone ? "Act" : "Choose");
    row.enter.type = "button";
    row.enter.addEventListener("click", () => {
      say("enter", { field: field.name, numbers: row.ranges.map((one) => Number(one.value)) });
    });
  }
  return row;
}

function keyButton(key, parent) {
  const button = make("button", "", parent);
  button.type = "button";
  button.id = key.field ? `key-${key.field}-${key.action}` : `key-${key.action}`;
  if (key.label) make("kbd", "", button, key.label);
  make("span", "", button, key.name);
  button.addEventListener("pointerdown", () => press(key));
  for (const end of ["pointerup", "pointercancel", "pointerleave"]) {
    button.addEventListener(end, () => letGo(key));
  }
  return button;
}

function entryRange(one, parent) {
  const label = make("label", "entry", parent);
  make("span", "", label, one.name);
  const range = make("input", "", label);
  const told = make("output", "", label, shortest(one.value));
  range.type = "range";
  range.min = one.low;
  range.max = one.high;
  range.step = one.whole ? 1 : "any";
  range.value = one.value;
  range.addEventListener("input", () => { told.textContent = shortest(Number(range.value)); });
  return range;
}

// In a game: what may be chosen now, and what is chosen for a step that waits.
function showFields(choices, chosen) {
  for (const { field, told, buttons, ranges, enter } of rows) {
    const open = Object.hasOwn(choices, field.name);
    const mine = Object.hasOwn(chosen, field.name) ? chosen[field.name] : undefined;
    const free = new Set(open ? choices[field.name] : []);
    for (const { action, button } of buttons) {
      const can = free.has(action);
      button.disabled = !can;
      button.setAttribute("aria-pressed", String(mine === action));
      button.classList.toggle("chosen", mine === action);
      button.classList.toggle("forbidden", open && !can);
      button.title = open && !can ? "not allowed now" : "";
    }
    for (const range of ranges) range.disabled = !open;
    if (enter) enter.disabled = !open;
    if (enter) enter.classList.toggle("chosen", mine !== undefined);
    told.textContent = mine === undefined || !(field.name || enter) ? "" : spoken(field, mine);
  }
}

function spoken(field, value) {
  return Array.isArray(value) ? value.map(shortest).join(", ") : field.keys[value].name;
}

function act(field, action) {
  if (isGame()) say("choose", { field, action });
  else say("act", { action });
}

function press(key) {
  if (isGame() && key.button.disabled) return;
  key.button.classList.add("down");
  heldKey = key;
  holding = playing && !agentActs && !isGame();
  if (holding) say("hold", { action: key.action });
  else act(key.field, key.action);
}

function letGo(key) {
  key.button.classList.remove("down");
  if (heldKey !== key) return;
  heldKey = null;
  if (holding) say("hold", { action: -1 });
  holding = false;
}

function typing(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return true;
  const input = event.target instanceof HTMLInputElement;
  // Arrows move a slider of an action that has the focus.
  const arrow = event.key.startsWith("Arrow") && input && event.target.closest(".entry");
  return arrow || (input && event.target.type === "number");
}

document.addEventListener("keydown", (event) => {
  if (!page || typing(event)) return;
  const key = keys.find((one) => one.code === event.key);
  if (key) {
    event.preventDefault();
    // A held key repeats steps; in running time the server repeats them.
    if (!(event.repeat && (playing || isGame()))) press(key);
  } else if (event.key === " " && event.target.tagName !== "BUTTON") {
    event.preventDefault();
    at("play").click();
  }
});

document.addEventListener("keyup", (event) => {
  const key = keys.find((one) => one.code === event.key);
  if (key) letGo(key);
});

window.addEventListener("blur", () => { if (heldKey) letGo(heldKey); });
