// The composer: the box is empty at once, for what is typed meanwhile, and stays the same one whatever the server sends
// (hx-preserve); what could not be sent comes back into it. Until it was sent, what is in it is a draft.
{
  const box = () => document.getElementById("text")
  const here = () => box() && `${box().form.dataset.owner} ${box().form.getAttribute("action")}`
  const onComposer = (name, act) =>
    document.addEventListener(name, event => { if (event.target.id === "composer") act(event) })
  let sent = ""
  let place = here()

  const text = () => sent + (sent && box().value && "\n\n") + box().value
  const keep = () => drafts.keep(place, text())
  const giveBack = () => {
    box().value = text()
    sent = ""
  }

  if (place) box().value ||= drafts.of(place)
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
    drafts.sent(place, sent)
    sent = place = ""
  })
  onComposer("htmx:response:error", giveBack)
  onComposer("htmx:error", giveBack)
  drafts.tabs.onmessage = ({ data }) => { if (drafts.wasSent(data) && data.place === place) box().value = "" }

  // A message that was sent may have begun a conversation: what is typed by now belongs to that. Back leads elsewhere.
  document.addEventListener("htmx:after:swap", () => {
    const now = here()
    if (!now || now === place) return
    if (place) box().value = drafts.of(now)
    place = now
    keep()
  })
}
