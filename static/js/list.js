// The list: tell the server how many conversations it shows, so that it stays open as far as the reader has opened it,
// and in which time zone its days begin.
{
  const shown = () => document.querySelectorAll(".list__item").length
  document.addEventListener("htmx:config:request", ({ detail }) => { detail.ctx.request.headers.Listed = `${shown()}` })

  const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone
  const path = document.getElementById("to-new")?.pathname.replace(/(.)\/$/, "$1")
  const [prefix, secure] = location.protocol === "http:" ? ["", ""] : [path === "/" ? "__Host-" : "__Secure-", "; secure"]
  if (path) document.cookie = `${prefix}rivulet-zone=${zone}; path=${path}; max-age=31536000; samesite=lax${secure}`
}
