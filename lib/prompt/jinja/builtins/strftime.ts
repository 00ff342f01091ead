const days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const months = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];

const twoDigits = (number: number) => String(number).padStart(2, "0");

const fields: Readonly<Record<string, (date: Date) => string>> = {
  a: (date) => (days[date.getDay()] ?? "").slice(0, 3),
  A: (date) => days[date.getDay()] ?? "",
  b: (date) => (months[date.getMonth()] ?? "").slice(0, 3),
  B: (date) => months[date.getMonth()] ?? "",
  c: (date) => strftime(date, "%a %b %e %H:%M:%S %Y"),
  d: (date) => twoDigits(date.getDate()),
  D: (date) => strftime(date, "%m/%d/%y"),
  e: (date) => String(date.getDate()).padStart(2, " "),
  f: (date) => `${String(date.getMilliseconds()).padStart(3, "0")}000`,
  F: (date) => strftime(date, "%Y-%m-%d"),
  H: (date) => twoDigits(date.getHours()),
  I: (date) => twoDigits(date.getHours() % 12 || 12),
  j: (date) => String(dayOfYear(date)).padStart(3, "0"),
  m: (date) => twoDigits(date.getMonth() + 1),
  M: (date) => twoDigits(date.getMinutes()),
  p: (date) => (date.getHours() < 12 ? "AM" : "PM"),
  S: (date) => twoDigits(date.getSeconds()),
  T: (date) => strftime(date, "%H:%M:%S"),
  w: (date) => String(date.getDay()),
  x: (date) => strftime(date, "%m/%d/%y"),
  X: (date) => strftime(date, "%H:%M:%S"),
  y: (date) => twoDigits(date.getFullYear() % 100),
  Y: (date) => String(date.getFullYear()),
  Z: () => "",
  z: () => "",
  "%": () => "%",
};

/**
 * Python's strftime() for a local time without a time zone, in the C locale. `%-d` removes padding,
 * as glibc does. Unknown fields stay as they are.
 */
export function strftime(date: Date, format: string): string {
  return format.replace(/%-?([a-zA-Z%])/g, (all, name: string) => {
    const field = fields[name]?.(date);
    if (field === undefined) return all;
    return all.startsWith("%-") ? field.replace(/^[0 ](?=.)/, "") : field;
  });
}

function dayOfYear(date: Date): number {
  const newYear = Date.UTC(date.getFullYear(), 0, 1);
  const today = Date.UTC(date.getFullYear(), date.getMonth(), date.getDate());
  return Math.round((today - newYear) / 86_400_000) + 1;
}
