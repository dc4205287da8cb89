/**
 * A button that writes something at the cursor of the field that was last written in:
 *   <button type="button" data-insert="{{ first_name }}">
 * within one form; the last <textarea> of it where nobody wrote yet.
 */

/** @type {HTMLInputElement | HTMLTextAreaElement | undefined} */
let last;

document.addEventListener("focusout", ({ target }) => {
  const isText = target instanceof HTMLTextAreaElement || (target instanceof HTMLInputElement && target.name === "subject");
  if (isText) last = target;
});

document.addEventListener("click", ({ target }) => {
  const button = target instanceof Element ? target.closest("[data-insert]") : null;
  if (!(button instanceof HTMLButtonElement)) return;
  const field = last?.isConnected ? last : button.form?.querySelector("textarea");
  if (!field) return;
  field.setRangeText(button.dataset.insert ?? "", field.selectionStart ?? 0, field.selectionEnd ?? 0, "end");
  field.focus();
  field.dispatchEvent(new Event("input", { bubbles: true }));
});
