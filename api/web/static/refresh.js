"use strict";
// Shows the page's newest state every few seconds, unless it is hidden or someone is typing or selecting in it.
const main = document.querySelector("main[data-refresh]");
if (main) {
  const busy = () => document.hidden || main.contains(document.activeElement) || String(document.getSelection());
  const refresh = async () => {
    if (busy()) return;
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
    if (!fresh || busy()) return;
    main.replaceChildren(...fresh.childNodes);
  };
  setInterval(() => refresh().catch(() => {}), Number(main.dataset.refresh) * 1000);
}
