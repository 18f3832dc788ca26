// The composer: the box is empty at once, for what is typed meanwhile, and stays the same one whatever the server sends
// (hx-preserve); what could not be sent comes back into it. Until it was sent, what is in it outlives a reload, in this
// tab alone, each conversation's own under the address it is sent to.
{
  const drafts = kept("sessionStorage")
  const box = () => document.getElementById("text")
  const address = () => box()?.form.getAttribute("action")
  const onComposer = (name, act) =>
    document.addEventListener(name, event => { if (event.target.id === "composer") act(event) })
  let sent = ""
  let place = address()

  const text = () => sent + (sent && box().value && "\n\n") + box().value
  const keep = () => { if (text()) drafts[place] = text(); else delete drafts[place] }
  const giveBack = () => {
    box().value = text()
    sent = ""
  }

  if (place) box().value ||= drafts[place] ?? ""
  // It did its work as the page was loaded; in the preserved box it would take the focus at every later change.
  box()?.removeAttribute("autofocus")

  document.addEventListener("input", event => { if (event.target.id === "text") keep() })
  onComposer("htmx:before:request", event => {
    // An example is sent in place of what is in the box.
    if (event.detail.ctx.sourceEvent?.submitter?.name === "text") return
    sent = box().value
    box().value = ""
    if (!touch.matches) box().focus()
  })
  onComposer("htmx:after:request", event => {
    if (event.detail.ctx.response.status >= 400) return
    delete drafts[place]
    sent = place = ""
  })
  onComposer("htmx:response:error", giveBack)
  onComposer("htmx:error", giveBack)

  // A message that was sent may have begun a conversation: what is typed by now belongs to that. Back leads elsewhere.
  document.addEventListener("htmx:after:swap", () => {
    const now = address()
    if (!now || now === place) return
    if (place) box().value = drafts[now] ?? ""
    place = now
    keep()
  })
}
