// Popovers: an opened popover takes the focus; the browser closes it on Escape and returns the focus. While the drawer
// is open, neither keys nor a screen reader can reach the page below it. Every "⋯" opens the same popover, because the
// list that holds them is replaced every 3 s while a conversation is answering.
{
  let opener

  document.addEventListener("beforetoggle", ({ target, newState }) => {
    if (target.id !== "sidebar") return
    for (const rest of document.querySelectorAll(".skip, .bar, main")) rest.inert = newState === "open"
  }, true)

  document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
    const menu = document.getElementById("menu")
    if (ctx.target === menu) {
      const source = document.getElementById(opener = ctx.sourceEvent.submitter.id)
      const { bottom, right } = source.getBoundingClientRect()
      menu.style.cssText = `--below:${bottom}px;--right:${right}px`
      menu.showPopover({ source })
    } else if (menu.contains(ctx.sourceEvent?.target)) menu.hidePopover()
    else if (ctx.sourceElement?.matches?.(".list__item, .begins")) {
      document.getElementById("sidebar").hidePopover()
      focusBox()
    }
  })

  document.addEventListener("toggle", ({ target, newState }) => {
    if (newState === "open" && target.popover) {
      const first = target.querySelector("[aria-current]") ?? target.querySelector(`${touch.matches ? "" : "input, "}a, button`)
      first.focus()
      first.select?.()
    } else if (target.id === "menu" && !document.querySelector(":focus:not(#menu *)")) {
      const button = document.getElementById(opener)
      if (button) button.focus({ preventScroll: true })
      else focusBox()
    }
  }, true)

  document.addEventListener("submit", ({ target }) => target.querySelector(".models:popover-open")?.hidePopover())

  document.addEventListener("toggle", ({ target }) => {
    if (target.open && target.matches(".facts, .reasoning")) target.lastElementChild.scrollIntoView({ block: "nearest" })
  }, true)
}
