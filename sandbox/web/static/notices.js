/** Short notices, and alerts that wait for OK. */
import { byId, make } from "./dom.js";

const SECONDS = 6;

/** Show a line for some seconds, and have it read out. */
export function notice(text) {
  const line = make("p", {}, text);
  byId("status").append(line);
  setTimeout(() => line.remove(), SECONDS * 1000);
}

/** Show an alert; the focus goes back to where it was. */
export function alertBox(text) {
  const before = document.activeElement;
  const box = byId("alert");
  byId("alert-text").textContent = text;
  box.addEventListener("close", () => before?.isConnected && before.focus(), { once: true });
  if (!box.open) box.showModal();
}
