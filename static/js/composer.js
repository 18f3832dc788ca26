// The composer: sending empties the box at once, so that the user can type on. The box survives every swap
// (hx-preserve), and a text that could not be sent returns to it. Until a text is sent, it is a draft.
{
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
  // Autofocus has worked when the page loaded; in the preserved box it would take the focus after every swap.
  box()?.removeAttribute("autofocus")

  document.addEventListener("input", event => { if (event.target.id === "text") keep() })
  onComposer("htmx:before:request", event => {
    // An example's button sends its own text, not the box's.
    if (event.detail.ctx.sourceEvent?.submitter?.name === "text") return
    sent = box().value
    box().value = ""
    focusBox()
  })
  onComposer("htmx:after:request", event => {
    if (event.detail.ctx.response.status >= 400) return
    drafts.sent(place, sent)
    sent = place = ""
  })
  // A message that waits goes back into the box before the server deletes it, so no lost answer can lose it.
  document.addEventListener("htmx:before:request", ({ target }) => {
    if (target.id !== "take-back") return
    const waits = document.querySelector(".queued__text").textContent
    box().value = waits + (box().value && "\n\n") + box().value
    keep()
    focusBox()
  })
  onComposer("htmx:response:error", giveBack)
  onComposer("htmx:error", giveBack)
  drafts.tabs.onmessage = ({ data }) => { if (drafts.wasSent(data) && data.place === place) box().value = "" }

  // The sent message can begin a conversation; the text typed since then becomes its draft. With Back, place is still
  // set.
  document.addEventListener("htmx:after:swap", () => {
    const now = here()
    if (!now || now === place) return
    if (place) box().value = drafts.of(now)
    place = now
    keep()
  })
}
