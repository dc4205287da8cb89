/**
 * Notices and forms opened in place: closing them, withdrawing an undo when its time is up, and saying so when the server does not answer.
 */

const region = document.getElementById("messages");

/** @param {ParentNode} root */
function prepare(root) {
  for (const button of root.querySelectorAll("[data-dismiss][hidden]")) button.removeAttribute("hidden");
  for (const notice of root.querySelectorAll("[data-fades]")) {
    const seconds = Number(/** @type {HTMLElement} */ (notice).dataset.fades);
    notice.removeAttribute("data-fades");
    window.setTimeout(() => notice.remove(), seconds * 1000);
  }
}

/** @param {string | undefined} text */
function complain(text) {
  if (!region || !text) return;
  const notice = document.createElement("div");
  notice.className = "notice";
  notice.dataset.kind = "error";
  const words = document.createElement("p");
  words.textContent = text;
  notice.append(words);
  region.querySelector("[data-kind=error]")?.remove();
  region.append(notice);
}

document.addEventListener("click", (event) => {
  const closed = event.target instanceof Element && event.target.closest("[data-dismiss]")?.closest(".notice, [data-dismissable]");
  if (!closed) return;
  event.preventDefault();
  closed.remove();
});
document.addEventListener("htmx:load", (event) => {
  prepare(document);
  // A form that came back is read from its errors on.
  const element = /** @type {CustomEvent} */ (event).detail?.elt;
  element?.querySelector?.("[data-focus-first]")?.focus();
});
/** What asks by itself now and then tells nobody that it was not answered: nothing was lost.
 * @param {Event} event */
function asksByItself(event) {
  return event.target instanceof Element && event.target.hasAttribute("data-quiet");
}

document.addEventListener("htmx:sendError", (event) => asksByItself(event) || complain(region?.dataset.offline));
document.addEventListener("htmx:timeout", (event) => asksByItself(event) || complain(region?.dataset.offline));
document.addEventListener("htmx:responseError", (event) => {
  if (asksByItself(event)) return;
  const status = /** @type {CustomEvent} */ (event).detail.xhr.status;
  complain(status === 403 ? region?.dataset.refused : status === 404 ? region?.dataset.gone : region?.dataset.broken);
});

prepare(document);
