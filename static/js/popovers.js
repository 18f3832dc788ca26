// What lies over the page takes the focus; the browser itself closes it by Escape and gives the focus back. Under the
// drawer nothing else can be reached, by keys or by a screen reader.
{
  document.addEventListener("beforetoggle", ({ target, newState }) => {
    if (target.id !== "sidebar") return
    for (const rest of document.querySelectorAll(".skip, .bar, main")) rest.inert = newState === "open"
  }, true)

  document.addEventListener("htmx:after:swap", ({ detail }) => {
    const link = detail.ctx.sourceElement
    if (!link?.matches?.(".list__item, .sidebar__new")) return
    document.getElementById("sidebar").hidePopover()
    if (link.id === "to-new" && !touch.matches) document.getElementById("text").focus()
  })

  document.addEventListener("toggle", ({ target, newState }) => {
    if (!target.popover || newState !== "open") return
    (target.querySelector("[aria-current]") ?? target.querySelector("a, button")).focus()
  }, true)

  document.addEventListener("toggle", ({ target }) => {
    if (target.open && target.matches(".facts, .reasoning")) target.lastElementChild.scrollIntoView({ block: "nearest" })
  }, true)
}
