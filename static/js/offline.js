// Offline: a thin line at the top says so, for as long as it lasts.
{
  const line = document.getElementById("offline")
  const look = () => { line.textContent = navigator.onLine ? "" : "You are offline." }
  addEventListener("online", look)
  addEventListener("offline", look)
}
