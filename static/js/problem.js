// Problems: show errors above the composer. Rivulet's own errors name their place (HX-Retarget). This module writes the
// sentence if no server answers, or if a router answers with its own error page.
{
  const say = event => {
    if (!event.target.closest?.("form")) return
    const sentence = document.createElement("p")
    sentence.className = "problem"
    sentence.textContent = "Rivulet can't be reached just now. Your text is still here; send it again in a moment."
    document.getElementById("problem").replaceChildren(sentence)
  }

  document.addEventListener("htmx:error", say)
  document.addEventListener("htmx:response:error", event => {
    const { ctx } = event.detail
    if (ctx.response.headers.has("HX-Retarget")) return
    ctx.swap = "none"
    say(event)
  })
}
