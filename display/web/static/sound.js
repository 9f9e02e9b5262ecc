// The chime of the one screen that sounds, and an honest mark where the browser refuses to play. ES2019 syntax only.
export function chime(url, onRefused) {
  const audio = new Audio(url);
  let refused = false;
  const set = value => { if (value !== refused) { refused = value; onRefused(refused); } };
  audio.preload = "auto";

  function play() {
    audio.currentTime = 0;
    return audio.play().then(() => set(false), error => { if (error.name !== "AbortError") set(true); });
  }
  // Asked once at the start, unheard: a hall must not learn at the first call that its board is mute.
  audio.volume = 0;
  audio.play().then(() => { audio.pause(); audio.volume = 1; set(false); }, error => { audio.volume = 1; if (error.name !== "AbortError") set(true); });
  for (const touch of ["pointerdown", "keydown"]) addEventListener(touch, () => { if (refused) play(); });
  return {play};
}
