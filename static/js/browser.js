// What the modules below ask this browser: whether a finger points, what it keeps, and a channel to its other pages. Where
// it refuses to keep anything, things are forgotten with the page, and it may refuse channels, too.
const touch = matchMedia("(pointer: coarse)")
const kept = store => { try { return window[store] } catch { return {} } }
const channel = name => { try { return new BroadcastChannel(name) } catch { return { postMessage() {} } } }
const announce = sentence => { document.getElementById("announcement").textContent = sentence }
