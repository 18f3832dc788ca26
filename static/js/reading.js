// Reading: the end of an answer is followed only while the reader is there, and a selection is left alone.
{
  const near = 120
  const page = document.documentElement
  let following = true

  const atEnd = () => page.scrollHeight - page.scrollTop - page.clientHeight < near
  const toEnd = () => scrollTo({ top: page.scrollHeight })

  addEventListener("scroll", () => { following = atEnd() }, { passive: true })
  document.addEventListener("htmx:after:swap", event => {
    if (event.detail.ctx.sourceElement?.matches?.("#composer, .again, .edit form")) following = true
    if (following) toEnd()
  })
  if (document.querySelector(".messages > *")) toEnd()

  // A block that is drawn again would lose the selection in it: its events wait until the selection is gone.
  document.addEventListener("htmx:sse:before:message", event => {
    const block = event.target.querySelector(".reply__body")?.lastElementChild
    const selected = () => !getSelection().isCollapsed && block?.contains(getSelection().anchorNode)
    if (!selected()) return
    event.detail.waitUntil(new Promise(done => document.addEventListener("selectionchange", function free() {
      if (selected()) return
      document.removeEventListener("selectionchange", free)
      done()
    })))
  })
}
