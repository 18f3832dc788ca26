// Problems: show errors above the composer. Rivulet's own errors name their place (HX-Retarget). This module writes the
// sentence if no server answers, or if a router answers with its own error page. A thin line at the top says that the
// browser is offline, or that something else couldn't be loaded. All this goes with the next good answer.
{
  let lost = false

  const look = () => { document.getElementById("offline").textContent = navigator.onLine ? lost ? "Can't reach the server." : "" : "You're offline." }
  const lose = () => look(lost = true)
  const find = () => {
    document.querySelector(".unreachable")?.remove()
    look(lost = false)
  }
  const say = event => {
    if (!event.target.closest?.("form")) return lose()
    const sentence = document.createElement("p")
    sentence.className = "problem unreachable"
    sentence.textContent = "Can't reach the server. Nothing is lost. Try again in a moment."
    document.getElementById("problem").replaceChildren(sentence)
  }

  document.addEventListener("htmx:error", say)
  document.addEventListener("htmx:response:error", event => {
    const { ctx } = event.detail
    if (ctx.response.headers.has("HX-Retarget")) return
    ctx.swap = "none"
    ctx.push = false
    say(event)
  })
  document.addEventListener("htmx:after:request", ({ detail }) => { if (detail.ctx.response?.status < 400) find() })
  document.addEventListener("htmx:sse:error", lose)
  document.addEventListener("htmx:sse:after:connection", find)
  document.addEventListener("htmx:sse:close", find)
  addEventListener("online", look)
  addEventListener("offline", look)
}
