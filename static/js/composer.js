// The composer: Enter sends where there is a keyboard. The box is empty at once, for what is typed meanwhile, and stays
// the same one whatever the server sends (hx-preserve); what could not be sent comes back into it.
{
  const touch = matchMedia("(pointer: coarse)")
  const box = () => document.getElementById("text")
  const onComposer = (name, act) =>
    document.addEventListener(name, event => { if (event.target.id === "composer") act() })
  let sent = ""

  // It did its work as the page was loaded; in the preserved box it would take the focus at every later change.
  box()?.removeAttribute("autofocus")

  addEventListener("keydown", event => {
    if (event.target.id !== "text" || event.key !== "Enter" || event.shiftKey || event.isComposing || touch.matches) return
    event.preventDefault()
    event.target.form.requestSubmit()
  })

  const giveBack = () => {
    box().value = sent + (sent && box().value && "\n\n") + box().value
    sent = ""
  }

  onComposer("htmx:before:request", () => {
    sent = box().value
    box().value = ""
    if (!touch.matches) box().focus()
  })
  onComposer("htmx:response:error", giveBack)
  onComposer("htmx:error", giveBack)
}
