// Reading: the end of an answer is followed only while the reader is there; elsewhere a button leads to it. A selection is
// left alone.
{
  const near = 120
  const page = document.documentElement
  let following = true

  const atEnd = () => page.scrollHeight - page.scrollTop - page.clientHeight < near
  const toEnd = () => { if (!document.getElementById("later")) scrollTo({ top: page.scrollHeight }) }
  const look = () => { page.classList.toggle("away", !atEnd()) }

  addEventListener("scroll", look, { passive: true })
  addEventListener("resize", look)
  // Asked before each swap: the event of a scroll may come later than what it scrolled away from.
  document.addEventListener("htmx:before:swap", () => { following = atEnd() })
  document.addEventListener("htmx:after:swap", event => {
    if (event.detail.ctx.sourceElement?.matches?.("#composer, .again, .edit form, .list__item")) following = true
    if (following) toEnd()
    look()
  })
  document.addEventListener("click", event => {
    if (!event.target.closest?.(".jump")) return
    document.querySelector("#later .newest")?.click()
    toEnd()
    if (!touch.matches) document.getElementById("text").focus()
  })
  if (document.querySelector(".messages > *") && !location.hash) toEnd()

  document.addEventListener("toggle", ({ target }) => {
    if (target.open && target.matches(".facts, .reasoning")) target.lastElementChild.scrollIntoView({ block: "nearest" })
  }, true)

  // A block that is drawn again, or a body, would lose the selection in it: its events wait until the selection is gone.
  document.addEventListener("htmx:sse:before:message", event => {
    const body = event.target.querySelector(".reply__body")
    const block = event.detail.connection.url.includes("once") ? body : body?.lastElementChild
    const selected = () => !getSelection().isCollapsed && block?.contains(getSelection().anchorNode)
    if (!selected()) return
    event.detail.waitUntil(new Promise(done => document.addEventListener("selectionchange", function free() {
      if (selected()) return
      document.removeEventListener("selectionchange", free)
      done()
    })))
  })
}
