/**
 * Keys, declared in the page:
 *   data-key="2"      presses, chooses or enters the element
 *   data-go="l"       G then L follows the link
 *   data-row          J and K move to the first link of the next or previous row; X ticks its checkbox
 *   data-submit-key   Ctrl+Enter presses the button (that of the form one is in, else the first)
 *   data-focus="id"   after its key, go on to the element of that id
 * While a field is being written in, only Ctrl+Enter and Escape are keys.
 */
import { keysOf, labelOf, operate, reachable } from "./shortcuts.js";

const WAIT_MS = 1500;
const SINGLE_KEYS = "leadflow.single-keys";

/** @type {number | undefined} */
let waiting;

const dialog = /** @type {HTMLDialogElement | null} */ (document.getElementById("keys"));

/** @param {EventTarget | null} target */
function isWriting(target) {
  return target instanceof HTMLElement
    && target.matches("textarea, select, [contenteditable], input:not([type=radio], [type=checkbox], [type=button], [type=submit], [type=file])");
}

/** Speech recognition can type single letters by mistake, so they can be turned off (WCAG 2.1.4). */
function singleKeysAreOn() {
  return localStorage.getItem(SINGLE_KEYS) !== "off";
}

/** @param {boolean} on */
function wait(on) {
  window.clearTimeout(waiting);
  waiting = on ? window.setTimeout(() => wait(false), WAIT_MS) : undefined;
  document.body.toggleAttribute("data-waiting", on);
}

/** @param {1 | -1} step */
function moveRow(step) {
  const rows = reachable("[data-row]");
  const now = rows.findIndex((row) => row.contains(document.activeElement));
  const row = rows[now < 0 ? (step > 0 ? 0 : rows.length - 1) : now + step];
  const link = row?.querySelector("[data-row-link], a[href], button");
  if (!(link instanceof HTMLElement)) return;
  link.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

function pickRow() {
  const box = document.activeElement?.closest("[data-row]")?.querySelector("input[type=checkbox]");
  if (box instanceof HTMLElement) box.click();
}

function submit() {
  const form = document.activeElement?.closest("form");
  const button = form?.querySelector("[data-submit-key]") ?? reachable("[data-submit-key]")[0];
  if (button instanceof HTMLFormElement) button.requestSubmit();
  else if (button instanceof HTMLElement) button.click();
}

/** @returns {boolean} whether there was one */
function search() {
  const [field] = reachable("[data-search], input[type=search]");
  if (field instanceof HTMLInputElement) field.select();
  field?.focus();
  return Boolean(field);
}

/**
 * @param {string} title
 * @param {HTMLElement[]} elements
 * @param {string[]} templates more rows, from the dialog's own templates
 */
function section(title, elements, templates) {
  const list = document.createElement("ul");
  for (const element of elements) {
    const item = document.createElement("li");
    const name = document.createElement("span");
    name.textContent = labelOf(element);
    const keys = document.createElement("span");
    for (const key of keysOf(element)) {
      const cap = document.createElement("kbd");
      cap.textContent = key;
      keys.append(" ", cap);
    }
    item.append(name, keys);
    list.append(item);
  }
  for (const name of templates) {
    const template = dialog?.querySelector(`template[data-${name}]`);
    if (template instanceof HTMLTemplateElement) list.append(template.content.cloneNode(true));
  }
  if (!list.childElementCount) return "";
  const part = document.createElement("section");
  const head = document.createElement("h3");
  head.textContent = title;
  part.append(head, list);
  return part;
}

function showKeys() {
  if (!dialog || dialog.open) return;
  const words = dialog.dataset;
  const here = [
    ...(reachable("[data-search], input[type=search]").length ? ["searches"] : []),
    ...(reachable("[data-row]").length ? ["rows"] : []),
    ...(reachable("[data-row] input[type=checkbox]").length ? ["picks"] : []),
    ...(reachable("form[data-submit-key]").length ? ["submits"] : []),
  ];
  dialog.querySelector("[data-list]")?.replaceChildren(
    section(words.here ?? "", reachable("[data-key], button[data-submit-key]"), here),
    section(words.places ?? "", reachable("[data-go]"), []),
    section(words.always ?? "", [], ["everywhere"]),
  );
  dialog.showModal();
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    submit();
    return;
  }
  if (event.key === "Escape" && isWriting(event.target) && !document.querySelector("dialog[open]")) {
    /** @type {HTMLElement} */ (event.target).blur();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (isWriting(event.target) || document.querySelector("dialog[open]") || event.key.length > 1) return;
  if (event.key === "?") {
    event.preventDefault();
    showKeys();
    return;
  }
  if (!singleKeysAreOn()) return;

  const key = event.key.toLowerCase();
  const quoted = CSS.escape(key);
  if (waiting !== undefined) {
    wait(false);
    const [place] = reachable(`[data-go="${quoted}"]`);
    if (place) {
      event.preventDefault();
      place.click();
    }
    return;
  }
  const [element] = reachable(`[data-key="${quoted}" i]`);
  if (element) {
    event.preventDefault();
    operate(element);
  } else if (key === "g") {
    wait(true);
  } else if (key === "j" || key === "k") {
    event.preventDefault();
    moveRow(key === "j" ? 1 : -1);
  } else if (key === "x") {
    pickRow();
  } else if (key === "/") {
    event.preventDefault();
    if (!search()) document.dispatchEvent(new CustomEvent("leadflow:palette"));
  }
});

document.addEventListener("click", (event) => {
  if (!(event.target instanceof Element)) return;
  if (event.target.closest("[data-open-keys]")) showKeys();
  // A click beside a dialog closes it.
  if (event.target instanceof HTMLDialogElement) event.target.close();
});

const toggle = dialog?.querySelector("[data-single-keys]");
if (toggle instanceof HTMLInputElement) {
  toggle.checked = singleKeysAreOn();
  toggle.addEventListener("change", () => localStorage.setItem(SINGLE_KEYS, toggle.checked ? "on" : "off"));
}
