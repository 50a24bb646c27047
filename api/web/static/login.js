"use strict";
// Takes a key from the address's fragment, which no server and no log sees; signing in stays the person's own step.
const key = new URLSearchParams(location.hash.slice(1)).get("key");
if (key) {
  document.getElementById("key").value = key;
  history.replaceState(null, "", location.pathname + location.search);
}
