// What the modules below ask this browser: whether a finger points, and what it keeps. Where it refuses to keep
// anything, things are forgotten with the page.
const touch = matchMedia("(pointer: coarse)")
const kept = store => { try { return window[store] } catch { return {} } }
const announce = sentence => { document.getElementById("announcement").textContent = sentence }
