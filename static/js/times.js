// Times: the server sends UTC; show it in the reader's time zone and language. A time of today shows no date, and a
// page that stays open past midnight updates its times.
{
  const format = options => new Intl.DateTimeFormat(undefined, options)
  const midnight = date => new Date(date).setHours(0, 0, 0, 0)
  let hour, day, full, yesterday, shown

  const text = (at, today) => {
    const days = Math.round((today - midnight(at)) / 86_400_000)
    return days === 0 ? hour.format(at) : days === 1 ? `${yesterday} ${hour.format(at)}` : day.format(at)
  }
  const prepare = () => {
    hour = format({ timeStyle: "short" })
    day = format({ dateStyle: "medium", timeStyle: "short" })
    full = format({ dateStyle: "full", timeStyle: "long" })
    const word = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" }).format(-1, "day")
    yesterday = word[0].toLocaleUpperCase() + word.slice(1)
  }
  const show = () => {
    const today = midnight(Date.now())
    for (const time of document.getElementsByTagName("time")) {
      if (time.title && shown === today) continue
      if (!full) prepare()
      const at = new Date(time.dateTime)
      time.textContent = text(at, today)
      time.title = full.format(at)
    }
    shown = today
  }
  document.addEventListener("htmx:after:swap", show)
  setInterval(() => { if (shown !== midnight(Date.now())) show() }, 60_000)
  show()
}
