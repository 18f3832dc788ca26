// Times come in UTC and are shown in the reader's time zone and language; of today the hour is enough.
{
  const format = options => new Intl.DateTimeFormat(undefined, options)
  let hour, day, full

  const show = () => {
    for (const time of document.getElementsByTagName("time")) {
      if (time.title) continue
      full ??= (hour = format({ timeStyle: "short" }), day = format({ dateStyle: "medium", timeStyle: "short" }),
        format({ dateStyle: "full", timeStyle: "long" }))
      const at = new Date(time.dateTime)
      const today = at.toDateString() === new Date().toDateString()
      time.textContent = (today ? hour : day).format(at)
      time.title = full.format(at)
    }
  }
  document.addEventListener("htmx:after:swap", show)
  show()
}
