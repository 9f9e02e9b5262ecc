// Small helpers that build the page without markup in strings.
const ICONS = {
  card: "M3 6h18a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1H3a1 1 0 0 1-1-1V7a1 1 0 0 1 1-1zM5 9h5v6H5zM13 10h6M13 13h6M13 16h3",
  touch: "M9 11V5.5a1.5 1.5 0 0 1 3 0V11m0-1.5a1.5 1.5 0 0 1 3 0V12m0-1a1.5 1.5 0 0 1 3 0v4.5c0 3.6-2.4 5.5-5.5 5.5-2.6 0-4-1-5.2-3.2L5 14c-.6-1.2.8-2.4 2-1.4l2 2V11",
  globe: "M12 2.5a9.5 9.5 0 1 0 0 19a9.5 9.5 0 1 0 0-19M2.5 12h19M12 2.5c3 2.6 4 6 4 9.500s-1 7-4 9.500c-3-2.600-4-6-4-9.500s1-7 4-9.500",
  size: "M2.500 19L8 5l5.500 14M4.400 14.500h7.200M15 19l3.200-8 3.300 8M16 16.500h4.500",
  back: "M10 5l-7 7 7 7M3.500 12H21",
  heart: "M12 20.500C5 16 2.500 12.500 2.500 9A4.800 4.800 0 0 1 12 7.500 4.800 4.800 0 0 1 21.500 9c0 3.500-2.500 7-9.500 11.500z",
  previous: "M15 4l-8 8 8 8",
  next: "M9 4l8 8-8 8",
  bell: "M12 3a6 6 0 0 1 6 6c0 5 1.500 6.500 2.500 8h-17C4.500 15.500 6 14 6 9a6 6 0 0 1 6-6zM9.500 20a2.600 2.600 0 0 0 5 0",
  people: "M9 11a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7zM2.500 20c0-4 2.700-6.500 6.500-6.500s6.500 2.500 6.500 6.500M16 4.500a3.300 3.300 0 0 1 0 6.300M18 14c2.200.8 3.500 2.800 3.500 6",
  search: "M10.500 4a6.500 6.500 0 1 0 0 13a6.500 6.500 0 1 0 0-13M15.500 15.500L21 21",
  erase: "M9 5h12v14H9l-6-7zM12.500 9.500l5 5M17.500 9.500l-5 5",
  cross: "M5 5l14 14M19 5L5 19",
  paper: "M6 3h12v18l-2.500-1.700L13 21l-2.500-1.700L8 21l-2-1.500zM9 8h6M9 12h6",
  slot: "M4 5h16v6H4zM7 11v9l2.500-1.500L12 20l2.500-1.500L17 20v-9M8 8h8",
};
const SVG = "http://www.w3.org/2000/svg";

export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") node.className = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter(child => child !== null && child !== undefined && child !== ""));
  return node;
}

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name] || "");
  svg.append(path);
  return svg;
}

export function qr({ size, path }) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `-4 -4 ${size + 8} ${size + 8}`);
  svg.setAttribute("class", "qr");
  svg.setAttribute("shape-rendering", "crispEdges");
  const outline = document.createElementNS(SVG, "path");
  outline.setAttribute("d", path);
  svg.append(outline);
  return svg;
}

/** Whether a text is larger than its box. Digits carry no marks, so a number may stand above and below its line. */
const over = node =>
  (node.dataset.fit !== "width" && node.scrollHeight > node.clientHeight + 1) || node.scrollWidth > node.clientWidth + 1;

/** Shrinks the texts of `nodes` together until each fits or all are at their floor. */
function shrink(nodes, mm) {
  const floor = parseFloat(nodes[0].dataset.floor) * mm;
  let size = parseFloat(getComputedStyle(nodes[0]).fontSize);
  while (size > floor && nodes.some(over)) {
    size = Math.max(floor, size * 0.95);
    for (const node of nodes) node.style.fontSize = `${size}px`;
  }
}

/** Cuts what still does not fit at a whole line; a detail is left out rather than cut. */
function cut(node) {
  if (!over(node)) return;
  if (node.classList.contains("detail")) { node.classList.add("gone"); return; }
  const line = parseFloat(getComputedStyle(node).lineHeight);
  node.style.webkitLineClamp = String(Math.max(1, Math.floor((node.clientHeight + 1) / line)));
  node.classList.add("clamped");
}

/** What must be read stays: a detail gives way to its name, then texts shrink to their floor, then they are cut.
 *  Lines of one list (`data-group`) keep one size. */
export function fit(root) {
  const mm = parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--mm"));
  const lists = {};
  for (const node of root.querySelectorAll("[data-floor]")) {
    node.style.fontSize = "";
    const list = lists[node.dataset.group || `alone ${Object.keys(lists).length}`] ||= [];
    list.push(node);
  }
  for (const nodes of Object.values(lists)) {
    const detail = nodes[0].classList.contains("name") ? nodes[0].parentElement.querySelector(".detail") : null;
    if (detail && over(nodes[0])) detail.classList.add("gone");
    shrink(nodes, mm);
    nodes.forEach(cut);
  }
}
