// Shortcuts: the checkboxes that set how keys work; this browser stores them.
{
  const settings = kept("localStorage")

  document.addEventListener("beforetoggle", ({ target }) => {
    if (target.id === "shortcuts") for (const box of target.querySelectorAll("input")) box.checked = settings[box.name]
  }, true)
  document.addEventListener("change", ({ target }) => {
    if (!target.closest("#shortcuts")) return
    if (target.checked) settings[target.name] = "yes"; else delete settings[target.name]
  })
}
