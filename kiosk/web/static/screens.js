// One function per screen: view in, elements out. Texts, buttons and their requests come finished from the kiosk.
import { el, icon, qr } from "./dom.js";
import { GAP_MM, TARGET_MM, compact, grid, keyboard, low, paged, shape } from "./layout.js";

const mm = () => parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--mm"));
// Smallest font in millimetres a text may shrink to: cap height is 0.74 of it.
const FLOORS = { name: 5.0, text: 5.0, title: 5.0, small: 3.4, number: 40 };

function button(spec, press, className, ...children) {
  const node = el("button", { type: "button", class: className, id: spec.id, lang: spec.lang, disabled: spec.off }, ...children);
  press(node, spec);
  return node;
}

function choice(spec, press, floor) {
  const badge = spec.letter ? el("span", { class: "badge" }, spec.letter) : null;
  const detail = spec.detail ? el("span", { class: "detail", "data-floor": floor.small }, spec.detail) : null;
  const words = el("span", { class: "words" }, el("span", { class: "name", "data-floor": floor.name }, spec.label), detail);
  return button(spec, press, `choice ${spec.kind || ""}`, badge, words);
}

function wide(spec, press, floor) {
  const words = el("span", { class: "words" }, el("span", { class: "name", "data-floor": floor.name }, spec.label),
    spec.detail ? el("span", { class: "detail", "data-floor": floor.small }, spec.detail) : null);
  return button(spec, press, "way", spec.icon ? icon(spec.icon) : null, words);
}

function action(spec, press, floor) {
  return button(spec, press, `action ${spec.primary ? "primary" : ""}`, spec.icon ? icon(spec.icon) : null,
    el("span", { class: "name", "data-floor": floor.small }, spec.label));
}

const title = (text, floor) => (text ? el("h1", { class: "title", "data-floor": floor.title }, text) : null);
const notice = (text, floor) => (text ? el("p", { class: "notice", "data-floor": floor.small }, text) : null);

/** The choices that fit into `box`, which must be in the page so that it can be measured. */
function fill(box, view, page, press, floor) {
  const unit = mm();
  const size = grid(box.clientWidth / unit, box.clientHeight / unit, view.large, document.body.dataset.form);
  const pages = paged(view.choices, size, page, view.focus);
  const rows = Math.max(1, Math.ceil(pages.shown.length / size.columns));
  box.style.gridTemplateColumns = `repeat(${size.columns}, minmax(0, 1fr))`;
  const most = (box.clientHeight - (size.rows - 1) * GAP_MM * unit) / size.rows;
  box.style.gridAutoRows = `${Math.floor(Math.min(Math.max(most, TARGET_MM * unit), 38 * unit))}px`;
  box.replaceChildren(...pages.shown.map(spec => choice(spec, press, floor)));
  const last = box.lastElementChild;
  if (size.columns === 2 && pages.shown.length % 2 && last) last.classList.add("across");
  box.dataset.rows = String(rows);
  return pages;
}

const SCREENS = {
  home(main, view, page, press, floor, form) {
    const ways = el("div", { class: "ways" }, ...view.pair.map(spec => wide(spec, press, floor)));
    const start = el("section", { class: "start" }, title(view.title, floor), notice(view.notice, floor), ways);
    if (form === "short") {
      const help = view.choices.filter(spec => spec.kind === "help"), also = view.also.map(spec => action(spec, press, floor));
      main.replaceChildren(start, el("div", { class: also.length ? "choices one two" : "choices one" }, ...help.map(spec => choice(spec, press, floor)), ...also));
      return null;
    }
    ways.append(...view.also.map(spec => { const node = wide(spec, press, floor); node.classList.add("also"); return node; }));
    const box = el("div", { class: "choices" });
    main.replaceChildren(start, el("section", { class: "list" }, el("h2", { class: "heading", "data-floor": floor.small }, view.heading), box));
    return fill(box, view, page, press, floor);
  },

  choosing(main, view, page, press, floor) {
    const box = el("div", { class: "choices" });
    const chip = view.priority && isLow()
      ? el("p", { class: "notice good", "data-floor": floor.small }, view.priority.text)
      : view.priority
      ? el("div", { class: "chip" }, el("p", { "data-floor": floor.small }, view.priority.text), action(view.priority.drop, press, floor))
      : null;
    main.replaceChildren(...[title(view.title, floor), chip && isLow() ? null : notice(view.notice, floor), chip, box].filter(Boolean));
    return fill(box, view, page, press, floor);
  },

  scan_help(main, view, page, press, floor) {
    const lines = el("ol", { class: "steps" }, ...view.lines.map(text => el("li", { "data-floor": floor.small, "data-group": "steps" }, text)));
    main.replaceChildren(el("div", { class: "plate" }, icon(view.icon), el("div", { class: "words" }, title(view.title, floor), lines)),
      ...(isLow() ? [] : [actions(view, press, floor)]));
    return null;
  },

  issuing(main, view) {
    main.replaceChildren(el("div", { class: "plate center" }, view.slow ? el("div", { class: "dots" }, el("i"), el("i"), el("i")) : null,
      title(view.title, FLOORS)));
    return null;
  },

  number(main, view, page, press, floor) {
    const facts = el("ul", { class: "facts" }, ...view.lines.map(line => el("li", { class: line.id, "data-floor": floor.small, "data-group": "facts" }, line.text)));
    const label = el("p", { class: "label", "data-floor": floor.number, "data-fit": "width" }, view.label);
    const left = el("div", { class: "big" }, title(view.title, floor), label, el("p", { class: "of-service", "data-floor": floor.small }, view.service_name));
    const told = el("p", { class: `told ${view.paper.tone}` }, icon(view.paper.state === "found" ? "paper" : "slot"), el("span", { "data-floor": floor.small }, view.paper.text));
    // On a small panel the code takes the place of the facts (the page behind it tells them), the buttons that of the bar.
    const side = isLow() ? [view.qr ? qr(view.qr) : facts, told] : [view.qr ? qr(view.qr) : null, facts, told, actions(view, press, floor)];
    main.replaceChildren(left, el("div", { class: "side" }, ...side.filter(Boolean)));
    return null;
  },

  typing(main, view, page, press, floor) {
    const told = view.typed || view.example;
    const field = el("p", { class: view.typed ? "typed" : "typed empty", "data-floor": 4, "data-fit": "width" }, told);
    const box = el("div", { class: "keys" });
    const wrong = isLow() ? null : notice(view.notice, floor);
    main.replaceChildren(...[title(view.title, floor), field, wrong, box, isLow() ? null : actions(view, press, floor)].filter(Boolean));
    const unit = mm(), made = keyboard(view.keys, box.clientWidth / unit, box.clientHeight / unit, page, view.focus);
    const key = spec => button(spec, press, "key", spec.icon ? icon(spec.icon) : null, spec.icon ? el("span", { class: "sr" }, spec.label) : spec.label);
    const turn = made.next ? [key({ id: "turn", label: made.next, turn: 1 })] : [];
    box.style.gridTemplateColumns = `repeat(${made.columns}, minmax(0, 1fr))`;
    box.style.gridAutoRows = `${Math.floor(Math.min((box.clientHeight - (made.rows - 1) * 2.2 * unit) / made.rows, 26 * unit))}px`;
    box.replaceChildren(...made.shown.map(key), ...turn);
    return { page: made.page, pages: 1 };
  },

  dossier(main, view, page, press, floor) {
    const lines = [view.code ? el("p", { class: "of-code", "data-floor": 4, "data-fit": "width" }, view.code) : null, title(view.title, floor),
      el("p", { class: `then ${view.tone}`, "data-floor": floor.text }, view.hint), view.due ? el("p", { class: "due", "data-floor": floor.small }, view.due) : null];
    main.replaceChildren(el("div", { class: "plate center" }, ...lines), actions(view, press, floor));
    return null;
  },

  error(main, view, page, press, floor) {
    main.replaceChildren(el("div", { class: "plate center" }, title(view.title, floor), el("p", { class: "hint", "data-floor": floor.text }, view.hint)),
      actions(view, press, floor));
    return null;
  },

  paused(main, view, page, press, floor) {
    main.replaceChildren(el("div", { class: "plate center rest" }, title(view.title, floor), el("p", { class: "hint", "data-floor": floor.text }, view.hint)));
    return null;
  },

  asking(main, view, page, press, floor) {
    const grows = el("div", { class: "grows" }, el("i"));
    grows.firstChild.style.animationDuration = `${view.ask_ms}ms`;
    main.replaceChildren(el("div", { class: "plate center" }, title(view.title, floor), grows), actions(view, press, floor));
    return null;
  },
};
SCREENS.priority = SCREENS.choosing;

function actions(view, press, floor) {
  return el("div", { class: "actions" }, ...view.actions.map(spec => action(spec, press, floor)));
}

/** The form of this panel, and the top line: the centre's name, or the question where there is no room for a title. */
export function frame(view) {
  const unit = mm(), data = document.body.dataset;
  data.form = shape(innerWidth / unit, innerHeight / unit);
  data.low = data.form !== "tall" && low(innerHeight / unit);
  data.compact = data.form === "tall" && compact(innerHeight / unit);
  const asks = ["choosing", "priority", "typing"].includes(view.screen);
  const wrong = view.screen === "typing" ? view.notice : "";  // on a small panel it stands in the place of the question
  document.getElementById("site").textContent = isLow() && asks ? wrong || view.title : view.site;
}

const isLow = () => document.body.dataset.low === "true";

/** Draws the screen; answers which page of choices it shows, where it has pages. */
export function draw(main, view, page, press) {
  return SCREENS[view.screen](main, view, page, press, FLOORS, document.body.dataset.form);
}

export function drawBar(bar, view, pages, press) {
  const tool = spec => button(spec, press, "tool", icon(spec.icon), el("span", { class: "name", "data-floor": 3.2 }, spec.label));
  const tools = view.bar.map(tool);
  if (isLow() && (view.screen === "number" || view.screen === "scan_help" || view.screen === "typing")) tools.push(...view.actions.map(spec => action(spec, press, FLOORS)));
  if (pages && pages.pages > 1) {
    const text = view.paging.page.replace("%(n)s", pages.page + 1).replace("%(of)s", pages.pages);
    tools.push(el("p", { class: "page", "data-floor": 3.2 }, text));
    tools.push(tool({ id: "previous", label: view.paging.previous, icon: "previous", turn: -1, off: pages.page === 0 }));
    tools.push(tool({ id: "next", label: view.paging.next, icon: "next", turn: 1, off: pages.page === pages.pages - 1 }));
  }
  bar.replaceChildren(...tools);
  bar.hidden = !tools.length;
}
