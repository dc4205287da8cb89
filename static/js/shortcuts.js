/**
 * What the keys and the palette both need to know about the page. No side effects.
 */

/**
 * Elements that can be operated now: not hidden, not in a closed dialog, not disabled.
 * @param {string} selector
 * @returns {HTMLElement[]}
 */
export function reachable(selector) {
  return /** @type {HTMLElement[]} */ ([...document.querySelectorAll(selector)]).filter(
    (element) => element.getClientRects().length > 0 && !element.matches(":disabled, [aria-disabled=true]"),
  );
}

/**
 * The words of an element without its key hints and counts: "Save and next".
 * @param {HTMLElement} element
 */
export function labelOf(element) {
  if (element.dataset.command) return element.dataset.command;
  const named = element.getAttribute("aria-label") ?? element.dataset.label;
  if (named) return named;
  const source = element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement || element instanceof HTMLSelectElement
    ? element.labels?.[0]
    : element;
  const copy = /** @type {HTMLElement} */ ((source ?? element).cloneNode(true));
  for (const part of copy.querySelectorAll("kbd, small, svg, input, .count, .meta, .ask, .visually-hidden")) part.remove();
  return copy.textContent?.trim().replace(/\s+/g, " ") ?? "";
}

/**
 * The keys that operate an element, as they are written on a keyboard: ["G", "L"], ["2"], ["Ctrl Enter"].
 * @param {HTMLElement} element
 * @returns {string[]}
 */
export function keysOf(element) {
  if (element.dataset.go) return ["G", element.dataset.go.toUpperCase()];
  if (element.dataset.key) return [element.dataset.key.toUpperCase()];
  if ("submitKey" in element.dataset) return ["Ctrl Enter"];
  return [];
}

/**
 * Do what a person means by an element: choose it, write in it, or press it.
 * @param {HTMLElement} element
 */
export function operate(element) {
  const writes = element.matches("textarea, select, input:not([type=radio], [type=checkbox], [type=submit], [type=button])");
  if (!writes) element.click();
  if (writes || element.matches("[type=radio]")) element.focus();
  const next = element.dataset.focus && document.getElementById(element.dataset.focus);
  if (next) next.focus();
}
