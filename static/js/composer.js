// The composer: Enter sends where there is a keyboard. The box is empty at once, for what is typed meanwhile; what could
// not be sent comes back into it, with a sentence.
{
  const touch = matchMedia("(pointer: coarse)")
  const box = () => document.getElementById("text")
  const onComposer = (name, act) =>
    document.addEventListener(name, event => { if (event.target.id === "composer") act(event) })
  let sent = ""
  let typed = ""

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
  })
  onComposer("htmx:response:error", giveBack)
  onComposer("htmx:error", () => {
    giveBack()
    const sentence = document.createElement("p")
    sentence.className = "problem"
    sentence.textContent = "Rivulet can't be reached just now. Your text is still here; send it again in a moment."
    document.getElementById("problem").replaceChildren(sentence)
  })

  // A send may bring a new composer: it goes on with what has been typed.
  onComposer("htmx:before:swap", () => { typed = box().value })
  document.addEventListener("htmx:after:swap", () => {
    if (typed && box()) box().value = typed
    typed = ""
  })
}
