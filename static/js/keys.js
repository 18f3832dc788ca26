// The keys: Enter sends, except on a screen's keyboard, or breaks the line for those who want that; the arrow up takes up the
// last message again; Escape closes what is open, else stops the answer; ? lists all this.
{
  const settings = kept("localStorage")
  const last = selector => [...document.querySelectorAll(selector)].at(-1)

  // Safari ends a composition before the Enter that ended it; 229 is the code of a key that went into one.
  const composes = event => event.isComposing || event.keyCode === 229
  const sends = event => event.ctrlKey || event.metaKey || !(event.shiftKey || settings.breaks || onScreen(event))

  const close = details => {
    details.open = false
    details.querySelector("summary").focus()
  }

  const keys = {
    Enter(event) {
      if (!event.target.matches("#text, .edit__text") || !sends(event)) return
      event.target.form.requestSubmit()
      return true
    },
    ArrowUp({ target }) {
      const edit = target.id === "text" && !target.value && last(".edit")
      if (edit) return edit.open = true
    },
    Escape({ target }) {
      if (document.querySelector(":popover-open") || String(getSelection())) return
      const opened = ".edit[open], .conversation__menu[open]"
      const details = target.closest(opened) ?? last(opened)
      if (details) close(details)
      else last("[aria-busy] [action$='/stop']")?.requestSubmit()
      return true
    },
    "?"({ target }) {
      if (target.matches("input, textarea, select") || settings.plain) return
      document.getElementById("shortcuts")?.togglePopover()
      return true
    },
  }

  addEventListener("keydown", event => {
    const alone = event.key === "Enter" || !(event.ctrlKey || event.metaKey || event.altKey)
    if (!composes(event) && alone && event.target.matches && keys[event.key]?.(event)) event.preventDefault()
  })
}
