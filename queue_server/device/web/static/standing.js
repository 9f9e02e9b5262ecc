// Asks this machine how it stands, shows the page anew when that changed, and goes to the first page of the program that works here
// as soon as there is one. While nobody answers (the program is being started) the page stays as it is.
const mine = document.body.dataset.mark;

async function look() {
  try {
    const answer = await fetch("/standing.json", { cache: "no-store", signal: AbortSignal.timeout(4000) });
    if (answer.status === 404) return location.replace("/");
    const standing = await answer.json();
    if (standing.phase === "accepted") {
      const home = await fetch("/", { cache: "no-store" });
      if (!(await home.text()).includes("data-mark=")) location.replace("/");
    } else if (standing.mark !== mine) {
      location.reload();
    }
  } catch { /* away for a moment */ }
}

fetch("/api/ping", { method: "POST" }).catch(() => {});
setInterval(() => fetch("/api/ping", { method: "POST" }).catch(() => {}), 5000);
setInterval(look, 1000);
addEventListener("contextmenu", event => event.preventDefault());
