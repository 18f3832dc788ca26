// Keys: Enter sends, except on an on-screen keyboard or if the user chose line breaks. Arrow up edits the last message.
// Escape closes an open editor, or stops the answer if none is open. The list of shortcuts names the others.
{
  const settings = kept("localStorage")
  const last = selector => [...document.querySelectorAll(selector)].at(-1)
  const click = element => { element?.click(); return true }

  // Safari ends a composition before the Enter that ended it; 229 is the code of a key that belongs to a composition.
  const composes = event => event.isComposing || event.keyCode === 229
  const sends = event => event.ctrlKey || event.metaKey || !(event.shiftKey || settings.breaks || onScreen(event))
  const outside = selector => ({ target }) =>
    !settings.plain && !target.matches("input, textarea, select") && click(last(selector))
  // In a box with a text, a Mac moves the cursor with these keys.
  const go = (step, act) => ({ target }) => {
    const items = [...document.querySelectorAll(".list__item")]
    const from = items.findIndex(item => act ? item === target : item.ariaCurrent)
    if (target.matches("input, textarea, select") && target.value || act && from < 0) return
    items[from + step]?.[act ?? "click"]()
    return true
  }

  const keys = {
    Enter(event) {
      if (!event.target.matches("#text, .edit__text") || !sends(event)) return
      event.target.form.requestSubmit()
      return true
    },
    ArrowUp(event) {
      const edit = event.target.id === "text" && !event.target.value && last(".edit")
      return edit ? edit.open = true : go(-1, "focus")(event)
    },
    ArrowDown: go(1, "focus"),
    Escape({ target }) {
      if (String(getSelection())) return
      const edit = target.closest(".edit[open]") ?? last(".edit[open]")
      if (edit) {
        edit.open = false
        edit.firstElementChild.focus()
      } else last("[aria-busy] [action$='/stop']")?.requestSubmit()
      return true
    },
    "/": outside("[for=text]"),
    "?": outside(".sidebar__keys"),
    "Alt ArrowUp": go(-1),
    "Alt ArrowDown": go(1),
    "Ctrl Shift O": () => click(last("#to-new")),
    "Ctrl Shift C": () => click(last("a.copy")),
  }

  const named = ({ key, ctrlKey, metaKey, altKey, shiftKey }) => key === "Enter" ? key
    : ctrlKey || metaKey ? `Ctrl ${shiftKey ? "Shift " : ""}${key.toUpperCase()}` : (altKey ? "Alt " : "") + key

  addEventListener("keydown", event => {
    const act = keys[named(event)]
    // What is open above the page has keys of its own.
    if (act && !composes(event) && !document.querySelector(":modal, :popover-open") && act(event)) event.preventDefault()
  })
}
