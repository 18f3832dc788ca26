// Following: a network may go without a word. The server says something every 15 s; after 40 s without it the stream is
// given up, and htmx follows the answer again. After the machine slept this happens as soon as it wakes up.
{
  const SILENCE = 40_000
  const heard = new Map()

  const hear = event => { heard.set(event.detail.connection, Date.now()) }
  document.addEventListener("htmx:sse:after:connection", hear)
  document.addEventListener("htmx:sse:before:message", hear)
  document.addEventListener("htmx:sse:close", event => { heard.delete(event.detail.connection) })

  // An answer that isn't found was deleted in another page.
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
