/**
 * A field whose words are looked up while one types, as for industries:
 *   <div data-combobox="/industries/"><input role="combobox"><ul role="listbox" hidden></ul><input data-code type="hidden"></div>
 * Its address, asked with ?q=, answers <li role="option" data-code data-words>. Down and Up move, Enter chooses, Escape closes.
 * Listens on the document, so that what htmx brings later works too.
 */

const WAIT_MS = 150;

/** @typedef {{ root: HTMLElement, field: HTMLInputElement, list: HTMLElement }} Combobox */

/** @type {number | undefined} */
let waiting;
/** @type {AbortController | undefined} */
let asking;

/**
 * @param {EventTarget | null} target
 * @returns {Combobox | undefined}
 */
function comboboxOf(target) {
  const root = target instanceof Element ? target.closest("[data-combobox]") : null;
  const field = root?.querySelector("[role=combobox]");
  const list = root?.querySelector("[role=listbox]");
  if (!(root instanceof HTMLElement) || !(field instanceof HTMLInputElement) || !(list instanceof HTMLElement)) return undefined;
  return { root, field, list };
}

/** @param {Combobox} box */
function options({ list }) {
  return /** @type {HTMLElement[]} */ ([...list.querySelectorAll("[role=option]")]);
}

/** @param {Combobox} box @param {boolean} open */
function show({ field, list }, open) {
  list.hidden = !open || !list.childElementCount;
  field.setAttribute("aria-expanded", String(!list.hidden));
  if (list.hidden) field.removeAttribute("aria-activedescendant");
}

/** @param {Combobox} box @param {HTMLElement | undefined} option */
function mark(box, option) {
  for (const each of options(box)) each.setAttribute("aria-selected", String(each === option));
  if (!option) {
    box.field.removeAttribute("aria-activedescendant");
    return;
  }
  box.field.setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
}

/** @param {Combobox} box @param {string} code */
function write({ root, field }, code) {
  const old = root.querySelector("input[data-code], select[data-code]");
  const kept = document.createElement("input");
  kept.type = "hidden";
  kept.name = old?.getAttribute("name") ?? `${field.name}_code`;
  kept.dataset.code = "";
  kept.value = code;
  old?.replaceWith(kept);
}

/** @param {Combobox} box @param {HTMLElement} option */
function choose(box, option) {
  box.field.value = option.dataset.words ?? option.textContent ?? "";
  write(box, option.dataset.code ?? "");
  box.field.dispatchEvent(new Event("change", { bubbles: true })); // as choosing in a <select> does
  show(box, false);
}

/** @param {Combobox} box */
async function look(box) {
  asking?.abort();
  asking = new AbortController();
  const words = box.field.value.trim();
  if (!words) {
    show(box, false);
    return;
  }
  try {
    const answer = await fetch(`${box.root.dataset.combobox}?q=${encodeURIComponent(words)}`, { signal: asking.signal });
    if (!answer.ok) return;
    box.list.innerHTML = await answer.text();
  } catch {
    return; // typed on, or offline: the words are sent with the form and looked up then
  }
  options(box).forEach((option, index) => { option.id = `${box.list.id}_${index}`; });
  mark(box, options(box)[0]);
  show(box, document.activeElement === box.field);
}

document.addEventListener("input", (event) => {
  const box = comboboxOf(event.target);
  if (!box || event.target !== box.field) return;
  write(box, "");
  window.clearTimeout(waiting);
  waiting = window.setTimeout(() => void look(box), WAIT_MS);
});

document.addEventListener("keydown", (event) => {
  const box = comboboxOf(event.target);
  if (!box || event.target !== box.field || event.isComposing) return;
  const all = options(box);
  const at = all.findIndex((option) => option.getAttribute("aria-selected") === "true");
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  if (step) {
    event.preventDefault();
    if (box.list.hidden) void look(box);
    else mark(box, all[(at + step + all.length) % all.length]);
  } else if (event.key === "Enter" && !event.ctrlKey && !event.metaKey && !box.list.hidden && all[at]) {
    event.preventDefault();
    choose(box, all[at]);
  } else if (event.key === "Escape" && !box.list.hidden) {
    event.preventDefault();
    show(box, false);
  }
}, true);

document.addEventListener("mousedown", (event) => {
  const box = comboboxOf(event.target);
  const option = event.target instanceof Element ? event.target.closest("[role=option]") : null;
  if (!box || !(option instanceof HTMLElement)) return;
  event.preventDefault(); // the field keeps the focus
  choose(box, option);
});

document.addEventListener("focusout", (event) => {
  const box = comboboxOf(event.target);
  if (box) show(box, false);
});
