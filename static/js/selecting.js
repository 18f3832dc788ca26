// Selecting: keep the user's selection in an answer that grows.
{
  // Replacing a block or a body would drop the selection in it, so its events wait until the selection is gone.
  document.addEventListener("htmx:sse:before:message", event => {
    const body = event.target.querySelector(":scope > .reply__body")
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
