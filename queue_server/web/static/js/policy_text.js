// Opening hours and absences as people write them, to values and back. Knows no page.

// "07:00-11:30, 13:30-17:00" -> [["07:00", "11:30"], ["13:30", "17:00"]]; what is none of that goes on as it is, for the server to refuse.
export function spansOf(text) {
  return text.split(",").map(part => part.trim()).filter(part => part && part.toLowerCase() !== "nghỉ").map(part => part.split(/\s*[-–]\s*/));
}

// One date a line: "2027-02-06: nghỉ".
export function exceptionsOf(text) {
  const found = {};
  text.split("\n").map(line => line.trim()).filter(Boolean).forEach(line => {
    const cut = line.indexOf(":"), day = cut < 0 ? line : line.slice(0, cut).trim();
    found[day] = cut < 0 ? [] : spansOf(line.slice(cut + 1));
  });
  return found;
}

const day = text => text.slice(8, 10) + "/" + text.slice(5, 7) + "/" + text.slice(0, 4);
const HALF = { am: "buổi sáng ", pm: "buổi chiều " };

export function absenceText(told) {
  const last = told.to && told.to !== told.from ? " đến " + day(told.to) : "";
  return "Vắng " + (HALF[told.half] || "") + day(told.from) + last + (told.note ? ": " + told.note : "");
}
