// Appearance: show a choice at once, while the server stores it; what is being read stays where it is. The button that
// takes the place of the pressed one gets the focus.
document.addEventListener("htmx:config:request", ({ target, detail }) => {
  if (!target.matches("[action$='/appearance']")) return
  const shown = document.documentElement.dataset
  const top = element => element?.getBoundingClientRect().top
  const read = [...document.querySelectorAll("#messages *")].find(element => top(element) > 100)
  const place = top(read)
  for (const [name, value] of detail.ctx.request.body) if (name in shown) shown[name] = value
  scrollBy(0, top(read) - place || 0)
  target.querySelector("button:not(:focus)")?.focus()
})
