/** Inline keyboards under a message: patched in place, so that an edit neither flickers nor takes the focus away. */
import { make } from "./dom.js";

const STYLES = new Set(["primary", "success", "danger"]);

/** Make the element show these rows; press(button, element) is called with a pressed one. */
export function patchKeyboard(element, rows, press) {
  const held = element.contains(document.activeElement);
  rows.forEach((row, index) => {
    const line = element.children[index] ?? element.appendChild(make("div", { class: "row" }));
    row.forEach((button, position) => {
      const old = line.children[position];
      const one = old ?? line.appendChild(make("button", { type: "button" }));
      show(one, button, press);
    });
    while (line.children.length > row.length) line.lastChild.remove();
  });
  while (element.children.length > rows.length) element.lastChild.remove();
  element.hidden = rows.length === 0;
  if (held && !element.contains(document.activeElement)) {
    (element.querySelector("button") ?? element.closest("article"))?.focus();
  }
}

function show(element, button, press) {
  if (element.textContent !== button.text) element.textContent = button.text;
  const look = STYLES.has(button.style) ? button.style : "";
  if (element.className !== look) element.className = look;
  element.onclick = () => press(button, element);
}
