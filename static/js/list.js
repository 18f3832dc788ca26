// The list: tell the server how many conversations it shows, so that it stays open as far as the reader has opened it,
// and in which time zone its days begin.
document.addEventListener("htmx:config:request", ({ detail }) => {
  const { headers } = detail.ctx.request
  headers.Listed = `${document.querySelectorAll(".list__item").length}`
  headers["Time-Zone"] = new Intl.DateTimeFormat().resolvedOptions().timeZone
})
