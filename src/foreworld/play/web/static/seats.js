// Games: a panel for each agent, the keys of one's own seat, and clicks on the picture.
"use strict";

let seat = "";
let choices = {};
let panels = {};

function isGame() {
  return page !== null && page.seats.length > 0;
}

function buildSeats() {
  const before = seat;
  seat = "";
  choices = {};
  panels = {};
  at("seats").hidden = !isGame();
  at("seats").replaceChildren();
  at("turn").textContent = "";
  document.body.classList.toggle("game", isGame());
  for (const one of page.seats) panels[one.name] = panelOf(one);
  // After a lost connection the seat is asked for again; another may have it by now.
  if (before && panels[before]) say("sit", { seat: before });
}

function panelOf({ name, fields, refusal }) {
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
  if (refusal) make("p", "faint", node, `A person cannot play it: ${refusal}.`);
  const told = {};
  for (const word of ["last action", "reward", "return"]) {
    const row = make("div", "number", node);
    row.dataset.name = word;
    make("span", "name", row, word);
    told[word] = make("b", "", row);
  }
  const bars = make("div", "seat-bars", node);
  bars.setAttribute("aria-label", `probabilities of the last action of ${name}`);
  const sights = make("div", "seat-sights", node);
  sights.setAttribute("aria-label", `what ${name} observes`);
  return { node, status, player, button, told, bars, sights, fields, shown: {}, seen: [] };
}

function showSeats(header, paints) {
  if (!isGame()) return;
  if (header.seat !== seat) {
    seat = header.seat;
    buildFields(seat ? panels[seat].fields : []);
    if (seat) at("stage").scrollIntoView({ block: "nearest" });
  }
  choices = header.choices;
  const open = Object.keys(choices).some((field) => !Object.hasOwn(header.chosen, field));
  at("turn").textContent = header.turn;
  at("turn").classList.toggle("mine", open);
  showFields(choices, header.chosen);
  for (const told of header.panels) showPanel(told, paints);
}

function showPanel(told, paints) {
  const panel = panels[told.name];
  panel.node.classList.toggle("mine", told.name === seat);
  panel.status.textContent = told.status;
  panel.status.dataset.status = told.status;
  panel.player.textContent = `played by ${told.player}`;
  panel.button.hidden = !(told.free || told.name === seat);
  panel.button.textContent = told.name === seat ? "Leave the seat" : "Take this seat";
  panel.told["last action"].textContent = told.action || "\u2013";
  panel.told.reward.textContent = told.reward === null ? "not finite" : shortest(told.reward);
  panel.told.return.textContent = told.total === null ? "not finite" : shortest(told.total);
  showBars(panel, told.bars);
  showSights(panel, told.sights, paints);
}

function showBars(panel, bars) {
  const names = JSON.stringify(bars.map((bar) => [bar.field, bar.name]));
  if (panel.names !== names) {
    panel.bars.replaceChildren();
    panel.shown = Object.create(null);
    panel.names = names;
  }
  const most = Object.create(null);
  for (const bar of bars) most[bar.field] = Math.max(bar.value, most[bar.field] || 0);
  for (const bar of bars) {
    if (!panel.shown[bar.field]) {
      if (bar.field) make("p", "seat-field", panel.bars, bar.field);
      panel.shown[bar.field] = Object.create(null);
    }
    showBar(bar, bar.value === most[bar.field], panel.shown[bar.field], panel.bars);
  }
}

function showSights(panel, sights, paints) {
  const form = JSON.stringify(sights.map((one) => [one.name, one.picture === null]));
  if (panel.form !== form) {
    panel.form = form;
    panel.sights.replaceChildren();
    if (sights.length) make("p", "seat-field", panel.sights, "observes");
    panel.seen = sights.map((one) => {
      const row = make("div", "sight", panel.sights);
      row.dataset.name = one.name;
      make("span", "faint", row, one.name);
      return make(one.picture === null ? "b" : "canvas", "", row);
    });
  }
  sights.forEach((one, i) => {
    if (one.picture === null) panel.seen[i].textContent = one.text;
    else paints[one.picture](panel.seen[i]);
  });
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
    const key = keys.find((one) => one.action === action);
    if (key) node.title = key.name;
    Object.assign(node.style, {
      left: `${100 * left}%`, top: `${100 * top}%`,
      width: `${100 * (right - left)}%`, height: `${100 * (bottom - top)}%`,
    });
    node.addEventListener("pointerdown", () => act("", action));
  }
}
