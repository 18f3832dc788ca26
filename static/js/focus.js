// Focus: a swap can remove the element that has the focus, such as the button of a retry. Then the composer gets it,
// so that the next Tab doesn't begin at the top of the page.
{
  let active
  document.addEventListener("htmx:before:swap", () => {
    // Two swaps can overlap: the element of the first one counts, not the body that has the focus since.
    if (document.activeElement !== document.body) active = document.activeElement
  })
  document.addEventListener("htmx:after:swap", () => {
    if (!active || active.isConnected || document.activeElement !== document.body) return
    focusBox()
    active = null
  })
  // Stop vanishes with the answer that it stops.
  document.addEventListener("click", ({ target }) => { if (target.matches(".composer__stop, .jump")) focusBox() })
}
