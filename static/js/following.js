// Following: a network can vanish without an error. The server sends something every 15 s. After 40 s of silence this
// module closes the stream, and htmx connects again. A machine that wakes from sleep does so at once.
{
  const SILENCE = 40_000
  const heard = new Map()

  const hear = event => { heard.set(event.detail.connection, Date.now()) }
  document.addEventListener("htmx:sse:after:connection", hear)
  document.addEventListener("htmx:sse:before:message", hear)
  document.addEventListener("htmx:sse:close", event => { heard.delete(event.detail.connection) })

  // A 404 means that another tab deleted the answer.
  document.addEventListener("htmx:response:error", ({ target, detail }) => {
    if (detail.ctx.response.status === 404 && target.matches?.(".reply[aria-busy]")) target.remove()
  })

  setInterval(() => {
    for (const [connection, when] of heard) {
      if (Date.now() - when < SILENCE) continue
      heard.set(connection, Date.now())
      connection.reader?.cancel()
    }
  }, 1000)
}
