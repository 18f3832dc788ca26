// Branches: opening a message's editor focuses it. The models of "Try again" are copied from the composer on demand, so
// that a long page doesn't carry the list once for every answer.
{
  document.addEventListener("toggle", event => {
    if (!event.target.matches(".edit[open]")) return
    const box = event.target.querySelector("textarea")
    box.focus()
    box.setSelectionRange(box.value.length, box.value.length)
  }, true)

  const fill = event => {
    const models = event.target.closest?.(".again__model")
    const all = document.getElementById("model")
    if (!models || !all || models.length > 1) return
    const chosen = models.value
    models.replaceChildren(...[...all.children].map(group => group.cloneNode(true)))
    models.value = chosen
  }
  document.addEventListener("pointerover", fill)
  document.addEventListener("focusin", fill)
}
