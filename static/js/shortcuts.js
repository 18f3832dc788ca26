// Shortcuts: the list of them, with a Mac's signs on a Mac, and the checkboxes that set how keys work; this browser
// stores them.
{
  const settings = kept("localStorage")
  const signs = /^Mac/.test(navigator.platform) ? { Ctrl: "⌘", Alt: "⌥", Shift: "⇧" } : {}

  document.addEventListener("click", ({ target }) => {
    // Back replaces the whole page.
    const list = document.getElementById("shortcuts")
    if (target === list) list.close()
    if (!target.matches?.(".sidebar__keys")) return
    for (const key of list.querySelectorAll("kbd")) key.textContent = signs[key.textContent] ?? key.textContent
    for (const box of list.querySelectorAll("input")) box.checked = settings[box.name]
    list.showModal()
  })
  document.addEventListener("change", ({ target }) => {
    if (!target.closest("#shortcuts")) return
    if (target.checked) settings[target.name] = "yes"; else delete settings[target.name]
  })
}
