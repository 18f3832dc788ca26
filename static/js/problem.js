// What could not be done is said above the composer. Our server's sentences name their place (HX-Retarget); where
// nobody answers, or a router with a page of its own, the sentence is made here.
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
