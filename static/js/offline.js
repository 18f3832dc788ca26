// Offline: show a thin line at the top while the browser is offline.
{
  const line = document.getElementById("offline")
  const look = () => { line.textContent = navigator.onLine ? "" : "You are offline." }
  addEventListener("online", look)
  addEventListener("offline", look)
}
