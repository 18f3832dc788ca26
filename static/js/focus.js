// Focus: a swap can remove the element that has the focus, such as the button of a retry. Then the composer gets it,
// so that the next Tab doesn't begin at the top of the page. On a touch screen that would open the keyboard.
{
  let active = null
  document.addEventListener("htmx:before:swap", () => {
    // Two swaps can overlap: the element of the first one counts, not the body that has the focus since.
    if (document.activeElement !== document.body) active = document.activeElement
  })
  // Stop vanishes with the answer that it stops.
  document.addEventListener("click", ({ target }) => {
    if (!touch.matches && target.matches(".composer__stop")) document.getElementById("text").focus()
  })
  document.addEventListener("htmx:after:swap", () => {
    if (touch.matches || !active || active.isConnected || document.activeElement !== document.body) return
    document.getElementById("text")?.focus({ preventScroll: true })
    active = null
  })
}
