// What the modules below ask this browser: whether a finger points, whether a key is one on the screen, what it keeps, and
// a channel to its other pages. Where it refuses to keep anything, things are forgotten with the page, and it may refuse
// channels, too.
const touch = matchMedia("(pointer: coarse)")
const kept = store => { try { return window[store] } catch { return {} } }
const channel = name => { try { return new BroadcastChannel(name) } catch { return { postMessage() {} } } }
const announce = sentence => { document.getElementById("announcement").textContent = sentence }
// A keyboard on the screen covers a part of the page, or gives its keys no code.
const onScreen = (() => {
  const tallest = new Map()
  const height = () => visualViewport.height * visualViewport.scale
  const measure = () => {
    const known = tallest.get(innerWidth) ?? 0
    tallest.set(innerWidth, Math.max(known, height(), document.documentElement.clientHeight))
  }
  visualViewport.addEventListener("resize", measure)
  measure()
  return ({ code }) => touch.matches && (!code || height() < 0.8 * tallest.get(innerWidth))
})()
