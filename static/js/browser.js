// Browser features that the modules below use: touch, the on-screen keyboard, storage, and a channel to the other tabs.
// A browser can refuse storage or channels. Without storage, a page forgets its data when it closes.
const touch = matchMedia("(pointer: coarse)")
const kept = store => { try { return window[store] } catch { return {} } }
const channel = name => { try { return new BroadcastChannel(name) } catch { return { postMessage() {} } } }
const announce = sentence => { document.getElementById("announcement").textContent = sentence }
// The page is drawn, so the book face can come.
document.getElementById("book").media = "all"
const box = () => document.getElementById("text")
// The composer's box gets the focus, except on a touch screen, where that would open the keyboard.
const focusBox = () => { if (!touch.matches) box()?.focus({ preventScroll: true }) }
// An on-screen keyboard covers a part of the page, or sends keys without a code.
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
