// Reading: keep the end of a growing answer in view until the reader scrolls up, even a little. Scrolling to the end,
// or the button that jumps there, starts it again.
{
  const near = 120
  const pause = 250
  const glide = 800
  const keys = { ArrowUp: true, PageUp: true, Home: true, PageDown: false, End: false }
  const page = document.documentElement
  let following = false
  let last = page.scrollTop
  let turned = -glide, goal = Infinity

  const turns = time => performance.now() - turned < time
  const end = () => page.scrollHeight - page.clientHeight
  const look = () => {
    const top = Math.min(page.scrollTop, end())
    // A reader who scrolls down reaches the old end; the answer can have grown past it since.
    if (turns(glide) && top > goal - near) following = true
    else if (top < Math.min(last, end()) - 1) following = false
    else if (top > end() - 8) following = true
    // A slow finger moves less than a pixel at a time.
    last = following ? Math.max(top, Math.min(last, end())) : top
    page.classList.toggle("away", end() - top >= near)
  }
  const toEnd = () => {
    if (document.getElementById("later")) return
    scrollTo({ top: page.scrollHeight })
    look()
  }

  addEventListener("scroll", look, { passive: true })
  addEventListener("resize", () => following ? toEnd() : look())
  // The input event comes before the page scrolls; a jump to the end in between would undo the user's move.
  const turn = up => {
    turned = performance.now()
    goal = up ? Infinity : end()
  }
  addEventListener("touchmove", () => turn(true), { passive: true })
  addEventListener("wheel", ({ deltaY }) => { if (deltaY) turn(deltaY < 0) }, { passive: true })
  addEventListener("keydown", ({ key, target }) => {
    if (key in keys && !target.matches?.("input, textarea, select")) turn(keys[key])
  })

  // Look before each swap, because a scroll event can arrive after the swap that it should have stopped.
  document.addEventListener("htmx:before:swap", look)
  document.addEventListener("htmx:after:swap", event => {
    const comes = from => event.detail.ctx.sourceElement?.matches?.(from)
    const asks = comes("#composer, .again, .edit form, .list__item, body")
    if (comes(".reasoning")) following = false
    if (asks || following && (goal < Infinity || !turns(pause))) toEnd()
    else look()
  })
  document.addEventListener("click", ({ target }) => {
    if (!target.matches(".jump")) return
    document.querySelector("#later .newest")?.click()
    toEnd()
  })
  if (document.querySelector(".messages > *") && !location.hash && !document.getElementById(history.state?.place?.id)) toEnd()
  else look()
}
