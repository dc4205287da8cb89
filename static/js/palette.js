/**
 * The command palette (Ctrl+K): every place and every command of the page, found by typing, each with its key.
 * Commands are the links with data-go and the elements with data-key or data-command (which may name them).
 */
import { keysOf, labelOf, operate, reachable } from "./shortcuts.js";

/** @typedef {{ label: string, keys: string[], run: () => void }} Command */

const dialog = /** @type {HTMLDialogElement | null} */ (document.getElementById("palette"));
const field = dialog?.querySelector("input");
const list = dialog?.querySelector("[role=listbox]");
const none = dialog?.querySelector(".none");

/** @type {Command[]} */
let commands = [];
/** @type {Command[]} */
let found = [];
let chosen = 0;

/** @param {"light" | "dark" | "system"} theme */
function paint(theme) {
  const root = document.documentElement;
  if (theme === "system") delete root.dataset.theme;
  else root.dataset.theme = theme;
  // The server reads it, so that the next page comes in these colors at once.
  document.cookie = `theme=${theme}; path=/; max-age=${theme === "system" ? 0 : 31536000}; samesite=lax`;
}

/** @returns {Command[]} */
function collect() {
  const seen = new Set();
  const here = reachable("[data-command], [data-key], [data-submit-key], [data-go]")
    .map((element) => ({ label: labelOf(element), keys: keysOf(element), run: () => operate(element) }))
    .filter(({ label }) => label && !seen.has(label) && seen.add(label));
  const words = dialog?.dataset ?? {};
  const themes = /** @type {const} */ (["light", "dark", "system"])
    .map((theme) => ({ label: words[theme] ?? theme, keys: [], run: () => paint(theme) }));
  return [...here, ...themes];
}

/**
 * How well a label answers what was typed: lower is better, undefined not at all. Letters in order are enough.
 * @param {string} label
 * @param {string} typed
 */
function distance(label, typed) {
  const text = label.toLowerCase();
  const start = text.indexOf(typed);
  if (start >= 0) return start === 0 || text[start - 1] === " " ? 0 : 1;
  let at = -1;
  for (const letter of typed.replaceAll(" ", "")) {
    at = text.indexOf(letter, at + 1);
    if (at < 0) return undefined;
  }
  return 2;
}

function show() {
  if (!field || !list || !none) return;
  const typed = field.value.trim().toLowerCase();
  found = commands
    .map((command) => ({ command, far: distance(command.label, typed) }))
    .filter(({ far }) => far !== undefined)
    .sort((one, other) => Number(one.far) - Number(other.far))
    .map(({ command }) => command);
  chosen = Math.min(chosen, Math.max(found.length - 1, 0));
  list.replaceChildren(...found.map((command, index) => {
    const option = document.createElement("div");
    option.id = `palette-${index}`;
    option.setAttribute("role", "option");
    option.setAttribute("aria-selected", String(index === chosen));
    const name = document.createElement("span");
    name.textContent = command.label;
    const keys = document.createElement("span");
    for (const key of command.keys) {
      const cap = document.createElement("kbd");
      cap.textContent = key;
      keys.append(" ", cap);
    }
    option.append(name, keys);
    option.addEventListener("click", () => run(command));
    return option;
  }));
  /** @type {HTMLElement} */ (none).hidden = found.length > 0;
  field.setAttribute("aria-activedescendant", found.length ? `palette-${chosen}` : "");
  list.children[chosen]?.scrollIntoView({ block: "nearest" });
}

/** @param {Command} command */
function run(command) {
  dialog?.close();
  command.run();
}

function open() {
  if (!dialog || !field || dialog.open) return;
  for (const other of document.querySelectorAll("dialog[open]")) /** @type {HTMLDialogElement} */ (other).close();
  commands = collect();
  chosen = 0;
  field.value = "";
  dialog.showModal();
  show();
}

document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey) {
    event.preventDefault();
    open();
  }
});
document.addEventListener("leadflow:palette", open);

field?.addEventListener("input", () => {
  chosen = 0;
  show();
});
field?.addEventListener("keydown", (event) => {
  if (event.key === "Enter") {
    event.preventDefault();
    event.stopPropagation();
    const command = found[chosen];
    if (command) run(command);
    return;
  }
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  if (!step || !found.length) return;
  event.preventDefault();
  chosen = (chosen + step + found.length) % found.length;
  show();
});
