// Branches: opening a message's editor focuses it. The models of "Retry" are copied from the composer on demand, so that
// a long page doesn't carry the list once for every answer.
{
  document.addEventListener("toggle", event => {
    if (!event.target.matches(".edit[open]")) return
    const box = event.target.querySelector("textarea")
    box.focus()
    box.setSelectionRange(box.value.length, box.value.length)
  }, true)

  const make = (tag, text, value) => Object.assign(document.createElement(tag), { textContent: text, name: "model", value })
  document.addEventListener("beforetoggle", ({ target }) => {
    if (!target.matches(".models:empty")) return
    for (const { label, children } of document.getElementById("model").children)
      target.append(make("b", label), ...[...children].map(({ text, value }) => make("button", text, value)))
  }, true)
}
