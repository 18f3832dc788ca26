// Keys: Enter sends, except on an on-screen keyboard or if the user chose line breaks. Arrow up edits the last message.
// Escape closes an open element, or stops the answer if none is open. ? lists the shortcuts.
{
  const settings = kept("localStorage")
  const last = selector => [...document.querySelectorAll(selector)].at(-1)

  // Safari ends a composition before the Enter that ended it; 229 is the code of a key that belongs to a composition.
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
