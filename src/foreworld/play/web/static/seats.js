// Games: a panel for each agent, the keys of one's own seat, and clicks on the picture.
"use strict";

let seat = "";
let choices = [];
let panels = {};

function isGame() {
  return page !== null && page.seats.length > 0;
}

function buildSeats() {
  const before = seat;
  seat = "";
  choices = [];
  panels = {};
  at("seats").hidden = !isGame();
  at("seats").replaceChildren();
  at("turn").textContent = "";
  document.body.classList.toggle("game", isGame());
  for (const one of page.seats) panels[one.name] = panelOf(one);
  // After a lost connection the seat is asked for again; another may have it by now.
  if (before && panels[before]) say("sit", { seat: before });
}

function panelOf({ name, keys }) {
  const node = make("article", "card seat", at("seats"));
  node.dataset.agent = name;
  const head = make("div", "seat-head", node);
  make("h3", "", head, name);
  const status = make("span", "seat-status", head);
  const player = make("p", "seat-player faint", node);
  const button = make("button", "seat-button", node);
  button.type = "button";
  button.addEventListener("click", () => {
    at("notice").textContent = "";
    if (seat === name) say("stand");
    else say("sit", { seat: name });
    button.blur();
  });
  const rows = {};
  for (const word of ["last action", "reward", "return"]) {
    const row = make("div", "number", node);
    row.dataset.name = word;
    make("span", "name", row, word);
    rows[word] = make("b", "", row);
  }
  const bars = make("div", "seat-bars", node);
  bars.setAttribute("aria-label", `probabilities of the last action of ${name}`);
  return { node, status, player, button, rows, bars, keys, shown: {} };
}

function showSeats(header) {
  if (!isGame()) return;
  if (header.seat !== seat) takeKeys(header.seat);
  choices = header.choices;
  at("turn").textContent = header.turn;
  at("turn").classList.toggle("mine", choices.length > 0 && header.chosen < 0);
  for (const key of page.keys) {
    const button = at(`key-${key.action}`);
    const can = choices.includes(key.action);
    button.disabled = !can;
    button.classList.toggle("chosen", header.chosen === key.action);
    button.classList.toggle("forbidden", choices.length > 0 && !can);
    button.title = choices.length && !can ? "not allowed now" : "";
  }
  for (const told of header.panels) showPanel(told);
}

function takeKeys(name) {
  seat = name;
  heldKey = null;
  page.keys = seat ? panels[seat].keys : [];
  at("keys").replaceChildren();
  at("keys").hidden = page.keys.length === 0;
  for (const key of page.keys) keyButton(key);
}

function showPanel(told) {
  const panel = panels[told.name];
  panel.node.classList.toggle("mine", told.name === seat);
  panel.status.textContent = told.status;
  panel.status.dataset.status = told.status;
  panel.player.textContent = `played by ${told.player}`;
  panel.button.hidden = !(told.free || told.name === seat);
  panel.button.textContent = told.name === seat ? "Leave the seat" : "Take this seat";
  panel.rows["last action"].textContent = told.action || "\u2013";
  panel.rows.reward.textContent = told.reward === null ? "not finite" : shortest(told.reward);
  panel.rows.return.textContent = told.total === null ? "not finite" : shortest(told.total);
  const names = told.bars.map((bar) => bar.name).join("\n");
  if (panel.names !== names) {
    panel.bars.replaceChildren();
    panel.shown = {};
    panel.names = names;
  }
  const most = Math.max(...told.bars.map((bar) => bar.value));
  for (const bar of told.bars) showBar(bar, bar.value === most, panel.shown, panel.bars);
}

function showTargets(targets, chosen) {
  const layer = at("targets");
  const now = JSON.stringify([targets, chosen]);
  if (layer.dataset.shown === now) return;
  layer.dataset.shown = now;
  layer.replaceChildren();
  for (const { action, left, top, right, bottom } of targets) {
    const node = make("div", "target", layer);
    node.dataset.action = action;
    node.classList.toggle("chosen", action === chosen);
    const key = page.keys.find((one) => one.action === action);
    if (key) node.title = key.name;
    Object.assign(node.style, {
      left: `${100 * left}%`, top: `${100 * top}%`,
      width: `${100 * (right - left)}%`, height: `${100 * (bottom - top)}%`,
    });
    node.addEventListener("pointerdown", () => say("act", { action }));
  }
}
