// Place: keep the text in view where it is when a swap adds messages above it or replaces them. The browser's own
// scroll anchoring does nothing at the very top, and loses an element that was replaced. The history keeps the message
// in view, too, so that Back and a reload lead to it. Where a page begins, it has 40 messages; for one further up, the
// address names it.
{
  let held
  const top = element => element.getBoundingClientRect().top
  const place = element => element && { id: element.id, top: top(element) }
  const bring = place => {
    const element = place && document.getElementById(place.id)
    if (element) scrollBy(0, top(element) - place.top)
  }
  const holding = source =>
    source.id === "earlier" ? source.nextElementSibling : source.closest?.(".versions") ? source : null

  document.addEventListener("htmx:before:swap", event => { held = place(holding(event.target)) })
  document.addEventListener("htmx:after:swap", ({ detail }) => {
    bring(held)
    held = null
    // Chromium scrolls to the top at the end of a navigation in the history, which comes after this event.
    if (detail.ctx.sourceElement === document.body) setTimeout(bring, 0, history.state?.place)
  })

  addEventListener("scrollend", () => {
    const messages = [...document.querySelectorAll("#messages > article")]
    const read = document.querySelector(".away") && messages.find(message => message.getBoundingClientRect().bottom > 100)
    // On the way back, the address is already another one than the page's.
    const here = document.getElementById("menu-here")?.formAction.includes(`${location.pathname}/`)
    if (!here || !read && !history.state?.place) return
    const above = document.getElementById("later") || messages.indexOf(read) < messages.length - 40
    const address = location.pathname + (read && above ? `?at=${read.id.replace(/\D+/, "")}` : "") + location.hash
    history.replaceState({ htmx: true, place: place(read) }, "", address)
  })
  // The browser would go to where the page was when it held more messages, or others.
  history.scrollRestoration = "manual"
  addEventListener("popstate", ({ state }) => bring(state?.place))
  bring(history.state?.place)
}
