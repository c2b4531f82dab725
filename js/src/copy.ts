// A button that copies a text, and says whether it could.
import { h } from "./h";

export function copyButton(text: string, label: string): HTMLElement {
  const button = h("button", { type: "button", "aria-live": "polite" }, label);
  button.addEventListener("click", async () => {
    button.textContent = (await copy(text, button)) ? "Copied" : "Could not copy";
    setTimeout(() => (button.textContent = label), 1500);
  });
  return button;
}

async function copy(text: string, beside: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // A page that is not served securely has no clipboard; a selected field and the browser's own command do.
    const field = h("textarea", { "aria-hidden": "true", class: "offscreen" });
    field.value = text;
    beside.after(field);
    field.select();
    const copied = document.execCommand("copy");
    field.remove();
    beside.focus();
    return copied;
  }
}
