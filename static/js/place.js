// Place: keep the text in view where it is when a swap adds messages above it or replaces them. The browser's own
// scroll anchoring does nothing at the very top, and loses an element that was replaced.
{
  let held = null

  const holding = source =>
    source.id === "earlier" ? source.nextElementSibling : source.closest?.(".versions") ? source : null
  const top = element => element.getBoundingClientRect().top

  document.addEventListener("htmx:before:swap", event => {
    const element = holding(event.target)
    held = element && { id: element.id, top: top(element) }
  })
  document.addEventListener("htmx:after:swap", () => {
    const element = held && document.getElementById(held.id)
    if (element) scrollBy(0, top(element) - held.top)
    held = null
  })
}
