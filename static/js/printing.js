// Printing: a page shows a window of a conversation. To print all of it, fetch the other windows first, one after
// another. The print names a window that can't be fetched.
{
  const TRIES = 10, PAUSE = 300
  const rest = () => document.querySelector("#earlier, #later")
  const fetched = more => htmx.ajax("GET", more.getAttribute("hx-get"), { source: more, target: more, swap: "outerHTML" })

  document.addEventListener("click", async ({ target }) => {
    if (!target.matches?.(".print")) return
    target.disabled = true
    for (let more, failed = 0; (more = rest()) && failed < TRIES;) {
      await fetched(more)
      failed = more.isConnected ? failed + 1 : 0
      if (failed) await htmx.timeout(PAUSE)
    }
    target.disabled = false
    print()
  })
}
