// Popovers: an opened popover takes the focus; the browser closes it on Escape and returns the focus. While the drawer
// is open, neither keys nor a screen reader can reach the page below it. A click elsewhere closes the menu of the head.
{
  document.addEventListener("beforetoggle", ({ target, newState }) => {
    if (target.id !== "sidebar") return
    for (const rest of document.querySelectorAll(".skip, .bar, main")) rest.inert = newState === "open"
  }, true)

  document.addEventListener("htmx:after:swap", ({ detail }) => {
    const link = detail.ctx.sourceElement
    if (!link?.matches?.(".list__item, .begins")) return
    document.getElementById("sidebar").hidePopover()
    if (!touch.matches) document.getElementById("text").focus({ preventScroll: true })
  })

  document.addEventListener("toggle", ({ target, newState }) => {
    if (!target.popover || newState !== "open") return
    (target.querySelector("[aria-current]") ?? target.querySelector("a, button")).focus()
  }, true)

  document.addEventListener("submit", ({ target }) => target.querySelector(".models:popover-open")?.hidePopover())

  document.addEventListener("click", ({ target }) => {
    const menu = document.querySelector(".conversation__menu[open]")
    if (menu && !menu.contains(target)) menu.open = false
  })

  document.addEventListener("toggle", ({ target }) => {
    if (target.open && target.matches(".facts, .reasoning")) target.lastElementChild.scrollIntoView({ block: "nearest" })
  }, true)
}
