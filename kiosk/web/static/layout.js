// How many choices fit on this panel, in millimetres. Pure: numbers in, numbers out.
export const TARGET_MM = 22, GAP_MM = 3, MOST = 8;

/** "short": a small panel, where home keeps two big buttons and the services have a screen of their own. */
export function shape(widthMm, heightMm) {
  if (heightMm < 108) return "short";
  return widthMm >= heightMm ? "wide" : "tall";
}

/** Panels too low for a title of its own: it moves into the top line. */
export const low = heightMm => heightMm < 165;

/** A tall window without the height of a tall panel. */
export const compact = heightMm => heightMm < 330;

/** Columns and rows of a grid of choices in a box. */
export function grid(widthMm, heightMm, large, form) {
  const minWidth = large ? (form === "short" ? 70 : 88) : 66;
  const minHeight = form === "short" ? (large ? 22 : 20) : large ? 27 : 24;
  const columns = Math.max(1, Math.min(2, Math.floor((widthMm + GAP_MM) / (minWidth + GAP_MM))));
  const rows = Math.max(1, Math.floor((heightMm + GAP_MM) / (minHeight + GAP_MM)));
  return { columns, rows: Math.min(rows, Math.ceil(MOST / columns)) };
}

/** The keys of a code: how many in a row and on a page, and which are shown. The last key (erase) is on every page, and where
 * the keys have pages one more cell turns to the next. `focus`: the key that must be in sight. */
export function keyboard(keys, widthMm, heightMm, page, focus) {
  const least = 19.92, gap = 2.2;  // seven keys in a row on 7 inches, each twenty millimetres to the pixel
  const most = Math.max(4, Math.floor((widthMm + gap) / (least + gap)));
  const columns = most >= 13 ? 13 : Math.min(10, most);  // rows that end where the digits and the letters do
  const rows = Math.max(2, Math.min(6, Math.floor((heightMm + gap) / (least + gap))));
  const signs = keys.slice(0, -1), erase = keys[keys.length - 1], cells = columns * rows;
  if (keys.length <= cells) {
    const first = columns >= 13 ? 12 : signs.length;  // a row that ends with erase, then the letters
    return { columns, rows: Math.ceil(keys.length / columns), page: 0, shown: [...signs.slice(0, first), erase, ...signs.slice(first)], next: "" };
  }
  const each = cells - 2, pages = Math.ceil(signs.length / each);
  const held = focus ? signs.findIndex(one => one.id === focus) : -1;
  const at = held < 0 ? page % pages : Math.floor(held / each);
  const following = signs.slice(((at + 1) % pages) * each).slice(0, 3).map(one => one.label).join("");
  return { columns, rows, page: at, shown: [...signs.slice(at * each, at * each + each), erase], next: following };
}

/** One page of choices, the one with `focus` where that is given. The last choice ("I don't know") is on every page; a page
 * never shows more than MOST. */
export function paged(choices, { columns, rows }, page, focus) {
  const cells = Math.min(columns * rows, MOST);
  const last = choices.length && choices[choices.length - 1].kind === "help" ? choices[choices.length - 1] : null;
  const others = last ? choices.slice(0, -1) : choices;
  const each = Math.max(1, cells - (last ? 1 : 0));
  const pages = Math.max(1, Math.ceil(others.length / each));
  const held = focus ? others.findIndex(one => one.id === focus) : -1;
  const at = held < 0 ? Math.min(page, pages - 1) : Math.floor(held / each);
  const shown = others.slice(at * each, at * each + each);
  return { pages, page: at, shown: last ? [...shown, last] : shown };
}
