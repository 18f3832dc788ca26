// Sharing: over HTTP/1.1 a browser opens six connections to a server. So at most four tabs stream an answer, and they
// tell the others. The others poll every 5 s (`once`), and stream when a place is free. A hidden tab does not poll. Web
// Locks need https, so the tabs use a channel; if too many took a place at once, the youngest give theirs up.
{
  const PLACES = 4, LIFE = 3_000, ASKING = 200
  const busy = "[aria-busy]"
  const me = `${Date.now()} ${Math.random()}`
  const tabs = channel("following")
  const others = new Map()
  const open = new Set()
  let holds = false
  let ready = false

  const follow = () => { if (ready) document.dispatchEvent(new Event("follow")) }
  const say = asks => tabs.postMessage({ me, holds, asks })
  const taken = () => [...others.keys()].filter(other => Date.now() - others.get(other) < LIFE)
  const take = () => {
    holds = taken().length < PLACES
    say()
    return holds
  }
  const leave = () => say(holds = false)
  const asksOnce = connection => connection.url.includes("?once")

  tabs.onmessage = ({ data }) => {
    if (data.holds) others.set(data.me, Date.now())
    else if (others.delete(data.me)) follow()
    if (data.asks && holds) say()
  }
  say(true)
  setTimeout(() => { ready = true; follow() }, ASKING)

  const on = (name, act) => document.addEventListener(name, event => act(event.detail, event))
  on("htmx:after:process", (_, { target }) => { if (target.matches?.(busy) || target.querySelector(busy)) follow() })
  on("htmx:config:request", ({ ctx }, event) => {
    if (!ctx.sourceElement.matches("[hx-sse\\:connect]")) return
    if (document.hidden) event.preventDefault()
    else if (!take()) ctx.request.action += "?once"
  })
  on("htmx:sse:before:connection", ({ connection }, event) => {
    if (connection.attempt && (asksOnce(connection) || !take())) event.preventDefault()
  })
  on("htmx:sse:after:connection", ({ connection }) => open.add(connection))
  on("htmx:sse:close", ({ connection }) => {
    open.delete(connection)
    if (!open.size) leave()
  })
  on("htmx:after:request", (_, { target }) => { if (target.matches?.("[action$='/stop']")) setTimeout(follow, ASKING) })
  on("visibilitychange", () => document.hidden ? leave() : follow())
  addEventListener("pagehide", leave)

  setInterval(() => {
    if (!holds || !open.size) return
    say()
    if (taken().filter(other => other < me).length < PLACES) return
    for (const connection of open) connection.reader?.cancel()
  }, 1000)
}
